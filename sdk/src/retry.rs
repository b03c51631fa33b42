//! What is tried again, and when.

use std::time::Duration;

/// The server was not able or not willing just now: busy, rate limited, sealed for a moment.
pub(crate) fn is_worth_retrying(status: u16) -> bool {
    matches!(status, 412 | 429) || (status >= 500 && status != 501)
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
            base.mul_f64(0.75 + jitter.clamp(0.0, 1.0) / 2.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for status in [412, 429, 500, 502, 503] {
            assert!(is_worth_retrying(status), "{status}");
        }
        for status in [200, 204, 400, 403, 404, 405, 413, 501] {
            assert!(!is_worth_retrying(status), "{status}");
        }
    }

    #[test]
    fn pauses_grow_and_stay_bounded() {
        assert!(pause(2, None, 0.5) > pause(1, None, 0.5));
        assert!(pause(60, None, 1.0) <= Duration::from_millis(6_250));
        assert_eq!(pause(1, Some(Duration::from_secs(2)), 0.0), Duration::from_secs(2));
        assert_eq!(pause(1, Some(Duration::from_secs(9_999)), 0.0), Duration::from_secs(30));
    }
}
