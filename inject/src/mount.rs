//! A tmpfs that nobody else sees.

use std::{
    fs::DirBuilder,
    io,
    os::{fd::OwnedFd, unix::fs::DirBuilderExt as _},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{CWD, Mode, openat2},
    io::Errno,
    mount::{MountFlags, UnmountFlags, mount_remount, unmount},
};

use crate::{
    Error, Target, Tmpfs,
    swap::is_swap_there,
    target::{BENEATH, DIRECTORY},
};

/// Mounted in the process's mount namespace, which must be its own; unmounted when dropped.
#[derive(Debug)]
pub struct PrivateMount {
    path: PathBuf,
    /// What was mounted, wherever its path leads by now.
    pub(crate) tmpfs: Tmpfs,
    /// The directory was made for it.
    is_ours: bool,
}

impl PrivateMount {
    // Rule 112
    /// Mounts a tmpfs of `size` bytes over `at`, or over a new directory in the first of `bases` that we may
    /// write to.
    pub fn create(at: Option<&Path>, bases: &[PathBuf], size: u64) -> Result<Self, Error> {
        let (path, is_ours) = match at {
            Some(path) => (path.to_owned(), false),
            None => (make_directory(bases)?, true),
        };
        let tmpfs = Tmpfs::create("tmpfs", size);
        let mounted = tmpfs.and_then(|tmpfs| {
            tmpfs.attach(open(&path)?)?;
            Ok(tmpfs)
        });
        if let (Err(_), true) = (&mounted, is_ours) {
            let _ = std::fs::remove_dir(&path);
        }
        mounted.map(|tmpfs| Self { path, tmpfs, is_ours })
    }

    // Rule 113
    /// What was mounted itself, and not what its path leads to now.
    pub fn target(&self) -> Result<Target, Error> {
        self.tmpfs.target()
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the kernel may write it to the machine's swap: it cannot be told otherwise before Linux 6.4, nor
    /// by whoever has no privileges.
    pub fn may_be_swapped(&self) -> bool {
        self.tmpfs.is_swappable && is_swap_there()
    }

    /// Nothing is written there any more, by us or by the child.
    pub fn make_read_only(&self) -> Result<(), Error> {
        let flags = MountFlags::BIND
            | MountFlags::RDONLY
            | MountFlags::NOSUID
            | MountFlags::NODEV
            | MountFlags::NOEXEC;
        mount_remount(&self.path, flags, c"").map_err(Error::io("make the tmpfs read-only"))
    }
}

impl Drop for PrivateMount {
    fn drop(&mut self) {
        // If this fails it goes with the namespace, when the last process in it ends.
        let _ = unmount(&self.path, UnmountFlags::DETACH | UnmountFlags::NOFOLLOW);
        if self.is_ours {
            let _ = std::fs::remove_dir(&self.path);
        }
    }
}

/// The directory as it is opened, whatever its path leads to afterwards.
fn open(path: &Path) -> Result<OwnedFd, Error> {
    let root = rustix::fs::open("/", DIRECTORY, Mode::empty()).map_err(Error::io("open /"))?;
    let dir = match path.strip_prefix("/") {
        Ok(rest) => openat2(root, rest, DIRECTORY, Mode::empty(), BENEATH),
        Err(_) => openat2(CWD, path, DIRECTORY, Mode::empty(), BENEATH),
    };
    dir.map_err(|error| match error {
        Errno::LOOP => Error::Link,
        error => Error::io("open the directory to mount over")(error),
    })
}

fn make_directory(bases: &[PathBuf]) -> Result<PathBuf, Error> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    let name = format!("secret-run-{}", std::process::id());
    for base in bases {
        // Only where it is mounted may there be no link on the way; /tmp itself may be one.
        let made = base.canonicalize().map(|it| it.join(&name)).and_then(|path| {
            // Left by a process of the same number that was killed.
            let _ = std::fs::remove_dir(&path);
            DirBuilder::new().mode(0o700).create(&path).map(|()| path)
        });
        match made {
            Ok(path) => return Ok(path),
            Err(error) => last = error,
        }
    }
    Err(Error::io("make a directory to mount over")(last))
}
