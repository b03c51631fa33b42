//! Revoking everything below a path, at once, however many tokens there are.
//!
//! A revoked prefix is one entry in one record. Each token knows how many prefixes had been revoked when it
//! was made (its *epoch*), so that a login after the revocation is not caught by it, with no clock involved.
//! Each authentication looks at the record, which is nearly always empty; the sweeper marks the tokens one by
//! one, and keeps the entry for batch tokens alone when it has come to the end ([`super::swept`]).
//!
//! Making a token reads the record through its transaction: a login cannot slip in between.
//!
//! Leases and holdings ([`crate::leases::prefix`]) are revoked by the same entries.

use std::sync::Arc;

use super::{Epoch, ROOT, Token, swept::Swept};
use crate::{
    barrier::{Class, Filed, Ordinal, Place, Record, filed},
    error::{Error, Result},
    ids::MountId,
    mounts::Mount,
    store::{Fixed, Store},
    tx::Tx,
};

/// Revocations that can be under way at once.
const MAX: usize = 256;

#[derive(Clone, Debug, Default, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(crate) struct Prefixes {
    #[n(0)]
    pub(super) next: Epoch,
    #[n(1)]
    pub(super) entries: Vec<Entry>,
    /// Done with, but for batch tokens; none: empty.
    #[n(2)]
    pub(super) swept: Option<Vec<Swept>>,
}

impl Record for Prefixes {}

pub(crate) const KINDS: &[Filed] = &[filed::<Prefixes>(Class::Queue)];

/// Whether leases are forgotten although their engine fails to revoke them.
#[derive(Clone, Copy, Debug, Eq, PartialEq, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
#[cbor(index_only)]
pub enum Force {
    #[n(0)]
    No,
    #[n(1)]
    Yes,
}

/// What the sweeper is at.
#[derive(Clone, Copy, Debug, Eq, PartialEq, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
#[cbor(index_only)]
pub(crate) enum Phase {
    #[n(0)]
    Tokens,
    #[n(1)]
    Leases,
    #[n(2)]
    Holdings,
}

#[derive(Clone, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(crate) struct Entry {
    /// What was made up to here is meant.
    #[n(0)]
    pub(crate) epoch: Epoch,
    /// Of token paths, without a slash at the end: `auth/userpass`, `auth/userpass/login/ann`. Empty: all.
    #[n(1)]
    pub(crate) prefix: String,
    #[cbor(n(2), with = "crate::codec::mount_id")]
    pub(crate) mount: MountId,
    /// How far the sweeper has come in the mount's index.
    #[cbor(n(3), with = "crate::codec::maybe_selector")]
    pub(crate) done: Option<[u8; 16]>,
    /// The same prefix relative to the mount, for holdings: they go with a mount that is moved. None: no
    /// holding is meant.
    #[n(4)]
    pub(crate) holdings: Option<String>,
    /// None: not by force.
    #[n(5)]
    pub(crate) force: Option<Force>,
    /// None: at the first.
    #[n(6)]
    pub(crate) phase: Option<Phase>,
}

impl Entry {
    pub(super) fn covers(&self, token: &Token) -> bool {
        token.mount.is_some_and(|it| self.covers_lease(it, &token.path, token.epoch))
    }

    /// Whether it covers what a request to `path` made.
    pub(crate) fn covers_lease(&self, mount: MountId, path: &str, epoch: Epoch) -> bool {
        epoch <= self.epoch && mount == self.mount && is_below(path, &self.prefix)
    }

    /// The same of a holding; its path is relative to the mount.
    pub(crate) fn covers_holding(&self, mount: MountId, path: &str, epoch: Epoch) -> bool {
        let within = self.holdings.as_ref().is_some_and(|it| is_below(path, it));
        within && epoch <= self.epoch && mount == self.mount
    }

    pub(crate) fn is_forced(&self) -> bool {
        self.force == Some(Force::Yes)
    }

    /// Whether nothing is left of `other` that this entry, which is newer, does not see to.
    fn replaces(&self, other: &Self) -> bool {
        let holdings = match (&other.holdings, &self.holdings) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(other), Some(own)) => is_below(other, own),
        };
        holdings
            && other.mount == self.mount
            && is_below(&other.prefix, &self.prefix)
            && (self.is_forced() || !other.is_forced())
    }

    pub(crate) fn progress(&self) -> Option<Ordinal> {
        self.done.map(Ordinal)
    }
}

impl Prefixes {
    pub(crate) fn covers_lease(&self, mount: MountId, path: &str, epoch: Epoch) -> bool {
        self.entries.iter().any(|it| it.covers_lease(mount, path, epoch))
    }

    pub(crate) fn covers_holding(&self, mount: MountId, path: &str, epoch: Epoch) -> bool {
        self.entries.iter().any(|it| it.covers_holding(mount, path, epoch))
    }
}

pub(super) fn place(store: &Store) -> Place {
    fixed().place(store).clone()
}

/// Where they lie, for whoever asks with every request.
pub(super) const fn fixed() -> Fixed {
    Fixed::new(Class::Queue, ROOT, "prefixes")
}

/// What a token that is made now has to remember.
pub(crate) async fn epoch(tx: &mut Tx) -> Result<Epoch> {
    let place = place(tx.store());
    Ok(tx.cached::<Prefixes>(&place).await?.map_or(0, |it| it.next))
}

/// The revocations under way; none most of the time.
pub(crate) async fn revoked(store: &Store) -> Result<Option<Arc<Prefixes>>> {
    Ok(store.cached::<Prefixes>(&place(store)).await?.map(|it| it.value))
}

/// Whether one of them covers the token.
pub(super) fn cover(revoked: Option<&Prefixes>, token: &Token) -> bool {
    revoked.is_some_and(|it| {
        it.entries.iter().any(|it| it.covers(token)) || it.swept.iter().flatten().any(|it| it.covers(token))
    })
}

/// Stages the revocation of all that `mount` handed out at `prefix` or below it (empty: at any path):
/// effective with the commit, finished in the background.
pub async fn revoke(tx: &mut Tx, mount: &Mount, prefix: &str) -> Result<()> {
    let within = prefix.trim_end_matches('/').strip_prefix(mount.full_path().as_str()).unwrap_or_default();
    file(tx, mount, prefix, Some(within), Force::No).await
}

/// As [`revoke`], with the prefix of the holdings that are meant, relative to the mount.
pub(crate) async fn file(
    tx: &mut Tx,
    mount: &Mount,
    prefix: &str,
    holdings: Option<&str>,
    force: Force,
) -> Result<()> {
    let place = place(tx.store());
    let mut all = tx.get::<Prefixes>(&place).await?.unwrap_or_default();
    let entry = Entry {
        epoch: all.next,
        prefix: prefix.trim_end_matches('/').to_owned(),
        mount: mount.id,
        done: None,
        holdings: holdings.map(str::to_owned),
        force: Some(force),
        phase: None,
    };
    // What the new entry covers need not be swept twice.
    all.entries.retain(|it| !entry.replaces(it));
    if all.entries.len() >= MAX {
        return Err(Error::Busy);
    }
    all.entries.push(entry);
    all.next += 1;
    tx.put(&place, &all)
}

/// Whether `path` is `prefix` or lies below it, by whole segments.
pub(crate) fn is_below(path: &str, prefix: &str) -> bool {
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
