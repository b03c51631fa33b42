//! How the core asks other servers: for the keys of who signs tokens, and what Kubernetes says of a token.
//!
//! The core has no sockets. Whoever makes it gives it an [`Outbound`], which keeps what is promised here (rule 80):
//! TLS but for this machine, no redirects, an end to the answer in size and time, and never an address that a
//! cloud keeps for its own credentials. Private and loopback addresses are allowed, because the address stands in
//! a mount's configuration: an operator wrote it there, and clusters live on private networks.

mod url;

use std::time::Duration;

use futures_util::future::BoxFuture;

pub use url::{BadUrl, Url};

use crate::crypto::SecretBytes;

/// What an answer may have at most.
pub const MOST: usize = 1 << 20;

/// How long an answer may take at most.
pub const WITHIN: Duration = Duration::from_secs(10);

/// Reaches other servers.
pub trait Outbound: Send + Sync {
    fn ask<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Reply, CallError>>;

    /// Waits, before something is asked again.
    fn pause(&self, time: Duration) -> BoxFuture<'static, ()>;

    /// What Kubernetes gave the pod that this process runs in, read anew each time, since it is replaced every
    /// hour; none outside of a pod. Where it lies is the platform's to say: no request and no record can.
    fn service_account(&self) -> BoxFuture<'_, Option<ServiceAccount>>;
}

/// One request: GET, or POST if there is a body.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    pub url: &'a Url,
    /// Sent as `Authorization: Bearer`.
    pub bearer: Option<&'a SecretBytes>,
    /// JSON.
    pub body: Option<&'a SecretBytes>,
    /// The authorities to believe, as PEM; none: those that the machine believes.
    pub roots: Option<&'a str>,
    /// Who we are, where the server asks.
    pub identity: Option<Identity<'a>>,
    /// Bytes of the answer's body, [`MOST`] at most.
    pub most: usize,
    /// [`WITHIN`] at most, from name resolution to the last byte.
    pub within: Duration,
}

/// A client certificate with its chain, and its key, both as PEM.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    pub certificate: &'a str,
    pub key: &'a SecretBytes,
}

/// An answer. What is in it may be secret, and is never part of an error.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub body: SecretBytes,
}

/// The service account of the pod that this process runs in.
#[derive(Debug)]
pub struct ServiceAccount {
    pub token: SecretBytes,
    /// The cluster's authorities, as PEM.
    pub roots: String,
}

/// Why there is no answer. Never with a part of one.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CallError {
    #[error("this store reaches no other servers")]
    Nowhere,
    #[error("the CA certificates cannot be used")]
    Roots,
    #[error("the client certificate and its key cannot be used")]
    Identity,
    #[error("the host has no address that may be asked")]
    NoAddress,
    #[error("the server cannot be reached")]
    Unreachable,
    #[error("the server's certificate is not accepted, or it does not accept ours")]
    Tls,
    #[error("the server does not answer in time")]
    TooSlow,
    #[error("the answer is too large")]
    TooLarge,
    #[error("the server answers with a redirect, which is not followed")]
    Redirected,
    #[error("the answer is not HTTP")]
    Malformed,
}

impl<'a> Call<'a> {
    /// A GET with the widest limits, for everybody.
    pub fn new(url: &'a Url) -> Self {
        Self { url, bearer: None, body: None, roots: None, identity: None, most: MOST, within: WITHIN }
    }
}

/// Reaches nobody: what a core has that was given nothing else.
#[derive(Debug)]
pub struct Nowhere;

impl Outbound for Nowhere {
    fn ask<'a>(&'a self, _: Call<'a>) -> BoxFuture<'a, Result<Reply, CallError>> {
        Box::pin(async { Err(CallError::Nowhere) })
    }

    fn pause(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }

    fn service_account(&self) -> BoxFuture<'_, Option<ServiceAccount>> {
        Box::pin(async { None })
    }
}
