//! Why a command failed: one line, and perhaps one that says what to do next.

use strongroom_sdk::Error;

#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    hint: Option<String>,
    /// The exit status.
    pub(crate) code: u8,
    /// The server was not able or not willing just now: the same may succeed later.
    pub(crate) is_transient: bool,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, code: 1, is_transient: false }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub(crate) fn code(self, code: u8) -> Self {
        Self { code, ..self }
    }

    /// Standard output is gone: whoever read it has seen enough.
    pub(crate) fn output(error: std::io::Error) -> Self {
        Self::new(format!("cannot write the output: {error}"))
    }

    /// `secret: message`, and `hint: ...` below it.
    pub(crate) fn report(&self) -> String {
        match &self.hint {
            Some(hint) => format!("secret: {}\nhint: {hint}", self.message),
            None => format!("secret: {}", self.message),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = if error.is_not_found() { 2 } else { 1 };
        let hint = match &error {
            Error::Connect { cause, .. } if cause.contains("UnknownIssuer") => {
                Some("name the server's CA: export STRONGROOM_CACERT=strongroom/tls/ca.pem")
            }
            Error::Connect { .. } => {
                Some("is the server running? `secret server` starts one; STRONGROOM_ADDR says where it is")
            }
            Error::Api { status: 403, .. } => {
                Some("log in with `secret login`; `secret policy explain PATH` says what your token may do")
            }
            Error::Api { status: 503, .. } => Some("unseal it with `secret unseal`"),
            _ => None,
        };
        let is_transient = match &error {
            Error::Connect { .. } | Error::Timeout { .. } => true,
            Error::Api { status, .. } => matches!(status, 412 | 429 | 500 | 502..),
            Error::Config(_) | Error::Malformed(_) => false,
        };
        let failure = Self { is_transient, ..Self::new(error.to_string()).code(code) };
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}
