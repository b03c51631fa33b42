//! Every backend keeps the same promises.

// Helpers of a test may fail like the test itself.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::sync::Arc;

use strongroom_core::storage::{Memory, Sqlite, SqliteOptions, conformance};

// Rule 126: a commit at another revision than the expected one is refused
#[tokio::test]
async fn memory_conforms() {
    conformance::run(Arc::new(Memory::new())).await;
}

// Rule 126: a commit at another revision than the expected one is refused
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_conforms() {
    let dir = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&dir.path().join("data"), SqliteOptions::default()).unwrap();
    conformance::run(Arc::new(store)).await;
}

// Rule 126: a commit at another revision than the expected one is refused
#[tokio::test]
async fn sqlite_conforms_without_a_cache() {
    let dir = tempfile::tempdir().unwrap();
    let options = SqliteOptions { cache_bytes: 0, ..SqliteOptions::default() };
    let store = Sqlite::open(&dir.path().join("data"), options).unwrap();
    conformance::run(Arc::new(store)).await;
}
