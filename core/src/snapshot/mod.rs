//! Backups: the whole store in one file, as it lies there, and back.
//!
//! A snapshot is ciphertext from end to end: rows exactly as the storage has them, the seal's own among them,
//! so that it opens with the shares, passphrase or key file of its store and with nothing else. The format
//! stands in docs/snapshots.md.
//!
//! The life of one: [`take`] copies a consistent view of all rows into a scratch file at the speed of the disk,
//! so that no slow client holds the view; [`archive`] makes of it, while it is sent, the gzip'd tar that Vault's
//! clients expect. Coming back, it is kept in a scratch file again; [`read`] goes through all of it before
//! anything is touched; [`restore`] decides whether it may come in, seals the store, and has the storage put
//! its rows in the place of all others in one step.

mod archive;
mod meta;
mod read;
mod restore;
mod rows;
mod take;

pub use meta::Meta;
pub use read::{BadSnapshot, inspect};
pub use restore::Demand;
pub(crate) use rows::shape;
