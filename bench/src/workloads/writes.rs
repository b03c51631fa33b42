//! Durable writes of KV v2, apart: of keys that are there, and of keys that are new.

use super::{Goal, Group, When, Work, Workload};
use crate::{
    Failure,
    load::request::{Keys, Request},
    peers::Peer::{self, BareAxum, BareSqlite, OpenBao, Strongroom},
    server::Server,
    setup::{self, secret},
};

pub(super) const WRITERS: u32 = 32;
const FOUR: &[Peer] = &[Strongroom, OpenBao, BareAxum, BareSqlite];

pub(super) const ALL: &[Workload] = &[
    overwrite("overwrite among 1,000 keys", 1_000, &[]),
    insert("insert into 1,000 keys", 1_000, &[]),
    overwrite(
        "overwrite among 100,000 keys",
        100_000,
        &[Goal::Times { of: OpenBao, at_least: 15.0 }, Goal::TimesTheLimit { at_least: 0.5 }],
    ),
    insert("insert into 100,000 keys", 100_000, &[]),
    overwrite("overwrite among 1,000,000 keys", 1_000_000, &[]),
    insert("insert into 1,000,000 keys", 1_000_000, &[Goal::Times { of: OpenBao, at_least: 8.0 }]),
];

const fn overwrite(name: &'static str, keys: u64, goals: &'static [Goal]) -> Workload {
    write(name, false, keys, goals)
}

const fn insert(name: &'static str, keys: u64, goals: &'static [Goal]) -> Workload {
    write(name, true, keys, goals)
}

const fn write(name: &'static str, fresh: bool, keys: u64, goals: &'static [Goal]) -> Workload {
    Workload {
        name,
        group: Group::Writes,
        when: When::Always,
        peers: FOUR,
        goals,
        work: Work::Write { fresh, keys },
    }
}

pub(super) fn request(server: &Server, fresh: bool, keys: u64) -> Result<Request, Failure> {
    setup::fill(server, keys)?;
    // A bare handler answers the bytes of a read.
    let marker = if server.peer == BareAxum { "benchmark-value" } else { "created_time" };
    let folder = if fresh { "fresh" } else { "bench" };
    let path = format!("/v1/secret/data/{folder}/%d");
    let drawn = if fresh { Keys::Fresh(server.fresh.get()) } else { Keys::Uniform(keys) };
    Ok(Request::post(path, &server.tokens.reader, marker, secret(100)).over(drawn))
}
