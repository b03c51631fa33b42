//! One request, one transaction.
//!
//! A handler reads and stages through a [`Tx`]; only the pipeline commits it, once. What was read is checked
//! when it is committed: if any of it has changed, nothing is applied and the handler runs again on a fresh
//! transaction. So a handler has no effect but what it stages.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;

use crate::{
    barrier::{Class, Dir, Place, Record},
    error::{Error, Result},
    storage::{Batch, CommitError, Expect, MAX_BATCH_OPS, Op, Priority, Rev, RowKey},
    store::Store,
};

pub struct Tx {
    store: Arc<Store>,
    /// What was seen, to be checked.
    reads: Vec<(RowKey, Expect)>,
    staged: Vec<Staged>,
    scrub: bool,
    /// What is staged is committed although the answer is an error.
    stands: bool,
    priority: Priority,
}

struct Staged {
    place: Place,
    /// `None` deletes.
    sealed: Option<(Bytes, Bytes)>,
}

impl Tx {
    pub(crate) fn new(store: Arc<Store>) -> Self {
        Self {
            store,
            reads: Vec::new(),
            staged: Vec::new(),
            scrub: false,
            stands: false,
            priority: Priority::Interactive,
        }
    }

    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// The record at `place`, as this transaction sees it. The commit fails if it has changed by then.
    pub async fn get<R: Record>(&mut self, place: &Place) -> Result<Option<R>> {
        if let Some(staged) = self.staged.iter().find(|it| it.place.key == place.key) {
            return self.open_staged(place, staged);
        }
        let found = self.store.read(place).await?;
        self.saw(place.key, found.as_ref().map(|it| it.rev));
        Ok(found.map(|it| it.value))
    }

    /// As [`Tx::get`], for records without secrets that are asked for often.
    pub async fn cached<R: Record + Send + Sync + 'static>(
        &mut self,
        place: &Place,
    ) -> Result<Option<Arc<R>>> {
        if self.staged.iter().any(|it| it.place.key == place.key) {
            return Ok(self.get(place).await?.map(Arc::new));
        }
        let found = self.store.cached(place).await?;
        self.saw(place.key, found.as_ref().map(|it| it.rev));
        Ok(found.map(|it| it.value))
    }

    /// Whether the row at `place` is still at `rev`. The commit fails if it is not by then.
    pub(crate) async fn is_at(&mut self, place: &Place, rev: Rev) -> Result<bool> {
        let found = self.store.rev(place).await?;
        self.saw(place.key, found);
        Ok(found == Some(rev))
    }

    /// As this transaction sees the record at `place`, but not checked at the commit.
    pub async fn peek<R: Record>(&self, place: &Place) -> Result<Option<R>> {
        match self.staged.iter().find(|it| it.place.key == place.key) {
            Some(staged) => self.open_staged(place, staged),
            None => Ok(self.store.read(place).await?.map(|it| it.value)),
        }
    }

    /// Stages a record.
    pub fn put<R: Record>(&mut self, place: &Place, record: &R) -> Result<()> {
        let sealed = self.store.barrier.seal(place, record)?;
        self.stage(place, Some(sealed));
        Ok(())
    }

    /// Stages a deletion. Deleting what is not there is no error.
    pub fn delete(&mut self, place: &Place) {
        self.stage(place, None);
    }

    /// What this transaction overwrites or deletes must be gone from the medium when it is answered.
    pub fn scrub(&mut self) {
        self.scrub = true;
    }

    /// The error to answer with, where what is staged is to be committed all the same: a failed login is
    /// refused and counted. To be returned at once, as the last thing that a handler does.
    pub(crate) fn stands_with(&mut self, refusal: Error) -> Error {
        self.stands = true;
        refusal
    }

    /// Whether what is staged is committed if the answer is an error.
    pub(crate) fn stands(&self) -> bool {
        self.stands
    }

    /// Whether there is room for `more` operations in the batch. What needs more is staged: marked, and
    /// purged in the background.
    pub fn has_room(&self, more: usize) -> bool {
        self.reads.len() + self.staged.len() + more <= MAX_BATCH_OPS
    }

    /// The names in a folder as this transaction sees it, sorted. New names that others add meanwhile are no
    /// conflict.
    pub async fn names(&self, class: Class, dir: Dir) -> Result<Vec<String>> {
        let mut names: BTreeMap<String, ()> =
            self.store.names(class, dir).await?.into_iter().map(|name| (name, ())).collect();
        for staged in self.staged.iter().filter(|it| it.place.key.0.starts_with(&dir.key(class).0)) {
            let name = String::from_utf8_lossy(&staged.place.name).into_owned();
            match staged.sealed {
                Some(_) => names.insert(name, ()),
                None => names.remove(&name),
            };
        }
        Ok(names.into_keys().collect())
    }

    pub(crate) fn is_read_only(&self) -> bool {
        self.staged.is_empty()
    }

    /// The first row that it replaces, or else the first that it writes: where others who meet conflicts take
    /// turns with it.
    pub(crate) fn contended(&self) -> Option<RowKey> {
        let replaces = |it: &&Staged| {
            self.reads.iter().any(|(key, seen)| *key == it.place.key && matches!(seen, Expect::At(_)))
        };
        self.staged.iter().find(replaces).or(self.staged.first()).map(|it| it.place.key)
    }

    /// The batch to commit: every read as a check, then the changes.
    pub(crate) fn into_batch(self) -> Batch {
        let mut ops: Vec<Op> = Vec::with_capacity(self.reads.len() + self.staged.len());
        ops.extend(self.reads.into_iter().map(|(key, expect)| Op::Check { key, expect }));
        ops.extend(self.staged.into_iter().map(|it| match it.sealed {
            Some((name, value)) => Op::Put { key: it.place.key, name, value },
            None => Op::Delete { key: it.place.key },
        }));
        Batch { ops, priority: self.priority, scrub: self.scrub }
    }

    /// Commits now, and answers whether it did; if not, somebody else was faster, and nothing was changed. Only
    /// the pipeline, the seal and background work may: a handler cannot, as it does not own its transaction.
    pub(crate) async fn commit(self) -> Result<bool> {
        if self.is_read_only() {
            return Ok(true);
        }
        let store = self.store.clone();
        match store.commit(self.into_batch())?.await {
            Ok(_) => Ok(true),
            Err(CommitError::Conflict) => Ok(false),
            // A queue that is full is not tried again at once: that would fill it for good.
            Err(error) => Err(error.into()),
        }
    }

    fn open_staged<R: Record>(&self, place: &Place, staged: &Staged) -> Result<Option<R>> {
        let Some((_, value)) = &staged.sealed else { return Ok(None) };
        Ok(Some(self.store.barrier.open(place.class, place.namespace, &place.key, value)?))
    }

    fn stage(&mut self, place: &Place, sealed: Option<(Bytes, Bytes)>) {
        match self.staged.iter_mut().find(|it| it.place.key == place.key) {
            Some(staged) => staged.sealed = sealed,
            None => self.staged.push(Staged { place: place.clone(), sealed }),
        }
    }

    fn saw(&mut self, key: RowKey, rev: Option<Rev>) {
        if !self.reads.iter().any(|(known, _)| *known == key) {
            self.reads.push((key, rev.map_or(Expect::Absent, Expect::At)));
        }
    }
}

/// Transactions outside of the pipeline: begun anew until one commits.
///
/// ```text
/// let mut attempts = Attempts::new(store, priority);
/// loop {
///     let mut tx = attempts.begin()?;
///     ... read and stage ...
///     if attempts.commit(tx).await? { break }
/// }
/// ```
pub(crate) struct Attempts<'s> {
    store: &'s Arc<Store>,
    priority: Priority,
    left: usize,
}

impl<'s> Attempts<'s> {
    pub(crate) fn new(store: &'s Arc<Store>, priority: Priority) -> Self {
        Self { store, priority, left: ATTEMPTS }
    }

    pub(crate) fn begin(&mut self) -> Result<Tx> {
        self.left = self.left.checked_sub(1).ok_or(Error::Busy)?;
        Ok(Tx { priority: self.priority, ..Tx::new(self.store.clone()) })
    }

    /// Whether it was committed; if not, somebody else was faster.
    pub(crate) async fn commit(&self, tx: Tx) -> Result<bool> {
        tx.commit().await
    }
}

/// How often a transaction that meets a conflict is run again. Each conflict means that another one succeeded.
pub(crate) const ATTEMPTS: usize = 64;
