//! Stands in front of a program as if it were not there: passes signals on, stops and goes on with it, and
//! ends with its exit code. As PID 1 it also takes leave of whoever was orphaned.
//!
//! The program stays in our process group. So the terminal speaks to it directly, and job control works as
//! without us; what the kernel sends to the whole group must then not be passed on a second time.

use std::{io, process::Command};

use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, getpid, kill_process, wait};
use strongroom_process::{Delivered, Signals, is_in_our_group, leads_session, send_signal};

use crate::failure::Failure;

/// The program was not started: as shells have it.
const NOT_EXECUTABLE: u8 = 126;
const NOT_FOUND: u8 = 127;
const BY_SIGNAL: i32 = 128;

/// Starts the program and answers its exit code when it has ended.
pub(super) fn supervise(command: &mut Command, signals: &Signals) -> Result<u8, Failure> {
    let child = strongroom_process::with_no_signal_blocked(command).spawn().map_err(|error| {
        let code = if error.kind() == io::ErrorKind::NotFound { NOT_FOUND } else { NOT_EXECUTABLE };
        let program = command.get_program().to_string_lossy().into_owned();
        Failure::new(format!("cannot start {program}: {error}")).code(code)
    })?;
    let child = Pid::from_child(&child);
    loop {
        if let Some(code) = reap(child)? {
            return Ok(code);
        }
        let delivered = signals.next().map_err(|error| Failure::new(format!("signals: {error}")))?;
        if delivered.signal != Signal::CHILD.as_raw() && !has_it_already(child, delivered) {
            // It may have ended in between, which the next round finds.
            let _ = send_signal(child, delivered.signal);
        }
    }
}

/// The exit code of whoever a signal ended.
pub(super) fn code_of_signal(signal: i32) -> u8 {
    u8::try_from(BY_SIGNAL + signal).unwrap_or(u8::MAX)
}

/// Takes leave of all who have ended; answers the program's exit code if it is among them.
fn reap(child: Pid) -> Result<Option<u8>, Failure> {
    loop {
        match wait(WaitOptions::NOHANG | WaitOptions::UNTRACED) {
            Ok(None) => return Ok(None),
            Ok(Some((pid, status))) if pid == child => {
                if let Some(code) = code(status) {
                    return Ok(Some(code));
                }
                if let Some(signal) = status.stopping_signal() {
                    stop_like(signal);
                }
            }
            Ok(Some(_)) => {}
            Err(error) => return Err(Failure::new(format!("the program cannot be waited for: {error}"))),
        }
    }
}

fn code(status: WaitStatus) -> Option<u8> {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Some(u8::try_from(code).unwrap_or(u8::MAX)),
        (_, Some(signal)) => Some(code_of_signal(signal)),
        (None, None) => None,
    }
}

/// Stops with a program that the terminal stopped, so that the shell that waits for us notices. Whoever sends
/// SIGSTOP to the program alone wants it alone, and PID 1 cannot stop.
fn stop_like(signal: i32) {
    let by_terminal = [Signal::TSTP, Signal::TTIN, Signal::TTOU].iter().any(|it| it.as_raw() == signal);
    if by_terminal && getpid() != Pid::INIT {
        // If it fails the program waits for somebody who continues it, as it would without us.
        let _ = kill_process(getpid(), Signal::STOP);
    }
}

/// The terminal's signals reach a whole process group, and its end the leader of the session first.
fn has_it_already(child: Pid, delivered: Delivered) -> bool {
    let to_leader = delivered.signal == Signal::HUP.as_raw() || delivered.signal == Signal::CONT.as_raw();
    delivered.is_from_kernel && is_in_our_group(child) && !(to_leader && leads_session())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_a_signal_ended_has_its_number_above_128() {
        assert_eq!(code_of_signal(15), 143);
        assert_eq!(code_of_signal(64), 192);
    }
}
