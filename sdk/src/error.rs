//! What can go wrong between an application and its secrets.

/// Why a call has no answer. [`Error::kind`] says what to make of it.
///
/// The texts hold what the server said and which address or file was meant; never a token, and never a value.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server refused: its status and its own words.
    #[error("{}", describe(*status, errors))]
    Api { status: u16, errors: Vec<String> },
    #[error("cannot reach {address}: {cause}")]
    Connect { address: String, cause: String },
    /// The configuration cannot be used: which part, and why.
    #[error("{0}")]
    Config(String),
    /// Something answered that does not speak this API, or a secret is not of the expected shape.
    #[error("the answer is not what this API answers: {0}")]
    Malformed(&'static str),
    #[error("no answer within {seconds} s")]
    Timeout { seconds: u64 },
    /// The secret was read, but the server gave no lease: root handles and batch tokens get none.
    #[error("the server gave no lease for this token")]
    NoLease,
}

/// What an error means to an application.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Kind {
    /// The token may not do this, or is none. A [`Session`](crate::Session) has logged in again before it
    /// says so.
    Denied,
    /// Nothing is there: never written, deleted, or destroyed.
    NotFound,
    /// The secret is not at the version that was expected: read it again.
    CasMismatch,
    /// A wrapping token that was used, has ended or never was. If nobody of yours used it, somebody else did.
    WrappingTokenUsed,
    /// The request itself is wrong. Trying again will not help.
    Invalid,
    /// A quota, or too many attempts.
    RateLimited,
    /// The store is sealed, or there is none yet: an operator is needed.
    Sealed,
    /// The server failed or cannot answer just now.
    Unavailable,
    /// No connection, no answer in time, or no trust in who answered.
    Unreachable,
    /// What we were told (address, file, certificate) cannot be used.
    Config,
    /// The answer or the secret has another shape than expected.
    Malformed,
    /// See [`Error::NoLease`].
    NoLease,
}

impl Error {
    pub fn kind(&self) -> Kind {
        match self {
            Self::Api { status, errors } => api_kind(*status, errors),
            Self::Connect { .. } | Self::Timeout { .. } => Kind::Unreachable,
            Self::Config(_) => Kind::Config,
            Self::Malformed(_) => Kind::Malformed,
            Self::NoLease => Kind::NoLease,
        }
    }

    /// The HTTP status, if the server answered.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Api { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Nothing is there.
    pub fn is_not_found(&self) -> bool {
        self.kind() == Kind::NotFound
    }

    /// The token may not do this, or is none.
    pub fn is_denied(&self) -> bool {
        self.kind() == Kind::Denied
    }

    /// Whether the same call may succeed a little later. It was tried several times already.
    pub fn is_temporary(&self) -> bool {
        matches!(self.kind(), Kind::RateLimited | Kind::Sealed | Kind::Unavailable | Kind::Unreachable)
    }

    pub(crate) fn not_found() -> Self {
        Self::Api { status: 404, errors: Vec::new() }
    }
}

/// Where one status stands for several things, the API tells them apart by its words alone.
fn api_kind(status: u16, errors: &[String]) -> Kind {
    let says = |words: &str| errors.iter().any(|it| it.contains(words));
    match status {
        403 => Kind::Denied,
        404 => Kind::NotFound,
        429 => Kind::RateLimited,
        400 if says("check-and-set parameter did not match") => Kind::CasMismatch,
        400 if says("wrapping token is not valid or does not exist") => Kind::WrappingTokenUsed,
        501 | 503 if says("is sealed") || says("is not initialized") => Kind::Sealed,
        501 => Kind::Invalid,
        412 | 500.. => Kind::Unavailable,
        _ => Kind::Invalid,
    }
}

fn describe(status: u16, errors: &[String]) -> String {
    match (status, errors) {
        (404, []) => "nothing is there".to_owned(),
        (status, []) => format!("the server answered {status}"),
        (_, errors) => errors.join("; "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, words: &str, expected: Kind) {
        let errors = if words.is_empty() { Vec::new() } else { vec![words.to_owned()] };
        assert_eq!(Error::Api { status, errors }.kind(), expected);
    }

    #[test]
    fn a_refusal_has_a_kind() {
        check(400, "check-and-set parameter did not match the current version", Kind::CasMismatch);
        check(400, "wrapping token is not valid or does not exist", Kind::WrappingTokenUsed);
        check(400, "no data provided", Kind::Invalid);
        check(403, "permission denied", Kind::Denied);
        check(404, "", Kind::NotFound);
        check(404, "no handler for route \"x\". route entry not found.", Kind::NotFound);
        check(413, "", Kind::Invalid);
        check(429, "rate limit quota exceeded", Kind::RateLimited);
        check(500, "internal error", Kind::Unavailable);
        check(501, "", Kind::Invalid);
        check(501, "Vault is not initialized", Kind::Sealed);
        check(503, "Vault is sealed", Kind::Sealed);
        check(503, "Vault is not initialized", Kind::Sealed);
        check(503, "too many concurrent changes, try again", Kind::Unavailable);
        assert!(Error::Timeout { seconds: 1 }.is_temporary());
        assert!(!Error::NoLease.is_temporary());
    }
}
