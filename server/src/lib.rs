//! The server: listeners, configuration, and the way from HTTP to the core and back.
//!
//! A connection lives in [`serve`]; a request in [`http`], which turns it into the core's own
//! [`Request`](strongroom_core::request::Request), hands it to [`Core::dispatch`](strongroom_core::Core::dispatch)
//! and writes what comes back. There is one route, `/v1/{path}`, and no second way in.

mod dev;
mod error;
pub mod http;
pub mod serve;

pub use dev::{Dev, DevOptions};
pub use error::ServerError;
