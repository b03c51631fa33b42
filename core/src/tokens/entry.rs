//! What is stored of a token.

use std::{collections::BTreeMap, time::Duration};

use super::{Depth, Epoch, Selector};
use crate::{
    barrier::Record,
    clock::Timestamp,
    ids::{MountId, NamespaceId},
};

/// How a token is kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
#[cbor(index_only)]
pub enum TokenKind {
    /// Not stored: everything is in the token itself, encrypted.
    #[n(0)]
    Batch,
    #[n(1)]
    Service,
}

impl TokenKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::Service => "service",
        }
    }
}

/// What has been decided about a token, whatever its time says.
#[derive(Clone, Copy, Debug, Eq, PartialEq, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
#[cbor(index_only)]
pub enum State {
    #[n(0)]
    Active,
    /// Dead, and all below it; purged in the background.
    #[n(1)]
    Revoked,
    /// Dead, but its children live on: they are orphans.
    #[n(2)]
    Released,
}

/// A token's record, which is its lease too.
#[derive(Clone, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub struct Token {
    /// HMAC of the token; zero for a batch token, which its encryption proves.
    #[cbor(n(0), with = "crate::codec::hash")]
    pub mac: [u8; 32],
    #[cbor(n(1), with = "crate::codec::selector")]
    pub selector: [u8; 16],
    #[cbor(n(2), with = "crate::codec::namespace")]
    pub namespace: NamespaceId,
    #[n(3)]
    pub kind: TokenKind,
    /// None for an orphan: a login's token, a root token.
    #[cbor(n(4), with = "crate::codec::maybe_selector")]
    pub parent: Option<[u8; 16]>,
    /// Sorted, canonical, without repeats.
    #[n(5)]
    pub policies: Vec<String>,
    /// The request path that made it: `auth/token/create`, `auth/userpass/login/ann`.
    #[n(6)]
    pub path: String,
    #[n(7)]
    pub display_name: String,
    #[n(8)]
    pub metadata: Option<BTreeMap<String, String>>,
    #[cbor(n(9), with = "crate::codec::timestamp")]
    pub created: Timestamp,
    /// As it was given when it was made; zero for a root token without end.
    #[cbor(n(10), with = "crate::codec::seconds")]
    pub creation_ttl: Duration,
    /// As it was given last: what a renewal without an increment asks for.
    #[cbor(n(22), with = "crate::codec::seconds")]
    pub granted_ttl: Duration,
    /// None: never.
    #[cbor(n(11), with = "crate::codec::maybe_timestamp")]
    pub expires: Option<Timestamp>,
    #[cbor(n(12), with = "crate::codec::seconds")]
    pub explicit_max_ttl: Duration,
    /// Not zero for a periodic token.
    #[cbor(n(13), with = "crate::codec::seconds")]
    pub period: Duration,
    #[n(14)]
    pub renewable: bool,
    #[cbor(n(15), with = "crate::codec::maybe_timestamp")]
    pub renewed: Option<Timestamp>,
    /// Zero: without limit. -1: used up.
    #[n(16)]
    pub uses_left: i64,
    /// The token role, if one made it.
    #[n(17)]
    pub role: String,
    #[n(18)]
    pub entity: String,
    /// Networks that it may be used from; empty: all.
    #[n(19)]
    pub bound_cidrs: Vec<String>,
    #[n(20)]
    pub state: State,
    /// What the role or user that it was made for allows at most; zero: no more than the mount.
    #[cbor(n(21), with = "crate::codec::seconds")]
    pub max_ttl: Duration,
    /// The mount that made it; none for the token that a store begins with.
    #[cbor(n(23), with = "crate::codec::maybe_mount_id")]
    pub mount: Option<MountId>,
    /// Ancestors above it.
    #[n(24)]
    pub depth: Depth,
    /// How many prefixes had been revoked when it was made.
    #[n(25)]
    pub epoch: Epoch,
    /// The minute under which it stands in the expiry index; none for a token without end, and for one that
    /// is not stored.
    #[n(26)]
    pub filed: Option<u64>,
    /// What the login said of whoever logged in, which its children go by too: templates of policies speak of this
    /// and not of what a later login of the same entity said (rule 64).
    #[n(27)]
    pub login: Option<Login>,
}

/// What an auth method's authority said at a login.
#[derive(Clone, Debug, Eq, PartialEq, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub struct Login {
    /// The mount's.
    #[n(0)]
    pub accessor: String,
    /// The alias's.
    #[n(1)]
    pub name: String,
    #[n(2)]
    pub metadata: Option<BTreeMap<String, String>>,
}

impl Record for Token {}

impl Token {
    pub fn is_root(&self) -> bool {
        self.policies.iter().any(|it| it == "root")
    }

    pub fn is_orphan(&self) -> bool {
        self.parent.is_none()
    }

    /// None for a batch token: nothing is stored that a selector could name.
    pub fn selector(&self) -> Option<Selector> {
        (self.kind == TokenKind::Service).then_some(Selector(self.selector))
    }

    /// Expired is dead at read time, before any sweeper.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.uses_left >= 0 && self.is_live_but_for_uses(now)
    }

    /// As [`Token::is_live`], for the request that took the last use.
    pub fn is_live_but_for_uses(&self, now: Timestamp) -> bool {
        self.state == State::Active && self.expires.is_none_or(|it| now < it)
    }

    /// Time left; zero for a token without end.
    pub fn ttl(&self, now: Timestamp) -> Duration {
        self.expires.map_or(Duration::ZERO, |it| it.since(now))
    }
}
