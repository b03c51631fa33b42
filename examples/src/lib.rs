//! What the two examples have in common, and what an operator does for the first.

pub mod app;
pub mod env;
pub mod setup;

/// Where the application's database credentials lie, below the mount `secret`.
pub const SECRET: &str = "app/database";
