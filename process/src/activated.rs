//! A socket that systemd has opened for us (sd_listen_fds(3)).

use std::{
    io,
    os::{
        fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
        unix::net::UnixListener,
    },
};

use rustix::net::{
    AddressFamily, SocketType,
    sockopt::{socket_acceptconn, socket_domain, socket_type},
};

/// The first descriptor that is handed over.
const FIRST: i32 = 3;

/// The one Unix stream socket that listens for us; nothing if none was handed over to this process. What was handed
/// over is taken once: the variables that say so are removed.
#[allow(clippy::disallowed_methods, reason = "these variables are this module's alone")]
pub fn activated_listener() -> io::Result<Option<UnixListener>> {
    let number = |name| std::env::var(name).ok().and_then(|it| it.parse::<u32>().ok());
    let (pid, count) = (number("LISTEN_PID"), number("LISTEN_FDS"));
    for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] {
        crate::remove_variable(name);
    }
    if pid != Some(std::process::id()) || count.unwrap_or_default() == 0 {
        return Ok(None);
    }
    if count != Some(1) {
        return Err(io::Error::other("systemd has handed over more than one socket"));
    }
    // SAFETY: systemd has opened this descriptor for the process whose id it names, which is ours, and whoever calls
    // this again finds no variables and gets nothing.
    let socket = unsafe { OwnedFd::from_raw_fd(FIRST) };
    debug_assert_eq!(socket.as_raw_fd(), FIRST);
    let is_ours = socket_domain(&socket)? == AddressFamily::UNIX
        && socket_type(&socket)? == SocketType::STREAM
        && socket_acceptconn(&socket)?;
    if !is_ours {
        return Err(io::Error::other("systemd has handed over something else than a Unix stream socket"));
    }
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    Ok(Some(UnixListener::from(socket)))
}
