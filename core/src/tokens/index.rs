//! The rows beside a token's record.
//!
//! *Expiry*: what ends in which minute, for the sweeper. *Path*: the tokens that a mount made, in the order
//! in which it made them, for revocation by path. *Children*: for the purge of a parent; only a token that is
//! no orphan has one. All three are appended in the order of time, so that a login writes one row at random
//! and two at an end.

use super::{ROOT, Selector, Token};
use crate::{
    barrier::{Class, Dir, Filed, Ordinal, Place, Record, filed},
    clock::Timestamp,
    ids::MountId,
    store::Store,
};

/// A row of an index: whose it is.
#[derive(Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) struct Row {
    #[cbor(n(0), with = "crate::codec::selector")]
    selector: [u8; 16],
}

impl Record for Row {}

pub(super) const KINDS: &[Filed] = &[filed::<Row>(Class::TokenIndex), filed::<Row>(Class::Expiry)];

impl Row {
    pub(super) fn of(selector: Selector) -> Self {
        Self { selector: selector.0 }
    }

    pub(super) fn selector(&self) -> Selector {
        Selector(self.selector)
    }
}

const MINUTE: i64 = 60_000_000_000;

/// The first whole minute by whose beginning what expires at `expires` has ended.
pub(crate) fn minute_after(expires: Timestamp) -> u64 {
    minute(Timestamp(expires.0.saturating_add(MINUTE - 1)))
}

/// The minute that `now` lies in.
pub(crate) fn minute(now: Timestamp) -> u64 {
    u64::try_from(now.0.div_euclid(MINUTE)).unwrap_or(0)
}

/// The last ordinal of a minute.
pub(crate) fn end_of(minute: u64) -> Ordinal {
    Ordinal::new(minute, [u8::MAX; 8])
}

pub(super) fn expiries(store: &Store) -> Dir {
    store.dir(ROOT, "expiry/")
}

pub(super) fn expiry(store: &Store, minute: u64, selector: Selector) -> Place {
    expiries(store).at(Class::Expiry, Ordinal::new(minute, selector.tail()))
}

/// The tokens that a mount made. Filed here and not with the mount: it is needed longest when that is gone.
pub(super) fn made_by(store: &Store, mount: MountId) -> Dir {
    store.dir(ROOT, &format!("made/{mount}/"))
}

/// The row of a token among those that its mount made.
pub(super) fn path(store: &Store, token: &Token) -> Option<Place> {
    let dir = made_by(store, token.mount?);
    Some(dir.at(Class::TokenIndex, at_creation(token)))
}

pub(super) fn children(store: &Store, parent: Selector) -> Dir {
    store.dir(ROOT, &format!("children/{}/", parent.to_hex()))
}

/// Dead tokens whose ids were given to new ones, to be purged.
pub(super) fn replaced(store: &Store) -> Dir {
    store.dir(ROOT, "replaced/")
}

/// The row of a token among its parent's children.
pub(super) fn child(store: &Store, token: &Token) -> Option<Place> {
    let dir = children(store, Selector(token.parent?));
    Some(dir.at(Class::TokenIndex, at_creation(token)))
}

pub(super) fn at_creation(token: &Token) -> Ordinal {
    Ordinal::new(u64::try_from(token.created.0).unwrap_or(0), Selector(token.selector).tail())
}
