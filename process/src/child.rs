//! What a child gets from its parent, and what it does not.

use std::{io, mem::MaybeUninit, os::unix::process::CommandExt as _, process::Command};

use rustix::process::{Signal, getppid, set_parent_process_death_signal};

// Rule 117
/// Makes every file but the standard three be closed when a program is started, whoever opened it and whoever
/// handed it down to us.
///
/// # Errors
///
/// The kernel is older than 5.11.
pub fn close_files_on_exec() -> io::Result<()> {
    const FIRST: libc::c_uint = 3;
    // SAFETY: sets a flag of descriptors; none is closed before the process becomes another program.
    let outcome =
        unsafe { libc::syscall(libc::SYS_close_range, FIRST, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Has the child killed when the thread that starts it ends: for a helper that nothing else would end.
pub fn end_with_parent(command: &mut Command) -> &mut Command {
    let parent = rustix::process::getpid();
    let tie = move || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // The parent may have ended before it was asked for.
        if getppid() == Some(parent) { Ok(()) } else { Err(io::ErrorKind::NotFound.into()) }
    };
    // SAFETY: between fork and exec it makes two system calls, and allocates nothing.
    unsafe { command.pre_exec(tie) }
}

/// Has the child begin with no signal blocked, whatever is blocked here: otherwise it inherits that.
pub fn with_no_signal_blocked(command: &mut Command) -> &mut Command {
    let unblock = || {
        let mut none = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: `none` has room for what `sigemptyset` writes, and is read only after that.
        let error = unsafe {
            libc::sigemptyset(none.as_mut_ptr());
            libc::pthread_sigmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut())
        };
        if error == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(error)) }
    };
    // SAFETY: both calls are safe between fork and exec, and nothing is allocated.
    unsafe { command.pre_exec(unblock) }
}
