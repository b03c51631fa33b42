//! Reads of KV v2: how many at once, how large, by whom; lists; reads with a lease; reads between writes.

use super::{Goal, Group, When, Work, Workload};
use crate::{
    Failure,
    load::request::{Keys, Request},
    peers::Peer::{self, BareAxum, OpenBao, Plain, Strongroom},
    server::Server,
    setup::{self, KEYS, SIZES, secret},
};

pub(super) const CONNECTIONS: u32 = 32;
const MARKER: &str = "benchmark-value";
const MIXED: u64 = 100_000;
const THREE: &[Peer] = &[Strongroom, OpenBao, BareAxum];
const TWO: &[Peer] = &[Strongroom, OpenBao];

pub(super) const PEAK: Workload = read(
    "read of 100 B, 32 connections",
    32,
    When::Always,
    &[Goal::Times { of: OpenBao, at_least: 15.0 }, Goal::Times { of: BareAxum, at_least: 0.5 }],
    |_, server| Ok(of_size(server, 0)),
);

pub(super) const ALL: &[Workload] = &[
    PEAK,
    read("read of 100 B, 1 connection", 1, When::Full, &[], |_, server| Ok(of_size(server, 0))),
    read("read of 100 B, 256 connections", 256, When::Full, &[], |_, server| Ok(of_size(server, 0))),
    read("read of 10 KB, 32 connections", 32, When::Always, &[], |_, server| Ok(of_size(server, 1))),
    read("read of 1 MB, 32 connections", 32, When::Full, &[], |_, server| Ok(of_size(server, 2))),
    read(
        "read of 100 B, root token",
        32,
        When::Always,
        &[Goal::Times { of: OpenBao, at_least: 8.0 }],
        |_, server| Ok(Request { token: server.tokens.root.clone(), ..of_size(server, 0) }),
    ),
    Workload {
        name: "repeated leased read",
        group: Group::Reads,
        when: When::Always,
        peers: &[Strongroom, Plain],
        goals: &[Goal::Times { of: Plain, at_least: 0.9 }],
        work: Work::Closed { connections: 32, request: leased },
    },
    list("list of 10", When::Always, |_, server| list_of(server, 10)),
    list("list of 10,000", When::Full, |_, server| list_of(server, 10_000)),
    mix("90/10 mix over 1,000 keys, Zipf", When::Smoke, |_, server| mixed(server, KEYS)),
    mix("90/10 mix over 100,000 keys, Zipf", When::Full, |_, server| mixed(server, MIXED)),
];

type Ask = fn(Peer, &Server) -> Result<Request, Failure>;

const fn read(
    name: &'static str,
    connections: u32,
    when: When,
    goals: &'static [Goal],
    request: Ask,
) -> Workload {
    Workload {
        name,
        group: Group::Reads,
        when,
        peers: THREE,
        goals,
        work: Work::Closed { connections, request },
    }
}

const fn list(name: &'static str, when: When, request: Ask) -> Workload {
    Workload {
        name,
        group: Group::Reads,
        when,
        peers: TWO,
        goals: &[],
        work: Work::Closed { connections: 32, request },
    }
}

const fn mix(name: &'static str, when: When, request: Ask) -> Workload {
    Workload {
        name,
        group: Group::Writes,
        when,
        peers: TWO,
        goals: &[],
        work: Work::Closed { connections: 32, request },
    }
}

fn of_size(server: &Server, size: usize) -> Request {
    let (folder, keys) = SIZES.get(size).map_or(("bench", KEYS), |it| (it.folder, it.keys));
    let path = format!("/v1/secret/data/{folder}/%d");
    Request::get(path, &server.tokens.reader, MARKER).over(Keys::Uniform(keys))
}

/// What an ordinary token reads.
pub(super) fn plain(server: &Server) -> Request {
    of_size(server, 0)
}

fn leased(peer: Peer, server: &Server) -> Result<Request, Failure> {
    let request = of_size(server, 0);
    if peer == Plain {
        return Ok(request);
    }
    // The first read of each key makes its lease, which is not what is measured.
    server.once("leases", || hold(server).map(|_| String::new()))?;
    // Nobody else's answer has a lease.
    Ok(Request {
        header: Some(("X-Strongroom-Lease", "24h")),
        marker: "\"renewable\":true".to_owned(),
        ..request
    })
}

/// A lease of each key: their ids.
pub(super) fn hold(server: &Server) -> Result<Vec<String>, Failure> {
    let leases = (0..KEYS).map(|key| {
        let url = format!("{}/v1/secret/data/bench/{key}", server.url);
        setup::text(&setup::get_leased(&url, &server.tokens.reader)?, "/lease_id")
    });
    leases.collect()
}

fn list_of(server: &Server, keys: u64) -> Result<Request, Failure> {
    let folder = format!("list{keys}");
    server.once(&folder, || setup::fill_folder(server, &folder, 0, keys).map(|()| String::new()))?;
    let path = format!("/v1/secret/metadata/{folder}?list=true");
    Ok(Request::get(path, &server.tokens.reader, &format!("\"{}\"", keys - 1)))
}

fn mixed(server: &Server, keys: u64) -> Result<Request, Failure> {
    setup::fill(server, keys)?;
    let writes = Some((10, secret(100), "created_time"));
    Ok(Request { writes, ..of_size(server, 0) }.over(Keys::Zipf(keys)))
}
