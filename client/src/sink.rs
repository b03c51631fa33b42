//! Where a token is kept: a file for its owner alone.

use std::{
    fs::{Metadata, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};

use strongroom_sdk::SecretString;

use crate::failure::Failure;

/// Writes the token to a new file and puts that in the place of the old one: what others may have opened is
/// never written to. A link, or a file or directory of somebody else, is refused: it may be a trap.
pub(crate) fn keep(file: &Path, token: &SecretString) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::new(format!("cannot write {}: {error}", file.display()));
    let refused = |why: &str| {
        Failure::new(format!("the token is not kept: {} {why}", file.display()))
            .hint("look at the file; -no-store does without")
    };
    let ours = rustix::process::geteuid().as_raw();
    match std::fs::symlink_metadata(file) {
        Ok(there) if there.is_symlink() => return Err(refused("is a link")),
        Ok(there) if !there.is_file() => return Err(refused("is no regular file")),
        Ok(there) if there.uid() != ours => return Err(refused("belongs to somebody else")),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let dir = file.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if can_others_rename(&std::fs::metadata(dir).map_err(failed)?, ours) {
        return Err(refused("lies in a directory that others can write to"));
    }
    let fresh = file.with_extension(format!("{}.new", std::process::id()));
    let mut options = OpenOptions::new();
    // `O_EXCL` follows no link either; the mode is there before the first byte.
    let mut out = options.write(true).create_new(true).mode(0o600).open(&fresh).map_err(failed)?;
    let written = out.write_all(token.expose().as_bytes()).and_then(|()| std::fs::rename(&fresh, file));
    written.map_err(|error| {
        // What is left of it holds a token; that it could not be written is what is reported.
        let _ = std::fs::remove_file(&fresh);
        failed(error)
    })
}

/// Whether somebody else could put another file in this one's place.
fn can_others_rename(dir: &Metadata, ours: u32) -> bool {
    let is_sticky = dir.mode() & 0o1000 != 0;
    let is_writable = dir.mode() & 0o002 != 0;
    (dir.uid() != ours && dir.uid() != 0) || (is_writable && !is_sticky)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn token(text: &str) -> SecretString {
        SecretString::new(text)
    }

    // Rule 118
    #[test]
    fn a_token_is_kept_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(".vault-token");
        std::fs::write(&file, "old").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        let held = std::fs::File::open(&file).unwrap();
        keep(&file, &token("new")).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(std::fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        // Who had the old file open does not see the token.
        assert_eq!(io::read_to_string(held).unwrap(), "old");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    // Rule 118
    #[test]
    fn a_trap_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let (file, target) = (dir.path().join(".vault-token"), dir.path().join("target"));
        std::fs::write(&target, "mine").unwrap();
        symlink(&target, &file).unwrap();
        assert!(keep(&file, &token("t")).unwrap_err().message().ends_with("is a link"));
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "mine");
        std::fs::remove_file(&file).unwrap();
        std::fs::create_dir(&file).unwrap();
        assert!(keep(&file, &token("t")).unwrap_err().message().ends_with("is no regular file"));
        let open = dir.path().join("open");
        std::fs::create_dir(&open).unwrap();
        std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o777)).unwrap();
        assert!(keep(&open.join("t"), &token("t")).unwrap_err().message().contains("others can write"));
    }
}
