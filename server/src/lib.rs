//! The server: listeners, configuration, and the way from HTTP to the core and back.
//!
//! A connection lives in [`serve`]; a request in [`http`], which turns it into the core's own
//! [`Request`](strongroom_core::request::Request), hands it to [`Core::dispatch`](strongroom_core::Core::dispatch)
//! and writes what comes back. There is one route, `/v1/{path}`, and no second way in.

mod ask;
pub mod attended;
mod audit;
pub mod config;
mod connections;
mod dev;
mod early;
mod env;
mod error;
pub mod framing;
mod here;
pub mod http;
pub mod keyfile;
pub mod log;
pub mod outbound;
pub mod serve;
mod server;
mod start;
mod tls;

pub use connections::Caps;
pub use dev::{Dev, DevOptions};
pub use early::EarlySockets;
pub use error::ServerError;
pub use server::{Reloader, Server};
pub use start::{start, start_here, start_with};
