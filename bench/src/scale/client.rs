//! Requests that fill a store: many at once, each answer checked.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, StatusCode, client::conn::http1::SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::Failure;

/// Connections that fill: enough for the server to put many writes into one commit.
const CONNECTIONS: usize = 256;
/// A server that has too much to do says so; so often it is asked again, 10 ms apart.
const PATIENCE: usize = 500;

/// One request.
pub(crate) struct Call {
    pub(crate) method: &'static str,
    /// Below `/v1/`.
    pub(crate) path: String,
    pub(crate) token: Arc<str>,
    /// Of a read that asks for a lease: for how many seconds.
    pub(crate) lease: Option<u64>,
    pub(crate) body: Option<String>,
}

impl Call {
    pub(crate) fn put(path: String, token: &Arc<str>, body: String) -> Self {
        Self { method: "PUT", path, token: token.clone(), lease: None, body: Some(body) }
    }
}

/// Sends the requests from `from` to below `to`, and hands each answer to `keep`.
pub(crate) fn fill(
    port: u16,
    connections: usize,
    numbers: std::ops::Range<u64>,
    make: impl Fn(u64) -> Call + Send + Sync + 'static,
    keep: impl Fn(u64, &[u8]) -> Result<(), Failure> + Send + Sync + 'static,
) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let next = Arc::new(AtomicU64::new(numbers.start));
    let (make, keep) = (Arc::new(make), Arc::new(keep));
    runtime.block_on(async move {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..connections.clamp(1, CONNECTIONS) {
            let (next, make, keep) = (next.clone(), make.clone(), keep.clone());
            let end = numbers.end;
            tasks.spawn(async move {
                let mut sender = connect(port).await?;
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= end {
                        return Ok::<(), String>(());
                    }
                    let answer = ask(&mut sender, port, &make(number)).await?;
                    keep(number, &answer).map_err(|it| it.to_string())?;
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        Ok(())
    })
}

/// As many connections as are good for writes that do not meet in one row.
pub(crate) const MANY: usize = CONNECTIONS;

async fn connect(port: u16) -> Result<SendRequest<Full<Bytes>>, String> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.map_err(|it| it.to_string())?;
    stream.set_nodelay(true).map_err(|it| it.to_string())?;
    let (sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|it| it.to_string())?;
    tokio::spawn(async move {
        // How it ended is seen by whoever sends.
        let _ = connection.await;
    });
    Ok(sender)
}

async fn ask(sender: &mut SendRequest<Full<Bytes>>, port: u16, call: &Call) -> Result<Bytes, String> {
    for _ in 0..PATIENCE {
        let mut request = Request::builder()
            .method(call.method)
            .uri(format!("/v1/{}", call.path))
            .header("Host", format!("127.0.0.1:{port}"))
            .header("X-Vault-Token", &*call.token);
        if let Some(seconds) = call.lease {
            request = request.header("X-Strongroom-Lease", format!("{seconds}s"));
        }
        let body = call.body.clone().unwrap_or_default();
        let request = request.body(Full::new(Bytes::from(body))).map_err(|it| it.to_string())?;
        sender.ready().await.map_err(|it| it.to_string())?;
        let answer = sender.send_request(request).await.map_err(|it| it.to_string())?;
        let status = answer.status();
        let body = answer.into_body().collect().await.map_err(|it| it.to_string())?.to_bytes();
        match status {
            StatusCode::OK | StatusCode::NO_CONTENT => return Ok(body),
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            _ => return Err(format!("{}: {status} {}", call.path, String::from_utf8_lossy(&body))),
        }
    }
    Err(format!("{}: the server stays busy", call.path))
}
