//! The directory that files are written into.

use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::Path,
};

use rustix::{
    fs::{CWD, FlockOperation, Mode, OFlags, ResolveFlags, flock, fstat, fstatfs, openat2},
    io::Errno,
};

use super::Error;

/// `TMPFS_MAGIC` and `RAMFS_MAGIC` of Linux's magic.h.
const IN_MEMORY: [u64; 2] = [0x0102_1994, 0x8584_58f6];

/// A path is followed through no symbolic link and never upwards out of where it began.
pub(super) const BENEATH: ResolveFlags =
    ResolveFlags::BENEATH.union(ResolveFlags::NO_SYMLINKS).union(ResolveFlags::NO_MAGICLINKS);

/// Below the target no other file system is entered either.
pub(super) const WITHIN: ResolveFlags = BENEATH.union(ResolveFlags::NO_XDEV);

/// With one of the above, links are refused whatever these flags say.
pub(super) const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// A directory in memory, opened. What it is called now does not matter any more.
#[derive(Debug)]
pub(crate) struct Target(OwnedFd);

impl Target {
    // Rules 112, 113
    /// Opens `path` and checks that what was opened lies in memory.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let opened = match path.strip_prefix("/") {
            Ok(rest) => {
                let root = rustix::fs::open("/", DIRECTORY, Mode::empty()).map_err(Error::io("open /"))?;
                let rest = if rest.as_os_str().is_empty() { Path::new(".") } else { rest };
                openat2(root, rest, DIRECTORY, Mode::empty(), BENEATH)
            }
            Err(_) => openat2(CWD, path, DIRECTORY, Mode::empty(), BENEATH),
        };
        Self::check(opened.map_err(|error| match error {
            Errno::LOOP => Error::Link,
            error => Error::io("open it")(error),
        })?)
    }

    fn check(dir: OwnedFd) -> Result<Self, Error> {
        let system = fstatfs(&dir).map_err(Error::io("look at it"))?;
        if !IN_MEMORY.iter().any(|it| u64::try_from(system.f_type) == Ok(*it)) {
            return Err(Error::NotInMemory);
        }
        Ok(Self(dir))
    }

    /// Whether everybody may replace what is written there: nobody can be kept from it, so it is not refused (an
    /// `emptyDir` of Kubernetes is that way), but its owner should know.
    pub(crate) fn is_open_to_all(&self) -> bool {
        // Where everybody may make files but remove only their own, a name may be taken but never replaced.
        fstat(&self.0).is_ok_and(|it| it.st_mode & 0o002 != 0 && it.st_mode & 0o1000 == 0)
    }

    /// Keeps others like us out for as long as the answer lives, and after a crash no longer than that.
    pub(super) fn lock(&self) -> Result<OwnedFd, Error> {
        // Opened anew, because a lock belongs to what was opened, and a copy of the descriptor would share it.
        let own = openat2(&self.0, ".", DIRECTORY, Mode::empty(), WITHIN).map_err(Error::io("open it"))?;
        match flock(&own, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(own),
            Err(Errno::WOULDBLOCK) => Err(Error::Busy),
            Err(error) => Err(Error::io("lock it")(error)),
        }
    }
}

impl AsFd for Target {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
