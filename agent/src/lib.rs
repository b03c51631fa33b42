//! Secrets for the programs of a machine: the agent logs in, stays logged in, leaves its token where it is told to,
//! and renders templates into files.
//!
//! It reads the configuration of Vault Agent, and does with it what that does; docs/agent.md says where it differs.

mod child;
mod command;
pub mod config;
mod connect;
mod docker;
mod env;
mod error;
mod fetch;
mod identity;
mod keep;
mod listen;
pub mod log;
mod login;
mod metrics;
mod notify;
mod pid;
mod render;
mod run;
mod sink;
mod systemd;
mod value;

pub use error::Error;
pub use run::{Options, run};
