//! How often one network may fail to log in, whatever names it tries: a lockout counts for a name, and many names
//! with a guess each would pass it.
//!
//! Failures alone are counted: whoever succeeds may log in as often as it wants. Beside that, logins whose
//! verification is dear wait for each other; how many of one network's may do so is bounded too, so that nobody
//! makes everybody else wait.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    clock::Timestamp,
    error::{Error, Result},
    request::{Peer, Request},
};

const WINDOW: Duration = Duration::from_secs(10);
/// Failures of one network in a window.
const MOST: u32 = 100;
/// Networks that are told apart; beyond that, they share one count.
const NETWORKS: usize = 8_192;
/// Dear logins of one network, and of all, that wait or are being verified.
const WAITING: usize = 256;
const ALL_WAITING: usize = 1_024;

/// Stands for all networks beyond [`NETWORKS`].
const OTHERS: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

#[derive(Default)]
pub(crate) struct Attempts {
    failures: Mutex<HashMap<IpAddr, Failures>>,
    waiting: Mutex<HashMap<IpAddr, usize>>,
}

struct Failures {
    since: Timestamp,
    count: u32,
}

impl Failures {
    fn is_over(&self, now: Timestamp) -> bool {
        now < self.since || now.since(self.since) >= WINDOW
    }
}

impl Attempts {
    /// Refuses a login from where too many have failed, before anything is looked at.
    pub(crate) fn admit(&self, request: &Request, now: Timestamp) -> Result<()> {
        let Some(network) = request.peer.network() else { return Ok(()) };
        let failures = lock(&self.failures);
        let full = failures.len() >= NETWORKS;
        let known = failures.get(&network).or_else(|| failures.get(&OTHERS).filter(|_| full));
        match known.filter(|it| it.count >= MOST && !it.is_over(now)) {
            None => Ok(()),
            Some(known) => {
                let retry_after = WINDOW.saturating_sub(now.since(known.since)).as_secs() + 1;
                Err(Error::RateLimited { path: request.path.to_string(), retry_after })
            }
        }
    }

    /// Counts how a login ended.
    pub(crate) fn ended<T>(&self, peer: &Peer, outcome: &Result<T>, now: Timestamp) {
        let refused = matches!(
            outcome,
            Err(Error::Denied
                | Error::DeniedBecause(_)
                | Error::Invalid(_)
                | Error::InvalidAll(_)
                | Error::RateLimited { .. })
        );
        let Some(network) = peer.network().filter(|_| refused) else { return };
        let mut failures = lock(&self.failures);
        if failures.len() >= NETWORKS && !failures.contains_key(&network) {
            failures.retain(|_, it| !it.is_over(now));
        }
        let full = failures.len() >= NETWORKS && !failures.contains_key(&network);
        let network = if full { OTHERS } else { network };
        let known = failures.entry(network).or_insert(Failures { since: now, count: 0 });
        if known.is_over(now) {
            *known = Failures { since: now, count: 0 };
        }
        known.count += 1;
    }

    /// A place among those who wait for a verification that is dear; to be held until it is over.
    pub(crate) fn wait(&self, request: &Request) -> Result<Waiting<'_>> {
        let Some(network) = request.peer.network() else { return Ok(Waiting(None)) };
        let mut waiting = lock(&self.waiting);
        let all: usize = waiting.values().sum();
        let own = waiting.entry(network).or_default();
        if *own >= WAITING || all >= ALL_WAITING {
            if *own == 0 {
                waiting.remove(&network);
            }
            return Err(Error::RateLimited { path: request.path.to_string(), retry_after: 1 });
        }
        *own += 1;
        drop(waiting);
        Ok(Waiting(Some((self, network))))
    }
}

/// See [`Attempts::wait`].
pub(crate) struct Waiting<'a>(Option<(&'a Attempts, IpAddr)>);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let Some((attempts, network)) = self.0 else { return };
        let mut waiting = lock(&attempts.waiting);
        if let Some(own) = waiting.get_mut(&network) {
            *own -= 1;
            if *own == 0 {
                waiting.remove(&network);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ids::{NamespaceId, RequestId},
        request::{Body, Operation, RequestPath},
    };

    fn from(ip: impl Into<IpAddr>) -> Request {
        Request {
            id: RequestId::generate().unwrap(),
            operation: Operation::Write,
            path: RequestPath::new(NamespaceId::ROOT, "auth/userpass/login/a").unwrap(),
            token: None,
            body: Body::default(),
            peer: Peer::Address((ip.into(), 1).into()),
            wrap_ttl: None,
            lease_ttl: None,
            certificates: None,
            headers: Vec::new(),
            merge_patch: false,
            opened: Default::default(),
        }
    }

    const NOW: Timestamp = Timestamp(1_000_000_000_000);

    fn tries(attempts: &Attempts, request: &Request, outcome: fn() -> Result<()>, count: usize) -> usize {
        (0..count)
            .filter(|_| {
                let admitted = attempts.admit(request, NOW).is_ok();
                if admitted {
                    attempts.ended(&request.peer, &outcome(), NOW);
                }
                admitted
            })
            .count()
    }

    // Rules 66, 67 and 89: failures are counted, successes are not.
    #[test]
    fn a_network_fails_a_hundred_times_and_no_more() {
        let attempts = Attempts::default();
        let (one, other) = (from([10, 0, 0, 1]), from([10, 0, 0, 2]));
        assert_eq!(tries(&attempts, &one, || Ok(()), 5_000), 5_000);
        assert_eq!(tries(&attempts, &one, || Err(Error::Busy), 500), 500);
        assert_eq!(tries(&attempts, &one, || Err(Error::invalid("no")), 500), 100);
        assert_eq!(tries(&attempts, &one, || Ok(()), 5), 0);
        assert_eq!(tries(&attempts, &other, || Err(Error::Denied), 5), 5);
        assert!(attempts.admit(&one, NOW.plus(WINDOW)).is_ok());
    }

    // Rule 111
    #[test]
    fn what_is_counted_is_bounded_and_those_beyond_share_a_count() {
        let attempts = Attempts::default();
        for it in 0..10_000_u16 {
            tries(&attempts, &from([0xfd00, 0, 0, it, 0, 0, 0, 1]), || Err(Error::Denied), 1);
        }
        assert_eq!(lock(&attempts.failures).len(), NETWORKS + 1);
        assert!(attempts.admit(&from([10, 0, 0, 1]), NOW).is_err());
        assert!(attempts.admit(&from([0xfd00, 0, 0, 1, 0, 0, 0, 1]), NOW).is_ok());
    }

    // Rules 70 and 111
    #[test]
    fn one_network_cannot_make_all_others_wait() {
        let attempts = Attempts::default();
        let (one, other) = (from([10, 0, 0, 1]), from([10, 0, 0, 2]));
        let held: Vec<_> = (0..300).filter_map(|_| attempts.wait(&one).ok()).collect();
        assert_eq!(held.len(), WAITING);
        assert!(attempts.wait(&other).is_ok());
        drop(held);
        assert!(attempts.wait(&one).is_ok());
        assert!(lock(&attempts.waiting).is_empty());
    }
}
