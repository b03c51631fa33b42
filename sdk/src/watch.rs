//! Following a secret: the newest version, kept through outages.
//!
//! A task asks for the secret's version now and then, and for its values only if that has changed. What was
//! read last is kept as long as the [`Watch`] lives: while the server is away, sealed, or refuses us, the
//! application goes on with what it has, and [`Watch::freshness`] tells how old that is.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::watch;

use crate::{Client, Error, kv::Secret, retry, task::Task};

/// A watch that is not started yet.
#[must_use = "nothing is watched before it is started"]
pub struct Watching {
    client: Client,
    mount: String,
    path: String,
    every: Duration,
}

/// A secret that is followed. A clone sees the same secret, and each has its own idea of what it has seen.
#[derive(Clone)]
pub struct Watch {
    seen: watch::Receiver<View>,
    known: Stamp,
    _task: Arc<Task>,
}

/// How far what we have can be trusted to be what there is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Freshness {
    /// The server said so when it was last asked.
    Fresh,
    /// It was deleted.
    Gone,
    /// The server could not or would not say: why, and since when.
    Stale { since: Instant, error: Error },
}

/// Which version something is: a secret that is removed and written again counts from one again.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Stamp {
    version: u64,
    created: String,
}

#[derive(Clone)]
struct View {
    secret: Arc<Secret>,
    freshness: Freshness,
    /// When the server last said that this is what there is.
    confirmed: Instant,
}

/// How often we ask, if nothing else is said.
const EVERY: Duration = Duration::from_secs(30);
/// Nobody asks more often than this.
const SHORTEST: Duration = Duration::from_millis(20);

impl Watching {
    pub(crate) fn new(client: Client, mount: &str, path: &str) -> Self {
        Self { client, mount: mount.to_owned(), path: path.to_owned(), every: EVERY }
    }

    /// How often the version is asked for: 30 seconds, a quarter more or less. A change is seen that late.
    pub fn every(self, every: Duration) -> Self {
        Self { every: every.max(SHORTEST), ..self }
    }

    /// Reads the secret for the first time: without one there is nothing to keep.
    pub async fn start(self) -> Result<Watch, Error> {
        let secret = Arc::new(self.client.kv(&self.mount).get(&self.path).await?);
        let known = Stamp::of(&secret);
        let view = View { secret, freshness: Freshness::Fresh, confirmed: Instant::now() };
        let (show, seen) = watch::channel(view);
        let poller = Poller { watching: self, known: known.clone(), sees_metadata: true, show };
        Ok(Watch { seen, known, _task: Arc::new(Task::spawn(poller.run())) })
    }
}

impl Watch {
    /// The newest version that was seen. Never empty, and never older than what it was before.
    pub fn current(&self) -> Arc<Secret> {
        self.seen.borrow().secret.clone()
    }

    pub fn freshness(&self) -> Freshness {
        self.seen.borrow().freshness.clone()
    }

    /// Since the server last said that this is what there is.
    pub fn age(&self) -> Duration {
        self.seen.borrow().confirmed.elapsed()
    }

    /// Waits for another version than this handle has seen so far, and answers it. Versions that were replaced
    /// meanwhile are passed over. Cancelling loses nothing.
    pub async fn changed(&mut self) -> Arc<Secret> {
        let known = self.known.clone();
        match self.seen.wait_for(|it| Stamp::of(&it.secret) != known).await {
            Ok(view) => {
                self.known = Stamp::of(&view.secret);
                view.secret.clone()
            }
            // The task lives as long as we do, unless its runtime has ended: then nothing will change.
            Err(_) => std::future::pending().await,
        }
    }
}

struct Poller {
    watching: Watching,
    known: Stamp,
    /// Policies may allow the values and not the metadata.
    sees_metadata: bool,
    show: watch::Sender<View>,
}

impl Poller {
    async fn run(mut self) {
        let every = self.watching.every;
        let mut failures = 0;
        loop {
            let pause = match failures {
                0 => every,
                failures => retry::long_pause(failures, 0.5).min(every),
            };
            tokio::time::sleep(retry::spread(pause, retry::jitter())).await;
            match self.look().await {
                Ok(found) => {
                    failures = 0;
                    self.confirm(found);
                }
                Err(error) => {
                    failures += 1;
                    self.doubt(error);
                }
            }
        }
    }

    /// Another version, if there is one.
    async fn look(&mut self) -> Result<Option<Secret>, Error> {
        let Watching { client, mount, path, .. } = &self.watching;
        let kv = client.kv(mount);
        if self.sees_metadata {
            match kv.history(path).await {
                Ok(history) => {
                    let current = history.versions.get(&history.current_version);
                    let current = current.filter(|it| !it.destroyed && it.deletion_time.is_empty());
                    let created = current.ok_or_else(Error::not_found)?.created_time.clone();
                    if self.known == (Stamp { version: history.current_version, created }) {
                        return Ok(None);
                    }
                }
                Err(error) if error.is_denied() => self.sees_metadata = false,
                Err(error) => return Err(error),
            }
        }
        let secret = kv.get(path).await?;
        Ok((Stamp::of(&secret) != self.known).then_some(secret))
    }

    fn confirm(&mut self, found: Option<Secret>) {
        if let Some(secret) = &found {
            self.known = Stamp::of(secret);
        }
        self.show.send_modify(|it| {
            if let Some(secret) = found {
                it.secret = Arc::new(secret);
            }
            (it.freshness, it.confirmed) = (Freshness::Fresh, Instant::now());
        });
    }

    /// What we have stays.
    fn doubt(&self, error: Error) {
        self.show.send_modify(|it| {
            it.freshness = match (&it.freshness, error.is_not_found()) {
                (_, true) => Freshness::Gone,
                (Freshness::Stale { since, .. }, false) => Freshness::Stale { since: *since, error },
                (_, false) => Freshness::Stale { since: Instant::now(), error },
            };
        });
    }
}

impl Stamp {
    fn of(secret: &Secret) -> Self {
        let metadata = &secret.metadata;
        Self { version: metadata.version, created: metadata.created_time.clone() }
    }
}
