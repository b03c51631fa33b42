//! What was acknowledged is there after a crash: after SIGKILL, and after a loss of power that takes what was
//! not synced.

// Helpers of a test may fail like the test itself.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use strongroom_core::storage::{
    DirKey, Sqlite, SqliteOptions, Storage,
    conformance::{Sum, dir, everything, key},
};

// Rule 138
#[tokio::test]
async fn sigkill_loses_nothing() {
    let writer = writer();
    let temp = tempfile::tempdir().unwrap();
    let mut acknowledged = 0;
    for seed in 0..50 {
        let mut child = spawn(&writer, temp.path(), seed, &[]);
        let out = BufReader::new(child.stdout.take().unwrap());
        let said = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&said);
        // The pipe is read to its end: what was said before the kill counts.
        let lines = std::thread::spawn(move || {
            let lines = out.lines().map_while(Result::ok);
            lines.inspect(|it| _ = counter.fetch_add(it.starts_with('A').into(), Relaxed)).collect::<Vec<_>>()
        });
        std::thread::sleep(Duration::from_millis(20 + seed * 37 % 150));
        // One of five may be met while it opens the store; the others have written, however slow the disk.
        let deadline = Instant::now() + Duration::from_secs(60);
        while seed % 5 != 0 && said.load(Relaxed) <= 130 {
            assert!(Instant::now() < deadline, "seed {seed}: the writer has come to a stop");
            std::thread::sleep(Duration::from_millis(2));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged += verify(temp.path(), &lines.join().unwrap(), seed).await.unwrap();
    }
    assert!(acknowledged > 5000, "{acknowledged} batches are too few to prove anything");
}

#[tokio::test]
async fn power_loss_loses_nothing() {
    let (writer, shim) = (writer(), shim());
    let mut acknowledged = 0;
    for series in 0..10 {
        // Each crash meets what the one before has left.
        let temp = tempfile::tempdir().unwrap();
        for round in 0..20 {
            let seed = series * 20 + round;
            let lines = lose_power(&writer, &shim, temp.path(), seed, &[]);
            acknowledged += verify(temp.path(), &lines, seed).await.unwrap();
        }
    }
    assert!(acknowledged > 2000, "{acknowledged} batches are too few to prove anything");
}

/// The same on a disk that only says that it has synced: this harness must see that.
#[tokio::test]
async fn a_disk_that_lies_is_found_out() {
    let (writer, shim) = (writer(), shim());
    let mut found = 0;
    for seed in 0..10 {
        let temp = tempfile::tempdir().unwrap();
        // What makes the store is not part of the lie.
        drop(Sqlite::open(temp.path(), SqliteOptions::default()).unwrap());
        let lines = lose_power(&writer, &shim, temp.path(), seed, &[("DROPSYNC_LIES", "1")]);
        found += usize::from(verify(temp.path(), &lines, seed).await.is_err());
    }
    assert!(found >= 5, "lost writes were found in {found} of 10 runs only");
}

fn lose_power(writer: &Path, shim: &Path, dir: &Path, seed: u64, more: &[(&str, &str)]) -> Vec<String> {
    let dir = dir.canonicalize().unwrap();
    let at = (1 + seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 1200).to_string();
    let mut env = vec![
        ("LD_PRELOAD", shim.to_str().unwrap().to_owned()),
        ("DROPSYNC_DIR", dir.to_str().unwrap().to_owned()),
        ("DROPSYNC_AT", at),
        ("DROPSYNC_SEED", seed.to_string()),
    ];
    env.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    let mut child = spawn(writer, &dir, seed, &env);
    let out = BufReader::new(child.stdout.take().unwrap());
    let lines = out.lines().map_while(Result::ok).collect();
    let status = child.wait().unwrap();
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    assert_eq!(signal, Some(9), "seed {seed}: the disk should have ended it: {status}");
    lines
}

fn spawn(writer: &Path, dir: &Path, seed: u64, env: &[(&str, String)]) -> Child {
    let mut command = Command::new(writer);
    command.arg(dir).arg(seed.to_string()).stdin(Stdio::null()).stdout(Stdio::piped());
    command.envs(env.iter().map(|(name, value)| (name, value))).spawn().unwrap()
}

/// Rows as the writer named them: the value's byte and length, or `None` for deleted.
type Rows = BTreeMap<u64, Option<(u8, usize)>>;

/// What one writer has said: its rows as acknowledged since the last start, and the batch that was on its way.
#[derive(Default)]
struct Said {
    rows: Rows,
    pending: Rows,
    last_rev: u64,
}

/// Opens the store and compares. Answers how many batches were acknowledged, or what is wrong.
async fn verify(path: &Path, lines: &[String], seed: u64) -> Result<usize, String> {
    let mut said: BTreeMap<u64, Said> = BTreeMap::new();
    let mut acknowledged = 0;
    for line in lines {
        let mut words = line.split(' ');
        let kind = words.next().unwrap();
        let said = said.entry(words.next().unwrap().parse().unwrap()).or_default();
        if kind == "I" {
            said.pending = words.map(parse).collect();
        } else {
            said.last_rev = words.next().unwrap().parse().unwrap();
            let pending = std::mem::take(&mut said.pending);
            said.rows.extend(pending);
            acknowledged += 1;
        }
    }

    let store = Sqlite::open(path, SqliteOptions::default()).map_err(|it| format!("seed {seed}: {it}"))?;
    let rows = store.scan(everything(dir(1))).await.map_err(|it| format!("seed {seed}: {it}"))?;
    let mut sum = Sum::default();
    rows.iter().for_each(|it| sum.add(&it.key, &it.value));
    let head = store.get(key(DirKey([b'h'; 17]), 0)).await.map_err(|it| format!("seed {seed}: {it}"))?;
    let head = head.map(|it| it.value.to_vec()).unwrap_or_else(|| vec![0; 32]);
    if head != sum.0 {
        return Err(format!("seed {seed}: the head row is not of these rows"));
    }

    let state = |ordinal: u64| {
        let row = rows.binary_search_by_key(&key(dir(1), ordinal), |it| it.key).ok().map(|at| &rows[at]);
        row.map(|it| (it.value.first().copied().unwrap_or(0), it.value.len(), it.value.clone()))
    };
    let is = |ordinal: u64, expected: Option<(u8, usize)>| match (state(ordinal), expected) {
        (None, None) => true,
        (Some((_, _, value)), Some((byte, length))) => {
            value.len() == length && value.iter().all(|it| *it == byte)
        }
        _ => false,
    };
    let last = rows.iter().map(|it| it.rev.0).max().unwrap_or(0);
    for (writer, said) in &said {
        // The batch on its way is there as a whole or not at all.
        let mut with = said.rows.clone();
        with.extend(said.pending.clone());
        let matches = |rows: &Rows| rows.iter().all(|(ordinal, expected)| is(*ordinal, *expected));
        // Rows that only the pending batch names have the state of an earlier start: not compared without it.
        if !matches(&with) && !matches(&said.rows) {
            return Err(format!("seed {seed}: writer {writer} has lost what was acknowledged"));
        }
    }
    let newest = said.values().map(|it| it.last_rev).max().unwrap_or(0);
    let next = store
        .commit(strongroom_core::storage::Batch::default())
        .await
        .map_err(|it| format!("seed {seed}: {it}"))?;
    if next.0 <= newest || next.0 <= last {
        return Err(format!("seed {seed}: revision {} was given out before", next.0));
    }
    store.close().await.map_err(|it| format!("seed {seed}: {it}"))?;
    let conn = rusqlite::Connection::open(path.join("strongroom.db")).unwrap();
    let verdict: String = conn.query_row("PRAGMA integrity_check", [], |it| it.get(0)).unwrap();
    if verdict != "ok" {
        return Err(format!("seed {seed}: {verdict}"));
    }
    Ok(acknowledged)
}

fn parse(word: &str) -> (u64, Option<(u8, usize)>) {
    let (ordinal, value) = word.split_once('=').unwrap();
    let value = value.split_once('.').map(|(byte, length)| (byte.parse().unwrap(), length.parse().unwrap()));
    (ordinal.parse().unwrap(), value)
}

/// Cargo builds examples before tests, unless it was asked for one test only.
fn writer() -> PathBuf {
    let target = std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().to_owned();
    let path = target.join("examples/crash_writer");
    if !path.exists() {
        let args = ["build", "-p", "strongroom-core", "--example", "crash_writer"];
        assert!(Command::new(env!("CARGO")).args(args).status().unwrap().success());
    }
    path
}

fn shim() -> PathBuf {
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("dropsync-{}.so", std::process::id()));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shim/dropsync.c");
    let mut cc = Command::new("cc");
    cc.args(["-O1", "-shared", "-fPIC", "-o"]).arg(&library).arg(source).args(["-ldl", "-lpthread"]);
    assert!(cc.status().expect("a C compiler").success());
    library
}
