//! Ciphertext rows in memory, in front of point reads.
//!
//! The one rule: **once a commit is answered, no read may see what was there before it**, also if a reader
//! fetched the old row just before. Two things see to that:
//!
//! - A reader that misses takes a placeholder and fills it. Whatever the committer does to the key in the
//!   meantime replaces the placeholder, and the filler's row is dropped instead of stored.
//! - Before a physical commit the committer marks its keys as in flight, and replaces the marks afterwards.
//!   Readers of a marked key ask the medium and fill nothing. So a batch's rows never appear one after the
//!   other: who has seen one new row sees all of them. Marks weigh nothing and are never evicted.

use std::time::Duration;

use quick_cache::{
    DefaultHashBuilder, OptionsBuilder, Weighter,
    sync::{Cache as Quick, DefaultLifecycle, GuardResult},
};

use super::{KEY_LEN, Record, RowKey, StorageError};

/// What an entry costs besides its bytes: the key, the row's handle, and the cache's own bookkeeping.
const OVERHEAD: usize = KEY_LEN + 127;
/// Larger rows are read from the medium each time, so that a few of them cannot push out thousands.
const LARGEST: usize = 64 << 10;
/// For the cache's own estimate of how many rows its bytes will hold.
const TYPICAL_ROW: usize = 512;

pub(super) struct Cache {
    rows: Quick<RowKey, Cached, Weight>,
}

#[derive(Clone)]
enum Cached {
    Present(Record),
    Absent,
    InFlight,
}

#[derive(Clone)]
struct Weight;

impl Weighter<RowKey, Cached> for Weight {
    fn weight(&self, _: &RowKey, row: &Cached) -> u64 {
        match row {
            Cached::Present(it) => it.value.len().saturating_add(OVERHEAD) as u64,
            Cached::Absent => OVERHEAD as u64,
            Cached::InFlight => 0,
        }
    }
}

impl Cache {
    /// A cache of at most `bytes`; 0 holds nothing.
    pub(super) fn new(bytes: usize) -> Result<Self, StorageError> {
        let options = OptionsBuilder::new()
            .weight_capacity(bytes as u64)
            .estimated_items_capacity(bytes / TYPICAL_ROW)
            .build()
            .map_err(|it| StorageError::Io(Box::new(it)))?;
        let rows =
            Quick::with_options(options, Weight, DefaultHashBuilder::default(), DefaultLifecycle::default());
        Ok(Self { rows })
    }

    /// The row, from memory or else by `read`, which answers the committed state of the medium.
    pub(super) fn get(
        &self,
        key: &RowKey,
        read: impl FnOnce() -> Result<Option<Record>, StorageError>,
    ) -> Result<Option<Record>, StorageError> {
        // No waiting for a filler on another thread: reading the row twice costs less than parking.
        match self.rows.get_value_or_guard(key, Some(Duration::ZERO)) {
            GuardResult::Value(Cached::Present(record)) => Ok(Some(record)),
            GuardResult::Value(Cached::Absent) => Ok(None),
            GuardResult::Value(Cached::InFlight) | GuardResult::Timeout => read(),
            GuardResult::Guard(guard) => {
                let row = read()?;
                if let Some(cached) = Cached::of(row.as_ref()) {
                    // An error means that the committer was here first: what it published stays.
                    let _ = guard.insert(cached);
                }
                Ok(row)
            }
        }
    }

    /// Before a physical commit: from now on the medium answers for these keys.
    pub(super) fn mark<'a>(&self, keys: impl Iterator<Item = &'a RowKey>) {
        keys.for_each(|key| self.rows.insert(*key, Cached::InFlight));
    }

    /// After it: the key's row is now this one.
    pub(super) fn publish(&self, key: &RowKey, row: Option<&Record>) {
        match Cached::of(row) {
            Some(cached) => self.rows.insert(*key, cached),
            None => self.forget(key),
        }
    }

    /// The key's row is not known: the next read asks the medium.
    pub(super) fn forget(&self, key: &RowKey) {
        self.rows.remove(key);
    }

    pub(super) fn clear(&self) {
        self.rows.clear();
    }
}

impl Cached {
    /// Nothing for a row that is too large to keep.
    fn of(row: Option<&Record>) -> Option<Self> {
        match row {
            None => Some(Self::Absent),
            Some(it) if it.value.len() <= LARGEST => Some(Self::Present(it.clone())),
            Some(_) => None,
        }
    }
}
