//! Strongroom's core: the embeddable secrets manager. It knows no HTTP and no command line.
//!
//! [`Core`] is a secrets manager over one [`Storage`](storage::Storage). [`Core::dispatch`] is the only door:
//! a server and an embedding application build the same [`Request`](request::Request) and get the same answer.

mod admission;
pub mod audit;
mod auth;
pub mod background;
pub mod barrier;
mod blocking;
mod builder;
pub mod catalog;
pub mod clock;
mod codec;
mod core;
pub mod crypto;
pub mod dispatch;
pub mod engine;
pub mod error;
mod identity;
pub mod ids;
pub mod integrity;
pub mod leases;
pub mod mounts;
pub mod net;
pub mod outbound;
pub mod policy;
pub mod purge;
pub mod request;
pub mod response;
pub mod route;
pub mod seal;
pub mod secrets;
mod settings;
pub mod snapshot;
pub mod storage;
pub mod store;
mod system;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod tokens;
pub mod tree;
mod turns;
pub mod tx;
pub mod wrapping;

pub use builder::{Auditing, Builder, OpenError, Opened, Unlock, Upkeep};
pub use core::{Core, Unsealed};
pub use error::{Error, Result};
pub use settings::{Answers, Settings};
pub use system::settings as stored_settings;
