//! What the agent is to do: the configuration file of Vault Agent, in HCL or JSON.

mod auth;
mod keys;
mod listener;
mod path;
mod read;
mod sockets;
mod template;
#[cfg(test)]
mod tests;

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

pub use auth::{AutoAuth, Method, MethodKind, Removal, Sink};
pub use listener::{Address, Cache, Listener, Persist, UseToken};
pub use path::{OnRevoke, PathRule, PathRules};
pub use sockets::{Docker, Systemd};
pub use template::{Allowed, EnvTemplate, Exec, OnChange, Origin, Restart, Template, TemplateConfig, Text};

/// All of it. What the file leaves out has Vault's defaults.
#[derive(Debug)]
pub struct Config {
    pub pid_file: Option<PathBuf>,
    /// Ends once everything has been rendered and every sink written: for init containers.
    pub exit_after_auth: bool,
    pub server: Server,
    pub auto_auth: Option<AutoAuth>,
    pub templates: Vec<Template>,
    pub template_config: TemplateConfig,
    pub env_templates: Vec<EnvTemplate>,
    pub exec: Option<Exec>,
    pub listeners: Vec<Listener>,
    pub cache: Cache,
    /// What holds for some paths.
    pub paths: PathRules,
    pub systemd: Option<Systemd>,
    pub docker: Option<Docker>,
    /// The agent's token ends with the agent.
    pub revoke_on_exit: bool,
    pub log_level: Option<String>,
    pub log_json: bool,
    /// A line for each key that has no effect.
    pub warnings: Vec<String>,
}

/// The `vault` stanza. What it leaves out comes from the environment.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Server {
    pub address: Option<String>,
    pub ca_cert: Option<PathBuf>,
    pub ca_path: Option<PathBuf>,
    pub client_cert: Option<PathBuf>,
    pub client_key: Option<PathBuf>,
    pub tls_skip_verify: Option<bool>,
    pub tls_server_name: Option<String>,
    pub namespace: Option<String>,
    /// Attempts after the first; `None`: the SDK's.
    pub retries: Option<u32>,
}

/// Why a configuration cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{path}: {source}", path = path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Read(#[from] strongroom_hcl::ReadError),
    #[error("{path}: no configuration files (*.hcl, *.json) in it", path = .0.display())]
    EmptyDirectory(PathBuf),
    #[error("{0}")]
    Whole(&'static str),
}

impl Config {
    /// Reads files one after the other, and then texts that read like one, each with what errors are to call it; a
    /// later one's settings replace an earlier one's, and templates, sinks and listeners are added.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], which names the file and the place in it.
    pub fn load(paths: &[PathBuf], texts: &[(&Path, &str)]) -> Result<Self, ConfigError> {
        let mut draft = read::Draft::default();
        for path in &files(paths)? {
            let text = std::fs::read_to_string(path)
                .map_err(|source| ConfigError::Unreadable { path: path.clone(), source })?;
            draft.read(path, &text)?;
        }
        for (path, text) in texts {
            draft.read(path, text)?;
        }
        draft.finish()
    }

    #[cfg(test)]
    fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let mut draft = read::Draft::default();
        draft.read(path, text)?;
        draft.finish()
    }
}

/// Files themselves, and those of directories that are configurations by their names.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, ConfigError> {
    let mut files = Vec::new();
    for path in paths {
        let found = strongroom_hcl::configuration_files(path);
        let found = found.map_err(|source| ConfigError::Unreadable { path: path.clone(), source })?;
        if found.is_empty() {
            return Err(ConfigError::EmptyDirectory(path.clone()));
        }
        files.extend(found);
    }
    Ok(files)
}

/// Durations as Vault has them: `"5m"`, or seconds.
fn duration(
    reader: &strongroom_hcl::Reader<'_>,
    body: strongroom_hcl::BodyView<'_>,
    name: &str,
) -> Result<Option<Duration>, strongroom_hcl::ReadError> {
    reader.parsed(body, name, "a duration", strongroom_api::params::parse_duration)
}

/// Permissions as `"0640"` or a number in octal digits.
fn mode(
    reader: &strongroom_hcl::Reader<'_>,
    body: strongroom_hcl::BodyView<'_>,
    name: &str,
) -> Result<Option<u32>, strongroom_hcl::ReadError> {
    reader.parsed(body, name, "a mode in octal digits, at most 0777", |text| {
        let digits = text.trim_start_matches("0o");
        u32::from_str_radix(digits, 8).ok().filter(|mode| *mode <= 0o777 && !digits.starts_with('+'))
    })
}
