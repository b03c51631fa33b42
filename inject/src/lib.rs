//! Secrets as files on a tmpfs.
//!
//! The layout is the one kubelet writes, which programs that watch files know: the files of one moment lie in a
//! directory of their own, a *generation*; `..data` is a symbolic link to it, and each name that a program
//! opens is a link through `..data`. An update writes a new generation beside the old one and then exchanges
//! that one link, so that whoever opens `..data` sees a whole old or a whole new generation.
//!
//! ```text
//! ..2026_11_25_18_50_29.1d5f3a0c92be/db/password
//! ..data -> ..2026_11_25_18_50_29.1d5f3a0c92be
//! db     -> ..data/db
//! ```
//!
//! Nothing is done by path: the target is opened once and checked as opened, and everything below it is reached
//! from that descriptor, through no link and no mount.

mod access;
mod error;
mod file;
mod generation;
mod links;
mod lock;
mod mount;
mod names;
mod notice;
mod publish;
mod single;
mod swap;
mod target;
#[cfg(test)]
mod tests;
mod tmpfs;

pub use access::Access;
pub use error::Error;
pub use mount::PrivateMount;
pub use names::{BadName, FileName};
pub use notice::Notice;
pub use publish::{Files, Held, publish, publish_and_tell, remove};
pub use single::{Medium, Missing, Single};
pub use target::{Target, open_below};
pub use tmpfs::Tmpfs;
