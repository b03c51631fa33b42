//! The workloads: a list that says of each what is sent, who takes part, and what is to be reached.

pub mod asked;
mod auth;
mod commands;
mod goal;
mod open_loop;
mod policy;
mod reads;
mod tls;
mod writes;

pub use goal::{Goal, Verdict};

use crate::{
    Failure, Options,
    load::{Figures, command, handshake, oha, request::Request, wrk},
    peers::{Peer, Peers},
    server::Server,
    setup,
};

pub struct Workload {
    pub name: &'static str,
    pub group: Group,
    pub when: When,
    pub peers: &'static [Peer],
    pub goals: &'static [Goal],
    pub work: Work,
}

/// What is drawn in one chart.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Group {
    Reads,
    Writes,
    Auth,
    Others,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum When {
    Always,
    /// Too long for CI.
    Full,
    /// Stands in CI for one that is too long.
    Smoke,
}

pub enum Work {
    /// Connections in a closed loop.
    Closed {
        connections: u32,
        request: fn(Peer, &Server) -> Result<Request, Failure>,
    },
    /// The same over TLS, connections being kept.
    Tls {
        connections: u32,
        request: fn(Peer, &Server) -> Result<Request, Failure>,
    },
    /// 32 connections that write into a store of so many keys.
    Write {
        fresh: bool,
        keys: u64,
    },
    /// Reads at half of the rate that one of them reached in [`reads::PEAK`].
    Open {
        of: Peer,
    },
    Handshakes {
        resumed: bool,
    },
    Command(fn(&Server, &Options) -> Result<command::Run, Failure>),
}

/// In the order in which they run: a store only grows.
pub fn all() -> impl Iterator<Item = &'static Workload> {
    let lists = [reads::ALL, open_loop::ALL, tls::ALL, policy::ALL, commands::ALL, writes::ALL, auth::ALL];
    lists.into_iter().flatten()
}

/// The one of this name.
pub fn named(name: &str) -> Option<&'static Workload> {
    all().find(|it| it.name == name)
}

impl Workload {
    pub fn is_wanted(&self, options: &Options) -> bool {
        let fits = match self.when {
            When::Always => true,
            When::Full => !options.smoke,
            When::Smoke => options.smoke,
        };
        fits && self.keys() <= options.keys_max && options.wants(self.name)
    }

    /// How many keys it needs.
    fn keys(&self) -> u64 {
        match self.work {
            Work::Write { keys, .. } => keys,
            _ => 0,
        }
    }

    /// Puts as many keys into the servers as it needs.
    pub fn fill(&self, peers: &Peers) -> Result<(), Failure> {
        let servers = self.peers.iter().filter_map(|it| peers.server(*it));
        servers.into_iter().try_for_each(|it| setup::fill(it, self.keys()))
    }

    /// One round on one peer. `peak` tells the rate that a peer reached in a closed loop.
    pub fn measure(
        &self,
        peer: Peer,
        peers: &Peers,
        options: &Options,
        peak: &dyn Fn(Peer) -> Result<f64, Failure>,
    ) -> Result<Figures, Failure> {
        let is_load = !matches!(self.work, Work::Command(_)) && peer != Peer::BareSqlite;
        if is_load {
            self.once(peer, peers, options, peak, WARM_UP)?;
        }
        self.once(peer, peers, options, peak, options.seconds)
    }

    fn once(
        &self,
        peer: Peer,
        peers: &Peers,
        options: &Options,
        peak: &dyn Fn(Peer) -> Result<f64, Failure>,
        seconds: u64,
    ) -> Result<Figures, Failure> {
        if let (Peer::BareSqlite, Work::Write { fresh, keys }) = (peer, &self.work) {
            let what = if *fresh { "insert" } else { "overwrite" };
            return peers.bare_sqlite.measure(what, *keys, writes::WRITERS, seconds);
        }
        let server = peers.server(peer).ok_or("no server does this")?;
        match self.work {
            Work::Closed { connections, request } => {
                wrk::measure(server, &server.url, &request(peer, server)?, connections, seconds)
            }
            Work::Tls { connections, request } => {
                let url = server.tls.as_deref().ok_or("no TLS listener")?;
                wrk::measure(server, url, &request(peer, server)?, connections, seconds)
            }
            Work::Write { fresh, keys } => {
                let request = writes::request(server, fresh, keys)?;
                wrk::measure(server, &server.url, &request, writes::WRITERS, seconds)
            }
            Work::Open { of } => oha::measure(server, peak(of)? / 2.0, reads::CONNECTIONS, seconds),
            Work::Handshakes { resumed } => handshake::measure(server, resumed, seconds),
            Work::Command(run) => command::measure(&mut run(server, options)?, seconds),
        }
    }
}

/// Seconds that each round begins with and that do not count. A server that has been idle while others were measured is
/// cold: on a virtual machine the host may even have taken its pages, and the first touch of each costs 100 µs.
const WARM_UP: u64 = 1;

/// What the rates of open loops are taken from.
pub fn peak() -> &'static Workload {
    &reads::PEAK
}
