//! Writes without end until it is killed, and says on standard output what it means to write and what was
//! acknowledged. The crash tests kill it and compare.
//!
//! Each writer has rows of its own, and one batch at a time:
//!
//! ```text
//! I <writer> <ordinal>=<first value byte>.<length> <ordinal>=-   a batch of puts and deletes is handed over
//! A <writer> <revision>                                          it was acknowledged
//! ```

use std::{error::Error, io::Write, path::Path, sync::Arc, time::Duration};

use strongroom_core::storage::{
    Batch, CommitError, DirKey, Op, Sqlite, SqliteOptions, Storage,
    conformance::{DigestWitness, Sum, dir, everything, key, put},
};

const WRITERS: u64 = 6;
const ROWS: u64 = 40;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let path = args.next().ok_or("usage: crash_writer DIR SEED")?;
    let seed: u64 = args.next().ok_or("usage: crash_writer DIR SEED")?.parse()?;
    let options = SqliteOptions { scrub_interval: Duration::from_millis(20), ..SqliteOptions::default() };
    let store = Arc::new(Sqlite::open(Path::new(&path), options)?);
    let mut sum = Sum::default();
    store.scan(everything(dir(1))).await?.iter().for_each(|it| sum.add(&it.key, &it.value));
    store.attach(Some(Arc::new(DigestWitness::new(key(DirKey([b'h'; 17]), 0), sum))));
    let writers = (0..WRITERS).map(|it| tokio::spawn(write(Arc::clone(&store), it, seed ^ (it << 32))));
    for writer in writers.collect::<Vec<_>>() {
        writer.await??;
    }
    Ok(())
}

async fn write(store: Arc<Sqlite>, writer: u64, seed: u64) -> Result<(), CommitError> {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    loop {
        let mut line = format!("I {writer}");
        let mut ops: Vec<Op> = Vec::new();
        for _ in 0..random.below(4) + 1 {
            let ordinal = writer * ROWS + random.below(ROWS);
            let row = key(dir(1), ordinal);
            if ops.iter().any(|it| matches!(it, Op::Put { key, .. } | Op::Delete { key } if *key == row)) {
                continue;
            }
            if random.below(5) == 0 {
                line += &format!(" {ordinal}=-");
                ops.push(Op::Delete { key: row });
            } else {
                let (byte, length) = (random.below(256) as u8, random.length());
                line += &format!(" {ordinal}={byte}.{length}");
                ops.push(put(row, &vec![byte; length]));
            }
        }
        say(&line);
        let scrub = random.below(50) == 0;
        let rev = store.commit(Batch { ops, scrub, ..Batch::default() }).await?;
        say(&format!("A {writer} {}", rev.0));
    }
}

/// One system call for a line, so that a kill never leaves half of one in front of another.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // The reader has gone: so will this process in a moment.
    let _ = out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush());
}

/// xorshift64*: the run is the seed's.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % bound
    }

    /// Mostly short values, now and then a long one.
    fn length(&mut self) -> usize {
        let most = if self.below(8) == 0 { 9000 } else { 600 };
        self.below(most) as usize
    }
}
