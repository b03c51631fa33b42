//! The workload: a program that was started by `secret run` and looks around. It learns the password it should
//! find over a pipe, so that it can tell whether it found it without anybody printing one.

use std::{io::Read as _, os::unix::fs::PermissionsExt as _, path::Path};

use serde::{Deserialize, Serialize};
use strongroom_inject::Target;
use zeroize::Zeroizing;

use crate::{env, failure::Failure, output::line};

/// What the file is called for the workload.
pub(super) const FILE: &str = "db-password";

/// What it saw.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Report {
    pub(super) path: String,
    pub(super) bytes: usize,
    /// The password is the one that it was told.
    pub(super) is_right: bool,
    /// The directory lies in memory.
    pub(super) is_in_memory: bool,
    /// Octal.
    pub(super) mode: String,
    /// Of its mounts.
    pub(super) namespace: String,
    /// Variables that could hold a credential for the server.
    pub(super) credentials: usize,
    /// Open files, the standard three included.
    pub(super) files: usize,
    /// The environment and the memory of the process that started it are closed to it.
    pub(super) is_parent_closed: bool,
}

/// The namespace of this process's mounts.
pub(super) fn namespace() -> String {
    std::fs::read_link("/proc/self/ns/mnt").map(|it| it.display().to_string()).unwrap_or_default()
}

pub(super) fn run() -> Result<(), Failure> {
    let report = serde_json::to_string(&look()?).map_err(|error| Failure::new(error.to_string()))?;
    line(&report)
}

fn look() -> Result<Report, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("the workload: {error}"));
    // Counted before anything is opened here; the listing itself is one.
    let files = std::fs::read_dir("/proc/self/fd").map_err(failed)?.count().saturating_sub(1);
    let mut expected = Zeroizing::new(String::new());
    std::io::stdin().read_to_string(&mut expected).map_err(failed)?;
    let dir = env::secrets_dir().ok_or_else(|| Failure::new("the workload has no SECRETS_DIR"))?;
    let path = Path::new(&dir).join(FILE);
    let found = std::fs::read_to_string(&path).map(Zeroizing::new).map_err(failed)?;
    let mode = std::fs::metadata(&path).map_err(failed)?.permissions().mode() & 0o7777;
    let parent = std::os::unix::process::parent_id();
    Ok(Report {
        bytes: found.len(),
        is_right: *found == *expected && !found.is_empty(),
        is_in_memory: Target::open(Path::new(&dir)).is_ok(),
        mode: format!("{mode:04o}"),
        namespace: namespace(),
        credentials: env::credentials().len(),
        files,
        is_parent_closed: !holds_credential(&format!("/proc/{parent}/environ")),
        path: path.display().to_string(),
    })
}

/// Whether a process's environment shows a credential: one that cannot be read does not, and root may read all.
fn holds_credential(environ: &str) -> bool {
    let environ = std::fs::read(environ).map(Zeroizing::new).unwrap_or_default();
    let names = environ.split(|it| *it == 0).filter_map(|it| it.split(|it| *it == b'=').next());
    names.into_iter().any(|name| std::str::from_utf8(name).is_ok_and(strongroom_sdk::env::is_credential))
}
