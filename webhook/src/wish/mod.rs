//! What a pod asks for: its annotations, read, checked and held against what the operator allows.

mod agent;
mod files;
mod login;
pub(crate) mod text;

pub(crate) use agent::{Agent, CONFIGS, CUSTOM, TLS};
pub(crate) use files::{Command, SecretFile, Source};
pub(crate) use login::{FOLDER, Login, TOKEN, Token, Trust};

use crate::{
    Settings, Sidecars,
    annotations::Given,
    decide::Refusal,
    pod::{List, Pod},
};

/// All of it.
#[derive(Debug)]
pub(crate) struct Wish {
    /// Spellings that were used.
    pub(crate) prefixes: Vec<&'static str>,
    pub(crate) phases: Phases,
    /// The init container comes before those of the pod.
    pub(crate) is_first: bool,
    pub(crate) sidecars: Sidecars,
    pub(crate) shares_processes: bool,
    /// Where files are, each path once; the pod's own first.
    pub(crate) folders: Vec<String>,
    /// Containers that see them; `None` is all.
    pub(crate) containers: Option<Vec<String>>,
    pub(crate) files: Vec<SecretFile>,
    pub(crate) agent: Agent,
    pub(crate) login: Login,
    /// Whom a token of its own is for.
    pub(crate) audience: String,
    pub(crate) trust: Trust,
    pub(crate) warnings: Vec<String>,
}

/// Which agents a pod gets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Phases {
    Both,
    /// The secrets are brought once.
    Init,
    /// The application waits for them itself.
    Sidecar,
}

impl Phases {
    /// As the injector's figures call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Both => "init_and_sidecar",
            Self::Init => "init_only",
            Self::Sidecar => "sidecar_only",
        }
    }
}

/// Annotations and what they are held against, while they are read.
pub(crate) struct Reading<'a> {
    given: Given,
    pod: Pod<'a>,
    settings: &'a Settings,
}

impl Wish {
    pub(crate) fn read(given: Given, pod: &Pod<'_>, settings: &Settings) -> Result<Self, Refusal> {
        let mut cx = Reading { given, pod: *pod, settings };
        if pod.list(List::Main.pointer()).is_empty() {
            return Err(Refusal::Pod("it has no containers"));
        }
        if pod.containers(List::Main).chain(pod.containers(List::Init)).any(|it| it.name().is_empty()) {
            return Err(Refusal::Pod("one of its containers has no name"));
        }
        if pod.is_for_windows() {
            return Err(Refusal::Pod("it is for Windows, and the agent for Linux"));
        }
        let sidecars = match cx.flag("agent-native-sidecar")? {
            Some(true) => Sidecars::Native,
            Some(false) => Sidecars::Classic,
            None => settings.sidecars,
        };
        let phases = cx.phases(sidecars)?;
        let (folders, files) = files::read(&cx)?;
        let containers = cx.containers()?;
        let agent = agent::read(&mut cx, phases)?;
        let (login, trust) = login::read(&cx, &agent)?;
        if files.is_empty() && !agent.leaves_token && agent.config_map.is_none() && agent.cache.is_none() {
            return Err(Refusal::annotation(
                "agent-inject",
                "asks for an agent, and nothing says which secrets it is to bring: agent-inject-secret-NAME is missing",
            ));
        }
        Ok(Self {
            phases,
            is_first: cx.flag("agent-init-first")?.unwrap_or(false),
            sidecars,
            shares_processes: cx.flag("agent-share-process-namespace")?.unwrap_or(false),
            folders,
            containers,
            files,
            agent,
            login,
            audience: settings.audience.clone(),
            trust,
            prefixes: cx.given.prefixes,
            warnings: cx.given.warnings,
        })
    }
}

impl Reading<'_> {
    /// A value in its type.
    fn read<T>(
        &self,
        name: &'static str,
        kind: impl Fn(&str) -> Result<T, &'static str>,
    ) -> Result<Option<T>, Refusal> {
        self.given.whole(name).map(|it| kind(it).map_err(|why| Refusal::annotation(name, why))).transpose()
    }

    fn flag(&self, name: &'static str) -> Result<Option<bool>, Refusal> {
        self.read(name, text::flag)
    }

    /// What the operator has to have allowed.
    fn needs(&self, name: &'static str, is_allowed: bool) -> Result<(), Refusal> {
        match self.given.whole(name).is_some() && !is_allowed {
            true => Err(Refusal::annotation(name, "is not allowed by the operator of the webhook")),
            false => Ok(()),
        }
    }

    /// A pod that ends gets no container that does not.
    fn phases(&mut self, sidecars: Sidecars) -> Result<Phases, Refusal> {
        let init = self.flag("agent-pre-populate")?.unwrap_or(true);
        let only = self.flag("agent-pre-populate-only")?;
        match (init, only) {
            (false, Some(true)) => Err(Refusal::annotation(
                "agent-pre-populate-only",
                "leaves no container, as agent-pre-populate is false",
            )),
            (false, _) => Ok(Phases::Sidecar),
            (true, Some(true)) => Ok(Phases::Init),
            (true, None) if self.pod.ends() && sidecars == Sidecars::Classic => {
                self.given.warnings.push(
                    "the pod runs to an end, and a sidecar would keep it from that: its secrets are brought once; \
                     agent-pre-populate-only says otherwise"
                        .to_owned(),
                );
                Ok(Phases::Init)
            }
            (true, _) => Ok(Phases::Both),
        }
    }

    fn containers(&self) -> Result<Option<Vec<String>>, Refusal> {
        let name = "agent-inject-containers";
        let Some(list) = self.given.whole(name) else { return Ok(None) };
        let names: Vec<String> =
            list.split(',').map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect();
        match names.iter().all(|it| self.pod.container(it).is_some()) {
            true => Ok(Some(names)),
            false => Err(Refusal::annotation(name, "names a container that the pod does not have")),
        }
    }
}
