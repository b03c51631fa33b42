//! How long a token lives: the one place where its time is computed.
//!
//! Times are whole seconds and never negative; sums saturate. A lifetime is either granted, and then it ends,
//! or it is "without end", which only [`Lifetime::Endless`] says: no arithmetic can turn the one into the
//! other (CVE-2021-32923).

use std::time::Duration;

use crate::{
    clock::Timestamp,
    error::{Error, Result},
    mounts::Config,
    settings::Settings,
};

/// How long a token is good for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lifetime {
    /// A root token that was made by one without end.
    Endless,
    For(Duration),
}

impl Lifetime {
    pub fn ends(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Endless => None,
            Self::For(ttl) => Some(now.plus(ttl)),
        }
    }

    /// Zero for a lifetime without end, as clients see it.
    pub fn ttl(self) -> Duration {
        match self {
            Self::Endless => Duration::ZERO,
            Self::For(ttl) => ttl,
        }
    }
}

/// What the mount, and where it is silent the system, allows.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub default: Duration,
    pub max: Duration,
}

impl Limits {
    pub fn of(config: &Config, settings: &Settings) -> Self {
        let or = |set: Duration, system: Duration| if set.is_zero() { system } else { set };
        let max = or(config.max_lease_ttl, settings.max_lease_ttl);
        Self { default: or(config.default_lease_ttl, settings.default_lease_ttl).min(max), max }
    }
}

/// What is asked for. Zero: nothing is said.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    pub ttl: Duration,
    pub period: Duration,
    /// The role's or user's, for a login.
    pub max_ttl: Duration,
    /// Holds for the token's whole life, renewals included.
    pub explicit_max_ttl: Duration,
}

/// What is given, and what is said about it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Given {
    pub ttl: Duration,
    pub warning: Option<String>,
}

/// The time that a token made at `created` gets at `now`: at its creation, and at each renewal.
pub fn give(limits: Limits, wanted: Wanted, created: Timestamp, now: Timestamp) -> Result<Given> {
    let max = [wanted.max_ttl, wanted.explicit_max_ttl]
        .into_iter()
        .filter(|it| !it.is_zero())
        .fold(limits.max, Duration::min);
    let mut warning = None;
    let (ttl, bound) = if wanted.period.is_zero() {
        (if wanted.ttl.is_zero() { limits.default } else { wanted.ttl }, Some(max))
    } else {
        let period = wanted.period.min(max);
        if period < wanted.period {
            warning = Some(capped("period", wanted.period, max));
        }
        // A periodic token lives on for as long as it is renewed, but for its explicit end.
        (period, Some(wanted.explicit_max_ttl).filter(|it| !it.is_zero()))
    };
    let Some(bound) = bound else { return Ok(Given { ttl, warning }) };
    let left = whole_seconds(bound.saturating_sub(now.since(created)));
    if left.is_zero() {
        return Err(Error::invalid("past the max TTL, cannot renew"));
    }
    if ttl > left {
        return Ok(Given { ttl: left, warning: warning.or_else(|| Some(capped("TTL", ttl, left))) });
    }
    Ok(Given { ttl, warning })
}

fn whole_seconds(duration: Duration) -> Duration {
    Duration::from_secs(duration.as_secs())
}

fn capped(what: &str, asked: Duration, max: Duration) -> String {
    format!(
        "{what} of \"{}\" exceeded the effective max_ttl of \"{}\"; {what} value is capped accordingly",
        show(asked),
        show(max)
    )
}

/// As Go prints durations, without the units that are zero: `768h`, `767h59m58s`, `30m`.
fn show(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let mut out = String::new();
    for (number, unit) in [(seconds / 3600, 'h'), (seconds / 60 % 60, 'm'), (seconds % 60, 's')] {
        if number > 0 {
            out.push_str(&format!("{number}{unit}"));
        }
    }
    if out.is_empty() { "0s".to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_000_000_000);
    const LIMITS: Limits = Limits { default: hours(768), max: hours(768) };

    const fn hours(number: u64) -> Duration {
        Duration::from_secs(number * 3600)
    }

    const fn minutes(number: u64) -> Duration {
        Duration::from_secs(number * 60)
    }

    #[track_caller]
    fn check(wanted: Wanted, ttl: Duration, warning: Option<&str>) {
        let given = give(LIMITS, wanted, NOW, NOW).unwrap();
        assert_eq!((given.ttl, given.warning.as_deref()), (ttl, warning));
    }

    #[test]
    fn a_token_gets_what_it_asks_for_within_the_limits() {
        check(Wanted::default(), hours(768), None);
        check(Wanted { ttl: hours(1), ..Wanted::default() }, hours(1), None);
        let text =
            "TTL of \"10000h\" exceeded the effective max_ttl of \"768h\"; TTL value is capped accordingly";
        check(Wanted { ttl: hours(10_000), ..Wanted::default() }, hours(768), Some(text));
        let text = "TTL of \"1h\" exceeded the effective max_ttl of \"30m\"; TTL value is capped accordingly";
        let wanted = Wanted { ttl: hours(1), explicit_max_ttl: minutes(30), ..Wanted::default() };
        check(wanted, minutes(30), Some(text));
        let text =
            "period of \"20m\" exceeded the effective max_ttl of \"10m\"; period value is capped accordingly";
        let wanted = Wanted { period: minutes(20), explicit_max_ttl: minutes(10), ..Wanted::default() };
        check(wanted, minutes(10), Some(text));
        check(Wanted { ttl: hours(1), period: minutes(20), ..Wanted::default() }, minutes(20), None);
    }

    #[test]
    fn a_zero_limit_of_the_mount_is_the_systems() {
        let settings = Settings::default();
        let config = Config { max_lease_ttl: hours(2), ..Config::default() };
        let limits = Limits::of(&config, &settings);
        assert_eq!((limits.default, limits.max), (hours(2), hours(2)));
        let limits = Limits::of(&Config::default(), &settings);
        assert_eq!((limits.default, limits.max), (settings.default_lease_ttl, settings.max_lease_ttl));
    }

    fn seconds() -> impl Strategy<Value = Duration> {
        prop_oneof![Just(0), 1..100_000_u64, Just(u64::MAX)].prop_map(Duration::from_secs)
    }

    fn wanted() -> impl Strategy<Value = Wanted> {
        (seconds(), seconds(), seconds(), seconds()).prop_map(|(ttl, period, max_ttl, explicit_max_ttl)| {
            Wanted { ttl, period, max_ttl, explicit_max_ttl }
        })
    }

    proptest! {
        // Rule 40
        #[test]
        fn no_renewal_goes_beyond_a_maximum_and_none_is_without_end(
            wanted in wanted(),
            default in 1..200_000_u64,
            max in 1..200_000_u64,
            age in 0..300_000_000_000_000_u64,
        ) {
            let limits = Limits { default: Duration::from_secs(default), max: Duration::from_secs(max) };
            let now = NOW.plus(Duration::from_nanos(age));
            let outcome = give(limits, wanted, NOW, now);
            if let Ok(given) = &outcome {
                prop_assert!(!given.ttl.is_zero());
                prop_assert_eq!(given.ttl.subsec_nanos(), 0);
                prop_assert!(given.ttl <= limits.max);
                let end = now.plus(given.ttl);
                if !wanted.explicit_max_ttl.is_zero() {
                    prop_assert!(end <= NOW.plus(wanted.explicit_max_ttl));
                }
                if wanted.period.is_zero() {
                    prop_assert!(end <= NOW.plus(limits.max));
                    prop_assert!(wanted.max_ttl.is_zero() || end <= NOW.plus(wanted.max_ttl));
                }
            } else {
                prop_assert!(now.since(NOW) > Duration::ZERO, "a fresh token always gets some time");
            }
        }

        // Rule 40
        #[test]
        fn only_an_endless_lifetime_has_no_end(ttl in seconds()) {
            prop_assert!(Lifetime::For(ttl).ends(NOW).is_some());
            prop_assert!(Lifetime::Endless.ends(NOW).is_none());
        }
    }
}
