//! A server that answers what a test tells it to.

use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, body::Bytes, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use strongroom_sdk::{Client, Config, SecretString};
use tokio::net::TcpListener;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    /// With the query.
    pub path: String,
    pub token: Option<String>,
    pub lease: Option<String>,
    pub body: Value,
}

pub struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Value,
}

impl Reply {
    pub fn new(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body }
    }

    pub fn ok(body: Value) -> Self {
        Self::new(200, body)
    }

    pub fn error(status: u16, words: &str) -> Self {
        Self::new(status, serde_json::json!({ "errors": [words] }))
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

pub struct Script {
    pub address: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Script {
    /// `answer` gets the number of earlier requests; `None` hangs up without an answer.
    pub async fn start(answer: impl Fn(usize, &Seen) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (kept, answer) = (seen.clone(), Arc::new(answer));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (kept, answer) = (kept.clone(), answer.clone());
                let service = service_fn(move |request| {
                    let (kept, answer) = (kept.clone(), answer.clone());
                    async move { respond(request, &kept, &*answer).await }
                });
                tokio::spawn(async move {
                    // A connection that a script hangs up ends with an error.
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { address, seen }
    }

    pub fn config(&self) -> Config {
        let token = Some(SecretString::new("hvs.scripted"));
        Config { address: self.address.clone(), token, ..Config::default() }
    }

    pub fn client(&self) -> Client {
        Client::new(self.config()).unwrap()
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// How many requests went to this path.
    pub fn count(&self, path: &str) -> usize {
        self.seen().iter().filter(|it| it.path == path).count()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the script hangs up")]
struct HangUp;

async fn respond(
    request: Request<Incoming>,
    kept: &Mutex<Vec<Seen>>,
    answer: &(dyn Fn(usize, &Seen) -> Option<Reply> + Send + Sync),
) -> Result<Response<Full<Bytes>>, HangUp> {
    let header = |name: &str| request.headers().get(name).map(|it| it.to_str().unwrap().to_owned());
    let mut seen = Seen {
        method: request.method().to_string(),
        path: request.uri().path_and_query().unwrap().to_string(),
        token: header("x-vault-token"),
        lease: header("x-strongroom-lease"),
        body: Value::Null,
    };
    let body = request.into_body().collect().await.unwrap().to_bytes();
    seen.body = serde_json::from_slice(&body).unwrap_or_default();
    let earlier = {
        let mut kept = kept.lock().unwrap();
        kept.push(seen.clone());
        kept.len() - 1
    };
    let reply = answer(earlier, &seen).ok_or(HangUp)?;
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    let body = if reply.body.is_null() { Bytes::new() } else { reply.body.to_string().into() };
    Ok(response.body(Full::new(body)).unwrap())
}
