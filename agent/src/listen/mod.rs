//! Where programs of this machine ask the agent instead of the server: with its token, if it gives it, and with answers
//! that it has already.

mod api;
pub(crate) mod bind;
mod cache;
mod proxy;
mod tls;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{any, get, post},
};
use strongroom_sdk::Client;
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
};

use self::{bind::Socket, cache::Cache};
use crate::{
    Error,
    config::{Cache as CacheSettings, Listener, UseToken},
    identity::Standing,
    log::Log,
    metrics::Metrics,
};

/// What a request may hold.
const LARGEST: usize = 32 << 20;

/// What all listeners share.
pub(crate) struct Shared {
    pub(crate) client: Client,
    pub(crate) standing: watch::Receiver<Standing>,
    pub(crate) metrics: Arc<Metrics>,
    /// Somebody has asked the agent to end.
    pub(crate) quit: Notify,
    use_token: UseToken,
    /// Answers that are kept, if any are.
    cache: Option<Cache>,
}

impl Shared {
    pub(crate) fn new(
        client: Client,
        standing: watch::Receiver<Standing>,
        metrics: Arc<Metrics>,
        settings: &CacheSettings,
    ) -> Self {
        let cache = settings.is_on.then(Cache::default);
        Self { client, standing, metrics, quit: Notify::new(), use_token: settings.use_token, cache }
    }
}

/// Listeners at work; dropped, they end.
pub(crate) struct Listening {
    _tasks: JoinSet<()>,
    _sockets: Vec<bind::SocketFile>,
}

/// Binds all of them, and serves.
pub(crate) async fn start(
    listeners: &[Listener],
    shared: &Arc<Shared>,
    log: &Log,
) -> Result<Listening, Error> {
    let mut tasks = JoinSet::new();
    let mut sockets = Vec::new();
    for listener in listeners {
        let app = router(listener, shared.clone());
        match bind::bind(listener).await? {
            Socket::Tcp(socket, None) => {
                log.info(&format!("listening on {}", bind::name(listener)));
                tasks.spawn(async move { drop(axum::serve(socket, app).await) });
            }
            Socket::Tcp(socket, Some(acceptor)) => {
                log.info(&format!("listening on {}, with TLS", bind::name(listener)));
                let listener = tls::TlsListener::new(socket, acceptor);
                tasks.spawn(async move { drop(axum::serve(listener, app).await) });
            }
            Socket::Unix(socket, file) => {
                log.info(&format!("listening on {}", bind::name(listener)));
                sockets.push(file);
                tasks.spawn(async move { drop(axum::serve(socket, app).await) });
            }
        }
    }
    Ok(Listening { _tasks: tasks, _sockets: sockets })
}

/// What one listener's requests meet.
#[derive(Clone)]
struct Door {
    shared: Arc<Shared>,
    require_header: bool,
}

fn router(listener: &Listener, shared: Arc<Shared>) -> Router {
    let door = Door { shared, require_header: listener.require_header };
    let mut router = Router::new()
        .route("/agent/v1/metrics", get(api::metrics))
        .route("/agent/v1/health", get(api::health));
    if !listener.metrics_only {
        if listener.quit {
            router = router.route("/agent/v1/quit", post(api::quit).put(api::quit));
        }
        if door.shared.cache.is_some() {
            router = router.route("/agent/v1/cache-clear", post(api::clear).put(api::clear));
        }
        router = router.route("/v1/{*path}", any(proxy::proxy));
    }
    router
        .fallback(api::nothing_here)
        .layer(axum::middleware::from_fn_with_state(door.clone(), api::check_header))
        .layer(DefaultBodyLimit::max(LARGEST))
        .with_state(door)
}
