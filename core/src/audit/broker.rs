//! All devices together.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use arc_swap::ArcSwapOption;

use super::{
    chain::Head,
    config::DeviceConfig,
    device::{Body, Device, Node},
    flood::Flood,
    keeper::Keeper,
    line,
    record::{Record, reason},
    stored::{self, StoredDevice, StoredHead},
    text,
    trail::{Crowd, Trail, one_accepts},
};
use crate::{
    barrier::{Barrier, head::HeadKeeper, keyring::Purpose},
    clock::{TimeKeeper, Timestamp},
    crypto::{
        CryptoError, Key,
        mac::{self, CacheHash},
        sign::SigningKey,
    },
    error::{Error, Result},
    request::{Operation, Peer, Request},
    storage::Rev,
    store::{Fixed, Store},
    system::settings::{self, AuditedHeaders},
    tokens::Tokens,
};

/// Answers that were given without a record, or events while sealed, that are remembered at most.
const MAX_LATE: usize = 1_024;

/// Hands records to the devices of an unsealed store.
pub struct Broker {
    configured: Vec<DeviceConfig>,
    /// Every device's MAC key comes from it.
    seed: Key,
    node: Arc<Node>,
    store: Arc<Store>,
    generation: Fixed,
    loaded: ArcSwapOption<(Option<Rev>, Arc<Devices>)>,
    loading: tokio::sync::Mutex<()>,
    late: Arc<Late>,
    flood: Arc<Flood>,
    pub(super) counters: Counters,
    /// Requests that are under way.
    pub(super) crowd: Crowd,
    keeper: Keeper,
}

/// The devices as of the last change.
pub(super) struct Devices {
    pub(super) list: Vec<Arc<Device>>,
    /// Request headers that lines hold.
    pub(super) headers: Arc<AuditedHeaders>,
}

/// What must still be written: lines for what could not be recorded when it happened.
#[derive(Default)]
pub(super) struct Late(Mutex<VecDeque<Vec<u8>>>);

/// What happened so far.
#[derive(Debug, Default)]
pub struct Counters {
    pub requests: AtomicU64,
    pub request_failures: AtomicU64,
    pub responses: AtomicU64,
    pub response_failures: AtomicU64,
}

/// What is shown of a device.
#[derive(Clone, Debug)]
pub struct DeviceStatus {
    pub config: DeviceConfig,
    /// It was made over the API, and can be taken away there.
    pub by_api: bool,
    pub healthy: bool,
    pub head: Head,
}

/// What happened while there were no keys to record it with.
#[derive(Clone, Debug)]
pub(crate) struct SealedEvent {
    at: Timestamp,
    id: String,
    operation: &'static str,
    path: String,
    peer: Peer,
    error: Option<&'static str>,
}

impl SealedEvent {
    pub(crate) fn new(request: &Request, error: Option<&Error>, at: Timestamp) -> Self {
        let operation = match request.operation {
            Operation::Write => "update",
            Operation::Delete => "delete",
            Operation::List => "list",
            _ => "read",
        };
        Self {
            at,
            id: request.id.to_string(),
            operation,
            path: request.path.to_string(),
            peer: request.peer.clone(),
            error: error.map(reason),
        }
    }

    fn line(&self) -> Vec<u8> {
        let mut out = line::open("response", self.at, 512);
        text::object(&mut out, "auth", |out| text::text(out, "token_type", "default"));
        text::object(&mut out, "request", |out| {
            text::text(out, "id", &self.id);
            text::text(out, "operation", self.operation);
            text::object(out, "namespace", |out| text::text(out, "id", "root"));
            text::text(out, "path", &self.path);
            line::peer(out, &self.peer);
        });
        text::object(&mut out, "response", |_| {});
        text::flag(&mut out, "while_sealed", true);
        if let Some(error) = self.error {
            text::text(&mut out, "error", error);
        }
        out.push(b'}');
        out
    }
}

impl Broker {
    /// Nothing is opened yet: the devices start with the first request.
    pub(crate) fn new(
        configured: Vec<DeviceConfig>,
        barrier: &Barrier,
        store: Arc<Store>,
        time: Arc<TimeKeeper>,
        head: &Arc<HeadKeeper>,
    ) -> Result<Self, CryptoError> {
        let seed = barrier.purpose(Purpose::AuditSeed)?;
        let signer = SigningKey::from_seed(&mac::derive(&seed, &[], "audit checkpoint", &[])?)?;
        let head = Arc::downgrade(head);
        let node = Arc::new(Node {
            store: barrier.store().0.to_string(),
            signer,
            time,
            head,
            last: OnceLock::new(),
            hash: CacheHash::new()?,
        });
        Ok(Self {
            configured,
            seed,
            node,
            store,
            generation: stored::generation(),
            loaded: ArcSwapOption::empty(),
            loading: tokio::sync::Mutex::default(),
            late: Arc::default(),
            flood: Arc::default(),
            counters: Counters::default(),
            crowd: Crowd::default(),
            keeper: Keeper::default(),
        })
    }

    /// Begins the record of one request.
    pub(crate) async fn trail<'a>(&'a self, tokens: &'a Tokens, record: Record<'a>) -> Result<Trail<'a>> {
        Ok(Trail::new(self, tokens, self.current().await?, record))
    }

    /// The key that checkpoints are verified with: 32 bytes, Ed25519.
    pub fn public_key(&self) -> Vec<u8> {
        self.node.signer.public()
    }

    /// The store's id, as the lines name it.
    pub fn store_id(&self) -> &str {
        &self.node.store
    }

    /// The request headers that lines hold: others need not be handed over.
    pub async fn headers(&self) -> Result<Arc<AuditedHeaders>> {
        Ok(self.current().await?.headers.clone())
    }

    /// All devices, by path.
    pub async fn devices(&self) -> Result<Vec<DeviceStatus>> {
        let devices = self.current().await?;
        let status = |it: &Arc<Device>| DeviceStatus {
            config: it.config.clone(),
            by_api: it.salt.is_some(),
            healthy: it.is_healthy(),
            head: it.head(),
        };
        let mut all: Vec<DeviceStatus> = devices.list.iter().map(status).collect();
        all.sort_by(|a, b| a.config.path.cmp(&b.config.path));
        Ok(all)
    }

    /// The MAC that the device at `path` would write for `value`; `None` if there is no such device.
    pub async fn hash(&self, path: &str, value: &[u8]) -> Result<Option<String>> {
        let path = super::config::with_slash(path);
        let devices = self.current().await?;
        let device = devices.list.iter().find(|it| it.config.path == path);
        Ok(device.map(|it| it.writer.redactor.hash(value)))
    }

    /// The lines of the first device that keeps them in memory.
    pub async fn memory(&self) -> Result<Vec<String>> {
        let devices = self.current().await?;
        Ok(devices.list.iter().find_map(|it| it.memory()).unwrap_or_default())
    }

    /// Opens all files anew: to be called when somebody has rotated them (SIGHUP).
    pub fn reopen(&self) {
        if let Some(loaded) = &*self.loaded.load() {
            loaded.1.list.iter().for_each(|it| it.reopen());
        }
    }

    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Records what happened while sealed.
    pub(crate) async fn after_unsealing(&self, events: Vec<SealedEvent>) {
        self.late.extend(events.iter().map(SealedEvent::line));
        if let Ok(devices) = self.current().await {
            let _ = self.late.write(&devices).await;
        }
    }

    /// Ends what writes to the store: it is about to be sealed.
    pub(crate) fn before_sealing(&self) {
        self.keeper.stop();
        if let Some(head) = self.node.head.upgrade() {
            // Sealed twice: the first was it.
            let _ = self.node.last.set(head.anchor());
        }
    }

    /// Whether so many bytes of a stranger's request are to be recorded.
    pub(super) fn admits(&self, request: &Request, bytes: usize) -> bool {
        let loaded = self.loaded.load();
        let low = loaded.as_ref().is_some_and(|it| it.1.list.iter().any(|it| it.is_low_on_space()));
        self.flood.admits(&request.peer, bytes, low, Instant::now())
    }

    /// Counts a stranger's request that is refused without a record.
    pub(super) fn suppress(&self, request: &Request) {
        self.flood.suppress(&request.peer, Instant::now());
    }

    /// Remembers an answer that was not recorded although something was done: a line says so later.
    pub(super) fn unrecorded(&self, record: &Record<'_>, now: Timestamp) {
        let mut out = line::open("response_unrecorded", now, 512);
        text::object(&mut out, "request", |out| {
            text::text(out, "id", &record.request.id.to_string());
            text::text(out, "operation", record.operation());
        });
        text::text(&mut out, "error", "no audit device took the response's record");
        out.push(b'}');
        self.late.extend([out]);
    }

    /// The devices, started if they were not, or if others were made or taken away.
    async fn current(&self) -> Result<Arc<Devices>> {
        let place = self.generation.place(&self.store);
        let rev = self.store.rev(place).await?;
        if let Some(loaded) = &*self.loaded.load()
            && loaded.0 == rev
        {
            return Ok(loaded.1.clone());
        }
        let _loading = self.loading.lock().await;
        let rev = self.store.rev(place).await?;
        let old = self.loaded.load_full();
        if let Some(old) = &old
            && old.0 == rev
        {
            return Ok(old.1.clone());
        }
        let devices = Arc::new(self.load(old.as_deref().map(|it| &*it.1)).await?);
        self.keeper.watch(&devices, self);
        self.loaded.store(Some(Arc::new((rev, devices.clone()))));
        Ok(devices)
    }

    /// Keeps the devices that stay as they are, and starts the others.
    async fn load(&self, old: Option<&Devices>) -> Result<Devices> {
        let mut wanted: Vec<(DeviceConfig, Option<[u8; 32]>)> =
            self.configured.iter().map(|it| (it.clone(), None)).collect();
        for stored in stored::load(&self.store).await? {
            match stored.config() {
                Ok(config) => wanted.push((config, Some(stored.salt))),
                Err(error) => tracing::error!(%error, "a stored audit device is not started"),
            }
        }
        let mut list = Vec::with_capacity(wanted.len());
        for (config, salt) in wanted {
            let same = |it: &&Arc<Device>| it.config == config && it.salt == salt;
            match old.and_then(|it| it.list.iter().find(same)) {
                Some(device) => list.push(device.clone()),
                None => list.push(Arc::new(self.start(config, salt).await?)),
            }
        }
        let headers = Arc::new(settings::audited_headers(&self.store).await?);
        Ok(Devices { list, headers })
    }

    async fn start(&self, config: DeviceConfig, salt: Option<[u8; 32]>) -> Result<Device> {
        let key = mac::derive(
            &self.seed,
            salt.as_ref().map_or(&[][..], |it| it.as_slice()),
            "audit device",
            &[config.path.as_bytes()],
        )?;
        let head = match config.is_kept() {
            true => self.store.read::<StoredHead>(&stored::head_place(&self.store, &config.path)).await?,
            false => None,
        };
        let head = head.map(|it| it.value.head());
        Device::start(config, salt, &key, head, self.node.clone())
            .map_err(|_| Error::Internal("an audit device's thread could not be started"))
    }

    pub(super) fn store(&self) -> &Arc<Store> {
        &self.store
    }

    pub(super) fn node(&self) -> &Arc<Node> {
        &self.node
    }

    pub(super) fn flood(&self) -> &Arc<Flood> {
        &self.flood
    }

    pub(super) fn late(&self) -> &Arc<Late> {
        &self.late
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.keeper.stop();
    }
}

impl Late {
    pub(super) fn extend(&self, lines: impl IntoIterator<Item = Vec<u8>>) {
        let mut waiting = self.lock();
        for line in lines {
            if waiting.len() >= MAX_LATE {
                waiting.pop_front();
            }
            waiting.push_back(line);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Writes what waits; what no device takes waits on.
    pub(super) async fn write(&self, devices: &Devices) -> Result<()> {
        let lines: Vec<Vec<u8>> = self.lock().drain(..).collect();
        if lines.is_empty() || devices.list.is_empty() {
            return Ok(());
        }
        let bodies = || lines.iter().cloned().map(Body::new).collect();
        let submitted = devices.list.iter().map(|it| it.submit(bodies(), false)).collect();
        let outcome = one_accepts(submitted).await;
        if outcome.is_err() {
            self.extend(lines);
        }
        outcome
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counters {
    pub(super) fn request(&self, accepted: bool) {
        let counter = if accepted { &self.requests } else { &self.request_failures };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn response(&self, accepted: bool) {
        let counter = if accepted { &self.responses } else { &self.response_failures };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// Whether a new device can be had at all: its file can be opened. Its directory is made, and the file.
pub(crate) fn probe(config: &DeviceConfig) -> std::io::Result<()> {
    match &config.sink {
        super::SinkConfig::File { path, mode } => super::file::LogFile::open(path, *mode).map(|_| ()),
        _ => Ok(()),
    }
}

/// What a device made over the API is stored as.
pub(crate) fn stored_device(
    kind: &str,
    path: &str,
    description: &str,
    options: &std::collections::BTreeMap<String, String>,
) -> Result<StoredDevice> {
    Ok(StoredDevice {
        path: super::config::with_slash(path),
        kind: kind.to_owned(),
        description: description.to_owned(),
        options: options.clone(),
        salt: crate::crypto::random::bytes()?,
    })
}
