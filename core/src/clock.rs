//! Time: injected, and never running backwards.
//!
//! `now = max(wall clock, high-water mark + time passed since it was read)`. The high-water mark lies in the
//! store's head and moves with each commit, so that stepping the machine's clock back, or restoring an older
//! machine image, revives nothing that has expired.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// Nanoseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Timestamp(pub i64);

impl Timestamp {
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(nanos(duration)))
    }

    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(nanos(duration)))
    }

    /// Time from `earlier` to `self`; zero if it has not come yet.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    pub fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000_000)
    }

    /// RFC 3339 in UTC with as many digits of the fraction as it takes, as Go's `RFC3339Nano`.
    pub fn rfc3339(self) -> String {
        let time = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0))
            .unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
        time.format(&time::format_description::well_known::Rfc3339).unwrap_or_default()
    }

    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let time = time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).ok()?;
        i64::try_from(time.unix_timestamp_nanos()).ok().map(Self)
    }
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

/// Where time comes from.
pub trait Clock: Send + Sync {
    /// The wall clock: may jump.
    fn wall(&self) -> Timestamp;
    /// Time since some fixed moment: never jumps.
    fn monotonic(&self) -> Duration;
}

/// The machine's clocks.
pub struct SystemClock(Instant);

impl Default for SystemClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn wall(&self) -> Timestamp {
        Timestamp(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, nanos))
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A clock that moves only when told to: for tests.
#[derive(Default)]
pub struct ManualClock {
    wall: AtomicI64,
    monotonic: AtomicI64,
}

impl ManualClock {
    pub fn starting_at(wall: Timestamp) -> Self {
        Self { wall: AtomicI64::new(wall.0), monotonic: AtomicI64::new(0) }
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        self.wall.fetch_add(nanos(by), Ordering::SeqCst);
        self.monotonic.fetch_add(nanos(by), Ordering::SeqCst);
    }

    /// Sets the wall clock, as an operator or NTP would; no time passes.
    pub fn step_to(&self, wall: Timestamp) {
        self.wall.store(wall.0, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn wall(&self) -> Timestamp {
        Timestamp(self.wall.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_nanos(u64::try_from(self.monotonic.load(Ordering::SeqCst)).unwrap_or(0))
    }
}

/// A forward jump beyond this is not believed until an operator confirms it: it would expire everything.
pub const MAX_JUMP: Duration = Duration::from_secs(3600);

/// The core's own time.
pub(crate) struct TimeKeeper {
    clock: Arc<dyn Clock>,
    /// The latest time that was seen, and the monotonic reading at that moment.
    mark: AtomicI64,
    mark_elapsed: AtomicI64,
}

impl TimeKeeper {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let elapsed = nanos(clock.monotonic());
        Self { clock, mark: AtomicI64::new(0), mark_elapsed: AtomicI64::new(elapsed) }
    }

    /// Takes the stored high-water mark into account, at unseal.
    pub(crate) fn resume(&self, high_water: Timestamp) {
        self.mark_elapsed.store(nanos(self.clock.monotonic()), Ordering::SeqCst);
        self.mark.fetch_max(high_water.0, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.wall().max(self.expected())
    }

    /// How far the wall clock is ahead of what the monotonic clock says, if that is more than [`MAX_JUMP`].
    /// Sweeping pauses while it is.
    pub(crate) fn jump(&self) -> Option<Duration> {
        if self.mark.load(Ordering::SeqCst) == 0 {
            return None;
        }
        Some(self.clock.wall().since(self.expected())).filter(|it| *it > MAX_JUMP)
    }

    /// Believes the wall clock from now on.
    pub(crate) fn confirm(&self) {
        self.resume(self.clock.wall());
    }

    fn expected(&self) -> Timestamp {
        let passed = nanos(self.clock.monotonic()).saturating_sub(self.mark_elapsed.load(Ordering::SeqCst));
        Timestamp(self.mark.load(Ordering::SeqCst).saturating_add(passed.max(0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);
    const START: Timestamp = Timestamp(1_700_000_000_000_000_000);

    // Rule 90
    #[test]
    fn stepping_the_clock_back_does_not_turn_time_back() {
        let clock = Arc::new(ManualClock::starting_at(START));
        let time = TimeKeeper::new(clock.clone());
        time.resume(START.plus(DAY));
        assert_eq!(time.now(), START.plus(DAY));
        clock.advance(Duration::from_secs(5));
        assert_eq!(time.now(), START.plus(DAY + Duration::from_secs(5)));
        clock.step_to(Timestamp(0));
        assert_eq!(time.now(), START.plus(DAY + Duration::from_secs(5)));
    }

    #[test]
    fn a_jump_forward_is_reported_until_it_is_confirmed() {
        let clock = Arc::new(ManualClock::starting_at(START));
        let time = TimeKeeper::new(clock.clone());
        time.resume(START);
        assert_eq!(time.jump(), None);
        clock.step_to(START.plus(DAY));
        assert_eq!(time.jump(), Some(DAY));
        time.confirm();
        assert_eq!(time.jump(), None);
    }

    #[test]
    fn times_print_as_go_prints_them() {
        assert_eq!(START.rfc3339(), "2023-11-14T22:13:20Z");
        assert_eq!(Timestamp(START.0 + 120_000_000).rfc3339(), "2023-11-14T22:13:20.12Z");
        assert_eq!(
            Timestamp::parse_rfc3339("2023-11-14T22:13:20.12Z"),
            Some(Timestamp(START.0 + 120_000_000))
        );
    }
}
