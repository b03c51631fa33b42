//! Latency under a load that does not wait.

use super::{Goal, Group, When, Work, Workload};
use crate::peers::Peer::{self, BareAxum, OpenBao, Strongroom};

pub(super) const ALL: &[Workload] = &[
    open(
        "open loop, half of strongroom's peak",
        Strongroom,
        &[Goal::P99 { at_most: 1_000.0 }, Goal::P99Below { of: OpenBao }],
    ),
    open("open loop, half of openbao's peak", OpenBao, &[Goal::P99Below { of: OpenBao }]),
];

const fn open(name: &'static str, of: Peer, goals: &'static [Goal]) -> Workload {
    Workload {
        name,
        group: Group::Others,
        when: When::Always,
        peers: &[Strongroom, OpenBao, BareAxum],
        goals,
        work: Work::Open { of },
    }
}
