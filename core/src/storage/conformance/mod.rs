//! What every backend promises, as one suite. It needs an empty store and any executor.
//!
//! Each case keeps to a directory of its own, so that they can share the store; the last one closes it.

#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join_all;

use super::{
    Batch, CommitError, DirKey, Expect, KEY_LEN, MAX_BATCH_BYTES, MAX_BATCH_OPS, Op, Rev, Row, RowKey, Rows,
    Scan, Storage, StorageError,
};

mod cases;
mod witness;

pub use witness::{DigestWitness, Sum};

/// Runs every case, and panics at the first promise that is broken. The store is closed afterwards.
pub async fn run(store: Arc<dyn Storage>) {
    cases::limits(&*store).await;
    cases::checks(&*store).await;
    cases::revisions(&*store).await;
    cases::deletes(&*store).await;
    cases::sizes(&*store).await;
    cases::scans(&*store).await;
    cases::increments(&*store).await;
    cases::neighbours(&*store).await;
    cases::orders(&*store).await;
    cases::witnessed(&*store).await;
    cases::witness_fails(&*store).await;
    cases::snapshots(&*store).await;
    cases::scrubs(&*store).await;
    cases::settles(&*store).await;
    cases::replaces(&*store).await;
    cases::closes(&*store).await;
}

/// The directory of the case with this number.
pub fn dir(case: u8) -> DirKey {
    let mut dir = [case; 17];
    dir[0] = b'c';
    DirKey(dir)
}

/// A row of the directory; `ordinal` gives the order.
pub fn key(dir: DirKey, ordinal: u64) -> RowKey {
    let mut key = [0; KEY_LEN];
    key[..17].copy_from_slice(&dir.0);
    key[25..].copy_from_slice(&ordinal.to_be_bytes());
    RowKey(key)
}

pub fn put(key: RowKey, value: &[u8]) -> Op {
    Op::Put { key, name: Bytes::from_static(b"name"), value: Bytes::copy_from_slice(value) }
}

pub fn check(key: RowKey, expect: Expect) -> Op {
    Op::Check { key, expect }
}

pub fn batch(ops: Vec<Op>) -> Batch {
    Batch { ops, ..Batch::default() }
}

pub fn everything(dir: DirKey) -> Scan {
    Scan { dir, after: None, until: None, limit: usize::MAX, values: true }
}

/// The value of a row that must be there or not.
pub async fn value(store: &dyn Storage, key: RowKey) -> Option<Bytes> {
    store.get(key).await.expect("get").map(|it| it.value)
}

/// Adds one to a counter, as often as it takes, and answers the revision.
pub async fn increment(store: &dyn Storage, key: RowKey) -> Rev {
    loop {
        let row = store.get(key).await.expect("get");
        let count =
            row.as_ref().map_or(0, |it| u64::from_be_bytes(it.value[..].try_into().expect("counter")));
        let expect = row.map_or(Expect::Absent, |it| Expect::At(it.rev));
        let ops = vec![check(key, expect), put(key, &(count + 1).to_be_bytes())];
        match store.commit(batch(ops)).await {
            Ok(rev) => return rev,
            Err(CommitError::Conflict | CommitError::Storage(StorageError::Busy)) => {}
            Err(error) => panic!("{error}"),
        }
    }
}
