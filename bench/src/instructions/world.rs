//! A store of the process's own, filled through the one door that requests come by.
//!
//! The clock stands still and the audit device signs by lines alone, so that nothing depends on how slow
//! callgrind makes the machine.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use strongroom_core::{
    Core, Settings,
    audit::DeviceConfig,
    clock::{ManualClock, Timestamp},
    crypto::SecretBytes,
    ids::{NamespaceId, RequestId},
    request::{Body, Operation, Peer, PresentedToken, Request, RequestPath},
    response::Response,
    seal::init::Plan,
    storage::{Memory, Sqlite, SqliteOptions, Storage},
};

use super::Failure;

pub(crate) const ROOT: &str = "root-0123456789abcdef";

const POLICY: &str = r#"
path "secret/data/bench/*"     { capabilities = ["create", "read", "update"] }
path "secret/metadata/bench/*" { capabilities = ["list", "read"] }
path "secret/data/other/*"     { capabilities = ["read"] }
path "auth/token/lookup-self"  { capabilities = ["read"] }
"#;

/// Where rows lie.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    Memory,
    Sqlite,
}

pub(crate) struct World {
    pub(crate) core: Arc<Core>,
    /// An ordinary token with a policy of four rules.
    pub(crate) token: String,
    /// Removed with all that is in it.
    _dir: tempfile::TempDir,
}

impl World {
    /// An unsealed store with an audit file. KV v2 is at `secret/` from the beginning.
    pub(crate) async fn new(place: Place) -> Result<Self, Failure> {
        let dir = tempfile::tempdir()?;
        let storage: Arc<dyn Storage> = match place {
            Place::Memory => Arc::new(Memory::new()),
            Place::Sqlite => Arc::new(Sqlite::open(&dir.path().join("store"), SqliteOptions::default())?),
        };
        let never = Duration::from_secs(86_400);
        let audit = DeviceConfig {
            deadline: never,
            checkpoint_after: never,
            ..DeviceConfig::file("file/", dir.path().join("audit.log"))
        };
        let clock = Arc::new(ManualClock::starting_at(Timestamp(1_700_000_000_000_000_000)));
        let core =
            Arc::new(Core::new(storage, clock, Settings { audit: vec![audit], ..Settings::default() }));
        let root = SecretBytes::copy_of(ROOT.as_bytes());
        let made = core.init(Plan::Shamir { shares: 1, threshold: 1 }, Some(root)).await?;
        let share = made.shares.first().ok_or("no share")?;
        core.unseal(&SecretBytes::from(data_encoding::BASE64.encode(share.expose()))).await?;

        let mut world = Self { core, token: String::new(), _dir: dir };
        world.write("sys/policies/acl/bench", &json!({ "policy": POLICY })).await?;
        let wish = json!({ "policies": ["bench"], "ttl": "24h" });
        let auth = world.write("auth/token/create", &wish).await?.auth.ok_or("no token was made")?;
        world.token = auth.client_token.expose_str().ok_or("no token was made")?.to_owned();
        Ok(world)
    }

    /// Writes as root.
    pub(crate) async fn write(&self, path: &str, body: &Value) -> Result<Response, Failure> {
        let request = Self::request(Operation::Write, path, ROOT, Body::of(body)?)?;
        Ok(self.core.dispatch(request).await.into_result()?)
    }

    /// Reads a field of an answer's data as root.
    pub(crate) async fn field(&self, path: &str, field: &str) -> Result<String, Failure> {
        let request = Self::request(Operation::Read, path, ROOT, Body::default())?;
        text(&self.core.dispatch(request).await.into_result()?, field)
    }

    /// As the HTTP layer would make it.
    pub(crate) fn request(
        operation: Operation,
        path: &str,
        token: &str,
        body: Body,
    ) -> Result<Request, Failure> {
        Ok(Request {
            id: RequestId::generate()?,
            operation,
            path: RequestPath::new(NamespaceId::ROOT, path)?,
            token: (!token.is_empty()).then(|| PresentedToken::new(SecretBytes::copy_of(token.as_bytes()))),
            body,
            peer: Peer::Address(([127, 0, 0, 1], 40_000).into()),
            wrap_ttl: None,
            lease_ttl: None,
            headers: Vec::new(),
            merge_patch: false,
            opened: Default::default(),
        })
    }
}

/// A text in an answer's data.
pub(crate) fn text(response: &Response, field: &str) -> Result<String, Failure> {
    let data = response.data.as_ref().ok_or("an answer without data")?;
    let data: Value = serde_json::from_slice(data.expose())?;
    let found = data.get(field).and_then(Value::as_str).map(str::to_owned);
    found.ok_or_else(|| format!("no {field} in an answer").into())
}
