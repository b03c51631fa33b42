//! Revoked prefixes that the sweeper has done with, kept for batch tokens.
//!
//! Nothing is stored of a batch token, so that the sweeper cannot mark it: what says that it is dead is the
//! revoked prefix itself. It is kept for as long as its mount is: how long a token may live was decided when it
//! was made, by settings that nobody knows any more. Kept too long it harms nobody, as it covers only what was made
//! before the revocation.

use super::{
    Epoch, Token, TokenKind,
    prefixes::{Entry, is_below},
};
use crate::{error::Result, ids::MountId, mounts, store::Store};

/// How many are kept one by one. Beyond that those of one mount become one: it then ends all batch tokens that the
/// mount had made until then, so that at worst somebody has to log in once more. There are never more than this, or
/// than mounts.
const MAX: usize = 128;

#[derive(Clone, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(crate) struct Swept {
    #[n(0)]
    epoch: Epoch,
    /// As in [`Entry`].
    #[n(1)]
    prefix: String,
    #[cbor(n(2), with = "crate::codec::mount_id")]
    mount: MountId,
}

impl Swept {
    pub(super) fn of(entry: &Entry) -> Self {
        Self { epoch: entry.epoch, prefix: entry.prefix.clone(), mount: entry.mount }
    }

    pub(super) fn covers(&self, token: &Token) -> bool {
        token.kind == TokenKind::Batch
            && token.mount == Some(self.mount)
            && token.epoch <= self.epoch
            && is_below(&token.path, &self.prefix)
    }

    /// Whether nothing is left for `other` to say.
    fn replaces(&self, other: &Self) -> bool {
        other.mount == self.mount && other.epoch <= self.epoch && is_below(&other.prefix, &self.prefix)
    }
}

/// Keeps a revoked prefix that has been swept, and none of mounts that are gone: what those made is dead anyhow.
pub(super) async fn keep(store: &Store, kept: &mut Vec<Swept>, new: Swept) -> Result<()> {
    kept.retain(|it| !new.replaces(it));
    kept.push(new);
    let mut ids: Vec<MountId> = kept.iter().map(|it| it.mount).collect();
    ids.sort_unstable();
    ids.dedup();
    for id in ids {
        if mounts::is_gone(store, id).await? {
            kept.retain(|it| it.mount != id);
        }
    }
    while kept.len() > MAX && merge(kept) {}
    Ok(())
}

/// Makes one of those of the mount that has the most. Answers whether there are fewer then.
fn merge(kept: &mut Vec<Swept>) -> bool {
    let count = |of: &Swept| kept.iter().filter(|it| it.mount == of.mount).count();
    let Some(mount) = kept.iter().max_by_key(|it| count(it)).map(|it| it.mount) else { return false };
    let (merged, others): (Vec<Swept>, Vec<Swept>) = kept.iter().cloned().partition(|it| it.mount == mount);
    if merged.len() < 2 {
        return false;
    }
    let epoch = merged.iter().map(|it| it.epoch).max().unwrap_or_default();
    *kept = others;
    kept.push(Swept { epoch, prefix: String::new(), mount });
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestCore;

    fn swept(mount: u8, epoch: Epoch, prefix: &str) -> Swept {
        of_mount(MountId::internal(mount), epoch, prefix)
    }

    fn of_mount(mount: MountId, epoch: Epoch, prefix: &str) -> Swept {
        Swept { epoch, prefix: prefix.to_owned(), mount }
    }

    #[test]
    fn too_many_become_one_that_covers_them_all() {
        let mut kept: Vec<Swept> = (0..100).map(|it| swept(1, it, "auth/a/login/x")).collect();
        kept.extend((100..110).map(|it| swept(2, it, "auth/b/login/x")));
        assert!(merge(&mut kept));
        assert_eq!(kept.len(), 11);
        let merged = kept.last().unwrap();
        assert_eq!((merged.epoch, merged.prefix.as_str()), (99, ""));
        assert_eq!(merged.mount, MountId::internal(1));
    }

    // Rule 91: one of a mount says no more than it has to.
    #[test]
    fn one_of_each_mount_stays_as_it_is() {
        let mut kept: Vec<Swept> = (0..200).map(|it| swept(it, 7, "auth/a/login/x")).collect();
        assert!(!merge(&mut kept));
        assert_eq!(kept.len(), 200);
        assert!(kept.iter().all(|it| it.prefix == "auth/a/login/x"));
    }

    // Rules 90 and 91
    #[tokio::test]
    async fn they_are_bounded_and_those_of_mounts_that_are_gone_go() {
        let test = TestCore::new().await;
        let open = test.core.unsealed().unwrap();
        let table = open.mounts.current(&open.store).await.unwrap();
        let mount = table.all(mounts::MountClass::Auth).into_iter().next().unwrap().id;
        let mut kept = vec![swept(250, 0, "auth/gone/login/x")];
        let path = |epoch: Epoch| format!("auth/token/{epoch}");
        for now in 1..400 {
            keep(&open.store, &mut kept, of_mount(mount, now, &path(now))).await.unwrap();
            assert!(kept.iter().all(|it| it.mount == mount));
            assert!(kept.len() <= MAX);
            let covers =
                |it: Epoch| kept.iter().any(|one| it <= one.epoch && is_below(&path(it), &one.prefix));
            assert!((1..=now).all(covers), "{now}");
        }
    }
}
