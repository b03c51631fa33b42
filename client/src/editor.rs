//! A secret in an editor: through a file in memory (tmpfs), never on a disk.

use std::{
    io::Write as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::PathBuf,
    process::Command,
};

use serde_json::Value;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// Directories that are a tmpfs on the systems we run on, if they are there at all.
const IN_MEMORY: [&str; 2] = ["/dev/shm", "/run/shm"];

/// Opens `value` in the person's editor, and answers what they made of it.
pub(crate) fn edit(value: &Value) -> Result<Value, Failure> {
    edit_with(&crate::env::editor(), value)
}

fn edit_with(editor: &str, value: &Value) -> Result<Value, Failure> {
    let file = File::create(value)?;
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or("vi");
    let status = Command::new(program).args(words).arg(&file.path).status();
    match status {
        Ok(status) if status.success() => {}
        Ok(_) => return Err(Failure::new(format!("{program} failed: nothing was stored"))),
        Err(error) => return Err(Failure::new(format!("cannot start {program}: {error}"))),
    }
    let text = std::fs::read_to_string(&file.path).map(Zeroizing::new).map_err(|error| io("read", &error))?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::new(format!("not JSON: line {}, column {}", error.line(), error.column())))
}

/// A file that is removed when dropped.
struct File {
    dir: PathBuf,
    path: PathBuf,
}

impl File {
    fn create(value: &Value) -> Result<Self, Failure> {
        let base = IN_MEMORY
            .iter()
            .map(PathBuf::from)
            .find(|it| is_tmpfs(it))
            .ok_or_else(|| Failure::new("no tmpfs to edit in: a secret is not written to a disk"))?;
        let dir = base.join(format!("secret-edit-{}", std::process::id()));
        std::fs::create_dir(&dir).map_err(|error| io("create", &error))?;
        let file = Self { path: dir.join("fields.json"), dir };
        std::fs::set_permissions(&file.dir, std::fs::Permissions::from_mode(0o700))
            .map_err(|error| io("protect", &error))?;
        let text = serde_json::to_string_pretty(value).map(Zeroizing::new);
        let text = text.map_err(|_| Failure::new("the fields cannot be shown as JSON"))?;
        let mut options = std::fs::OpenOptions::new();
        let mut out = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&file.path)
            .map_err(|error| io("create", &error))?;
        writeln!(out, "{}", *text).map_err(|error| io("write", &error))?;
        Ok(file)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // The editor may have left its own files beside it. Nobody can be told if this fails.
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn is_tmpfs(dir: &std::path::Path) -> bool {
    /// `TMPFS_MAGIC` of Linux's magic.h.
    const TMPFS: u64 = 0x0102_1994;
    rustix::fs::statfs(dir).is_ok_and(|it| u64::try_from(it.f_type) == Ok(TMPFS))
}

fn io(what: &str, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot {what} the file to edit: {error}"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_edited_is_taken_and_no_file_stays() {
        let dir = tempfile::tempdir().unwrap();
        let (editor, seen) = (dir.path().join("editor"), dir.path().join("seen"));
        let script =
            format!("#!/bin/sh\nstat -c '%a %n' \"$1\" > {}\nsed -i s/one/two/ \"$1\"\n", seen.display());
        std::fs::write(&editor, script).unwrap();
        std::fs::set_permissions(&editor, std::fs::Permissions::from_mode(0o700)).unwrap();
        let edited = edit_with(editor.to_str().unwrap(), &json!({ "a": "one" })).unwrap();
        assert_eq!(edited, json!({ "a": "two" }));
        let seen = std::fs::read_to_string(seen).unwrap();
        let file = seen.trim().strip_prefix("600 ").unwrap();
        assert!(!std::path::Path::new(file).exists(), "{file}");
        let failed = edit_with("false", &json!({})).unwrap_err();
        assert_eq!(failed.message(), "false failed: nothing was stored");
    }
}
