//! The client: one transport, one token, calls.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use bytes::Bytes;
use serde::Serialize;
use zeroize::Zeroizing;

#[cfg(feature = "http")]
use crate::http::Http;
use crate::{
    Answer, Config, Error, SecretString,
    kv::Kv,
    kv1::Kv1,
    lease::{Held, Leases},
    retry::Policy,
    session::Bell,
    sys::Sys,
    token::Tokens,
    transport::{Ask, Transport},
    wrapping::Wrapping,
};

/// A client of one server, or of one store in this process. Cloning it shares its connections and its token.
///
/// Its calls are made within a Tokio runtime; [`blocking::Client`](crate::blocking::Client) brings its own.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    transport: Transport,
    config: Arc<Config>,
    token: TokenCell,
    /// For the client of a session: whom to tell that the token seems to have ended.
    bell: Option<Bell>,
    held: Arc<Held>,
}

/// The token that calls present, shared with whoever renews it.
#[derive(Clone, Default)]
pub(crate) struct TokenCell(Arc<RwLock<Option<SecretString>>>);

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
    ask: Ask,
    body: Result<(), Error>,
    once: bool,
}

impl Client {
    #[cfg(feature = "http")]
    pub fn new(config: Config) -> Result<Self, Error> {
        Ok(Self::over(Transport::Http(Arc::new(Http::new(&config)?)), config))
    }

    /// As the environment says: `STRONGROOM_ADDR`, `VAULT_ADDR`, ... and `~/.vault-token`.
    #[cfg(feature = "http")]
    pub fn from_env() -> Result<Self, Error> {
        Self::new(Config::from_env(&crate::env::Process)?)
    }

    pub(crate) fn over(transport: Transport, config: Config) -> Self {
        let token = TokenCell::default();
        token.set(config.token.clone());
        let (config, held) = (Arc::new(config), Arc::default());
        Self(Arc::new(Inner { transport, config, token, bell: None, held }))
    }

    /// The same client with another token, which is its own: what is done to the one does not touch the other.
    /// Without one it may log in, and ask what needs no token.
    #[must_use]
    pub fn with_token(&self, token: Option<SecretString>) -> Self {
        let cell = TokenCell::default();
        cell.set(token);
        self.sharing(cell, None)
    }

    pub(crate) fn sharing(&self, token: TokenCell, bell: Option<Bell>) -> Self {
        Self(Arc::new(Inner {
            transport: self.0.transport.for_bearers(),
            config: self.0.config.clone(),
            token,
            bell,
            held: self.0.held.clone(),
        }))
    }

    /// Shows another certificate from now on, over connections of their own: this client, its clones and the
    /// sessions that came of it. PEM of the certificate's chain and of its key.
    #[cfg(feature = "http")]
    pub fn show_certificate(&self, chain: Vec<u8>, key: Vec<u8>) -> Result<(), Error> {
        let mut config = Config::clone(&self.0.config);
        config.tls.client = Some((chain, key));
        match &self.0.transport {
            Transport::Http(http) => http.reconnect(&config),
            #[cfg(feature = "embedded")]
            Transport::Embedded(_) => {
                Err(Error::Config("a store in this process is asked without a certificate".to_owned()))
            }
        }
    }

    /// What it was made with.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    #[cfg(feature = "http")]
    pub(crate) fn transport(&self) -> &Transport {
        &self.0.transport
    }

    /// What requests are addressed to.
    #[cfg(feature = "http")]
    pub(crate) fn base(&self) -> Result<&str, Error> {
        match &self.0.transport {
            Transport::Http(http) => Ok(http.base()),
            #[cfg(feature = "embedded")]
            Transport::Embedded(_) => {
                Err(Error::Config("a store in this process has no server to ask".to_owned()))
            }
        }
    }

    /// The token that calls present.
    pub fn token(&self) -> Option<SecretString> {
        self.0.token.get()
    }

    pub fn set_token(&self, token: Option<SecretString>) {
        self.0.token.set(token);
    }

    pub(crate) fn held(&self) -> &Held {
        &self.0.held
    }

    /// The KV v2 secrets engine at `mount`.
    pub fn kv(&self, mount: &str) -> Kv<'_> {
        Kv::new(self, mount)
    }

    /// The KV v1 secrets engine at `mount`.
    pub fn kv1(&self, mount: &str) -> Kv1<'_> {
        Kv1::new(self, mount)
    }

    /// Leases by their ids.
    pub fn leases(&self) -> Leases<'_> {
        Leases(self)
    }

    /// The server's own state.
    pub fn sys(&self) -> Sys<'_> {
        Sys(self)
    }

    /// Tokens: ours and others.
    pub fn tokens(&self) -> Tokens<'_> {
        Tokens(self)
    }

    /// Answers that can be taken once.
    pub fn wrapping(&self) -> Wrapping<'_> {
        Wrapping(self)
    }

    /// Any call: `client.call(Method::Get, "sys/mounts").send()`.
    pub fn call(&self, method: Method, path: impl Into<String>) -> Call<'_> {
        let ask = Ask {
            method,
            path: path.into(),
            query: Vec::new(),
            body: Bytes::new(),
            token: None,
            anonymous: false,
            wrap_ttl: None,
            lease_ttl: None,
        };
        Call { client: self, ask, body: Ok(()), once: false }
    }
}

impl Call<'_> {
    pub fn json<T: Serialize + ?Sized>(self, body: &T) -> Self {
        let mut text = Zeroizing::new(Vec::with_capacity(512));
        match serde_json::to_writer(&mut *text, body) {
            Ok(()) => self.wiped(text),
            Err(_) => Self { body: Err(Error::Malformed("the body cannot be written as JSON")), ..self },
        }
    }

    /// A body that is sent as it is: JSON by its content type.
    pub fn raw(self, body: Vec<u8>) -> Self {
        self.wiped(Zeroizing::new(body))
    }

    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.ask.query.push((name.into(), value.into()));
        self
    }

    /// The answer is to be wrapped.
    pub fn wrap(mut self, ttl: Duration) -> Self {
        self.ask.wrap_ttl = Some(ttl);
        self
    }

    /// The read is to be held as a lease.
    pub fn lease(mut self, ttl: Duration) -> Self {
        self.ask.lease_ttl = Some(ttl);
        self
    }

    /// Another token than the client's.
    pub fn with_token(mut self, token: SecretString) -> Self {
        self.ask.token = Some(token);
        self
    }

    /// No token: a login, an unseal.
    pub fn anonymous(mut self) -> Self {
        self.ask.anonymous = true;
        self
    }

    /// Never again, whatever comes back.
    pub fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// Sends it, again if that may help, and answers what came. An error status is an error, but for a 404
    /// that carries data (a deleted version).
    pub async fn send(self) -> Result<Answer, Error> {
        let address = self.client.0.config.address.clone();
        let answer = self.send_any().await?;
        match answer.status {
            403 | 404 if !answer.is_of_this_api() => {
                let cause = format!("something else answers there, with status {}", answer.status);
                Err(Error::Connect { address, cause })
            }
            _ => answer.accepted(),
        }
    }

    /// As [`Call::send`], but every status is an answer.
    pub async fn send_any(self) -> Result<Answer, Error> {
        self.body?;
        let (inner, mut ask) = (&self.client.0, self.ask);
        let is_ours = !ask.anonymous && ask.token.is_none();
        if is_ours {
            ask.token = inner.token.get();
        }
        let mut policy = Policy::of(&inner.config);
        if self.once {
            policy.retries = 0;
        }
        let reply = policy.run(ask.method, || inner.transport.exchange(&ask)).await?;
        // A token that has ended is answered as one that may not: whoever keeps the session finds out which.
        if reply.answer.status == 403
            && is_ours
            && let Some(bell) = &inner.bell
            && bell.ring(ask.token.take()).await
        {
            ask.token = inner.token.get();
            return Ok(policy.run(ask.method, || inner.transport.exchange(&ask)).await?.answer);
        }
        Ok(reply.answer)
    }

    fn wiped(mut self, body: Zeroizing<Vec<u8>>) -> Self {
        self.ask.body = Bytes::from_owner(body);
        self
    }
}

impl TokenCell {
    // Held for a moment only, never across an await.
    pub(crate) fn get(&self) -> Option<SecretString> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set(&self, token: Option<SecretString>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = token;
    }
}

impl Method {
    #[cfg(feature = "http")]
    pub(crate) const fn as_str(self) -> &'static str {
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
