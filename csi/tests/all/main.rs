//! Both programs as kubelet and the Secrets Store CSI driver find them: over their sockets, against a real server.
//!
//! Each test that mounts runs again by itself in a mount namespace of its own.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test that cannot go on fails"
)]

mod cluster;
mod driver;
mod grpc;
mod hostile;
mod kubelet;
mod login;
mod place;
#[path = "../../../inject/tests/room/mod.rs"]
mod room;
mod sanity;
mod secrets_store;
mod server;
