//! Connections that read, each used by one thread at a time and on that thread.

use std::{
    path::PathBuf,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

use rusqlite::Connection;

use super::schema;
use crate::storage::StorageError;

/// Connections at most. A thread that finds all of them taken waits: a point read takes microseconds.
const MOST: usize = 32;

pub(super) struct Readers {
    path: PathBuf,
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Connection>,
    /// Idle ones and those in use.
    open: usize,
    closed: bool,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, state: Mutex::default(), returned: Condvar::new() }
    }

    /// Runs a read. No lock is held meanwhile, and a panic costs the connection only.
    pub(super) fn with<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let mut lease = self.lease()?;
        let conn = match lease.conn.take() {
            Some(conn) => conn,
            None => schema::open_reader(&self.path)?,
        };
        let answer = read(&conn);
        lease.conn = Some(conn);
        answer
    }

    /// The idle connections go now, those in use when their read has ended.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.open -= state.idle.len();
        let idle = std::mem::take(&mut state.idle);
        drop(state);
        drop(idle);
        self.returned.notify_all();
    }

    fn lease(&self) -> Result<Lease<'_>, StorageError> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return Err(StorageError::Closed);
            }
            if let Some(conn) = state.idle.pop() {
                return Ok(Lease { readers: self, conn: Some(conn) });
            }
            if state.open < MOST {
                state.open += 1;
                return Ok(Lease { readers: self, conn: None });
            }
            state = self.returned.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in the pool; gives its connection back when it goes.
struct Lease<'a> {
    readers: &'a Readers,
    conn: Option<Connection>,
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let mut state = self.readers.lock();
        match self.conn.take() {
            Some(conn) if !state.closed => state.idle.push(conn),
            gone => {
                state.open -= 1;
                drop(state);
                drop(gone);
            }
        }
        self.readers.returned.notify_one();
    }
}
