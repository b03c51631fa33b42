//! A store that the application opens in its own process: no server, and the same calls.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use strongroom_sdk::embedded::{Auditing, Builder, Store, Unlock};
//!
//! let unlock = Unlock::KeyFile("/etc/app/unseal.key".into());
//! let audit = Auditing::File("/var/log/app/audit.log".into());
//! let store = Store::open(Builder::directory("/var/lib/app/secrets", unlock, audit)).await?;
//! let secret = store.root().kv("secret").get("db").await?;
//! # Ok(()) }
//! ```
//!
//! Every call is the core's own request: policies decide it and the audit log records it, as with a server.
//! Who calls is said once, by the handle: [`Store::root`] may do everything and has no token;
//! [`Store::client`] is as much as its token, and without one it may log in and no more.

use std::{fmt, sync::Arc, time::Duration};

use strongroom_core::{
    Core, Error as CoreError,
    ids::{NamespaceId, RequestId},
    request::{Body, Operation, Peer, PresentedToken, Request, RequestPath},
};
use zeroize::Zeroizing;

pub use strongroom_core::{Auditing, Builder, OpenError, Settings, Unlock, Upkeep, crypto::SecretBytes};

use crate::{
    Answer, Client, Config, Method, SecretString,
    transport::{Ask, Failed, Reply, Transport},
};

/// A store that is open. Clients of it may outlive it: they find it sealed then.
pub struct Store {
    opened: strongroom_core::Opened,
    made: Option<Made>,
}

/// What a new store hands out once. It exists nowhere else.
pub struct Made {
    /// A token that may do everything and does not end. The application's root handle needs none: keep it for
    /// people, or revoke it.
    pub root_token: SecretString,
    /// Replaces a key that is lost; none with a passphrase.
    pub recovery_share: Option<SecretBytes>,
}

impl Store {
    /// Opens the store, and makes it first if there is none.
    pub async fn open(builder: Builder) -> Result<Self, OpenError> {
        let mut opened = builder.open().await?;
        let made = opened.take_made().map(|it| Made {
            root_token: SecretString::new(it.root_token.expose_str().unwrap_or_default()),
            recovery_share: it.shares.into_iter().next(),
        });
        Ok(Self { opened, made })
    }

    /// What was handed out if the store was made just now; `None` when it is asked for again.
    pub fn take_made(&mut self) -> Option<Made> {
        self.made.take()
    }

    /// The application itself: it holds the key, so it may do everything.
    pub fn root(&self) -> Client {
        self.speak(Speaker::Root, None)
    }

    /// Somebody with a token, or who is going to log in.
    pub fn client(&self, token: Option<SecretString>) -> Client {
        self.speak(Speaker::Token, token)
    }

    /// The core itself, for [`Core::run_due`] and what no client can ask.
    pub fn core(&self) -> &Arc<Core> {
        self.opened.core()
    }

    /// Seals the store and lets go of its directory, after what is under way.
    pub async fn close(self) -> Result<(), OpenError> {
        self.opened.close().await
    }

    fn speak(&self, speaker: Speaker, token: Option<SecretString>) -> Client {
        let transport = Transport::Embedded(Embedded { core: self.opened.core().clone(), speaker });
        Client::over(transport, Config { address: "embedded".to_owned(), token, ..Config::default() })
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}

impl fmt::Debug for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Made(…)")
    }
}

/// The transport of an embedded store.
#[derive(Clone)]
pub(crate) struct Embedded {
    core: Arc<Core>,
    speaker: Speaker,
}

#[derive(Clone, Copy)]
enum Speaker {
    Root,
    Token,
}

impl Embedded {
    /// A login or a token taken from the root handle does not fall back to it when it ends.
    pub(crate) fn for_bearers(&self) -> Self {
        Self { core: self.core.clone(), speaker: Speaker::Token }
    }

    pub(crate) async fn exchange(&self, ask: &Ask) -> Result<Reply, Failed> {
        let request = self.request(ask)?;
        let id = request.id;
        let core = self.core.clone();
        // As in the server: what may change something is carried to its end, though nobody waits any more.
        let audited = tokio::spawn(async move { core.dispatch(request).await }).await;
        let outcome = match audited {
            Ok(audited) => audited.into_result(),
            Err(_) => Err(CoreError::Internal("a request panicked")),
        };
        let retry_after = match &outcome {
            Err(CoreError::RateLimited { retry_after, .. }) => Some(Duration::from_secs(*retry_after)),
            _ => None,
        };
        let answer = outcome.and_then(|response| {
            if let Some(raw) = &response.raw {
                return Ok((response.status.unwrap_or(200), copy(&raw.body)));
            }
            match response.says_nothing() {
                true => Ok((response.status.unwrap_or(204), Zeroizing::default())),
                false => Ok((response.status.unwrap_or(200), copy(&response.envelope(id)?))),
            }
        });
        let (status, body) = answer.unwrap_or_else(|error| refusal(&error));
        Ok(Reply { answer: Answer::new(status, body), retry_after })
    }

    fn request(&self, ask: &Ask) -> Result<Request, Failed> {
        let operation = operation(ask.method);
        let mut path = RequestPath::new(NamespaceId::ROOT, &ask.path)
            .map_err(|_| Failed::unusable("the path is not clean: leave out double slashes and dots"))?;
        if operation == Operation::List && !path.is_folder() {
            path = RequestPath::new(NamespaceId::ROOT, &path.as_folder())
                .map_err(|_| Failed::unusable("the path is too long"))?;
        }
        let body = match ask.body.is_empty() {
            true => Body::pairs(ask.query.iter().map(|(name, value)| (name.into(), value.into()))),
            false => Body::json(SecretBytes::copy_of(&ask.body)),
        };
        let body = body.map_err(|_| Failed::unusable("the body is no JSON object of a bearable size"))?;
        Ok(Request {
            id: RequestId::generate().map_err(|_| Failed::unusable("there is no randomness"))?,
            operation,
            path,
            token: self.token(ask),
            body,
            peer: Peer::Embedded,
            wrap_ttl: ask.wrap_ttl.filter(|it| !it.is_zero()),
            lease_ttl: ask.lease_ttl.filter(|it| !it.is_zero()),
            certificates: None,
            headers: Vec::new(),
            merge_patch: operation == Operation::Patch,
            opened: Default::default(),
        })
    }

    /// To the core a request of this process without a token is the root handle's. So whoever speaks by a
    /// token, or as nobody, presents one in any case: an empty one is nobody's.
    fn token(&self, ask: &Ask) -> Option<PresentedToken> {
        match (&self.speaker, &ask.token) {
            (Speaker::Root, None) if !ask.anonymous => None,
            (_, token) => {
                let text = token.as_ref().map_or("", |it| it.expose());
                Some(PresentedToken::new(SecretBytes::copy_of(text.as_bytes())))
            }
        }
    }
}

fn operation(method: Method) -> Operation {
    match method {
        Method::Delete => Operation::Delete,
        Method::Get => Operation::Read,
        Method::List => Operation::List,
        Method::Patch => Operation::Patch,
        Method::Post | Method::Put => Operation::Write,
    }
}

fn copy(bytes: &SecretBytes) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(bytes.expose().to_vec())
}

/// What a server would answer, so that an application cannot tell the two apart by an error.
fn refusal(error: &CoreError) -> (u16, Zeroizing<Vec<u8>>) {
    let status = match error {
        CoreError::Audit | CoreError::Barrier(_) | CoreError::Internal(_) | CoreError::Storage(_) => 500,
        CoreError::Busy | CoreError::NotInitialized | CoreError::Sealed | CoreError::Unavailable(_) => 503,
        CoreError::Denied | CoreError::DeniedBecause(_) => 403,
        CoreError::Invalid(_) | CoreError::InvalidAll(_) => 400,
        CoreError::NotFound | CoreError::NotFoundBecause(_) | CoreError::UnsupportedPath => 404,
        CoreError::LeaseQuota { .. } | CoreError::RateLimited { .. } => 429,
        CoreError::TooLarge => 413,
        CoreError::UnsupportedMediaType(_) => 415,
        CoreError::UnsupportedOperation => 405,
    };
    #[derive(serde::Serialize)]
    struct Errors {
        errors: Vec<String>,
    }
    let errors = match error {
        CoreError::NotFound => Vec::new(),
        CoreError::InvalidAll(all) => all.iter().map(ToString::to_string).collect(),
        error => vec![error.to_string()],
    };
    (status, Zeroizing::new(serde_json::to_vec(&Errors { errors }).unwrap_or_default()))
}
