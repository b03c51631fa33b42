//! SQLite's errors in the storage's words.

use std::sync::Arc;

use rusqlite::ErrorCode;

use crate::storage::{CommitError, StorageError, Unwitnessed};

/// A failure that several callers are told of: the physical commit was theirs together.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("{0}")]
    Sqlite(#[source] Arc<rusqlite::Error>),
    #[error("{0}")]
    File(#[source] Arc<std::io::Error>),
    #[error("the committer panicked")]
    Panicked,
    #[error(transparent)]
    Unwitnessed(#[from] Unwitnessed),
    #[error("the revision counter is exhausted")]
    Exhausted,
    #[error("the store is damaged: {0}")]
    Damaged(&'static str),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(Arc::new(error))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::File(Arc::new(error))
    }
}

impl From<Failure> for StorageError {
    fn from(failure: Failure) -> Self {
        let Failure::Sqlite(error) = &failure else {
            return match failure {
                Failure::Damaged(what) => Self::Damaged(what),
                other => Self::Io(Box::new(other)),
            };
        };
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged("SQLite finds the file malformed")
            }
            _ => Self::Io(Box::new(failure)),
        }
    }
}

impl From<Failure> for CommitError {
    fn from(failure: Failure) -> Self {
        Self::Storage(failure.into())
    }
}

/// For `map_err` where no one else needs the failure.
pub(super) fn storage(error: rusqlite::Error) -> StorageError {
    Failure::from(error).into()
}
