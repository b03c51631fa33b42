//! Whether memory may end on a disk after all.

use std::fs;

use rustix::fs::{fstat, fstatfs, major, minor};

use crate::{Error, Target, target::RAMFS};

impl Target {
    // Rule 112
    /// Whether the kernel may write what lies there to the machine's swap: on a tmpfs that was not mounted with
    /// `noswap` (Linux 6.4), where there is swap. What cannot be found out counts as yes.
    pub fn may_be_swapped(&self) -> Result<bool, Error> {
        let kind = fstatfs(self).map_err(Error::io("look at it"))?.f_type;
        if u64::try_from(kind) == Ok(RAMFS) {
            return Ok(false);
        }
        let device = fstat(self).map_err(Error::io("look at it"))?.st_dev;
        let device = format!("{}:{}", major(device), minor(device));
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        Ok(!is_mounted_noswap(&mounts, &device) && is_swap_there())
    }
}

/// Whether the machine has swap. Who cannot look must assume that it has.
pub(crate) fn is_swap_there() -> bool {
    fs::read_to_string("/proc/swaps").map_or(true, |it| has_swap(&it))
}

/// The first line is a heading.
fn has_swap(swaps: &str) -> bool {
    swaps.lines().skip(1).any(|it| !it.trim().is_empty())
}

/// By lines as proc_pid_mountinfo(5) has them: the device is the third field, and the file system's own options are
/// the last. They are the same wherever it is mounted.
fn is_mounted_noswap(mounts: &str, device: &str) -> bool {
    mounts.lines().any(|line| {
        let is_it = line.split(' ').nth(2) == Some(device);
        let options = line.rsplit_once(" - ").and_then(|(_, it)| it.rsplit(' ').next()).unwrap_or_default();
        is_it && options.split(',').any(|it| it == "noswap")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // Rule 112
    #[test]
    fn a_tmpfs_is_swapped_unless_it_says_otherwise() {
        let mounts = "22 28 0:21 / /dev/shm rw,nosuid - tmpfs tmpfs rw,size=64k\n\
            23 28 0:22 / /run/a\\040-\\040b rw,noswap shared:5 - tmpfs noswap rw,size=64k\n\
            24 28 0:23 / /run/c rw,nosuid master:1 - tmpfs tmpfs rw,size=64k,noswap,inode64\n";
        for (device, expected) in
            [("0:21", false), ("0:22", false), ("0:23", true), ("0:2", false), ("0:24", false)]
        {
            assert_eq!(is_mounted_noswap(mounts, device), expected, "{device}");
        }
        assert!(!has_swap("Filename\t\t\tType\t\tSize\n"));
        assert!(has_swap("Filename\t\t\tType\t\tSize\n/dev/zram0 partition 1 0 100\n"));
    }
}
