//! What happens beside the requests: one thread that notices devices which hang, syncs files each second or when much
//! was written, writes late lines, and tells the store how far the chains have got.

use std::{
    collections::HashMap,
    pin::pin,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker},
    thread::Thread,
    time::{Duration, Instant},
};

use super::{
    broker::{Broker, Devices, Late},
    chain::Head,
    device::Node,
    flood::{Flood, Suppressed},
    line,
    stored::{self, StoredHead},
    text,
};
use crate::{error::Result, storage::Priority, store::Store, tx::Attempts};

const LOOK: Duration = Duration::from_millis(50);
const SAVE: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct Keeper(Arc<State>);

#[derive(Default)]
struct State {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Default)]
struct Inner {
    /// None: not started, or stopped.
    watched: Option<Arc<Devices>>,
    running: bool,
    stopped: bool,
}

impl Keeper {
    /// Looks after these devices from now on.
    pub(super) fn watch(&self, devices: &Arc<Devices>, broker: &Broker) {
        let mut inner = self.0.lock();
        if inner.stopped || (devices.list.is_empty() && !inner.running) {
            return;
        }
        inner.watched = Some(devices.clone());
        if std::mem::replace(&mut inner.running, true) {
            return;
        }
        drop(inner);
        let state = self.0.clone();
        let round = Round {
            store: broker.store().clone(),
            node: broker.node().clone(),
            late: broker.late().clone(),
            flood: broker.flood().clone(),
            saved: HashMap::new(),
            saved_at: Instant::now(),
        };
        if std::thread::Builder::new()
            .name("audit-keeper".to_owned())
            .spawn(move || state.run(round))
            .is_err()
        {
            self.0.lock().running = false;
        }
    }

    /// Saves the heads a last time and ends; the devices themselves go on.
    pub(super) fn stop(&self) {
        let mut inner = self.0.lock();
        inner.stopped = true;
        self.0.changed.notify_all();
        let wait = self.0.changed.wait_timeout_while(inner, SAVE, |it| it.running);
        drop(wait.unwrap_or_else(PoisonError::into_inner));
    }
}

impl State {
    fn run(&self, mut round: Round) {
        loop {
            let inner = self.lock();
            let waited = self.changed.wait_timeout_while(inner, LOOK, |it| !it.stopped);
            let (inner, _) = waited.unwrap_or_else(PoisonError::into_inner);
            let (devices, stopped) = (inner.watched.clone(), inner.stopped);
            drop(inner);
            if let Some(devices) = &devices {
                round.go(devices, stopped);
            }
            if stopped {
                break;
            }
        }
        // The store's keys go with this.
        drop(round);
        let mut inner = self.lock();
        inner.watched = None;
        inner.running = false;
        drop(inner);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Round {
    store: Arc<Store>,
    node: Arc<Node>,
    late: Arc<Late>,
    flood: Arc<Flood>,
    saved: HashMap<String, Head>,
    saved_at: Instant,
}

impl Round {
    fn go(&mut self, devices: &Devices, last: bool) {
        devices.list.iter().for_each(|it| it.watch());
        if !self.late.is_empty() && devices.list.iter().any(|it| it.is_healthy()) {
            // What is not taken waits on; the devices say themselves what is wrong.
            let _ = wait_for(self.late.write(devices), Duration::from_secs(1));
        }
        if !last && self.saved_at.elapsed() < SAVE {
            devices.list.iter().filter(|it| it.has_much_to_sync()).for_each(|it| it.sync());
            return;
        }
        self.saved_at = Instant::now();
        self.late.extend(self.flood.take_suppressed().into_iter().map(|it| self.suppressed(it)));
        for device in devices.list.iter().filter(|it| it.config.is_kept()) {
            device.sync();
            let head = device.head();
            if head.seq == 0 || self.saved.get(&device.config.path) == Some(&head) {
                continue;
            }
            match wait_for(self.save(&device.config.path, head), Duration::from_secs(5)) {
                Some(Ok(())) => {
                    self.saved.insert(device.config.path.clone(), head);
                }
                Some(Err(error)) => tracing::warn!(%error, "the audit log's head could not be stored"),
                None => tracing::warn!("the store does not take the audit log's head"),
            }
        }
    }

    /// The line that stands for requests of strangers that were not recorded one by one.
    fn suppressed(&self, it: Suppressed) -> Vec<u8> {
        let mut out = line::open("suppressed", self.node.time.now(), 192);
        if let Some(network) = it.network {
            let network = network.to_string();
            text::object(&mut out, "request", |out| text::text(out, "remote_address", &network));
        }
        text::number(&mut out, "count", it.count);
        out.push(b'}');
        out
    }

    async fn save(&self, path: &str, head: Head) -> Result<()> {
        let place = stored::head_place(&self.store, path);
        let mut attempts = Attempts::new(&self.store, Priority::Background);
        loop {
            let mut tx = attempts.begin()?;
            tx.put(&place, &StoredHead::new(head, self.node.time.now()))?;
            if attempts.commit(tx).await? {
                return Ok(());
            }
        }
    }
}

/// Runs a future to its end on this thread, or to the limit. No runtime: an embedder may have none.
fn wait_for<T>(future: impl Future<Output = T>, limit: Duration) -> Option<T> {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    let begun = Instant::now();
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return Some(value);
        }
        std::thread::park_timeout(limit.checked_sub(begun.elapsed())?);
    }
}
