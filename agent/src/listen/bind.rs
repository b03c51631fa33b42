//! Sockets to listen on.

use std::path::{Path, PathBuf};

use strongroom_inject::Access;
use tokio::net::{TcpListener, UnixListener};
use tokio_rustls::TlsAcceptor;

use super::tls;
use crate::{
    Error,
    config::{Address, Listener},
};

pub(super) enum Socket {
    Tcp(TcpListener, Option<TlsAcceptor>),
    Unix(UnixListener, SocketFile),
}

/// A socket's name in the file system, removed when dropped.
pub(crate) struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

pub(super) fn name(listener: &Listener) -> String {
    match &listener.address {
        Address::Tcp { address, .. } => address.clone(),
        Address::Unix { path, .. } => path.display().to_string(),
    }
}

pub(super) async fn bind(listener: &Listener) -> Result<Socket, Error> {
    match &listener.address {
        Address::Tcp { address, tls } => {
            let acceptor = tls.as_ref().map(|(cert, key)| tls::acceptor(cert, key)).transpose()?;
            let socket = TcpListener::bind(address)
                .await
                .map_err(|why| Error::Listener { address: address.clone(), why: why.to_string() })?;
            Ok(Socket::Tcp(socket, acceptor))
        }
        Address::Unix { path, mode, owner, group } => {
            let (socket, file) = unix(path, owner.as_deref(), group.as_deref(), *mode)?;
            Ok(Socket::Unix(socket, file))
        }
    }
}

/// A socket that only those may reach who are meant to, from its first moment.
pub(crate) fn unix(
    path: &Path,
    owner: Option<&str>,
    group: Option<&str>,
    mode: u32,
) -> Result<(UnixListener, SocketFile), Error> {
    let failed = |why: String| Error::Listener { address: path.display().to_string(), why };
    let (owner, group) = Access::ids(owner, group).map_err(|it| failed(it.to_string()))?;
    if let Some(parent) = path.parent().filter(|it| !it.as_os_str().is_empty()) {
        std::fs::create_dir_all(parent).map_err(|it| failed(it.to_string()))?;
    }
    // Left by an agent that was killed. Whoever listens there still is not disturbed.
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        return Err(failed("somebody listens there already".to_owned()));
    }
    if std::fs::symlink_metadata(path)
        .is_ok_and(|it| std::os::unix::fs::FileTypeExt::is_socket(&it.file_type()))
    {
        let _ = std::fs::remove_file(path);
    }
    // Nobody connects to a socket that is still called something else.
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    let _ = std::fs::remove_file(&fresh);
    let listener = UnixListener::bind(&fresh).map_err(|it| failed(it.to_string()))?;
    let opened = std::os::unix::fs::lchown(&fresh, owner, group)
        .and_then(|()| std::fs::set_permissions(&fresh, std::os::unix::fs::PermissionsExt::from_mode(mode)))
        .and_then(|()| std::fs::rename(&fresh, path));
    if let Err(error) = opened {
        let _ = std::fs::remove_file(&fresh);
        return Err(failed(error.to_string()));
    }
    Ok((listener, SocketFile(path.to_owned())))
}
