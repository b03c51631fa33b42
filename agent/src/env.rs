//! The agent's own environment, read here alone.

#![allow(clippy::disallowed_methods, reason = "the one place")]

use std::path::PathBuf;

/// Any variable, for a template that may see them.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Where systemd wants to be told that a service is ready (sd_notify(3)).
pub(crate) fn notify_socket() -> Option<PathBuf> {
    std::env::var_os("NOTIFY_SOCKET").filter(|it| !it.is_empty()).map(PathBuf::from)
}

/// Where systemd has put this service's credentials.
pub(crate) fn credentials_directory() -> Option<PathBuf> {
    std::env::var_os("CREDENTIALS_DIRECTORY").filter(|it| !it.is_empty()).map(PathBuf::from)
}

/// Directories in memory that a service may have to itself, the most private first.
pub(crate) fn runtime_directories() -> Vec<PathBuf> {
    let own = ["RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"].into_iter().filter_map(std::env::var_os);
    own.filter(|it| !it.is_empty())
        .map(PathBuf::from)
        .chain(["/run", "/dev/shm"].map(PathBuf::from))
        .collect()
}

// Rule 117
/// A program that we start does not inherit how we prove who we are.
pub(crate) fn take_credentials_from(command: &mut std::process::Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(strongroom_sdk::env::is_credential) {
            command.env_remove(name);
        }
    }
}
