//! Sealing while something is under way: whatever opens next has a witness of its own, and the whole head.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::{
    mem,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::json;
use strongroom_core::{
    Settings,
    audit::DeviceConfig,
    integrity::fsck,
    storage::{
        Batch, CommitError, Memory, Pending, Record, Remote, Rev, Row, RowKey, Scan, Snapshot, Storage,
        StorageError, Witness,
    },
    testing::TestCore,
};
use tokio::sync::oneshot;

type Waiting = (Batch, Option<Arc<dyn Witness>>, oneshot::Sender<Result<Rev, CommitError>>);

/// A storage that takes batches and is slow to commit them, each with the witness that it came with.
#[derive(Default)]
struct Slow {
    rows: Memory,
    witness: Mutex<Option<Arc<dyn Witness>>>,
    is_slow: AtomicBool,
    waiting: Mutex<Vec<Waiting>>,
}

impl Slow {
    async fn catch_up(&self) {
        let waiting = mem::take(&mut *self.waiting.lock().unwrap());
        for (batch, witness, answer) in waiting {
            self.rows.attach(witness);
            let _ = answer.send(self.rows.commit(batch).await);
        }
        self.rows.attach(self.witness.lock().unwrap().clone());
    }
}

impl Storage for Slow {
    fn get(&self, key: RowKey) -> Pending<'_, Result<Option<Record>, StorageError>> {
        self.rows.get(key)
    }

    fn scan(&self, scan: Scan) -> Pending<'_, Result<Vec<Row>, StorageError>> {
        self.rows.scan(scan)
    }

    fn commit(&self, batch: Batch) -> Pending<'_, Result<Rev, CommitError>> {
        if !self.is_slow.load(Ordering::SeqCst) {
            return self.rows.commit(batch);
        }
        let (answer, answered) = oneshot::channel();
        let witness = self.witness.lock().unwrap().clone();
        self.waiting.lock().unwrap().push((batch, witness, answer));
        Pending::Waiting(Box::pin(async { answered.await.unwrap() }))
    }

    fn settled(&self) -> Pending<'_, Result<(), StorageError>> {
        Pending::Waiting(Box::pin(async {
            self.catch_up().await;
            Ok(())
        }))
    }

    fn attach(&self, witness: Option<Arc<dyn Witness>>) {
        self.witness.lock().unwrap().clone_from(&witness);
        self.rows.attach(witness);
    }

    fn changes(&self) -> Pending<'_, Result<Remote, StorageError>> {
        self.rows.changes()
    }

    fn snapshot(&self) -> Pending<'_, Result<Box<dyn Snapshot>, StorageError>> {
        self.rows.snapshot()
    }

    fn close(&self) -> Pending<'_, Result<(), StorageError>> {
        self.rows.close()
    }
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn write(test: &TestCore, name: &str) {
    test.write(&format!("secret/data/{name}"), json!({ "data": { "a": "b" } })).await.unwrap();
}

/// What is written now is witnessed, and verifies when the store is opened again.
async fn check_witness(test: &TestCore) {
    let before = test.core.anchor().unwrap().sequence;
    write(test, "witnessed").await;
    assert!(test.core.anchor().unwrap().sequence > before, "a commit without a witness");
    test.core.seal_now();
    test.unseal().await;
    let report = fsck(&test.core).await.unwrap();
    assert!(report.is_clean(), "{report:?}");
}

// Rules 7 and 21: the audit log's last round takes a while, and whoever has the shares does not wait for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_that_is_unsealed_while_it_is_sealed_keeps_its_witness() {
    let dir = tempfile::tempdir().unwrap();
    let audit = vec![DeviceConfig::file("file/", dir.path().join("audit.log"))];
    let storage = Arc::new(Slow::default());
    let test = TestCore::over(storage.clone(), Settings { audit, ..Settings::default() }).await;
    let test = Arc::new(test);
    write(&test, "a").await;
    // The heads of the audit log are all that is written from here on.
    storage.is_slow.store(true, Ordering::SeqCst);
    let sealing = tokio::spawn({
        let test = test.clone();
        async move { test.write("sys/seal", json!({})).await }
    });
    until("the store is not sealed", || test.core.is_sealed()).await;
    test.unseal().await;
    assert!(!test.core.is_sealed());
    storage.is_slow.store(false, Ordering::SeqCst);
    sealing.await.unwrap().unwrap();
    storage.catch_up().await;
    check_witness(&test).await;
}

// Rule 7: the head that is opened is the one that the last batch leaves.
#[tokio::test]
async fn what_waits_to_be_committed_is_witnessed_before_the_store_is_opened_again() {
    let storage = Arc::new(Slow::default());
    let test = Arc::new(TestCore::over(storage.clone(), Settings::default()).await);
    storage.is_slow.store(true, Ordering::SeqCst);
    let late = tokio::spawn({
        let test = test.clone();
        async move { test.write("secret/data/late", json!({ "data": { "a": "b" } })).await }
    });
    until("nothing was handed over", || !storage.waiting.lock().unwrap().is_empty()).await;
    test.core.seal_now();
    test.unseal().await;
    storage.is_slow.store(false, Ordering::SeqCst);
    storage.catch_up().await;
    late.await.unwrap().unwrap();
    test.read("secret/data/late").await.unwrap();
    check_witness(&test).await;
}
