//! Time: injected, and never running backwards.
//!
//! The core's time is what the monotonic clock says, counted from a moment that was believed. The wall clock
//! moves that moment forwards, never back, and by no more than [`MAX_JUMP`] at once: a clock that jumps would
//! end everything that has a time. What is not believed waits for an operator (`sys/clock/confirm`); meanwhile
//! time passes as before, and sweeping pauses.
//!
//! The time of the last commit lies in the store's head, so that neither a clock that is set back nor an older
//! machine image revives anything. While a store is closed there is no second clock to compare with: at unseal
//! the wall clock is believed, so that what ended meanwhile is dead, unless it tells of more than
//! [`LONGEST_ABSENCE`].

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
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

    /// The same without the fraction of a second.
    #[must_use]
    pub fn whole_seconds(self) -> Self {
        Self(self.0.saturating_sub(self.0.rem_euclid(1_000_000_000)))
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
#[derive(Default)]
pub struct SystemClock(());

impl Clock for SystemClock {
    fn wall(&self) -> Timestamp {
        Timestamp(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, nanos))
    }

    /// Time goes on while the machine sleeps.
    fn monotonic(&self) -> Duration {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        Duration::try_from(time).unwrap_or_default()
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

/// The wall clock is not believed to be further ahead than this until an operator confirms it.
pub const MAX_JUMP: Duration = Duration::from_secs(3600);

/// A store that was closed for longer is not believed to have been.
pub const LONGEST_ABSENCE: Duration = Duration::from_secs(30 * 86_400);

/// The core's own time.
pub(crate) struct TimeKeeper {
    clock: Arc<dyn Clock>,
    /// The moment that the monotonic clock is counted from: it only grows. [`UNKNOWN`] before the first unseal.
    origin: AtomicI64,
}

const UNKNOWN: i64 = i64::MIN;

impl TimeKeeper {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, origin: AtomicI64::new(UNKNOWN) }
    }

    /// Takes the time of the store's last commit into account, at unseal; zero for a store that is new.
    pub(crate) fn resume(&self, high_water: Timestamp) {
        let (wall, passed) = self.read();
        let absence = wall.since(high_water);
        let is_believed = high_water == Timestamp::default() || absence <= LONGEST_ABSENCE;
        let from = if is_believed { wall.max(high_water) } else { high_water };
        self.origin.fetch_max(from.0.saturating_sub(passed), Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> Timestamp {
        let (wall, passed) = self.read();
        let origin = self.origin.load(Ordering::SeqCst);
        if origin == UNKNOWN {
            return wall;
        }
        let now = Timestamp(origin.saturating_add(passed));
        match wall.since(now) {
            Duration::ZERO => now,
            ahead if ahead > MAX_JUMP => now,
            _ => {
                self.origin.fetch_max(wall.0.saturating_sub(passed), Ordering::SeqCst);
                wall
            }
        }
    }

    /// How far the wall clock is ahead, if that is not believed. Sweeping pauses while it is.
    pub(crate) fn jump(&self) -> Option<Duration> {
        let ahead = self.read().0.since(self.now());
        Some(ahead).filter(|it| *it > MAX_JUMP)
    }

    /// Believes the wall clock.
    pub(crate) fn confirm(&self) {
        let (wall, passed) = self.read();
        self.origin.fetch_max(wall.0.saturating_sub(passed), Ordering::SeqCst);
    }

    /// The wall clock, and the nanoseconds that have passed by the monotonic one: in this order, so that a pause
    /// between the two readings does not put time ahead.
    fn read(&self) -> (Timestamp, i64) {
        let wall = self.clock.wall();
        (wall, nanos(self.clock.monotonic()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);
    const START: Timestamp = Timestamp(1_700_000_000_000_000_000);

    const SECOND: Duration = Duration::from_secs(1);

    fn keeper(high_water: Timestamp) -> (Arc<ManualClock>, TimeKeeper) {
        let clock = Arc::new(ManualClock::starting_at(START));
        let time = TimeKeeper::new(clock.clone());
        time.resume(high_water);
        (clock, time)
    }

    // Rule 90
    #[test]
    fn stepping_the_clock_back_does_not_turn_time_back() {
        let (clock, time) = keeper(START.plus(DAY));
        assert_eq!(time.now(), START.plus(DAY));
        clock.advance(5 * SECOND);
        assert_eq!(time.now(), START.plus(DAY + 5 * SECOND));
        clock.step_to(Timestamp(0));
        assert_eq!(time.now(), START.plus(DAY + 5 * SECOND));
        // Nor what was believed while the store was open.
        let (clock, time) = keeper(START);
        clock.step_to(START.plus(MAX_JUMP));
        assert_eq!(time.now(), START.plus(MAX_JUMP));
        clock.step_to(START);
        assert_eq!(time.now(), START.plus(MAX_JUMP));
    }

    // Rule 90: what the jump would end has not ended.
    #[test]
    fn a_jump_forward_is_not_adopted_until_it_is_confirmed() {
        let (clock, time) = keeper(START);
        assert_eq!(time.jump(), None);
        clock.step_to(START.plus(DAY));
        assert_eq!((time.now(), time.jump()), (START, Some(DAY)));
        clock.advance(5 * SECOND);
        assert_eq!((time.now(), time.jump()), (START.plus(5 * SECOND), Some(DAY)));
        time.confirm();
        assert_eq!((time.now(), time.jump()), (START.plus(DAY + 5 * SECOND), None));
        // A clock that was mended needs no word.
        clock.step_to(START.plus(9 * DAY));
        clock.step_to(START.plus(DAY + 6 * SECOND));
        assert_eq!((time.now(), time.jump()), (START.plus(DAY + 6 * SECOND), None));
    }

    // Rule 90: also after a restart.
    #[test]
    fn the_time_while_the_store_was_closed_has_passed() {
        let (_, time) = keeper(START.minus(LONGEST_ABSENCE));
        assert_eq!((time.now(), time.jump()), (START, None));
        let (_, time) = keeper(START.minus(LONGEST_ABSENCE + SECOND));
        assert_eq!(time.now(), START.minus(LONGEST_ABSENCE + SECOND));
        assert_eq!(time.jump(), Some(LONGEST_ABSENCE + SECOND));
        let (_, time) = keeper(Timestamp::default());
        assert_eq!((time.now(), time.jump()), (START, None), "a store that is new");
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
