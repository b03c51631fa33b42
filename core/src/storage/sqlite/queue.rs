//! The two queues between the callers and the writer thread.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use crate::storage::{Batch, CommitError, Priority, Rev, Rows, StorageError, Witness};

/// Batches that wait at most, interactive and background; more answer "busy".
const INTERACTIVE: usize = 4096;
const BACKGROUND: usize = 256;
/// Bytes of all batches that wait.
const BYTES: usize = 64 << 20;

/// What one physical commit takes at most: it bounds how long the batch behind it waits.
const GROUP_BATCHES: usize = 512;
const GROUP_BYTES: usize = 8 << 20;
/// Background operations in one physical commit, which then gives way to what has come in meanwhile.
const BACKGROUND_OPS: usize = 100;

/// How long a physical commit waits at most for those who were in the last one.
const LINGER: Duration = Duration::from_micros(100);

/// One batch and who waits for it.
pub(super) struct Job {
    pub(super) batch: Batch,
    pub(super) witness: Option<Arc<dyn Witness>>,
    pub(super) answer: oneshot::Sender<Result<Rev, CommitError>>,
}

/// Other rows for all there are, and who waits for them.
pub(super) struct Replacement {
    pub(super) rows: Rows,
    pub(super) answer: oneshot::Sender<Result<(), StorageError>>,
}

/// What the writer is to do next.
pub(super) enum Turn {
    /// Never empty, and all of one witness.
    Group(Vec<Job>),
    /// No batch waits that was handed over before.
    Replace(Replacement),
    /// To be told that no batch waits that was handed over before, and none is being committed.
    Settled(Vec<oneshot::Sender<()>>),
    /// The time has come that was given.
    Timeout,
    /// Nothing waits, and nothing will come any more.
    Close,
}

#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    interactive: VecDeque<Job>,
    background: VecDeque<Job>,
    replacement: Option<Replacement>,
    settled: Vec<oneshot::Sender<()>>,
    bytes: usize,
    closed: bool,
    /// The writer sleeps: only then does waking it cost a system call.
    asleep: bool,
    /// Batches that it sleeps for.
    wanted: usize,
}

impl Queue {
    pub(super) fn push(&self, job: Job) -> Result<(), StorageError> {
        let mut state = self.lock();
        if state.closed {
            return Err(StorageError::Closed);
        }
        let bytes = state.bytes.saturating_add(job.batch.size());
        let (queue, limit) = match job.batch.priority {
            Priority::Interactive => (&mut state.interactive, INTERACTIVE),
            Priority::Background => (&mut state.background, BACKGROUND),
        };
        if queue.len() >= limit || bytes > BYTES {
            return Err(StorageError::Busy);
        }
        queue.push_back(job);
        state.bytes = bytes;
        if state.asleep && state.waiting() >= state.wanted {
            state.asleep = false;
            self.wake.notify_one();
        }
        Ok(())
    }

    /// One at a time: a second one answers "busy".
    pub(super) fn push_replacement(&self, replacement: Replacement) -> Result<(), StorageError> {
        let mut state = self.lock();
        if state.closed {
            return Err(StorageError::Closed);
        }
        if state.replacement.is_some() {
            return Err(StorageError::Busy);
        }
        state.replacement = Some(replacement);
        self.wake.notify_one();
        Ok(())
    }

    /// Has somebody told when nothing waits any more.
    pub(super) fn push_settled(&self, answer: oneshot::Sender<()>) -> Result<(), StorageError> {
        let mut state = self.lock();
        if state.closed {
            return Err(StorageError::Closed);
        }
        state.settled.push(answer);
        self.wake.notify_one();
        Ok(())
    }

    /// Waits for work, at most until `deadline`.
    ///
    /// Whoever was answered last will often come again at once. Taking the first of them alone would make many
    /// small commits out of one, each as dear as the whole; so for a moment it waits for most of them.
    pub(super) fn next(&self, deadline: Option<Instant>) -> Turn {
        let mut state = self.lock();
        let mut linger = (state.wanted > 1).then(|| Instant::now() + LINGER);
        loop {
            let now = Instant::now();
            if linger.is_some_and(|it| it <= now) || state.closed {
                linger = None;
            }
            if linger.is_none() {
                state.wanted = 1;
            }
            if state.waiting() >= state.wanted {
                return Turn::Group(state.take_group());
            }
            if state.waiting() == 0 && !state.settled.is_empty() {
                return Turn::Settled(std::mem::take(&mut state.settled));
            }
            if state.waiting() == 0
                && let Some(replacement) = state.replacement.take()
            {
                return Turn::Replace(replacement);
            }
            if state.closed {
                return Turn::Close;
            }
            if deadline.is_some_and(|it| it <= now) && linger.is_none() {
                return Turn::Timeout;
            }
            state.asleep = true;
            state = match linger.or(deadline).map(|it| it.saturating_duration_since(now)) {
                Some(left) => self.wake.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
                None => self.wake.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
            state.asleep = false;
        }
    }

    /// From now on nothing is taken; what waits is still done.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.wake.notify_one();
    }

    /// The writer has gone: whoever still waits learns it by the answer's end.
    pub(super) fn abandon(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.interactive.clear();
        state.background.clear();
        state.replacement = None;
        state.settled.clear();
    }

    /// The lock is held over moves only; none of them can leave the queues half done.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn waiting(&self) -> usize {
        self.interactive.len() + self.background.len()
    }

    fn take_group(&mut self) -> Vec<Job> {
        let mut group = Group::default();
        group.fill(&mut self.interactive, usize::MAX);
        group.fill(&mut self.background, BACKGROUND_OPS);
        self.bytes = self.bytes.saturating_sub(group.bytes);
        self.wanted = group.jobs.len() * 3 / 4;
        group.jobs
    }
}

#[derive(Default)]
struct Group {
    jobs: Vec<Job>,
    bytes: usize,
}

impl Group {
    fn takes(&self, job: &Job) -> bool {
        let Some(first) = self.jobs.first() else {
            return true;
        };
        let same = match (&first.witness, &job.witness) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        same && self.jobs.len() < GROUP_BATCHES && self.bytes + job.batch.size() <= GROUP_BYTES
    }

    /// Takes from the front while there is room, at most `ops` operations but at least one batch.
    fn fill(&mut self, queue: &mut VecDeque<Job>, ops: usize) {
        let mut taken = 0;
        while let Some(job) = queue.front() {
            let after = taken + job.batch.ops.len();
            if !self.takes(job) || (taken > 0 && after > ops) {
                return;
            }
            taken = after;
            self.bytes += job.batch.size();
            self.jobs.extend(queue.pop_front());
        }
    }
}
