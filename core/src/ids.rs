//! Typed ids: none of them travels as a bare string or number.

use std::{cell::RefCell, fmt};

use uuid::Uuid;

use crate::crypto::{CryptoError, random};

/// A tenant. Everything that is stored belongs to one; only [`NamespaceId::ROOT`] can exist yet.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct NamespaceId(pub u32);

impl NamespaceId {
    pub const ROOT: Self = Self(0);

    /// As audit lines and answers call it.
    pub fn name(self) -> &'static str {
        "root"
    }

    /// Its path prefix; empty for the root namespace.
    pub fn path(self) -> &'static str {
        ""
    }
}

/// What a mount is, whatever path it lies at: its records are filed under this id, so that a remount moves
/// no record.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct MountId(pub Uuid);

impl MountId {
    pub(crate) fn generate() -> Result<Self, CryptoError> {
        random::uuid().map(Self)
    }

    /// The id under which one of the core's own subsystems files its records.
    pub(crate) const fn internal(number: u8) -> Self {
        Self(Uuid::from_bytes([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, number]))
    }
}

impl fmt::Debug for MountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MountId({})", self.0)
    }
}

impl fmt::Display for MountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The store itself; all its ciphertext is bound to it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct StoreId(pub Uuid);

/// One request, in its answer, its audit lines and the server's log.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct RequestId(pub Uuid);

/// Ids that a thread draws at once.
const POOLED: usize = 64;

thread_local! {
    /// Random bytes, and how many of them are left.
    static POOL: RefCell<([[u8; 16]; POOLED], usize)> = const { RefCell::new(([[0; 16]; POOLED], 0)) };
}

impl RequestId {
    /// From the operating system, for many at a time: an id names, it protects nothing.
    pub fn generate() -> Result<Self, CryptoError> {
        POOL.with_borrow_mut(|(pool, left)| {
            if *left == 0 {
                random::fill(pool.as_flattened_mut())?;
                *left = pool.len();
            }
            *left -= 1;
            let bytes = pool.get(*left).copied().unwrap_or_default();
            Ok(Self(uuid::Builder::from_random_bytes(bytes).into_uuid()))
        })
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
