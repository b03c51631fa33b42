//! What a process does for the secrets in its memory: it cannot be dumped or traced, it gains no privileges,
//! and what it frees is zeroed.
//!
//! This is the one crate with unsafe code. A library must not change the process that it lives in, so only
//! the program calls this.

mod env;
mod harden;
mod terminal;
mod wiping;

pub use env::remove_tokens;
pub use harden::{Hardening, harden};
pub use terminal::read_hidden_line;
pub use wiping::Wiping;
