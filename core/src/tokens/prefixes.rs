//! Revoking everything below a path, at once, however many tokens there are.
//!
//! A revoked prefix is one entry in one record. Each token knows how many prefixes had been revoked when it
//! was made (its *epoch*), so that a login after the revocation is not caught by it, with no clock involved.
//! Each authentication looks at the record, which is nearly always empty; the sweeper marks the tokens one by
//! one, and removes the entry when it has come to the end.
//!
//! Making a token reads the record through its transaction: a login cannot slip in between.

use std::sync::Arc;

use super::{Epoch, ROOT, Token};
use crate::{
    barrier::{Class, Filed, Ordinal, Place, Record, filed},
    core::Unsealed,
    error::{Error, Result},
    ids::MountId,
    mounts::{Mount, MountClass},
    store::Store,
    tx::Tx,
};

/// Revocations that can be under way at once.
const MAX: usize = 256;

#[derive(Clone, Debug, Default, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) struct Prefixes {
    #[n(0)]
    pub(super) next: Epoch,
    #[n(1)]
    pub(super) entries: Vec<Entry>,
}

impl Record for Prefixes {}

pub(crate) const KINDS: &[Filed] = &[filed::<Prefixes>(Class::Queue)];

#[derive(Clone, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) struct Entry {
    /// Tokens that were made up to here are meant.
    #[n(0)]
    pub(super) epoch: Epoch,
    /// Of token paths, without a slash at the end: `auth/userpass`, `auth/userpass/login/ann`. Empty: all.
    #[n(1)]
    pub(super) prefix: String,
    #[cbor(n(2), with = "crate::codec::mount_id")]
    pub(super) mount: MountId,
    /// How far the sweeper has come in the mount's index.
    #[cbor(n(3), with = "crate::codec::maybe_selector")]
    pub(super) done: Option<[u8; 16]>,
}

impl Entry {
    pub(super) fn covers(&self, token: &Token) -> bool {
        token.epoch <= self.epoch && token.mount == Some(self.mount) && is_below(&token.path, &self.prefix)
    }

    pub(super) fn progress(&self) -> Option<Ordinal> {
        self.done.map(Ordinal)
    }
}

pub(super) fn place(store: &Store) -> Place {
    store.place(Class::Queue, ROOT, "prefixes")
}

/// What a token that is made now has to remember.
pub(super) async fn epoch(tx: &mut Tx) -> Result<Epoch> {
    let place = place(tx.store());
    Ok(tx.cached::<Prefixes>(&place).await?.map_or(0, |it| it.next))
}

/// The revocations under way; none most of the time.
pub(super) async fn revoked(store: &Store) -> Result<Option<Arc<Prefixes>>> {
    Ok(store.cached::<Prefixes>(&place(store)).await?.map(|it| it.value))
}

/// Whether one of them covers the token.
pub(super) fn cover(revoked: Option<&Prefixes>, token: &Token) -> bool {
    revoked.is_some_and(|it| it.entries.iter().any(|it| it.covers(token)))
}

/// Stages the revocation of all tokens that `mount` made at `prefix` or below it (empty: at any path):
/// effective with the commit, finished in the background.
pub async fn revoke(tx: &mut Tx, mount: &Mount, prefix: &str) -> Result<()> {
    let prefix = prefix.trim_end_matches('/');
    let place = place(tx.store());
    let mut all = tx.get::<Prefixes>(&place).await?.unwrap_or_default();
    // What the new entry covers need not be swept twice.
    all.entries.retain(|it| it.mount != mount.id || !is_below(&it.prefix, prefix));
    if all.entries.len() >= MAX {
        return Err(Error::Busy);
    }
    all.entries.push(Entry { epoch: all.next, prefix: prefix.to_owned(), mount: mount.id, done: None });
    all.next += 1;
    tx.put(&place, &all)
}

/// As [`revoke`], for whichever auth methods lie below `prefix`, or the one that it lies in. Answers whether
/// there is any.
pub async fn revoke_path(open: &Unsealed, tx: &mut Tx, prefix: &str) -> Result<bool> {
    let mounts = open.mounts.current(tx.store()).await?;
    let mut any = false;
    for mount in mounts.all(MountClass::Auth) {
        let full = mount.full_path();
        if is_below(prefix, &full) || is_below(&full, prefix) {
            revoke(tx, mount, prefix).await?;
            any = true;
        }
    }
    Ok(any)
}

/// Whether `path` is `prefix` or lies below it, by whole segments.
fn is_below(path: &str, prefix: &str) -> bool {
    let (path, prefix) = (path.trim_end_matches('/'), prefix.trim_end_matches('/'));
    prefix.is_empty()
        || path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_made_of_whole_segments() {
        let check = |path, prefix, expected| assert_eq!(is_below(path, prefix), expected, "{path} {prefix}");
        check("auth/a/login/bob", "auth/a/login/bob", true);
        check("auth/a/login/bob", "auth/a/login/bob/", true);
        check("auth/a/login/bob", "auth/a/", true);
        check("auth/a/login/bob", "", true);
        check("auth/a/login/bobby", "auth/a/login/bob", false);
        check("auth/a/login", "auth/a/login/bob", false);
        check("auth/ab/login", "auth/a", false);
    }
}
