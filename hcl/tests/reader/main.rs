//! The reader from outside: what it takes, what it refuses and where, and that it loses nothing.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy knows a test by its attribute, and these are also in the tests' helpers"
)]

mod corpus;
mod json;
mod malformed;
mod native;
mod operands;
mod properties;
mod spans;
mod view;
