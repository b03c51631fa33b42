//! Every environment variable that the client reads.
//!
//! Each has three spellings, tried in this order: `STRONGROOM_X`, `BAO_X`, `VAULT_X`.

const PREFIXES: [&str; 3] = ["STRONGROOM_", "BAO_", "VAULT_"];

/// Where variables come from: the process's environment, or what a test says.
pub trait Environment {
    fn get(&self, name: &str) -> Option<String>;
}

/// The environment of this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Process;

impl Environment for Process {
    #[allow(clippy::disallowed_methods, reason = "the one place")]
    fn get(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}

/// Whether a variable of that name holds a credential for a server: a program that is started for other reasons has no
/// business with it.
#[must_use]
pub fn is_credential(name: &str) -> bool {
    PREFIXES.iter().any(|it| name.starts_with(it))
        && ["PASSWORD", "ROLE_ID", "SECRET_ID", "TOKEN", "UNSEAL"].iter().any(|it| name.contains(it))
}

/// What the variables are called, without their prefix.
pub mod names {
    pub const ADDR: &str = "ADDR";
    pub const CACERT: &str = "CACERT";
    pub const CACERT_BYTES: &str = "CACERT_BYTES";
    pub const CAPATH: &str = "CAPATH";
    pub const CLIENT_CERT: &str = "CLIENT_CERT";
    pub const CLIENT_KEY: &str = "CLIENT_KEY";
    pub const CLIENT_TIMEOUT: &str = "CLIENT_TIMEOUT";
    pub const FORMAT: &str = "FORMAT";
    pub const MAX_RETRIES: &str = "MAX_RETRIES";
    pub const MOUNT: &str = "MOUNT";
    pub const NAMESPACE: &str = "NAMESPACE";
    pub const SKIP_VERIFY: &str = "SKIP_VERIFY";
    pub const TLS_SERVER_NAME: &str = "TLS_SERVER_NAME";
    pub const TOKEN: &str = "TOKEN";
}

/// The first spelling of `name` that is set and not empty.
pub fn find(environment: &dyn Environment, name: &str) -> Option<String> {
    PREFIXES
        .iter()
        .find_map(|prefix| environment.get(&format!("{prefix}{name}")).filter(|value| !value.is_empty()))
}

/// As [`find`], as a boolean the way Go reads one.
pub fn find_bool(environment: &dyn Environment, name: &str) -> bool {
    find(environment, name)
        .is_some_and(|it| matches!(it.as_str(), "1" | "t" | "T" | "true" | "TRUE" | "True"))
}
