//! What templates ask the server for: read once for all of them, and kept fresh.
//!
//! One task follows each thing that is asked for. What it has read last stays until it has read something newer:
//! a server that is away, sealed, or says nothing leaves the files of the workload as they are.

mod ask;
mod mounts;
mod pace;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use strongroom_sdk::{Client, Error};
use tokio::{
    sync::{Notify, Semaphore, watch},
    task::JoinHandle,
};
use zeroize::Zeroizing;

pub(crate) use ask::{Ask, Private};
use mounts::Mounts;
use pace::Pace;

use crate::{
    config::{OnRevoke, PathRule, PathRules},
    identity::Standing,
    log::Log,
};

/// What nobody has confirmed for so long is not kept any more.
const FORGOTTEN: Duration = Duration::from_secs(90 * 24 * 3600);

/// For the first login, when somebody waits for a value; and when there is one that will do.
const PATIENCE: Duration = Duration::from_secs(30);
const SHORT_PATIENCE: Duration = Duration::from_secs(2);

/// Requests under way.
const AT_ONCE: usize = 16;

/// The body of an answer, as it came.
pub(crate) type Body = Arc<Zeroizing<Vec<u8>>>;

/// Everything that was asked for, shared by all templates.
#[derive(Clone)]
pub(crate) struct Fetch(Arc<Inner>);

struct Inner {
    identity: watch::Receiver<Standing>,
    mounts: Mounts,
    settings: Settings,
    followed: Mutex<BTreeMap<Ask, Followed>>,
    /// What an earlier agent has left, and what was asked for once.
    remembered: Mutex<BTreeMap<Ask, (Body, Confirmed)>>,
    /// What has changed since somebody last looked.
    changed: Mutex<BTreeSet<Ask>>,
    woken: Notify,
    /// For those who ask at the same time.
    room: Semaphore,
    log: Log,
}

/// How often things are asked for again, and what holds for some of them.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// What has no lease.
    pub(crate) interval: Duration,
    /// Part of a lease after which it is renewed, or taken anew.
    pub(crate) renew_at: f64,
    pub(crate) paths: PathRules,
}

/// When the server last said so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Confirmed {
    at: Instant,
    /// How old it was then: another agent has heard it.
    before: Duration,
}

impl Confirmed {
    pub(crate) fn ago(before: Duration) -> Self {
        Self { at: Instant::now(), before }
    }

    pub(crate) fn age(&self) -> Duration {
        self.at.elapsed().saturating_add(self.before)
    }
}

struct Followed {
    rule: PathRule,
    body: Option<Body>,
    confirmed: Option<Confirmed>,
    /// The body is an earlier agent's, and nobody has confirmed it to this one.
    is_left: bool,
    /// When the lease of it is over.
    until: Option<Instant>,
    /// The server has said that there is nothing for us any more, and what there was is to go.
    is_gone: bool,
    /// Why the server has not answered since, and how often that was tried.
    failed: Option<(u32, Error)>,
    task: JoinHandle<()>,
}

/// What is known of something that was asked for.
pub(crate) enum Known {
    /// The newest body, which may be old.
    Body(Body),
    /// A body that an earlier agent has left: it may be older than what was made of a newer one.
    Left(Body),
    /// Nothing yet.
    Nothing,
    /// It was revoked, and what was made of it is to be removed.
    Gone,
}

/// For whoever watches the agent.
pub(crate) struct Health {
    pub(crate) path: String,
    pub(crate) age: Option<Duration>,
    pub(crate) is_stale: bool,
    pub(crate) failures: u32,
}

impl Fetch {
    pub(crate) fn new(
        identity: watch::Receiver<Standing>,
        settings: Settings,
        left: BTreeMap<Ask, (Body, Confirmed)>,
        log: Log,
    ) -> Self {
        Self(Arc::new(Inner {
            identity,
            mounts: Mounts::default(),
            settings,
            followed: Mutex::default(),
            remembered: Mutex::new(left),
            changed: Mutex::default(),
            woken: Notify::new(),
            room: Semaphore::new(AT_ONCE),
            log,
        }))
    }

    /// What is known of `ask`, which from now on is followed.
    pub(crate) fn get(&self, ask: &Ask) -> Known {
        let mut followed = self.followed();
        let known = followed.entry(ask.clone()).or_insert_with(|| self.begin(ask));
        match &known.body {
            Some(body) if known.is_left => Known::Left(body.clone()),
            Some(body) => Known::Body(body.clone()),
            None if known.is_gone => Known::Gone,
            None => Known::Nothing,
        }
    }

    fn begin(&self, ask: &Ask) -> Followed {
        let rule = self.0.settings.paths.of(ask.path());
        let (body, confirmed) = self.remembered(ask, rule).unzip();
        let task = tokio::spawn(follow(Arc::downgrade(&self.0), self.0.identity.clone(), ask.clone(), rule));
        Followed {
            rule,
            is_left: body.is_some(),
            body,
            confirmed,
            until: None,
            is_gone: false,
            failed: None,
            task,
        }
    }

    /// What is remembered, if it is not too old.
    fn remembered(&self, ask: &Ask, rule: PathRule) -> Option<(Body, Confirmed)> {
        let remembered = self.0.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let found = remembered.get(ask).cloned();
        found.filter(|(_, confirmed)| rule.max_stale.is_none_or(|most| confirmed.age() <= most))
    }

    /// Asks now, for somebody who waits, and falls back on what is remembered if the server does not answer.
    pub(crate) async fn once(&self, ask: &Ask) -> Result<Body, Error> {
        let rule = self.0.settings.paths.of(ask.path());
        // Whoever asks may have started this agent by asking.
        let patience = if self.remembered(ask, rule).is_some() { SHORT_PATIENCE } else { PATIENCE };
        let client = tokio::time::timeout(patience, logged_in(&mut self.0.identity.clone())).await;
        let asked = match client.ok().flatten() {
            Some(client) => ask.send(&client, &self.0.mounts, None).await,
            None => Err(Error::Connect {
                address: "the server".to_owned(),
                cause: "the agent is not logged in".to_owned(),
            }),
        };
        match asked {
            Ok(answer) => {
                let body = Arc::new(Zeroizing::new(answer.bytes().to_vec()));
                let confirmed = Confirmed::ago(Duration::ZERO);
                let mut remembered = self.0.remembered.lock().unwrap_or_else(PoisonError::into_inner);
                remembered.insert(ask.clone(), (body.clone(), confirmed));
                Ok(body)
            }
            Err(error) if error.is_temporary() => {
                self.remembered(ask, rule).map(|(body, _)| body).ok_or(error)
            }
            Err(error) => Err(error),
        }
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

    /// Waits until something is other than it was, and says what. A failure to get a first answer counts.
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

    /// Why there is no answer to `ask` yet, and how often that was tried.
    pub(crate) fn failure(&self, ask: &Ask) -> Option<(u32, Error)> {
        self.followed().get(ask).filter(|it| it.body.is_none()).and_then(|it| it.failed.clone())
    }

    pub(crate) fn health(&self) -> Vec<Health> {
        let followed = self.followed();
        followed
            .iter()
            .map(|(ask, known)| Health {
                path: ask.path().to_owned(),
                age: known.confirmed.map(|it| it.age()),
                is_stale: known.is_stale(),
                failures: known.failed.as_ref().map_or(0, |it| it.0),
            })
            .collect()
    }

    /// All that is known, to be left for another agent. A write is not: its answer may be used up.
    pub(crate) fn values(&self) -> Vec<(Ask, Body, Duration)> {
        let remembered = self.0.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let mut values: BTreeMap<Ask, (Body, Duration)> = remembered
            .iter()
            .map(|(ask, (body, confirmed))| (ask.clone(), (body.clone(), confirmed.age())))
            .filter(|(_, (_, age))| *age < FORGOTTEN)
            .collect();
        drop(remembered);
        for (ask, known) in self.followed().iter().filter(|(ask, _)| !ask.is_write()) {
            match (&known.body, known.confirmed) {
                (Some(body), Some(confirmed)) => {
                    values.insert(ask.clone(), (body.clone(), confirmed.age()));
                }
                // Revoked is revoked for the next agent too.
                _ if known.is_gone => drop(values.remove(ask)),
                _ => {}
            }
        }
        values.into_iter().map(|(ask, (body, age))| (ask, body, age)).collect()
    }

    fn followed(&self) -> MutexGuard<'_, BTreeMap<Ask, Followed>> {
        self.0.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, ask: &Ask) {
        self.0.changed.lock().unwrap_or_else(PoisonError::into_inner).insert(ask.clone());
        self.0.woken.notify_one();
    }

    /// The server has answered: with a new body, or that a lease lives on until then.
    fn succeeded(&self, ask: &Ask, body: Option<Body>, until: Option<Instant>) {
        let mut followed = self.followed();
        let Some(known) = followed.get_mut(ask) else { return };
        known.confirmed = Some(Confirmed::ago(Duration::ZERO));
        if known.failed.take().is_some() && known.body.is_some() {
            self.0.log.info(&format!("{}: the server answers again", ask.path()));
        }
        known.until = until;
        let Some(body) = body else { return };
        let is_same = known.body.as_ref().is_some_and(|it| pace::is_same(it, &body));
        if !is_same || std::mem::take(&mut known.is_left) {
            known.is_left = false;
            (known.body, known.is_gone) = (Some(body), false);
            drop(followed);
            self.note(ask);
        }
    }

    fn failed(&self, ask: &Ask, error: Error) {
        let mut followed = self.followed();
        let Some(known) = followed.get_mut(ask) else { return };
        let times = known.failed.as_ref().map_or(0, |it| it.0).saturating_add(1);
        let is_over = known.until.is_some_and(|it| it <= Instant::now());
        let is_revoked = is_over || error.is_denied() || error.is_not_found();
        if times == 1 && known.body.is_some() {
            // Once for each outage, not for each attempt.
            self.0.log.warn(&format!("{}: what was read last stays in use: {error}", ask.path()));
        }
        known.failed = Some((times, error));
        let goes = is_revoked && known.rule.on_revoke == OnRevoke::Remove && !known.is_gone;
        if goes {
            (known.body, known.is_gone) = (None, true);
        }
        let is_news = goes || known.body.is_none();
        drop(followed);
        if is_news {
            self.note(ask);
        }
    }
}

impl Followed {
    fn is_stale(&self) -> bool {
        match (self.rule.max_stale, self.confirmed) {
            (Some(most), Some(confirmed)) => confirmed.age() > most,
            _ => false,
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
async fn follow(
    inner: std::sync::Weak<Inner>,
    mut identity: watch::Receiver<Standing>,
    ask: Ask,
    rule: PathRule,
) {
    let mut pace = Pace::new(rule.hold);
    loop {
        // Without a login there is nobody to ask as.
        let Some(client) = logged_in(&mut identity).await else { return };
        let Some(inner) = inner.upgrade() else { return };
        let fetch = Fetch(inner);
        // A thousand secrets are not asked for in one moment.
        let Ok(permit) = fetch.0.room.acquire().await else { return };
        let asked = pace.due(&client, &fetch.0.mounts, &ask, &fetch.0.settings).await;
        drop(permit);
        let pause = match asked {
            Ok(turn) => {
                let until = turn.lasts.and_then(|it| Instant::now().checked_add(it));
                fetch.succeeded(&ask, turn.body.map(Arc::new), until);
                turn.pause
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

async fn logged_in(identity: &mut watch::Receiver<Standing>) -> Option<Client> {
    let standing = identity.wait_for(|it| it.session.is_some()).await.ok()?;
    standing.session.as_ref().map(|it| it.client().clone())
}
