//! Failed requests of callers without a token, limited per peer *before* they are recorded: else anybody who
//! reaches the port could fill the audit disk.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use crate::request::Peer;

/// Peers that are told apart.
const MAX_PEERS: usize = 8_192;
const NORMAL: Limit = Limit { burst: 1_000.0, per_second: 200.0 };
/// While the disk is nearly full.
const TIGHT: Limit = Limit { burst: 20.0, per_second: 2.0 };

struct Limit {
    burst: f64,
    per_second: f64,
}

#[derive(Default)]
pub(super) struct Flood(Mutex<HashMap<IpAddr, Bucket>>);

struct Bucket {
    left: f64,
    seen: Instant,
    suppressed: u64,
}

impl Flood {
    /// Whether one more failure of this peer is to be recorded.
    pub(super) fn admits(&self, peer: &Peer, low_space: bool, now: Instant) -> bool {
        // Over the socket and in the process, whoever asks has an account on this machine.
        let Peer::Address(address) = peer else { return true };
        let limit = if low_space { TIGHT } else { NORMAL };
        let mut peers = self.lock();
        if peers.len() >= MAX_PEERS {
            peers.retain(|_, it| it.suppressed > 0 || now.duration_since(it.seen).as_secs() < 10);
        }
        let full = peers.len() >= MAX_PEERS;
        let address = address.ip().to_canonical();
        if full && !peers.contains_key(&address) {
            return false;
        }
        let bucket = peers.entry(address).or_insert(Bucket { left: limit.burst, seen: now, suppressed: 0 });
        let earned = now.duration_since(bucket.seen).as_secs_f64() * limit.per_second;
        bucket.left = (bucket.left + earned).min(limit.burst);
        bucket.seen = now;
        if bucket.left < 1.0 {
            bucket.suppressed += 1;
            return false;
        }
        bucket.left -= 1.0;
        true
    }

    /// How many were not recorded since this was last asked, by peer.
    pub(super) fn take_suppressed(&self) -> Vec<(IpAddr, u64)> {
        let mut peers = self.lock();
        let counted = peers.iter_mut().filter(|(_, it)| it.suppressed > 0);
        counted.map(|(address, it)| (*address, std::mem::take(&mut it.suppressed))).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Bucket>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn peer(last: u8) -> Peer {
        Peer::Address(([10, 0, 0, last], 4_000).into())
    }

    // Rule 100
    #[test]
    fn one_peers_flood_is_cut_and_counted_and_others_are_heard() {
        let flood = Flood::default();
        let now = Instant::now();
        let admitted = (0..5_000).filter(|_| flood.admits(&peer(1), false, now)).count();
        assert_eq!(admitted, 1_000);
        assert!(flood.admits(&peer(2), false, now));
        assert_eq!(flood.take_suppressed(), vec![([10, 0, 0, 1].into(), 4_000)]);
        assert!(flood.take_suppressed().is_empty());
        assert!(flood.admits(&peer(1), false, now + Duration::from_secs(1)));
    }

    #[test]
    fn a_full_disk_makes_it_tight() {
        let flood = Flood::default();
        let now = Instant::now();
        let admitted = (0..100).filter(|_| flood.admits(&peer(1), true, now)).count();
        assert_eq!(admitted, 20);
        assert!(flood.admits(&Peer::Embedded, true, now));
    }
}
