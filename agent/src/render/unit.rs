//! One template, and what it becomes.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use strongroom_inject::{Access, Medium, Missing, Single};
use strongroom_sdk::SecretString;
use strongroom_template::{Delimiters, Options, Rendered, Template};

use super::{host::Reach, text};
use crate::{
    Error,
    config::{Allowed, EnvTemplate, OnChange, Origin, Template as File, Text},
    fetch::{Ask, Fetch},
    log::Log,
};

/// consul-template's, where a file is not there yet.
const MODE: u32 = 0o644;

pub(super) struct Unit {
    /// For messages: the destination, or the variable.
    pub(super) name: String,
    source: Text,
    template: Template,
    becomes: Becomes,
    pub(super) on_change: Option<OnChange>,
    /// Whether an error in it may end the agent.
    pub(super) is_fatal: bool,
    wait: Option<(Duration, Duration)>,
    pub(super) used: BTreeSet<Ask>,
    pub(super) state: State,
    /// When it is to be rendered.
    pub(super) due: Option<Instant>,
    /// Since when changes are being waited for.
    waiting_since: Option<Instant>,
    /// What was last said of it: once is enough.
    pub(super) said: Option<String>,
    /// How often its file could not be written.
    pub(super) tries: u32,
    /// Its file was written once.
    pub(super) was_rendered: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum State {
    /// For secrets.
    Waiting,
    Rendered,
    Failed,
}

enum Becomes {
    File {
        path: PathBuf,
        medium: Medium,
        missing: Missing,
        mode: Option<u32>,
        access: Access,
        backup: bool,
        sandbox: Option<PathBuf>,
    },
    Variable(Option<SecretString>),
}

pub(super) enum Rendering {
    Done(Rendered),
    /// Of values that were left, where there is a file already: that may be the newer one.
    Kept,
    /// Some secret is not there yet.
    Waiting,
    /// Some secret is there no more, and its files are to go.
    Revoked,
    Failed(strongroom_template::Error),
}

impl Unit {
    pub(super) fn file(file: &File, medium: Medium) -> Result<Self, Error> {
        let path = file.destination.clone();
        let mode = file.mode.unwrap_or(MODE);
        let access = Access::with_mode(file.owner.as_deref(), file.group.as_deref(), mode)
            .map_err(Error::file(&path))?;
        let missing = match (file.create_dest_dirs, file.has_private_dirs) {
            (false, _) => Missing::Refuse,
            (true, false) => Missing::Create,
            (true, true) => Missing::CreateFor(mode),
        };
        let name = path.display().to_string();
        let (backup, sandbox) = (file.backup, file.sandbox.clone());
        let becomes = Becomes::File { path, medium, missing, mode: file.mode, access, backup, sandbox };
        let unit = Self::new(name, &file.text, becomes, file.error_fatal)?;
        Ok(Self { on_change: file.on_change.clone(), wait: file.wait, ..unit })
    }

    pub(super) fn variable(variable: &EnvTemplate) -> Result<Self, Error> {
        Self::new(variable.name.clone(), &variable.text, Becomes::Variable(None), variable.error_fatal)
    }

    fn new(name: String, source: &Text, becomes: Becomes, is_fatal: bool) -> Result<Self, Error> {
        Ok(Self {
            template: parse(&name, source)?,
            name,
            source: source.clone(),
            becomes,
            on_change: None,
            is_fatal,
            wait: None,
            used: BTreeSet::new(),
            state: State::Waiting,
            due: Some(Instant::now()),
            waiting_since: None,
            said: None,
            tries: 0,
            was_rendered: false,
        })
    }

    /// It is to be rendered: now, or when no more changes come.
    pub(super) fn mark(&mut self, now: Instant) {
        let due = match self.wait {
            // The first file is not waited for.
            Some((least, most)) if self.state == State::Rendered => {
                let since = *self.waiting_since.get_or_insert(now);
                (now + least).min(since + most)
            }
            _ => now,
        };
        self.due = Some(due);
    }

    pub(super) fn render(&mut self, fetch: &Fetch, allow: Allowed, medium: Medium) -> Rendering {
        self.waiting_since = None;
        let sandbox = match &self.becomes {
            Becomes::File { sandbox, .. } => sandbox.as_deref(),
            Becomes::Variable(_) => None,
        };
        let mut reach =
            Reach { fetch, allow, sandbox, medium, used: BTreeSet::new(), is_gone: false, is_left: false };
        let outcome = self.template.render(&mut reach);
        let Reach { used, is_gone, is_left, .. } = reach;
        self.used = used;
        match outcome.result {
            _ if is_gone => Rendering::Revoked,
            _ if !outcome.missing.is_empty() => Rendering::Waiting,
            Ok(_) if is_left && self.is_there() => Rendering::Kept,
            Ok(rendered) => Rendering::Done(rendered),
            Err(error) => Rendering::Failed(error),
        }
    }

    fn is_there(&self) -> bool {
        match &self.becomes {
            Becomes::Variable(value) => value.is_some(),
            Becomes::File { path, medium, .. } => {
                Single::open(path, *medium, Missing::Refuse).is_ok_and(|it| it.is_there())
            }
        }
    }

    // Rule 113
    /// Puts a rendering in its place, whose directory is opened and checked each time. Answers whether it was another
    /// one.
    pub(super) fn put(&mut self, rendered: Rendered) -> Result<bool, Error> {
        match &mut self.becomes {
            Becomes::Variable(value) => {
                let text = text(&rendered).ok_or_else(|| {
                    Error::Child(format!("the variable {} cannot hold what its template became", self.name))
                })?;
                let is_new = !value.as_ref().is_some_and(|it| it.is_same(&text));
                *value = Some(text);
                Ok(is_new)
            }
            Becomes::File { path, medium, missing, mode, access, backup, .. } => {
                let write = || {
                    let place = Single::open(path, *medium, *missing)?;
                    let access = match (*mode, place.mode(access)) {
                        // A file keeps the mode it has, unless another one is asked for.
                        (None, Some(kept)) => access.but_mode(kept),
                        _ => *access,
                    };
                    if place.holds(&rendered, &access)? {
                        return Ok(false);
                    }
                    let is_same = place.content()?.is_some_and(|it| it.as_slice() == rendered.as_slice());
                    if *backup {
                        place.back_up()?;
                    }
                    place.replace(&rendered, &access).map(|()| !is_same)
                };
                write().map_err(Error::file(path.clone()))
            }
        }
    }

    /// The directory of its file, if that lies in memory.
    pub(super) fn folder(&self) -> Option<&Path> {
        match &self.becomes {
            Becomes::File { path, medium: Medium::Memory, .. } => path.parent(),
            _ => None,
        }
    }

    /// Removes what it became. Answers whether there was something.
    pub(super) fn remove(&mut self) -> Result<bool, Error> {
        match &mut self.becomes {
            Becomes::Variable(value) => Ok(value.take().is_some()),
            Becomes::File { path, medium, .. } => {
                let remove = || {
                    let place = Single::open(path, *medium, Missing::Refuse)?;
                    let was_there = place.is_there();
                    place.remove().map(|()| was_there)
                };
                remove().map_err(Error::file(path.clone()))
            }
        }
    }

    /// Reads the template's file anew; answers whether there is one.
    pub(super) fn reload(&mut self) -> Result<bool, Error> {
        if matches!(self.source.from, Origin::Contents(_)) {
            return Ok(false);
        }
        self.template = parse(&self.name, &self.source)?;
        Ok(true)
    }

    pub(super) fn say_once(&mut self, log: &Log, text: String) {
        if self.said.as_ref() != Some(&text) {
            log.warn(&text);
            self.said = Some(text);
        }
    }

    pub(super) fn is_variable(&self) -> bool {
        matches!(self.becomes, Becomes::Variable(_))
    }

    /// The variable and its value; nothing as long as there is none.
    pub(super) fn value(&self) -> Option<(String, SecretString)> {
        match &self.becomes {
            Becomes::Variable(value) => Some((self.name.clone(), value.clone()?)),
            Becomes::File { .. } => None,
        }
    }
}

fn parse(name: &str, text: &Text) -> Result<Template, Error> {
    let read;
    let source = match &text.from {
        Origin::Contents(contents) => contents,
        Origin::File(path) => {
            read = std::fs::read_to_string(path).map_err(Error::io(path))?;
            &read
        }
    };
    let (left, right) = text.delimiters.clone().unwrap_or_default();
    let options = Options {
        delimiters: Delimiters::new(&left, &right),
        error_on_missing_key: text.error_on_missing_key,
        denied: text.denied.clone(),
    };
    Template::parse(source, &options).map_err(|source| Error::Template { name: name.to_owned(), source })
}
