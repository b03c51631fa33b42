//! JSON as Go's `encoding/json` reads and writes it.

mod read;
mod write;

pub(crate) use read::{Numbers, read};
pub(crate) use write::{Style, write};
