//! Why files were not written.

use std::io;

use crate::names::BadName;

/// No message holds what a secret holds; names of files are the caller's own.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Name(#[from] BadName),
    #[error("a field of {path} has a slash in its name: name it with PATH#FIELD=NAME")]
    Field { path: String },
    #[error("two secrets would be written to {0}")]
    Twice(String),
    /// What was published is in place.
    #[error("the files are in place, but the notice is not written: {0}")]
    NotTold(#[source] Box<Error>),
    #[error("{0} would be a secret and the notice")]
    Taken(String),
    #[error("{0} would be a file and a directory")]
    FileAndDirectory(String),
    #[error("it is not a tmpfs: secrets are not written to a disk")]
    NotInMemory,
    #[error("a part of the path is a symbolic link")]
    Link,
    #[error("the path has no file name")]
    NoName,
    #[error("the path leads upwards, or what it led to was unmounted: write it without `..`")]
    Upwards,
    #[error("another injection is at work there, or a program under `secret run` has its secrets there")]
    Busy,
    #[error("{0} is there and is not ours")]
    Foreign(String),
    /// Somebody else can reach what was just made, or what is to be replaced.
    #[error("a file is not a plain file of one name")]
    NotPlain,
    /// What was just made was exchanged by somebody.
    #[error("somebody else changes {0} at the same time")]
    Contested(String),
    #[error("there is more than can be dealt with at once: try again")]
    TooMany,
    #[error("the tmpfs is full: what was there is as it was; old and new must both fit")]
    Full,
    #[error("{user} is no user or group of this machine")]
    Unknown { user: String },
    #[error("{0:?} is no mode for files: an octal number, such as 0400; nobody but the owner may write")]
    Mode(String),
    #[error("cannot {what}: {source}")]
    Io {
        what: &'static str,
        #[source]
        source: io::Error,
    },
}

impl Error {
    /// Why a directory was not opened.
    pub(crate) fn open(error: rustix::io::Errno) -> Self {
        match error {
            rustix::io::Errno::LOOP => Self::Link,
            // What lies above where we began. A mount on the way is none, unless it goes away meanwhile.
            rustix::io::Errno::XDEV => Self::Upwards,
            error => Self::io("open it")(error),
        }
    }

    /// For `map_err`: what was being done when the kernel refused.
    pub(crate) fn io<E: Into<io::Error>>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |error| {
            let source = error.into();
            match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
                _ => Self::Io { what, source },
            }
        }
    }
}
