//! What TLS costs: its handshakes, and a read over connections that are kept.

use super::{Group, When, Work, Workload, reads};
use crate::peers::Peer::{self, OpenBao, Strongroom};

const TWO: &[Peer] = &[Strongroom, OpenBao];

pub(super) const ALL: &[Workload] = &[
    Workload {
        name: "read of 100 B over TLS, 32 connections",
        group: Group::Reads,
        when: When::Always,
        peers: TWO,
        goals: &[],
        work: Work::Tls { connections: 32, request: |_, server| Ok(reads::plain(server)) },
    },
    handshakes("TLS handshakes, full", false),
    handshakes("TLS handshakes, resumed", true),
];

const fn handshakes(name: &'static str, resumed: bool) -> Workload {
    Workload {
        name,
        group: Group::Others,
        when: When::Always,
        peers: TWO,
        goals: &[],
        work: Work::Handshakes { resumed },
    }
}
