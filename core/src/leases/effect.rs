//! What has to be done outside of the store, once the intent to do it is committed.
//!
//! An effect names a lease; what is to be done with it is told by the lease's state, so that it can be done by
//! whoever finds it: by the request that wanted it, or by the sweeper after a crash.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::{FutureExt as _, future::BoxFuture};

use super::{Lease, State, entry, finish, index, sweep};
use crate::{
    clock::Timestamp,
    core::Unsealed,
    dispatch::Cx,
    engine::{ENGINES, Engine, LeaseSite},
    error::{Error, Result},
    mounts::{Mount, MountClass},
    purge,
    response::Response,
    storage::Priority,
    tx::Attempts,
};

/// What is to be done.
#[derive(Debug)]
pub enum Effect {
    /// Make what a lease stands for, then let it be active.
    Issue { tail: String },
    /// Let it live longer; if that cannot be done, the lease ends when it did.
    Extend { tail: String, before: Timestamp },
    /// Tell the engine now, and its caller how that went: `sync`.
    Revoke { tail: String },
    /// The same for all leases below a prefix.
    RevokePrefix { prefix: String },
}

/// How long an engine may take while somebody waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Does it, and answers what the client is told.
pub(crate) async fn perform(cx: &Cx<'_>, effect: Option<Effect>, response: Response) -> Result<Response> {
    let Some(effect) = effect else { return Ok(response) };
    let open = cx.open()?;
    match effect {
        Effect::Issue { tail } => issue(open, &tail, cx.now).await?,
        Effect::Extend { tail, before } => extend(open, &tail, before, cx.now).await?,
        Effect::Revoke { tail } => match finish::finish(open, &tail, PATIENCE, cx.now).await? {
            finish::Outcome::Done => {}
            finish::Outcome::Failed(error) => return Err(not_revoked(&error)),
        },
        Effect::RevokePrefix { prefix } => match sweep::finish_below(open, &prefix, cx.now).await? {
            0 => {}
            left => {
                let text = format!("failed to revoke {left} leases, they will be tried again");
                return Err(Error::invalid(text));
            }
        },
    }
    Ok(response)
}

fn not_revoked(error: &Error) -> Error {
    Error::invalid(format!("failed to revoke entry, it will be tried again: {error}"))
}

async fn issue(open: &Arc<Unsealed>, tail: &str, now: Timestamp) -> Result<()> {
    let outcome = ask(open, tail, now, PATIENCE, |engine, at| engine.issue(at)).await;
    let mut is_active = false;
    change(open, tail, |lease| {
        is_active = outcome.is_ok() && lease.state == State::Intended;
        lease.state = if is_active { State::Active } else { State::Revoked };
        Some(if is_active { index::minute_after(lease.expires) } else { index::minute(now) })
    })
    .await?;
    match outcome {
        Ok(()) if is_active => Ok(()),
        // Revoked while it was made: the sweeper undoes it now.
        Ok(()) => Err(Error::Busy),
        Err(error) => Err(error),
    }
}

async fn extend(open: &Arc<Unsealed>, tail: &str, before: Timestamp, now: Timestamp) -> Result<()> {
    let Err(error) = ask(open, tail, now, PATIENCE, |engine, at| engine.extend(at)).await else {
        return Ok(());
    };
    change(open, tail, |lease| {
        lease.expires = before;
        Some(index::minute_after(before)).filter(|_| lease.state == State::Active)
    })
    .await?;
    Err(error)
}

/// Asks the engine that a lease belongs to, also if its mount was disabled meanwhile.
pub(super) async fn ask(
    open: &Arc<Unsealed>,
    tail: &str,
    now: Timestamp,
    deadline: Duration,
    what: impl for<'a> FnOnce(&'a dyn Engine, &'a LeaseSite<'a>) -> BoxFuture<'a, Result<()>>,
) -> Result<()> {
    let store = &open.store;
    let Some(found) = store.read::<Lease>(&entry::place(store, tail)).await? else { return Ok(()) };
    let lease = found.value;
    let mount = owner(open, &lease).await?.ok_or(Error::Internal("a lease has no mount"))?;
    let engine = ENGINES.find(mount.class, &mount.kind).ok_or(Error::Internal("a lease has no engine"))?;
    let site = LeaseSite { store, mount: &mount, lease: &lease, now };
    let work = async { tokio::time::timeout(deadline, what(engine, &site)).await };
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(Error::invalid("the engine did not answer in time")),
        Err(_) => Err(Error::Internal("an engine panicked")),
    }
}

/// The mount that a lease belongs to, wherever it lies now.
pub(super) async fn owner(open: &Unsealed, lease: &Lease) -> Result<Option<Mount>> {
    let table = open.mounts.current(&open.store).await?;
    for class in [MountClass::Secret, MountClass::Auth] {
        if let Some(mount) = table.all(class).into_iter().find(|it| it.id == lease.mount) {
            return Ok(Some(mount.clone()));
        }
    }
    purge::disabled(&open.store, lease.mount).await
}

/// Changes a lease in a transaction of its own. `change` answers the minute in which it is to be looked at, or
/// none to leave it as it was. Answers whether it was changed.
pub(super) async fn change(
    open: &Arc<Unsealed>,
    tail: &str,
    mut change: impl FnMut(&mut Lease) -> Option<u64>,
) -> Result<bool> {
    let mut attempts = Attempts::new(&open.store, Priority::Interactive);
    loop {
        let mut tx = attempts.begin()?;
        let place = entry::place(&open.store, tail);
        let Some(mut lease) = tx.get::<Lease>(&place).await? else { return Ok(false) };
        let Some(minute) = change(&mut lease) else { return Ok(false) };
        finish::refile(&mut tx, lease, minute)?;
        if attempts.commit(tx).await? {
            return Ok(true);
        }
    }
}
