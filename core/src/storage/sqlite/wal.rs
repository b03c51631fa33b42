//! The write-ahead log: kept at its size, moved into the database, and emptied of old ciphertext.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::JoinHandle,
};

use rusqlite::{Connection, FileControl};

use super::{
    dir::io_error,
    error::{Failure, storage},
    schema,
};
use crate::storage::StorageError;

/// Pages that the log gathers before they are moved into the database: while the last of them are moved, commits
/// wait, so that this must be seldom. A crash costs reading them once, 16 MiB.
const PAGES: usize = 4096;
/// What may be left for that.
const FEW_FRAMES: i64 = 128;
/// How often the thread goes after what came in meanwhile.
const ROUNDS: usize = 16;
/// Zeroes written ahead, so that a commit overwrites blocks instead of making the file grow: the file
/// system then has no metadata of its own to sync.
const AHEAD: usize = 1 << 20;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Progress {
    /// All frames lie in the database.
    Whole,
    /// Somebody still reads or writes older frames.
    Part,
}

/// Keeps the log file when the last connection closes.
pub(super) fn persist(conn: &Connection) -> Result<(), StorageError> {
    conn.file_control(None::<&str>, FileControl::PersistWal(&mut 1)).map_err(storage)
}

/// Moves what it can into the database, without waiting for anyone.
fn checkpoint(conn: &Connection) -> Result<Moved, Failure> {
    pragma(conn, "PRAGMA wal_checkpoint(PASSIVE)")
}

/// What a checkpoint has come to.
#[derive(Clone, Copy, Debug)]
struct Moved {
    is_whole: bool,
    /// Frames of the log that lie in the database.
    frames: i64,
}

impl Moved {
    fn progress(self) -> Progress {
        if self.is_whole { Progress::Whole } else { Progress::Part }
    }
}

/// Moves everything into the database, empties the log, and writes zeroes ahead again. Only the thread that
/// writes may do this: nobody else can then add frames to the log while it is being filled.
///
/// The zeroes are no log to SQLite: a log begins with a header, and the next commit writes one.
pub(super) fn empty(conn: &Connection, wal: &Path) -> Result<Progress, Failure> {
    if !pragma(conn, "PRAGMA wal_checkpoint(TRUNCATE)")?.is_whole {
        return Ok(Progress::Part);
    }
    // The log was emptied, which is what was asked for; zeroes ahead are for speed.
    if let Err(error) = write_ahead(wal) {
        tracing::warn!(%error, "no space was set aside for the write-ahead log");
    }
    Ok(Progress::Whole)
}

/// Whether the log is as [`empty`] leaves it: zeroes, at the size that was set aside.
pub(super) fn is_blank(wal: &Path) -> Result<bool, StorageError> {
    let length = fs::metadata(wal).map_err(io_error)?.len();
    if length != AHEAD as u64 {
        return Ok(false);
    }
    Ok(fs::read(wal).map_err(io_error)?.iter().all(|it| *it == 0))
}

/// SQLite keeps no lock on this file, so that closing a descriptor of it drops none.
fn write_ahead(wal: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).mode(0o600).open(wal)?;
    if file.metadata()?.len() > 0 {
        return Ok(());
    }
    file.write_all(&vec![0; AHEAD])?;
    file.sync_all()
}

fn pragma(conn: &Connection, sql: &str) -> Result<Moved, Failure> {
    let (busy, log, frames): (i64, i64, i64) =
        conn.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(Moved { is_whole: busy == 0 && log == frames, frames })
}

/// The thread that moves frames into the database while commits go on.
pub(super) struct Checkpointer {
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
    /// Pages written since the log last began anew, as estimated.
    pages: usize,
}

#[derive(Default)]
struct Shared {
    /// Held by whoever checkpoints: SQLite would answer "busy" to the second.
    turn: Mutex<()>,
    moved: AtomicBool,
}

impl Checkpointer {
    pub(super) fn start(store: PathBuf) -> Result<Self, StorageError> {
        let shared = Arc::new(Shared::default());
        // One wake-up may wait; more would say nothing new.
        let (wake, woken) = sync_channel(1);
        let conn = schema::open_checkpointer(&store)?;
        persist(&conn)?;
        let thread = std::thread::Builder::new()
            .name("checkpoint".into())
            .spawn({
                let shared = Arc::clone(&shared);
                move || shared.run(&conn, &woken)
            })
            .map_err(io_error)?;
        Ok(Self { wake: Some(wake), thread: Some(thread), shared, pages: 0 })
    }

    /// After a physical commit of about so many pages.
    pub(super) fn wrote(&mut self, conn: &Connection, pages: usize) {
        self.pages = self.pages.saturating_add(pages);
        if self.shared.moved.swap(false, Ordering::Relaxed) {
            // Most has been moved; the frames since then are moved here, where no new ones can come in
            // between. Only then does the log begin anew instead of growing.
            self.finish(conn);
        } else if self.pages >= PAGES
            && let Some(wake) = &self.wake
        {
            // Full means that the thread has yet to look: nothing to add.
            let _ = wake.try_send(());
        }
    }

    /// See [`empty`].
    pub(super) fn empty(&mut self, conn: &Connection, wal: &Path) -> Result<Progress, Failure> {
        let _turn = self.shared.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let progress = empty(conn, wal)?;
        if progress == Progress::Whole {
            self.pages = 0;
        }
        Ok(progress)
    }

    /// Ends the thread and waits for it.
    pub(super) fn stop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            // It has panicked: there is nothing left of it to stop.
            let _ = thread.join();
        }
    }

    fn finish(&mut self, conn: &Connection) {
        let Ok(_turn) = self.shared.turn.try_lock() else {
            return;
        };
        match checkpoint(conn).map(Moved::progress) {
            Ok(Progress::Whole) => self.pages = 0,
            Ok(Progress::Part) => {}
            Err(error) => tracing::error!(%error, "checkpoint failed"),
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn run(&self, conn: &Connection, woken: &Receiver<()>) {
        while woken.recv().is_ok() {
            let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
            match move_most(conn) {
                Ok(()) => self.moved.store(true, Ordering::Relaxed),
                Err(error) => tracing::error!(%error, "checkpoint failed"),
            }
        }
    }
}

/// Moves frames until few are left: commits go on meanwhile, and add some.
fn move_most(conn: &Connection) -> Result<(), Failure> {
    let mut before = 0;
    for _ in 0..ROUNDS {
        let moved = checkpoint(conn)?;
        if moved.frames - before <= FEW_FRAMES {
            break;
        }
        before = moved.frames;
    }
    Ok(())
}
