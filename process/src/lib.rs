//! What a process does for the secrets in its memory: it cannot be dumped or traced, it gains no privileges,
//! and what it frees is zeroed.
//!
//! This is the one crate with unsafe code. A library must not change the process that it lives in, so only
//! the program calls this.

mod child;
mod env;
mod harden;
mod namespace;
mod signals;
mod terminal;
mod wiping;

pub use child::{close_files_on_exec, end_with_parent, with_no_signal_blocked};
pub use env::{remove_tokens, remove_variable};
pub use harden::{Hardening, harden};
pub use namespace::enter_mount_namespace;
pub use signals::{Delivered, Signals, is_in_our_group, leads_session, send_signal};
pub use terminal::read_hidden_line;
pub use wiping::Wiping;
