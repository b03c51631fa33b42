//! What only the SQLite backend promises: whose the files are, and which files it refuses.

// Helpers of a test may fail like the test itself.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, mpsc},
    time::Duration,
};

use bytes::Bytes;
use rusqlite::Connection;
use strongroom_core::storage::{
    Batch, Change, CommitError, Expect, HeadRow, Op, Priority, Rev, Sqlite, SqliteOptions, Storage,
    StorageError, Unwitnessed, Witness,
    conformance::{batch, check, dir, everything, key, put},
};

fn open(path: &Path) -> Result<Sqlite, StorageError> {
    Sqlite::open(path, SqliteOptions::default())
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

const FILES: [&str; 4] = ["strongroom.db", "strongroom.db-wal", "strongroom.db-shm", "strongroom.lock"];

// Rule 13
#[tokio::test]
async fn nobody_else_can_read_the_files() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("a/b");
    let store = open(&path).unwrap();
    store.commit(batch(vec![put(key(dir(1), 0), b"v")])).await.unwrap();
    assert_eq!(mode(&path), 0o700);
    for file in FILES {
        assert_eq!(mode(&path.join(file)), 0o600, "{file}");
    }
}

// Rule 13: at every start, not only when it is made
#[tokio::test]
async fn modes_are_verified_at_every_start() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("data");
    open(&path).unwrap().close().await.unwrap();
    for file in ["strongroom.db", "strongroom.db-wal", "strongroom.lock"] {
        chmod(&path.join(file), 0o644);
    }
    chmod(&path, 0o755);
    let store = open(&path).unwrap();
    assert_eq!(mode(&path), 0o700);
    for file in FILES {
        assert_eq!(mode(&path.join(file)), 0o600, "{file}");
    }
    drop(store);
}

// Rule 13
#[test]
fn a_directory_of_other_things_is_not_touched() {
    let temp = tempfile::tempdir().unwrap();
    chmod(temp.path(), 0o755);
    fs::write(temp.path().join("thesis.txt"), "").unwrap();
    assert!(matches!(open(temp.path()), Err(StorageError::Io(_))));
    assert_eq!(mode(temp.path()), 0o755);
    assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 1, "something was left there");
    // With the right mode it is the user's choice.
    chmod(temp.path(), 0o700);
    open(temp.path()).unwrap();
}

#[test]
fn a_file_with_another_name_elsewhere_is_refused() {
    let temp = tempfile::tempdir().unwrap();
    let [data, elsewhere] = ["data", "elsewhere"].map(|it| temp.path().join(it));
    drop(open(&data).unwrap());
    fs::rename(data.join("strongroom.db"), &elsewhere).unwrap();
    symlink(&elsewhere, data.join("strongroom.db")).unwrap();
    assert!(matches!(open(&data), Err(StorageError::Io(_))), "a symbolic link");
    fs::remove_file(data.join("strongroom.db")).unwrap();
    fs::hard_link(&elsewhere, data.join("strongroom.db")).unwrap();
    assert!(matches!(open(&data), Err(StorageError::Io(_))), "a hard link");
}

// Rule 12
#[tokio::test]
async fn a_second_opener_learns_who_was_first() {
    let temp = tempfile::tempdir().unwrap();
    let first = open(temp.path()).unwrap();
    match open(temp.path()) {
        Err(StorageError::InUse { pid }) => assert_eq!(pid, std::process::id()),
        other => panic!("{:?}", other.err()),
    }
    first.close().await.unwrap();
    open(temp.path()).unwrap();
}

#[test]
fn a_dead_holder_does_not_lock_anyone_out() {
    let temp = tempfile::tempdir().unwrap();
    chmod(temp.path(), 0o700);
    let lock = temp.path().join("strongroom.lock");
    let mut flock = Command::new("flock");
    flock.arg("--no-fork").arg(&lock).args(["sh", "-c", "echo locked; exec sleep 60"]);
    let mut holder = flock.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    BufReader::new(holder.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said, "locked\n");
    let second = open(temp.path()).err();
    assert!(matches!(second, Some(StorageError::InUse { .. })), "{second:?}");
    holder.kill().unwrap();
    holder.wait().unwrap();
    open(temp.path()).unwrap();
}

#[track_caller]
fn refuses(sql: &str, expected: impl Fn(&StorageError) -> bool) {
    let temp = tempfile::tempdir().unwrap();
    drop(open(temp.path()).unwrap());
    let conn = Connection::open(temp.path().join("strongroom.db")).unwrap();
    conn.execute_batch(sql).unwrap();
    conn.close().unwrap();
    match open(temp.path()) {
        Err(error) => assert!(expected(&error), "{sql}: {error:?}"),
        Ok(_) => panic!("{sql}: accepted"),
    }
}

// Rule 12
#[test]
fn a_schema_that_is_not_ours_is_refused() {
    for sql in [
        "CREATE TRIGGER t AFTER INSERT ON rows BEGIN DELETE FROM rows; END",
        "CREATE VIEW v AS SELECT * FROM rows",
        "CREATE TABLE other (a)",
        "CREATE INDEX i ON rows (rev)",
        "CREATE VIRTUAL TABLE f USING fts5(a)",
        "ALTER TABLE rows ADD COLUMN more ANY",
        "DROP TABLE big",
        "DROP TABLE big; CREATE VIEW big AS SELECT 1 AS id, x'00' AS value",
    ] {
        refuses(sql, |it| matches!(it, StorageError::Damaged(_)));
    }
}

#[test]
fn a_newer_format_is_refused_and_not_changed() {
    refuses("PRAGMA user_version = 2", |it| matches!(it, StorageError::TooNew(2)));
    refuses("PRAGMA user_version = 0", |it| matches!(it, StorageError::Damaged(_)));
    refuses("PRAGMA application_id = 7", |it| matches!(it, StorageError::Damaged(_)));
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let temp = tempfile::tempdir().unwrap();
    chmod(temp.path(), 0o700);
    let file = temp.path().join("strongroom.db");
    let text = "not a database at all\n".repeat(300);
    fs::write(&file, &text).unwrap();
    assert!(matches!(open(temp.path()), Err(StorageError::Damaged(_))));
    assert_eq!(fs::read_to_string(&file).unwrap(), text, "it was changed");
}

// Rule 130
#[tokio::test]
async fn rows_that_cannot_be_ours_are_errors_not_answers() {
    for sql in [
        "UPDATE rows SET rev = 0",
        "UPDATE rows SET rev = -5",
        "UPDATE rows SET value = NULL",
        "UPDATE rows SET value = NULL, big = 77",
    ] {
        let temp = tempfile::tempdir().unwrap();
        let row = key(dir(1), 0);
        {
            let store = open(temp.path()).unwrap();
            store.commit(batch(vec![put(row, b"v")])).await.unwrap();
        }
        let conn = Connection::open(temp.path().join("strongroom.db")).unwrap();
        conn.execute_batch(sql).unwrap();
        conn.close().unwrap();
        let store = open(temp.path()).unwrap();
        assert!(matches!(store.get(row).await, Err(StorageError::Damaged(_))), "{sql}");
        assert!(matches!(store.scan(everything(dir(1))).await, Err(StorageError::Damaged(_))), "{sql}");
    }
    // A key of another length cannot be asked for, and is not listed as one of ours.
    let temp = tempfile::tempdir().unwrap();
    drop(open(temp.path()).unwrap());
    let conn = Connection::open(temp.path().join("strongroom.db")).unwrap();
    let short = &key(dir(1), 0).0[..32];
    conn.execute("INSERT INTO rows (key, rev, name, value) VALUES (?1, 1, x'', x'')", [short]).unwrap();
    conn.close().unwrap();
    let store = open(temp.path()).unwrap();
    assert!(matches!(store.scan(everything(dir(1))).await, Err(StorageError::Damaged(_))));
}

#[tokio::test]
async fn revisions_go_on_after_a_restart() {
    let temp = tempfile::tempdir().unwrap();
    let row = key(dir(1), 0);
    let mut last = Rev(0);
    for _ in 0..3 {
        let store = open(temp.path()).unwrap();
        assert_eq!(store.get(row).await.unwrap().map(|it| it.rev), None);
        let rev = store.commit(batch(vec![put(row, b"v")])).await.unwrap();
        assert!(rev > last);
        // The newest row goes, and with it the only trace of its revision in the rows.
        last = store.commit(batch(vec![Op::Delete { key: row }])).await.unwrap();
        store.close().await.unwrap();
    }
}

#[tokio::test]
async fn rows_are_there_after_a_restart() {
    let temp = tempfile::tempdir().unwrap();
    let rows: Vec<Vec<u8>> = [0, 1, 2048, 2049, 100_000].map(|it| vec![7; it]).to_vec();
    let store = open(temp.path()).unwrap();
    for (at, value) in rows.iter().enumerate() {
        store.commit(batch(vec![put(key(dir(1), at as u64), value)])).await.unwrap();
    }
    let before = store.scan(everything(dir(1))).await.unwrap();
    drop(store);
    let after = open(temp.path()).unwrap().scan(everything(dir(1))).await.unwrap();
    assert_eq!(after.len(), rows.len());
    for ((before, after), value) in before.iter().zip(&after).zip(&rows) {
        assert_eq!((before.key, &before.value, before.rev), (after.key, &after.value, after.rev));
        assert_eq!(after.value, value);
    }
}

/// Holds the writer in the middle of a physical commit until it is let go.
struct Gate {
    entered: mpsc::SyncSender<()>,
    open: std::sync::Mutex<mpsc::Receiver<()>>,
}

impl Witness for Gate {
    fn advance(&self, _: &[Change<'_>]) -> Result<HeadRow, Unwitnessed> {
        self.entered.send(()).unwrap();
        self.open.lock().unwrap().recv().unwrap();
        Ok(HeadRow { key: key(dir(0), 0), value: Bytes::from_static(b"head") })
    }
    fn settle(&self, _: bool) {}
}

fn gate(store: &Sqlite) -> (mpsc::Receiver<()>, mpsc::Sender<()>) {
    let (entered, has_entered) = mpsc::sync_channel(0);
    let (let_go, open) = mpsc::channel();
    store.attach(Some(Arc::new(Gate { entered, open: std::sync::Mutex::new(open) })));
    (has_entered, let_go)
}

// Rule 111
#[tokio::test]
async fn a_full_queue_answers_busy_and_goes_on() {
    let temp = tempfile::tempdir().unwrap();
    let store = open(temp.path()).unwrap();
    let (entered, let_go) = gate(&store);
    let first = store.commit(batch(vec![put(key(dir(1), 0), b"v")]));
    entered.recv().unwrap();
    // The queue itself is bounded by batches ...
    for (priority, most) in [(Priority::Interactive, 4096), (Priority::Background, 256)] {
        let commit = |it| {
            let ops = vec![check(key(dir(2), it), Expect::At(Rev(1)))];
            store.commit(Batch { ops, priority, scrub: false })
        };
        let queued: Vec<_> = (0..most).map(commit).collect();
        let answer = commit(most).await;
        assert!(matches!(answer, Err(CommitError::Storage(StorageError::Busy))), "{answer:?}");
        drop(queued);
    }
    // ... and reads do not queue.
    assert!(store.get(key(dir(1), 1)).await.unwrap().is_none());
    store.attach(None);
    let_go.send(()).unwrap();
    first.await.unwrap();
    drop((entered, let_go));
    loop {
        match store.commit(batch(vec![put(key(dir(1), 1), b"v")])).await {
            Ok(_) => break,
            Err(CommitError::Storage(StorageError::Busy)) => {
                tokio::time::sleep(Duration::from_millis(1)).await
            }
            Err(error) => panic!("{error}"),
        }
    }
}

// Rule 111
#[tokio::test]
async fn the_queue_is_bounded_in_bytes() {
    let temp = tempfile::tempdir().unwrap();
    let store = open(temp.path()).unwrap();
    let (entered, let_go) = gate(&store);
    let first = store.commit(batch(vec![put(key(dir(1), 0), b"v")]));
    entered.recv().unwrap();
    let large = vec![0; 1_000_000];
    let queued: Vec<_> = (0..80).map(|it| store.commit(batch(vec![put(key(dir(1), it), &large)]))).collect();
    store.attach(None);
    let mut busy = 0;
    drop(entered);
    drop(let_go);
    assert!(first.await.is_err(), "the witness has panicked");
    for answer in queued {
        busy += usize::from(matches!(answer.await, Err(CommitError::Storage(StorageError::Busy))));
    }
    assert_eq!(busy, 80 - 67, "64 MiB are 67 of these");
}

// Rule 30
#[tokio::test]
async fn a_panic_in_the_writer_leaves_nobody_waiting() {
    let temp = tempfile::tempdir().unwrap();
    let store = open(temp.path()).unwrap();
    let (entered, let_go) = gate(&store);
    let first = store.commit(batch(vec![put(key(dir(1), 0), b"v")]));
    entered.recv().unwrap();
    drop((entered, let_go));
    assert!(matches!(first.await, Err(CommitError::Storage(StorageError::Io(_)))));
    store.attach(None);
    assert!(store.get(key(dir(1), 0)).await.unwrap().is_none());
    store.commit(batch(vec![put(key(dir(1), 0), b"v")])).await.unwrap();
}

#[tokio::test]
async fn background_work_gives_way() {
    let temp = tempfile::tempdir().unwrap();
    let store = open(temp.path()).unwrap();
    let (entered, let_go) = gate(&store);
    let first = store.commit(batch(vec![put(key(dir(1), 0), b"v")]));
    entered.recv().unwrap();
    // Without the gate, so that one turn is known by its revisions.
    store.attach(None);
    let ops = |from: u64| (from..from + 40).map(|it| put(key(dir(2), it), b"v")).collect();
    let background =
        |from| store.commit(Batch { ops: ops(from), priority: Priority::Background, scrub: false });
    let queued: Vec<_> = (0..5).map(|it| background(it * 40)).collect();
    let request = store.commit(batch(vec![put(key(dir(1), 1), b"v")]));
    let_go.send(()).unwrap();
    let before = first.await.unwrap();
    assert_eq!(request.await.unwrap().0, before.0 + 1, "the request comes first, though it came last");
    for answer in queued {
        answer.await.unwrap();
    }
}

#[tokio::test]
async fn a_dropped_answer_is_no_dropped_write() {
    let temp = tempfile::tempdir().unwrap();
    let store = open(temp.path()).unwrap();
    drop(store.commit(batch(vec![put(key(dir(1), 0), b"v")])));
    drop(store);
    let store = open(temp.path()).unwrap();
    assert!(store.get(key(dir(1), 0)).await.unwrap().is_some());
}

#[tokio::test]
async fn there_are_few_snapshots_at_a_time() {
    let temp = tempfile::tempdir().unwrap();
    let store = open(temp.path()).unwrap();
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(store.snapshot().await.unwrap());
    }
    assert!(matches!(store.snapshot().await, Err(StorageError::Busy)));
    held.pop();
    store.snapshot().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_does_not_grow_without_end() {
    let temp = tempfile::tempdir().unwrap();
    let store = Arc::new(open(temp.path()).unwrap());
    let writers = (0..8_u64).map(|writer| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for it in 0..400 {
                let ops = (0..20)
                    .map(|row| put(key(dir(1), writer * 1000 + (it * 7 + row * 31) % 1000), &[1; 900]));
                store.commit(batch(ops.collect())).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let wal = fs::metadata(temp.path().join("strongroom.db-wal")).unwrap().len();
    // What was written is several times that.
    assert!(wal < 96 << 20, "{wal} bytes");
}

/// What a server that was killed leaves in the log is in the database soon after the next start.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_cut_off_is_emptied_once_the_store_serves() {
    let temp = tempfile::tempdir().unwrap();
    let copy = tempfile::tempdir().unwrap();
    let never = Duration::from_secs(3600);
    let store =
        Sqlite::open(temp.path(), SqliteOptions { scrub_interval: never, ..Default::default() }).unwrap();
    for row in 0..100 {
        store.commit(batch(vec![put(key(dir(1), row), &[7; 1000])])).await.unwrap();
    }
    // As a kill leaves them.
    for file in ["strongroom.db", "strongroom.db-wal"] {
        fs::copy(temp.path().join(file), copy.path().join(file)).unwrap();
    }
    chmod(copy.path(), 0o700);
    let size = |file: &str| fs::metadata(copy.path().join(file)).unwrap().len();
    let before = size("strongroom.db");
    let store = open(copy.path()).unwrap();
    assert_eq!(store.get(key(dir(1), 99)).await.unwrap().unwrap().value[..], [7; 1000]);
    let begin = std::time::Instant::now();
    while size("strongroom.db") == before {
        assert!(begin.elapsed() < Duration::from_secs(60), "the log still has it all");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    store.close().await.unwrap();
    // And what is left then is taken for what it is: nothing.
    let wal = fs::read(copy.path().join("strongroom.db-wal")).unwrap();
    assert!(!wal.is_empty() && wal.iter().all(|it| *it == 0));
    let changed = || fs::metadata(copy.path().join("strongroom.db-wal")).unwrap().modified().unwrap();
    let then = changed();
    let store = open(copy.path()).unwrap();
    assert_eq!(store.get(key(dir(1), 0)).await.unwrap().unwrap().value[..], [7; 1000]);
    assert_eq!(changed(), then);
}
