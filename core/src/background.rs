//! What is done without being asked for.
//!
//! [`Core::run_due`] is the only entry: it runs each job of [`JOBS`] that is due, once, and says when to come
//! again. A job is a plain function that does a bounded piece of its work; it keeps nothing but where it was,
//! so that a crash in the middle costs no more than going over the same rows again. An embedding application
//! calls [`Core::run_due`] when it pleases; a server lets [`Core::spawn_background`] do so.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Weak},
    time::Duration,
};

use futures_util::{FutureExt as _, future::BoxFuture};

use crate::{
    barrier::Class,
    clock::Timestamp,
    core::{Core, Unsealed},
    error::{Error, Result},
    integrity,
    seal::rotate::{self, Rotation},
};

mod pace;
mod reseal;

pub(crate) use pace::Pace;

/// Everything there is to do in the background. To add to it, write
/// `fn name<'a>(pass: &'a mut Pass<'_>) -> BoxFuture<'a, Result<Next>>` and a line here.
const JOBS: &[Job] = &[
    Job { name: "tokens", every: Duration::from_secs(10), waits_for_clock: true, run: tokens },
    Job { name: "leases", every: Duration::from_secs(1), waits_for_clock: true, run: leases },
    Job { name: "disabled mounts", every: Duration::from_secs(60), waits_for_clock: true, run: mounts },
    Job { name: "kv", every: Duration::from_secs(60), waits_for_clock: true, run: kv },
    Job { name: "folders", every: Duration::from_secs(60), waits_for_clock: false, run: folders },
    Job { name: "approle", every: Duration::from_secs(60), waits_for_clock: true, run: approle },
    Job { name: "rotation", every: Duration::from_secs(60), waits_for_clock: true, run: rotation },
    Job { name: "re-encryption", every: Duration::from_secs(60), waits_for_clock: false, run: re_encryption },
    Job { name: "verification", every: Duration::from_secs(300), waits_for_clock: false, run: verification },
];

/// One kind of work.
struct Job {
    name: &'static str,
    every: Duration,
    /// Does nothing while the clock is not believed: what it ends cannot be brought back.
    waits_for_clock: bool,
    run: for<'a> fn(&'a mut Pass<'_>) -> BoxFuture<'a, Result<Next>>,
}

/// What a job works with.
pub(crate) struct Pass<'p> {
    pub(crate) core: &'p Core,
    pub(crate) open: &'p Arc<Unsealed>,
    pub(crate) now: Timestamp,
    places: &'p mut Places,
}

/// When a job wants to be run again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Next {
    /// There is more to do.
    Soon,
    /// In its own time.
    Later,
}

/// Where the jobs were.
#[derive(Default)]
struct Places {
    reseal: reseal::Place,
    /// The class that was verified last.
    verified: u8,
}

/// When the jobs are due. One run at a time.
#[derive(Default)]
pub(crate) struct Schedule(tokio::sync::Mutex<State>);

#[derive(Default)]
struct State {
    /// As in [`JOBS`]; empty after a seal.
    due: Vec<Timestamp>,
    places: Places,
}

/// When there will be something to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NextDue(pub Timestamp);

impl Core {
    /// Does what is due at `now`, each job once and a bounded piece of it. A job that fails is logged and
    /// tried again in its own time. While sealed there is nothing to do. It rests between pieces, for which the
    /// runtime needs its clock (`enable_time`).
    pub async fn run_due(&self, now: Timestamp) -> Result<NextDue> {
        let mut state = self.background.0.lock().await;
        let State { due, places } = &mut *state;
        let Some(open) = self.unsealed() else {
            *due = Vec::new();
            *places = Places::default();
            return Ok(NextDue(now.plus(Duration::from_secs(1))));
        };
        due.resize(JOBS.len(), now);
        let jump = self.time().jump();
        if let Some(jump) = jump {
            tracing::error!(
                seconds = jump.as_secs(),
                "the clock has jumped forwards: sweeping waits until sys/clock/confirm is called"
            );
        }
        for (job, due) in JOBS.iter().zip(due.iter_mut()) {
            if *due > now || self.is_sealed() {
                continue;
            }
            *due = now.plus(job.every);
            if job.waits_for_clock && jump.is_some() {
                continue;
            }
            let mut pass = Pass { core: self, open: &open, now, places };
            let outcome = AssertUnwindSafe((job.run)(&mut pass)).catch_unwind().await;
            match outcome.unwrap_or(Err(Error::Internal("a background job panicked"))) {
                Ok(Next::Soon) => *due = now,
                Ok(Next::Later) => {}
                Err(error) => tracing::warn!(job = job.name, %error, "a background job failed"),
            }
        }
        Ok(NextDue(due.iter().min().copied().unwrap_or(now)))
    }

    /// Runs what is due in a task of its own, for as long as the core lives or until the handle is stopped.
    pub fn spawn_background(self: &Arc<Self>) -> Background {
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let task = tokio::spawn(run(Arc::downgrade(self), stopped));
        Background { stop, task }
    }
}

/// Does what is due, until the core is gone or somebody says stop.
pub(crate) async fn run(core: Weak<Core>, mut stopped: tokio::sync::watch::Receiver<bool>) {
    loop {
        let Some(core) = core.upgrade() else { break };
        let now = core.now();
        let next = match core.run_due(now).await {
            Ok(next) => next.0.since(now),
            Err(_) => LONGEST_PAUSE,
        };
        drop(core);
        let pause = next.clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
        if tokio::time::timeout(pause, stopped.wait_for(|it| *it)).await.is_ok() {
            break;
        }
    }
}

/// Between two pieces of work, so that requests come first.
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
/// A store may be unsealed, and a setting changed, meanwhile.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Background work that was started.
#[derive(Debug)]
pub struct Background {
    stop: tokio::sync::watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Background {
    /// Waits until the piece under way is done, and does no other.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        // An error says that it panicked, which is as good an end.
        let _ = self.task.await;
    }
}

/// Tokens that have ended, and all that hangs on them.
fn tokens<'a>(pass: &'a mut Pass<'_>) -> BoxFuture<'a, Result<Next>> {
    Box::pin(async move {
        let more = crate::tokens::sweep::sweep(pass.open, pass.now, Pace::easy()).await?;
        Ok(if more { Next::Soon } else { Next::Later })
    })
}

/// Leases that have ended, and those whose revocation has to be tried again.
fn leases<'a>(pass: &'a mut Pass<'_>) -> BoxFuture<'a, Result<Next>> {
    Box::pin(async move {
        let more = crate::leases::sweep::sweep(pass.open, pass.now, Pace::easy()).await?;
        Ok(if more { Next::Soon } else { Next::Later })
    })
}

/// What disabled mounts have left.
fn mounts<'a>(pass: &'a mut Pass<'_>) -> BoxFuture<'a, Result<Next>> {
    Box::pin(async move {
        let done = crate::purge::run(&pass.open.store, pass.now, PURGED).await?;
        Ok(if done.more { Next::Soon } else { Next::Later })
    })
}

/// KV secrets that were deleted with all their versions.
fn kv<'a>(pass: &'a mut Pass<'_>) -> BoxFuture<'a, Result<Next>> {
    Box::pin(async move {
        let done = crate::secrets::kv::purge::run_due(&pass.open.store).await?;
        Ok(if done > 0 { Next::Soon } else { Next::Later })
    })
}

/// Markers of folders that were emptied.
fn folders<'a>(pass: &'a mut Pass<'_>) -> BoxFuture<'a, Result<Next>> {
    Box::pin(async move {
        let more = crate::tree::burial::run_due(&pass.open.store).await?;
        Ok(if more { Next::Soon } else { Next::Later })
    })
}

/// Secret ids that have expired, or whose role is gone.
fn approle<'a>(pass: &'a mut Pass<'_>) -> BoxFuture<'a, Result<Next>> {
    Box::pin(async move {
        let more = crate::auth::approle::purge::run_due(pass.open, pass.now).await?;
        Ok(if more { Next::Soon } else { Next::Later })
    })
}

/// Rows of disabled mounts that are deleted in one step.
const PURGED: usize = 1_024;

/// A new term when the settings ask for one.
fn rotation<'a>(pass: &'a mut Pass<'_>) -> BoxFuture<'a, Result<Next>> {
    Box::pin(async move {
        let place = rotate::place(&pass.open.store);
        let wanted = pass.open.store.read::<Rotation>(&place).await?.map(|it| it.value).unwrap_or_default();
        let term = pass.core.term_status(pass.open);
        let used = i64::try_from(term.encryptions).unwrap_or(i64::MAX);
        let old = !wanted.interval.is_zero() && pass.now.since(term.installed) >= wanted.interval;
        if wanted.enabled && (used >= wanted.max_operations || old) {
            pass.core.rotate().await?;
        }
        Ok(Next::Later)
    })
}

/// Rows of older terms are written again.
fn re_encryption<'a>(pass: &'a mut Pass<'_>) -> BoxFuture<'a, Result<Next>> {
    Box::pin(async move { reseal::step(pass.core, pass.open, pass.now, &mut pass.places.reseal).await })
}

/// The next class's sums.
fn verification<'a>(pass: &'a mut Pass<'_>) -> BoxFuture<'a, Result<Next>> {
    Box::pin(async move {
        let next = Class::from_id(pass.places.verified.saturating_add(1)).unwrap_or(Class::Mount);
        pass.places.verified = next.id();
        integrity::verify_class(pass.core, pass.open, next).await?;
        Ok(Next::Later)
    })
}
