//! A view of the file system of one's own.

use std::{fs, io};

use rustix::{
    io::Errno,
    mount::{MountPropagationFlags, mount_change},
    process::{getegid, geteuid},
    thread::{UnshareFlags, unshare_unsafe},
};

/// Moves this process into a mount namespace of its own: what it mounts from here on is seen by itself and by
/// its children, and is gone when the last of them ends. What others mount is still seen.
///
/// Who may not do that does it in a user namespace that knows no user but the caller. To be called before
/// there are threads, and before the process is made undumpable: its own `/proc` must be its own.
///
/// # Errors
///
/// Neither is allowed here.
pub fn enter_mount_namespace() -> io::Result<()> {
    let (user, group) = (geteuid().as_raw(), getegid().as_raw());
    match unshare(UnshareFlags::NEWNS) {
        Ok(()) => {}
        Err(Errno::PERM) => {
            unshare(UnshareFlags::NEWUSER | UnshareFlags::NEWNS)?;
            // Without this the kernel takes no map of groups from a process without privileges.
            fs::write("/proc/self/setgroups", "deny")?;
            fs::write("/proc/self/uid_map", format!("{user} {user} 1"))?;
            fs::write("/proc/self/gid_map", format!("{group} {group} 1"))?;
        }
        Err(error) => return Err(error.into()),
    }
    Ok(mount_change("/", MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC)?)
}

fn unshare(flags: UnshareFlags) -> rustix::io::Result<()> {
    // SAFETY: the table of file descriptors stays shared; namespaces are no matter of memory.
    unsafe { unshare_unsafe(flags) }
}
