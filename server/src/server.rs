//! A server: a core, what it listens on, and how it ends.

use std::{
    future::Future,
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use strongroom_core::Core;
use tokio::{
    net::{TcpListener, UnixListener, lookup_host},
    sync::watch,
};

use crate::{
    config::{Address, Listener},
    connections::{Caps, Connections},
    early::EarlySockets,
    error::ServerError,
    http::{App, Hosts},
    serve::{Endpoint, Socket},
    tls::Certificates,
};

/// Requests under way when the server is told to end have so long.
const DRAIN: Duration = Duration::from_secs(10);

/// A core and its open sockets: nothing is answered until [`Server::run`].
pub struct Server {
    core: Arc<Core>,
    endpoints: Vec<Endpoint>,
    addresses: Vec<String>,
    local: Option<SocketAddr>,
    connections: Arc<Connections>,
    certificates: Vec<Arc<Certificates>>,
    sockets: Vec<PathBuf>,
    hosts: Hosts,
    early: EarlySockets,
}

impl Server {
    pub fn new(core: Arc<Core>) -> Self {
        Self::with_caps(core, Caps::default())
    }

    pub fn with_caps(core: Arc<Core>, caps: Caps) -> Self {
        Self {
            core,
            endpoints: Vec::new(),
            addresses: Vec::new(),
            local: None,
            connections: Connections::new(caps),
            certificates: Vec::new(),
            sockets: Vec::new(),
            hosts: Hosts::default(),
            early: EarlySockets::default(),
        }
    }

    /// Names that pages in a browser may call the listeners which follow.
    #[must_use]
    pub fn with_hosts(self, hosts: Hosts) -> Self {
        Self { hosts, ..self }
    }

    /// Sockets for the listeners which follow, where they name the same address.
    #[must_use]
    pub fn with_early_sockets(self, early: EarlySockets) -> Self {
        Self { early, ..self }
    }

    /// Opens what a stanza names.
    ///
    /// # Errors
    ///
    /// The address cannot be bound, or the certificate not be used.
    pub async fn listen(&mut self, listener: Listener) -> Result<(), ServerError> {
        let Listener { address, limits, forwarded } = listener;
        let app = Arc::new(App { core: self.core.clone(), limits, forwarded, hosts: self.hosts.clone() });
        match address {
            Address::Tcp { address, tls } => {
                let certificates = match tls {
                    Some(tls) => Some(Certificates::load(tls)?),
                    None => None,
                };
                let resolved = lookup_host(&address).await.ok().and_then(|mut it| it.next());
                let resolved = resolved.ok_or_else(|| ServerError::NoAddress(address.clone()))?;
                let bound = match self.early.take(resolved) {
                    Some(socket) => TcpListener::from_std(socket),
                    None => TcpListener::bind(resolved).await,
                };
                let bound = bound.map_err(|source| ServerError::Bind { address, source })?;
                self.add_tcp(bound, certificates, app)
            }
            Address::Unix { path, mode } => self.add_unix(&path, mode, app),
        }
    }

    fn add_tcp(
        &mut self,
        listener: TcpListener,
        certificates: Option<Arc<Certificates>>,
        app: Arc<App>,
    ) -> Result<(), ServerError> {
        let address = listener.local_addr()?;
        let scheme = if certificates.is_some() { "https" } else { "http" };
        self.addresses.push(format!("{scheme}://{address}"));
        self.local = self.local.or(Some(address));
        let tls = match &certificates {
            Some(it) => Some(it.acceptor()?),
            None => None,
        };
        self.certificates.extend(certificates);
        let socket = Socket::Tcp(listener);
        self.endpoints.push(Endpoint { socket, tls, app, connections: self.connections.clone() });
        Ok(())
    }

    fn add_unix(&mut self, path: &Path, mode: u32, app: Arc<App>) -> Result<(), ServerError> {
        let failed = |source| ServerError::Bind { address: path.display().to_string(), source };
        // What a server left behind that did not end well; one that answers is not in the way by accident.
        if std::os::unix::net::UnixStream::connect(path).is_ok() {
            return Err(failed(std::io::ErrorKind::AddrInUse.into()));
        }
        let is_socket = |it: std::fs::Metadata| std::os::unix::fs::FileTypeExt::is_socket(&it.file_type());
        if std::fs::symlink_metadata(path).is_ok_and(is_socket) {
            std::fs::remove_file(path).map_err(failed)?;
        }
        let listener = UnixListener::bind(path).map_err(failed)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).map_err(failed)?;
        self.addresses.push(format!("unix://{}", path.display()));
        self.sockets.push(path.to_owned());
        let socket = Socket::Unix(listener);
        self.endpoints.push(Endpoint { socket, tls: None, app, connections: self.connections.clone() });
        Ok(())
    }

    pub fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// As URLs, in the order of the configuration.
    pub fn addresses(&self) -> &[String] {
        &self.addresses
    }

    /// The first TCP address: where port 0 went.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.local
    }

    /// What SIGHUP reaches.
    pub fn reloader(&self) -> Reloader {
        Reloader { certificates: self.certificates.clone(), core: self.core.clone() }
    }

    /// Serves until `shutdown` ends; then stops accepting, waits for what is under way, seals, and closes the
    /// storage.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), ServerError> {
        let (drain, drained) = watch::channel(false);
        let connections = self.connections.clone();
        let sweeping = tokio::spawn(async move { connections.sweep().await });
        let accepting: Vec<_> =
            self.endpoints.into_iter().map(|it| tokio::spawn(it.run(drained.clone()))).collect();
        drop(drained);

        let background = self.core.spawn_background();

        shutdown.await;
        drain.send_replace(true);
        for task in accepting {
            let _ = task.await;
        }
        if tokio::time::timeout(DRAIN, self.connections.all_closed()).await.is_err() {
            tracing::warn!(open = self.connections.count(), "connections were still open at the end");
        }
        sweeping.abort();
        background.stop().await;
        self.core.seal_now();
        self.core.storage().close().await?;
        for path in self.sockets {
            let _ = std::fs::remove_file(path);
        }
        Ok(())
    }
}

/// Reads the certificates again, and opens the audit files anew: somebody may have moved them away.
pub struct Reloader {
    certificates: Vec<Arc<Certificates>>,
    core: Arc<Core>,
}

impl Reloader {
    /// What cannot be read leaves the certificate that is in use.
    pub fn reload(&self) {
        if let Some(open) = self.core.unsealed() {
            open.audit.reopen();
        }
        for certificates in &self.certificates {
            match certificates.reload() {
                Ok(()) => tracing::info!("certificates were read again"),
                Err(error) => tracing::error!(%error, "the certificate in use stays"),
            }
        }
    }
}
