//! Why the core refused or failed. It knows nothing of HTTP, and the texts hold nothing that a client sent
//! but paths.

use std::borrow::Cow;

use crate::{
    barrier::{BarrierError, Malformed},
    crypto::CryptoError,
    request::{BadBody, BadPath},
    storage::{CommitError, StorageError},
};

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A request that has no answer but this.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No audit device took the record: nothing is done, or nothing is said, without one.
    #[error("internal error")]
    Audit,
    /// The store's bytes are not what was written.
    #[error("internal error")]
    Barrier(#[from] BarrierError),
    /// Another writer was faster, more often than it is worth trying.
    #[error("too many concurrent changes, try again")]
    Busy,
    /// Also for paths that the caller may not know to exist.
    #[error("permission denied")]
    Denied,
    /// Denied, with a reason that gives nothing away.
    #[error("{0}")]
    DeniedBecause(Cow<'static, str>),
    /// The client's mistake.
    #[error("{0}")]
    Invalid(Cow<'static, str>),
    /// Several of them at once: each a message of its own.
    #[error("{}", .0.join("; "))]
    InvalidAll(Vec<Cow<'static, str>>),
    /// The mount has as many leases as it may have.
    #[error("request path \"{path}\": lease count quota exceeded")]
    LeaseQuota { path: String },
    #[error("Vault is not initialized")]
    NotInitialized,
    /// Nothing is there: without a message, as clients expect.
    #[error("not found")]
    NotFound,
    /// Nothing is there, and the client is told what.
    #[error("{0}")]
    NotFoundBecause(Cow<'static, str>),
    /// A quota, or too many attempts. Try again after so many seconds.
    #[error("request path \"{path}\": rate limit quota exceeded")]
    RateLimited { path: String, retry_after: u64 },
    #[error("Vault is sealed")]
    Sealed,
    #[error("internal error")]
    Storage(#[source] StorageError),
    #[error("request body too large")]
    TooLarge,
    /// Another server has to be asked first, and does not answer. Nothing is wrong with the request.
    #[error("{0}")]
    Unavailable(Cow<'static, str>),
    /// The path is known, the operation is not for it.
    #[error("unsupported operation")]
    UnsupportedOperation,
    /// A content type that the operation does not take.
    #[error("{0}")]
    UnsupportedMediaType(Cow<'static, str>),
    /// The mount does not know the path.
    #[error("unsupported path")]
    UnsupportedPath,
    /// The operating system failed us (randomness), or an invariant broke. The log says what.
    #[error("internal error")]
    Internal(&'static str),
}

impl Error {
    /// Whether another row would meet the same, so that there is no use in going on to it.
    pub(crate) fn is_everywhere(&self) -> bool {
        matches!(self, Self::Sealed | Self::Storage(_) | Self::Barrier(BarrierError::Refused(_)))
    }

    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Invalid(message.into())
    }

    pub fn denied(message: impl Into<Cow<'static, str>>) -> Self {
        Self::DeniedBecause(message.into())
    }

    pub fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Unavailable(message.into())
    }

    pub fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::NotFoundBecause(message.into())
    }
}

impl From<StorageError> for Error {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Busy => Self::Busy,
            error => Self::Storage(error),
        }
    }
}

impl From<CommitError> for Error {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict => Self::Busy,
            CommitError::Repeated => Self::Internal("a batch changes a row twice"),
            CommitError::TooLarge => Self::TooLarge,
            CommitError::Storage(error) => error.into(),
        }
    }
}

impl From<CryptoError> for Error {
    fn from(_: CryptoError) -> Self {
        Self::Internal("cryptographic operation failed")
    }
}

impl From<Malformed> for Error {
    fn from(error: Malformed) -> Self {
        Self::Barrier(error.into())
    }
}

impl From<BadBody> for Error {
    fn from(error: BadBody) -> Self {
        Self::Invalid(error.to_string().into())
    }
}

impl From<BadPath> for Error {
    fn from(error: BadPath) -> Self {
        Self::Invalid(error.to_string().into())
    }
}

/// A client's word as an error may repeat it: a short name of letters, digits and dashes, or nothing.
pub(crate) fn word(word: &str) -> &str {
    let plain = |it: u8| it.is_ascii_alphanumeric() || it == b'-' || it == b'_';
    if word.len() <= 24 && word.bytes().all(plain) { word } else { "" }
}
