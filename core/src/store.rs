//! Typed records over the barrier and the storage.
//!
//! A [`Store`] exists while unsealed. Hot records that hold no secret (tokens, mounts, policies) are kept
//! decoded, keyed by their revision: the ciphertext cache below is the one place that must be coherent, and a
//! decoded entry whose revision is not the row's is simply not used.

use std::{
    any::Any,
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use foldhash::fast::RandomState;
use quick_cache::{UnitWeighter, sync::Cache};

use crate::{
    barrier::{Barrier, Class, Dir, Ordinal, Place, Record, Root},
    crypto::mac::MacKey,
    error::{Error, Result},
    storage::{Batch, CommitError, Pending, Rev, Row, RowKey, Scan, Storage},
    turns::Turns,
};

/// Decoded records that are kept.
const DECODED: usize = 16_384;

pub struct Store {
    pub(crate) barrier: Arc<Barrier>,
    pub(crate) storage: Arc<dyn Storage>,
    decoded: Cache<RowKey, (Rev, Arc<dyn Any + Send + Sync>), UnitWeighter, RandomState>,
    /// Sealed: nothing is handed to the storage any more.
    closed: RwLock<bool>,
    pub(crate) turns: Turns,
    /// See `auth`.
    pub(crate) login_key: OnceLock<MacKey>,
}

/// Where a record lies that there is one of, and that every request asks for: worked out once for each unsealed
/// store.
pub(crate) struct Fixed {
    class: Class,
    root: Root,
    path: &'static str,
    place: OnceLock<Place>,
}

impl Fixed {
    pub(crate) const fn new(class: Class, root: Root, path: &'static str) -> Self {
        Self { class, root, path, place: OnceLock::new() }
    }

    pub(crate) fn place(&self, store: &Store) -> &Place {
        self.place.get_or_init(|| store.place(self.class, self.root, self.path))
    }
}

/// A record and the revision it was read at.
#[derive(Clone, Debug)]
pub struct Versioned<T> {
    pub value: T,
    pub rev: Rev,
}

/// Records of a folder of ordinals, without those that do not read.
#[derive(Debug)]
pub struct Legible<T> {
    pub rows: Vec<Ordered<T>>,
    /// Where the next ones begin, if there may be more.
    pub next: Option<Ordinal>,
}

/// A record of a folder of ordinals.
#[derive(Debug)]
pub struct Ordered<T> {
    pub ordinal: Ordinal,
    pub place: Place,
    pub value: T,
    pub rev: Rev,
}

impl Store {
    pub(crate) fn new(barrier: Arc<Barrier>, storage: Arc<dyn Storage>) -> Self {
        let decoded =
            Cache::with(DECODED, DECODED as u64, UnitWeighter, RandomState::default(), Default::default());
        Self {
            barrier,
            storage,
            decoded,
            closed: RwLock::new(false),
            turns: Turns::default(),
            login_key: OnceLock::new(),
        }
    }

    /// Hands a batch to the storage. Nothing is handed over once the store is closed: it would be committed
    /// without its witness, and the digest would be wrong for good.
    pub(crate) fn commit(&self, batch: Batch) -> Result<Pending<'_, Result<Rev, CommitError>>> {
        let closed = self.closed.read().unwrap_or_else(PoisonError::into_inner);
        if *closed { Err(Error::Sealed) } else { Ok(self.storage.commit(batch)) }
    }

    /// Waits until what is being handed over has been, then lets nothing through any more.
    pub(crate) fn close(&self) {
        *self.closed.write().unwrap_or_else(PoisonError::into_inner) = true;
    }

    pub fn dir(&self, root: Root, path: &str) -> Dir {
        self.barrier.dir(root, path)
    }

    pub fn place(&self, class: Class, root: Root, path: &str) -> Place {
        self.barrier.place(class, root, path)
    }

    /// The record at `place`, decrypted now.
    pub async fn read<R: Record>(&self, place: &Place) -> Result<Option<Versioned<R>>> {
        let Some(record) = self.storage.get(place.key).await? else { return Ok(None) };
        let value = self.barrier.open(place.class, place.namespace, &place.key, &record.value)?;
        Ok(Some(Versioned { value, rev: record.rev }))
    }

    /// The record at `place`, decoded before if it has not changed since. For records without secrets.
    pub async fn cached<R: Record + Send + Sync + 'static>(
        &self,
        place: &Place,
    ) -> Result<Option<Versioned<Arc<R>>>> {
        let Some(record) = self.storage.get(place.key).await? else { return Ok(None) };
        if let Some((rev, value)) = self.decoded.get(&place.key)
            && rev == record.rev
            && let Ok(value) = value.downcast::<R>()
        {
            return Ok(Some(Versioned { value, rev }));
        }
        let value: Arc<R> =
            Arc::new(self.barrier.open(place.class, place.namespace, &place.key, &record.value)?);
        self.decoded.insert(place.key, (record.rev, value.clone()));
        Ok(Some(Versioned { value, rev: record.rev }))
    }

    /// The row's revision, without reading what is in it.
    pub async fn rev(&self, place: &Place) -> Result<Option<Rev>> {
        Ok(self.storage.get(place.key).await?.map(|it| it.rev))
    }

    /// The names in a folder, sorted, all of them.
    pub async fn names(&self, class: Class, dir: Dir) -> Result<Vec<String>> {
        let mut names = Vec::new();
        let mut after = None;
        loop {
            let scan = Scan { dir: dir.key(class), after, until: None, limit: PAGE, values: false };
            let rows = self.storage.scan(scan).await?;
            for row in &rows {
                names.push(self.barrier.open_name(class, dir, &row.key, &row.name)?);
            }
            after = rows.last().map(|it| it.key);
            if rows.len() < PAGE {
                break;
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Whether there is anything in a folder.
    pub async fn is_empty(&self, class: Class, dir: Dir) -> Result<bool> {
        let scan = Scan { dir: dir.key(class), after: None, until: None, limit: 1, values: false };
        Ok(self.storage.scan(scan).await?.is_empty())
    }

    /// Whether there are more than `number` rows in a folder.
    pub async fn has_more_than(&self, class: Class, dir: Dir, number: usize) -> Result<bool> {
        let limit = number.saturating_add(1);
        let scan = Scan { dir: dir.key(class), after: None, until: None, limit, values: false };
        Ok(self.storage.scan(scan).await?.len() > number)
    }

    /// The records of a folder with their names, in no particular order, behind `after`.
    pub async fn records<R: Record>(
        &self,
        class: Class,
        dir: Dir,
        after: Option<RowKey>,
        limit: usize,
    ) -> Result<Vec<(Place, Versioned<R>)>> {
        let scan = Scan { dir: dir.key(class), after, until: None, limit, values: true };
        let mut out = Vec::new();
        for row in self.storage.scan(scan).await? {
            let name = match row.name.is_empty() {
                true => String::new(),
                false => self.barrier.open_name(class, dir, &row.key, &row.name)?,
            };
            let value = self.barrier.open(class, dir.namespace, &row.key, &row.value)?;
            let place = Place { class, namespace: dir.namespace, key: row.key, name: name.into_bytes() };
            out.push((place, Versioned { value, rev: row.rev }));
        }
        Ok(out)
    }

    /// The rows of a folder behind `after`, with the records of those that are not at the revision that `known`
    /// says: the others are not decrypted again. Names are not looked at.
    pub(crate) async fn changed<R: Record>(
        &self,
        class: Class,
        dir: Dir,
        after: Option<RowKey>,
        limit: usize,
        known: &(dyn Fn(&RowKey) -> Option<Rev> + Sync),
    ) -> Result<Vec<(RowKey, Rev, Option<R>)>> {
        let scan = Scan { dir: dir.key(class), after, until: None, limit, values: true };
        let mut out = Vec::new();
        for row in self.storage.scan(scan).await? {
            let record = match known(&row.key) == Some(row.rev) {
                true => None,
                false => Some(self.barrier.open(class, dir.namespace, &row.key, &row.value)?),
            };
            out.push((row.key, row.rev, record));
        }
        Ok(out)
    }

    /// The records of a folder of ordinals in their order: behind `after`, up to and including `until`.
    pub async fn ordered<R: Record>(
        &self,
        class: Class,
        dir: Dir,
        after: Option<Ordinal>,
        until: Option<Ordinal>,
        limit: usize,
    ) -> Result<Vec<Ordered<R>>> {
        let rows = self.within(class, dir, after, until, limit).await?;
        rows.into_iter().map(|row| self.open_ordered(class, dir, row)).collect()
    }

    /// As [`Store::ordered`], without the records that do not read: those are told to the log. For whoever works
    /// off what is due, so that one of them does not keep the others waiting for ever.
    pub(crate) async fn legible<R: Record>(
        &self,
        class: Class,
        dir: Dir,
        after: Option<Ordinal>,
        until: Option<Ordinal>,
        limit: usize,
    ) -> Result<Legible<R>> {
        let rows = self.within(class, dir, after, until, limit).await?;
        let next = rows.last().filter(|_| rows.len() == limit).map(|it| ordinal(&it.key));
        let mut legible = Legible { rows: Vec::new(), next };
        for row in rows {
            match self.open_ordered(class, dir, row) {
                Ok(row) => legible.rows.push(row),
                Err(error) if error.is_everywhere() => return Err(error),
                Err(error) => tracing::warn!(%error, class = class.name(), "a row does not read"),
            }
        }
        Ok(legible)
    }

    async fn within(
        &self,
        class: Class,
        dir: Dir,
        after: Option<Ordinal>,
        until: Option<Ordinal>,
        limit: usize,
    ) -> Result<Vec<Row>> {
        let key = |it: Ordinal| dir.at(class, it).key;
        let scan =
            Scan { dir: dir.key(class), after: after.map(key), until: until.map(key), limit, values: true };
        Ok(self.storage.scan(scan).await?)
    }

    fn open_ordered<R: Record>(&self, class: Class, dir: Dir, row: Row) -> Result<Ordered<R>> {
        let value = self.barrier.open(class, dir.namespace, &row.key, &row.value)?;
        let place = Place { class, namespace: dir.namespace, key: row.key, name: Vec::new() };
        Ok(Ordered { ordinal: ordinal(&row.key), place, value, rev: row.rev })
    }
}

fn ordinal(key: &RowKey) -> Ordinal {
    Ordinal(key.0.last_chunk().copied().unwrap_or_default())
}

/// Rows read at a time.
pub(crate) const PAGE: usize = 512;
