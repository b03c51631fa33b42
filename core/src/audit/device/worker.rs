//! What writes to a device: it opens, chains, writes, signs and rotates. The device's thread does all of it; whoever
//! submits a line may write it.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{
    super::{
        chain::{self, Head},
        config::{DeviceConfig, SinkConfig, Sync},
        file::{Fate, Found, LogFile, Torn},
        line,
        sink::{self, Sink},
        text,
    },
    Body, Node, Queue, Shared, Submitted,
};
use crate::clock::Timestamp;

/// Lines after which a checkpoint is signed.
const CHECKPOINT_LINES: u64 = 4_096;
/// How often free space is looked at.
const LOOK_AT_SPACE: Duration = Duration::from_secs(1);
/// Free space below which the alarm is raised.
const LOW_SPACE: u64 = 64 << 20;
/// What is left of a buffer that one huge line made grow.
const KEPT_BUFFER: usize = 4 << 20;

/// What the thread works with.
pub(super) struct Worker {
    config: DeviceConfig,
    shared: Arc<Shared>,
    node: Arc<Node>,
    /// None until it could be opened.
    sink: Option<Sink>,
    head: Head,
    /// The store's word for how far the chain has got, until the file was first looked at.
    stored: Option<Head>,
    /// When the open file was begun.
    begun: Option<Timestamp>,
    /// Why the next file is opened.
    reason: &'static str,
    /// Lines since the last checkpoint.
    unsigned: u64,
    signed_at: Instant,
    space_at: Instant,
    buffer: Vec<u8>,
    /// Bytes written since the queue was told of them.
    unsynced: usize,
}

enum Work {
    Lines(Vec<Body>),
    Reopen,
    Chores,
    Close,
}

/// The device's thread.
pub(super) fn run(worker: &Mutex<Worker>) {
    let shared = {
        let mut worker = lock(worker);
        if worker.config.is_kept() {
            // Failing is no news yet: it is tried again with the first line.
            let _ = worker.ready();
        }
        let shared = worker.shared.clone();
        worker.give_back(&mut shared.lock());
        shared
    };
    loop {
        let work = next(&shared);
        let mut worker = lock(worker);
        match work {
            Work::Lines(bodies) => {
                if worker.take(&bodies) {
                    worker.chores();
                }
            }
            Work::Reopen => worker.reopen(),
            Work::Chores => worker.chores(),
            Work::Close => {
                worker.close();
                break;
            }
        }
        worker.give_back(&mut shared.lock());
    }
    let mut queue = shared.lock();
    queue.unsynced = None;
    queue.ended = true;
    drop(queue);
    shared.ended.notify_all();
}

/// Writes lines on the thread of who submits them, which has marked the device as busy. If the file is not as it was
/// left they are the device's thread's to write.
pub(super) fn write_at_once(worker: &Mutex<Worker>, bodies: Vec<Body>) -> Submitted {
    let mut worker = lock(worker);
    let shared = worker.shared.clone();
    if !worker.is_ready() {
        let queue = shared.lock();
        shared.set_busy(false);
        let size = bodies.iter().map(|it| it.text.len()).sum();
        return Submitted::Waits(shared.wait_in(queue, bodies, size));
    }
    let written = worker.report(|it| it.write(&bodies)).is_some();
    if !written {
        worker.lose_file();
    }
    let mut queue = shared.lock();
    // Whoever watches has given it up meanwhile, and said so to all who waited.
    let in_time = !std::mem::take(&mut queue.stalled);
    if written && !queue.entries.is_empty() {
        // Whoever came meanwhile is served before the device's thread could be.
        let bodies = queue.take_entries();
        drop(queue);
        worker.take(&bodies);
        queue = shared.lock();
    }
    worker.let_go(queue);
    if written && in_time { Submitted::Accepted } else { Submitted::Refused }
}

/// Writes what is gathered in the queue, on the thread of one of those whose it is. If somebody writes already they take
/// it along; if the file is not as it was left it is the device's thread's to write.
pub(super) fn write_gathered(worker: &Mutex<Worker>, shared: &Shared) {
    let queue = shared.lock();
    if queue.entries.is_empty() || shared.is_busy() {
        return;
    }
    shared.set_busy(true);
    drop(queue);
    let mut worker = lock(worker);
    let is_ready = worker.is_ready();
    let mut queue = shared.lock();
    if !is_ready {
        shared.set_busy(false);
        drop(queue);
        shared.wake.notify_one();
        return;
    }
    let bodies = queue.take_entries();
    drop(queue);
    let written = worker.report(|it| it.write(&bodies)).is_some();
    worker.tell(written);
    let mut queue = shared.lock();
    // Whoever watches has given it up meanwhile, and said so to all who waited.
    queue.stalled = false;
    worker.let_go(queue);
}

/// What the device's thread has to do next; it is marked as busy.
fn next(shared: &Shared) -> Work {
    let mut queue = shared.lock();
    loop {
        if !shared.is_busy() {
            // Whatever took so long has come back.
            queue.stalled = false;
            if let Some(work) = queue.work() {
                shared.set_busy(true);
                return work;
            }
        }
        // Also while somebody writes, who need not wake this thread when done: then not at once.
        let least = if shared.is_busy() { Duration::from_millis(1) } else { Duration::ZERO };
        let due = queue.sign_by.map(|it| it.saturating_duration_since(Instant::now()).max(least));
        let waited = match due {
            None => shared.wake.wait(queue).map_err(|it| it.into_inner()),
            Some(due) => shared.wake.wait_timeout(queue, due).map(|it| it.0).map_err(|it| it.into_inner().0),
        };
        queue = waited.unwrap_or_else(|it| it);
    }
}

impl Queue {
    fn take_entries(&mut self) -> Vec<Body> {
        self.bytes = 0;
        let mut bodies = Vec::with_capacity(self.entries.len() * 2);
        for entry in std::mem::take(&mut self.entries) {
            bodies.extend(entry.bodies);
            self.in_flight.push(entry.accepted);
        }
        bodies
    }

    fn work(&mut self) -> Option<Work> {
        if !self.entries.is_empty() {
            return Some(Work::Lines(self.take_entries()));
        }
        if self.closing {
            return Some(Work::Close);
        }
        if std::mem::take(&mut self.reopen) {
            return Some(Work::Reopen);
        }
        let due = self.sign_by.is_some_and(|it| it <= Instant::now());
        (std::mem::take(&mut self.chores) || due).then_some(Work::Chores)
    }
}

fn lock(worker: &Mutex<Worker>) -> MutexGuard<'_, Worker> {
    worker.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Worker {
    /// `stored` is how far the store knows the chain.
    pub(super) fn new(
        config: DeviceConfig,
        shared: Arc<Shared>,
        node: Arc<Node>,
        stored: Option<Head>,
    ) -> Self {
        let now = Instant::now();
        Self {
            config,
            shared,
            node,
            sink: None,
            head: stored.unwrap_or_default(),
            stored,
            begun: None,
            reason: "unsealed",
            unsigned: 0,
            signed_at: now,
            space_at: now,
            buffer: Vec::new(),
            unsynced: 0,
        }
    }

    /// Writes what waited, and says so to whose it was. Whether it is written.
    fn take(&mut self, bodies: &[Body]) -> bool {
        let outcome = self.report(|it| {
            it.ready()?;
            it.write(bodies)?;
            if it.config.sync == Sync::Always {
                it.sink.as_ref().map_or(Ok(()), Sink::sync)?;
            }
            Ok(())
        });
        self.tell(outcome.is_some())
    }

    /// Tells those whose lines were being written what became of them.
    fn tell(&mut self, written: bool) -> bool {
        let waiters = std::mem::take(&mut self.shared.lock().in_flight);
        if written {
            for waiter in waiters {
                // Whoever has gone away needs no answer.
                let _ = waiter.send(());
            }
        } else {
            self.lose_file();
        }
        written
    }

    /// The next line begins with opening it anew: that looks at what the file really holds.
    fn lose_file(&mut self) {
        (self.sink, self.reason) = (None, "failed");
    }

    /// Says how far the device has got, and lets go of it.
    fn give_back(&mut self, queue: &mut Queue) {
        self.shared.set_busy(false);
        queue.head = self.head;
        queue.waiting_since = (!queue.entries.is_empty()).then(Instant::now);
        queue.sign_by = (self.unsigned > 0).then(|| self.signed_at + self.config.checkpoint_after);
        if let Some(Sink::File(file)) = &self.sink
            && self.config.sync == Sync::Interval
        {
            queue.unsynced = Some(file.handle());
            queue.unsynced_bytes = queue.unsynced_bytes.saturating_add(std::mem::take(&mut self.unsynced));
        }
    }

    /// Gives the device back after a write on a request's thread, and leaves to the device's thread what is its.
    fn let_go(&mut self, mut queue: MutexGuard<'_, Queue>) {
        let was_signed = queue.sign_by.is_none();
        self.give_back(&mut queue);
        queue.chores |= self.is_due();
        let begins = was_signed && queue.sign_by.is_some();
        let wakes = begins || queue.closing || !queue.is_idle();
        drop(queue);
        if wakes {
            self.shared.wake.notify_one();
        }
    }

    /// Whether there is something that only the device's thread does.
    fn is_due(&self) -> bool {
        self.unsigned >= CHECKPOINT_LINES || self.rotation_is_due()
    }

    /// Does `what`, and says so once when it begins or ceases to fail.
    fn report(&mut self, what: impl FnOnce(&mut Self) -> io::Result<()>) -> Option<()> {
        let outcome = what(self);
        let was = std::mem::replace(&mut self.shared.lock().failing, outcome.is_err());
        match &outcome {
            Err(error) if !was => {
                tracing::error!(device = %self.config.path, %error, "the audit device fails")
            }
            Ok(()) if was => tracing::info!(device = %self.config.path, "the audit device works again"),
            _ => {}
        }
        outcome.ok()
    }

    /// Whether there is something to write to, and if it is a file, whether it is as it was left.
    fn is_ready(&self) -> bool {
        match &self.sink {
            Some(Sink::File(file)) => file.is_as_left(),
            Some(_) => true,
            None => false,
        }
    }

    /// Makes sure that there is something to write to, and that it is what was left.
    fn ready(&mut self) -> io::Result<()> {
        if let Some(Sink::File(file)) = &mut self.sink {
            match file.fate()? {
                Fate::AsLeft => return Ok(()),
                Fate::Deleted => (self.sink, self.reason) = (None, "deleted"),
                Fate::Truncated => return self.begin("truncated", None, None),
            }
        }
        match &self.config.sink {
            _ if self.sink.is_some() => Ok(()),
            SinkConfig::File { path, mode } => {
                let (file, found) = open_when_free(path, *mode)?;
                self.adopt(file, found)
            }
            other => {
                self.sink = Some(Sink::open(other, &self.shared.ring)?);
                self.begin(self.reason, None, None)
            }
        }
    }

    /// Goes on where a file ends.
    fn adopt(&mut self, file: LogFile, found: Found) -> io::Result<()> {
        let foreign = found.store.as_ref().is_some_and(|it| *it != self.node.store);
        if foreign && !found.is_empty {
            // Another store's log: put aside, not continued.
            let seconds = self.node.time.now().unix_seconds();
            let (file, found) = file.rotate(u64::try_from(seconds).unwrap_or(0))?;
            return self.adopt(file, Found { is_empty: true, ..found });
        }
        let mut missing = None;
        match (found.head, self.stored.take()) {
            // The file ends before a line that the store knows was written: the gap stays visible.
            (Some(end), Some(stored)) if end.seq < stored.seq => {
                missing = Some(end.seq + 1);
                tracing::error!(device = %self.config.path, "lines at the end of the audit file are missing");
            }
            (Some(end), _) if end.seq >= self.head.seq => self.head = end,
            _ => {}
        }
        self.begun = found.begun.or_else(|| Some(self.node.time.now()));
        self.sink = Some(Sink::File(file));
        let outcome = self.begin(self.reason, found.torn.as_ref(), missing);
        if outcome.is_err() {
            self.sink = None;
        }
        outcome
    }

    /// Writes the line with which a file, or a run, begins; before it, what closes a torn line.
    fn begin(&mut self, reason: &str, torn: Option<&Torn>, missing: Option<u64>) -> io::Result<()> {
        let now = self.node.time.now();
        let mut bodies = Vec::new();
        if let Some(torn) = torn {
            let mut out = line::open("recovered", now, 256);
            text::number(&mut out, "torn_bytes", torn.bytes);
            text::text(&mut out, "torn_sha256", &data_encoding::HEXLOWER.encode(&torn.hash));
            text::text(&mut out, "previous", &self.head.hex());
            out.push(b'}');
            bodies.push(Body::new(out));
            self.buffer.push(b'\n');
        }
        let mut out = line::open("start", now, 512);
        text::number(&mut out, "version", 1);
        text::text(&mut out, "reason", reason);
        text::text(&mut out, "store", &self.node.store);
        text::text(&mut out, "device", &self.config.path);
        text::text(&mut out, "key", &data_encoding::HEXLOWER.encode(&self.node.signer.public()));
        self.node.anchor(&mut out);
        if torn.is_none() {
            text::text(&mut out, "previous", &self.head.hex());
        }
        if let Some(missing) = missing {
            text::number(&mut out, "missing_from", missing);
            text::number(&mut out, "missing_to", self.head.seq);
        }
        out.push(b'}');
        bodies.push(Body::new(out));
        let outcome = self.write(&bodies);
        self.shared.lock().head = self.head;
        outcome
    }

    fn write(&mut self, bodies: &[Body]) -> io::Result<()> {
        let mut head = self.head;
        for body in bodies {
            head.append(&mut self.buffer, &body.text, &body.hash);
        }
        let outcome = match &mut self.sink {
            Some(sink) => sink.append(&self.buffer),
            None => Err(io::ErrorKind::NotConnected.into()),
        };
        self.unsynced = self.unsynced.saturating_add(self.buffer.len());
        self.buffer.clear();
        self.buffer.shrink_to(KEPT_BUFFER);
        outcome?;
        self.head = head;
        if self.unsigned == 0 {
            self.signed_at = Instant::now();
        }
        self.unsigned += u64::try_from(bodies.len()).unwrap_or(u64::MAX);
        Ok(())
    }

    /// Signs the chain as it stands.
    fn checkpoint(&mut self) -> io::Result<()> {
        let now = self.node.time.now();
        let signed = chain::signed(&self.node.store, &self.config.path, &now.rfc3339(), self.head);
        let mut out = line::open("checkpoint", now, 512);
        text::text(&mut out, "store", &self.node.store);
        text::text(&mut out, "device", &self.config.path);
        text::text(&mut out, "signature", &data_encoding::HEXLOWER.encode(&self.node.signer.sign(&signed)));
        self.node.anchor(&mut out);
        out.push(b'}');
        self.write(&[Body::new(out)])?;
        (self.unsigned, self.signed_at) = (0, Instant::now());
        self.shared.lock().head = self.head;
        Ok(())
    }

    fn chores(&mut self) {
        self.tick();
        self.rotate_if_due();
    }

    /// Signs what is not, and closes.
    fn close(&mut self) {
        if self.sink.is_some() && self.unsigned > 0 {
            self.report(|it| it.checkpoint());
        }
        // What cannot be synced now is what a crash would leave.
        let _ = self.sink.as_ref().map(Sink::sync);
        // The file is unlocked before whoever waits goes on to open it.
        self.sink = None;
    }

    fn tick(&mut self) {
        let due =
            self.unsigned >= CHECKPOINT_LINES || self.signed_at.elapsed() >= self.config.checkpoint_after;
        if self.unsigned > 0 && due {
            self.report(Self::checkpoint);
            // Also if it failed: it is tried again in a second, or with the next line.
            self.signed_at = Instant::now();
        }
        if let SinkConfig::File { path, .. } = &self.config.sink
            && self.space_at.elapsed() >= LOOK_AT_SPACE
        {
            self.space_at = Instant::now();
            let low = sink::free_space(path).is_some_and(|it| it < LOW_SPACE);
            let was = std::mem::replace(&mut self.shared.lock().low_space, low);
            if low && !was {
                tracing::error!(device = %self.config.path, "the disk with the audit file is nearly full");
            }
        }
    }

    fn reopen(&mut self) {
        let Some(Sink::File(file)) = &self.sink else { return };
        if file.is_current() {
            return;
        }
        self.report(|it| {
            if it.unsigned > 0 {
                it.checkpoint()?;
            }
            (it.sink, it.reason) = (None, "reopened");
            it.ready()
        });
    }

    fn rotation_is_due(&self) -> bool {
        let rotation = self.config.rotation;
        let Some(Sink::File(file)) = &self.sink else { return false };
        let is_old = |it: Timestamp| self.node.time.now().since(it) >= rotation.age;
        rotation.size > 0 && file.len() >= rotation.size
            || !rotation.age.is_zero() && self.begun.is_some_and(is_old)
    }

    fn rotate_if_due(&mut self) {
        if !self.rotation_is_due() {
            return;
        }
        let rotation = self.config.rotation;
        self.report(|it| {
            it.checkpoint()?;
            let Some(Sink::File(file)) = &it.sink else { return Ok(()) };
            file.sync()?;
            let (next, found) = file.rotate(it.head.seq)?;
            if rotation.keep > 0 {
                next.prune(rotation.keep)?;
            }
            it.reason = "rotated";
            it.adopt(next, Found { is_empty: true, ..found })
        });
    }
}

/// Opens the file; the run before, of this process, may be about to close it.
fn open_when_free(path: &std::path::Path, mode: u32) -> io::Result<(LogFile, Found)> {
    let begun = Instant::now();
    loop {
        match LogFile::open(path, mode) {
            Err(error)
                if error.kind() == io::ErrorKind::WouldBlock && begun.elapsed() < Duration::from_secs(1) =>
            {
                std::thread::sleep(Duration::from_millis(10));
            }
            outcome => return outcome,
        }
    }
}
