//! What is measured at one size.

use serde::Serialize;

use super::{
    Failure, Options,
    axis::{Axis, Filled},
    load::{self, Latency},
    store::Store,
};

/// One size.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) size: u64,
    /// Entries a second while it grew to that size.
    pub(crate) filled_per_second: f64,
    /// From the start of the process to serving; the median of some after an orderly end. Milliseconds.
    pub(crate) start: f64,
    pub(crate) slowest_start: f64,
    /// The one start after the server was killed behind the last write.
    pub(crate) start_after_kill: f64,
    /// Bytes of the write-ahead log that it found.
    pub(crate) log_after_kill: u64,
    /// Resident bytes: of a server that has just started, and after everything below.
    pub(crate) memory_fresh: u64,
    pub(crate) memory_after: u64,
    /// The most that it ever was since the store last began to grow.
    pub(crate) memory_growing: u64,
    pub(crate) closed: Latency,
    pub(crate) open: Latency,
    pub(crate) list: Latency,
    /// The database and its log.
    pub(crate) disk: u64,
}

/// Goes through everything at the size that the store now has. `filled` entries came in so many seconds.
pub(crate) fn measure(
    store: &mut Store,
    axis: Axis,
    filled: &Filled,
    size: u64,
    rate: f64,
    options: &Options,
) -> Result<Row, Failure> {
    let memory_growing = store.memory()?.peak;
    store.kill()?;
    let log_after_kill = store.wal();
    let start_after_kill = millis(store.start()?);

    let path = axis.path(size);
    let reads = axis.reads(&path, filled);
    // What is read first comes from the medium, at any size: that is the first second, and not counted.
    load::closed(store, &reads, options.connections, 1)?;
    let (mut closed, mut open) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        closed.push(load::closed(store, &reads, options.connections, options.seconds)?);
        open.push(load::open(store, &reads, options.rate, options.seconds)?);
    }
    let (closed, open) = (Latency::median(&closed), Latency::median(&open));
    let list = load::list(store, axis.folder(), &filled.reader, options.lists)?;
    let memory_after = store.memory()?.resident;
    store.stop()?;
    let disk = store.disk();

    let mut starts = Vec::new();
    for _ in 0..options.starts {
        store.stop()?;
        starts.push(millis(store.start()?));
    }
    std::thread::sleep(std::time::Duration::from_millis(500));
    let memory_fresh = store.memory()?.resident;
    starts.sort_by(f64::total_cmp);
    Ok(Row {
        size,
        filled_per_second: rate,
        start: starts.get(starts.len() / 2).copied().unwrap_or_default(),
        slowest_start: starts.last().copied().unwrap_or_default(),
        start_after_kill,
        log_after_kill,
        memory_fresh,
        memory_after,
        memory_growing,
        closed,
        open,
        list,
        disk,
    })
}

fn millis(time: std::time::Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
