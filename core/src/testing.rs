//! A core in memory for tests: made, unsealed, and asked in one line.

pub mod decoding;

use std::{sync::Arc, time::Duration};

use crate::{
    Core, Error, Result, Settings,
    clock::{ManualClock, Timestamp},
    crypto::SecretBytes,
    ids::{NamespaceId, RequestId},
    request::{Body, Chunks, Opened, Operation, Peer, PresentedToken, Request, RequestPath},
    response::Response,
    seal::init::Plan,
    storage::{Memory, Storage},
};

/// The root token of a [`TestCore`].
pub const ROOT: &str = "root-0123456789abcdef";

/// An unsealed core over memory, with a clock that moves only when told to.
pub struct TestCore {
    pub core: Arc<Core>,
    pub clock: Arc<ManualClock>,
    pub shares: Vec<SecretBytes>,
}

/// One question, with what is seldom said left at its default.
pub struct Ask<'a> {
    pub operation: Operation,
    pub path: &'a str,
    pub token: &'a str,
    pub body: serde_json::Value,
    pub wrap_ttl: Option<Duration>,
    pub lease_ttl: Option<Duration>,
    pub certificates: Option<Arc<[Vec<u8>]>>,
    pub merge_patch: bool,
    pub headers: Vec<(Box<str>, Box<str>)>,
    pub peer: Peer,
    pub opened: Opened,
}

impl<'a> Ask<'a> {
    pub fn new(operation: Operation, path: &'a str) -> Self {
        Self {
            operation,
            path,
            token: ROOT,
            body: serde_json::Value::Null,
            wrap_ttl: None,
            lease_ttl: None,
            certificates: None,
            merge_patch: operation == Operation::Patch,
            headers: Vec::new(),
            peer: Peer::Address(([127, 0, 0, 1], 40_000).into()),
            opened: Opened::default(),
        }
    }
}

#[allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot be set up fails"
)]
impl TestCore {
    pub async fn new() -> Self {
        Self::over(Arc::new(Memory::new()), Settings::default()).await
    }

    pub async fn over(storage: Arc<dyn Storage>, settings: Settings) -> Self {
        Self::made(storage, settings, |core| core).await
    }

    /// The same, of a core to which something is done before it is used.
    pub async fn made(
        storage: Arc<dyn Storage>,
        settings: Settings,
        change: impl FnOnce(Core) -> Core,
    ) -> Self {
        let clock = Arc::new(ManualClock::starting_at(Timestamp(1_700_000_000_000_000_000)));
        let core = Arc::new(change(Core::new(storage, clock.clone(), settings)));
        let root = Some(SecretBytes::copy_of(ROOT.as_bytes()));
        let made = core.init(Plan::Shamir { shares: 1, threshold: 1 }, root).await.unwrap();
        let this = Self { core, clock, shares: made.shares };
        this.unseal().await;
        this
    }

    /// Unseals with the one share.
    pub async fn unseal(&self) {
        let share = self.shares.first().unwrap();
        let text = SecretBytes::from(data_encoding::BASE64.encode(share.expose()));
        self.core.unseal(&text).await.unwrap();
    }

    /// Asks, and answers what the core did.
    pub async fn ask(&self, ask: Ask<'_>) -> Result<Response> {
        let body = match &ask.body {
            serde_json::Value::Null => Body::default(),
            body => Body::of(body)?,
        };
        let request = Request {
            id: RequestId::generate()?,
            operation: ask.operation,
            path: RequestPath::new(NamespaceId::ROOT, ask.path)?,
            token: (!ask.token.is_empty())
                .then(|| PresentedToken::new(SecretBytes::copy_of(ask.token.as_bytes()))),
            body,
            peer: ask.peer,
            wrap_ttl: ask.wrap_ttl,
            lease_ttl: ask.lease_ttl,
            certificates: ask.certificates,
            headers: ask.headers,
            merge_patch: ask.merge_patch,
            opened: ask.opened,
        };
        self.core.dispatch(request).await.into_result()
    }

    pub async fn read(&self, path: &str) -> Result<Response> {
        self.ask(Ask::new(Operation::Read, path)).await
    }

    pub async fn list(&self, path: &str) -> Result<Response> {
        self.ask(Ask::new(Operation::List, path)).await
    }

    pub async fn write(&self, path: &str, body: serde_json::Value) -> Result<Response> {
        self.ask(Ask { body, ..Ask::new(Operation::Write, path) }).await
    }

    pub async fn delete(&self, path: &str) -> Result<Response> {
        self.ask(Ask::new(Operation::Delete, path)).await
    }

    /// As another caller than root.
    pub async fn as_token(
        &self,
        token: &str,
        operation: Operation,
        path: &str,
        body: serde_json::Value,
    ) -> Result<Response> {
        self.ask(Ask { token, body, ..Ask::new(operation, path) }).await
    }

    /// The snapshot that the store gives now.
    pub async fn snapshot(&self) -> Result<Vec<u8>> {
        let answer = self.read("sys/storage/raft/snapshot").await?;
        let stream = answer.stream.ok_or(Error::Internal("an answer that is no stream"))?;
        let pieces: std::io::Result<Vec<bytes::Bytes>> = stream.collect();
        Ok(pieces.map_err(|_| Error::Internal("the stream broke off"))?.concat())
    }

    /// Sends a body that is no fields, in pieces.
    pub async fn upload(&self, path: &str, token: &str, peer: Peer, body: Vec<u8>) -> Result<Response> {
        let pieces: Vec<_> = body.chunks(1000).map(|it| Ok(bytes::Bytes::copy_from_slice(it))).collect();
        self.upload_as_it_comes(path, token, peer, Box::pin(futures_util::stream::iter(pieces))).await
    }

    /// Sends a body that is no fields, as slowly as it comes.
    pub async fn upload_as_it_comes(
        &self,
        path: &str,
        token: &str,
        peer: Peer,
        body: Chunks,
    ) -> Result<Response> {
        let request = Request {
            id: RequestId::generate()?,
            operation: Operation::Write,
            path: RequestPath::new(NamespaceId::ROOT, path)?,
            token: (!token.is_empty()).then(|| PresentedToken::new(SecretBytes::copy_of(token.as_bytes()))),
            body: Body::streamed(body),
            peer,
            wrap_ttl: None,
            lease_ttl: None,
            certificates: None,
            headers: Vec::new(),
            merge_patch: false,
            opened: Default::default(),
        };
        self.core.dispatch(request).await.into_result()
    }

    /// Puts a snapshot back as root.
    pub async fn restore(&self, path: &str, body: Vec<u8>) -> Result<Response> {
        self.upload(path, ROOT, Ask::new(Operation::Write, path).peer, body).await
    }

    /// A policy and a service token that has it (and not `default`).
    pub async fn token_with(&self, policy: &str) -> String {
        let name = format!("p{}", RequestId::generate().unwrap());
        self.write(&format!("sys/policies/acl/{name}"), serde_json::json!({ "policy": policy }))
            .await
            .unwrap();
        let body = serde_json::json!({ "policies": [name], "no_default_policy": true });
        let auth = self.write("auth/token/create", body).await.unwrap().auth.unwrap();
        auth.client_token.expose_str().unwrap().to_owned()
    }
}

/// `Write login/{username}`: the endpoints of an engine, sorted.
pub fn endpoints(kind: &str) -> Vec<String> {
    let listed = crate::catalog::all();
    let tables = listed.iter().filter(|it| it.engine.kind() == kind).flat_map(|it| it.tables);
    let routes = tables.flat_map(|it| it.iter());
    let each = |route: &crate::route::Route| {
        let named = route.endpoints.iter().map(|it| format!("{:?} {}", it.operation, route.pattern));
        named.collect::<Vec<_>>()
    };
    let mut out: Vec<String> = routes.flat_map(each).collect();
    out.sort_unstable();
    out
}

/// Fails unless `listed` names each endpoint of an engine, with a test that is in `text`.
#[allow(clippy::missing_panics_doc, reason = "a check that fails")]
pub fn check_endpoints(kind: &str, listed: &[(&str, &str)], text: &str) {
    let mut covered: Vec<String> = listed.iter().map(|it| it.0.to_owned()).collect();
    covered.sort_unstable();
    assert_eq!(endpoints(kind), covered);
    for (endpoint, test) in listed {
        assert!(text.contains(&format!("async fn {test}(")), "{endpoint}: {test}");
    }
}

/// A response's data as a JSON tree.
pub fn data(response: &Response) -> serde_json::Value {
    response
        .data
        .as_ref()
        .and_then(|it| serde_json::from_slice(it.expose()).ok())
        .unwrap_or(serde_json::Value::Null)
}

/// Whether the core refused for want of permission.
pub fn is_denied<T>(outcome: &Result<T>) -> bool {
    matches!(outcome, Err(Error::Denied | Error::DeniedBecause(_)))
}
