//! What reading with a lease costs beside a plain read.

use std::sync::atomic::{AtomicUsize, Ordering};

use strongroom_core::storage::{
    Batch, CommitError, Pending, Record, Remote, Row, Scan, Snapshot, StorageError, Witness,
};

use super::*;

/// A storage that counts what it is asked.
struct Counting {
    rows: Memory,
    gets: AtomicUsize,
    others: AtomicUsize,
}

impl Storage for Counting {
    fn get(&self, key: RowKey) -> Pending<'_, Result<Option<Record>, StorageError>> {
        self.gets.fetch_add(1, Ordering::Relaxed);
        self.rows.get(key)
    }

    fn scan(&self, scan: Scan) -> Pending<'_, Result<Vec<Row>, StorageError>> {
        self.others.fetch_add(1, Ordering::Relaxed);
        self.rows.scan(scan)
    }

    fn commit(&self, batch: Batch) -> Pending<'_, Result<Rev, CommitError>> {
        self.others.fetch_add(1, Ordering::Relaxed);
        self.rows.commit(batch)
    }

    fn settled(&self) -> Pending<'_, Result<(), StorageError>> {
        self.rows.settled()
    }

    fn attach(&self, witness: Option<Arc<dyn Witness>>) {
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

// The promise that leased reads are nearly as fast as plain ones, in what can be counted: the row of the
// holding, and the one that says which prefixes are being revoked, which is nearly always absent.
#[tokio::test]
async fn reading_again_costs_two_look_ups_more_than_plain_reading() {
    let storage =
        Arc::new(Counting { rows: Memory::new(), gets: AtomicUsize::new(0), others: AtomicUsize::new(0) });
    let shared: Arc<dyn Storage> = storage.clone();
    let test = TestCore::over(shared, Settings::default()).await;
    put(&test, "secret/data/db").await;
    let reader = reader(&test, json!({})).await;
    hold(&test, &reader, "secret/data/db", HOUR).await;
    let asked = async |lease_ttl| {
        let before = (storage.gets.load(Ordering::Relaxed), storage.others.load(Ordering::Relaxed));
        let ask = Ask { token: &reader, lease_ttl, ..Ask::new(Operation::Read, "secret/data/db") };
        test.ask(ask).await.unwrap();
        let gets = storage.gets.load(Ordering::Relaxed) - before.0;
        (gets, storage.others.load(Ordering::Relaxed) - before.1)
    };
    let (plain, none) = asked(None).await;
    assert_eq!(none, 0);
    assert_eq!(asked(Some(HOUR)).await, (plain + 2, 0));
}
