//! Who is connected: caps on how many, and deadlines on what is waited for.
//!
//! A connection waits for a request's head, serves, or idles. One sweep a second closes those that wait too
//! long, so that a request costs a few atomic stores and no timer.
//!
//! ```text
//! new --first bytes--> head --request--> serving --answer--> idle --first bytes--> head ...
//! ```

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, AtomicU32, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::Notify,
};

use crate::{framing::Framing, http::Limits};

/// What bounds the connections of all listeners together.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// From one address (one /64 of IPv6).
    pub per_peer: u32,
    pub total: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Self { per_peer: 1024, total: 8192 }
    }
}

/// Every connection that is open.
pub struct Connections {
    caps: Caps,
    began: Instant,
    /// Whole seconds since `began`, moved by the sweep: good enough for deadlines.
    now: AtomicU32,
    open: Mutex<Open>,
    emptied: Notify,
}

#[derive(Default)]
struct Open {
    next: u64,
    all: HashMap<u64, Arc<Connection>>,
    per_peer: HashMap<IpAddr, u32>,
}

/// One connection's progress.
pub(crate) struct Connection {
    limits: Limits,
    phase: AtomicU8,
    /// When the phase began; idle connections move it with each write.
    since: AtomicU32,
    in_flight: AtomicU32,
    /// Notified when it is to end now.
    pub(crate) close: Notify,
}

const HEAD: u8 = 0;
const IDLE: u8 = 1;

impl Connections {
    pub fn new(caps: Caps) -> Arc<Self> {
        Arc::new(Self {
            caps,
            began: Instant::now(),
            now: AtomicU32::new(0),
            open: Mutex::default(),
            emptied: Notify::new(),
        })
    }

    // Rule 104
    /// Lets a connection in, or not: then it is to be dropped at once.
    pub(crate) fn admit(self: &Arc<Self>, peer: Option<IpAddr>, limits: &Limits) -> Option<Admission> {
        let peer = peer.map(network_of);
        let mut open = self.lock();
        if open.all.len() >= self.caps.total {
            return None;
        }
        if let Some(peer) = peer {
            let count = open.per_peer.entry(peer).or_default();
            if *count >= self.caps.per_peer {
                return None;
            }
            *count += 1;
        }
        let id = open.next;
        open.next += 1;
        let connection = Arc::new(Connection {
            limits: limits.clone(),
            phase: AtomicU8::new(HEAD),
            since: AtomicU32::new(self.now.load(Relaxed)),
            in_flight: AtomicU32::new(0),
            close: Notify::new(),
        });
        open.all.insert(id, connection.clone());
        Some(Admission { table: self.clone(), id, peer, connection })
    }

    pub fn count(&self) -> usize {
        self.lock().all.len()
    }

    /// Closes what has waited too long; ends never.
    pub(crate) async fn sweep(&self) {
        let mut ticks = tokio::time::interval(Duration::from_secs(1));
        loop {
            ticks.tick().await;
            let now = u32::try_from(self.began.elapsed().as_secs()).unwrap_or(u32::MAX);
            self.now.store(now, Relaxed);
            for connection in self.lock().all.values().filter(|it| it.is_overdue(now)) {
                connection.close.notify_one();
            }
        }
    }

    /// Waits until all are closed.
    pub(crate) async fn all_closed(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.count() == 0 {
                return;
            }
            emptied.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An IPv6 host has a whole /64 to itself.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        address => address,
    }
}

/// A place among the connections, given back when dropped.
pub(crate) struct Admission {
    table: Arc<Connections>,
    id: u64,
    peer: Option<IpAddr>,
    pub(crate) connection: Arc<Connection>,
}

impl Admission {
    /// To be called where a request's head has been read.
    pub(crate) fn serving(&self) -> Serving<'_> {
        self.connection.in_flight.fetch_add(1, Relaxed);
        Serving(self)
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut open = self.table.lock();
        open.all.remove(&self.id);
        if let Some(peer) = self.peer
            && let Some(count) = open.per_peer.get_mut(&peer)
        {
            *count -= 1;
            if *count == 0 {
                open.per_peer.remove(&peer);
            }
        }
        if open.all.is_empty() {
            self.table.emptied.notify_waiters();
        }
    }
}

/// A request under way on a connection.
pub(crate) struct Serving<'a>(&'a Admission);

impl Drop for Serving<'_> {
    fn drop(&mut self) {
        let connection = &self.0.connection;
        if connection.in_flight.fetch_sub(1, Relaxed) == 1 {
            connection.phase.store(IDLE, Relaxed);
            connection.since.store(self.0.table.now.load(Relaxed), Relaxed);
        }
    }
}

impl Connection {
    fn is_overdue(&self, now: u32) -> bool {
        if self.in_flight.load(Relaxed) > 0 {
            return false;
        }
        let deadline = match self.phase.load(Relaxed) {
            HEAD => self.limits.head_deadline,
            _ => self.limits.idle_deadline,
        };
        u64::from(now.saturating_sub(self.since.load(Relaxed))) > deadline.as_secs()
    }

    fn has_read(&self, now: u32) {
        if self.in_flight.load(Relaxed) > 0 {
            return;
        }
        if self.phase.swap(HEAD, Relaxed) != HEAD {
            self.since.store(now, Relaxed);
        }
    }

    fn has_written(&self, now: u32) {
        if self.phase.load(Relaxed) != HEAD {
            self.since.store(now, Relaxed);
        }
    }
}

/// A stream whose progress is watched.
pub(crate) struct Watched<S> {
    stream: S,
    table: Arc<Connections>,
    connection: Arc<Connection>,
    /// Of HTTP/1.1. HTTP/2 frames are no heads: there only the first request and idling are watched.
    framing: Option<Framing>,
}

impl<S> Watched<S> {
    pub(crate) fn new(stream: S, admission: &Admission, framing: Option<Framing>) -> Self {
        Self { stream, table: admission.table.clone(), connection: admission.connection.clone(), framing }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let outcome = Pin::new(&mut this.stream).poll_read(cx, buf);
        let read = buf.filled_mut().get_mut(before..).unwrap_or_default();
        if !read.is_empty() {
            let now = this.table.now.load(Relaxed);
            match &mut this.framing {
                Some(framing) => {
                    this.connection.has_read(now);
                    framing.check(read);
                }
                None => this.connection.has_written(now),
            }
        }
        outcome
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_write(cx, buf);
        if matches!(outcome, Poll::Ready(Ok(_))) {
            this.connection.has_written(this.table.now.load(Relaxed));
        }
        outcome
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_write_vectored(cx, bufs);
        if matches!(outcome, Poll::Ready(Ok(_))) {
            this.connection.has_written(this.table.now.load(Relaxed));
        }
        outcome
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(per_peer: u32, total: usize) -> Arc<Connections> {
        Connections::new(Caps { per_peer, total })
    }

    // Rule 104
    #[test]
    fn a_peer_has_its_share_and_no_more() {
        let (table, limits) = (table(2, 4), Limits::default());
        let one = Some(IpAddr::from([127, 0, 0, 1]));
        let first = table.admit(one, &limits).unwrap();
        let _second = table.admit(one, &limits).unwrap();
        assert!(table.admit(one, &limits).is_none());
        drop(first);
        assert!(table.admit(one, &limits).is_some());
        let v6 = |host: u16| Some(IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, host]));
        let _others = [table.admit(v6(1), &limits).unwrap(), table.admit(v6(2), &limits).unwrap()];
        assert!(table.admit(v6(3), &limits).is_none());
        assert_eq!(table.count(), 3);
        let _local = table.admit(None, &limits).unwrap();
        assert!(table.admit(None, &limits).is_none());
    }

    // Rule 104
    #[test]
    fn a_head_that_trickles_is_overdue_and_a_request_is_not() {
        let table = table(2, 4);
        let admission = table.admit(None, &Limits::default()).unwrap();
        let connection = admission.connection.clone();
        assert!(!connection.is_overdue(10));
        connection.has_read(5);
        assert!(connection.is_overdue(11));
        let serving = admission.serving();
        assert!(!connection.is_overdue(1000));
        drop(serving);
        assert!(!connection.is_overdue(300) && connection.is_overdue(301));
        connection.has_read(200);
        assert!(!connection.is_overdue(210) && connection.is_overdue(211));
    }
}
