//! The end of a lease: marked first, undone outside, then forgotten.

use std::sync::Arc;

use super::{
    Lease, State, effect,
    entry::{self, Failure},
    index::{self, Ref},
    quota,
};
use crate::{
    barrier::Root,
    clock::Timestamp,
    core::Unsealed,
    error::{Error, Result},
    storage::Priority,
    tokens::prefixes::Force,
    tx::{Attempts, Tx},
};

/// Revocations that may fail before a lease is shown among those that cannot be revoked. It is tried on.
const SHOWN_AFTER: u32 = 6;
/// Minutes between two attempts, at most. Before that each pause is twice the one before.
const LONGEST_PAUSE: u64 = 60;

/// How an attempt at a revocation ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The lease is gone.
    Done,
    Failed(Error),
}

/// Stages a lease's end: dead with the commit, undone in the background.
pub(crate) fn mark(tx: &mut Tx, mut lease: Lease, force: Force, now: Timestamp) -> Result<()> {
    let forces = force == Force::Yes && !lease.force;
    if lease.state == State::Revoked && !forces {
        return Ok(());
    }
    lease.force |= forces;
    let now = index::minute(now);
    // What is being made outside cannot be undone before that has come to an end: see [`super::effect`].
    let minute = if lease.state == State::Intended { lease.filed.max(now) } else { now };
    lease.state = State::Revoked;
    refile(tx, lease, minute)
}

/// Stages a lease, to be looked at in `minute`.
pub(crate) fn refile(tx: &mut Tx, mut lease: Lease, minute: u64) -> Result<()> {
    let store = tx.store().clone();
    if lease.filed != minute {
        tx.delete(&index::expiry(&store, lease.filed, lease.row_tail()));
        let row = Ref::Lease { tail: lease.tail.clone() };
        tx.put(&index::expiry(&store, minute, lease.row_tail()), &row)?;
        lease.filed = minute;
    }
    tx.put(&entry::place(&store, &lease.tail), &lease)
}

/// Has the engine undo a lease that is marked, and forgets it; or files it for another attempt. Doing so twice
/// does no harm.
pub(crate) async fn finish(open: &Arc<Unsealed>, tail: &str, now: Timestamp) -> Result<Outcome> {
    let asked = effect::ask(open, tail, now, |engine, at| engine.revoke(at)).await;
    let mut attempts = Attempts::new(&open.store, Priority::Background);
    loop {
        let mut tx = attempts.begin()?;
        let place = entry::place(&open.store, tail);
        let found = tx.get::<Lease>(&place).await?.filter(|it| it.state == State::Revoked);
        let Some(lease) = found else { return Ok(Outcome::Done) };
        match &asked {
            Err(error) if !lease.force => postpone(open, &mut tx, lease, error, now).await?,
            outcome => {
                if let Err(error) = outcome {
                    tracing::warn!(lease = tail, %error, "a lease was forgotten that could not be revoked");
                }
                forget(&mut tx, &lease).await?;
            }
        }
        if attempts.commit(tx).await? {
            break;
        }
    }
    Ok(match asked {
        Err(error) if open.store.rev(&entry::place(&open.store, tail)).await?.is_some() => {
            tracing::warn!(lease = tail, %error, "a lease could not be revoked, it will be tried again");
            Outcome::Failed(error)
        }
        _ => Outcome::Done,
    })
}

async fn postpone(
    open: &Arc<Unsealed>,
    tx: &mut Tx,
    mut lease: Lease,
    error: &Error,
    now: Timestamp,
) -> Result<()> {
    lease.attempts = lease.attempts.saturating_add(1);
    if lease.attempts >= SHOWN_AFTER {
        let accessor = effect::owner(open, &lease).await?.map(|it| it.accessor).unwrap_or_default();
        let failure =
            Failure { lease_id: lease.id(), mount: lease.mount, accessor, error: error.to_string() };
        let place = index::failed(tx.store(), &lease);
        tx.put(&place, &failure)?;
    }
    let pause = 1_u64.checked_shl(lease.attempts - 1).unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE);
    refile(tx, lease, index::minute(now) + pause)
}

/// Stages the end of all of a lease's rows.
async fn forget(tx: &mut Tx, lease: &Lease) -> Result<()> {
    let store = tx.store().clone();
    tx.delete(&entry::place(&store, &lease.tail));
    tx.delete(&index::expiry(&store, lease.filed, lease.row_tail()));
    tx.delete(&index::made(&store, lease));
    tx.delete(&index::failed(&store, lease));
    if let Some(holder) = lease.holder() {
        tx.delete(&index::token(&store, holder, lease.ordinal()));
    }
    let root = Root { namespace: lease.namespace, mount: lease.mount };
    quota::give_back(tx, root, lease.row_tail()).await
}
