//! What a process does for the secrets in its memory: it cannot be dumped or traced, it gains no privileges,
//! and what it frees is zeroed.
//!
//! This is the one crate with unsafe code. A library must not change the process that it lives in, so only
//! the program calls this.

mod environment;
mod harden;
mod wiping;

pub use environment::remove_tokens;
pub use harden::{Hardening, harden};
pub use wiping::Wiping;
