//! What a process does for the secrets in its memory: it cannot be dumped or traced, it gives up what a server
//! never needs, keys lie in memory that is not swapped, and what is freed is zeroed.
//!
//! This is the one crate with unsafe code. A library must not change the process that it lives in: of this crate
//! `core` uses [`Locked`], which is memory of its own; the rest is behind the feature `harden`, and only the
//! program calls it.

#[cfg(feature = "harden")]
mod capabilities;
#[cfg(feature = "harden")]
mod env;
#[cfg(feature = "harden")]
mod harden;
mod locked;
#[cfg(feature = "harden")]
mod memory;
#[cfg(feature = "harden")]
mod syscalls;
#[cfg(feature = "harden")]
mod terminal;
mod wiping;

#[cfg(feature = "harden")]
pub use env::remove_tokens;
#[cfg(feature = "harden")]
pub use harden::{Hardening, close_to_others, harden};
pub use locked::{Locked, lock_keys};
#[cfg(feature = "harden")]
pub use memory::{MemoryLock, Swappable, Waived};
#[cfg(feature = "harden")]
pub use terminal::read_hidden_line;
pub use wiping::Wiping;
