//! What can go wrong between an application and the server.

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server refused: its status and its own words.
    #[error("{}", describe(*status, errors))]
    Api { status: u16, errors: Vec<String> },
    #[error("cannot reach {address}: {cause}")]
    Connect { address: String, cause: String },
    /// The configuration cannot be used: which part, and why.
    #[error("{0}")]
    Config(String),
    /// Something answered that does not speak this API.
    #[error("the answer is not what this API answers: {0}")]
    Malformed(&'static str),
    #[error("no answer within {seconds} s")]
    Timeout { seconds: u64 },
}

impl Error {
    /// The HTTP status, if the server answered.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Api { status, .. } => Some(*status),
            Self::Config(_) | Self::Connect { .. } | Self::Malformed(_) | Self::Timeout { .. } => None,
        }
    }

    /// Nothing is there.
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(404)
    }

    /// The token may not do this, or is none.
    pub fn is_denied(&self) -> bool {
        self.status() == Some(403)
    }
}

fn describe(status: u16, errors: &[String]) -> String {
    match (status, errors) {
        (404, []) => "nothing is there".to_owned(),
        (status, []) => format!("the server answered {status}"),
        (_, errors) => errors.join("; "),
    }
}
