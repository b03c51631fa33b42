//! Secrets and the swap device: what is locked in memory is never written there.
//!
//! Keys lie in pages of their own, which any user may lock. With root's `CAP_IPC_LOCK`, or without a limit on
//! locked memory, the whole process is locked: then the values that requests carry are not swapped either. Pages
//! are locked when they are first touched, so that it costs no memory that is not used.

use std::io;

use rustix::{
    mm::{MlockAllFlags, mlockall},
    process::{Resource, Rlimit, getrlimit, setrlimit},
    thread::{CapabilitySet, capabilities},
};

use crate::locked::lock_keys;

/// Whether the operator accepts that secrets may be swapped (`disable_mlock`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Waived {
    No,
    Yes,
}

/// What is locked.
#[derive(Debug)]
pub enum MemoryLock {
    /// The whole process, now and later.
    Everything,
    /// Keys; the values that requests carry may be swapped.
    Keys,
    /// Nothing, and why.
    Nothing(io::Error),
}

/// Keys may be written to the swap device, and nobody has said that this is accepted.
#[derive(Debug)]
pub struct Swappable(pub io::Error);

/// Locks what can be locked. The second value is the capability that must be kept for it to stay so.
pub(crate) fn lock(waived: Waived) -> (MemoryLock, CapabilitySet) {
    let nothing = CapabilitySet::empty();
    if let Err(error) = lock_keys() {
        return (MemoryLock::Nothing(error), nothing);
    }
    if waived == Waived::Yes {
        return (MemoryLock::Keys, nothing);
    }
    // Without a limit no capability is needed later.
    let unlimited = Rlimit { current: None, maximum: None };
    let is_unlimited =
        setrlimit(Resource::Memlock, unlimited).is_ok() || getrlimit(Resource::Memlock).current.is_none();
    let may_lock = capabilities(None).is_ok_and(|it| it.effective.contains(CapabilitySet::IPC_LOCK));
    // Under a limit that counts, the lock would make later allocations fail.
    if !is_unlimited && !may_lock {
        return (MemoryLock::Keys, nothing);
    }
    match mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT) {
        Ok(()) if is_unlimited => (MemoryLock::Everything, nothing),
        Ok(()) => (MemoryLock::Everything, CapabilitySet::IPC_LOCK),
        Err(_) => (MemoryLock::Keys, nothing),
    }
}

// Rule 27
/// Whether a server may run with what is locked: a line for the log if something is to be said of it.
pub(crate) fn verdict(
    lock: MemoryLock,
    swaps: bool,
    waived: Waived,
) -> Result<Option<&'static str>, Swappable> {
    match (lock, waived) {
        _ if !swaps => Ok(None),
        (MemoryLock::Everything, _) => Ok(None),
        (MemoryLock::Nothing(error), Waived::No) => Err(Swappable(error)),
        (_, Waived::Yes) => {
            Ok(Some("disable_mlock is set and this machine swaps: secrets may be written to the swap device"))
        }
        (MemoryLock::Keys, Waived::No) => Ok(Some(
            "keys are locked in memory, but values under way may be swapped: with CAP_IPC_LOCK, or without a \
             limit on locked memory, they are not",
        )),
    }
}

/// Whether the machine has swap devices. Who cannot tell has some.
pub(crate) fn machine_swaps() -> bool {
    std::fs::read_to_string("/proc/swaps").map_or(true, |it| lists_devices(&it))
}

/// A line of titles, then one for each device.
fn lists_devices(swaps: &str) -> bool {
    swaps.lines().skip(1).any(|it| !it.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_titles_is_no_swap() {
        let titles = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";
        assert!(!lists_devices(titles));
        assert!(lists_devices(&format!("{titles}/dev/sda2 partition\t1000\t0\t-2\n")));
    }

    // Rule 27
    #[test]
    fn keys_that_may_be_swapped_need_somebody_who_says_so() {
        let nothing = || MemoryLock::Nothing(io::Error::from_raw_os_error(libc::ENOMEM));
        let said = |lock, swaps, waived| verdict(lock, swaps, waived).map(|it| it.is_some());
        assert!(said(nothing(), true, Waived::No).is_err());
        assert!(said(nothing(), true, Waived::Yes).unwrap());
        assert!(!said(nothing(), false, Waived::No).unwrap());
        assert!(said(MemoryLock::Keys, true, Waived::No).unwrap());
        assert!(said(MemoryLock::Keys, true, Waived::Yes).unwrap());
        assert!(!said(MemoryLock::Keys, false, Waived::No).unwrap());
        assert!(!said(MemoryLock::Everything, true, Waived::No).unwrap());
    }
}
