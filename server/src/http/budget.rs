//! How many bytes of bodies may be in memory at a time: all of them together, and what strangers have sent of them.
//!
//! A body counts from when its bytes come until the request has been answered, also if its client has gone away.
//! The limit on one body bounds one request, and the cap on connections their number; this bounds the product.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use strongroom_core::request::Peer;

/// In bytes.
#[derive(Clone, Copy, Debug)]
pub struct Shares {
    pub all: usize,
    /// Of all, what has been sent by whoever has not shown a valid token.
    pub strangers: usize,
    /// Of that, what comes from one network.
    pub network: usize,
}

impl Default for Shares {
    fn default() -> Self {
        Self { all: 256 << 20, strangers: 64 << 20, network: 16 << 20 }
    }
}

/// What the bodies of one server hold.
#[derive(Debug)]
pub struct Budget {
    shares: Shares,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    all: usize,
    strangers: usize,
    networks: HashMap<Option<IpAddr>, usize>,
}

impl Budget {
    pub fn new(shares: Shares) -> Arc<Self> {
        Arc::new(Self { shares, held: Mutex::default() })
    }

    /// A body of which nothing has come yet.
    pub(super) fn body(self: &Arc<Self>, peer: &Peer) -> Reserved {
        Reserved { budget: self.clone(), network: peer.network(), bytes: 0, stranger: true }
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one body holds; given back when dropped.
#[derive(Debug)]
pub(super) struct Reserved {
    budget: Arc<Budget>,
    network: Option<IpAddr>,
    bytes: usize,
    stranger: bool,
}

impl Reserved {
    /// So many bytes more have come. False: there is no room for them.
    pub(super) fn grow(&mut self, bytes: usize) -> bool {
        let Shares { all, strangers, network } = self.budget.shares;
        let mut held = self.budget.lock();
        let own = held.networks.get(&self.network).copied().unwrap_or_default();
        let fits = |held: usize, share: usize| held.saturating_add(bytes) <= share;
        let within = fits(held.strangers, strangers) && fits(own, network);
        if !fits(held.all, all) || (self.stranger && !within) {
            return false;
        }
        held.all += bytes;
        self.bytes += bytes;
        if self.stranger {
            held.strangers += bytes;
            *held.networks.entry(self.network).or_default() += bytes;
        }
        true
    }

    /// Whoever sends it has a token.
    pub(super) fn is_known(&mut self) {
        if std::mem::take(&mut self.stranger) {
            self.leave_strangers(&mut self.budget.lock());
        }
    }

    fn leave_strangers(&self, held: &mut Held) {
        held.strangers -= self.bytes;
        if let Some(own) = held.networks.get_mut(&self.network) {
            *own -= self.bytes;
            if *own == 0 {
                held.networks.remove(&self.network);
            }
        }
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        let mut held = self.budget.lock();
        held.all -= self.bytes;
        if self.stranger {
            self.leave_strangers(&mut held);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(last: u8) -> Peer {
        Peer::Address(([10, 0, 0, last], 1).into())
    }

    // Rules 103, 104 and 111
    #[test]
    fn bodies_together_stay_within_the_budget() {
        let budget = Budget::new(Shares { all: 100, strangers: 50, network: 30 });
        let mut bodies: Vec<Reserved> = (0..10).map(|it| budget.body(&peer(it / 5))).collect();
        let came: usize = bodies.iter_mut().filter_map(|it| it.grow(10).then_some(10)).sum();
        // Three of one network, two of the other: then strangers have their share.
        assert_eq!(came, 50);
        assert!(!budget.body(&peer(9)).grow(1));
        // Who has a token goes on, up to what all have together.
        let mut known = budget.body(&peer(0));
        known.is_known();
        assert!(known.grow(50) && !known.grow(1));
        // One that turns out to have a token makes room for strangers.
        drop(known);
        bodies[0].is_known();
        assert!(budget.body(&peer(0)).grow(10));
        drop(bodies);
        let held = budget.lock();
        assert_eq!((held.all, held.strangers, held.networks.len()), (0, 0, 0));
    }
}
