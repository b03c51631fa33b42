//! How many rows a second the store takes, beside what bare SQLite takes in batches of as many.
//!
//! ```text
//! cargo run --release --example storage_rate [ROWS [SECONDS]]
//! ```
//!
//! 32 writers with one row each at a time, rows of 400 bytes. Bare SQLite: the same table, keys and rows, 32 rows
//! a transaction, write-ahead log, synchronous=FULL. Figures of one run compare; absolute ones are the machine's.

use std::{
    error::Error,
    fmt,
    io::Write,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use rusqlite::{Connection, TransactionBehavior};
use strongroom_core::storage::{
    DirKey, KEY_LEN, RowKey, Sqlite, SqliteOptions, Storage,
    conformance::{DigestWitness, Sum, batch, key, put},
};

const WRITERS: u64 = 32;
const ROW: usize = 400;

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let mut args = std::env::args().skip(1);
    let rows: u64 = args.next().map_or(Ok(100_000), |it| it.parse())?;
    let time = Duration::from_secs(args.next().map_or(Ok(3), |it| it.parse())?);
    let mut out = std::io::stdout();
    writeln!(out, "{rows} rows of {ROW} bytes, {WRITERS} writers, {} s each", time.as_secs())?;

    let temp = tempfile::tempdir()?;
    let store = Arc::new(Sqlite::open(&temp.path().join("store"), SqliteOptions::default())?);
    let bare = bare(&temp.path().join("bare.db"))?;
    fill(&store, rows).await?;
    fill_bare(&bare, rows)?;

    for (name, order) in [("sequential insert", Order::Insert(rows)), ("random update", Order::Update(rows))]
    {
        let ours = run(&store, order, time).await?;
        let theirs = run_bare(&bare, order, time)?;
        writeln!(out, "{name:18} {ours}   bare {theirs}   ratio {:.2}", ours.rows / theirs.rows)?;
    }
    let head = key(DirKey([b'h'; 17]), 0);
    store.attach(Some(Arc::new(DigestWitness::new(head, Sum::default()))));
    let ours = run(&store, Order::Update(rows), time).await?;
    writeln!(out, "with a witness     {ours}")?;
    let cold = read(&store, rows, 50_000).await?;
    let hot = read(&store, rows.min(1000), 500_000).await?;
    writeln!(out, "point read: {cold:.2} µs of {rows} rows, {hot:.3} µs of 1000 (cached)")?;
    Ok(())
}

#[derive(Clone, Copy)]
enum Order {
    /// Ordinals behind this one.
    Insert(u64),
    /// Hashes below this one.
    Update(u64),
}

impl Order {
    fn key(self, count: u64) -> RowKey {
        match self {
            Self::Insert(from) => key(DirKey([b'z'; 17]), from + count),
            Self::Update(rows) => hashed(mix(count) % rows),
        }
    }
}

/// Rows a second; microseconds of processor time for one, of all threads, which a busy machine changes less; and how
/// long a commit took, in milliseconds, at the median, for all but a hundredth, and at most.
struct Rate {
    rows: f64,
    cpu: f64,
    waits: Option<[f64; 3]>,
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:7.0} rows/s at {:5.1} µs", self.rows, self.cpu)?;
        match self.waits {
            Some([half, most, all]) => write!(f, ", commits in {half:.1}, {most:.1}, {all:.1} ms"),
            None => Ok(()),
        }
    }
}

struct Meter {
    start: Instant,
    cpu: f64,
}

impl Meter {
    fn start() -> Result<Self, Failure> {
        Ok(Self { start: Instant::now(), cpu: cpu()? })
    }

    fn rate(&self, rows: u64) -> Result<Rate, Failure> {
        let rows = rows as f64;
        let cpu = (cpu()? - self.cpu) * 1e6 / rows;
        Ok(Rate { rows: rows / self.start.elapsed().as_secs_f64(), cpu, waits: None })
    }
}

/// Seconds of processor time that this process has had, to a hundredth.
fn cpu() -> Result<f64, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).map(|it| it.parse::<u64>()).sum::<Result<_, _>>()?;
    Ok(ticks as f64 / 100.0)
}

async fn run(store: &Arc<Sqlite>, order: Order, time: Duration) -> Result<Rate, Failure> {
    let count = Arc::new(AtomicU64::new(0));
    let meter = Meter::start()?;
    let start = meter.start;
    let writers = (0..WRITERS).map(|_| {
        let (store, count) = (Arc::clone(store), Arc::clone(&count));
        tokio::spawn(async move {
            let mut waits = Vec::new();
            while start.elapsed() < time {
                let begun = Instant::now();
                let at = count.fetch_add(1, Ordering::Relaxed);
                store.commit(batch(vec![put(order.key(at), &value(at))])).await?;
                waits.push(begun.elapsed());
            }
            Ok::<_, Failure>(waits)
        })
    });
    let mut waits = Vec::new();
    for writer in writers.collect::<Vec<_>>() {
        waits.extend(writer.await??);
    }
    waits.sort_unstable();
    let last = waits.len().saturating_sub(1);
    let at = |of: usize| waits.get(last * of / 100).map_or(0.0, |it| it.as_secs_f64() * 1e3);
    let rate = meter.rate(count.load(Ordering::Relaxed))?;
    Ok(Rate { waits: Some([at(50), at(99), at(100)]), ..rate })
}

async fn fill(store: &Sqlite, rows: u64) -> Result<(), Failure> {
    for from in (0..rows).step_by(100) {
        let ops = (from..rows.min(from + 100)).map(|it| put(hashed(it), &[1; ROW])).collect();
        store.commit(batch(ops)).await?;
    }
    Ok(())
}

/// Microseconds for one read.
async fn read(store: &Sqlite, rows: u64, reads: u64) -> Result<f64, Failure> {
    let start = Instant::now();
    for it in 0..reads {
        store.get(hashed(mix(it) % rows)).await?.ok_or("a row is missing")?;
    }
    Ok(start.elapsed().as_secs_f64() * 1e6 / reads as f64)
}

fn bare(path: &Path) -> Result<Connection, Failure> {
    let conn = Connection::open(path)?;
    conn.pragma_update(None, "journal_mode", "wal")?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.execute_batch(
        "CREATE TABLE rows (key BLOB NOT NULL PRIMARY KEY, rev INTEGER NOT NULL, name BLOB NOT NULL, value BLOB) \
         STRICT, WITHOUT ROWID",
    )?;
    Ok(conn)
}

fn fill_bare(conn: &Connection, rows: u64) -> Result<(), Failure> {
    let transaction = conn.unchecked_transaction()?;
    (0..rows).try_for_each(|it| write_bare(&transaction, hashed(it), it))?;
    transaction.commit()?;
    Ok(())
}

fn run_bare(conn: &Connection, order: Order, time: Duration) -> Result<Rate, Failure> {
    let (meter, mut count) = (Meter::start()?, 0);
    while meter.start.elapsed() < time {
        let transaction = rusqlite::Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
        for _ in 0..WRITERS {
            write_bare(&transaction, order.key(count), count)?;
            count += 1;
        }
        transaction.commit()?;
    }
    meter.rate(count)
}

fn write_bare(conn: &Connection, row: RowKey, at: u64) -> Result<(), Failure> {
    const SQL: &str = "INSERT INTO rows (key, rev, name, value) VALUES (?1, 1, x'6e616d65', ?2) \
                       ON CONFLICT DO UPDATE SET rev = excluded.rev, name = excluded.name, value = excluded.value";
    conn.prepare_cached(SQL)?.execute((row.0.as_slice(), value(at).as_slice()))?;
    Ok(())
}

/// Never the same twice: SQLite does not write what has not changed.
fn value(at: u64) -> [u8; ROW] {
    let mut value = [7; ROW];
    value.iter_mut().zip(mix(!at).to_be_bytes()).for_each(|(to, from)| *to = from);
    value
}

fn hashed(at: u64) -> RowKey {
    let mut row = [0; KEY_LEN];
    for (part, salt) in row.chunks_mut(8).zip(1..) {
        let hash = mix(at ^ mix(salt)).to_be_bytes();
        part.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    }
    RowKey(row)
}

/// The finaliser of SplitMix64.
fn mix(at: u64) -> u64 {
    let mut hash = at.wrapping_add(0x9e37_79b9_7f4a_7c15);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}
