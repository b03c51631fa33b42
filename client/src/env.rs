//! Environment variables that are read here and not in the SDK.

#![allow(clippy::disallowed_methods, reason = "the one place")]

use std::{ffi::OsString, path::PathBuf};

/// What the person edits with.
pub(crate) fn editor() -> String {
    ["VISUAL", "EDITOR"]
        .iter()
        .find_map(|it| std::env::var(it).ok().filter(|it| !it.trim().is_empty()))
        .unwrap_or_else(|| "vi".to_owned())
}

/// Whichever somebody names.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Somebody wants no colours (no-color.org), or the terminal has none.
#[cfg(feature = "scan")]
pub(crate) fn is_colourless() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|it| !it.is_empty())
        || std::env::var_os("TERM").is_none_or(|it| it == "dumb")
}

/// Directories of the machine's in which an empty one may be made to mount over, the most private first.
pub(crate) fn runtime_directories() -> Vec<PathBuf> {
    let own = std::env::var_os("XDG_RUNTIME_DIR").filter(|it| !it.is_empty()).map(PathBuf::from);
    own.into_iter().chain(["/run", "/dev/shm", "/tmp"].map(PathBuf::from)).collect()
}

/// Names of variables that hold credentials for a server, in each of the spellings that clients have.
pub(crate) fn credentials() -> Vec<OsString> {
    let names = std::env::vars_os().map(|(name, _)| name);
    names.filter(|it| it.to_str().is_some_and(strongroom_sdk::env::is_credential)).collect()
}

/// The namespace and the id of the job that Nomad calls for.
pub(crate) fn nomad_job() -> (Option<String>, Option<String>) {
    (std::env::var("NOMAD_NAMESPACE").ok(), std::env::var("NOMAD_JOB_ID").ok())
}

/// Removes every variable, for a program whose caller's caller chose them. To be called before there are threads.
pub(crate) fn forget_all() {
    for (name, _) in std::env::vars_os() {
        strongroom_process::remove_variable(name);
    }
}

/// Where `secret run` has put the secrets of this process.
#[cfg(feature = "server")]
pub(crate) fn secrets_dir() -> Option<PathBuf> {
    std::env::var_os(SECRETS_DIR).map(PathBuf::from)
}

/// What programs that `secret run` starts find their secrets by.
pub(crate) const SECRETS_DIR: &str = "SECRETS_DIR";
