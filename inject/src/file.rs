//! One file, and one directory.

use std::{
    fs::File,
    io::Write as _,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

use rustix::{
    fs::{FileType, Mode, OFlags, fchmod, fchown, fstat, mkdirat, openat2},
    process::geteuid,
};

use crate::{
    Access, Error,
    target::{DIRECTORY, WITHIN},
};

// Rule 114
/// Makes the file `name` in `dir`, which must not be there yet. It is empty, and ours alone.
pub(crate) fn create(dir: BorrowedFd<'_>, name: &str) -> Result<File, Error> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat2(dir, name, flags, Mode::RUSR | Mode::WUSR, WITHIN);
    file.map(File::from).map_err(Error::io("make a file"))
}

// Rule 114
/// Gives a new file its content, and then its readers. If that fails nothing is left in it, whatever it is called
/// by then and however often.
pub(crate) fn fill(file: &File, content: &[u8], access: &Access) -> Result<(), Error> {
    // The failure that led there is told.
    write(file, content, access).inspect_err(|_| drop(file.set_len(0)))
}

fn write(mut file: &File, content: &[u8], access: &Access) -> Result<(), Error> {
    is_plain(file)?;
    file.write_all(content).map_err(Error::io("write a file"))?;
    // A link that was made meanwhile would give the file to somebody else: it keeps its old mode then.
    is_plain(file)?;
    fchown(file, access.owner, access.group).map_err(Error::io("give a file to its owner"))?;
    fchmod(file, access.mode).map_err(Error::io("set a file's mode"))?;
    is_plain(file)
}

/// A regular file that has this one name.
pub(crate) fn is_plain(file: &File) -> Result<(), Error> {
    let stat = fstat(file).map_err(Error::io("look at a file"))?;
    match FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile && stat.st_nlink == 1 {
        true => Ok(()),
        false => Err(Error::NotPlain),
    }
}

/// Makes a directory for us alone and opens it; what was opened is checked to be ours.
pub(crate) fn create_folder(dir: BorrowedFd<'_>, name: &str) -> Result<OwnedFd, Error> {
    mkdirat(dir, name, Mode::RWXU).map_err(Error::io("make a directory"))?;
    let made = open_folder(dir, name)?;
    let stat = fstat(&made).map_err(Error::io("look at a directory"))?;
    match stat.st_uid == geteuid().as_raw() && stat.st_mode & 0o077 == 0 {
        true => Ok(made),
        false => Err(Error::NotPlain),
    }
}

pub(crate) fn open_folder(dir: BorrowedFd<'_>, name: impl rustix::path::Arg) -> Result<OwnedFd, Error> {
    openat2(dir, name, DIRECTORY, Mode::empty(), WITHIN).map_err(Error::io("open a directory"))
}

/// Opens a directory that was made before to those who may read what it holds.
pub(crate) fn open_to_readers(folder: impl AsFd, access: &Access) -> Result<(), Error> {
    fchown(&folder, access.owner, access.group).map_err(Error::io("give a directory to its owner"))?;
    fchmod(&folder, access.folder_mode()).map_err(Error::io("set a directory's mode"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    // Rule 114
    #[test]
    fn a_file_with_a_second_name_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("one");
        let made = File::create(&path).unwrap();
        is_plain(&made).unwrap();
        std::fs::hard_link(&path, dir.path().join("two")).unwrap();
        assert!(matches!(is_plain(&made), Err(Error::NotPlain)));
        assert!(matches!(is_plain(&File::open(dir.path()).unwrap()), Err(Error::NotPlain)));
        assert!(matches!(is_plain(&File::open("/dev/null").unwrap()), Err(Error::NotPlain)));
    }

    // Rule 114
    #[test]
    fn a_file_that_is_there_is_never_written_to() {
        let dir = tempfile::tempdir().unwrap();
        let folder = File::open(dir.path()).unwrap();
        std::fs::write(dir.path().join("old"), "untouched").unwrap();
        std::os::unix::fs::symlink("old", dir.path().join("link")).unwrap();
        std::os::unix::fs::symlink("nothing", dir.path().join("dangling")).unwrap();
        for name in ["old", "link", "dangling", "../escape", "/tmp/escape"] {
            assert!(create(folder.as_fd(), name).is_err(), "{name}");
        }
        assert_eq!(std::fs::read_to_string(dir.path().join("old")).unwrap(), "untouched");
        assert!(!dir.path().join("nothing").exists());
        fill(&create(folder.as_fd(), "new").unwrap(), b"new", &Access::default()).unwrap();
        assert_eq!(std::fs::read_to_string(dir.path().join("new")).unwrap(), "new");
    }

    // Rule 114
    #[test]
    fn a_file_that_somebody_linked_stays_closed_and_empty() {
        let dir = tempfile::tempdir().unwrap();
        let folder = File::open(dir.path()).unwrap();
        let file = create(folder.as_fd(), "new").unwrap();
        std::fs::hard_link(dir.path().join("new"), dir.path().join("kept")).unwrap();
        let access = Access::parse(None, None, "0444").unwrap();
        assert!(matches!(fill(&file, b"secret", &access), Err(Error::NotPlain)));
        let kept = std::fs::metadata(dir.path().join("kept")).unwrap();
        assert_eq!((kept.mode() & 0o777, kept.len()), (0o600, 0));
    }
}
