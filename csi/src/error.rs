//! Why a volume was not given, or not refreshed.

use strongroom_inject::BadName;

/// No message holds what a secret or a token holds, nor what somebody else has typed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the attribute {key} {why}")]
    Attribute { key: &'static str, why: &'static str },
    /// Counted from 1.
    #[error("object {number}: {why}")]
    Object { number: usize, why: &'static str },
    #[error("object {number}: {source}")]
    Name { number: usize, source: BadName },
    #[error("there is no {0}")]
    Missing(&'static str),
    #[error("the request is larger than any that is meant well: {0}")]
    Large(&'static str),
    /// A tenant's wish that only the node may grant.
    #[error("{0} is none that this node allows")]
    NotAllowed(&'static str),
    #[error("the target path {0}")]
    Target(&'static str),
    #[error("the volume is {0}")]
    Volume(&'static str),
    #[error("the service-account token {0}")]
    Identity(&'static str),
    #[error("the login was refused: {0}")]
    Login(#[source] strongroom_sdk::Error),
    /// Of an object: counted from 1.
    #[error("object {number}: {source}")]
    Read {
        number: usize,
        #[source]
        source: strongroom_sdk::Error,
    },
    #[error(transparent)]
    Server(#[from] strongroom_sdk::Error),
    #[error(transparent)]
    Files(#[from] strongroom_inject::Error),
    #[error("it takes too long")]
    Timeout,
    #[error("cannot {what}: {source}")]
    Io {
        what: &'static str,
        #[source]
        source: std::io::Error,
    },
    #[error("{0} is no socket of ours: remove it")]
    NotOurSocket(String),
    #[error("somebody listens at {0} already")]
    Taken(String),
    #[error("kubelet has not registered the driver")]
    NotRegistered,
}

/// What an error means to whoever asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// The request is wrong, and stays so.
    Invalid,
    NotFound,
    /// Whoever asks is not who they say.
    Unauthenticated,
    Denied,
    /// Something is in the way that the node's operator must look at.
    Precondition,
    TooLarge,
    /// It may work a little later.
    Unavailable,
    Internal,
}

impl Error {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Attribute { .. }
            | Self::Object { .. }
            | Self::Name { .. }
            | Self::Missing(_)
            | Self::Target(_)
            | Self::Volume(_) => Kind::Invalid,
            Self::NotAllowed(_) => Kind::Denied,
            Self::Large(_) => Kind::TooLarge,
            Self::Identity(_) => Kind::Unauthenticated,
            Self::Login(error) | Self::Server(error) => of_server(error),
            Self::Read { source, .. } => of_server(source),
            Self::Files(error) => of_files(error),
            Self::Timeout => Kind::Unavailable,
            Self::NotOurSocket(_) | Self::Taken(_) => Kind::Precondition,
            Self::Io { .. } | Self::NotRegistered => Kind::Internal,
        }
    }

    /// For `map_err`: what was being done when the kernel refused.
    pub(crate) fn io<E: Into<std::io::Error>>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self::Io { what, source: error.into() }
    }
}

fn of_server(error: &strongroom_sdk::Error) -> Kind {
    use strongroom_sdk::Kind as Sdk;
    match error.kind() {
        Sdk::Denied => Kind::Denied,
        Sdk::NotFound => Kind::NotFound,
        _ if error.is_temporary() => Kind::Unavailable,
        _ => Kind::Invalid,
    }
}

fn of_files(error: &strongroom_inject::Error) -> Kind {
    use strongroom_inject::Error as Files;
    match error {
        Files::Name(_)
        | Files::Field { .. }
        | Files::Twice(_)
        | Files::FileAndDirectory(_)
        | Files::Mode(_) => Kind::Invalid,
        Files::Full => Kind::TooLarge,
        Files::Busy | Files::TooMany => Kind::Unavailable,
        Files::Io { .. } => Kind::Internal,
        _ => Kind::Precondition,
    }
}
