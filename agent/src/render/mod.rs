//! Templates into files and variables, again whenever what they show has changed.

mod host;
mod unit;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use strongroom_inject::{Medium, Target};
use strongroom_sdk::SecretString;
use strongroom_template::Rendered;

pub(crate) use unit::State;
use unit::{Rendering, Unit};

use crate::{
    Error,
    config::{Config, OnChange, TemplateConfig},
    fetch::{Ask, Fetch},
    log::Log,
};

/// A file that could not be written is tried again after this, doubling, up to the other.
const RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(30);

/// All templates of an agent.
pub(crate) struct Renderer {
    units: Vec<Unit>,
    fetch: Fetch,
    settings: TemplateConfig,
    /// Attempts to read a secret, after which `exit_on_retry_failure` ends the agent; zero: no end.
    attempts: u32,
    medium: Medium,
    is_once: bool,
    log: Log,
    /// Directories that were looked at for swap.
    seen: BTreeSet<PathBuf>,
    pub(crate) renders: u64,
    pub(crate) failures: u64,
}

/// What came of a pass over all that was due.
#[derive(Default)]
pub(crate) struct Pass {
    /// Programs to be run, for files that have changed.
    pub(crate) commands: Vec<OnChange>,
    /// A variable of the child is another one.
    pub(crate) variables_changed: bool,
    pub(crate) changed: bool,
}

impl Renderer {
    /// Reads all templates. One that cannot be read ends the agent: it never will be.
    pub(crate) fn new(config: &Config, fetch: Fetch, medium: Medium, log: Log) -> Result<Self, Error> {
        let files = config.templates.iter().map(|it| Unit::file(it, medium));
        let variables = config.env_templates.iter().map(Unit::variable);
        let units = files.chain(variables).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            units,
            fetch,
            settings: config.template_config.clone(),
            attempts: config.server.retries.unwrap_or(ATTEMPTS),
            medium,
            is_once: config.exit_after_auth,
            log,
            seen: BTreeSet::new(),
            renders: 0,
            failures: 0,
        })
    }

    /// Marks what hangs on what has changed.
    pub(crate) fn mark(&mut self, changed: &BTreeSet<Ask>) {
        let now = Instant::now();
        for unit in &mut self.units {
            if !unit.used.is_disjoint(changed) {
                unit.mark(now);
            }
        }
    }

    /// When the next one is due.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.units.iter().filter_map(|it| it.due).min()
    }

    /// Renders what is due.
    ///
    /// # Errors
    ///
    /// What ends the agent: an error in a template that is to be rendered once, or that the configuration says ends it.
    pub(crate) fn pass(&mut self) -> Result<Pass, Error> {
        let mut pass = Pass::default();
        let now = Instant::now();
        let mut has_rendered = false;
        for unit in &mut self.units {
            if unit.due.is_none_or(|it| it > now) {
                continue;
            }
            unit.due = None;
            let rendering = unit.render(&self.fetch, self.settings.allow, self.medium);
            has_rendered = true;
            match rendering {
                Rendering::Waiting => {
                    unit.state = State::Waiting;
                    give_up(unit, &self.fetch, &self.settings, self.attempts, &self.log)?;
                }
                Rendering::Revoked => {
                    unit.state = State::Waiting;
                    match unit.remove() {
                        Ok(true) => {
                            self.log.warn(&format!("{}: what it showed was revoked: removed", unit.name))
                        }
                        Ok(false) => {}
                        Err(error) => {
                            self.log.error(&format!("what was revoked could not be removed: {error}"));
                            unit.due = Some(now + RETRY);
                        }
                    }
                }
                Rendering::Failed(source) => {
                    self.failures += 1;
                    unit.state = State::Failed;
                    let error = Error::Template { name: unit.name.clone(), source };
                    let ends = self.is_once || self.settings.exit_on_retry_failure;
                    if unit.is_fatal && ends {
                        return Err(error);
                    }
                    unit.say_once(&self.log, error.to_string());
                }
                Rendering::Kept => unit.state = State::Rendered,
                Rendering::Done(text) => {
                    self.renders += 1;
                    match unit.put(text) {
                        Ok(is_new) => {
                            unit.said = None;
                            unit.tries = 0;
                            if !std::mem::replace(&mut unit.was_rendered, true) {
                                warn_of_swap(unit.folder(), &mut self.seen, &self.log);
                            }
                            unit.state = State::Rendered;
                            if is_new {
                                self.log.info(&format!("{}: rendered", unit.name));
                                pass.changed = true;
                                pass.commands.extend(unit.on_change.clone());
                                pass.variables_changed |= unit.is_variable();
                            }
                        }
                        Err(error) => {
                            self.failures += 1;
                            // What an orchestrator starts again is better ended than kept waiting; and a disk does not
                            // become memory by waiting.
                            let ends = self.is_once || self.settings.exit_on_retry_failure;
                            if ends && unit.is_fatal || !unit.was_rendered && is_on_disk(&error) {
                                return Err(error);
                            }
                            unit.state = State::Failed;
                            unit.say_once(&self.log, error.to_string());
                            unit.due =
                                Some(now + (RETRY * 2_u32.saturating_pow(unit.tries)).min(LONGEST_RETRY));
                            unit.tries = unit.tries.saturating_add(1);
                        }
                    }
                }
            }
        }
        // What no template asks for any more need not be followed.
        if has_rendered && self.units.iter().all(|it| it.state == State::Rendered) {
            let wanted = self.units.iter().flat_map(|it| it.used.iter().cloned()).collect();
            self.fetch.keep(&wanted);
        }
        Ok(pass)
    }

    /// Reads the templates' files anew; one that cannot be read stays as it was.
    pub(crate) fn reload(&mut self) {
        let now = Instant::now();
        for unit in &mut self.units {
            match unit.reload() {
                Ok(true) => unit.mark(now),
                Ok(false) => {}
                Err(error) => self.log.error(&format!("the old template stays in use: {error}")),
            }
        }
    }

    pub(crate) fn count(&self, state: State) -> usize {
        self.units.iter().filter(|it| it.state == state).count()
    }

    pub(crate) fn is_done(&self) -> bool {
        self.units.iter().all(|it| it.state == State::Rendered)
    }

    /// The child's variables, once all of them are there.
    pub(crate) fn variables(&self) -> Option<BTreeMap<String, SecretString>> {
        self.units.iter().filter(|it| it.is_variable()).map(Unit::value).collect()
    }
}

/// As consul-template: what it takes for a secret to count as not to be had.
const ATTEMPTS: u32 = 12;

fn give_up(
    unit: &mut Unit,
    fetch: &Fetch,
    settings: &TemplateConfig,
    attempts: u32,
    log: &Log,
) -> Result<(), Error> {
    let failures = unit.used.iter().filter_map(|ask| Some((ask, fetch.failure(ask)?)));
    let Some((ask, (times, why))) = failures.max_by_key(|(_, (times, _))| *times) else { return Ok(()) };
    let error = Error::Secret { name: unit.name.clone(), path: ask.path().to_owned(), why };
    if settings.exit_on_retry_failure && times > attempts {
        return Err(error);
    }
    unit.say_once(log, error.to_string());
    Ok(())
}

// Rule 112
/// Says once for each directory that its files may end on a disk after all.
fn warn_of_swap(folder: Option<&Path>, seen: &mut BTreeSet<PathBuf>, log: &Log) {
    let Some(folder) = folder.filter(|it| !seen.contains(*it)) else { return };
    seen.insert(folder.to_owned());
    if Target::open(folder).and_then(|it| it.may_be_swapped()).unwrap_or(true) {
        let folder = folder.display();
        log.warn(&format!("the machine has swap, and may write {folder} to it: mount it with noswap"));
    }
}

fn is_on_disk(error: &Error) -> bool {
    matches!(error, Error::File { source: strongroom_inject::Error::NotInMemory, .. })
}

/// Text of a rendering, as a variable.
fn text(rendered: &Rendered) -> Option<SecretString> {
    std::str::from_utf8(rendered).ok().filter(|it| !it.contains('\0')).map(SecretString::new)
}
