//! Putting a snapshot back: everything is looked at before anything is touched.
//!
//! ```text
//! upload -> scratch file -> read, hash, count -> is it ours? does the digest verify? -> seal -> replace -> (unseal)
//! ```
//!
//! An upload takes as long as its sender likes. It ends when the store is sealed, and when it is whole whoever sent
//! it must still be allowed to.
//!
//! The last step but one is a single commit of the storage: a crash before its end leaves the old store, one
//! after it the restored store.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{Seek as _, Write as _},
    pin::pin,
};

use futures_util::{
    StreamExt as _,
    future::{Either, select},
};
use tokio::sync::Semaphore;

use super::{
    meta,
    read::{self, BadSnapshot, Contents},
};
use crate::{
    admission,
    barrier::{
        Barrier, Class,
        head::{Head, HeadKeeper, Sum, bucket},
        keyring::Purpose,
    },
    blocking,
    core::{Core, Unsealed},
    crypto::{equal, mac::MacKey},
    dispatch::Cx,
    error::{Error, Result},
    request::Chunks,
    route::Access,
    storage::{Row, Scratch, StorageError},
};

/// One at a time.
static ONE: Semaphore = Semaphore::const_new(1);

/// Which snapshots are taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Demand {
    /// Those of this store that the same shares, passphrase or key file open.
    SameKeys,
    /// Any that is whole.
    Anything,
}

/// What was put back.
pub(crate) struct Restored {
    pub(crate) meta: meta::Meta,
    /// Where the store stood before, if there was one.
    pub(crate) previous: Option<u64>,
}

/// Sums of the rows of a snapshot, by class and bucket.
type Sums = BTreeMap<(u8, u8), Sum>;

impl Core {
    /// Puts the snapshot in `upload` in the place of the store, or makes it the store if there is none. The
    /// server is sealed afterwards; if its seal is unattended and fits, it unseals itself.
    ///
    /// If this fails before the rows are replaced nothing has happened; if replacing them fails the old store
    /// is as it was, and sealed.
    pub(crate) async fn restore(&self, cx: &Cx<'_>, upload: Chunks, demand: Demand) -> Result<Restored> {
        let busy = || Error::RateLimited { path: "sys/storage/raft/snapshot".to_owned(), retry_after: 5 };
        let _one = ONE.try_acquire().map_err(|_| busy())?;
        let open = cx.open;
        let sealed = async {
            match open {
                Some(open) => self.until_sealed(open).await,
                None => std::future::pending().await,
            }
        };
        let received = pin!(receive(upload, self.storage().scratch()?));
        let file = match select(pin!(sealed), received).await {
            Either::Left(_) => return Err(Error::Sealed),
            Either::Right((file, _)) => file?,
        };
        let again = file.try_clone().map_err(|error| StorageError::Io(Box::new(error)))?;

        let barrier = open.map(|it| it.store.barrier.clone());
        let (contents, sums) = blocking::run(move || examine(file, barrier.as_deref())).await??;
        let _transition = self.seal().transition.lock().await;
        let previous = match open {
            Some(open) => {
                if !self.is_open(open) {
                    return Err(Error::Sealed);
                }
                self.judge(open, &contents, &sums, demand).await?;
                // Rule 37: that it was allowed when the upload began says little.
                admission::admit_again(open, cx, Access::Sudo, self.now()).await?;
                if !self.is_open(open) {
                    return Err(Error::Sealed);
                }
                Some(open.head.head().sequence)
            }
            None if self.is_initialized().await? => return Err(Error::Sealed),
            None => None,
        };

        self.seal_now();
        let hash = contents.sums.clone();
        let outcome = self.storage().replace(Box::new(move |take| give(again, &hash, take))).await;
        self.reopen_later();
        outcome?;
        self.forget_bootstrap();
        tracing::warn!(
            store = contents.meta.store,
            taken = contents.meta.created,
            rows = contents.meta.rows,
            sequence = contents.meta.sequence,
            "the store was restored from a snapshot"
        );
        Ok(Restored { meta: contents.meta, previous })
    }

    /// Whether an unsealed store lets itself be replaced by this.
    async fn judge(&self, open: &Unsealed, found: &Contents, sums: &Sums, demand: Demand) -> Result<()> {
        let barrier = &open.store.barrier;
        if found.config.store_id() != barrier.store() {
            return match demand {
                Demand::SameKeys => Err(Error::invalid(
                    "the snapshot is of another store: snapshot-force takes it, and then its own keys unseal it",
                )),
                Demand::Anything => Ok(()),
            };
        }
        let expected = meta::seal(&MacKey::new(&barrier.purpose(Purpose::Snapshot)?), &found.sums);
        if !equal(expected.as_bytes(), found.sealed.as_bytes()) {
            return Err(Error::invalid("the snapshot was changed after this store had taken it"));
        }
        let now = self.seal_config().await?.config;
        if found.config.root != now.root && demand == Demand::SameKeys {
            return Err(Error::invalid(
                "the snapshot is from before a rekey: snapshot-force takes it, and then the older keys unseal it",
            ));
        }
        // Those that were replaced by a rekey open nothing here: then the digest is compared when they do.
        let head = match barrier.as_of(&found.keyring) {
            Ok(then) => HeadKeeper::open(&then, &found.head),
            Err(_) if found.config.root != now.root => return Ok(()),
            Err(error) => Err(error),
        };
        let head = head.map_err(|_| Error::invalid("the snapshot is damaged: its keyring does not open"))?;
        if matches_digest(&head, sums) {
            Ok(())
        } else {
            Err(Error::invalid("the snapshot is damaged: its rows do not match its digest"))
        }
    }
}

/// Takes an upload as it comes, never more of it in memory than a piece.
async fn receive(mut upload: Chunks, scratch: Scratch) -> Result<File> {
    let Scratch { mut file, room } = scratch;
    let room = room.min(meta::MAX_STATE);
    let mut size = 0_u64;
    while let Some(chunk) = upload.next().await {
        let chunk = chunk.map_err(|_| Error::invalid("the snapshot did not come whole"))?;
        size = size.saturating_add(chunk.len() as u64);
        if size > room {
            return Err(Error::TooLarge);
        }
        file.write_all(&chunk).map_err(|error| StorageError::Io(Box::new(error)))?;
    }
    Ok(file)
}

/// Reads all of it; what its rows add up to is known only if they are of the store that is open.
fn examine(mut file: File, barrier: Option<&Barrier>) -> Result<(Contents, Sums)> {
    file.rewind().map_err(|error| StorageError::Io(Box::new(error)))?;
    let mut sums = Sums::new();
    let mut add = |row: Row| {
        let class = row.key.0.first().copied().unwrap_or_default();
        if class != Class::Core.id()
            && let Some(leaf) = barrier.and_then(|it| it.digest().leaf(&row.key, &row.value))
        {
            sums.entry((class, bucket(&row.key))).or_default().add(&leaf);
        }
        Ok(())
    };
    let contents = read::read(file, &mut add)?;
    Ok((contents, sums))
}

fn matches_digest(head: &Head, sums: &Sums) -> bool {
    Class::ALL.into_iter().filter(|it| *it != Class::Core).all(|class| {
        let found = sums.range((class.id(), 0)..=(class.id(), u8::MAX)).map(|((_, at), sum)| (*at, *sum));
        found.collect::<BTreeMap<u8, Sum>>() == head.class(class)
    })
}

/// Gives the rows of a file that was examined, which must still be the same.
fn give(mut file: File, sums: &str, take: &mut crate::storage::Taker<'_>) -> Result<(), StorageError> {
    file.rewind().map_err(|error| StorageError::Io(Box::new(error)))?;
    match read::read(file, take) {
        Ok(contents) if contents.sums == sums => Ok(()),
        Ok(_) => Err(StorageError::Damaged("the snapshot has changed since it was examined")),
        Err(BadSnapshot::Taker(error)) => Err(error),
        Err(error) => Err(StorageError::Io(Box::new(error))),
    }
}

impl From<BadSnapshot> for Error {
    fn from(bad: BadSnapshot) -> Self {
        match bad {
            BadSnapshot::Taker(error) => error.into(),
            BadSnapshot::Io(error) => Self::Storage(StorageError::Io(Box::new(error))),
            bad => Self::invalid(bad.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_is_one_line() {
        for bad in [
            BadSnapshot::NotOne,
            BadSnapshot::CutShort,
            BadSnapshot::Row { number: 3, why: "its class is unknown" },
            BadSnapshot::Hashes,
        ] {
            let text = Error::from(bad).to_string();
            assert!(!text.contains('\n') && text.contains("snapshot"), "{text}");
        }
    }
}
