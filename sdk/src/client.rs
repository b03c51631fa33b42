//! The client: one connection pool, one token, calls.

use std::{
    sync::{Arc, RwLock},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{client::legacy, rt::TokioExecutor};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;

use crate::{
    Answer, Config, Error, SecretString,
    connect::{Connector, Target},
    env,
    kv::Kv,
    retry,
};

/// Answers are at most this long.
const MAX_ANSWER: usize = 64 << 20;

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

/// A client of one server. Cloning it shares its connections and its token.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    config: Config,
    base: String,
    http: legacy::Client<Connector, Full<Bytes>>,
    /// Held for a moment only, never across an await.
    token: RwLock<Option<SecretString>>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Method {
    Delete,
    Get,
    List,
    Patch,
    Post,
    Put,
}

/// A call in the making.
#[must_use = "a call does nothing until it is sent"]
pub struct Call<'c> {
    client: &'c Client,
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    body: Result<Vec<u8>, Error>,
    wrap_ttl: Option<Duration>,
    lease_ttl: Option<Duration>,
    token: Option<SecretString>,
    anonymous: bool,
}

impl Client {
    pub fn new(config: Config) -> Result<Self, Error> {
        let target = Target::parse(&config.address, &config.tls)?;
        // The authority is for the Host header only: the connector goes where it was told.
        let base = match &target {
            Target::Unix(_) => "http://localhost".to_owned(),
            Target::Plain { .. } => config.address.trim_end_matches('/').to_owned(),
            // The connector has done TLS by itself; to the pool it is a stream like any other.
            Target::Tls { .. } => config.address.trim_end_matches('/').replacen("https://", "http://", 1),
        };
        let http = legacy::Client::builder(TokioExecutor::new()).build(Connector(target));
        let token = RwLock::new(config.token.clone());
        Ok(Self(Arc::new(Inner { config, base, http, token })))
    }

    /// As the environment says: `STRONGROOM_ADDR`, `VAULT_ADDR`, ... and `~/.vault-token`.
    pub fn from_env() -> Result<Self, Error> {
        Self::new(Config::from_env(&env::Process)?)
    }

    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// What requests are addressed to.
    pub(crate) fn base(&self) -> &str {
        &self.0.base
    }

    /// The token that calls present.
    pub fn token(&self) -> Option<SecretString> {
        self.0.token.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    pub fn set_token(&self, token: Option<SecretString>) {
        *self.0.token.write().unwrap_or_else(std::sync::PoisonError::into_inner) = token;
    }

    /// The KV v2 secrets engine at `mount`.
    pub fn kv(&self, mount: &str) -> Kv<'_> {
        Kv::new(self, mount)
    }

    /// Any call: `client.call(Method::Get, "sys/mounts").send()`.
    pub fn call(&self, method: Method, path: impl Into<String>) -> Call<'_> {
        Call {
            client: self,
            method,
            path: path.into(),
            query: Vec::new(),
            body: Ok(Vec::new()),
            wrap_ttl: None,
            lease_ttl: None,
            token: None,
            anonymous: false,
        }
    }
}

impl Call<'_> {
    pub fn json<T: Serialize + ?Sized>(mut self, body: &T) -> Self {
        self.body =
            serde_json::to_vec(body).map_err(|_| Error::Malformed("the body cannot be written as JSON"));
        self
    }

    /// A body that is sent as it is: JSON by its content type.
    pub fn raw(mut self, body: Vec<u8>) -> Self {
        self.body = Ok(body);
        self
    }

    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// The answer is to be wrapped.
    pub fn wrap(mut self, ttl: Duration) -> Self {
        self.wrap_ttl = Some(ttl);
        self
    }

    /// The read is to be held as a lease.
    pub fn lease(mut self, ttl: Duration) -> Self {
        self.lease_ttl = Some(ttl);
        self
    }

    /// Another token than the client's.
    pub fn with_token(mut self, token: SecretString) -> Self {
        self.token = Some(token);
        self
    }

    /// No token: a login, an unseal.
    pub fn anonymous(mut self) -> Self {
        self.anonymous = true;
        self
    }

    /// Sends it, again if that may help, and answers what came. An error status is an error, but for a 404
    /// that carries data (a deleted version).
    pub async fn send(self) -> Result<Answer, Error> {
        let answer = self.send_any().await?;
        let has_data = answer.status == 404 && answer.envelope().is_ok_and(|it| it.data.is_some());
        if answer.status < 400 || has_data {
            return Ok(answer);
        }
        Err(Error::Api { status: answer.status, errors: answer.errors() })
    }

    /// As [`Call::send`], but every status is an answer.
    pub async fn send_any(self) -> Result<Answer, Error> {
        let body = Bytes::from(self.body?);
        let inner = &self.client.0;
        let token = if self.anonymous { None } else { self.token.or_else(|| self.client.token()) };
        let mut uri = format!("{}/v1/{}", inner.base, utf8_percent_encode(&self.path, PATH));
        for (at, (name, value)) in self.query.iter().enumerate() {
            let value = utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
            uri.push_str(&format!("{}{name}={value}", if at == 0 { '?' } else { '&' }));
        }
        let mut attempt = 0;
        loop {
            let mut request = Request::builder().method(self.method.as_str()).uri(&uri);
            request = request.header("X-Vault-Request", "true");
            if let Some(token) = &token {
                let mut value = HeaderValue::from_str(token.expose())
                    .map_err(|_| Error::Config("the token has characters that no token has".to_owned()))?;
                value.set_sensitive(true);
                request = request.header("X-Vault-Token", value);
            }
            if let Some(namespace) = &inner.config.namespace {
                request = request.header("X-Vault-Namespace", namespace);
            }
            if let Some(ttl) = self.wrap_ttl {
                request = request.header("X-Vault-Wrap-TTL", format!("{}s", ttl.as_secs()));
            }
            if let Some(ttl) = self.lease_ttl {
                request = request.header("X-Strongroom-Lease", format!("{}s", ttl.as_secs()));
            }
            if !body.is_empty() {
                let kind = match self.method {
                    Method::Patch => "application/merge-patch+json",
                    _ => "application/json",
                };
                request = request.header(header::CONTENT_TYPE, kind);
            }
            let request = request
                .body(Full::new(body.clone()))
                .map_err(|_| Error::Config("the path cannot be sent".to_owned()))?;
            let (answer, retry_after) = tokio::time::timeout(inner.config.timeout, inner.exchange(request))
                .await
                .map_err(|_| Error::Timeout { seconds: inner.config.timeout.as_secs() })??;
            if attempt >= inner.config.max_retries || !retry::is_worth_retrying(answer.status) {
                return Ok(answer);
            }
            attempt += 1;
            tokio::time::sleep(retry::pause(attempt, retry_after, jitter())).await;
        }
    }
}

impl Inner {
    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<(Answer, Option<Duration>), Error> {
        let failed = |cause: String| Error::Connect { address: self.config.address.clone(), cause };
        let response = self.http.request(request).await.map_err(|error| failed(innermost(&error)))?;
        let status = response.status();
        if status == StatusCode::TEMPORARY_REDIRECT || status == StatusCode::PERMANENT_REDIRECT {
            return Err(Error::Config("the path is not clean: leave out double slashes and dots".to_owned()));
        }
        let seconds =
            response.headers().get(header::RETRY_AFTER).and_then(|it| it.to_str().ok()?.parse().ok());
        let body = http_body_util::Limited::new(response.into_body(), MAX_ANSWER);
        let body = body.collect().await.map_err(|error| failed(error.to_string()))?.to_bytes();
        Ok((Answer::new(status.as_u16(), body.to_vec()), seconds.map(Duration::from_secs)))
    }
}

impl Method {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "DELETE",
            Self::Get => "GET",
            Self::List => "LIST",
            Self::Patch => "PATCH",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

/// What really happened: libraries wrap it several times.
pub(crate) fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// A number in 0..1 that differs between clients: it spreads load and protects nothing.
fn jitter() -> f64 {
    use std::hash::{BuildHasher as _, RandomState};
    let bits = u32::try_from(RandomState::new().hash_one(0_u8) >> 32).unwrap_or_default();
    f64::from(bits) / f64::from(u32::MAX)
}
