//! Why the agent could not do something.

use std::{io, path::PathBuf};

/// No message holds what a secret holds.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{path}: {source}", path = path.display())]
    File { path: PathBuf, source: strongroom_inject::Error },
    #[error("{path}: {source}", path = path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Server(strongroom_sdk::Error),
    #[error("{0} has no such field, or several and none was named")]
    Field(String),
    /// A template that can never be rendered.
    #[error("template {name}: {source}")]
    Template { name: String, source: strongroom_template::Error },
    #[error("template {name}: {path}: {why}")]
    Secret { name: String, path: String, why: strongroom_sdk::Error },
    #[error("cannot log in: {0}")]
    Login(strongroom_sdk::Error),
    #[error("{0}")]
    Identity(String),
    #[error("the program of `exec`: {0}")]
    Child(String),
    #[error("{0}")]
    Command(String),
    #[error("the key of the kept values: {0}")]
    NodeKey(&'static str),
    #[error("listener {address}: {why}")]
    Listener { address: String, why: String },
}

impl Error {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }

    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(strongroom_inject::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}
