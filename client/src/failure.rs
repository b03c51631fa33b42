//! Why a command failed: one line, and perhaps one that says what to do next.

use strongroom_sdk::Error;

/// The exit status when the server refused, has nothing there, or cannot be reached. What was typed wrongly is 1.
pub(crate) const SERVER: u8 = 2;

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

    /// What it was about, before what failed.
    pub(crate) fn within(self, what: &str) -> Self {
        Self { message: format!("{what}: {}", self.message), ..self }
    }

    /// What to do next, if nothing better was said.
    #[cfg(feature = "scan")]
    pub(crate) fn or_hint(self, hint: &str) -> Self {
        if self.hint.is_some() { self } else { self.hint(hint) }
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The server refused, for want of a right.
    #[cfg(feature = "scan")]
    pub(crate) fn is_denied(&self) -> bool {
        self.code == SERVER && self.message.contains("permission denied")
    }

    pub(crate) fn code(self, code: u8) -> Self {
        Self { code, ..self }
    }

    /// Standard output cannot be written. If it is a pipe that was closed, whoever read it has seen enough:
    /// that is no failure.
    pub(crate) fn output(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::new(String::new()).code(0),
            _ => Self::new(format!("cannot write the output: {error}")),
        }
    }

    /// `secret: message`, and `hint: ...` below it; nothing if there is nothing to say.
    pub(crate) fn report(&self) -> Option<String> {
        let hint = self.hint.as_ref().map(|it| format!("\nhint: {it}")).unwrap_or_default();
        (!self.message.is_empty()).then(|| format!("secret: {}{hint}", self.message))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let hint = match &error {
            Error::Connect { cause, .. } if cause.contains("UnknownIssuer") => {
                Some("name the server's CA: export STRONGROOM_CACERT=strongroom/tls/ca.pem")
            }
            Error::Connect { cause, .. } if cause.contains("InvalidContentType") => {
                Some("that port speaks plain HTTP: write http:// in STRONGROOM_ADDR")
            }
            Error::Connect { cause, .. } if cause.contains("invalid HTTP version") => {
                Some("that port speaks TLS: write https:// in STRONGROOM_ADDR")
            }
            Error::Connect { .. } => {
                Some("is the server running? `secret server` starts one; STRONGROOM_ADDR says where it is")
            }
            Error::Api { status: 403, errors }
                if errors.iter().any(|it| it.contains("missing client token")) =>
            {
                Some("log in with `secret login`, or put a token into VAULT_TOKEN")
            }
            Error::Api { status: 403, .. } => Some(
                "log in with `secret login`; `secret token capabilities PATH` says what your token may do",
            ),
            Error::Api { status: 503, .. } => {
                Some("unseal it with `secret unseal`; a server without a store needs `secret init` first")
            }
            _ => None,
        };
        let is_transient = error.is_temporary();
        // A wrong address or file is a matter of what was typed.
        let code = if matches!(error, Error::Config(_)) { 1 } else { SERVER };
        let failure = Self { is_transient, ..Self::new(error.to_string()).code(code) };
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}
