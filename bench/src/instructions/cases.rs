//! What is counted.

use super::{work::Work, world::Place};

/// One thing that is done again and again.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    /// How often it is done before anything is counted, so that caches are full.
    pub(crate) warm: u64,
    /// How often it is done in the first region; in the second twice as often.
    pub(crate) times: u64,
    pub(crate) work: Work,
}

/// Secrets that are read and overwritten: enough of them that it does not matter where their rows have come to lie.
pub(crate) const KEYS: u64 = 50;

/// Each of them has a budget. Few enough writes that none is the one that moves the write-ahead log into the database.
pub(crate) const ALL: &[Case] = &[
    case("read", "KV v2 read, an ordinary token", 200, 250, Work::Read),
    case("read-root", "KV v2 read, the root token", 200, 250, Work::ReadAsRoot),
    case("read-leased", "KV v2 read under a lease that is held", 200, 250, Work::ReadLeased),
    case("token-lookup", "auth/token/lookup-self", 200, 250, Work::Lookup),
    case("login", "AppRole login, SQLite", 50, 100, Work::Login(Place::Sqlite)),
    case("login-memory", "AppRole login, memory", 50, 100, Work::Login(Place::Memory)),
    case("overwrite", "KV v2 overwrite, SQLite", 50, 100, Work::Overwrite(Place::Sqlite)),
    case("overwrite-memory", "KV v2 overwrite, memory", KEYS * 11, 100, Work::Overwrite(Place::Memory)),
    case("insert", "KV v2 insert, SQLite", 50, 100, Work::Insert(Place::Sqlite)),
    case("insert-memory", "KV v2 insert, memory", 50, 100, Work::Insert(Place::Memory)),
    case("http-read", "as read, over HTTP/1.1", 200, 250, Work::HttpRead),
    case("http-overwrite", "as overwrite, over HTTP/1.1", 50, 100, Work::HttpOverwrite),
    case("decide-1", "a policy decision among 1 rule", 100, 500, Work::Decide(1)),
    case("decide-100", "a policy decision among 100 rules", 100, 500, Work::Decide(100)),
    case("decide-5000", "a policy decision among 5,000 rules", 100, 500, Work::Decide(5_000)),
];

const fn case(name: &'static str, what: &'static str, warm: u64, times: u64, work: Work) -> Case {
    Case { name, what, warm, times, work }
}
