//! Consistent views of the whole store, for backups and checks.
//!
//! A view is a read transaction, and as long as one lives the write-ahead log cannot be emptied. So there are
//! few of them, and one that stands in the way of a destroy is ended after a while: its reader gets
//! [`StorageError::Busy`] and begins again.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::{Duration, Instant},
};

use rusqlite::Connection;

use super::{error::storage, rows, schema};
use crate::storage::{Pending, Row, RowKey, Snapshot, StorageError};

/// Views at the same time; more answer "busy".
const MOST: usize = 4;

#[derive(Default)]
pub(super) struct Snapshots {
    open: Mutex<Vec<Weak<View>>>,
}

struct View {
    since: Instant,
    /// `None`: ended.
    conn: Mutex<Option<Connection>>,
}

impl Snapshots {
    pub(super) fn open(&self, path: &Path) -> Result<Box<dyn Snapshot>, StorageError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|it| it.strong_count() > 0);
        if open.len() >= MOST {
            return Err(StorageError::Busy);
        }
        let conn = schema::open_reader(path)?;
        conn.execute_batch("BEGIN").map_err(storage)?;
        // The transaction's view is fixed by its first read.
        conn.query_row("SELECT rev FROM meta", [], |_| Ok(())).map_err(storage)?;
        let view = Arc::new(View { since: Instant::now(), conn: Mutex::new(Some(conn)) });
        open.push(Arc::downgrade(&view));
        Ok(Box::new(Reading { view, after: None }))
    }

    /// Ends the views that have lived for at least `age`.
    pub(super) fn end(&self, age: Duration) {
        let views: Vec<Arc<View>> = self
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .filter_map(Weak::upgrade)
            .collect();
        for view in views.iter().filter(|it| it.since.elapsed() >= age) {
            drop(view.conn.lock().unwrap_or_else(PoisonError::into_inner).take());
        }
    }
}

struct Reading {
    view: Arc<View>,
    after: Option<RowKey>,
}

impl Snapshot for Reading {
    fn next(&mut self, limit: usize) -> Pending<'_, Result<Vec<Row>, StorageError>> {
        Pending::ready(self.read(limit))
    }

    fn seek(&mut self, after: RowKey) {
        self.after = Some(after);
    }
}

impl Reading {
    fn read(&mut self, limit: usize) -> Result<Vec<Row>, StorageError> {
        let conn = self.view.conn.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = rows::all(conn.as_ref().ok_or(StorageError::Busy)?, self.after, limit)?;
        self.after = rows.last().map(|it| it.key).or(self.after);
        Ok(rows)
    }
}
