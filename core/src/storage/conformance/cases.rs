//! The cases, one promise each.

use std::{collections::BTreeMap, sync::Mutex};

use super::*;
use crate::storage::{Change, HeadRow, Priority, Unwitnessed, Witness};

/// A batch over the limits is refused whole; one at the limits is taken.
pub(super) async fn limits(store: &dyn Storage) {
    let dir = dir(1);
    let ops = |count: usize| (0..count as u64).map(|it| put(key(dir, it), b"v")).collect::<Vec<_>>();
    let answer = store.commit(batch(ops(MAX_BATCH_OPS + 1))).await;
    assert!(matches!(answer, Err(CommitError::TooLarge)), "{answer:?}");
    assert!(scan(store, everything(dir)).await.is_empty());
    store.commit(batch(ops(MAX_BATCH_OPS))).await.expect("as many operations as allowed");
    assert_eq!(scan(store, everything(dir)).await.len(), MAX_BATCH_OPS);

    // Keys and names count as well.
    let room = MAX_BATCH_BYTES - KEY_LEN - b"name".len();
    let large = |size: usize| batch(vec![put(key(dir, 1000), &vec![7; size])]);
    let answer = store.commit(large(room + 1)).await;
    assert!(matches!(answer, Err(CommitError::TooLarge)), "{answer:?}");
    assert_eq!(value(store, key(dir, 1000)).await, None);
    store.commit(large(room)).await.expect("as many bytes as allowed");
    assert_eq!(value(store, key(dir, 1000)).await.map(|it| it.len()), Some(room));
    let two = vec![put(key(dir, 1001), &vec![1; room / 2]), put(key(dir, 1002), &vec![1; room / 2])];
    let answer = store.commit(batch(two)).await;
    assert!(matches!(answer, Err(CommitError::TooLarge)), "{answer:?}");

    let twice = vec![put(key(dir, 1003), b"a"), Op::Delete { key: key(dir, 1003) }];
    let answer = store.commit(batch(twice)).await;
    assert!(matches!(answer, Err(CommitError::Repeated)), "{answer:?}");
}

/// A check holds or nothing is changed; checks come before changes, wherever they stand.
pub(super) async fn checks(store: &dyn Storage) {
    let [a, b] = [0, 1].map(|it| key(dir(2), it));
    let conflict = |answer: Result<Rev, CommitError>| {
        assert!(matches!(answer, Err(CommitError::Conflict)), "{answer:?}")
    };

    conflict(store.commit(batch(vec![check(a, Expect::At(Rev(1))), put(b, b"no")])).await);
    let first = store.commit(batch(vec![put(a, b"1"), check(a, Expect::Absent)])).await.expect("absent");
    conflict(store.commit(batch(vec![put(b, b"no"), check(a, Expect::Absent)])).await);
    assert_eq!(value(store, b).await, None, "a refused batch has left a row");

    let second = vec![check(a, Expect::At(first)), put(a, b"2"), put(b, b"2")];
    let second = store.commit(batch(second)).await.expect("at the revision");
    conflict(store.commit(batch(vec![check(a, Expect::At(first)), put(a, b"3")])).await);
    conflict(
        store.commit(batch(vec![check(a, Expect::At(second)), check(b, Expect::Absent), put(a, b"3")])).await,
    );
    conflict(store.commit(batch(vec![check(a, Expect::At(Rev(u64::MAX))), put(a, b"3")])).await);
    let row = store.get(a).await.expect("get").expect("present");
    assert_eq!((&row.value[..], row.rev), (&b"2"[..], second));
    store
        .commit(batch(vec![check(a, Expect::At(second)), check(b, Expect::At(second))]))
        .await
        .expect("only checks");
    assert_eq!(store.get(a).await.expect("get").expect("present").rev, second, "a check is no change");
}

/// Revisions grow from commit to commit, are never 0, and are not used again after a row has gone.
pub(super) async fn revisions(store: &dyn Storage) {
    let [a, b] = [0, 1].map(|it| key(dir(3), it));
    let mut last = Rev(0);
    for _ in 0..5 {
        for op in [put(a, b"x"), Op::Delete { key: a }, put(b, b"y")] {
            let rev = store.commit(batch(vec![op])).await.expect("commit");
            assert!(rev > last, "{rev:?} after {last:?}");
            last = rev;
        }
        assert_eq!(store.get(b).await.expect("get").expect("present").rev, last);
    }
    // A check on a row that went and came back must fail.
    let rev = store.commit(batch(vec![put(a, b"same")])).await.expect("commit");
    store.commit(batch(vec![Op::Delete { key: a }])).await.expect("commit");
    store.commit(batch(vec![put(a, b"same")])).await.expect("commit");
    let answer = store.commit(batch(vec![check(a, Expect::At(rev)), put(b, b"z")])).await;
    assert!(matches!(answer, Err(CommitError::Conflict)), "{answer:?}");
    store.commit(Batch::default()).await.expect("nothing to do");
}

/// Deleting removes the row; deleting what is not there is no error.
pub(super) async fn deletes(store: &dyn Storage) {
    let [a, b] = [0, 1].map(|it| key(dir(4), it));
    store.commit(batch(vec![Op::Delete { key: a }])).await.expect("absent");
    store.commit(batch(vec![put(a, b"1"), put(b, &[9; 5000])])).await.expect("put");
    store.commit(batch(vec![Op::Delete { key: a }, Op::Delete { key: b }])).await.expect("present");
    assert_eq!(value(store, a).await, None);
    assert_eq!(value(store, b).await, None);
    assert!(scan(store, everything(dir(4))).await.is_empty());
}

/// Values of every size come back as they went, also where a row changes from short to long and back.
pub(super) async fn sizes(store: &dyn Storage) {
    let dir = dir(5);
    let sizes = [0, 1, 33, 2047, 2048, 2049, 4096, 65535, 65536, 65537, MAX_BATCH_BYTES - 200];
    for (at, size) in sizes.into_iter().enumerate() {
        let key = key(dir, at as u64);
        for size in [size, 10, size, 3000, size] {
            let bytes = pattern(size, at as u8);
            store.commit(batch(vec![put(key, &bytes)])).await.expect("put");
            assert_eq!(value(store, key).await.as_deref(), Some(&bytes[..]));
        }
    }
    let rows = scan(store, everything(dir)).await;
    for ((at, size), row) in sizes.into_iter().enumerate().zip(&rows) {
        assert_eq!(row.value, pattern(size, at as u8));
    }
    let empty = Op::Put { key: key(dir, 100), name: Bytes::new(), value: Bytes::new() };
    store.commit(batch(vec![empty])).await.expect("put");
    assert_eq!(value(store, key(dir, 100)).await, Some(Bytes::new()), "empty is not absent");
}

/// Rows come in key order, from one directory only, between the bounds.
pub(super) async fn scans(store: &dyn Storage) {
    let dir = dir(6);
    // Neighbours on both sides that must not show.
    let mut around = [dir, dir];
    around[0].0[16] -= 1;
    around[1].0[16] += 1;
    let neighbours = vec![put(around[0].last(), b"before"), put(around[1].first(), b"behind")];
    store.commit(batch(neighbours)).await.expect("put");
    let ends = vec![put(dir.first(), b"first"), put(dir.last(), b"last")];
    store.commit(batch(ends)).await.expect("put");
    for ordinal in [5_u64, 3, 9, 1, 7] {
        let op = Op::Put {
            key: key(dir, ordinal),
            name: Bytes::from(format!("name {ordinal}")),
            value: Bytes::from(vec![ordinal as u8; 700 * ordinal as usize]),
        };
        store.commit(batch(vec![op])).await.expect("put");
    }
    let all = scan(store, everything(dir)).await;
    let keys: Vec<RowKey> = all.iter().map(|it| it.key).collect();
    let mut expected = vec![dir.first()];
    expected.extend([1, 3, 5, 7, 9].map(|it| key(dir, it)));
    expected.push(dir.last());
    assert_eq!(keys, expected);
    assert_eq!(all[3].name, "name 5");
    assert_eq!(all[3].value, vec![5; 3500]);
    assert_eq!(all[3].rev, store.get(all[3].key).await.expect("get").expect("present").rev);

    let names = scan(store, Scan { values: false, ..everything(dir) }).await;
    assert_eq!(names.iter().map(|it| it.key).collect::<Vec<_>>(), expected);
    assert!(names.iter().all(|it| it.value.is_empty()));
    assert_eq!(names[3].name, "name 5");

    let part = |after: Option<u64>, until: Option<u64>, limit| Scan {
        after: after.map(|it| key(dir, it)),
        until: until.map(|it| key(dir, it)),
        limit,
        ..everything(dir)
    };
    for (what, expected) in [
        (part(None, None, 0), 0..0),
        (part(None, None, 2), 0..2),
        (part(Some(3), None, 100), 3..7),
        (part(Some(4), None, 2), 3..5),
        (part(Some(3), Some(7), 100), 3..5),
        (part(None, Some(4), 100), 0..3),
        (part(Some(7), Some(3), 100), 0..0),
        (part(Some(3), Some(3), 100), 0..0),
        (Scan { after: Some(around[0].first()), ..everything(dir) }, 0..7),
        (Scan { after: Some(around[1].first()), ..everything(dir) }, 0..0),
        (Scan { until: Some(around[1].last()), ..everything(dir) }, 0..7),
        (Scan { until: Some(around[0].first()), ..everything(dir) }, 0..0),
        (Scan { after: Some(dir.last()), ..everything(dir) }, 0..0),
    ] {
        let found: Vec<RowKey> = scan(store, what).await.iter().map(|it| it.key).collect();
        assert_eq!(found, keys[expected], "{what:?}");
    }
}

/// Writers that retry on conflict lose nothing, and no two of them get the same revision.
pub(super) async fn increments(store: &dyn Storage) {
    let [one, other] = [0, 1].map(|it| key(dir(7), it));
    let writers = (0..16).map(|writer| async move {
        let mut revs = Vec::new();
        for round in 0..8 {
            revs.push(increment(store, if (writer + round) % 4 == 0 { other } else { one }).await);
        }
        revs
    });
    let mut revs: Vec<Rev> = join_all(writers).await.concat();
    revs.sort_unstable();
    revs.dedup();
    assert_eq!(revs.len(), 128);
    let counts = [value(store, one).await, value(store, other).await];
    let counts = counts.map(|it| u64::from_be_bytes(it.expect("counter")[..].try_into().expect("counter")));
    assert_eq!(counts, [96, 32]);
}

/// Batches that are committed together succeed and fail alone, and both priorities are served.
pub(super) async fn neighbours(store: &dyn Storage) {
    let dir = dir(8);
    let commits = (0..60_u64).map(|it| {
        let expect = if it % 3 == 0 { Expect::At(Rev(1)) } else { Expect::Absent };
        let ops = vec![check(key(dir, it), expect), put(key(dir, it), b"v")];
        let priority = if it % 2 == 0 { Priority::Interactive } else { Priority::Background };
        store.commit(Batch { ops, priority, scrub: false })
    });
    for (it, answer) in join_all(commits).await.into_iter().enumerate() {
        match answer {
            Err(CommitError::Conflict) => assert_eq!(it % 3, 0),
            answer => assert!(answer.is_ok() && it % 3 != 0, "{answer:?}"),
        }
    }
    assert_eq!(scan(store, everything(dir)).await.len(), 40);
}

/// Of two batches on one row at a time, exactly one finds it as expected; the later state is the later batch's.
pub(super) async fn orders(store: &dyn Storage) {
    let row = key(dir(9), 0);
    for round in 0..10_u8 {
        let before = store.get(row).await.expect("get").map_or(Expect::Absent, |it| Expect::At(it.rev));
        let rivals =
            (0..4_u8).map(|it| store.commit(batch(vec![check(row, before), put(row, &[round, it])])));
        let answers = join_all(rivals).await;
        let winners: Vec<_> =
            answers.iter().enumerate().filter_map(|(it, answer)| Some((it, answer.as_ref().ok()?))).collect();
        let [(winner, rev)] = winners[..] else {
            panic!("{answers:?}");
        };
        let now = store.get(row).await.expect("get").expect("present");
        assert_eq!((&now.value[..], now.rev), (&[round, winner as u8][..], *rev));
    }
}

/// The witness sees each change once, in order, with the right old value; its head row goes with the data.
pub(super) async fn witnessed(store: &dyn Storage) {
    let dir = dir(10);
    let head = key(DirKey([b'h'; 17]), 0);
    store.commit(batch(vec![put(key(dir, 0), b"before"), put(key(dir, 1), &[3; 3000])])).await.expect("put");
    let rows = scan(store, everything(dir)).await;
    let model: BTreeMap<RowKey, Bytes> = rows.into_iter().map(|it| (it.key, it.value)).collect();
    let witness = Arc::new(Model::new(head, model));
    store.attach(Some(witness.clone()));

    for size in [10, 3000, 0, 2048, 2049] {
        let ops = vec![
            put(key(dir, 0), &vec![size as u8; size]),
            Op::Delete { key: key(dir, 1) },
            put(key(dir, 2), b"2"),
        ];
        store.commit(batch(ops)).await.expect("commit");
        let ops = vec![put(key(dir, 1), &vec![1; size]), Op::Delete { key: key(dir, 77) }];
        store.commit(batch(ops)).await.expect("commit");
        witness.verify(store, dir).await;
    }
    // Refused batches are not seen.
    let refused = batch(vec![check(key(dir, 0), Expect::Absent), put(key(dir, 0), b"no")]);
    assert!(matches!(store.commit(refused).await, Err(CommitError::Conflict)));
    witness.verify(store, dir).await;
    // Many at once, on the same rows.
    join_all((0..12_u64).map(|it| increment(store, key(dir, 100 + it % 3)))).await;
    witness.verify(store, dir).await;

    store.attach(None);
    let sum = value(store, head).await;
    store.commit(batch(vec![put(key(dir, 0), b"unseen")])).await.expect("commit");
    assert_eq!(value(store, head).await, sum, "a detached witness was asked");
}

/// A witness that panics, or has no head row to give, fails its commits and nothing else: no row is changed,
/// nobody hangs.
pub(super) async fn witness_fails(store: &dyn Storage) {
    struct Fails {
        panics: bool,
    }
    impl Witness for Fails {
        fn advance(&self, _: &[Change<'_>]) -> Result<HeadRow, Unwitnessed> {
            if self.panics {
                std::panic::resume_unwind(Box::new("on purpose"));
            }
            Err(Unwitnessed)
        }
        fn settle(&self, committed: bool) {
            assert!(!committed);
        }
    }
    let row = key(dir(11), 0);
    for panics in [true, false] {
        store.commit(batch(vec![put(row, b"before")])).await.expect("commit");
        store.attach(Some(Arc::new(Fails { panics })));
        let answer = store.commit(batch(vec![put(row, b"after")])).await;
        assert!(matches!(answer, Err(CommitError::Storage(StorageError::Io(_)))), "{answer:?}");
        store.attach(None);
        assert_eq!(value(store, row).await.as_deref(), Some(&b"before"[..]));
        store.commit(batch(vec![put(row, b"after")])).await.expect("the storage goes on");
        assert_eq!(value(store, row).await.as_deref(), Some(&b"after"[..]));
    }
}

/// A snapshot shows one moment, whatever is written meanwhile.
pub(super) async fn snapshots(store: &dyn Storage) {
    let dir = dir(12);
    for ordinal in 0..40_u64 {
        store.commit(batch(vec![put(key(dir, ordinal), &ordinal.to_be_bytes())])).await.expect("commit");
    }
    let before = scan(store, everything(dir)).await;
    let mut snapshot = store.snapshot().await.expect("snapshot");
    let mut seen: Vec<Row> = Vec::new();
    loop {
        let rows = snapshot.next(7).await.expect("next");
        assert!(rows.len() <= 7);
        if rows.is_empty() {
            break;
        }
        seen.extend(rows);
        let at = seen.len() as u64;
        let ops = vec![
            put(key(dir, at % 40), b"changed"),
            put(key(dir, 1000 + at), b"new"),
            Op::Delete { key: key(dir, (at + 20) % 40) },
        ];
        store.commit(batch(ops)).await.expect("commit");
    }
    assert!(seen.is_sorted_by(|a, b| a.key < b.key));
    let view = |rows: &[Row]| -> Vec<(RowKey, Bytes, Bytes, Rev)> {
        let rows = rows.iter().filter(|it| it.key.0.starts_with(&dir.0));
        rows.map(|it| (it.key, it.name.clone(), it.value.clone(), it.rev)).collect()
    };
    assert_eq!(view(&seen), view(&before));
    assert_ne!(view(&scan(store, everything(dir)).await), view(&before));
}

/// A batch that asks for a scrub is answered like any other.
pub(super) async fn scrubs(store: &dyn Storage) {
    let row = key(dir(13), 0);
    let first = store.commit(batch(vec![put(row, b"old")])).await.expect("commit");
    let ops = vec![check(row, Expect::At(first)), Op::Delete { key: row }];
    let rev = store.commit(Batch { ops, scrub: true, ..Batch::default() }).await.expect("commit");
    assert!(rev > first);
    let ops = vec![check(row, Expect::At(first)), put(row, b"no")];
    let answer = store.commit(Batch { ops, scrub: true, ..Batch::default() }).await;
    assert!(matches!(answer, Err(CommitError::Conflict)), "{answer:?}");
    assert_eq!(value(store, row).await, None);
}

/// What was handed over before is done, whoever has asked for the answer.
pub(super) async fn settles(store: &dyn Storage) {
    let dir = dir(16);
    let mut unasked = Vec::new();
    for number in 0..200 {
        let row = put(key(dir, number), &pattern(2000, 1));
        unasked.push(store.commit(Batch { priority: Priority::Background, ..batch(vec![row]) }));
    }
    store.settled().await.expect("settled");
    assert_eq!(scan(store, everything(dir)).await.len(), 200);
    // Also if there was nothing.
    store.settled().await.expect("settled");
}

/// Replaced are all rows or, if their source fails, none; no cache remembers the old ones.
pub(super) async fn replaces(store: &dyn Storage) {
    let dir = dir(15);
    let [kept, gone] = [0, 1].map(|it| key(dir, it));
    let old = store.commit(batch(vec![put(kept, b"old"), put(gone, b"old")])).await.expect("commit");
    let give = |values: Vec<(RowKey, Vec<u8>)>, fails: bool| -> Rows {
        Box::new(move |take| {
            for (key, value) in values {
                take(Row { key, name: Bytes::from_static(b"name"), value: value.into(), rev: Rev(1) })?;
            }
            if fails { Err(StorageError::Damaged("the source")) } else { Ok(()) }
        })
    };
    match store.replace(give(vec![(kept, b"no".to_vec())], true)).await {
        // Not every backend can do it, and that is said before anything is changed.
        Err(StorageError::Unsupported) => return,
        answer => assert!(matches!(answer, Err(StorageError::Damaged("the source"))), "{answer:?}"),
    }
    assert_eq!(value(store, kept).await, Some(Bytes::from_static(b"old")), "a source that failed has effect");
    let long = pattern(9000, 3);
    store
        .replace(give(vec![(kept, b"new".to_vec()), (key(dir, 2), long.clone())], false))
        .await
        .expect("replace");
    let rows = scan(store, everything(dir)).await;
    let found: Vec<_> = rows.iter().map(|it| (it.key, it.value.to_vec())).collect();
    assert_eq!(found, [(kept, b"new".to_vec()), (key(dir, 2), long)]);
    assert!(rows.iter().all(|it| it.rev > old), "a revision is used again");
    assert_eq!(
        (value(store, kept).await, value(store, gone).await),
        (Some(Bytes::from_static(b"new")), None)
    );
    let mut snapshot = store.snapshot().await.expect("snapshot");
    assert_eq!(snapshot.next(10).await.expect("next").len(), 2, "rows of other directories are left");
    let answer = store.commit(batch(vec![check(kept, Expect::At(old)), put(kept, b"no")])).await;
    assert!(matches!(answer, Err(CommitError::Conflict)), "{answer:?}");
    let next = store.commit(batch(vec![put(gone, b"after")])).await.expect("commit");
    assert!(rows.iter().all(|it| it.rev < next));
}

/// Closing finishes what is queued; afterwards everything answers that it is closed.
pub(super) async fn closes(store: &dyn Storage) {
    let row = key(dir(14), 0);
    let queued = store.commit(batch(vec![put(row, b"last")]));
    let changes = store.changes();
    store.close().await.expect("close");
    queued.await.expect("what was handed over before is still done");
    assert!(matches!(changes.await, Err(StorageError::Closed)));
    assert!(matches!(store.get(row).await, Err(StorageError::Closed)));
    assert!(matches!(store.scan(everything(dir(14))).await, Err(StorageError::Closed)));
    assert!(matches!(store.snapshot().await, Err(StorageError::Closed)));
    let answer = store.commit(batch(vec![put(row, b"more")])).await;
    assert!(matches!(answer, Err(CommitError::Storage(StorageError::Closed))), "{answer:?}");
    assert!(matches!(store.settled().await, Err(StorageError::Closed)));
    store.close().await.expect("closing twice is no error");
}

async fn scan(store: &dyn Storage, scan: Scan) -> Vec<Row> {
    store.scan(scan).await.expect("scan")
}

fn pattern(size: usize, seed: u8) -> Vec<u8> {
    (0..size).map(|it| (it % 251) as u8 ^ seed).collect()
}

/// Replays what it is told on a map of its own, and notes where that disagrees.
struct Model {
    digest: DigestWitness,
    head: RowKey,
    state: Mutex<ModelState>,
}

struct ModelState {
    rows: BTreeMap<RowKey, Bytes>,
    staged: Option<BTreeMap<RowKey, Bytes>>,
    wrong: Vec<String>,
}

impl Model {
    fn new(head: RowKey, rows: BTreeMap<RowKey, Bytes>) -> Self {
        let mut sum = Sum::default();
        rows.iter().for_each(|(key, value)| sum.add(key, value));
        let state = ModelState { rows, staged: None, wrong: Vec::new() };
        Self { digest: DigestWitness::new(head, sum), head, state: Mutex::new(state) }
    }

    /// The store has what the witness was told, and the head row that the witness gave last.
    async fn verify(&self, store: &dyn Storage, dir: DirKey) {
        let found: BTreeMap<RowKey, Bytes> =
            scan(store, everything(dir)).await.into_iter().map(|it| (it.key, it.value)).collect();
        let mut sum = Sum::default();
        found.iter().for_each(|(key, value)| sum.add(key, value));
        {
            let state = self.state.lock().expect("lock");
            assert!(state.wrong.is_empty(), "{:?}", state.wrong);
            assert_eq!(state.rows, found);
        }
        assert_eq!(self.digest.durable(), sum);
        assert_eq!(value(store, self.head).await.as_deref(), Some(&sum.0[..]));
    }
}

impl Witness for Model {
    fn advance(&self, changes: &[Change<'_>]) -> Result<HeadRow, Unwitnessed> {
        let mut state = self.state.lock().expect("lock");
        let mut rows = state.rows.clone();
        for change in changes {
            let old = match change.new {
                Some(new) => rows.insert(*change.key, Bytes::copy_from_slice(new)),
                None => rows.remove(change.key),
            };
            if old.as_deref() != change.old || (change.old.is_none() && change.new.is_none()) {
                state.wrong.push(format!("{:?}: not the old value", change.key));
            }
        }
        if state.staged.replace(rows).is_some() {
            state.wrong.push("not settled".to_owned());
        }
        self.digest.advance(changes)
    }

    fn settle(&self, committed: bool) {
        let mut state = self.state.lock().expect("lock");
        match state.staged.take() {
            Some(rows) if committed => state.rows = rows,
            Some(_) => {}
            None => state.wrong.push("settled twice".to_owned()),
        }
        drop(state);
        self.digest.settle(committed);
    }
}
