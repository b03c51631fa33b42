//! One device: a bounded queue, and whoever writes, one at a time.
//!
//! The life of a line: a request's thread formats and hashes its body and submits it ([`Device::submit`]). To a
//! file that takes lines at once and that nobody is writing to, the same thread writes it: a hand-over to another
//! thread and back costs several times what the `write(2)` does. While other requests are under way it first lets
//! those come that are ready on this thread, and writes their lines with its own ([`Gathering`]). Otherwise it waits in
//! the queue. The device's own thread takes all that wait, gives each its number and its hash, writes them together,
//! and wakes everybody whose line it was. What takes long is its alone to do: opening, signing, syncing, rotating.
//!
//! A device that is slower than its deadline has failed: whoever waits is told so, nobody else is let to wait,
//! until the write has come back.

mod worker;

use std::{
    fs::File,
    io,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use self::worker::Worker;
use super::{
    chain::Head,
    config::{DeviceConfig, SinkConfig, Sync},
    line::Writer,
    redact::Redactor,
    sink::Ring,
    text,
};
use crate::{
    barrier::head::HeadKeeper,
    clock::TimeKeeper,
    crypto::{
        Key,
        mac::{CacheHash, sha256},
        sign::SigningKey,
    },
    integrity::Anchor,
};

/// Bytes that may wait. What comes beyond is refused.
const MAX_QUEUED: usize = 64 << 20;
/// What is longer is refused earlier, so that there is room for what everybody else does.
const LARGE: usize = 64 << 10;

/// Bytes that reach the medium in some milliseconds. The kernel makes writers of a file wait while it is synced.
const MUCH: usize = 2 << 20;

/// How often it is looked whether another thread has ended its write: for a few microseconds.
const SPINS: usize = 100;

/// What all devices of a store share.
pub(super) struct Node {
    pub(super) store: String,
    pub(super) signer: SigningKey,
    pub(super) time: Arc<TimeKeeper>,
    /// The head of the unsealed store. Not held: sealing must drop the keys, whatever a device is waiting for.
    pub(super) head: Weak<HeadKeeper>,
    /// As it was when the store was sealed, for the last lines.
    pub(super) last: OnceLock<Anchor>,
    /// Names answers whose MACs are remembered.
    pub(super) hash: CacheHash,
}

impl Node {
    /// How far the store has got, so that this log shows if it is put back to an older state.
    fn anchor(&self, out: &mut Vec<u8>) {
        let live = self.head.upgrade().map(|it| it.anchor());
        let Some(anchor) = live.or_else(|| self.last.get().copied()) else { return };
        text::number(out, "store_sequence", anchor.sequence);
        text::text(out, "store_digest", &data_encoding::HEXLOWER.encode(&anchor.digest));
    }
}

/// A body with its hash.
pub(super) struct Body {
    text: Vec<u8>,
    hash: [u8; 32],
}

impl Body {
    pub(super) fn new(text: Vec<u8>) -> Self {
        let hash = sha256(&[&text]);
        Self { text, hash }
    }
}

pub(super) struct Device {
    pub(super) config: DeviceConfig,
    pub(super) writer: Writer,
    /// Made over the API, and under which salt.
    pub(super) salt: Option<[u8; 32]>,
    /// Lines may be written by whoever submits them.
    at_once: bool,
    worker: Arc<Mutex<Worker>>,
    shared: Arc<Shared>,
}

/// What became of lines that were submitted.
pub(super) enum Submitted {
    /// They are written.
    Accepted,
    /// Fulfilled once they are written, and broken if they are not.
    Waits(oneshot::Receiver<()>),
    /// They wait for others to be written with.
    Gathers(Gathering),
    /// The device does not take any.
    Refused,
}

struct Shared {
    /// Somebody has the worker, and looks at the queue before giving it back. Changed under the queue's lock.
    busy: AtomicBool,
    queue: Mutex<Queue>,
    wake: Condvar,
    ended: Condvar,
    ring: Arc<Ring>,
}

#[derive(Default)]
struct Queue {
    entries: Vec<Entry>,
    bytes: usize,
    /// Whose lines are being written.
    in_flight: Vec<oneshot::Sender<()>>,
    /// Since when the oldest of all these waits.
    waiting_since: Option<Instant>,
    /// A write did not come back in time.
    stalled: bool,
    /// The last write failed.
    failing: bool,
    low_space: bool,
    reopen: bool,
    closing: bool,
    ended: bool,
    /// When what was written is to be signed, if anything was since the last time.
    sign_by: Option<Instant>,
    /// A file is to be put aside, or there are lines enough to sign.
    chores: bool,
    head: Head,
    unsynced: Option<Arc<File>>,
    /// Bytes that were written since it was last synced, or more.
    unsynced_bytes: usize,
}

struct Entry {
    bodies: Vec<Body>,
    accepted: oneshot::Sender<()>,
}

impl Device {
    /// Starts the device's thread. `key` is its MAC key; `stored` is how far the store knows its chain.
    pub(super) fn start(
        config: DeviceConfig,
        salt: Option<[u8; 32]>,
        key: &Key,
        stored: Option<Head>,
        node: Arc<Node>,
    ) -> io::Result<Self> {
        let lines = match config.sink {
            SinkConfig::Memory { lines } => lines,
            _ => 0,
        };
        let shared = Arc::new(Shared {
            // Until the thread has opened it.
            busy: AtomicBool::new(true),
            queue: Mutex::default(),
            wake: Condvar::new(),
            ended: Condvar::new(),
            ring: Arc::new(Ring::new(lines)),
        });
        let worker = Worker::new(config.clone(), shared.clone(), node.clone(), stored);
        let worker = Arc::new(Mutex::new(worker));
        let run = worker.clone();
        std::thread::Builder::new().name("audit".to_owned()).spawn(move || worker::run(&run))?;
        // Appending to a file ends as soon as the kernel has the bytes. What may block for as long as somebody else
        // pleases, or is to reach the medium first, is no request's to wait in.
        let at_once = match config.sink {
            SinkConfig::File { .. } => config.sync == Sync::Interval,
            SinkConfig::Memory { .. } | SinkConfig::Null => true,
            _ => false,
        };
        let writer = Writer::new(Redactor::new(key, config.hash_accessors, config.hash_names), node);
        Ok(Self { config, writer, salt, at_once, worker, shared })
    }

    /// Writes lines, or hands them over to be written. In company they are gathered: other requests that are ready on
    /// this thread come first, and their lines are written with these in one piece.
    pub(super) fn submit(&self, bodies: Vec<Body>, in_company: bool) -> Submitted {
        let size: usize = bodies.iter().map(|it| it.text.len()).sum();
        let most = if size > LARGE { MAX_QUEUED / 2 } else { MAX_QUEUED };
        if self.at_once && !in_company {
            self.shared.wait_a_moment();
        }
        let mut queue = self.shared.lock();
        if queue.stalled || queue.closing || queue.bytes.saturating_add(size) > most {
            return Submitted::Refused;
        }
        queue.waiting_since.get_or_insert_with(Instant::now);
        if self.at_once && in_company {
            let waiter = queue.push(bodies, size);
            return Submitted::Gathers(Gathering {
                worker: self.worker.clone(),
                shared: self.shared.clone(),
                waiter: Some(waiter),
            });
        }
        if self.at_once && !self.shared.is_busy() && queue.is_idle() {
            self.shared.set_busy(true);
            drop(queue);
            return worker::write_at_once(&self.worker, bodies);
        }
        Submitted::Waits(self.shared.wait_in(queue, bodies, size))
    }

    /// Gives up on a device that has been slower than its deadline.
    pub(super) fn watch(&self) {
        let mut queue = self.shared.lock();
        if queue.stalled || queue.waiting_since.is_none_or(|since| since.elapsed() < self.config.deadline) {
            return;
        }
        queue.stalled = true;
        queue.waiting_since = None;
        queue.bytes = 0;
        // Dropping a sender tells its waiter.
        queue.in_flight.clear();
        queue.entries.clear();
        drop(queue);
        // If nobody is writing the device is well: whoever gathered lines has not come to write them.
        self.shared.wake.notify_one();
        tracing::error!(device = %self.config.path, "the audit device does not answer");
    }

    /// Forces what was written since the last time to the medium.
    pub(super) fn sync(&self) {
        let file = {
            let mut queue = self.shared.lock();
            queue.unsynced_bytes = 0;
            queue.unsynced.take()
        };
        if let Some(Err(error)) = file.map(|it| it.sync_data()) {
            tracing::error!(device = %self.config.path, %error, "the audit file could not be synced");
        }
    }

    /// Whether so much was written since it was last synced that syncing it later would hold up whoever writes then.
    pub(super) fn has_much_to_sync(&self) -> bool {
        self.shared.lock().unsynced_bytes >= MUCH
    }

    /// Opens its file anew: somebody has rotated it.
    pub(super) fn reopen(&self) {
        self.shared.lock().reopen = true;
        self.shared.wake.notify_one();
    }

    pub(super) fn head(&self) -> Head {
        self.shared.lock().head
    }

    /// Whether it takes lines, as far as is known.
    pub(super) fn is_healthy(&self) -> bool {
        let queue = self.shared.lock();
        !queue.stalled && !queue.failing
    }

    pub(super) fn is_low_on_space(&self) -> bool {
        self.shared.lock().low_space
    }

    pub(super) fn memory(&self) -> Option<Vec<String>> {
        matches!(self.config.sink, SinkConfig::Memory { .. }).then(|| self.shared.ring.lines())
    }
}

impl Drop for Device {
    /// Signs and closes; a device that hangs is left behind.
    fn drop(&mut self) {
        let mut queue = self.shared.lock();
        queue.closing = true;
        self.shared.wake.notify_one();
        let limit = self.config.deadline.min(Duration::from_secs(2));
        if !queue.stalled {
            let wait = self.shared.ended.wait_timeout_while(queue, limit, |it| !it.ended);
            drop(wait.unwrap_or_else(PoisonError::into_inner));
        }
    }
}

/// Lines in the queue that whoever submitted them will write, with all that has come behind them.
pub(super) struct Gathering {
    worker: Arc<Mutex<Worker>>,
    shared: Arc<Shared>,
    /// Until they are written.
    waiter: Option<oneshot::Receiver<()>>,
}

impl Gathering {
    /// Writes them, unless somebody has, or is about to. Answers whom to wait for.
    pub(super) fn write(mut self) -> Option<oneshot::Receiver<()>> {
        worker::write_gathered(&self.worker, &self.shared);
        self.waiter.take()
    }
}

impl Drop for Gathering {
    /// Whoever submitted them has gone away: the device's thread writes them.
    fn drop(&mut self) {
        if self.waiter.is_some() {
            self.shared.wake.notify_one();
        }
    }
}

impl Queue {
    fn push(&mut self, bodies: Vec<Body>, size: usize) -> oneshot::Receiver<()> {
        let (accepted, waiter) = oneshot::channel();
        self.bytes += size;
        self.entries.push(Entry { bodies, accepted });
        waiter
    }

    /// Nothing waits that was submitted before or has to be done first.
    fn is_idle(&self) -> bool {
        self.entries.is_empty() && !self.reopen && !self.chores
    }
}

impl Shared {
    /// Puts lines into the queue.
    fn wait_in(
        &self,
        mut queue: MutexGuard<'_, Queue>,
        bodies: Vec<Body>,
        size: usize,
    ) -> oneshot::Receiver<()> {
        let waiter = queue.push(bodies, size);
        let wakes = queue.entries.len() == 1 && !self.is_busy();
        drop(queue);
        if wakes {
            self.wake.notify_one();
        }
        waiter
    }

    /// Lets whoever writes come to an end, which takes about as long as writing does: less than to be put to sleep and
    /// woken.
    fn wait_a_moment(&self) {
        for _ in 0..SPINS {
            if !self.is_busy() {
                break;
            }
            std::hint::spin_loop();
        }
    }

    fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed)
    }

    fn set_busy(&self, busy: bool) {
        self.busy.store(busy, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
