//! The tables, and how a connection is made: the same hardening for each one.
//!
//! A database file is outside input. Nothing in it may make SQLite do more than read and write our rows, so
//! its schema must be, to the letter, the one below.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{error::storage, sweep::PAGE};
use crate::storage::StorageError;

/// "Strm", in the file's header.
const APPLICATION_ID: i32 = 0x5374_726d;
/// Grows when an older program could no longer use the file.
const FORMAT: i32 = 1;

/// Larger values lie in a table of their own: a b-tree with keys of hashes is rewritten page by page, and
/// long rows in it would make each page hold only a few.
pub(super) const INLINE: usize = 2048;

/// `meta` has one row: the last revision given out, so that none is used again after its row has gone.
/// Exactly one of `value` and `big` is set.
const TABLES: [(&str, &str); 3] = [
    ("big", "CREATE TABLE big (id INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT"),
    ("meta", "CREATE TABLE meta (id INTEGER PRIMARY KEY CHECK (id = 1), rev INTEGER NOT NULL) STRICT"),
    (
        "rows",
        "CREATE TABLE rows (key BLOB NOT NULL PRIMARY KEY, rev INTEGER NOT NULL, name BLOB NOT NULL, \
         value BLOB, big INTEGER) STRICT, WITHOUT ROWID",
    ),
];

/// The connection that writes. Makes the tables in a new file; refuses a file that is not ours.
pub(super) fn open_writer(path: &Path) -> Result<Connection, StorageError> {
    let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // Only a file without tables takes these; others keep what they have.
    conn.pragma_update(None, "page_size", PAGE as i64).map_err(storage)?;
    conn.pragma_update(None, "auto_vacuum", "NONE").map_err(storage)?;
    let fresh = is_fresh(&conn)?;
    if !fresh {
        verify(&conn)?;
    }
    let mode: String =
        conn.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0)).map_err(storage)?;
    if mode != "wal" {
        return Err(StorageError::Damaged("the write-ahead log cannot be used"));
    }
    conn.pragma_update(None, "synchronous", "FULL").map_err(storage)?;
    // Another thread does that.
    conn.pragma_update(None, "wal_autocheckpoint", 0).map_err(storage)?;
    conn.pragma_update(None, "cache_size", -8192).map_err(storage)?;
    if fresh {
        create(&conn)?;
        verify(&conn)?;
    }
    Ok(conn)
}

/// A connection that reads.
pub(super) fn open_reader(path: &Path) -> Result<Connection, StorageError> {
    let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    conn.pragma_update(None, "query_only", true).map_err(storage)?;
    // The kernel caches the file anyway, and each commit empties this cache.
    conn.pragma_update(None, "cache_size", -512).map_err(storage)?;
    Ok(conn)
}

/// A connection that checkpoints.
pub(super) fn open_checkpointer(path: &Path) -> Result<Connection, StorageError> {
    let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    conn.pragma_update(None, "synchronous", "FULL").map_err(storage)?;
    conn.pragma_update(None, "wal_autocheckpoint", 0).map_err(storage)?;
    conn.pragma_update(None, "cache_size", -64).map_err(storage)?;
    Ok(conn)
}

fn connect(path: &Path, access: OpenFlags) -> Result<Connection, StorageError> {
    // No URI: a directory's name is never taken for options. Each connection is used by one thread at a time.
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let conn = Connection::open_with_flags(path, flags).map_err(storage)?;
    for (config, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
        // Or each scan would be planned anew for the keys that it is bound to.
        (DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true),
    ] {
        if conn.set_db_config(config, on).map_err(storage)? != on {
            return Err(StorageError::Damaged("SQLite's defences cannot be switched on"));
        }
    }
    conn.pragma_update(None, "temp_store", "MEMORY").map_err(storage)?;
    conn.pragma_update(None, "cell_size_check", true).map_err(storage)?;
    conn.pragma_update_and_check(None, "mmap_size", 0, |_| Ok(())).map_err(storage)?;
    let secure: i64 =
        conn.pragma_update_and_check(None, "secure_delete", true, |row| row.get(0)).map_err(storage)?;
    if secure != 1 {
        return Err(StorageError::Damaged("SQLite does not overwrite what it deletes"));
    }
    conn.busy_timeout(std::time::Duration::from_secs(5)).map_err(storage)?;
    conn.set_prepared_statement_cache_capacity(32);
    Ok(conn)
}

fn number(conn: &Connection, pragma: &str) -> Result<i32, StorageError> {
    conn.pragma_query_value(None, pragma, |row| row.get(0)).map_err(storage)
}

fn is_fresh(conn: &Connection) -> Result<bool, StorageError> {
    let schema: i64 =
        conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(storage)?;
    Ok(schema == 0 && number(conn, "application_id")? == 0 && number(conn, "user_version")? == 0)
}

/// All in one transaction: after a crash the file is fresh or whole.
fn create(conn: &Connection) -> Result<(), StorageError> {
    let tables = TABLES.map(|(_, sql)| format!("{sql};")).concat();
    conn.execute_batch(&format!(
        "BEGIN IMMEDIATE; {tables} INSERT INTO meta (id, rev) VALUES (1, 0); \
         PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT}; COMMIT;"
    ))
    .map_err(storage)
}

fn verify(conn: &Connection) -> Result<(), StorageError> {
    if number(conn, "application_id")? != APPLICATION_ID {
        return Err(StorageError::Damaged("the file is not a store"));
    }
    let format = number(conn, "user_version")?;
    if format > FORMAT {
        return Err(StorageError::TooNew(format.unsigned_abs()));
    }
    if format != FORMAT {
        return Err(StorageError::Damaged("the format is unknown"));
    }
    let mut statement =
        conn.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name").map_err(storage)?;
    let mut found = statement.query([]).map_err(storage)?;
    let differs = || StorageError::Damaged("the schema is not the expected one");
    for (name, sql) in TABLES {
        let row = found.next().map_err(storage)?.ok_or_else(differs)?;
        let column = |index: usize| row.get::<_, String>(index).map_err(|_| differs());
        if column(0)? != "table" || column(1)? != name || column(2)? != name || column(3)? != sql {
            return Err(differs());
        }
    }
    if found.next().map_err(storage)?.is_some() { Err(differs()) } else { Ok(()) }
}

/// See [`Sqlite::check_file`](super::Sqlite::check_file).
pub(super) fn check(conn: &Connection) -> Result<Vec<String>, StorageError> {
    let mut statement = conn.prepare("PRAGMA integrity_check(100)").map_err(storage)?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0)).map_err(storage)?;
    let lines: Result<Vec<String>, _> = lines.collect();
    let mut found = lines.map_err(storage)?;
    found.retain(|it| it != "ok");
    for (what, sql) in [
        ("rows without a value", "SELECT count(*) FROM rows WHERE (value IS NULL) = (big IS NULL)"),
        (
            "rows whose long value is missing",
            "SELECT count(*) FROM rows WHERE big IS NOT NULL AND big NOT IN (SELECT id FROM big)",
        ),
        (
            "long values that belong to no row",
            "SELECT count(*) FROM big WHERE id NOT IN (SELECT big FROM rows WHERE big IS NOT NULL)",
        ),
        (
            "rows with a later revision than the last",
            "SELECT count(*) FROM rows, meta WHERE rows.rev > meta.rev",
        ),
    ] {
        let count: i64 = conn.query_row(sql, [], |row| row.get(0)).map_err(storage)?;
        if count > 0 {
            found.push(format!("{what}: {count}"));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_is_planned_once() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().canonicalize().unwrap().join("store.db");
        std::fs::write(&path, "").unwrap();
        let writer = open_writer(&path).unwrap();
        for conn in [&writer, &open_reader(&path).unwrap()] {
            let mut scan =
                conn.prepare("SELECT rev FROM rows WHERE key > ?1 AND key <= ?2 LIMIT ?3").unwrap();
            for first in 0..4_u8 {
                let mut found = scan.query(([first].as_slice(), [first + 1].as_slice(), 1)).unwrap();
                assert!(found.next().unwrap().is_none());
            }
            assert_eq!(scan.get_status(rusqlite::StatementStatus::RePrepare), 0);
        }
    }

    // Rule 12
    #[test]
    fn every_connection_is_hardened() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().canonicalize().unwrap().join("store.db");
        std::fs::write(&path, "").unwrap();
        let writer = open_writer(&path).unwrap();
        let connections = [&writer, &open_reader(&path).unwrap(), &open_checkpointer(&path).unwrap()];
        for conn in connections {
            for (pragma, value) in
                [("trusted_schema", 0), ("temp_store", 2), ("secure_delete", 1), ("mmap_size", 0)]
            {
                assert_eq!(number(conn, pragma).unwrap(), value, "{pragma}");
            }
            assert!(conn.db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE).unwrap());
            assert!(!conn.db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER).unwrap());
            let extension = conn.query_row("SELECT load_extension('x')", [], |_| Ok(()));
            assert!(extension.is_err());
            assert!(conn.execute("PRAGMA writable_schema = ON; DELETE FROM sqlite_schema", []).is_err());
        }
        for conn in [connections[0], connections[2]] {
            assert_eq!(number(conn, "synchronous").unwrap(), 2, "FULL");
        }
        assert!(connections[1].execute("DELETE FROM rows", []).is_err(), "a reader writes");
        // Defensive: not even a shadow of the schema can be written.
        writer.pragma_update(None, "writable_schema", true).unwrap();
        assert!(writer.execute("DELETE FROM sqlite_schema", []).is_err());
    }
}
