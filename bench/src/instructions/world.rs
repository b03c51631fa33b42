//! A store of the process's own, filled through the one door that requests come by.
//!
//! The clock stands still and the audit device signs by lines alone, so that nothing depends on how slow
//! callgrind makes the machine.

use std::{path::Path, sync::Arc, time::Duration};

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
use tempfile::TempDir;

use super::{
    Failure,
    cases::KEYS,
    work::{body, secret},
};

pub(crate) const ROOT: &str = "root-0123456789abcdef";

/// Secrets that a store on disk has before anything is counted.
pub(crate) const SECRETS: u64 = 10_000;
/// How many a secret keeps. Those that are overwritten have as many already.
const VERSIONS: u64 = 10;
/// Written at a time, so that they share commits.
const TOGETHER: usize = 64;

const POLICY: &str = r#"
path "secret/data/bench/*"     { capabilities = ["create", "read", "update"] }
path "secret/metadata/bench/*" { capabilities = ["list", "read"] }
path "secret/data/other/*"     { capabilities = ["read"] }
path "auth/token/lookup-self"  { capabilities = ["read"] }
"#;

/// Where rows lie.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    /// Nothing is in it.
    Memory,
    /// A copy of the [`Base`].
    Sqlite,
}

/// A filled store on disk, made once, outside of callgrind.
pub(crate) struct Base {
    dir: TempDir,
    share: String,
}

impl Base {
    pub(crate) async fn new() -> Result<Self, Failure> {
        let dir = tempfile::tempdir()?;
        let storage = Arc::new(Sqlite::open(&dir.path().join(STORE), SqliteOptions::default())?);
        let core = closed(storage, dir.path());
        let share = init(&core).await?;
        for (keys, times) in [(SECRETS, 1), (KEYS, VERSIONS)] {
            for _ in 0..times {
                fill(&core, keys).await?;
            }
        }
        core.seal_now();
        core.storage().close().await?;
        Ok(Self { dir, share })
    }

    /// What another process needs to open it.
    pub(crate) fn args(&self) -> [&std::ffi::OsStr; 2] {
        [self.dir.path().as_os_str(), self.share.as_ref()]
    }
}

const STORE: &str = "store";
const AUDIT: &str = "audit.log";

/// An open store.
pub(crate) struct World {
    pub(crate) core: Arc<Core>,
    /// An ordinary token with a policy of four rules.
    pub(crate) token: String,
    /// Removed with all that is in it.
    _dir: TempDir,
}

impl World {
    /// `base` and `share` are those of a [`Base`].
    pub(crate) async fn new(place: Place, base: &Path, share: &str) -> Result<Self, Failure> {
        let dir = tempfile::tempdir()?;
        let core = match place {
            Place::Memory => {
                let core = closed(Arc::new(Memory::new()), dir.path());
                init(&core).await?;
                core
            }
            Place::Sqlite => {
                copy(base, dir.path())?;
                let storage = Arc::new(Sqlite::open(&dir.path().join(STORE), SqliteOptions::default())?);
                let core = closed(storage, dir.path());
                core.unseal(&SecretBytes::copy_of(share.as_bytes())).await?;
                core
            }
        };
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
            certificates: None,
            headers: Vec::new(),
            merge_patch: false,
            opened: Default::default(),
        })
    }
}

/// A core that is sealed, and whose audit file is in `dir`.
fn closed(storage: Arc<dyn Storage>, dir: &Path) -> Arc<Core> {
    let never = Duration::from_secs(86_400);
    let audit = DeviceConfig {
        deadline: never,
        checkpoint_after: never,
        ..DeviceConfig::file("file/", dir.join(AUDIT))
    };
    let clock = Arc::new(ManualClock::starting_at(Timestamp(1_700_000_000_000_000_000)));
    Arc::new(Core::new(storage, clock, Settings { audit: vec![audit], ..Settings::default() }))
}

/// Writes the first `keys` secrets once each.
async fn fill(core: &Arc<Core>, keys: u64) -> Result<(), Failure> {
    let mut writing = tokio::task::JoinSet::new();
    for key in 0..keys {
        let core = core.clone();
        let request = World::request(Operation::Write, &secret(key), ROOT, body()?)?;
        writing.spawn(async move { core.dispatch(request).await.into_result() });
        if writing.len() >= TOGETHER
            && let Some(written) = writing.join_next().await
        {
            written??;
        }
    }
    while let Some(written) = writing.join_next().await {
        written??;
    }
    Ok(())
}

/// Makes a store, with KV v2 at `secret/` as every store has it, and opens it. Answers its share.
async fn init(core: &Core) -> Result<String, Failure> {
    let root = SecretBytes::copy_of(ROOT.as_bytes());
    let made = core.init(Plan::Shamir { shares: 1, threshold: 1 }, Some(root)).await?;
    let share = data_encoding::BASE64.encode(made.shares.first().ok_or("no share")?.expose());
    core.unseal(&SecretBytes::copy_of(share.as_bytes())).await?;
    Ok(share)
}

/// The store alone: to its audit file it is as if that had been rotated.
fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    std::fs::create_dir(to.join(STORE))?;
    for file in std::fs::read_dir(from.join(STORE))? {
        let file = file?;
        std::fs::copy(file.path(), to.join(STORE).join(file.file_name()))?;
    }
    Ok(())
}

/// A text in an answer's data.
pub(crate) fn text(response: &Response, field: &str) -> Result<String, Failure> {
    let data = response.data.as_ref().ok_or("an answer without data")?;
    let data: Value = serde_json::from_slice(data.expose())?;
    let found = data.get(field).and_then(Value::as_str).map(str::to_owned);
    found.ok_or_else(|| format!("no {field} in an answer").into())
}
