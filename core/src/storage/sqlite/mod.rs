//! Rows in one SQLite file.
//!
//! Reads run on the caller's thread: the cache first, then a connection of the pool. Writes queue for one
//! thread, which puts whatever waits into one transaction. A second thread moves the write-ahead log into
//! the database. See docs/storage-format.md for the tables.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use tokio::sync::{oneshot, watch};

use self::{
    dir::DataDir,
    queue::{Job, Queue, Replacement},
    readers::Readers,
    snapshot::Snapshots,
    sweep::Sweep,
    wal::Checkpointer,
    writer::{Scrubs, Writer},
};
use super::{
    Batch, CommitError, Pending, Record, Remote, Rev, Row, RowKey, Rows, Scan, Scratch, Snapshot, Storage,
    StorageError, Witness, cache::Cache,
};

mod dir;
mod error;
mod group;
mod queue;
mod readers;
mod replace;
mod rows;
mod schema;
mod snapshot;
mod sweep;
mod wal;
mod writer;

#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// Bytes of ciphertext that are kept in memory. 32 MiB.
    pub cache_bytes: usize,
    /// Old ciphertext is scrubbed at most this often, for all destroys of that time together. 1 s.
    pub scrub_interval: Duration,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { cache_bytes: 64 << 20, scrub_interval: Duration::from_secs(1) }
    }
}

/// A store in a directory of its own.
pub struct Sqlite {
    shared: Arc<Shared>,
    witness: Mutex<Option<Arc<dyn Witness>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What the callers and the writer have in common.
struct Shared {
    queue: Queue,
    cache: Cache,
    readers: Readers,
    snapshots: Snapshots,
    store: PathBuf,
    /// Set when closing begins; reads are refused from then on.
    closing: AtomicBool,
    /// Set when everything has ended.
    closed: watch::Sender<bool>,
}

impl Sqlite {
    /// Opens the store `dir/strongroom.db`, and makes both if there are none.
    ///
    /// # Errors
    ///
    /// [`StorageError::InUse`] if another process has it open, [`StorageError::TooNew`] if a newer version
    /// wrote it, [`StorageError::Damaged`] if the file is not a store or its schema is not the expected one,
    /// [`StorageError::Io`] if the directory is open to other users and cannot be narrowed.
    pub fn open(dir: &Path, options: SqliteOptions) -> Result<Self, StorageError> {
        let dir = DataDir::open(dir)?;
        let conn = schema::open_writer(&dir.store())?;
        wal::persist(&conn)?;
        // An orderly end leaves a log that holds nothing, at its size. One that was cut off is emptied once the store
        // serves: what it holds is read from there meanwhile.
        let owed = !wal::is_blank(&dir.wal())?;
        dir.sync()?;
        dir.verify()?;
        let shared = Arc::new(Shared {
            queue: Queue::default(),
            cache: Cache::new(options.cache_bytes)?,
            readers: Readers::new(dir.store()),
            snapshots: Snapshots::default(),
            store: dir.store(),
            closing: AtomicBool::new(false),
            closed: watch::channel(false).0,
        });
        let writer = Writer {
            conn,
            wal: dir.wal(),
            file: dir.file(),
            sweep: Sweep::default(),
            checkpointer: Checkpointer::start(dir.store())?,
            scrubs: Scrubs::new(options.scrub_interval, owed),
            shared: Arc::clone(&shared),
        };
        // The last thing that goes is the lock on the directory.
        let end = End { shared: Arc::clone(&shared), dir: Some(dir) };
        let run = move || {
            let _end = end;
            writer.run();
        };
        let thread = std::thread::Builder::new().name("storage".into()).spawn(run).map_err(dir::io_error)?;
        Ok(Self { shared, witness: Mutex::default(), thread: Mutex::new(Some(thread)) })
    }
}

impl Sqlite {
    /// What SQLite finds wrong with the file, and rows and long values that have lost each other; a line each,
    /// a hundred at most. Nothing if all is well.
    pub fn check_file(&self) -> Result<Vec<String>, StorageError> {
        self.shared.open()?;
        self.shared.readers.with(schema::check)
    }
}

/// Ends the storage with its writer, however that ends.
struct End {
    shared: Arc<Shared>,
    dir: Option<DataDir>,
}

impl Drop for End {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::Release);
        self.shared.queue.abandon();
        self.shared.readers.close();
        self.shared.cache.clear();
        // Who waits for the end may open the directory again at once.
        drop(self.dir.take());
        self.shared.closed.send_replace(true);
    }
}

impl Shared {
    fn open(&self) -> Result<(), StorageError> {
        if self.closing.load(Ordering::Acquire) { Err(StorageError::Closed) } else { Ok(()) }
    }
}

impl Storage for Sqlite {
    fn get(&self, key: RowKey) -> Pending<'_, Result<Option<Record>, StorageError>> {
        let shared = &self.shared;
        let read = || shared.readers.with(|conn| rows::get(conn, &key));
        Pending::ready(shared.open().and_then(|()| shared.cache.get(&key, read)))
    }

    fn scan(&self, scan: Scan) -> Pending<'_, Result<Vec<Row>, StorageError>> {
        let shared = &self.shared;
        let read = |()| shared.readers.with(|conn| rows::scan(conn, &scan));
        Pending::ready(shared.open().and_then(read))
    }

    fn commit(&self, batch: Batch) -> Pending<'_, Result<Rev, CommitError>> {
        if let Err(error) = batch.check() {
            return Pending::ready(Err(error));
        }
        let witness = self.witness.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (answer, answered) = oneshot::channel();
        if let Err(error) = self.shared.queue.push(Job { batch, witness, answer }) {
            return Pending::ready(Err(error.into()));
        }
        Pending::Waiting(Box::pin(async move {
            // The writer has gone without an answer: it is not known whether the batch was committed.
            answered.await.unwrap_or(Err(CommitError::Storage(StorageError::Closed)))
        }))
    }

    fn settled(&self) -> Pending<'_, Result<(), StorageError>> {
        let (answer, answered) = oneshot::channel();
        if let Err(error) = self.shared.queue.push_settled(answer) {
            return Pending::ready(Err(error));
        }
        Pending::Waiting(Box::pin(async move { answered.await.map_err(|_| StorageError::Closed) }))
    }

    fn attach(&self, witness: Option<Arc<dyn Witness>>) {
        *self.witness.lock().unwrap_or_else(PoisonError::into_inner) = witness;
    }

    fn changes(&self) -> Pending<'_, Result<Remote, StorageError>> {
        let mut closed = self.shared.closed.subscribe();
        Pending::Waiting(Box::pin(async move {
            // An error means that the storage is gone, which is closed as well.
            let _ = closed.wait_for(|it| *it).await;
            Err(StorageError::Closed)
        }))
    }

    fn snapshot(&self) -> Pending<'_, Result<Box<dyn Snapshot>, StorageError>> {
        let shared = &self.shared;
        Pending::ready(shared.open().and_then(|()| shared.snapshots.open(&shared.store)))
    }

    fn replace(&self, rows: Rows) -> Pending<'_, Result<(), StorageError>> {
        let (answer, answered) = oneshot::channel();
        if let Err(error) = self.shared.queue.push_replacement(Replacement { rows, answer }) {
            return Pending::ready(Err(error));
        }
        Pending::Waiting(Box::pin(async move { answered.await.unwrap_or(Err(StorageError::Closed)) }))
    }

    fn scratch(&self) -> Result<Scratch, StorageError> {
        self.shared.open()?;
        dir::scratch(&self.shared.store)
    }

    fn close(&self) -> Pending<'_, Result<(), StorageError>> {
        self.shared.closing.store(true, Ordering::Release);
        self.shared.queue.close();
        let mut closed = self.shared.closed.subscribe();
        Pending::Waiting(Box::pin(async move {
            let _ = closed.wait_for(|it| *it).await;
            Ok(())
        }))
    }
}

impl Drop for Sqlite {
    /// Finishes what is queued, as [`Storage::close`] does.
    fn drop(&mut self) {
        self.shared.queue.close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // It has panicked, and has left nothing behind that could be finished.
            let _ = thread.join();
        }
    }
}
