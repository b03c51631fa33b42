//! How much of the machine background work takes.

use std::time::{Duration, Instant};

/// Rests between the pieces of work that nobody waits for, so that requests do not stand behind it.
pub(crate) struct Pace {
    /// When the piece under way began; nothing if there is no rest.
    since: Option<Instant>,
}

impl Pace {
    /// A rest is so many times as long as the piece before it.
    const TIMES: u32 = 3;
    const SHORTEST: Duration = Duration::from_millis(1);
    /// Also if a piece had to wait for somebody.
    const LONGEST: Duration = Duration::from_millis(20);
    /// Minutes behind which it rests no more: what is due grows faster than it is done.
    const LATE: u64 = 3;

    /// With rests.
    pub(crate) fn easy() -> Self {
        Self { since: Some(Instant::now()) }
    }

    /// Somebody waits.
    pub(crate) fn hurried() -> Self {
        Self { since: None }
    }

    /// Takes no more rests if what is being done was due in `minute`, and that is long before `now`.
    pub(crate) fn hurry_if_late(&mut self, minute: u64, now: u64) {
        if now.saturating_sub(minute) > Self::LATE {
            self.since = None;
        }
    }

    /// After a piece of work.
    pub(crate) async fn rest(&mut self) {
        let Some(since) = &mut self.since else { return };
        let rest = (since.elapsed() * Self::TIMES).clamp(Self::SHORTEST, Self::LONGEST);
        tokio::time::sleep(rest).await;
        *since = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn rests(mut pace: Pace) -> bool {
        pace.rest().now_or_never().is_none()
    }

    #[tokio::test]
    async fn who_is_late_or_waited_for_does_not_rest() {
        let due = |minutes| {
            let mut pace = Pace::easy();
            pace.hurry_if_late(10, 10 + minutes);
            pace
        };
        assert!(rests(Pace::easy()));
        assert!(rests(due(Pace::LATE)));
        assert!(!rests(due(Pace::LATE + 1)));
        assert!(!rests(Pace::hurried()));
    }
}
