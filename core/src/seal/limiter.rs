//! How often somebody without a token may try to unseal.
//!
//! Counted for each peer, so that a stranger's flood does not stand in the way of the operators. What is
//! counted is bounded: beyond [`PEERS`] strangers share one count.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::{
    clock::Timestamp,
    error::{Error, Result},
    request::Peer,
};

const WINDOW: Duration = Duration::from_secs(10);
/// Attempts in a window from one network address.
const REMOTE: u32 = 30;
/// From this machine: a whole set of 255 shares, twice.
const LOCAL: u32 = 510;
const PEERS: usize = 1024;

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Source {
    /// An IPv4 address, or a /64 of IPv6: one customer's.
    Address(IpAddr),
    Local,
    Others,
}

#[derive(Default)]
pub(crate) struct Limiter(Mutex<State>);

#[derive(Default)]
struct State {
    since: Timestamp,
    counts: HashMap<Source, u32>,
}

impl Limiter {
    /// Counts one attempt; refuses it if it is one too many.
    pub(crate) fn admit(&self, path: &str, peer: &Peer, now: Timestamp) -> Result<()> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now.since(state.since) >= WINDOW || now < state.since {
            state.counts.clear();
            state.since = now;
        }
        let mut source = Source::of(peer);
        if state.counts.len() >= PEERS && !state.counts.contains_key(&source) {
            source = Source::Others;
        }
        let most = if source == Source::Local { LOCAL } else { REMOTE };
        let count = state.counts.entry(source).or_default();
        if *count >= most {
            let left = WINDOW.saturating_sub(now.since(state.since)).as_secs() + 1;
            return Err(Error::RateLimited { path: path.to_owned(), retry_after: left });
        }
        *count += 1;
        Ok(())
    }
}

impl Source {
    pub(crate) fn of(peer: &Peer) -> Self {
        match peer.network().filter(|_| !peer.is_local()) {
            Some(network) => Self::Address(network),
            None => Self::Local,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(ip: [u8; 4]) -> Peer {
        Peer::Address((ip, 1).into())
    }

    // Rule 19
    #[test]
    fn a_strangers_flood_is_cut_and_does_not_stop_the_operators() {
        let limiter = Limiter::default();
        let now = Timestamp(1_000_000_000_000);
        let tries = |ip, count| (0..count).filter(|_| limiter.admit("p", &peer(ip), now).is_ok()).count();
        assert_eq!(tries([198, 51, 100, 1], 1000), 30);
        assert_eq!(tries([127, 0, 0, 1], 300), 300);
        assert_eq!(tries([198, 51, 100, 2], 5), 5);
        let later = now.plus(WINDOW);
        assert!(limiter.admit("p", &peer([198, 51, 100, 1]), later).is_ok());
    }

    #[test]
    fn the_table_of_peers_is_bounded() {
        let limiter = Limiter::default();
        let now = Timestamp(1_000_000_000_000);
        for number in 0..20_000_u32 {
            let [a, b, c, d] = (0x0a00_0000 + number).to_be_bytes();
            let _ = limiter.admit("p", &peer([a, b, c, d]), now);
        }
        assert!(limiter.0.lock().unwrap().counts.len() <= PEERS + 1);
    }
}
