//! The client against a real server, a store in the process, and servers that follow a script.
//!
//! One binary: linking a server several times costs more than it tells apart.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test that cannot go on fails"
)]

mod blocking;
mod calls;
mod embedded;
mod forward;
mod functions;
mod lease;
mod retry;
mod script;
mod server;
mod session;
mod tls;
mod transfer;
mod watch;
