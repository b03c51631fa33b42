//! Tokens: who a caller is.
//!
//! The life of a service token: issued ([`issue`]) by a login or by another token; found by its selector,
//! proved by its MAC, and dead when it has expired, when it is revoked, or when an ancestor is, on each use
//! ([`Tokens::authenticate`]); renewed; and purged in the background. The record is the token's lease. At
//! rest there is only a MAC of the token.

mod accessor;
mod batch;
mod entry;
pub(crate) mod format;
pub(crate) mod index;
pub mod issue;
pub mod leases;
mod list;
pub mod login;
mod lookup;
pub(crate) mod old_names;
pub mod params;
pub mod prefixes;
mod revoke;
pub(crate) mod sweep;
mod swept;
pub mod ttl;

pub use accessor::Accessor;
pub(crate) use accessor::Permutation;
pub use entry::{Login, State, Token, TokenKind};
pub use format::Selector;
pub use issue::Parent;
pub(crate) use lookup::stands;
pub use lookup::{Caller, Known};

pub(crate) const KINDS: &[&[Filed]] = &[
    index::KINDS,
    prefixes::KINDS,
    &[
        filed::<Token>(Class::Token),
        // Of an id that was given away: buried in the background.
        filed::<Token>(Class::Queue),
    ],
];

/// Ancestors above a token.
pub type Depth = u8;

/// A number of revoked prefixes: see [`prefixes`].
pub type Epoch = u64;

use crate::{
    barrier::{Barrier, Class, Filed, Place, Root, filed, keyring::Purpose},
    crypto::{CryptoError, equal, mac::MacKey},
    store::{Fixed, Store},
};

const ROOT: Root = Root::internal(3);

/// The keys with which tokens are made and found.
pub struct Tokens {
    mac: MacKey,
    accessors: Permutation,
    /// Of the ids of their leases, which stand in the clear where accessors are hashed.
    leases: Permutation,
    prefixes: Fixed,
}

impl Tokens {
    pub(crate) fn new(barrier: &Barrier) -> Result<Self, CryptoError> {
        Ok(Self {
            mac: MacKey::new(&barrier.purpose(Purpose::TokenMac)?),
            accessors: Permutation::new(&barrier.purpose(Purpose::TokenAccessor)?),
            leases: Permutation::new(&barrier.purpose(Purpose::TokenLease)?),
            prefixes: prefixes::fixed(),
        })
    }

    /// Where the record of the token with this selector lies.
    pub fn place(&self, store: &Store, selector: Selector) -> Place {
        store.place(Class::Token, ROOT, &selector.to_hex())
    }

    /// The selector of a token as presented. For an id that somebody chose (a root token in `-dev`), a hash.
    pub fn selector(&self, token: &[u8]) -> Selector {
        format::selector(token).unwrap_or_else(|| Selector(self.mac.short(&[b"custom", token])))
    }

    /// What is kept of a token.
    pub fn mac(&self, token: &[u8]) -> [u8; 32] {
        self.mac.parts(&[b"token", token])
    }

    pub(crate) fn proves(&self, token: &[u8], entry: &Token) -> bool {
        equal(&self.mac(token), &entry.mac)
    }

    pub fn accessor(&self, selector: Selector) -> Accessor {
        self.accessors.accessor(selector)
    }

    /// The token that an accessor stands for; `None` if it cannot be one.
    pub fn by_accessor(&self, accessor: &str) -> Option<Selector> {
        self.accessors.selector(accessor)
    }
}
