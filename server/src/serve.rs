//! Connections: accepted, bounded, served, and drained at the end.

use std::{convert::Infallible, io, net::IpAddr, sync::Arc, time::Duration};

use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use strongroom_core::request::Peer;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
    sync::watch,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    connections::{Admission, Caps, Connections, Watched},
    framing::Framing,
    http::{App, Client},
};

/// Bytes of a request's head, and how many fields it may have.
const MAX_HEAD: usize = 16 << 10;
const MAX_FIELDS: usize = 64;

/// What is listened on.
#[derive(Debug)]
pub enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

enum Stream {
    Tcp(TcpStream, Peer, IpAddr),
    Unix(UnixStream, Peer),
}

impl Socket {
    async fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                // Small answers go out at once.
                stream.set_nodelay(true)?;
                Ok(Stream::Tcp(stream, Peer::Address(address), address.ip()))
            }
            Self::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                let who = stream.peer_cred()?;
                Ok(Stream::Unix(stream, Peer::Local { uid: who.uid(), gid: who.gid() }))
            }
        }
    }
}

/// One socket, how it speaks, and what it serves.
pub struct Endpoint {
    pub socket: Socket,
    pub tls: Option<TlsAcceptor>,
    pub app: Arc<App>,
    pub connections: Arc<Connections>,
}

impl Endpoint {
    /// Accepts until `drain` changes. Connections end by themselves; the table knows how many are left.
    pub(crate) async fn run(self, drain: watch::Receiver<bool>) {
        let mut draining = drain.clone();
        loop {
            let accepted = tokio::select! {
                accepted = self.socket.accept() => accepted,
                _ = draining.changed() => return,
            };
            let stream = match accepted {
                Ok(stream) => stream,
                Err(error) => {
                    // Out of descriptors, most likely: wait for some to be given back.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let (app, tls, drain) = (self.app.clone(), self.tls.clone(), drain.clone());
            match stream {
                Stream::Tcp(stream, peer, ip) => {
                    let Some(admission) = self.connections.admit(Some(ip), &app.limits) else { continue };
                    tokio::spawn(async move {
                        match tls {
                            Some(tls) => secure(stream, peer, tls, app, admission, drain).await,
                            None => plain(stream, unproved(peer), app, admission, drain).await,
                        }
                    });
                }
                Stream::Unix(stream, peer) => {
                    let Some(admission) = self.connections.admit(None, &app.limits) else { continue };
                    tokio::spawn(plain(stream, unproved(peer), app, admission, drain));
                }
            }
        }
    }
}

/// Serves one connection over whatever carries bytes, until it ends: without a socket, for fuzzing.
pub async fn over<S>(stream: S, app: Arc<App>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let client = unproved(Peer::Address(([127, 0, 0, 1], 0).into()));
    let Some(admission) = Connections::new(Caps::default()).admit(None, &app.limits) else { return };
    let (_going_on, drain) = watch::channel(false);
    plain(stream, client, app, admission, drain).await;
}

async fn secure(
    stream: TcpStream,
    peer: Peer,
    tls: TlsAcceptor,
    app: Arc<App>,
    admission: Admission,
    drain: watch::Receiver<bool>,
) {
    let handshake = tokio::time::timeout(app.limits.head_deadline, tls.accept(stream));
    let stream = match handshake.await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => return,
    };
    let session = stream.get_ref().1;
    // A session that is taken up again has them from the one that it goes back to.
    let certificates = session.peer_certificates().filter(|it| !it.is_empty());
    let certificates = certificates.map(|it| it.iter().map(|it| it.to_vec()).collect());
    let client = Client { peer, certificates };
    match session.alpn_protocol() {
        Some(b"h2") => multiplexed(stream, client, app, admission, drain).await,
        _ => plain(stream, client, app, admission, drain).await,
    }
}

/// Whoever comes without TLS.
fn unproved(peer: Peer) -> Client {
    Client { peer, certificates: None }
}

/// HTTP/1.1.
async fn plain<S>(
    stream: S,
    client: Client,
    app: Arc<App>,
    admission: Admission,
    mut drain: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (admission, app, client) = (&admission, &*app, &client);
    let service = service_fn(move |request: http::Request<Incoming>| async move {
        let _serving = admission.serving();
        Ok::<_, Infallible>(app.answer(client.clone(), request).await)
    });
    let io = TokioIo::new(Watched::new(stream, admission, Some(Framing::default())));
    // A head over the limits is 431, and what is no HTTP 400: the parser answers those itself.
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_header_size(MAX_HEAD)
        .max_headers(MAX_FIELDS)
        .serve_connection(io, service);
    tokio::pin!(connection);
    let close = &admission.connection.close;
    tokio::select! {
        _ = connection.as_mut() => return,
        () = close.notified() => return,
        _ = drain.changed() => connection.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        _ = connection => {}
        () = close.notified() => {}
    }
}

/// HTTP/2.
async fn multiplexed<S>(
    stream: S,
    client: Client,
    app: Arc<App>,
    admission: Admission,
    mut drain: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let admission = Arc::new(admission);
    let io = TokioIo::new(Watched::new(stream, &admission, None));
    let held = admission.clone();
    let service = service_fn(move |request: http::Request<Incoming>| {
        let (app, client, admission) = (app.clone(), client.clone(), held.clone());
        async move {
            let _serving = admission.serving();
            Ok::<_, Infallible>(app.answer(client, request).await)
        }
    });
    // Rule 104: what one connection may ask for at a time, and how often it may change its mind.
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(128)
        .max_pending_accept_reset_streams(32)
        .max_local_error_reset_streams(128)
        .max_header_list_size(u32::try_from(MAX_HEAD).unwrap_or(u32::MAX))
        .max_send_buf_size(256 << 10)
        .keep_alive_interval(Duration::from_secs(60))
        .keep_alive_timeout(Duration::from_secs(20))
        .serve_connection(io, service);
    tokio::pin!(connection);
    let close = &admission.connection.close;
    tokio::select! {
        _ = connection.as_mut() => return,
        () = close.notified() => return,
        _ = drain.changed() => connection.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        _ = connection => {}
        () = close.notified() => {}
    }
}
