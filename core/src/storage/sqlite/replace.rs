//! Other rows for all there are: a restore.
//!
//! One transaction, however large: SQLite moves what does not fit into memory to the log, and a crash before
//! the end leaves the old rows. On the medium it takes the size of the old and of the new rows, for a while.

use rusqlite::{Connection, TransactionBehavior};

use super::{error::storage, group};
use crate::storage::{Rev, Rows, StorageError};

pub(super) fn run(conn: &mut Connection, rows: Rows) -> Result<(), StorageError> {
    let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(storage)?;
    let last = transaction
        .query_row("SELECT rev FROM meta WHERE id = 1", [], |row| row.get::<_, i64>(0))
        .map_err(storage)?;
    let next = last.checked_add(1).filter(|it| *it > 0);
    let next = next.ok_or(StorageError::Damaged("the last revision cannot be followed"))?;
    transaction.execute_batch("DELETE FROM rows; DELETE FROM big;").map_err(storage)?;
    rows(&mut |row| {
        group::insert(&transaction, &row.key, Rev(next.unsigned_abs()), &row.name, &row.value)?;
        Ok(())
    })?;
    transaction.execute("UPDATE meta SET rev = ?1 WHERE id = 1", [next]).map_err(storage)?;
    transaction.commit().map_err(storage)
}
