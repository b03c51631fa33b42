//! systemd is told that a service of type `notify` is ready, so that what needs its files starts after it.

use std::{
    io,
    os::{
        linux::net::SocketAddrExt as _,
        unix::{
            ffi::OsStrExt as _,
            net::{SocketAddr, UnixDatagram},
        },
    },
};

use crate::env;

/// Sends a state (sd_notify(3)); does nothing where nobody listens.
pub(crate) fn notify(state: &str) -> io::Result<()> {
    let Some(path) = env::notify_socket() else { return Ok(()) };
    let address = match path.as_os_str().as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(&path)?,
    };
    UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &address).map(drop)
}
