//! The directory that files are written into.

use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{CWD, Mode, OFlags, ResolveFlags, fstat, fstatfs, openat2},
    io::Errno,
};

use crate::Error;

/// `TMPFS_MAGIC` and `RAMFS_MAGIC` of Linux's magic.h.
const TMPFS: u64 = 0x0102_1994;
pub(crate) const RAMFS: u64 = 0x8584_58f6;

/// A path is followed through no symbolic link and never upwards out of where it began.
pub(crate) const BENEATH: ResolveFlags =
    ResolveFlags::BENEATH.union(ResolveFlags::NO_SYMLINKS).union(ResolveFlags::NO_MAGICLINKS);

/// Below the target no other file system is entered either.
pub(crate) const WITHIN: ResolveFlags = BENEATH.union(ResolveFlags::NO_XDEV);

/// With one of the above, links are refused whatever these flags say.
pub(crate) const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// A directory in memory, opened. What it is called now does not matter any more.
#[derive(Debug)]
pub struct Target(pub(crate) OwnedFd);

impl Target {
    // Rules 112, 113
    /// Opens `path` and checks that what was opened lies in memory.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let opened = directory(path).map_err(Error::open)?;
        Self::check(opened.as_fd())?;
        Ok(Self(opened))
    }

    // Rule 112
    /// A directory that somebody has opened, for reading, and looked at.
    pub fn of(opened: OwnedFd) -> Result<Self, Error> {
        Self::check(opened.as_fd())?;
        Ok(Self(opened))
    }

    /// Whether an opened directory lies in memory.
    pub(crate) fn check(dir: BorrowedFd<'_>) -> Result<(), Error> {
        let system = fstatfs(dir).map_err(Error::io("look at it"))?;
        match u64::try_from(system.f_type) {
            Ok(TMPFS | RAMFS) => Ok(()),
            _ => Err(Error::NotInMemory),
        }
    }

    /// Whether everybody may replace what is written there: nobody can be kept from it, so it is not refused (an
    /// `emptyDir` of Kubernetes is that way), but its owner should know.
    pub fn is_open_to_all(&self) -> bool {
        // Where everybody may make files but remove only their own, a name may be taken but never replaced.
        fstat(&self.0).is_ok_and(|it| it.st_mode & 0o002 != 0 && it.st_mode & 0o1000 == 0)
    }
}

/// Opens a directory through no symbolic link.
pub(crate) fn directory(path: &Path) -> Result<OwnedFd, Errno> {
    let here =
        |path: &'_ Path| if path.as_os_str().is_empty() { PathBuf::from(".") } else { path.to_owned() };
    match path.strip_prefix("/") {
        Ok(rest) => {
            let root = rustix::fs::open("/", DIRECTORY, Mode::empty())?;
            openat2(root, here(rest), DIRECTORY, Mode::empty(), BENEATH)
        }
        Err(_) => openat2(CWD, here(path), DIRECTORY, Mode::empty(), BENEATH),
    }
}

/// Opens a file below a directory for reading. What lies outside of it is not reached, by no link and no `..`.
pub fn open_below(directory: &Path, path: &Path) -> rustix::io::Result<std::fs::File> {
    let root = rustix::fs::open(directory, DIRECTORY, Mode::empty())?;
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH.union(ResolveFlags::NO_MAGICLINKS);
    openat2(root, path, flags, Mode::empty(), resolve).map(std::fs::File::from)
}

impl AsFd for Target {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
