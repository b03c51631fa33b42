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

use foldhash::fast::RandomState;
use quick_cache::{
    OptionsBuilder, Weighter,
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
    rows: Quick<RowKey, Cached, Weight, RandomState>,
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
        let rows = Quick::with_options(options, Weight, RandomState::default(), DefaultLifecycle::default());
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

    /// The row as it is known, if it is: for the committer, which alone changes rows.
    pub(super) fn peek(&self, key: &RowKey) -> Option<Option<Record>> {
        match self.rows.peek(key)? {
            Cached::Present(record) => Some(Some(record)),
            Cached::Absent => Some(None),
            Cached::InFlight => None,
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

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicBool, AtomicU64, Ordering},
        },
        thread,
    };

    use bytes::Bytes;

    use super::*;
    use crate::storage::Rev;

    fn key(at: u8) -> RowKey {
        RowKey([at; KEY_LEN])
    }

    fn record(rev: u64) -> Record {
        Record { value: Bytes::from(rev.to_be_bytes().to_vec()), rev: Rev(rev) }
    }

    fn rev(row: Option<Record>) -> u64 {
        row.map_or(0, |it| it.rev.0)
    }

    fn unread() -> Result<Option<Record>, StorageError> {
        panic!("the medium was asked")
    }

    #[test]
    fn a_row_and_its_absence_are_read_once() {
        let cache = Cache::new(1 << 20).unwrap();
        assert_eq!(rev(cache.get(&key(1), || Ok(Some(record(7)))).unwrap()), 7);
        assert_eq!(rev(cache.get(&key(1), unread).unwrap()), 7);
        assert!(cache.get(&key(2), || Ok(None)).unwrap().is_none());
        assert!(cache.get(&key(2), unread).unwrap().is_none());
    }

    #[test]
    fn a_filler_never_overwrites_what_was_committed_meanwhile() {
        let cache = Cache::new(1 << 20).unwrap();
        let read = || {
            cache.mark([key(1)].iter());
            cache.publish(&key(1), Some(&record(2)));
            Ok(Some(record(1)))
        };
        assert_eq!(rev(cache.get(&key(1), read).unwrap()), 1, "what it read began before");
        assert_eq!(rev(cache.get(&key(1), unread).unwrap()), 2);
        // Nor when the new row is too large to be kept.
        let large = Record { value: vec![0; LARGEST + 1].into(), rev: Rev(4) };
        let read = || {
            cache.mark([key(3)].iter());
            cache.publish(&key(3), Some(&large));
            Ok(Some(record(3)))
        };
        cache.get(&key(3), read).unwrap();
        assert_eq!(rev(cache.get(&key(3), || Ok(Some(large.clone()))).unwrap()), 4);
    }

    #[test]
    fn a_marked_row_is_asked_of_the_medium_and_not_kept() {
        let cache = Cache::new(1 << 20).unwrap();
        cache.publish(&key(1), Some(&record(1)));
        cache.mark([key(1)].iter());
        for at in [1, 2] {
            assert_eq!(rev(cache.get(&key(1), || Ok(Some(record(at)))).unwrap()), at);
        }
        // Marks stay, whatever comes in.
        for at in 0..100_000_u32 {
            let mut other = [9; KEY_LEN];
            other[..4].copy_from_slice(&at.to_be_bytes());
            cache.publish(&RowKey(other), Some(&record(1)));
        }
        assert_eq!(rev(cache.get(&key(1), || Ok(Some(record(3)))).unwrap()), 3);
        cache.forget(&key(1));
        assert_eq!(rev(cache.get(&key(1), || Ok(Some(record(4)))).unwrap()), 4);
        assert_eq!(rev(cache.get(&key(1), unread).unwrap()), 4);
    }

    #[test]
    fn the_cache_keeps_to_its_bytes() {
        let cache = Cache::new(1 << 20).unwrap();
        for at in 0..50_000_u32 {
            let mut other = [9; KEY_LEN];
            other[..4].copy_from_slice(&at.to_be_bytes());
            let row = Record { value: vec![0; 500].into(), rev: Rev(1) };
            cache.publish(&RowKey(other), Some(&row));
        }
        assert!(cache.rows.weight() <= 1 << 20);
        assert!(cache.rows.len() > 1000);
    }

    /// One committer, several readers, more rows than fit: no reader ever goes back, not from one row of a
    /// batch to the other either.
    #[test]
    fn no_reader_sees_an_older_row_than_before() {
        const ROWS: u8 = 16;
        // Room for some of the rows only: fills, evictions and commits meet all the time.
        let cache = Arc::new(Cache::new(16 << 10).unwrap());
        let medium = Arc::new(AtomicU64::new(1));
        let stop = Arc::new(AtomicBool::new(false));
        let readers: Vec<_> = (0..3_u8)
            .map(|reader| {
                let (cache, medium, stop) = (Arc::clone(&cache), Arc::clone(&medium), Arc::clone(&stop));
                thread::spawn(move || {
                    let (mut seen, mut reads, mut at) = (0, 0_u64, reader);
                    while !stop.load(Ordering::Relaxed) {
                        at = at.wrapping_mul(5).wrapping_add(3);
                        // Each commit changes every row: the medium has one revision for all.
                        let read = || {
                            let rev = medium.load(Ordering::SeqCst);
                            thread::yield_now();
                            Ok(Some(record(rev)))
                        };
                        let now = rev(cache.get(&key(at % ROWS), read).unwrap());
                        // A read that overlapped a commit may still have the row before it.
                        assert!(now + 1 >= seen, "{now} after {seen}");
                        seen = seen.max(now);
                        reads += 1;
                    }
                    reads
                })
            })
            .collect();
        let keys: Vec<RowKey> = (0..ROWS).map(key).collect();
        for next in 2..20_000 {
            cache.mark(keys.iter());
            medium.store(next, Ordering::SeqCst);
            keys.iter().for_each(|it| cache.publish(it, Some(&record(next))));
            // Committed and answered: whoever asks now must see it.
            for it in &keys {
                let now = rev(cache.get(it, || Ok(Some(record(medium.load(Ordering::SeqCst))))).unwrap());
                assert_eq!(now, next);
            }
        }
        stop.store(true, Ordering::Relaxed);
        let reads: u64 = readers.into_iter().map(|it| it.join().unwrap()).sum();
        assert!(reads > 1000, "{reads} reads prove nothing");
    }
}
