//! What is tried again, and when.

use std::{future::Future, time::Duration};

use tokio::time::Instant;

use crate::{
    Config, Error, Method,
    transport::{Failed, Reply},
};

/// How long and how often a call is tried.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    /// For one attempt.
    pub(crate) timeout: Duration,
    /// Attempts after the first.
    pub(crate) retries: u32,
    /// For all attempts and pauses together.
    pub(crate) deadline: Duration,
}

impl Policy {
    pub(crate) fn of(config: &Config) -> Self {
        let (timeout, deadline) = (config.timeout.min(FOREVER), config.deadline.min(FOREVER));
        Self { timeout, retries: config.max_retries, deadline }
    }

    /// Tries until there is an answer that is worth keeping, or no attempt or no time is left. What came last
    /// is the outcome.
    pub(crate) async fn run<F, A>(&self, method: Method, mut attempt: A) -> Result<Reply, Error>
    where
        F: Future<Output = Result<Reply, Failed>>,
        A: FnMut() -> F,
    {
        let end = Instant::now() + self.deadline;
        let mut attempts = 0;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let allowed = self.timeout.min(left);
            let outcome = tokio::time::timeout(allowed, attempt()).await.unwrap_or_else(|_| {
                Err(Failed { error: Error::Timeout { seconds: allowed.as_secs() }, unsent: false })
            });
            let (again, retry_after) = match &outcome {
                Ok(reply) => (is_worth_retrying(method, reply.answer.status), reply.retry_after),
                Err(failed) => (may_be_sent_again(method, failed), None),
            };
            attempts += 1;
            let pause = pause(attempts, retry_after, jitter());
            if !again || attempts > self.retries || Instant::now() + pause >= end {
                return outcome.map_err(|it| it.error);
            }
            tokio::time::sleep(pause).await;
        }
    }
}

/// The server was not able or not willing just now: busy, rate limited, sealed for a moment. Behind any other 5xx a
/// write may have been carried out, or still be under way: it is not asked for twice.
pub(crate) fn is_worth_retrying(method: Method, status: u16) -> bool {
    let failed = status >= 500 && status != 501;
    matches!(status, 412 | 429 | 503) || (failed && matches!(method, Method::Get | Method::List))
}

/// Without an answer nobody knows whether a request was carried out: only what never left, and what changes
/// nothing, is sent again.
fn may_be_sent_again(method: Method, failed: &Failed) -> bool {
    let broke = matches!(failed.error, Error::Connect { .. } | Error::Timeout { .. });
    broke && (failed.unsent || matches!(method, Method::Get | Method::List))
}

/// How long to wait before attempt `attempt` (from 1), if the server does not say.
///
/// Doubles from a quarter of a second to five; `jitter`, in 0..1, spreads clients that failed together.
pub(crate) fn pause(attempt: u32, retry_after: Option<Duration>, jitter: f64) -> Duration {
    let longest = Duration::from_secs(5);
    match retry_after {
        Some(said) => said.min(Duration::from_secs(30)),
        None => {
            let base =
                Duration::from_millis(250).saturating_mul(1 << attempt.saturating_sub(1).min(8)).min(longest);
            spread(base, jitter)
        }
    }
}

/// As [`pause`], for work in the background that goes on until it succeeds: to a minute.
pub(crate) fn long_pause(attempt: u32, jitter: f64) -> Duration {
    let longest = Duration::from_secs(60);
    spread(Duration::from_millis(500).saturating_mul(1 << attempt.min(8)).min(longest), jitter)
}

/// Ten years. Clocks cannot add what a server, or a configuration, may say instead.
const FOREVER: Duration = Duration::from_secs(10 * 365 * 86_400);

/// A time that a server grants.
pub(crate) fn granted(seconds: u64) -> Duration {
    Duration::from_secs(seconds).min(FOREVER)
}

/// A quarter less to a quarter more.
pub(crate) fn spread(base: Duration, jitter: f64) -> Duration {
    base.min(FOREVER).mul_f64(0.75 + jitter.clamp(0.0, 1.0) / 2.0)
}

/// A number in 0..1 that differs between clients: it spreads load and protects nothing.
pub(crate) fn jitter() -> f64 {
    use std::hash::{BuildHasher as _, RandomState};
    let bits = u32::try_from(RandomState::new().hash_one(0_u8) >> 32).unwrap_or_default();
    f64::from(bits) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for status in [412, 429, 500, 502, 503] {
            assert!(is_worth_retrying(Method::Get, status), "{status}");
        }
        for status in [200, 204, 400, 403, 404, 405, 413, 501] {
            assert!(!is_worth_retrying(Method::Get, status), "{status}");
        }
    }

    #[test]
    fn a_write_that_may_have_been_done_is_not_sent_again() {
        let failed = |unsent| {
            let error = Error::Connect { address: String::new(), cause: String::new() };
            Failed { error, unsent }
        };
        for method in [Method::Put, Method::Post, Method::Patch, Method::Delete] {
            assert!(!may_be_sent_again(method, &failed(false)), "{method:?}");
            assert!(may_be_sent_again(method, &failed(true)), "{method:?}");
        }
        assert!(may_be_sent_again(Method::Get, &failed(false)));
        assert!(!may_be_sent_again(Method::Get, &Failed::unusable("the path")));
    }

    #[test]
    fn pauses_grow_and_stay_bounded() {
        assert!(pause(2, None, 0.5) > pause(1, None, 0.5));
        assert!(pause(60, None, 1.0) <= Duration::from_millis(6_250));
        assert_eq!(pause(1, Some(Duration::from_secs(2)), 0.0), Duration::from_secs(2));
        assert_eq!(pause(1, Some(Duration::from_secs(9_999)), 0.0), Duration::from_secs(30));
        assert!(long_pause(u32::MAX, 1.0) <= Duration::from_secs(75));
    }
}
