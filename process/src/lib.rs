//! What a process does for the secrets in its memory: it cannot be dumped or traced, it gives up what a server
//! never needs, keys lie in memory that is not swapped, and what is freed is zeroed.
//!
//! This is the one crate with unsafe code. A library must not change the process that it lives in: of this crate
//! `core` uses [`Locked`] and [`leaving_no_trace`], which touch memory of its own; the rest is behind the feature `harden`, and only the
//! program calls it.

#[cfg(feature = "harden")]
mod activated;
#[cfg(feature = "harden")]
mod capabilities;
#[cfg(feature = "harden")]
mod child;
#[cfg(feature = "harden")]
mod env;
#[cfg(feature = "harden")]
mod harden;
mod locked;
#[cfg(feature = "harden")]
mod memory;
#[cfg(feature = "harden")]
mod namespace;
#[cfg(feature = "harden")]
mod signals;
mod stack;
#[cfg(feature = "harden")]
mod syscalls;
#[cfg(feature = "harden")]
mod terminal;
mod wiping;

#[cfg(feature = "harden")]
pub use activated::activated_listener;
#[cfg(feature = "harden")]
pub use child::{close_files_on_exec, end_with_parent, with_no_signal_blocked};
#[cfg(feature = "harden")]
pub use env::{remove_tokens, remove_variable};
#[cfg(feature = "harden")]
pub use harden::{Hardening, close_to_others, harden};
pub use locked::{Locked, lock_keys};
#[cfg(feature = "harden")]
pub use memory::{MemoryLock, Swappable, Waived};
#[cfg(feature = "harden")]
pub use namespace::enter_mount_namespace;
#[cfg(feature = "harden")]
pub use signals::{Delivered, Signals, is_in_our_group, leads_session, send_signal};
pub use stack::leaving_no_trace;
#[cfg(feature = "harden")]
pub use terminal::read_hidden_line;
pub use wiping::Wiping;
