//! What templates ask the server for: read once for all of them, and kept fresh.
//!
//! One task follows each thing that is asked for. What it has read last stays until it has read something newer:
//! a server that is away, sealed, or says nothing leaves the files of the workload as they are.

mod ask;
mod mounts;
mod pace;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use strongroom_sdk::{Client, Error};
use tokio::{sync::Notify, task::JoinHandle};
use zeroize::Zeroizing;

pub(crate) use ask::Ask;
pub(crate) use mounts::Mounts;
use pace::Pace;

/// The body of an answer, as it came.
pub(crate) type Body = Arc<Zeroizing<Vec<u8>>>;

/// Everything that was asked for, shared by all templates.
#[derive(Clone)]
pub(crate) struct Fetch(Arc<Inner>);

struct Inner {
    client: Client,
    mounts: Mounts,
    settings: Settings,
    followed: Mutex<BTreeMap<Ask, Followed>>,
    /// What has changed since somebody last looked.
    changed: Mutex<BTreeSet<Ask>>,
    woken: Notify,
}

/// How often things are asked for again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// What has no lease.
    pub(crate) interval: Duration,
    /// Part of a lease after which it is renewed, or taken anew.
    pub(crate) renew_at: f64,
}

struct Followed {
    body: Option<Body>,
    /// When the server last said so.
    confirmed: Option<Instant>,
    /// Why it has not since, and how often that was tried.
    failed: Option<(u32, Error)>,
    task: JoinHandle<()>,
}

/// What is known of something that was asked for.
pub(crate) enum Known {
    /// The newest body, which may be old.
    Body(Body),
    /// Nothing yet; with the reason, if it was tried.
    Nothing(Option<(u32, Error)>),
}

impl Fetch {
    pub(crate) fn new(client: Client, settings: Settings) -> Self {
        let mounts = Mounts::new(client.clone());
        Self(Arc::new(Inner {
            client,
            mounts,
            settings,
            followed: Mutex::default(),
            changed: Mutex::default(),
            woken: Notify::new(),
        }))
    }

    /// What is known of `ask`, which from now on is followed.
    pub(crate) fn get(&self, ask: &Ask) -> Known {
        let mut followed = self.followed();
        if let Some(known) = followed.get(ask) {
            return match &known.body {
                Some(body) => Known::Body(body.clone()),
                None => Known::Nothing(known.failed.clone()),
            };
        }
        let task = tokio::spawn(follow(self.clone(), ask.clone()));
        followed.insert(ask.clone(), Followed { body: None, confirmed: None, failed: None, task });
        Known::Nothing(None)
    }

    /// Follows nothing any more that is not in `wanted`.
    pub(crate) fn keep(&self, wanted: &BTreeSet<Ask>) {
        self.followed().retain(|ask, known| {
            let is_wanted = wanted.contains(ask);
            if !is_wanted {
                known.task.abort();
            }
            is_wanted
        });
    }

    /// Waits until something is other than it was, and says what. Failures count: whoever waits for a first answer
    /// wants to know of them.
    pub(crate) async fn changed(&self) -> BTreeSet<Ask> {
        loop {
            let woken = self.0.woken.notified();
            let changed = std::mem::take(&mut *self.0.changed.lock().unwrap_or_else(PoisonError::into_inner));
            if !changed.is_empty() {
                return changed;
            }
            woken.await;
        }
    }

    /// The age of the oldest answer that is used.
    pub(crate) fn staleness(&self) -> Duration {
        let followed = self.followed();
        followed.values().filter_map(|it| it.confirmed).map(|it| it.elapsed()).max().unwrap_or_default()
    }

    fn followed(&self) -> MutexGuard<'_, BTreeMap<Ask, Followed>> {
        self.0.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, ask: &Ask) {
        self.0.changed.lock().unwrap_or_else(PoisonError::into_inner).insert(ask.clone());
        self.0.woken.notify_one();
    }

    fn succeeded(&self, ask: &Ask, body: Zeroizing<Vec<u8>>) {
        let mut followed = self.followed();
        let Some(known) = followed.get_mut(ask) else { return };
        known.confirmed = Some(Instant::now());
        known.failed = None;
        let is_same = known.body.as_ref().is_some_and(|it| pace::is_same(it, &body));
        if !is_same {
            known.body = Some(Arc::new(body));
            drop(followed);
            self.note(ask);
        }
    }

    fn failed(&self, ask: &Ask, error: Error) {
        let mut followed = self.followed();
        let Some(known) = followed.get_mut(ask) else { return };
        let times = known.failed.as_ref().map_or(0, |it| it.0).saturating_add(1);
        known.failed = Some((times, error));
        let is_first = known.body.is_none();
        drop(followed);
        if is_first {
            self.note(ask);
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let followed = self.followed.get_mut().unwrap_or_else(PoisonError::into_inner);
        followed.values().for_each(|it| it.task.abort());
    }
}

/// Reads, and reads again when it is time, for as long as anybody wants it.
async fn follow(fetch: Fetch, ask: Ask) {
    // Not kept alive by its own tasks.
    let inner = Arc::downgrade(&fetch.0);
    drop(fetch);
    let mut pace = Pace::default();
    loop {
        let Some(inner) = inner.upgrade() else { return };
        let fetch = Fetch(inner);
        let pause = match pace.due(&fetch.0.client, &fetch.0.mounts, &ask, fetch.0.settings).await {
            Ok(answer) => {
                if let Some(body) = answer.body {
                    fetch.succeeded(&ask, body);
                }
                answer.pause
            }
            Err(error) => {
                fetch.failed(&ask, error);
                pace.failed()
            }
        };
        drop(fetch);
        tokio::time::sleep(pause).await;
    }
}
