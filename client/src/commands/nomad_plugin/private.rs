//! Files that nobody but root and ourselves can have written, or read where that matters.
//!
//! The plugin runs as Nomad's client, which is root: whoever can change what it reads decides for root. What was opened
//! is what is checked, and so is the directory that it was opened in.

use std::{fs::File, io::Read as _, os::fd::AsFd, path::Path};

use rustix::fs::{FileType, Mode, OFlags, Stat, fstat, open, openat};
use zeroize::Zeroizing;

/// What others may do with a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Others {
    /// A credential, or settings that say where one is.
    MayNothing,
    /// A certificate.
    MayRead,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum BadFile {
    #[error("{0}: cannot be read: {1}")]
    Io(String, std::io::Error),
    #[error("{0}: {1}")]
    Refused(String, &'static str),
}

/// More than any chain of certificates.
const LARGEST: u64 = 1 << 20;
const DIRECTORY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
/// A link or a pipe that somebody put there does not keep us waiting, and leads nowhere.
const FILE: OFlags = OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

/// A file's text.
pub(super) fn read(path: &Path, others: Others) -> Result<Zeroizing<String>, BadFile> {
    let io = |error: std::io::Error| BadFile::Io(path.display().to_string(), error);
    let refused = |why| BadFile::Refused(path.display().to_string(), why);
    let name = path.file_name().ok_or_else(|| refused("is no file"))?;
    let parent = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let directory = open(parent, DIRECTORY, Mode::empty()).map_err(|it| io(it.into()))?;
    if !is_kept_from_others(&stat(&directory).map_err(io)?, 0o022) {
        return Err(refused("lies in a directory that others may write to"));
    }
    let file = openat(&directory, name, FILE, Mode::empty()).map_err(|it| io(it.into()))?;
    let found = stat(&file).map_err(io)?;
    if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
        return Err(refused("is no regular file"));
    }
    let forbidden = match others {
        Others::MayNothing => 0o077,
        Others::MayRead => 0o022,
    };
    if !is_kept_from_others(&found, forbidden) {
        return Err(refused(match others {
            Others::MayNothing => "may be read or written by others: it belongs to root, with mode 0600",
            Others::MayRead => "may be written by others",
        }));
    }
    let mut text = Zeroizing::new(String::with_capacity(4096));
    File::from(file).take(LARGEST + 1).read_to_string(&mut text).map_err(io)?;
    match text.len() as u64 > LARGEST {
        true => Err(refused("is too long")),
        false => Ok(text),
    }
}

fn stat(file: impl AsFd) -> std::io::Result<Stat> {
    Ok(fstat(file)?)
}

/// Whether it belongs to root or us, and none of these permissions is given.
fn is_kept_from_others(stat: &Stat, permissions: u32) -> bool {
    let me = rustix::process::geteuid().as_raw();
    (stat.st_uid == 0 || stat.st_uid == me) && stat.st_mode & permissions == 0
}

#[cfg(test)]
mod tests {
    use std::{
        fs::Permissions,
        os::unix::fs::{PermissionsExt as _, symlink},
    };

    use super::*;

    // Rules 22, 113: the credential comes from a file that is ours, and that is the file that was looked at.
    #[test]
    fn a_file_that_others_can_touch_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("strongroom.hcl");
        std::fs::write(&file, "x").unwrap();
        let set = |path: &Path, mode| std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        let refused = |mode, others, why: &str| {
            set(&file, mode);
            let error = read(&file, others).unwrap_err().to_string();
            assert!(error.ends_with(why), "{mode:o} {others:?}: {error}");
        };
        for mode in [0o640, 0o604, 0o620, 0o602, 0o610] {
            refused(mode, Others::MayNothing, "it belongs to root, with mode 0600");
        }
        refused(0o664, Others::MayRead, "may be written by others");
        refused(0o646, Others::MayRead, "may be written by others");
        for (mode, others) in
            [(0o600, Others::MayNothing), (0o400, Others::MayNothing), (0o644, Others::MayRead)]
        {
            set(&file, mode);
            assert_eq!(*read(&file, others).unwrap(), "x");
        }
        set(&file, 0o600);
        set(dir.path(), 0o777);
        let error = read(&file, Others::MayNothing).unwrap_err().to_string();
        assert!(error.ends_with("lies in a directory that others may write to"), "{error}");
        set(dir.path(), 0o700);
        let link = dir.path().join("link");
        symlink(&file, &link).unwrap();
        assert!(matches!(read(&link, Others::MayNothing), Err(BadFile::Io(..))));
        assert!(read(dir.path(), Others::MayNothing).is_err());
        assert!(read(&dir.path().join("none"), Others::MayNothing).is_err());
    }
}
