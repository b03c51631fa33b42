//! A tmpfs that is mounted nowhere yet.

use std::os::fd::{AsFd, OwnedFd};

use rustix::{
    fs::{Mode, fchmod, fchown, openat2},
    io::Errno,
    mount::{
        FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, fsconfig_create, fsconfig_set_flag,
        fsconfig_set_string, fsmount, fsopen, move_mount,
    },
};

use crate::{
    Access, Error, Files, Target,
    swap::is_swap_there,
    target::{DIRECTORY, WITHIN},
};

/// Until it is attached only its maker reaches it, and it goes when this is dropped: so it can be filled before anybody
/// sees it.
#[derive(Debug)]
pub struct Tmpfs {
    root: OwnedFd,
    pub(crate) is_swappable: bool,
}

impl Tmpfs {
    // Rule 112
    /// Of `size` bytes, ours alone, without swap where the kernel can do that. `source` is what the table of mounts
    /// calls it.
    pub fn create(source: &str, size: u64) -> Result<Self, Error> {
        let (root, is_swappable) = match make(source, size, true) {
            Err(Errno::INVAL) => (make(source, size, false), true),
            made => (made, false),
        };
        root.map(|root| Self { root, is_swappable }).map_err(Error::io("mount a tmpfs"))
    }

    pub fn target(&self) -> Result<Target, Error> {
        openat2(&self.root, ".", DIRECTORY, Mode::empty(), WITHIN).map(Target).map_err(Error::open)
    }

    /// Opens its root, until now ours alone, to those who may read `files`. It stays ours to write to.
    pub fn open_to_readers(&self, files: &Files, access: &Access) -> Result<(), Error> {
        let access = files.widest(access);
        let root = self.target()?;
        fchown(&root, None, access.group).map_err(Error::io("give a directory to its group"))?;
        fchmod(&root, access.generation_mode()).map_err(Error::io("set a directory's mode"))
    }

    // Rule 113
    /// Mounts it over a directory that was opened, whatever that is called by now.
    pub fn attach(&self, over: impl AsFd) -> Result<(), Error> {
        let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
        move_mount(&self.root, c"", over, c"", flags).map_err(Error::io("mount a tmpfs"))
    }

    /// Whether the kernel may write it to the machine's swap.
    pub fn may_be_swapped(&self) -> bool {
        self.is_swappable && is_swap_there()
    }
}

fn make(source: &str, size: u64, is_swap_forbidden: bool) -> rustix::io::Result<OwnedFd> {
    let context = fsopen(c"tmpfs", FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_set_string(&context, c"source", source)?;
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
