//! Keys that an issuer publishes: fetched, kept for a while, and fetched again when a token names another.
//!
//! Whoever is a stranger can name any key. So there is one fetch at a time for each issuer, some seconds lie between
//! two of them, and what was asked for in vain is remembered. Nobody is refused for that: who comes in between
//! waits for the next fetch and shares it with all who came until it began. A new key is therefore taken with the
//! first token that it signed, whatever strangers send meanwhile.
//!
//! While the issuer cannot be reached the keys that were last seen are good for an hour: tokens live about as
//! long, and there are no new ones without the issuer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwapOption;
use futures_util::future::BoxFuture;
use quick_cache::sync::Cache;
use tokio::sync::Mutex;

use super::{BadKeySet, Claims, KeySet, Presented, key_set::Verdict};
use crate::{
    clock::Timestamp,
    core::Core,
    error::{Error, Result},
    outbound::{self, CallError},
    request::Request,
};

/// Keys are used without a question for so long: a key that was withdrawn is refused no later.
const FRESH: Duration = Duration::from_secs(5 * 60);
/// And so long if nobody can be asked.
const STALE: Duration = Duration::from_secs(60 * 60);
/// Between two fetches.
const INTERVAL: Duration = Duration::from_secs(3);
/// After a fetch that failed, while old keys still serve.
const RETRY: Duration = Duration::from_secs(30);
/// A fetch that old keys can stand in for may take so long.
const PATIENCE: Duration = Duration::from_secs(3);
/// What was not found is not looked for again.
const IN_VAIN: Duration = Duration::from_secs(10);
/// Names that were not found, remembered at a time.
const REMEMBERED: usize = 1_024;

/// Where keys are published, as a configuration says.
pub(crate) trait Publisher: Send + Sync {
    fn keys<'a>(&'a self, core: &'a Core, within: Duration) -> BoxFuture<'a, Result<KeySet, Failed>>;
}

/// Why there are no keys. Never with anything that the issuer said.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Failed {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("the server answers with status {0}")]
    Status(u16),
    #[error(transparent)]
    Keys(#[from] BadKeySet),
    #[error("the discovery document cannot be used: {0}")]
    Discovery(&'static str),
    #[error("the store's own record cannot be read")]
    Store,
}

/// The published keys of one issuer.
#[derive(Debug)]
pub(crate) struct Published {
    known: ArcSwapOption<Known>,
    fetching: Mutex<Fetches>,
    /// How many have begun.
    begun: AtomicU64,
    in_vain: Cache<Box<[u8]>, Timestamp>,
}

#[derive(Debug)]
struct Known {
    keys: KeySet,
    at: Timestamp,
}

/// The last fetch that came to an end.
#[derive(Debug, Default)]
struct Fetches {
    /// Which one it was, by the order in which they began.
    number: u64,
    at: Option<Timestamp>,
    failed: Option<Failed>,
}

impl Default for Published {
    fn default() -> Self {
        Self {
            known: ArcSwapOption::empty(),
            fetching: Mutex::default(),
            begun: AtomicU64::new(0),
            in_vain: Cache::new(REMEMBERED),
        }
    }
}

impl Published {
    /// The token's claims, if one of the issuer's keys signed it; none if none has.
    pub(crate) async fn verify(
        &self,
        core: &Core,
        request: &Request,
        token: &Presented<'_>,
        publisher: &dyn Publisher,
    ) -> Result<Option<Claims>> {
        let begun = self.begun.load(Ordering::Acquire);
        let now = core.now();
        let known = self.known.load_full().filter(|it| now.since(it.at) < STALE);
        let is_fresh = known.as_ref().is_some_and(|it| now.since(it.at) < FRESH);
        let verdict = known.as_ref().map_or(Verdict::Unknown, |it| it.keys.judge(token));
        match verdict {
            Verdict::Verified(claims) if is_fresh || self.is_put_off(now) => return Ok(Some(claims)),
            Verdict::Refused if is_fresh => return Ok(None),
            Verdict::Unknown if is_fresh && self.was_in_vain(token, now) => return Ok(None),
            _ => {}
        }
        // Whoever waits here takes a place that strangers of one network cannot fill for all.
        let _waiting = core.attempts().wait(request)?;
        let can_wait = matches!(verdict, Verdict::Verified(_));
        match (self.fetch(core, begun, publisher, can_wait).await, verdict) {
            (Ok(known), _) => Ok(match known.keys.judge(token) {
                Verdict::Verified(claims) => Some(claims),
                Verdict::Refused => None,
                Verdict::Unknown => {
                    self.in_vain.insert(name(token), core.now());
                    None
                }
            }),
            (Err(_), Verdict::Verified(claims)) => Ok(Some(claims)),
            (Err(_), Verdict::Refused) => Ok(None),
            (Err(failed), Verdict::Unknown) => {
                Err(Error::unavailable(format!("the keys of the issuer cannot be read: {failed}")))
            }
        }
    }

    /// What a fetch answers that began after `begun` were.
    async fn fetch(
        &self,
        core: &Core,
        begun: u64,
        publisher: &dyn Publisher,
        can_wait: bool,
    ) -> Result<Arc<Known>, Failed> {
        let mut last = self.fetching.lock().await;
        if last.number > begun {
            return self.outcome(&last);
        }
        if let Some(at) = last.at {
            let passed = core.now().since(at);
            if passed < INTERVAL {
                // A server that fails is not tried again for each who asks.
                if last.failed.is_some() {
                    return self.outcome(&last);
                }
                core.outbound().pause(INTERVAL.saturating_sub(passed)).await;
            }
        }
        let number = self.begun.fetch_add(1, Ordering::AcqRel) + 1;
        let within = if can_wait { PATIENCE } else { outbound::WITHIN };
        let outcome = publisher.keys(core, within).await;
        let at = core.now();
        *last = Fetches { number, at: Some(at), failed: outcome.as_ref().err().copied() };
        let known = Arc::new(Known { keys: outcome?, at });
        self.known.store(Some(known.clone()));
        Ok(known)
    }

    fn outcome(&self, last: &Fetches) -> Result<Arc<Known>, Failed> {
        match last.failed {
            Some(failed) => Err(failed),
            None => self.known.load_full().ok_or(Failed::Call(CallError::TooSlow)),
        }
    }

    /// Whether keys that are not fresh serve all the same: somebody is fetching new ones, or could not just now.
    fn is_put_off(&self, now: Timestamp) -> bool {
        match self.fetching.try_lock() {
            Err(_) => true,
            Ok(last) => last.failed.is_some() && last.at.is_some_and(|at| now.since(at) < RETRY),
        }
    }

    fn was_in_vain(&self, token: &Presented<'_>, now: Timestamp) -> bool {
        self.in_vain.get(&name(token)).is_some_and(|at| now.since(at) < IN_VAIN)
    }
}

/// What is looked for in vain: a key by its name, or the key of one token.
fn name(token: &Presented<'_>) -> Box<[u8]> {
    token.key_id().map_or(token.signature(), str::as_bytes).into()
}
