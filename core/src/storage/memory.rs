//! Rows in memory: for `-dev`, `storage "inmem"` and tests. Same limits, revisions and witness as on disk.

use std::{
    collections::BTreeMap,
    ops::Bound,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::sync::watch;

use super::{
    Batch, Change, CommitError, HeadRow, Op, Pending, Record, Remote, Rev, Row, RowKey, Rows, Scan, Scratch,
    Snapshot, Storage, StorageError, Witness,
};

/// What a scratch file in memory may hold.
const SCRATCH: u64 = 256 << 20;

/// A store that ends with the process.
pub struct Memory {
    state: Mutex<State>,
    closed: watch::Sender<bool>,
}

struct State {
    /// Shared with the snapshots that live: the next change then copies the map (of references, not bytes).
    rows: Arc<BTreeMap<RowKey, Stored>>,
    rev: u64,
    witness: Option<Arc<dyn Witness>>,
    open: bool,
}

#[derive(Debug, thiserror::Error)]
#[error("the witness panicked")]
struct WitnessPanicked;

#[derive(Clone)]
struct Stored {
    name: Bytes,
    value: Bytes,
    rev: Rev,
}

impl Memory {
    pub fn new() -> Self {
        let state = State { rows: Arc::default(), rev: 0, witness: None, open: true };
        Self { state: Mutex::new(state), closed: watch::channel(false).0 }
    }

    /// A witness may panic under the lock, but only before anything was changed: the state is whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> Result<MutexGuard<'_, State>, StorageError> {
        let state = self.lock();
        if state.open { Ok(state) } else { Err(StorageError::Closed) }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl Storage for Memory {
    fn get(&self, key: RowKey) -> Pending<'_, Result<Option<Record>, StorageError>> {
        Pending::ready(self.open().map(|state| state.rows.get(&key).map(Stored::record)))
    }

    fn scan(&self, scan: Scan) -> Pending<'_, Result<Vec<Row>, StorageError>> {
        Pending::ready(self.open().map(|state| state.scan(&scan)))
    }

    fn commit(&self, batch: Batch) -> Pending<'_, Result<Rev, CommitError>> {
        let commit = || {
            batch.check()?;
            self.open()?.commit(batch.ops)
        };
        Pending::ready(commit())
    }

    /// A commit is done when the call returns.
    fn settled(&self) -> Pending<'_, Result<(), StorageError>> {
        Pending::ready(self.open().map(drop))
    }

    fn attach(&self, witness: Option<Arc<dyn Witness>>) {
        self.lock().witness = witness;
    }

    fn changes(&self) -> Pending<'_, Result<Remote, StorageError>> {
        let mut closed = self.closed.subscribe();
        Pending::Waiting(Box::pin(async move {
            // An error means that the storage is gone, which is closed as well.
            let _ = closed.wait_for(|it| *it).await;
            Err(StorageError::Closed)
        }))
    }

    fn snapshot(&self) -> Pending<'_, Result<Box<dyn Snapshot>, StorageError>> {
        Pending::ready(self.open().map(|state| {
            let rows = Arc::clone(&state.rows);
            Box::new(Frozen { rows, after: None }) as Box<dyn Snapshot>
        }))
    }

    fn replace(&self, rows: Rows) -> Pending<'_, Result<(), StorageError>> {
        let replace = || {
            // Whoever commits meanwhile has changed what is about to go.
            let rev = Rev(self.open()?.rev + 1);
            let mut fresh = BTreeMap::new();
            rows(&mut |row| {
                fresh.insert(row.key, Stored { name: row.name, value: row.value, rev });
                Ok(())
            })?;
            let mut state = self.open()?;
            state.rev = state.rev.max(rev.0);
            state.rows = Arc::new(fresh);
            Ok(())
        };
        Pending::ready(replace())
    }

    fn scratch(&self) -> Result<Scratch, StorageError> {
        let file = rustix::fs::memfd_create("scratch", rustix::fs::MemfdFlags::CLOEXEC)
            .map_err(|error| StorageError::Io(Box::new(error)))?;
        Ok(Scratch { file: file.into(), room: SCRATCH })
    }

    fn close(&self) -> Pending<'_, Result<(), StorageError>> {
        let mut state = self.lock();
        state.open = false;
        state.rows = Arc::default();
        state.witness = None;
        self.closed.send_replace(true);
        Pending::ready(Ok(()))
    }
}

impl State {
    fn scan(&self, scan: &Scan) -> Vec<Row> {
        let (after, until) = scan.bounds();
        let first = scan.dir.first();
        // A range whose ends have crossed would panic.
        if after.unwrap_or(first) > until || after == Some(until) {
            return Vec::new();
        }
        let from = after.map_or(Bound::Included(first), Bound::Excluded);
        let rows = self.rows.range((from, Bound::Included(until))).take(scan.limit);
        rows.map(|(key, it)| it.row(*key, scan.values)).collect()
    }

    fn commit(&mut self, ops: Vec<Op>) -> Result<Rev, CommitError> {
        self.check(&ops)?;
        let rev = Rev(self.rev + 1);
        let head = self.advance(&ops)?;
        // Nothing from here on can fail.
        let rows = Arc::make_mut(&mut self.rows);
        for op in ops {
            match op {
                Op::Check { .. } => {}
                Op::Put { key, name, value } => {
                    rows.insert(key, Stored { name, value, rev });
                }
                Op::Delete { key } => {
                    rows.remove(&key);
                }
            }
        }
        if let Some(head) = head {
            rows.insert(head.key, Stored { name: Bytes::new(), value: head.value, rev });
        }
        self.rev = rev.0;
        if let Some(witness) = &self.witness {
            witness.settle(true);
        }
        Ok(rev)
    }

    fn check(&self, ops: &[Op]) -> Result<(), CommitError> {
        for op in ops {
            if let Op::Check { key, expect } = op {
                let rev = self.rows.get(key).map(|it| it.rev);
                if !expect.holds(rev) {
                    return Err(CommitError::Conflict);
                }
            }
        }
        Ok(())
    }

    /// As on disk, a witness that panics fails the commit and not the caller.
    fn advance(&self, ops: &[Op]) -> Result<Option<HeadRow>, StorageError> {
        let Some(witness) = &self.witness else {
            return Ok(None);
        };
        let changes = self.changes(ops);
        let head = match catch_unwind(AssertUnwindSafe(|| witness.advance(&changes))) {
            Ok(head) => head.map_err(StorageError::from),
            Err(_) => Err(StorageError::Io(Box::new(WitnessPanicked))),
        };
        if head.is_err() {
            witness.settle(false);
        }
        head.map(Some)
    }

    fn changes<'a>(&'a self, ops: &'a [Op]) -> Vec<Change<'a>> {
        let change = |op: &'a Op| {
            let (key, new) = match op {
                Op::Check { .. } => return None,
                Op::Put { key, value, .. } => (key, Some(value.as_ref())),
                Op::Delete { key } => (key, None),
            };
            let old = self.rows.get(key).map(|it| it.value.as_ref());
            (old.is_some() || new.is_some()).then_some(Change { key, old, new })
        };
        ops.iter().filter_map(change).collect()
    }
}

impl Stored {
    fn record(&self) -> Record {
        Record { value: self.value.clone(), rev: self.rev }
    }

    fn row(&self, key: RowKey, values: bool) -> Row {
        let value = if values { self.value.clone() } else { Bytes::new() };
        Row { key, name: self.name.clone(), value, rev: self.rev }
    }
}

struct Frozen {
    rows: Arc<BTreeMap<RowKey, Stored>>,
    after: Option<RowKey>,
}

impl Snapshot for Frozen {
    fn next(&mut self, limit: usize) -> Pending<'_, Result<Vec<Row>, StorageError>> {
        let from = self.after.map_or(Bound::Unbounded, Bound::Excluded);
        let range = self.rows.range((from, Bound::Unbounded)).take(limit);
        let rows: Vec<Row> = range.map(|(key, it)| it.row(*key, true)).collect();
        self.after = rows.last().map(|it| it.key).or(self.after);
        Pending::ready(Ok(rows))
    }

    fn seek(&mut self, after: RowKey) {
        self.after = Some(after);
    }
}
