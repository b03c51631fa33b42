//! Signals taken one at a time by a process that stands in front of another.
//!
//! They are blocked and waited for, not handled: nothing runs in a handler, none is lost between two states of
//! the program, and a process that is PID 1, whose unhandled signals the kernel drops, gets them all the same.

use std::{io, mem::MaybeUninit};

/// Faults of the process's own code: blocking them would make it loop.
const FAULTS: [i32; 7] =
    [libc::SIGABRT, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGSEGV, libc::SIGSYS, libc::SIGTRAP];

/// What comes of this process's own reading and writing, and is meant for it alone.
const OWN: [i32; 3] = [libc::SIGPIPE, libc::SIGTTIN, libc::SIGTTOU];

/// What asks a process to end.
const ENDS: [i32; 4] = [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGQUIT];

/// The signals of this process, which wait until they are taken.
pub struct Signals(libc::sigset_t);

/// One signal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Delivered {
    pub signal: i32,
    /// The kernel sent it and no process did: by the terminal, it reached the whole foreground group.
    pub is_from_kernel: bool,
}

impl Signals {
    /// Blocks all signals but faults and what comes of own output; one that was ignored stays ignored. To be called before there are
    /// threads. Threads and children inherit it: see [`crate::with_no_signal_blocked`].
    ///
    /// # Errors
    ///
    /// The kernel refuses, which it has no reason to.
    pub fn take() -> io::Result<Self> {
        let mut set = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: `set` has room for what `sigfillset` writes.
        if unsafe { libc::sigfillset(set.as_mut_ptr()) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: it has succeeded, so all of it is written.
        let mut set = unsafe { set.assume_init() };
        for signal in FAULTS.into_iter().chain(OWN) {
            // SAFETY: `set` is whole.
            unsafe { libc::sigdelset(&raw mut set, signal) };
        }
        // If whoever started us ignores the end of children, the kernel would reap ours before we ask for it.
        // SAFETY: the default action runs no code of ours.
        if unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) } == libc::SIG_ERR {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: reads `set`, which is whole.
        match unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) } {
            0 => Ok(Self(set)),
            error => Err(io::Error::from_raw_os_error(error)),
        }
    }

    /// Waits for the next one.
    ///
    /// # Errors
    ///
    /// The kernel refuses, which it has no reason to.
    pub fn next(&self) -> io::Result<Delivered> {
        loop {
            let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
            // SAFETY: the set is whole, and `info` has room for what is written.
            let signal = unsafe { libc::sigwaitinfo(&raw const self.0, info.as_mut_ptr()) };
            if signal > 0 {
                // SAFETY: it has succeeded, so all of it is written.
                let info = unsafe { info.assume_init() };
                return Ok(Delivered { signal, is_from_kernel: info.si_code == libc::SI_KERNEL });
            }
            let error = io::Error::last_os_error();
            // Stopped and continued in between.
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
    }

    /// A signal that asks this process to end and waits to be taken. It goes on waiting.
    #[must_use]
    pub fn pending_end(&self) -> Option<i32> {
        let mut pending = MaybeUninit::<libc::sigset_t>::zeroed();
        // SAFETY: `pending` has room for what `sigpending` writes.
        if unsafe { libc::sigpending(pending.as_mut_ptr()) } != 0 {
            return None;
        }
        // SAFETY: it has succeeded, so all of it is written.
        let pending = unsafe { pending.assume_init() };
        // SAFETY: `pending` is whole.
        ENDS.into_iter().find(|signal| unsafe { libc::sigismember(&raw const pending, *signal) } == 1)
    }
}

/// Sends `signal`, real-time ones included, to the process `pid`.
///
/// # Errors
///
/// There is no such process, or it is not ours.
pub fn send_signal(pid: rustix::process::Pid, signal: i32) -> io::Result<()> {
    // SAFETY: sends a signal, and touches no memory. A `Pid` is positive: one process is meant.
    match unsafe { libc::kill(pid.as_raw_nonzero().get(), signal) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Whether the process `pid` is in our process group, so that the terminal speaks to both of us.
#[must_use]
pub fn is_in_our_group(pid: rustix::process::Pid) -> bool {
    // A group whose number is unknown in this PID namespace is 0 here, which no `Pid` can hold.
    // SAFETY: asks for numbers, and touches no memory.
    unsafe { libc::getpgid(pid.as_raw_nonzero().get()) == libc::getpgrp() }
}

/// Whether we lead our session: the end of its terminal is told to us and not to our children.
#[must_use]
pub fn leads_session() -> bool {
    // SAFETY: as above.
    unsafe { libc::getsid(0) == libc::getpid() }
}
