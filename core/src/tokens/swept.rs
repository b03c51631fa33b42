//! Revoked prefixes that the sweeper has done with, kept for batch tokens.
//!
//! Nothing is stored of a batch token, so that the sweeper cannot mark it: what says that it is dead is the
//! revoked prefix itself. It is kept until the last token that it may be about has expired by itself.

use super::{
    Epoch, Token, TokenKind,
    prefixes::{Entry, is_below},
};
use crate::{clock::Timestamp, ids::MountId};

/// How many are kept one by one. Beyond that those of one mount become one: it then ends all batch tokens that the
/// mount had made until then, so that at worst somebody has to log in once more.
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
    /// When the last token that it covers has expired.
    #[cbor(n(3), with = "crate::codec::timestamp")]
    until: Timestamp,
}

impl Swept {
    pub(super) fn covers(&self, token: &Token) -> bool {
        token.kind == TokenKind::Batch
            && token.mount == Some(self.mount)
            && token.epoch <= self.epoch
            && is_below(&token.path, &self.prefix)
    }

    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.until <= now
    }

    /// Whether nothing is left for `other` to say.
    fn replaces(&self, other: &Self) -> bool {
        other.mount == self.mount
            && other.epoch <= self.epoch
            && other.until <= self.until
            && is_below(&other.prefix, &self.prefix)
    }
}

/// Keeps a revoked prefix that has been swept.
pub(super) fn keep(kept: &mut Vec<Swept>, entry: &Entry, until: Timestamp) {
    let new = Swept { epoch: entry.epoch, prefix: entry.prefix.clone(), mount: entry.mount, until };
    kept.retain(|it| !new.replaces(it));
    kept.push(new);
    if kept.len() > MAX {
        merge(kept);
    }
}

/// Makes one of those of the mount that has the most.
fn merge(kept: &mut Vec<Swept>) {
    let count = |of: &Swept| kept.iter().filter(|it| it.mount == of.mount).count();
    let Some(mount) = kept.iter().max_by_key(|it| count(it)).map(|it| it.mount) else { return };
    let (merged, mut others): (Vec<Swept>, Vec<Swept>) = kept.drain(..).partition(|it| it.mount == mount);
    let epoch = merged.iter().map(|it| it.epoch).max().unwrap_or_default();
    let until = merged.iter().map(|it| it.until).max().unwrap_or_default();
    others.push(Swept { epoch, prefix: String::new(), mount, until });
    *kept = others;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn swept(mount: u128, epoch: Epoch, prefix: &str) -> Swept {
        let mount = MountId::internal(u8::try_from(mount).unwrap());
        Swept { epoch, prefix: prefix.to_owned(), mount, until: Timestamp(1) }
    }

    #[test]
    fn too_many_become_one_that_covers_them_all() {
        let mut kept: Vec<Swept> = (0..100).map(|it| swept(1, it, "auth/a/login/x")).collect();
        kept.extend((100..110).map(|it| swept(2, it, "auth/b/login/x")));
        merge(&mut kept);
        assert_eq!(kept.len(), 11);
        let merged = kept.last().unwrap();
        assert_eq!((merged.epoch, merged.prefix.as_str()), (99, ""));
        assert_eq!(merged.mount, MountId::internal(1));
    }
}
