//! What callers without a token have recorded, limited *before* it is: else anybody who reaches the port could
//! fill the audit disk.
//!
//! Counted in bytes, for each network and for all strangers together. What is not recorded for that reason is
//! refused, and counted in lines of their own.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use crate::request::Peer;

/// Networks that are told apart.
const MAX_PEERS: usize = 8_192;
/// Networks of which a line tells; of the others one line tells together.
const MAX_TOLD: usize = 64;

/// A network's, and all strangers' together: about a thousand refused requests at once, 170 a second.
const NORMAL: Limits = Limits {
    each: Limit { burst: 1_048_576.0, per_second: 204_800.0 },
    all: Limit { burst: 16_777_216.0, per_second: 2_097_152.0 },
};
/// While the disk is nearly full.
const TIGHT: Limits = Limits {
    each: Limit { burst: 24_576.0, per_second: 2_048.0 },
    all: Limit { burst: 98_304.0, per_second: 4_096.0 },
};

struct Limits {
    each: Limit,
    all: Limit,
}

/// In bytes.
struct Limit {
    burst: f64,
    per_second: f64,
}

#[derive(Default)]
pub(super) struct Flood(Mutex<State>);

#[derive(Default)]
struct State {
    peers: HashMap<IpAddr, Bucket>,
    all: Option<Bucket>,
    /// Of those for whom there was no room.
    suppressed: u64,
}

struct Bucket {
    left: f64,
    seen: Instant,
    suppressed: u64,
}

/// What was not recorded.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Suppressed {
    /// None: of several together.
    pub(super) network: Option<IpAddr>,
    pub(super) count: u64,
}

impl Flood {
    /// Whether so many bytes of this stranger's are to be recorded; if not, they are counted.
    pub(super) fn admits(&self, peer: &Peer, bytes: usize, low_space: bool, now: Instant) -> bool {
        // Over the socket and in the process, whoever asks has an account on this machine.
        let Some(network) = peer.network() else { return true };
        let limits = if low_space { &TIGHT } else { &NORMAL };
        let mut state = self.lock();
        let State { peers, all, suppressed } = &mut *state;
        let Some(bucket) = bucket(peers, network, &limits.each, now) else {
            *suppressed += 1;
            return false;
        };
        let all = all.get_or_insert_with(|| Bucket::full(&limits.all, now));
        bucket.earn(&limits.each, now);
        all.earn(&limits.all, now);
        // No line is longer than a network's burst, but for what is recorded of somebody else's.
        let bytes = f64::from(u32::try_from(bytes).unwrap_or(u32::MAX));
        if bucket.left < bytes || all.left < bytes {
            bucket.suppressed += 1;
            return false;
        }
        bucket.left -= bytes;
        all.left -= bytes;
        true
    }

    /// Counts what is refused for another limit's sake, and not recorded.
    pub(super) fn suppress(&self, peer: &Peer, now: Instant) {
        let Some(network) = peer.network() else { return };
        let mut state = self.lock();
        match bucket(&mut state.peers, network, &NORMAL.each, now) {
            Some(bucket) => bucket.suppressed += 1,
            None => state.suppressed += 1,
        }
    }

    /// How many were not recorded since this was last asked.
    pub(super) fn take_suppressed(&self) -> Vec<Suppressed> {
        let mut state = self.lock();
        let mut others = std::mem::take(&mut state.suppressed);
        let mut told = Vec::new();
        for (network, bucket) in state.peers.iter_mut().filter(|(_, it)| it.suppressed > 0) {
            let count = std::mem::take(&mut bucket.suppressed);
            match told.len() < MAX_TOLD {
                true => told.push(Suppressed { network: Some(*network), count }),
                false => others += count,
            }
        }
        if others > 0 {
            told.push(Suppressed { network: None, count: others });
        }
        told
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bucket of a network; none if there is no room for another one.
fn bucket<'p>(
    peers: &'p mut HashMap<IpAddr, Bucket>,
    network: IpAddr,
    limit: &Limit,
    now: Instant,
) -> Option<&'p mut Bucket> {
    if peers.len() >= MAX_PEERS && !peers.contains_key(&network) {
        peers.retain(|_, it| it.suppressed > 0 || now.duration_since(it.seen).as_secs() < 10);
        if peers.len() >= MAX_PEERS {
            return None;
        }
    }
    Some(peers.entry(network).or_insert_with(|| Bucket::full(limit, now)))
}

impl Bucket {
    fn full(limit: &Limit, now: Instant) -> Self {
        Self { left: limit.burst, seen: now, suppressed: 0 }
    }

    fn earn(&mut self, limit: &Limit, now: Instant) {
        let earned = now.duration_since(self.seen).as_secs_f64() * limit.per_second;
        self.left = (self.left + earned).min(limit.burst);
        self.seen = now;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const LINES: usize = 1_100;

    fn peer(last: u8) -> Peer {
        Peer::Address(([10, 0, 0, last], 4_000).into())
    }

    fn admitted(flood: &Flood, peer: &Peer, tries: usize, bytes: usize, low: bool, now: Instant) -> usize {
        (0..tries).filter(|_| flood.admits(peer, bytes, low, now)).count()
    }

    // Rule 100
    #[test]
    fn one_peers_flood_is_cut_and_counted_and_others_are_heard() {
        let flood = Flood::default();
        let now = Instant::now();
        assert_eq!(admitted(&flood, &peer(1), 5_000, LINES, false, now), 953);
        assert!(flood.admits(&peer(2), LINES, false, now));
        let network = Some([10, 0, 0, 1].into());
        assert_eq!(flood.take_suppressed(), vec![Suppressed { network, count: 4_047 }]);
        assert!(flood.take_suppressed().is_empty());
        assert!(flood.admits(&peer(1), LINES, false, now + Duration::from_secs(1)));
    }

    // Rule 100
    #[test]
    fn long_lines_weigh_more_and_strangers_have_one_sum() {
        let flood = Flood::default();
        let now = Instant::now();
        assert_eq!(admitted(&flood, &peer(1), 1_000, 64 << 10, false, now), 16);
        let all: usize = (0..=255).map(|it| admitted(&flood, &peer(it), 1_000, 16 << 10, false, now)).sum();
        assert!(all * (16 << 10) <= 16 << 20, "{all}");
    }

    // Rule 100
    #[test]
    fn a_full_disk_makes_it_tight() {
        let flood = Flood::default();
        let now = Instant::now();
        assert_eq!(admitted(&flood, &peer(1), 100, LINES, true, now), 22);
        assert!(flood.admits(&Peer::Embedded, LINES, true, now));
    }

    // Rule 100: one host's IPv6 network is one peer, and a table of them that is full is no way round.
    #[test]
    fn addresses_by_the_billion_are_few_networks() {
        let flood = Flood::default();
        let now = Instant::now();
        let six = |net: u16, host: u16| {
            Peer::Address((std::net::Ipv6Addr::new(0xfd00, 0, 0, net, 0, 0, 0, host), 1).into())
        };
        let hosts: usize = (0..5_000).map(|it| admitted(&flood, &six(0, it), 1, LINES, false, now)).sum();
        assert_eq!(hosts, 953);
        assert_eq!(flood.lock().peers.len(), 1);
        (0..10_000).for_each(|it| assert_eq!(flood.admits(&six(it, 1), 0, false, now), it < 8_192, "{it}"));
        let told = flood.take_suppressed();
        assert!(told.len() <= MAX_TOLD + 1);
        assert_eq!(told.iter().map(|it| it.count).sum::<u64>(), 4_047 + 1_808);
    }
}
