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
    mount::{
        FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags, MoveMountFlags, UnmountFlags, fsconfig_create,
        fsconfig_set_flag, fsconfig_set_string, fsmount, fsopen, mount_remount, move_mount, unmount,
    },
};

use crate::{
    Error, Target,
    swap::is_swap_there,
    target::{BENEATH, DIRECTORY, WITHIN},
};

/// Mounted in the process's mount namespace, which must be its own; unmounted when dropped.
#[derive(Debug)]
pub struct PrivateMount {
    path: PathBuf,
    /// What was mounted, wherever its path leads by now.
    root: OwnedFd,
    /// The directory was made for it.
    is_ours: bool,
    pub(crate) is_swappable: bool,
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
        let (tmpfs, is_swappable) = match tmpfs(size, true) {
            Err(Errno::INVAL) => (tmpfs(size, false), true),
            mounted => (mounted, false),
        };
        let mounted = tmpfs.map_err(Error::io("mount a tmpfs"));
        let mounted = mounted.and_then(|tmpfs| attach(&tmpfs, &path).map(|()| tmpfs));
        if let (Err(_), true) = (&mounted, is_ours) {
            let _ = std::fs::remove_dir(&path);
        }
        mounted.map(|root| Self { path, root, is_ours, is_swappable })
    }

    // Rule 113
    /// What was mounted itself, and not what its path leads to now.
    pub fn target(&self) -> Result<Target, Error> {
        openat2(&self.root, ".", DIRECTORY, Mode::empty(), WITHIN).map(Target).map_err(Error::open)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the kernel may write it to the machine's swap: it cannot be told otherwise before Linux 6.4, nor
    /// by whoever has no privileges.
    pub fn may_be_swapped(&self) -> bool {
        self.is_swappable && is_swap_there()
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

fn tmpfs(size: u64, is_swap_forbidden: bool) -> rustix::io::Result<OwnedFd> {
    let context = fsopen(c"tmpfs", FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_set_string(&context, c"size", size.to_string())?;
    fsconfig_set_string(&context, c"mode", c"0700")?;
    if is_swap_forbidden {
        fsconfig_set_flag(&context, c"noswap")?;
    }
    fsconfig_create(&context)?;
    let attributes = MountAttrFlags::MOUNT_ATTR_NOSUID
        | MountAttrFlags::MOUNT_ATTR_NODEV
        | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, attributes)
}

/// Over the directory as it was opened, whatever its path leads to now.
fn attach(tmpfs: &OwnedFd, path: &Path) -> Result<(), Error> {
    let root = rustix::fs::open("/", DIRECTORY, Mode::empty()).map_err(Error::io("open /"))?;
    let dir = match path.strip_prefix("/") {
        Ok(rest) => openat2(root, rest, DIRECTORY, Mode::empty(), BENEATH),
        Err(_) => openat2(CWD, path, DIRECTORY, Mode::empty(), BENEATH),
    };
    let dir = dir.map_err(|error| match error {
        Errno::LOOP => Error::Link,
        error => Error::io("open the directory to mount over")(error),
    })?;
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    move_mount(tmpfs, c"", dir, c"", flags).map_err(Error::io("mount a tmpfs"))
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
