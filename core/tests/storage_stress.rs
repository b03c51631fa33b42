//! Threads against the cache and the writer together: reads are never stale, and rows of one batch appear together.

// Helpers of a test may fail like the test itself.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use strongroom_core::storage::{
    Batch, Sqlite, SqliteOptions, Storage,
    conformance::{batch, dir, increment, key, put, value},
};

const PAIRS: u64 = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_read_is_older_than_an_answered_commit() {
    let temp = tempfile::tempdir().unwrap();
    // Small: rows come and go.
    let options = SqliteOptions { cache_bytes: 8 << 10, ..SqliteOptions::default() };
    let store = Arc::new(Sqlite::open(temp.path(), options).unwrap());
    let answered: Arc<Vec<AtomicU64>> = Arc::new((0..PAIRS).map(|_| AtomicU64::new(0)).collect());
    let stop = Arc::new(AtomicBool::new(false));

    let writers = (0..PAIRS).map(|pair| {
        let (store, answered, stop) = (Arc::clone(&store), Arc::clone(&answered), Arc::clone(&stop));
        tokio::spawn(async move {
            let mut count = 0_u64;
            while !stop.load(Ordering::Relaxed) {
                count += 1;
                let value = count.to_be_bytes();
                let ops = vec![put(key(dir(1), pair), &value), put(key(dir(2), pair), &value)];
                store
                    .commit(Batch { scrub: count.is_multiple_of(64) && pair == 0, ..batch(ops) })
                    .await
                    .unwrap();
                answered[pair as usize].store(count, Ordering::SeqCst);
            }
            count
        })
    });
    let writers: Vec<_> = writers.collect();
    let readers = (0..4_u64).map(|reader| {
        let (store, answered, stop) = (Arc::clone(&store), Arc::clone(&answered), Arc::clone(&stop));
        tokio::spawn(async move {
            let (mut reads, mut at) = (0_u64, reader);
            while !stop.load(Ordering::Relaxed) {
                at = at.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let pair = (at >> 33) % PAIRS;
                let sides = if at & 1 << 20 == 0 { [1, 2] } else { [2, 1] };
                let least = answered[pair as usize].load(Ordering::SeqCst);
                let [first, second] = [sides[0], sides[1]].map(|it| key(dir(it), pair));
                let first = number(value(&*store, first).await);
                let second = number(value(&*store, second).await);
                assert!(first >= least, "{first} after {least} was answered");
                assert!(second >= first, "one row of a batch at {second}, after the other at {first}");
                reads += 1;
                if reads.is_multiple_of(16) {
                    tokio::task::yield_now().await;
                }
            }
            reads
        })
    });
    let readers: Vec<_> = readers.collect();
    // Long enough to mean something, however busy the machine is.
    let deadline = Instant::now() + Duration::from_secs(60);
    while answered.iter().map(|it| it.load(Ordering::SeqCst)).sum::<u64>() < 1000 && Instant::now() < deadline
    {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.store(true, Ordering::Relaxed);
    let (mut reads, mut writes) = (0, 0);
    for reader in readers {
        reads += reader.await.unwrap();
    }
    for writer in writers {
        writes += writer.await.unwrap();
    }
    assert!(reads > 5000 && writes > 500, "{reads} reads and {writes} writes prove nothing");
}

fn number(value: Option<bytes::Bytes>) -> u64 {
    value.and_then(|it| Some(u64::from_be_bytes(it.as_ref().try_into().ok()?))).unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn increments_from_many_threads_lose_nothing() {
    let temp = tempfile::tempdir().unwrap();
    let store = Arc::new(Sqlite::open(temp.path(), SqliteOptions::default()).unwrap());
    let writers = (0..16_u64).map(|writer| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for _ in 0..50 {
                increment(&*store, key(dir(1), writer % 3)).await;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let mut sum = 0;
    for row in 0..3 {
        sum += number(value(&*store, key(dir(1), row)).await);
    }
    assert_eq!(sum, 16 * 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scrubs_are_coalesced() {
    let temp = tempfile::tempdir().unwrap();
    let options = SqliteOptions { scrub_interval: Duration::from_millis(300), ..SqliteOptions::default() };
    let store = Arc::new(Sqlite::open(temp.path(), options).unwrap());
    let start = Instant::now();
    let destroys = (0..40_u64).map(|row| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let ops = vec![put(key(dir(1), row), b"v")];
            store.commit(Batch { scrub: true, ..batch(ops) }).await.unwrap();
        })
    });
    for destroy in destroys.collect::<Vec<_>>() {
        destroy.await.unwrap();
    }
    assert!(start.elapsed() < Duration::from_secs(3), "one by one they would take 12 s");
}

/// A reader that keeps the log alive does not keep a destroy from its end for ever, nor others from writing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scrub_waits_for_a_snapshot_and_commits_do_not() {
    let temp = tempfile::tempdir().unwrap();
    let options = SqliteOptions { scrub_interval: Duration::from_millis(50), ..SqliteOptions::default() };
    let store = Arc::new(Sqlite::open(temp.path(), options).unwrap());
    store.commit(batch(vec![put(key(dir(1), 0), b"v")])).await.unwrap();
    let mut snapshot = store.snapshot().await.unwrap();
    let mut destroy = Box::pin(store.commit(Batch { scrub: true, ..batch(vec![put(key(dir(1), 0), b"w")]) }));
    let waited = tokio::time::timeout(Duration::from_millis(500), &mut destroy).await;
    assert!(waited.is_err(), "the snapshot still needs the old row");
    store.commit(batch(vec![put(key(dir(1), 1), b"v")])).await.unwrap();
    assert_eq!(snapshot.next(10).await.unwrap().len(), 1);
    drop(snapshot);
    tokio::time::timeout(Duration::from_secs(5), destroy).await.unwrap().unwrap();
}
