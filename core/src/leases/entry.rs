//! What is stored of a lease proper.

use std::time::Duration;

use data_encoding::HEXLOWER;

use super::{ROOT, index};
use crate::{
    barrier::{Class, Filed, Ordinal, Place, Record, filed},
    clock::Timestamp,
    crypto::SecretBytes,
    ids::{MountId, NamespaceId},
    store::Store,
    tokens::{Epoch, Selector},
};

/// What an engine wants to hand out.
#[derive(Debug)]
pub struct NewLease {
    /// Zero: the mount's default.
    pub ttl: Duration,
    /// From its making, renewals included. Zero: no more than the mount says.
    pub max_ttl: Duration,
    pub renewable: bool,
    pub outside: Outside,
    /// What the engine needs to renew and revoke it.
    pub data: SecretBytes,
}

/// Whether something has to be done outside of the store before the lease is worth anything.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outside {
    Nothing,
    /// [`Engine::issue`](crate::engine::Engine::issue) does it, once the intent is committed.
    Something,
}

/// What has been decided about a lease, whatever its time says.
#[derive(Clone, Copy, Debug, Eq, PartialEq, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
#[cbor(index_only)]
pub enum State {
    /// Being made: nobody was told of it yet.
    #[n(0)]
    Intended,
    #[n(1)]
    Active,
    /// Dead. The engine has still to be told.
    #[n(2)]
    Revoked,
}

/// A lease's record.
#[derive(Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub struct Lease {
    #[cbor(n(0), with = "crate::codec::namespace")]
    pub namespace: NamespaceId,
    #[cbor(n(1), with = "crate::codec::mount_id")]
    pub mount: MountId,
    /// The request's, without a slash at the end.
    #[n(2)]
    pub path: String,
    /// The last part of its id.
    #[n(3)]
    pub tail: String,
    /// The token that took it out; none where nothing is stored of that.
    #[cbor(n(4), with = "crate::codec::maybe_selector")]
    pub holder: Option<[u8; 16]>,
    /// When that token was made: another one may get its id.
    #[cbor(n(5), with = "crate::codec::timestamp")]
    pub holder_made: Timestamp,
    #[cbor(n(6), with = "crate::codec::timestamp")]
    pub issued: Timestamp,
    #[cbor(n(7), with = "crate::codec::timestamp")]
    pub expires: Timestamp,
    /// As it was given last: what a renewal without an increment asks for.
    #[cbor(n(8), with = "crate::codec::seconds")]
    pub granted: Duration,
    #[cbor(n(9), with = "crate::codec::seconds")]
    pub max_ttl: Duration,
    #[n(10)]
    pub renewable: bool,
    #[cbor(n(11), with = "crate::codec::maybe_timestamp")]
    pub renewed: Option<Timestamp>,
    #[n(12)]
    pub state: State,
    /// How many prefixes had been revoked when it was made.
    #[n(13)]
    pub epoch: Epoch,
    /// The minute under which it stands in the expiry index.
    #[n(14)]
    pub filed: u64,
    /// Revocations that failed.
    #[n(15)]
    pub attempts: u32,
    /// Forgotten even if the engine fails.
    #[n(16)]
    pub force: bool,
    /// The engine's own.
    #[cbor(n(17), with = "crate::codec::secret")]
    pub data: SecretBytes,
}

impl Record for Lease {}

impl Lease {
    /// As clients see it.
    pub fn id(&self) -> String {
        format!("{}/{}", self.path, self.tail)
    }

    pub fn is_active(&self, now: Timestamp) -> bool {
        self.state == State::Active && now < self.expires
    }

    pub(crate) fn holder(&self) -> Option<Selector> {
        self.holder.map(Selector)
    }

    /// Where it stands among what was made at its time.
    pub(crate) fn ordinal(&self) -> Ordinal {
        index::ordinal(self.issued, self.row_tail())
    }

    /// Tells its rows from others of the same moment.
    pub(crate) fn row_tail(&self) -> [u8; 8] {
        let bytes = HEXLOWER.decode(self.tail.as_bytes()).unwrap_or_default();
        bytes.first_chunk().copied().unwrap_or_default()
    }
}

/// A lease that could not be revoked, for whoever has to look into it.
#[derive(Clone, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(crate) struct Failure {
    #[n(0)]
    pub(crate) lease_id: String,
    #[cbor(n(1), with = "crate::codec::mount_id")]
    pub(crate) mount: MountId,
    /// Of the mount, which may be gone.
    #[n(2)]
    pub(crate) accessor: String,
    /// What the engine said.
    #[n(3)]
    pub(crate) error: String,
}

impl Record for Failure {}

pub(super) const KINDS: &[Filed] = &[filed::<Lease>(Class::Lease), filed::<Failure>(Class::Queue)];

/// Where the lease with this tail lies.
pub(crate) fn place(store: &Store, tail: &str) -> Place {
    store.place(Class::Lease, ROOT, &format!("lease/{tail}"))
}
