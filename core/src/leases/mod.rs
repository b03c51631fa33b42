//! Leases: what was handed out for a while.
//!
//! There are three kinds, and all end by their time, by being revoked, or with the token that took them out.
//! A *token* is its own lease: see [`crate::tokens::leases`]. A [`Holding`] says which version of a secret a
//! token has read: it is a promise to the reader and knowledge for whoever rotates the secret; nothing has to
//! be undone when it ends. A [`Lease`] proper stands for something that exists outside of the store, such as a
//! user in a database, and its end is work.
//!
//! The life of a lease: a handler stages what it wants ([`Leasing::Issues`]) and the pipeline files it, in
//! state *intended* if something has to be done outside, in the handler's own transaction. After the commit
//! the [`effect`] is carried out, and the lease becomes *active*. Whoever revokes it marks it *revoked*: from
//! that commit on it is dead for everybody. The engine is told in the background, again and again until it
//! succeeds, and only then is the record forgotten. A crash anywhere leaves a lease whose state says what is
//! still to be done: one that was only intended is revoked, because nobody was ever told of it.
//!
//! What is due stands in an index by minute; nothing is kept in memory, and nothing is read at start.

pub(crate) mod effect;
pub(crate) mod entry;
pub(crate) mod find;
pub(crate) mod finish;
pub(crate) mod holders;
pub(crate) mod holding;
pub(crate) mod id;
pub(crate) mod index;
pub(crate) mod issue;
pub(crate) mod list;
pub(crate) mod prefix;
pub(crate) mod quota;
pub(crate) mod renew;
pub(crate) mod sweep;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub(crate) const KINDS: &[&[crate::barrier::Filed]] =
    &[entry::KINDS, holding::KINDS, index::KINDS, quota::KINDS];

pub use effect::Effect;
pub use entry::{Lease, NewLease, Outside, State};
pub use holding::{Held, Holding};
pub use prefix::revoke_within;

use crate::{
    barrier::{Barrier, Class, Root, keyring::Purpose},
    crypto::{CryptoError, mac::MacKey},
    dispatch::Cx,
    error::Result,
    ids::MountId,
    response::Response,
    store::Store,
    tokens::{Permutation, Selector},
    tx::Tx,
};

const ROOT: Root = Root::internal(4);

/// What a handler says of leases beside its answer.
#[derive(Debug)]
pub enum Leasing {
    /// The answer is a secret's version, which the caller may hold.
    Holds(Held),
    /// The answer is something that ends.
    Issues(NewLease),
    /// Something is to be done outside once the answer's transaction is committed.
    Then(Effect),
}

/// The keys with which lease ids are made and found.
pub struct Leases {
    mac: MacKey,
    handles: Permutation,
}

impl Leases {
    pub(crate) fn new(barrier: &Barrier) -> Result<Self, CryptoError> {
        let key = barrier.purpose(Purpose::Lease)?;
        Ok(Self { mac: MacKey::new(&key), handles: Permutation::new(&key) })
    }
}

/// Files what the answer hands out, in the transaction that it comes from. Answers what is to be done when
/// that is committed.
pub(crate) async fn register(cx: &Cx<'_>, tx: &mut Tx, response: &mut Response) -> Result<Option<Effect>> {
    match response.leasing.take() {
        Some(Leasing::Issues(new)) => issue::file(cx, tx, response, new).await,
        Some(Leasing::Then(effect)) => Ok(Some(effect)),
        Some(Leasing::Holds(held)) => holding::hold(cx, tx, response, held).await.map(|()| None),
        None => {
            holding::say_that_nothing_is_held(cx, response);
            Ok(None)
        }
    }
}

/// Whether a mount has handed out leases that are not forgotten yet.
pub(crate) async fn are_left(store: &Store, mount: MountId) -> Result<bool> {
    Ok(!store.is_empty(Class::Lease, index::made_by(store, mount)).await?)
}

/// Whether there is anything that a token has taken out.
pub(crate) async fn are_of(store: &Store, holder: Selector) -> Result<bool> {
    Ok(!store.is_empty(Class::Lease, index::of_token(store, holder)).await?)
}
