//! The one thread that writes.
//!
//! The life of a batch here: it waits in the queue, goes into a physical commit with whatever else waits, is
//! answered; or, if old ciphertext must be gone, waits for the next scrub and is answered then.

use std::{
    fs::File,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{
    Shared,
    error::Failure,
    group,
    queue::{Job, Replacement, Turn},
    replace,
    sweep::Sweep,
    wal::{Checkpointer, Progress},
};
use crate::storage::{Batch, CommitError, Rev, StorageError};

/// A snapshot that is older than this gives way to a scrub.
const SNAPSHOT_GRACE: Duration = Duration::from_secs(30);
/// Batches that wait for a scrub at most before it is made at once.
const SCRUB_BATCHES: usize = 4096;
/// Nobody waits for the later turns of a sweep, which come in so many times the interval.
const UNHURRIED: u32 = 3;
/// How long a scrub waits for readers, while commits wait for it.
const SCRUB_WAIT: Duration = Duration::from_millis(100);

pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) conn: Connection,
    pub(super) wal: PathBuf,
    pub(super) file: Arc<File>,
    pub(super) sweep: Sweep,
    pub(super) checkpointer: Checkpointer,
    pub(super) scrubs: Scrubs,
}

/// Committed batches whose old values are still on the medium.
pub(super) struct Scrubs {
    waiting: Vec<(oneshot::Sender<Result<Rev, CommitError>>, Rev)>,
    /// What was in the log when the store was opened is still there.
    owed: bool,
    interval: Duration,
    /// Not before this. A scrub makes the commits behind it dearer.
    next: Instant,
}

impl Scrubs {
    pub(super) fn new(interval: Duration, owed: bool) -> Self {
        Self { waiting: Vec::new(), owed, interval, next: Instant::now() }
    }

    /// When the next scrub is to be made, for batches that wait or for what the last one has left.
    fn deadline(&self, sweep: &Sweep) -> Option<Instant> {
        match (self.waiting.is_empty(), sweep.is_done()) {
            (true, true) => self.owed.then(|| self.next + self.interval),
            (true, false) => Some(self.next + self.interval * UNHURRIED),
            (false, _) => Some(self.next),
        }
    }

    fn due(&self, sweep: &Sweep) -> bool {
        self.waiting.len() >= SCRUB_BATCHES || self.deadline(sweep).is_some_and(|it| it <= Instant::now())
    }
}

impl Writer {
    /// Until the storage is closed. Whatever happens, nobody is left waiting.
    pub(super) fn run(mut self) {
        loop {
            match self.shared.queue.next(self.scrubs.deadline(&self.sweep)) {
                Turn::Group(jobs) => self.commit(jobs),
                Turn::Replace(replacement) => self.replace(replacement),
                // A caller that has stopped waiting is no error.
                Turn::Settled(waiting) => waiting.into_iter().for_each(|it| _ = it.send(())),
                Turn::Timeout => {}
                Turn::Close => break,
            }
            if self.scrubs.due(&self.sweep) {
                self.scrub();
            }
        }
        self.finish();
    }

    fn commit(&mut self, jobs: Vec<Job>) {
        let batches: Vec<&Batch> = jobs.iter().map(|it| &it.batch).collect();
        let witness = jobs.first().and_then(|it| it.witness.as_ref());
        let pages = pages(&batches);
        // A panic (a witness's, say) rolls the transaction back and must not take the thread with it.
        let commit = || group::commit(&mut self.conn, &self.shared.cache, &batches, witness);
        let outcome = catch_unwind(AssertUnwindSafe(commit)).unwrap_or(Err(Failure::Panicked));
        match outcome {
            Ok(answers) => jobs.into_iter().zip(answers).for_each(|(job, answer)| self.answer(job, answer)),
            Err(failure) => {
                tracing::error!(error = %failure, "a commit failed");
                for job in jobs {
                    let _ = job.answer.send(Err(failure.clone().into()));
                }
            }
        }
        self.checkpointer.wrote(&self.conn, pages);
    }

    fn replace(&mut self, Replacement { rows, answer }: Replacement) {
        // What they show is about to go, and the log cannot begin anew while they look into it.
        self.shared.snapshots.end(Duration::ZERO);
        let replace = || replace::run(&mut self.conn, rows);
        let outcome = catch_unwind(AssertUnwindSafe(replace))
            .unwrap_or_else(|_| Err(StorageError::Io(Box::new(Failure::Panicked))));
        // A reader that fetched an old row has a placeholder for it, which goes too.
        self.shared.cache.clear();
        if outcome.is_ok()
            && let Err(failure) = self.empty()
        {
            tracing::error!(error = %failure, "the log could not be emptied of the rows that were replaced");
        }
        let _ = answer.send(outcome);
    }

    /// A caller that has stopped waiting is no error.
    fn answer(&mut self, job: Job, answer: Result<Rev, CommitError>) {
        match answer {
            Ok(rev) if job.batch.scrub => self.scrubs.waiting.push((job.answer, rev)),
            answer => {
                let _ = job.answer.send(answer);
            }
        }
    }

    /// The rows themselves were overwritten as they went. What is left are older images of their pages in the
    /// log, and copies in the middle of pages. Readers that still need the log make it wait for the next turn.
    fn scrub(&mut self) {
        self.shared.snapshots.end(SNAPSHOT_GRACE);
        let _ = self.conn.busy_timeout(SCRUB_WAIT);
        let outcome = self.empty();
        let _ = self.conn.busy_timeout(Duration::from_secs(5));
        self.scrubs.next = Instant::now() + self.scrubs.interval;
        match outcome {
            Ok(Progress::Whole) => {
                self.scrubs.owed = false;
                self.scrubs.waiting.drain(..).for_each(|(answer, rev)| drop(answer.send(Ok(rev))));
            }
            Ok(Progress::Part) => {}
            Err(failure) => {
                tracing::error!(error = %failure, "old ciphertext could not be removed");
                self.scrubs.owed = false;
                let failed =
                    |(answer, _): (oneshot::Sender<_>, _)| drop(answer.send(Err(failure.clone().into())));
                self.scrubs.waiting.drain(..).for_each(failed);
            }
        }
    }

    fn empty(&mut self) -> Result<Progress, Failure> {
        let progress = self.checkpointer.empty(&self.conn, &self.wal)?;
        if !self.scrubs.waiting.is_empty() {
            self.sweep.begin();
        }
        if progress == Progress::Whole && !self.sweep.is_done() {
            self.sweep.run(&self.file)?;
            // Or the pages in memory would bring back what they have in their middles.
            self.conn.release_memory()?;
        }
        Ok(progress)
    }

    fn finish(mut self) {
        self.shared.readers.close();
        self.shared.snapshots.end(Duration::ZERO);
        self.checkpointer.stop();
        self.scrub();
        if let Err((_, error)) = self.conn.close() {
            tracing::error!(%error, "the store was not closed cleanly");
        }
    }
}

/// An estimate: each row changes a page of its own, and a long value several.
fn pages(batches: &[&Batch]) -> usize {
    batches.iter().map(|it| it.ops.len() + it.size() / 4096).sum::<usize>() + 2
}
