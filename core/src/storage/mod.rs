//! Where the bytes lie: one small trait with optimistic concurrency.
//!
//! A backend stores rows under keys of a fixed length and knows nothing of what they mean: names and
//! values arrive encrypted. The life of a write: a transaction reads rows and remembers their revisions,
//! stages puts and deletes, and hands everything to [`Storage::commit`] as one [`Batch`]. The backend
//! applies all of it or nothing; a check that does not hold answers [`CommitError::Conflict`], and the
//! caller runs its closure again. *Committed means durable.*
//!
//! The trait was proved on SQLite, on memory and on a PostgreSQL adapter before anything was built on it
//! (see docs/storage-format.md); [`conformance`] is the suite that every backend passes.

use std::{fs::File, future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;

mod cache;
#[cfg(any(test, feature = "testing"))]
pub mod conformance;
mod limits;
mod memory;
mod sqlite;

pub use memory::Memory;
pub use sqlite::{Sqlite, SqliteOptions};

/// Operations in one batch, at most; etcd takes 128.
pub const MAX_BATCH_OPS: usize = 100;
/// Bytes in one batch, keys, names and values together, at most; etcd takes 1.5 MiB.
pub const MAX_BATCH_BYTES: usize = 1 << 20;

/// The length of every row key: class ‖ directory ‖ name or ordinal.
pub const KEY_LEN: usize = 33;

/// A row's place: class (1) ‖ directory (16) ‖ name hash or ordinal (16). Ordered as bytes.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RowKey(pub [u8; KEY_LEN]);

/// The first 17 bytes of a key: what a listing goes through.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct DirKey(pub [u8; 17]);

/// A row's revision: grows with each commit to the store, never reused, never 0.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Rev(pub u64);

/// A row as stored. Both parts are ciphertext.
#[derive(Clone, Debug)]
pub struct Record {
    pub value: Bytes,
    pub rev: Rev,
}

/// A row as [`Storage::scan`] finds it.
#[derive(Clone, Debug)]
pub struct Row {
    pub key: RowKey,
    /// The encrypted name; empty for rows that are addressed by an ordinal.
    pub name: Bytes,
    /// Empty if only names were asked for.
    pub value: Bytes,
    pub rev: Rev,
}

/// What a batch expects of a row.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Expect {
    Absent,
    At(Rev),
}

#[derive(Clone, Debug)]
pub enum Op {
    /// Fails the batch unless the row is as expected.
    Check {
        key: RowKey,
        expect: Expect,
    },
    Put {
        key: RowKey,
        name: Bytes,
        value: Bytes,
    },
    /// Deleting what is not there is no error.
    Delete {
        key: RowKey,
    },
}

/// All or nothing. A key is put or deleted at most once in a batch. Checks are made before any change.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    pub ops: Vec<Op>,
    /// Background work gives way to requests.
    pub priority: Priority,
    /// The old values of rows that this batch deletes or overwrites must be gone from the medium when
    /// the commit answers (destroying a secret).
    pub scrub: bool,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Priority {
    #[default]
    Interactive,
    Background,
}

/// What to read in a directory.
#[derive(Clone, Copy, Debug)]
pub struct Scan {
    pub dir: DirKey,
    /// Continue behind this key.
    pub after: Option<RowKey>,
    /// Do not go past this key (inclusive).
    pub until: Option<RowKey>,
    pub limit: usize,
    /// With values, or names only.
    pub values: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    #[error("the storage is busy")]
    Busy,
    #[error("the data directory is in use by process {pid}")]
    InUse { pid: u32 },
    #[error("the store is damaged: {0}")]
    Damaged(&'static str),
    #[error("the store was written by a newer version (format {0})")]
    TooNew(u32),
    #[error("the storage failed")]
    Io(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the storage is closed")]
    Closed,
    /// What only some backends can do.
    #[error("this storage cannot do that")]
    Unsupported,
}

#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A check did not hold: read again and retry. Nothing was changed.
    #[error("a row has changed")]
    Conflict,
    /// More than [`MAX_BATCH_OPS`] or [`MAX_BATCH_BYTES`]. Nothing was changed.
    #[error("the batch is too large")]
    TooLarge,
    /// A key is put or deleted twice in the batch. Nothing was changed.
    #[error("the batch changes a row twice")]
    Repeated,
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// An answer that is there already, or one to wait for. A hit in the cache allocates nothing.
pub enum Pending<'a, T> {
    Ready(Option<T>),
    Waiting(Pin<Box<dyn Future<Output = T> + Send + 'a>>),
}

impl<T> Pending<'_, T> {
    pub fn ready(value: T) -> Self {
        Self::Ready(Some(value))
    }
}

impl<T: Unpin> Future for Pending<'_, T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> std::task::Poll<T> {
        match self.get_mut() {
            Self::Ready(value) => value.take().map_or(std::task::Poll::Pending, std::task::Poll::Ready),
            Self::Waiting(future) => future.as_mut().poll(cx),
        }
    }
}

/// Moves the store's digest and clock together with the data: called by the committer, once for each
/// physical commit, with all the changes that it holds, before they become durable.
///
/// `core` implements it with the barrier's keys (docs/storage-format.md, "Head"); a backend only calls it,
/// from the one place that commits: an implementation must not call the storage back. A batch belongs to the
/// witness that was attached when it was handed over, also if that has been detached before its turn came.
pub trait Witness: Send + Sync {
    /// The changes in the order they are applied; `old` and `new` are row values (ciphertext).
    /// Deleting a row that is not there is no change and is left out, and so is the head row itself.
    /// Answers the head row to write in the same physical commit. Without one nothing is committed.
    fn advance(&self, changes: &[Change<'_>]) -> Result<HeadRow, Unwitnessed>;

    /// Whether the physical commit that the last [`Witness::advance`] was for became durable.
    fn settle(&self, committed: bool);
}

/// There is no head row: it could not be sealed.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the store's head could not be written")]
pub struct Unwitnessed;

impl From<Unwitnessed> for StorageError {
    fn from(failure: Unwitnessed) -> Self {
        Self::Io(Box::new(failure))
    }
}

/// One row's change, as the witness sees it.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    pub key: &'a RowKey,
    pub old: Option<&'a [u8]>,
    pub new: Option<&'a [u8]>,
}

/// The head row, sealed. It is itself no part of the digest.
#[derive(Clone, Debug)]
pub struct HeadRow {
    pub key: RowKey,
    pub value: Bytes,
}

/// What a backend says of changes that others made. Hints only: a row's revision decides.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Remote {
    Changed(Vec<RowKey>),
    /// Something may have been missed: drop everything cached.
    Gap,
    Heartbeat,
}

/// A place for rows. See the module's documentation for the contract.
pub trait Storage: Send + Sync + 'static {
    fn get(&self, key: RowKey) -> Pending<'_, Result<Option<Record>, StorageError>>;

    /// Rows of one directory in key order. Fewer than `limit` rows mean that there are no more. The answer
    /// may be made on the caller's thread: ask for pages, not for a million rows at once.
    fn scan(&self, scan: Scan) -> Pending<'_, Result<Vec<Row>, StorageError>>;

    /// Applies the batch or nothing; answers the revision that its rows now have. Durable when answered.
    /// The call itself hands the batch over: it is committed also if the answer is never asked for.
    fn commit(&self, batch: Batch) -> Pending<'_, Result<Rev, CommitError>>;

    /// Waits until every batch that was handed over before is committed or refused, answered or not.
    fn settled(&self) -> Pending<'_, Result<(), StorageError>>;

    /// From now on every physical commit is witnessed (`Some`, at unseal), or no longer (`None`, at seal).
    fn attach(&self, witness: Option<Arc<dyn Witness>>);

    /// Changes by other writers since the last call. Backends with one writer have none: there the call
    /// waits until the storage is closed, and answers [`StorageError::Closed`].
    fn changes(&self) -> Pending<'_, Result<Remote, StorageError>>;

    /// Rows of the whole store in key order behind `after`, as one consistent state for as long as the
    /// snapshot lives.
    fn snapshot(&self) -> Pending<'_, Result<Box<dyn Snapshot>, StorageError>>;

    /// Puts other rows in the place of all there are, in one step: whoever reads, also after a crash, finds all
    /// of the old rows or all of the new ones. The rows get a new revision; snapshots that live are ended or
    /// go on with the old rows. No witness is asked: the head is among the rows. If `rows` fails, nothing was
    /// changed.
    fn replace(&self, _rows: Rows) -> Pending<'_, Result<(), StorageError>> {
        Pending::ready(Err(StorageError::Unsupported))
    }

    /// Room for something large that is not to be kept in memory, where the rows lie.
    fn scratch(&self) -> Result<Scratch, StorageError> {
        Err(StorageError::Unsupported)
    }

    /// Finishes what is queued, then closes. Later calls answer [`StorageError::Closed`].
    fn close(&self) -> Pending<'_, Result<(), StorageError>>;
}

/// Gives rows one by one, in key order, to whoever wants them. Their revisions mean nothing.
pub type Rows = Box<dyn FnOnce(&mut Taker<'_>) -> Result<(), StorageError> + Send>;

/// Takes a row.
pub type Taker<'a> = dyn FnMut(Row) -> Result<(), StorageError> + 'a;

/// A file that nobody else can open, and that is gone when it is closed, also after a crash.
#[derive(Debug)]
pub struct Scratch {
    pub file: File,
    /// Bytes that may be written to it without making the medium full.
    pub room: u64,
}

/// A consistent view of every row.
pub trait Snapshot: Send {
    /// The next rows in key order, at most `limit`; empty at the end. [`StorageError::Busy`] if the snapshot
    /// has lived for too long: begin a new one.
    fn next(&mut self, limit: usize) -> Pending<'_, Result<Vec<Row>, StorageError>>;

    /// Continues behind `after`, forwards or backwards.
    fn seek(&mut self, after: RowKey);
}
