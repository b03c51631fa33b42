//! The configuration: files in HCL or JSON become one typed value, checked whole before a port opens.

mod keys;
mod listener;
mod parse;
#[cfg(test)]
mod tests;

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use strongroom_core::Answers;

pub(crate) use parse::CLUSTER;

pub use listener::{Address, Forwarded, Listener, MinTls, Tls};

/// What the files say, with the defaults of what they do not say.
#[derive(Clone, Debug)]
pub struct Config {
    pub storage: Storage,
    /// At least one.
    pub listeners: Vec<Listener>,
    pub seal: Seal,
    /// Whose answers are given where OpenBao and Vault differ.
    pub answers: Answers,
    /// None: the default device.
    pub audit: Vec<AuditDevice>,
    /// Devices may be made over the API too.
    pub audit_by_api: bool,
    pub api_addr: Option<String>,
    pub cluster_addr: Option<String>,
    pub cluster_name: String,
    /// 768 h.
    pub default_lease_ttl: Duration,
    /// 768 h.
    pub max_lease_ttl: Duration,
    /// Keys may lie in memory that can be swapped out.
    pub disable_mlock: bool,
    pub ui: bool,
    pub log: Log,
    pub telemetry: Telemetry,
    /// One line each, for whoever reads the log: keys that are known and have no effect.
    pub warnings: Vec<String>,
}

/// Where the store lies.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Storage {
    Memory,
    /// A directory, which is made with mode 0700.
    Sqlite(PathBuf),
}

/// How the store is unsealed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Seal {
    Shamir,
    Passphrase,
    /// A file with 32 bytes, raw or in base64.
    KeyFile(PathBuf),
    /// The name of a systemd credential with the same contents.
    Credential(String),
}

/// An `audit` stanza. What its options mean is the device's to say.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuditDevice {
    /// `file`, for example.
    pub kind: String,
    /// The path that it is called by, without a slash at its end.
    pub name: String,
    pub description: String,
    pub local: bool,
    /// In the order of the file; values as they were written.
    pub options: Vec<(String, String)>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Log {
    /// `trace`, `debug`, `info`, `warn` or `error`.
    pub level: &'static str,
    pub json: bool,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info", json: false }
    }
}

#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Telemetry {
    /// Prefix metrics with nothing but their own names.
    pub disable_hostname: bool,
    /// How long Prometheus' figures are kept; zero turns them off.
    pub prometheus_retention: Option<Duration>,
}

/// Why the configuration cannot be taken: where, and what was expected there.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{path}: {source}", path = path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Read(#[from] strongroom_hcl::ReadError),
    #[error("{path}: no configuration files (*.hcl, *.json) in it", path = .0.display())]
    EmptyDirectory(PathBuf),
    #[error("the configuration has no `{0}`")]
    Missing(&'static str),
}

impl Config {
    /// Reads files, or all `*.hcl` and `*.json` of a directory in the order of their names. A later file's
    /// settings replace an earlier one's; listeners and audit devices are added.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], which names the file and the place in it.
    pub fn load(paths: &[PathBuf]) -> Result<Self, ConfigError> {
        Self::draft(paths)?.finish()
    }

    /// The defaults, over a store in `dir`.
    pub(crate) fn at(dir: &Path, listeners: Vec<Listener>) -> Self {
        let draft = parse::Draft::default();
        Self { storage: Storage::Sqlite(dir.to_owned()), listeners, ..draft.finish_for_dev() }
    }

    /// As [`Config::load`], for a development server: it has a store and a listener already.
    pub fn load_for_dev(paths: &[PathBuf]) -> Result<Self, ConfigError> {
        Ok(Self::draft(paths)?.finish_for_dev())
    }

    fn draft(paths: &[PathBuf]) -> Result<parse::Draft, ConfigError> {
        let mut draft = parse::Draft::default();
        for path in paths {
            for file in files(path)? {
                let unreadable = |source| ConfigError::Unreadable { path: file.clone(), source };
                let text = std::fs::read_to_string(&file).map_err(unreadable)?;
                draft.read(&file, &text)?;
            }
        }
        Ok(draft)
    }
}

fn files(path: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
    let found = strongroom_hcl::configuration_files(path).map_err(unreadable)?;
    if found.is_empty() {
        return Err(ConfigError::EmptyDirectory(path.to_owned()));
    }
    Ok(found)
}
