//! Why the server cannot start or go on. An operator reads these: they name files and keys, never values.

use std::{io, net::SocketAddr, path::PathBuf};

use strongroom_core::storage::StorageError;

#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    #[error("audit \"{name}\": {why}")]
    Audit { name: String, why: String },
    #[error("the audit log cannot be written to {path}: {source}", path = path.display())]
    AuditFile { path: PathBuf, source: io::Error },
    #[error("cannot listen on {address}: {source}")]
    Bind { address: String, source: io::Error },
    #[error("cannot read {path}: {source}", path = path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("-dev listens on a loopback address only, and {0} is none")]
    NotLoopback(SocketAddr),
    #[error("{0} is no address of the form HOST:PORT")]
    NoAddress(String),
    #[error("{0}")]
    Config(#[from] crate::config::ConfigError),
    #[error("{0}")]
    Core(#[from] strongroom_core::Error),
    #[error("cannot open the store: {0}")]
    Storage(#[from] StorageError),
    #[error("{path} {why}", path = path.display())]
    KeyFile { path: PathBuf, why: &'static str },
    #[error("seal \"credential\" needs CREDENTIALS_DIRECTORY in the environment, as systemd sets it")]
    NoCredentials,
    #[error(
        "keys cannot be locked in memory ({0}), and this machine swaps: raise the limit on locked memory \
         (LimitMEMLOCK= of the unit, ulimit -l), turn swap off, or accept it with disable_mlock = true"
    )]
    Swappable(io::Error),
    #[error("TLS: {0}")]
    Tls(rustls::Error),
    #[error("{path} holds nothing that can be used here", path = .0.display())]
    Unusable(PathBuf),
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl ServerError {
    pub(crate) fn tls(error: rustls::Error) -> Self {
        Self::Tls(error)
    }

    pub(crate) fn unusable(file: &std::path::Path) -> Self {
        Self::Unusable(file.to_owned())
    }
}
