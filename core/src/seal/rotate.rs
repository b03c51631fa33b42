//! Rotation: a new term for what is written from now on.
//!
//! ```text
//! rotate          the keyring with the new term is stored, then used       (one commit)
//! re-encryption   rows under older terms are written again, in the background
//! retirement      a term that no row is under leaves the keyring
//! ```
//!
//! Each step can be cut short: what is stored is always a keyring that opens every row.

use std::time::Duration;

use crate::{
    barrier::{Barrier, Class, Filed, KEYRING_KEY, Place, Record, Root, filed, keyring::Keyring},
    clock::Timestamp,
    core::{Core, Unsealed},
    error::{Error, Result},
    storage::{Batch, Expect, Op, Priority},
    store::Store,
};

/// Where the core's own settings of the barrier lie.
const ROOT: Root = Root::internal(20);

pub(crate) const LEAST_OPERATIONS: i64 = 1_000_000;
pub(crate) const MOST_OPERATIONS: i64 = 3_865_470_566;
pub(crate) const LEAST_INTERVAL: Duration = Duration::from_secs(24 * 3600);

/// When a new term is made without being asked for.
#[derive(Clone, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(crate) struct Rotation {
    #[n(0)]
    pub(crate) enabled: bool,
    /// Values sealed under one term.
    #[n(1)]
    pub(crate) max_operations: i64,
    /// Age of a term; zero: any.
    #[cbor(n(2), with = "crate::codec::seconds")]
    pub(crate) interval: Duration,
}

impl Record for Rotation {}

pub(crate) const KINDS: &[Filed] = &[filed::<Rotation>(Class::System)];

impl Default for Rotation {
    fn default() -> Self {
        Self { enabled: true, max_operations: MOST_OPERATIONS, interval: Duration::ZERO }
    }
}

pub(crate) fn place(store: &Store) -> Place {
    store.place(Class::System, ROOT, "rotation")
}

/// The active term.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TermStatus {
    pub term: u32,
    pub installed: Timestamp,
    /// Values that were sealed under it.
    pub encryptions: u64,
    /// The oldest term that the keyring still holds: less than `term` while rows are under it.
    pub oldest: u32,
}

impl Core {
    /// Makes a new term. Everything that is written from now on is sealed under it.
    pub async fn rotate(&self) -> Result<()> {
        let now = self.now();
        let term = self.change_keyring(|keyring| Ok(keyring.rotated(now)?)).await?;
        tracing::info!(term, "a new term was made");
        Ok(())
    }

    /// Takes the terms before `oldest` out of the keyring. The caller has made sure that no row is under them.
    pub(crate) async fn retire_terms(&self, oldest: u32) -> Result<()> {
        self.change_keyring(|keyring| Ok(keyring.retired(oldest))).await?;
        tracing::info!(oldest, "old terms were retired");
        Ok(())
    }

    pub(crate) fn term_status(&self, open: &Unsealed) -> TermStatus {
        let keyring = open.store.barrier.keyring();
        let head = open.head.head();
        let active = keyring.active();
        TermStatus {
            term: active.number,
            installed: active.created,
            encryptions: if head.term == active.number { head.encryptions } else { 0 },
            oldest: keyring.oldest(),
        }
    }

    /// Stores and installs another keyring; answers its active term.
    async fn change_keyring(&self, change: impl FnOnce(&Keyring) -> Result<Keyring>) -> Result<u32> {
        let _one = self.seal().transition.lock().await;
        let open = self.unsealed().ok_or(Error::Sealed)?;
        let barrier: &Barrier = &open.store.barrier;
        let keyring = change(&barrier.keyring())?;
        let stored =
            self.storage().get(KEYRING_KEY).await?.ok_or(Error::Internal("the keyring is missing"))?;
        let value = barrier.seal_keyring(&keyring)?.into();
        let ops = vec![
            Op::Check { key: KEYRING_KEY, expect: Expect::At(stored.rev) },
            Op::Put { key: KEYRING_KEY, name: bytes::Bytes::new(), value },
        ];
        // Stored before it is used: nothing may be sealed under a term that a crash would lose. The old row
        // is scrubbed: it holds terms that may have been retired.
        let batch = Batch { ops, priority: Priority::Interactive, scrub: true };
        self.storage().commit(batch).await?;
        let term = keyring.active().number;
        barrier.install(keyring);
        Ok(term)
    }
}
