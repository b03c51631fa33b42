//! Requests as HTTP, over a pool of connections.

use std::{
    sync::{PoisonError, RwLock},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Version, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use hyper_util::{client::legacy, rt::TokioExecutor};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

use crate::{
    Answer, Config, Error, Method,
    connect::{Connector, Target},
    transport::{Ask, Failed, Reply},
};

/// What is passed on is at most this long.
const MAX_FORWARDED: usize = 64 << 20;

/// What is reserved on a length that a server merely claims.
const RESERVE: usize = 64 << 10;

/// What a path keeps as it is.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}');

pub(crate) struct Http {
    /// As it was configured, for messages.
    address: String,
    base: String,
    namespace: Option<String>,
    max_answer: usize,
    pool: RwLock<Pool>,
}

type Pool = legacy::Client<Connector, Full<Bytes>>;

impl Http {
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let target = Target::parse(&config.address, &config.tls)?;
        // The authority is for the Host header only: the connector goes where it was told.
        let base = match &target {
            Target::Unix(_) => "http://localhost".to_owned(),
            Target::Plain { .. } => config.address.trim_end_matches('/').to_owned(),
            // The connector has done TLS by itself; to the pool it is a stream like any other.
            Target::Tls { .. } => config.address.trim_end_matches('/').replacen("https://", "http://", 1),
        };
        Ok(Self {
            address: config.address.clone(),
            base,
            namespace: config.namespace.clone(),
            max_answer: config.max_answer,
            pool: RwLock::new(pool(target)),
        })
    }

    /// Connects anew as `config` says of TLS: no connection or session of before is used for what follows.
    pub(crate) fn reconnect(&self, config: &Config) -> Result<(), Error> {
        let fresh = pool(Target::parse(&config.address, &config.tls)?);
        *self.pool.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    // Held for a moment only, never across an await.
    fn pool(&self) -> Pool {
        self.pool.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What requests are addressed to.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) async fn exchange(&self, ask: &Ask) -> Result<Reply, Failed> {
        let request = self.request(ask)?;
        let response = self.pool().request(request).await.map_err(|error| {
            let unsent = error.is_connect();
            self.failed(unsent, innermost(&error))
        })?;
        let status = response.status();
        if status == StatusCode::TEMPORARY_REDIRECT || status == StatusCode::PERMANENT_REDIRECT {
            return Err(Failed::unusable("the path is not clean: leave out double slashes and dots"));
        }
        let seconds =
            response.headers().get(header::RETRY_AFTER).and_then(|it| it.to_str().ok()?.parse().ok());
        let body = self.collect(response.into_body(), self.max_answer).await?;
        Ok(Reply {
            answer: Answer::new(status.as_u16(), body),
            retry_after: seconds.map(Duration::from_secs),
        })
    }

    /// A request that is somebody else's, and what came back for it.
    pub(crate) async fn forward(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<Zeroizing<Vec<u8>>>, Failed> {
        let (mut parts, body) = request.into_parts();
        let target = parts.uri.path_and_query().map_or("/", |it| it.as_str());
        parts.uri = format!("{}{target}", self.base)
            .parse()
            .map_err(|_| Failed::unusable("the path cannot be sent"))?;
        parts.version = Version::HTTP_11;
        // Written anew for where it goes now.
        parts.headers.remove(header::HOST);
        let request = Request::from_parts(parts, Full::new(body));
        let response = self.pool().request(request).await.map_err(|error| {
            let unsent = error.is_connect();
            self.failed(unsent, innermost(&error))
        })?;
        let (parts, incoming) = response.into_parts();
        Ok(Response::from_parts(parts, self.collect(incoming, MAX_FORWARDED).await?))
    }

    fn request(&self, ask: &Ask) -> Result<Request<Full<Bytes>>, Failed> {
        let mut uri = format!("{}/v1/{}", self.base, utf8_percent_encode(&ask.path, PATH));
        for (at, (name, value)) in ask.query.iter().enumerate() {
            let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
            uri.push_str(&format!("{}{name}={value}", if at == 0 { '?' } else { '&' }));
        }
        let mut request = Request::builder().method(ask.method.as_str()).uri(&uri);
        request = request.header("X-Vault-Request", "true");
        if let Some(token) = &ask.token {
            let mut value = HeaderValue::from_str(token.expose())
                .map_err(|_| Failed::unusable("the token has characters that no token has"))?;
            value.set_sensitive(true);
            request = request.header("X-Vault-Token", value);
        }
        if let Some(namespace) = &self.namespace {
            request = request.header("X-Vault-Namespace", namespace);
        }
        if let Some(ttl) = ask.wrap_ttl {
            request = request.header("X-Vault-Wrap-TTL", format!("{}s", ttl.as_secs()));
        }
        if let Some(ttl) = ask.lease_ttl {
            request = request.header("X-Strongroom-Lease", format!("{}s", ttl.as_secs()));
        }
        if !ask.body.is_empty() {
            let kind = match ask.method {
                Method::Patch => "application/merge-patch+json",
                _ => "application/json",
            };
            request = request.header(header::CONTENT_TYPE, kind);
        }
        request.body(Full::new(ask.body.clone())).map_err(|_| Failed::unusable("the path cannot be sent"))
    }

    /// Reads a body into one buffer that is wiped; where the length is known, without growing it.
    async fn collect(&self, mut incoming: Incoming, most: usize) -> Result<Zeroizing<Vec<u8>>, Failed> {
        let announced = usize::try_from(incoming.size_hint().lower()).unwrap_or(usize::MAX);
        let mut body = Zeroizing::new(Vec::with_capacity(announced.min(RESERVE)));
        while let Some(frame) = incoming.frame().await {
            let frame = frame.map_err(|error| self.failed(false, innermost(&error)))?;
            let Ok(data) = frame.into_data() else { continue };
            if body.len() + data.len() > most {
                return Err(self.failed(false, "the answer is too long".to_owned()));
            }
            body.extend_from_slice(&data);
        }
        Ok(body)
    }

    fn failed(&self, unsent: bool, cause: String) -> Failed {
        Failed { error: Error::Connect { address: self.address.clone(), cause }, unsent }
    }
}

fn pool(target: Target) -> Pool {
    legacy::Client::builder(TokioExecutor::new()).build(Connector(target))
}

/// What really happened: libraries wrap it several times.
pub(crate) fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
