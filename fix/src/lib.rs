//! Moves plaintext credentials out of configuration files, and leaves references in their place.
//!
//! Nothing is written here: a [`Plan`] says which bytes change, what the store must hold first, what is
//! left and why, and what the workload must be allowed to read. One module for each family of files.

mod comment;
mod compose;
mod expression;
mod family;
mod inplace;
mod kubernetes;
mod layout;
mod left;
mod located;
mod moved;
mod names;
mod nomad;
mod packer;
mod plan;
mod rails;
mod render;
mod rendered;
mod terraform;
mod variables;

pub use family::Family;
pub use names::{Names, Want};
pub use plan::{Access, Beside, Edit, Entry, File, Left, Options, Plan, Reference, Role, Style};
use strongroom_scan::Finding;

/// What to do about the findings of one file.
///
/// The result is the same for the same input, and empty for a file that was fixed before.
#[must_use]
pub fn plan(file: &File<'_>, findings: &[Finding], options: &Options) -> Plan {
    Family::of(file.name, file.text).plan(file, findings, options)
}

/// A file's name without its folder and its endings.
pub(crate) fn stem(name: &str) -> &str {
    let file = name.rsplit('/').next().unwrap_or(name);
    let plain = file.trim_start_matches('.');
    plain.split('.').next().filter(|it| !it.is_empty()).unwrap_or(plain)
}
