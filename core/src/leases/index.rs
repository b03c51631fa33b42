//! The rows beside leases and holdings.
//!
//! *Expiry*: what is to be looked at in which minute. *Token*: what a token has taken out, to end with it.
//! *Made*: the leases of a mount, in the order of their making, for listing and for revoking by prefix; holdings
//! need none, as they lie in a tree of paths. *Failed*: leases whose revocation has failed too often.

pub(crate) use crate::tokens::index::{end_of, minute, minute_after};

use super::{Lease, ROOT};
use crate::{
    barrier::{Class, Dir, Filed, Ordinal, Place, Record, filed},
    clock::Timestamp,
    ids::{MountId, NamespaceId},
    store::Store,
    tokens::Selector,
};

/// What a row of an index is about.
#[derive(Clone, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(crate) enum Ref {
    #[n(0)]
    Lease {
        #[n(0)]
        tail: String,
    },
    #[n(1)]
    Holding {
        #[cbor(n(0), with = "crate::codec::namespace")]
        namespace: NamespaceId,
        #[cbor(n(1), with = "crate::codec::mount_id")]
        mount: MountId,
        /// Relative to the mount.
        #[n(2)]
        path: String,
        #[cbor(n(3), with = "crate::codec::selector")]
        holder: [u8; 16],
    },
}

impl Record for Ref {}

pub(super) const KINDS: &[Filed] = &[filed::<Ref>(Class::Lease), filed::<Ref>(Class::Expiry)];

pub(crate) fn expiries(store: &Store) -> Dir {
    store.dir(ROOT, "expiry/")
}

pub(crate) fn expiry(store: &Store, minute: u64, tail: [u8; 8]) -> Place {
    expiries(store).at(Class::Expiry, Ordinal::new(minute, tail))
}

pub(crate) fn of_token(store: &Store, selector: Selector) -> Dir {
    store.dir(ROOT, &format!("token/{}/", selector.to_hex()))
}

pub(crate) fn token(store: &Store, selector: Selector, at: Ordinal) -> Place {
    of_token(store, selector).at(Class::Lease, at)
}

/// The leases of a mount. Filed here and not with the mount: they are needed longest when that is gone.
pub(crate) fn made_by(store: &Store, mount: MountId) -> Dir {
    store.dir(ROOT, &format!("made/{mount}/"))
}

pub(crate) fn made(store: &Store, lease: &Lease) -> Place {
    made_by(store, lease.mount).at(Class::Lease, lease.ordinal())
}

pub(crate) fn failures(store: &Store) -> Dir {
    store.dir(ROOT, "failed/")
}

pub(crate) fn failed(store: &Store, lease: &Lease) -> Place {
    failures(store).at(Class::Queue, lease.ordinal())
}

pub(crate) fn ordinal(issued: Timestamp, tail: [u8; 8]) -> Ordinal {
    Ordinal::new(u64::try_from(issued.0).unwrap_or(0), tail)
}
