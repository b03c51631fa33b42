//! Secrets for the programs of a machine: the agent logs in, stays logged in, leaves its token where it is told to,
//! and renders templates into files.
//!
//! It reads the configuration of Vault Agent, and does with it what that does; docs/agent.md says where it differs.

mod auth;
mod child;
mod command;
pub mod config;
mod connect;
pub mod docker;
mod error;
mod fetch;
mod login;
mod sink;
pub mod systemd;
pub mod value;

pub use error::Error;
