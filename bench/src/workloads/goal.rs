//! What is to be reached, and whether it was.

use serde::{Deserialize, Serialize};

use crate::{load::Figures, peers::Peer};

/// Of the medians of one run.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// So many times the rate of another.
    Times {
        of: Peer,
        at_least: f64,
    },
    /// So many times the rate of the slower of the two limits.
    TimesTheLimit {
        at_least: f64,
    },
    /// Microseconds.
    P99 {
        at_most: f64,
    },
    P99Below {
        of: Peer,
    },
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    Met,
    Missed,
    /// Somebody was not measured.
    Open,
}

impl Goal {
    pub fn text(self) -> String {
        match self {
            Self::Times { of, at_least } => format!("{at_least} x {}", of.name()),
            Self::TimesTheLimit { at_least } => format!("{at_least} x the slower limit"),
            Self::P99 { at_most } => format!("p99 <= {} ms", at_most / 1e3),
            Self::P99Below { of } => format!("p99 below {}'s", of.name()),
        }
    }

    /// `median` tells a peer's medians.
    pub fn verdict(self, median: impl Fn(Peer) -> Option<Figures>) -> Verdict {
        let Some(ours) = median(Peer::Strongroom) else { return Verdict::Open };
        let rate = |peer| median(peer).map(|it| it.per_second);
        let met = match self {
            Self::Times { of, at_least } => rate(of).map(|it| ours.per_second >= at_least * it),
            Self::TimesTheLimit { at_least } => rate(Peer::BareAxum)
                .zip(rate(Peer::BareSqlite))
                .map(|(one, other)| ours.per_second >= at_least * one.min(other)),
            // What does not keep the rate has no latency at that rate.
            Self::P99 { at_most } => ours.p99.map(|it| it <= at_most && ours.keeps_up()),
            Self::P99Below { of } => {
                ours.p99.zip(median(of).and_then(|it| it.p99)).map(|(a, b)| a < b && ours.keeps_up())
            }
        };
        match met {
            Some(true) => Verdict::Met,
            Some(false) => Verdict::Missed,
            None => Verdict::Open,
        }
    }
}

impl Verdict {
    pub fn name(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "missed",
            Self::Open => "not measured",
        }
    }
}

impl Figures {
    /// Whether an open loop kept its rate.
    pub fn keeps_up(&self) -> bool {
        self.asked.is_none_or(|it| self.per_second >= 0.97 * it)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(per_second: f64, p99: f64) -> Figures {
        Figures { per_second, p99: Some(p99), ..Figures::default() }
    }

    fn check(goal: Goal, wanted: Verdict) {
        let verdict = goal.verdict(|peer| match peer {
            Peer::Strongroom => Some(figures(1_500.0, 900.0)),
            Peer::OpenBao => Some(figures(100.0, 800.0)),
            Peer::BareAxum => Some(figures(9_000.0, 100.0)),
            Peer::BareSqlite => Some(figures(3_000.0, 100.0)),
            Peer::Plain => None,
        });
        assert_eq!(verdict, wanted, "{goal:?}");
    }

    #[test]
    fn a_goal_is_met_at_its_limit_and_missed_beyond() {
        check(Goal::Times { of: Peer::OpenBao, at_least: 15.0 }, Verdict::Met);
        check(Goal::Times { of: Peer::OpenBao, at_least: 15.1 }, Verdict::Missed);
        check(Goal::Times { of: Peer::Plain, at_least: 0.9 }, Verdict::Open);
        check(Goal::TimesTheLimit { at_least: 0.5 }, Verdict::Met);
        check(Goal::TimesTheLimit { at_least: 0.51 }, Verdict::Missed);
        check(Goal::P99 { at_most: 900.0 }, Verdict::Met);
        check(Goal::P99 { at_most: 899.0 }, Verdict::Missed);
        check(Goal::P99Below { of: Peer::OpenBao }, Verdict::Missed);
        check(Goal::P99Below { of: Peer::BareSqlite }, Verdict::Missed);
    }

    #[test]
    fn a_latency_at_a_rate_that_was_not_kept_is_none() {
        let slow = Figures { asked: Some(3_000.0), ..figures(1_500.0, 10.0) };
        assert_eq!(Goal::P99 { at_most: 1e3 }.verdict(|_| Some(slow)), Verdict::Missed);
    }
}
