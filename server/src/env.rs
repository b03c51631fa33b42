//! The environment variables that the server reads.

use std::path::PathBuf;

/// Where systemd puts a unit's credentials.
#[allow(clippy::disallowed_methods, reason = "this is the file for it")]
pub(crate) fn credentials_directory() -> Option<PathBuf> {
    std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from)
}
