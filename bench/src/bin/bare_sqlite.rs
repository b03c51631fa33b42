//! The physical limit of a durable write: SQLite and nothing around it. Writers hand their rows to one thread,
//! which commits whatever waits in one transaction; each waits until its rows are on the disk.
//!
//! The rows are those of a KV v2 write, by size and by where they lie: the secret's head under a random key, a
//! row for the version that it replaces, beside the secret's others, of which ten are kept, and two rows that
//! every transaction changes. Same pragmas as the product's.
//!
//! `bare-sqlite FILE overwrite|insert KEYS WRITERS SECONDS`; prints `RESULT` as the other generators do.

use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher,
    path::Path,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, Transaction, params};

type Failure = Box<dyn std::error::Error>;

/// Encrypted bytes of the name, of a head without and with ten old versions, of a version, of the store's head.
const NAME: usize = 78;
const HEAD_NEW: usize = 206;
const HEAD_FULL: usize = 494;
const VERSION: usize = 142;
const STORE_HEAD: usize = 878;
/// Versions that are kept beside the newest.
const KEPT: u64 = 9;
/// Random bytes to write from: what is encrypted cannot be compressed, and differs each time.
const NOISE: usize = 1 << 16;

/// One write, and who waits for it.
struct Job {
    /// Its secret's number.
    key: u64,
    done: SyncSender<()>,
}

#[allow(clippy::print_stdout, reason = "its output is its purpose")]
fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, what, keys, writers, seconds] = args.as_slice() else {
        return Err("usage: bare-sqlite FILE overwrite|insert KEYS WRITERS SECONDS".into());
    };
    let (keys, writers): (u64, u64) = (keys.parse()?, writers.parse()?);
    let fresh = what == "insert";
    let mut store = Store::open(Path::new(file))?;
    store.fill(keys)?;
    let first_new = store.next_key()?;

    let (send, jobs) = sync_channel::<Job>(4096);
    let begin = Instant::now();
    let end = begin + Duration::from_secs(seconds.parse()?);
    let threads: Vec<_> = (0..writers)
        .map(|writer| {
            let send = send.clone();
            thread::spawn(move || {
                let mut times = Vec::new();
                let mut random = Random::new();
                let mut next = first_new + writer;
                while Instant::now() < end {
                    let key = if fresh { next } else { random.below(keys) };
                    next += writers;
                    let (done, wait) = sync_channel(1);
                    let start = Instant::now();
                    if send.send(Job { key, done }).is_err() || wait.recv().is_err() {
                        break;
                    }
                    times.push(start.elapsed());
                }
                times
            })
        })
        .collect();
    drop(send);
    store.commit_all(&jobs)?;
    let mut times = Vec::new();
    for thread in threads {
        times.extend(thread.join().map_err(|_| "a writer panicked")?);
    }
    let elapsed = begin.elapsed().as_micros();
    times.sort_unstable();
    let at = |share: usize| {
        times.get(times.len().saturating_sub(1) * share / 1000).map_or(0, |it: &Duration| it.as_micros())
    };
    println!("RESULT {} {elapsed} 0 0 {} {} {}", times.len(), at(500), at(990), at(999));
    Ok(())
}

struct Store {
    conn: Connection,
    random: Random,
    noise: Vec<u8>,
}

impl Store {
    fn open(file: &Path) -> Result<Self, Failure> {
        let conn = Connection::open(file)?;
        conn.pragma_update(None, "page_size", 4096)?;
        conn.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
        conn.pragma_update(None, "synchronous", "FULL")?;
        conn.pragma_update(None, "cache_size", -8192)?;
        conn.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
        conn.execute_batch(
            "CREATE TABLE IF NOT EXISTS meta (id INTEGER PRIMARY KEY, rev INTEGER NOT NULL) STRICT;
             CREATE TABLE IF NOT EXISTS rows (key BLOB NOT NULL PRIMARY KEY, rev INTEGER NOT NULL,
                 name BLOB NOT NULL, value BLOB, big INTEGER) STRICT, WITHOUT ROWID;
             INSERT OR IGNORE INTO meta VALUES (1, 0), (2, 0);",
        )?;
        let mut random = Random::new();
        let noise = (0..NOISE / 8).flat_map(|_| random.next().to_le_bytes()).collect();
        Ok(Self { conn, random, noise })
    }

    /// The number below which all secrets are there.
    fn next_key(&self) -> Result<u64, Failure> {
        let next: i64 = self.conn.query_row("SELECT rev FROM meta WHERE id = 2", [], |it| it.get(0))?;
        Ok(u64::try_from(next)?)
    }

    /// Each with one version, as a store that was just filled.
    fn fill(&mut self, keys: u64) -> Result<(), Failure> {
        let from = self.next_key()?;
        for first in (from..keys).step_by(10_000) {
            let transaction = self.conn.transaction()?;
            let mut rows = Rows { random: &mut self.random, noise: &self.noise, transaction };
            for key in first..keys.min(first + 10_000) {
                rows.write(key)?;
            }
            rows.finish(keys.min(first + 10_000))?;
        }
        self.conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
        Ok(())
    }

    /// Until no writer is left.
    fn commit_all(&mut self, jobs: &Receiver<Job>) -> Result<(), Failure> {
        let mut next = self.next_key()?;
        while let Ok(job) = jobs.recv() {
            let mut group = vec![job];
            // Those of the last commit are on their way: as in the product, it waits a moment for them.
            let until = Instant::now() + Duration::from_micros(100);
            while let Ok(job) = jobs.recv_timeout(until.saturating_duration_since(Instant::now())) {
                group.push(job);
            }
            let transaction = self.conn.transaction()?;
            let mut rows = Rows { random: &mut self.random, noise: &self.noise, transaction };
            for job in &group {
                rows.write(job.key)?;
                next = next.max(job.key + 1);
            }
            rows.finish(next)?;
            for job in group {
                // Its writer may have gone when the time was over.
                let _ = job.done.send(());
            }
        }
        Ok(())
    }
}

/// The rows of one transaction.
struct Rows<'a> {
    random: &'a mut Random,
    noise: &'a [u8],
    transaction: Transaction<'a>,
}

impl Rows<'_> {
    fn write(&mut self, key: u64) -> Result<(), Failure> {
        let head = row_key(8, key, 0);
        let mut old = self.transaction.prepare_cached("SELECT rev FROM rows WHERE key = ?1")?;
        let version: Option<i64> = old.query_row([&head[..]], |it| it.get(0)).ok();
        drop(old);
        let Some(version) = version else {
            return self.put(&head, 1, NAME, HEAD_NEW);
        };
        let version = u64::try_from(version)?;
        self.put(&row_key(9, key, version), version, 0, VERSION)?;
        if version > KEPT {
            let oldest = row_key(9, key, version - KEPT);
            self.transaction.prepare_cached("DELETE FROM rows WHERE key = ?1")?.execute([&oldest[..]])?;
        }
        // A head grows with the versions that it lists.
        let share = usize::try_from(version.min(KEPT))?;
        let length = HEAD_NEW + (HEAD_FULL - HEAD_NEW) * share / usize::try_from(KEPT)?;
        self.put(&head, version + 1, NAME, length)
    }

    fn put(&mut self, key: &[u8; 33], rev: u64, name: usize, value: usize) -> Result<(), Failure> {
        let from = usize::try_from(self.random.below(u64::try_from(NOISE - 2048)?))?;
        let noise = |length: usize| self.noise.get(from..from + length).unwrap_or_default();
        let sql = "INSERT INTO rows (key, rev, name, value) VALUES (?1, ?2, ?3, ?4) \
                   ON CONFLICT (key) DO UPDATE SET rev = ?2, name = ?3, value = ?4";
        let values = params![&key[..], i64::try_from(rev)?, noise(name), noise(value)];
        self.transaction.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    fn finish(mut self, next: u64) -> Result<(), Failure> {
        self.put(&[0; 33], 1, 0, STORE_HEAD)?;
        self.transaction.prepare_cached("UPDATE meta SET rev = rev + 1 WHERE id = 1")?.execute([])?;
        self.transaction
            .prepare_cached("UPDATE meta SET rev = ?1 WHERE id = 2")?
            .execute([i64::try_from(next)?])?;
        Ok(self.transaction.commit()?)
    }
}

/// Class, 16 bytes of the secret's directory, 16 of its name or of the version's number: random but for the
/// class and the number, as keyed hashes are.
fn row_key(class: u8, key: u64, version: u64) -> [u8; 33] {
    let mut out = [class; 33];
    let (one, two) = (mix(key ^ 0x9e37_79b9_7f4a_7c15), mix(key.wrapping_add(0x1234_5678_9abc_def1)));
    // All heads lie in one directory, the versions of a secret in one of their own.
    let directory = if class == 8 { [mix(1), mix(2)] } else { [one, two] };
    let last = if class == 8 { [one, two] } else { [version, 0] };
    let words = directory.into_iter().chain(last).flat_map(u64::to_be_bytes);
    out.iter_mut().skip(1).zip(words).for_each(|(to, from)| *to = from);
    out
}

/// The finaliser of splitmix64.
fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// splitmix64: good enough to spread load.
struct Random(u64);

impl Random {
    fn new() -> Self {
        Self(RandomState::new().hash_one(1))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }
}
