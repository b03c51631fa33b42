//! Getting rid of what a disabled mount has stored.
//!
//! The life of a purge: disabling a mount takes it off the table, so that nothing reaches its records, and
//! files a [`Purge`] in the same commit; background work drives [`run`], which deletes rows in bounded batches,
//! folder by folder, the innermost first; the last batch deletes the purge itself. A crash loses nothing: the
//! walk begins again at the top and finds what is left.
//!
//! Rows cannot be scanned by mount, only by folder. So the walk starts at the mount's root and at the folders
//! that its engine declares, and goes down wherever a folder has a marker in its parent.

use std::sync::Arc;

use crate::{
    barrier::{Class, Dir, Filed, Place, Record, Root, filed},
    clock::Timestamp,
    engine::ENGINES,
    error::Result,
    ids::{MountId, NamespaceId},
    leases,
    mounts::{Mount, MountClass},
    storage::{Batch, Op, Priority, RowKey, Scan},
    store::Store,
    tx::Tx,
};

const ROOT: Root = Root::internal(16);

/// What mounts store under their own roots. Not among them: the index of their tokens and their leases, which
/// the sweeper follows to end what they name, and removes with it; of leases there is only their count.
const CLASSES: [Class; 9] = [
    Class::Config,
    Class::Kv,
    Class::KvVersion,
    Class::KvChunk,
    Class::Cubbyhole,
    Class::Holding,
    Class::Identity,
    Class::Lease,
    Class::Login,
];

/// Rows that are deleted in one batch.
const BATCH: usize = 90;

/// A request that found the mount just before it was disabled has ended by then, and stores nothing more.
const GRACE: std::time::Duration = std::time::Duration::from_secs(120);

/// A mount that was disabled.
#[derive(Clone, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub struct Purge {
    #[cbor(n(0), with = "crate::codec::namespace")]
    namespace: NamespaceId,
    #[cbor(n(1), with = "crate::codec::mount_id")]
    mount: MountId,
    #[n(2)]
    class: MountClass,
    #[n(3)]
    kind: String,
    #[cbor(n(4), with = "crate::codec::timestamp")]
    disabled: Timestamp,
    /// For its engine, which has to revoke what the mount handed out.
    #[n(5)]
    entry: Option<Mount>,
}

impl Record for Purge {}

pub(crate) const KINDS: &[Filed] = &[filed::<Purge>(Class::Queue)];

/// How far a run came.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Done {
    /// Rows that were deleted.
    pub deleted: usize,
    /// Mounts of which nothing is left.
    pub finished: usize,
    /// The budget was used up: there is more to do.
    pub more: bool,
}

/// Files the purge of a mount, in the transaction that takes it off the table.
pub fn file(tx: &mut Tx, mount: &Mount, now: Timestamp) -> Result<()> {
    let purge = Purge {
        namespace: mount.namespace,
        mount: mount.id,
        class: mount.class,
        kind: mount.kind.clone(),
        disabled: now,
        entry: Some(mount.clone()),
    };
    let place = place(tx.store(), mount.id);
    tx.put(&place, &purge)
}

/// A mount that was disabled, for as long as it has left anything.
pub(crate) async fn disabled(store: &Store, mount: MountId) -> Result<Option<Mount>> {
    Ok(store.read::<Purge>(&place(store, mount)).await?.and_then(|it| it.value.entry))
}

fn place(store: &Store, mount: MountId) -> Place {
    store.place(Class::Queue, ROOT, &format!("purge/{mount}"))
}

/// Deletes at most `budget` rows of mounts that were disabled a while ago.
pub async fn run(store: &Arc<Store>, now: Timestamp, budget: usize) -> Result<Done> {
    let mut done = Done::default();
    let dir = store.dir(ROOT, "purge/");
    for (place, purge) in store.records::<Purge>(Class::Queue, dir, None, 64).await? {
        let purge = purge.value;
        if now < purge.disabled.plus(GRACE) {
            continue;
        }
        // Rule 91: what it handed out is revoked first, which takes the engine's own records.
        if leases::are_left(store, purge.mount).await? {
            continue;
        }
        let mut walk =
            Walk { store, root: purge.root(), left: budget.saturating_sub(done.deleted), deleted: 0 };
        let finished = walk.all(purge.folders()).await?;
        done.deleted += walk.deleted;
        if !finished {
            done.more = true;
            return Ok(done);
        }
        delete(store, vec![place.key]).await?;
        done.finished += 1;
    }
    Ok(done)
}

/// How many disabled mounts still have records.
pub async fn pending(store: &Store) -> Result<usize> {
    Ok(store.names(Class::Queue, store.dir(ROOT, "purge/")).await?.len())
}

impl Purge {
    fn root(&self) -> Root {
        Root { namespace: self.namespace, mount: self.mount }
    }

    fn folders(&self) -> &'static [&'static str] {
        ENGINES.find(self.class, &self.kind).map_or(&[], |it| it.folders())
    }
}

struct Walk<'a> {
    store: &'a Arc<Store>,
    root: Root,
    /// Rows that may still be deleted.
    left: usize,
    deleted: usize,
}

impl Walk<'_> {
    /// Whether everything could be deleted within the budget.
    async fn all(&mut self, declared: &[&str]) -> Result<bool> {
        // Deeper folders first: the names of a folder lead to those below it.
        let mut declared = declared.to_vec();
        declared.sort_by_key(|it| std::cmp::Reverse(it.matches('/').count()));
        for folder in declared {
            for folder in self.expand(folder).await? {
                if !self.below(folder).await? {
                    return Ok(false);
                }
            }
        }
        self.below(String::new()).await
    }

    /// The folders that a declared one stands for.
    async fn expand(&self, declared: &str) -> Result<Vec<String>> {
        let Some((before, after)) = declared.split_once('*') else { return Ok(vec![declared.to_owned()]) };
        let dir = self.store.dir(self.root, before);
        let mut out = Vec::new();
        for class in CLASSES {
            for name in self.store.names(class, dir).await? {
                out.push(format!("{before}{}{after}", name.trim_end_matches('/')));
            }
        }
        Ok(out)
    }

    /// Empties a folder, those below it first.
    async fn below(&mut self, folder: String) -> Result<bool> {
        let mut stack = vec![folder];
        while let Some(folder) = stack.last().cloned() {
            let dir = self.store.dir(self.root, &folder);
            match self.child(dir, &folder).await? {
                Some(child) if !stack.contains(&child) => stack.push(child),
                _ => {
                    if !self.empty(dir).await? {
                        return Ok(false);
                    }
                    // What is left of it is its marker. The parent's turn would delete that too, but only
                    // after looking down here again.
                    let markers = CLASSES.map(|it| self.store.place(it, self.root, &folder).key);
                    if !folder.is_empty() {
                        delete(self.store, markers.to_vec()).await?;
                    }
                    stack.pop();
                }
            }
        }
        Ok(true)
    }

    /// The first folder within `folder`.
    async fn child(&self, dir: Dir, folder: &str) -> Result<Option<String>> {
        for class in CLASSES {
            // Rows of an ordered folder have no names.
            let mut after = None;
            loop {
                let scan = Scan { dir: dir.key(class), after, until: None, limit: BATCH, values: false };
                let rows = self.store.storage.scan(scan).await?;
                for row in rows.iter().filter(|it| !it.name.is_empty()) {
                    let name = self.store.barrier.open_name(class, dir, &row.key, &row.name)?;
                    if name.ends_with('/') {
                        return Ok(Some(format!("{folder}{name}")));
                    }
                }
                after = rows.last().map(|it| it.key);
                if rows.len() < BATCH {
                    break;
                }
            }
        }
        Ok(None)
    }

    /// Deletes all rows of a folder.
    async fn empty(&mut self, dir: Dir) -> Result<bool> {
        for class in CLASSES {
            loop {
                let limit = BATCH.min(self.left);
                let scan = Scan {
                    dir: dir.key(class),
                    after: None,
                    until: None,
                    limit: limit.max(1),
                    values: false,
                };
                let keys: Vec<RowKey> =
                    self.store.storage.scan(scan).await?.into_iter().map(|it| it.key).collect();
                if keys.is_empty() {
                    break;
                }
                if limit == 0 {
                    return Ok(false);
                }
                self.left = self.left.saturating_sub(keys.len());
                self.deleted += keys.len();
                delete(self.store, keys).await?;
            }
        }
        Ok(true)
    }
}

async fn delete(store: &Store, keys: Vec<RowKey>) -> Result<()> {
    let ops = keys.into_iter().map(|key| Op::Delete { key }).collect();
    store.commit(Batch { ops, priority: Priority::Background, scrub: true })?.await?;
    Ok(())
}
