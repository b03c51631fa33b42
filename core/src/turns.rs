//! Whoever has met a conflict takes turns with the others.
//!
//! Transactions are optimistic: most rows are written by nobody else meanwhile. On a row that many write, all but
//! one would run in vain each time, and some of them again and again. So after its first conflict a request waits
//! for its turn, first come first served. A turn is no lock on the row: correct is what is committed by the checks.

use std::hash::BuildHasher as _;

use foldhash::fast::FixedState;
use tokio::sync::{Mutex, MutexGuard};

use crate::storage::RowKey;

/// Rows that share one merely wait for each other.
const TURNS: usize = 64;

pub(crate) struct Turns([Mutex<()>; TURNS]);

impl Default for Turns {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::new(())))
    }
}

impl Turns {
    /// Nobody holds two, so that nobody waits for somebody who waits.
    pub(crate) async fn take(&self, key: &RowKey) -> Option<MutexGuard<'_, ()>> {
        let at = FixedState::default().hash_one(key) % TURNS as u64;
        let turn = usize::try_from(at).ok().and_then(|at| self.0.get(at))?;
        Some(turn.lock().await)
    }
}
