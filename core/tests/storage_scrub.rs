//! A destroyed value is gone from the files when the answer comes.

// Helpers of a test may fail like the test itself.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::{fs, path::Path, sync::Arc, time::Duration};

use strongroom_core::storage::{
    Batch, Op, RowKey, Sqlite, SqliteOptions, Storage,
    conformance::{batch, dir, key, put},
};

/// Stands at the start of each value that will be destroyed, and nowhere else.
const MARK: &[u8] = b"old ciphertext \x01\x02\x03\x04";

fn find(dir: &Path) -> usize {
    let files = fs::read_dir(dir).unwrap().map(|it| it.unwrap().path());
    files.map(|it| memchr::memmem::find_iter(&fs::read(it).unwrap(), MARK).count()).sum()
}

/// SQLite finds nothing wrong with the file.
async fn verify(store: &Sqlite, dir: &Path) {
    store.close().await.unwrap();
    let conn = rusqlite::Connection::open(dir.join("strongroom.db")).unwrap();
    let verdict: String = conn.query_row("PRAGMA integrity_check", [], |it| it.get(0)).unwrap();
    assert_eq!(verdict, "ok");
}

fn marked(size: usize, seed: u64) -> Vec<u8> {
    let mut value = MARK.to_vec();
    value.extend(seed.to_be_bytes());
    value.resize(size.max(value.len()), 0xee);
    value
}

/// Keys in no order, as hashes are.
fn scattered(at: u64) -> RowKey {
    let mut key = key(dir(1), 0);
    let hash = at
        .wrapping_add(1)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .rotate_left(31)
        .wrapping_mul(0xbf58_476d_1ce4_e5b9);
    key.0[17..25].copy_from_slice(&hash.to_be_bytes());
    key
}

async fn fill(store: &Sqlite, count: u64, size: impl Fn(u64) -> usize) {
    for from in (0..count).step_by(50) {
        let ops = (from..count.min(from + 50)).map(|at| put(scattered(at), &marked(size(at), at))).collect();
        store.commit(batch(ops)).await.unwrap();
    }
}

// Rule 14
#[tokio::test]
async fn destroyed_values_are_gone_from_the_files_when_answered() {
    let temp = tempfile::tempdir().unwrap();
    let store = Arc::new(Sqlite::open(temp.path(), SqliteOptions::default()).unwrap());
    // Short, inline on several pages, in the table of long values, in many pages.
    for (at, size) in [40, 900, 1900, 2100, 200_000].into_iter().enumerate() {
        let row = key(dir(2), at as u64);
        store.commit(batch(vec![put(row, &marked(size, 0))])).await.unwrap();
        assert!(find(temp.path()) > 0, "the test must find what is there");
        let ops = if at % 2 == 0 { vec![Op::Delete { key: row }] } else { vec![put(row, b"new")] };
        store.commit(Batch { ops, scrub: true, ..Batch::default() }).await.unwrap();
        assert_eq!(find(temp.path()), 0, "{size} bytes");
    }
}

// Rule 14, where the tree has been split and merged often before.
#[tokio::test]
async fn no_copy_stays_behind_in_a_page_that_was_split() {
    for sizes in [[60, 400], [30, 30], [300, 1900], [900, 1100], [100, 2500]] {
        let temp = tempfile::tempdir().unwrap();
        let options = SqliteOptions { scrub_interval: Duration::ZERO, ..SqliteOptions::default() };
        let store = Sqlite::open(temp.path(), options).unwrap();
        let count = 3000;
        fill(&store, count, |at| sizes[(at % 2) as usize] + (at % 17) as usize).await;
        // Rows grow, shrink and move.
        fill(&store, count / 2, |at| sizes[((at + 1) % 2) as usize] + (at % 23) as usize).await;
        fill(&store, count, |at| sizes[(at % 2) as usize] + (at % 29) as usize).await;
        for from in (0..count).step_by(50) {
            let ops =
                (from..from + 50)
                    .map(|at| {
                        if at % 3 == 0 {
                            put(scattered(at), b"new")
                        } else {
                            Op::Delete { key: scattered(at) }
                        }
                    })
                    .collect();
            let scrub = from + 50 >= count;
            store.commit(Batch { ops, scrub, ..Batch::default() }).await.unwrap();
        }
        assert_eq!(find(temp.path()), 0, "sizes {sizes:?}");
        // What the writer has in memory does not bring it back.
        for from in (0..count).step_by(50) {
            let ops = (from..from + 50).map(|at| put(scattered(at + 1_000_000), &[1; 120])).collect();
            store.commit(batch(ops)).await.unwrap();
        }
        assert_eq!(find(temp.path()), 0, "sizes {sizes:?}, after more commits");
        verify(&store, temp.path()).await;
        assert_eq!(find(temp.path()), 0, "sizes {sizes:?}, after the end");
    }
}
