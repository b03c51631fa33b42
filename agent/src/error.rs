//! Why the agent could not do something.

use std::path::PathBuf;

/// No message holds what a secret holds.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{path}: {source}", path = path.display())]
    File { path: PathBuf, source: strongroom_inject::Error },
    #[error(transparent)]
    Server(strongroom_sdk::Error),
    #[error("{0} has no such field, or several and none was named")]
    Field(String),
}
