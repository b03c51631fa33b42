//! A storage that fails or panics behind the server: the request ends, and nothing of the cause is told.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering::Relaxed},
    },
};

use common::{Options, TestServer};
use strongroom_core::storage::{
    Batch, CommitError, Memory, Pending, Record, Remote, Rev, Row, RowKey, Scan, Snapshot, Storage,
    StorageError, Witness,
};

const WORKS: u8 = 0;
const FAILS: u8 = 1;
const PANICS: u8 = 2;

/// What a driver might say, and nobody outside is to hear.
const CAUSE: &str = "/var/lib/strongroom/strongroom.db: 10.1.2.3 disk I/O error 4874";

/// Memory, until it is told otherwise.
#[derive(Default)]
struct Moody {
    memory: Memory,
    mood: AtomicU8,
}

impl Moody {
    fn mood(&self) -> Result<(), StorageError> {
        match self.mood.load(Relaxed) {
            FAILS => Err(StorageError::Io(io::Error::other(CAUSE).into())),
            PANICS => panic!("{CAUSE}"),
            _ => Ok(()),
        }
    }
}

impl Storage for Moody {
    fn get(&self, key: RowKey) -> Pending<'_, Result<Option<Record>, StorageError>> {
        self.mood().map_or_else(|error| Pending::ready(Err(error)), |()| self.memory.get(key))
    }

    fn scan(&self, scan: Scan) -> Pending<'_, Result<Vec<Row>, StorageError>> {
        self.mood().map_or_else(|error| Pending::ready(Err(error)), |()| self.memory.scan(scan))
    }

    fn commit(&self, batch: Batch) -> Pending<'_, Result<Rev, CommitError>> {
        self.mood().map_or_else(|error| Pending::ready(Err(error.into())), |()| self.memory.commit(batch))
    }

    fn settled(&self) -> Pending<'_, Result<(), StorageError>> {
        self.memory.settled()
    }

    fn attach(&self, witness: Option<Arc<dyn Witness>>) {
        self.memory.attach(witness);
    }

    fn changes(&self) -> Pending<'_, Result<Remote, StorageError>> {
        self.memory.changes()
    }

    fn snapshot(&self) -> Pending<'_, Result<Box<dyn Snapshot>, StorageError>> {
        self.memory.snapshot()
    }

    fn close(&self) -> Pending<'_, Result<(), StorageError>> {
        self.memory.close()
    }
}

const QUESTIONS: &[(&str, &str, &str)] = &[
    ("GET", "/v1/secret/data/a", ""),
    ("PUT", "/v1/secret/data/a", r#"{"data":{"a":"other"}}"#),
    ("LIST", "/v1/secret/metadata", ""),
    ("DELETE", "/v1/secret/data/a", ""),
    ("POST", "/v1/auth/token/create", "{}"),
    ("PUT", "/v1/sys/policies/acl/p", r#"{"policy":"path \"a\" {}"}"#),
];

/// Asks everything while the storage is in a mood; what is answered has an id and no cause. Whatever can still be
/// answered from memory may be.
async fn check(mood: u8) {
    let storage = Arc::new(Moody::default());
    let server = TestServer::with(Options { storage: Some(storage.clone()), ..Options::default() }).await;
    assert_eq!(server.ask("PUT", "/v1/secret/data/a", "", r#"{"data":{"a":"b"}}"#).await.status, 200);
    storage.mood.store(mood, Relaxed);
    let mut failed = 0;
    for (method, path, body) in QUESTIONS {
        let reply = server.ask(method, path, "", body).await;
        failed += usize::from(reply.status == 500);
        assert!(matches!(reply.status, 200 | 204 | 500), "{method} {path}: {reply:?}");
        if reply.status == 500 {
            let errors = reply.json()["errors"].clone();
            let text = errors[0].as_str().unwrap();
            let id = text.strip_prefix("internal error, request id ").unwrap_or_else(|| panic!("{text}"));
            assert_eq!((errors.as_array().unwrap().len(), id.len()), (1, 36), "{text}");
        }
    }
    assert!(failed >= 4, "only {failed} of them needed the storage");
    // No lock is poisoned, no connection lost, nothing half done.
    storage.mood.store(WORKS, Relaxed);
    let reply = server.get("/v1/secret/data/a").await;
    assert_eq!((reply.status, &reply.json()["data"]["data"]["a"]), (200, &"b".into()));
    for (method, path, body) in QUESTIONS {
        let reply = server.ask(method, path, "", body).await;
        assert!(matches!(reply.status, 200 | 204), "{method} {path}: {reply:?}");
    }
    server.stop().await;
}

// Rule 109
#[tokio::test]
async fn a_storage_that_fails_is_told_of_with_an_id_alone() {
    check(FAILS).await;
}

// Rules 30, 109
#[tokio::test]
async fn a_panic_ends_its_request_and_no_other() {
    check(PANICS).await;
}
