//! How many leases a mount has: counted in rows of its own, never by looking at the leases.
//!
//! A mount's count is spread over [`SHARDS`] rows, so that requests which lease at the same moment seldom meet
//! in one. Which row counts a lease is told by the lease's own random bytes, and a lease comes and goes in the
//! same transaction as its one in the count: after a crash the sum is right.

use super::Leases;
use crate::{
    barrier::{Class, Filed, Place, Record, Root, filed},
    error::{Error, Result},
    store::Store,
    tx::Tx,
};

const SHARDS: u8 = 32;

#[derive(Clone, Copy, Debug, Default, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
struct Count {
    #[n(0)]
    number: u64,
}

impl Record for Count {}

pub(super) const KINDS: &[Filed] = &[filed::<Count>(Class::Lease)];

/// Stages one lease more, or refuses: before anything is done that would have to be undone.
pub(crate) async fn take(tx: &mut Tx, root: Root, tail: [u8; 8], quota: &Quota<'_>) -> Result<()> {
    if count(tx.store(), root).await? >= quota.limit {
        return Err(Error::LeaseQuota { path: quota.path.to_owned() });
    }
    let place = place(tx.store(), root, shard(tail));
    let Count { number } = tx.get::<Count>(&place).await?.unwrap_or_default();
    tx.put(&place, &Count { number: number.saturating_add(1) })
}

/// What a mount may have, and who asks.
pub(crate) struct Quota<'a> {
    pub(crate) limit: u64,
    pub(crate) path: &'a str,
}

/// Stages one lease less. Of a mount that is gone nothing is counted any more.
pub(crate) async fn give_back(tx: &mut Tx, root: Root, tail: [u8; 8]) -> Result<()> {
    let place = place(tx.store(), root, shard(tail));
    let Some(Count { number }) = tx.get::<Count>(&place).await? else { return Ok(()) };
    match number.saturating_sub(1) {
        0 => tx.delete(&place),
        number => tx.put(&place, &Count { number })?,
    }
    Ok(())
}

/// The leases and holdings of a mount.
pub(crate) async fn count(store: &Store, root: Root) -> Result<u64> {
    let mut sum = 0_u64;
    for shard in 0..SHARDS {
        let found = store.cached::<Count>(&place(store, root, shard)).await?;
        sum = sum.saturating_add(found.map_or(0, |it| it.value.number));
    }
    Ok(sum)
}

fn shard(tail: [u8; 8]) -> u8 {
    tail.last().copied().unwrap_or_default() % SHARDS
}

fn place(store: &Store, root: Root, shard: u8) -> Place {
    store.place(Class::Lease, root, &format!("count-{shard}"))
}

impl Leases {
    /// How many leases and holdings a mount has.
    pub async fn count(&self, store: &Store, root: Root) -> Result<u64> {
        count(store, root).await
    }
}
