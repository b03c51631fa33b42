//! HTTPS: bounded connections, heads, bodies and time, and four paths.

use std::{
    collections::HashMap,
    convert::Infallible,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::{
    body::{Body as _, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use strongroom_agent::log::Log;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

use crate::{Error, Outcome, Settings, annotations::shown, certificate::Current, decide, metrics::Metrics};

// Rules 103, 104, 111
/// Of all peers, and of one: a burst of pods comes from one API server.
const CONNECTIONS: usize = 1024;
const OF_ONE: usize = 256;
const MAX_HEAD: usize = 16 << 10;
const MAX_FIELDS: usize = 64;
/// An object of Kubernetes has 1.5 MiB at most, and a question may hold it twice.
const MAX_BODY: usize = 4 << 20;
const HANDSHAKE: Duration = Duration::from_secs(10);
/// For a head, and before it: API servers keep connections for a while.
const HEAD: Duration = Duration::from_secs(60);
const BODY: Duration = Duration::from_secs(10);
/// At the end, for what is being answered.
const DRAIN: Duration = Duration::from_secs(5);

pub(crate) struct App {
    pub(crate) settings: Settings,
    pub(crate) metrics: Metrics,
    pub(crate) log: Log,
    pub(crate) current: Arc<Current>,
    /// The API server knows whom to trust.
    pub(crate) is_ready: AtomicBool,
}

// Rule 110
fn acceptor(current: Arc<Current>) -> Result<TlsAcceptor, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(current);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Serves until `stop`, and then what is being answered.
pub(crate) async fn serve(
    app: Arc<App>,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) -> Result<(), Error> {
    let acceptor = acceptor(app.current.clone())?;
    let room = Room::default();
    let (going, ends) = watch::channel(false);
    let mut open = JoinSet::new();
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
            // Those that have ended.
            Some(_) = open.join_next() => continue,
        };
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        // Whoever finds no room may come again.
        let Some(place) = room.enter(peer.ip()) else { continue };
        open.spawn(connection(app.clone(), acceptor.clone(), stream, place, ends.clone()));
    }
    drop(listener);
    let _ = going.send(true);
    let _ = tokio::time::timeout(DRAIN, async { while open.join_next().await.is_some() {} }).await;
    Ok(())
}

/// How many connections there are, by their peers.
#[derive(Clone, Default)]
struct Room(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One of them, until it is dropped.
struct Place(Room, IpAddr);

impl Room {
    fn enter(&self, peer: IpAddr) -> Option<Place> {
        let mut peers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, own) = (peers.values().sum::<usize>(), peers.get(&peer).copied().unwrap_or_default());
        if all >= CONNECTIONS || own >= OF_ONE {
            return None;
        }
        peers.insert(peer, own + 1);
        Some(Place(self.clone(), peer))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut peers = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        match peers.get_mut(&self.1) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(peers.remove(&self.1)),
        }
    }
}

async fn connection(
    app: Arc<App>,
    acceptor: TlsAcceptor,
    stream: TcpStream,
    _place: Place,
    mut ends: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await else { return };
    let service = service_fn(|request| {
        let app = app.clone();
        async move { Ok::<_, Infallible>(answer(&app, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_header_size(MAX_HEAD)
        .max_headers(MAX_FIELDS)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = ends.changed() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

async fn answer(app: &App, request: Request<Incoming>) -> Response<Full<Bytes>> {
    match (request.method(), request.uri().path()) {
        (&Method::POST, "/mutate") => mutate(app, request).await,
        (&Method::GET, "/health/live") => plain(StatusCode::NO_CONTENT, ""),
        (&Method::GET, "/health/ready") => match app.is_ready.load(Ordering::Relaxed) {
            true => plain(StatusCode::NO_CONTENT, ""),
            false => {
                plain(StatusCode::SERVICE_UNAVAILABLE, "the API server does not know yet whom to trust\n")
            }
        },
        (&Method::GET, "/metrics") => {
            let mut answer = plain(StatusCode::OK, "");
            *answer.body_mut() = Full::new(app.metrics.text().into());
            let kind = header::HeaderValue::from_static("text/plain; version=0.0.4");
            answer.headers_mut().insert(header::CONTENT_TYPE, kind);
            answer
        }
        (_, "/mutate" | "/health/live" | "/health/ready" | "/metrics") => {
            plain(StatusCode::METHOD_NOT_ALLOWED, "")
        }
        _ => plain(StatusCode::NOT_FOUND, ""),
    }
}

async fn mutate(app: &App, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let begun = Instant::now();
    let _waiting = app.metrics.waiting();
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let kind = kind.and_then(|it| it.split(';').next()).unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return plain(StatusCode::BAD_REQUEST, "the Content-Type is not application/json\n");
    }
    let too_long = || plain(StatusCode::PAYLOAD_TOO_LARGE, "the body is longer than 4 MiB\n");
    if request.body().size_hint().lower() > MAX_BODY as u64 {
        return too_long();
    }
    let body = Limited::new(request.into_body(), MAX_BODY).collect();
    let body = match tokio::time::timeout(BODY, body).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return too_long(),
        Ok(Err(_)) => return plain(StatusCode::BAD_REQUEST, "the body ends early\n"),
        Err(_) => return plain(StatusCode::REQUEST_TIMEOUT, ""),
    };
    let decided = match decide(&app.settings, &body) {
        Ok(decided) => decided,
        Err(malformed) => return plain(StatusCode::BAD_REQUEST, &format!("{malformed}\n")),
    };
    // A dry run leaves no trace.
    if !decided.is_dry_run() {
        let namespace = decided.namespace();
        match decided.outcome() {
            Outcome::Allowed { injected: Some(phases), .. } => {
                app.metrics.injected(namespace, *phases);
                app.log.debug(&format!("a pod of {} was given an agent", shown(namespace)));
            }
            Outcome::Allowed { .. } => {}
            Outcome::Refused(refusal) => {
                app.metrics.failed(namespace);
                app.log.warn(&format!("a pod of {} was refused: {refusal}", shown(namespace)));
            }
        }
    }
    let mut answer = plain(StatusCode::OK, "");
    *answer.body_mut() = Full::new(decided.answer().to_string().into());
    let kind = header::HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, kind);
    app.metrics.took(begun.elapsed());
    answer
}

fn plain(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(Bytes::copy_from_slice(text.as_bytes())));
    *answer.status_mut() = status;
    let kind = header::HeaderValue::from_static("text/plain");
    answer.headers_mut().insert(header::CONTENT_TYPE, kind);
    let store = header::HeaderValue::from_static("no-store");
    answer.headers_mut().insert(header::CACHE_CONTROL, store);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    // Rules 104, 111
    #[test]
    fn one_peer_does_not_take_all_the_room() {
        let (room, one) = (Room::default(), |it| IpAddr::from([10, 0, 0, it]));
        let mut places: Vec<Place> = (0..OF_ONE).map(|_| room.enter(one(1)).unwrap()).collect();
        assert!(room.enter(one(1)).is_none());
        for peer in 2..5 {
            places.extend((0..OF_ONE).map(|_| room.enter(one(peer)).unwrap()));
        }
        assert!(room.enter(one(9)).is_none(), "of all there are {CONNECTIONS}");
        places.truncate(1);
        assert!(room.enter(one(9)).is_some() && room.enter(one(1)).is_some());
        drop(places);
        assert!(room.0.lock().unwrap().is_empty(), "who is gone is forgotten");
    }
}
