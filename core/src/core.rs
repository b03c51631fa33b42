//! The core: what is there while sealed, and what besides while unsealed.

use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use arc_swap::ArcSwapOption;

use crate::{
    audit::{Broker, SealedEvent},
    auth::{attempts::Attempts, jws::Issuers},
    background::Schedule,
    barrier::{
        Barrier,
        head::{Head, HeadKeeper},
    },
    clock::{Clock, TimeKeeper},
    engine::ENGINES,
    error::Result,
    identity::Identities,
    leases::Leases,
    mounts::Mounts,
    outbound::{Nowhere, Outbound},
    policy::Policies,
    seal::Seal,
    settings::Settings,
    storage::Storage,
    store::Store,
    system::settings::AuditedHeaders,
    tokens::Tokens,
};

/// A secrets manager over one storage. See [`Builder`](crate::Builder) for how to make one.
pub struct Core {
    storage: Arc<dyn Storage>,
    time: Arc<TimeKeeper>,
    settings: Settings,
    seal: Seal,
    attempts: Attempts,
    outbound: Arc<dyn Outbound>,
    open: ArcSwapOption<Unsealed>,
    /// Held while the store is being sealed.
    sealing: Mutex<()>,
    /// Told to whoever waits for the store's end.
    sealed: tokio::sync::Notify,
    /// What was asked while there were no keys to record it with; bounded.
    while_sealed: Mutex<Vec<SealedEvent>>,
    pub(crate) background: Schedule,
}

/// What exists only while unsealed: dropping it drops the keys.
pub struct Unsealed {
    pub store: Arc<Store>,
    pub(crate) head: Arc<HeadKeeper>,
    pub mounts: Mounts,
    pub policies: Policies,
    pub(crate) identities: Identities,
    pub tokens: Tokens,
    pub leases: Leases,
    pub audit: Broker,
    /// The keys of who signs tokens.
    pub(crate) issuers: Issuers,
}

impl Core {
    pub fn new(storage: Arc<dyn Storage>, clock: Arc<dyn Clock>, settings: Settings) -> Self {
        Self {
            storage,
            time: Arc::new(TimeKeeper::new(clock)),
            seal: Seal::default(),
            attempts: Attempts::default(),
            outbound: Arc::new(Nowhere),
            settings,
            open: ArcSwapOption::empty(),
            sealing: Mutex::default(),
            sealed: tokio::sync::Notify::new(),
            while_sealed: Mutex::default(),
            background: Schedule::default(),
        }
    }

    /// The core with a way to other servers: without one it reaches none.
    #[must_use]
    pub fn with_outbound(self, outbound: Arc<dyn Outbound>) -> Self {
        Self { outbound, ..self }
    }

    pub(crate) fn outbound(&self) -> &dyn Outbound {
        &*self.outbound
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    pub fn storage(&self) -> &Arc<dyn Storage> {
        &self.storage
    }

    pub(crate) fn time(&self) -> &Arc<TimeKeeper> {
        &self.time
    }

    pub fn now(&self) -> crate::clock::Timestamp {
        self.time.now()
    }

    pub(crate) fn seal(&self) -> &Seal {
        &self.seal
    }

    /// The logins that failed lately.
    pub(crate) fn attempts(&self) -> &Attempts {
        &self.attempts
    }

    /// The request headers that the audit log takes in; none while sealed.
    pub async fn audited_headers(&self) -> Result<Option<Arc<AuditedHeaders>>> {
        match self.unsealed() {
            Some(open) => open.audit.headers().await.map(Some),
            None => Ok(None),
        }
    }

    /// The open store, if it is open.
    pub fn unsealed(&self) -> Option<Arc<Unsealed>> {
        self.open.load_full()
    }

    pub fn is_sealed(&self) -> bool {
        self.open.load().is_none()
    }

    /// Opens the store with its barrier: from now on every commit is witnessed.
    pub(crate) fn install(&self, barrier: Barrier, head: Head) -> Result<Arc<Unsealed>> {
        self.time.resume(head.high_water);
        let barrier = Arc::new(barrier);
        let keeper = Arc::new(HeadKeeper::new(barrier.clone(), self.time.clone(), head));
        let store = Arc::new(Store::new(barrier.clone(), self.storage.clone()));
        let open = Arc::new(Unsealed {
            mounts: Mounts::new(&ENGINES),
            policies: Policies::new()?,
            identities: Identities::new()?,
            tokens: Tokens::new(&barrier)?,
            leases: Leases::new(&barrier)?,
            audit: Broker::new(
                self.settings.audit.clone(),
                &barrier,
                store.clone(),
                self.time.clone(),
                &keeper,
            )?,
            issuers: Issuers::default(),
            store,
            head: keeper.clone(),
        });
        // Nothing from here on can fail: without an open store nobody would detach it.
        self.storage.attach(Some(keeper));
        self.open.store(Some(open.clone()));
        Ok(open)
    }

    /// Drops the keys and everything that was decrypted with them. Requests under way keep their hold until
    /// they end; every later one finds the store sealed.
    ///
    /// One at a time, and from an open store only: what is detached is this store's witness, never that of one
    /// that has been opened since.
    pub(crate) fn drop_keys(&self) {
        let _one = self.sealing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = self.open.swap(None) {
            self.sealed.notify_waiters();
            open.audit.before_sealing();
            open.store.close();
            self.storage.attach(None);
        }
    }

    /// Whether it is still this store that is open: not sealed, nor unsealed anew.
    pub(crate) fn is_open(&self, open: &Arc<Unsealed>) -> bool {
        self.open.load().as_ref().is_some_and(|it| Arc::ptr_eq(it, open))
    }

    /// Waits until a store is not open any more.
    pub(crate) async fn until_sealed(&self, open: &Arc<Unsealed>) {
        loop {
            // Before looking: what is told in between is heard.
            let told = self.sealed.notified();
            if !self.is_open(open) {
                return;
            }
            told.await;
        }
    }

    /// Whether a store that is not open any more still has its witness: until that is gone none may be opened.
    pub(crate) fn is_being_sealed(&self) -> bool {
        matches!(self.sealing.try_lock(), Err(TryLockError::WouldBlock))
    }

    /// Remembers what was asked while sealed, until it can be recorded.
    pub(crate) fn remember(&self, event: SealedEvent) {
        let mut events = self.while_sealed.lock().unwrap_or_else(PoisonError::into_inner);
        if events.len() < MAX_REMEMBERED {
            events.push(event);
        }
    }

    pub(crate) fn remembered(&self) -> Vec<SealedEvent> {
        std::mem::take(&mut *self.while_sealed.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Requests while sealed that are remembered: whoever sends more wants to hide the first.
const MAX_REMEMBERED: usize = 1_024;
