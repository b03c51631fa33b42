//! Reading rows. What the file answers is checked: type, length, presence.

use bytes::Bytes;
use rusqlite::{Connection, types::ValueRef};

use super::error::storage;
use crate::storage::{DirKey, KEY_LEN, Record, Rev, Row, RowKey, Scan, StorageError};

pub(super) fn get(conn: &Connection, key: &RowKey) -> Result<Option<Record>, StorageError> {
    const SQL: &str = "SELECT r.rev, coalesce(r.value, b.value) FROM rows r LEFT JOIN big b ON b.id = r.big \
                       WHERE r.key = ?1";
    let mut statement = conn.prepare_cached(SQL).map_err(storage)?;
    let mut rows = statement.query([key.0.as_slice()]).map_err(storage)?;
    let Some(row) = rows.next().map_err(storage)? else {
        return Ok(None);
    };
    Ok(Some(Record { rev: rev(row, 0)?, value: blob(row, 1)? }))
}

pub(super) fn scan(conn: &Connection, scan: &Scan) -> Result<Vec<Row>, StorageError> {
    let (after, until) = scan.bounds();
    let DirKey(dir) = &scan.dir;
    // The directory's prefix alone sorts before each of its keys.
    let after: &[u8] = after.as_ref().map_or(dir.as_slice(), |it| it.0.as_slice());
    range(conn, after, &until.0, scan.limit, scan.values)
}

/// Rows with their values behind `after`, to the end of the store.
pub(super) fn all(conn: &Connection, after: Option<RowKey>, limit: usize) -> Result<Vec<Row>, StorageError> {
    let after = after.as_ref().map_or([].as_slice(), |it| it.0.as_slice());
    range(conn, after, &[u8::MAX; KEY_LEN], limit, true)
}

fn range(
    conn: &Connection,
    after: &[u8],
    until: &[u8],
    limit: usize,
    values: bool,
) -> Result<Vec<Row>, StorageError> {
    const NAMES: &str =
        "SELECT key, rev, name, x'' FROM rows WHERE key > ?1 AND key <= ?2 ORDER BY key LIMIT ?3";
    const VALUES: &str = "SELECT r.key, r.rev, r.name, coalesce(r.value, b.value) FROM rows r \
                          LEFT JOIN big b ON b.id = r.big \
                          WHERE r.key > ?1 AND r.key <= ?2 ORDER BY r.key LIMIT ?3";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = conn.prepare_cached(if values { VALUES } else { NAMES }).map_err(storage)?;
    let mut found = statement.query((after, until, limit)).map_err(storage)?;
    let mut rows = Vec::new();
    while let Some(row) = found.next().map_err(storage)? {
        rows.push(Row { key: key(row, 0)?, rev: rev(row, 1)?, name: blob(row, 2)?, value: blob(row, 3)? });
    }
    Ok(rows)
}

fn key(row: &rusqlite::Row<'_>, index: usize) -> Result<RowKey, StorageError> {
    let bytes = blob_ref(row, index)?;
    bytes.try_into().map(RowKey).map_err(|_| StorageError::Damaged("a key has a wrong length"))
}

pub(super) fn rev(row: &rusqlite::Row<'_>, index: usize) -> Result<Rev, StorageError> {
    match row.get_ref(index).map_err(storage)? {
        ValueRef::Integer(rev) if rev > 0 => Ok(Rev(rev.unsigned_abs())),
        _ => Err(StorageError::Damaged("a revision is not a positive number")),
    }
}

pub(super) fn blob(row: &rusqlite::Row<'_>, index: usize) -> Result<Bytes, StorageError> {
    blob_ref(row, index).map(Bytes::copy_from_slice)
}

fn blob_ref<'a>(row: &'a rusqlite::Row<'_>, index: usize) -> Result<&'a [u8], StorageError> {
    match row.get_ref(index).map_err(storage)? {
        ValueRef::Blob(bytes) => Ok(bytes),
        _ => Err(StorageError::Damaged("a row has no value")),
    }
}
