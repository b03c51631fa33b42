//! A typed client for applications.
//!
//! ```no_run
//! # async fn example() -> Result<(), strongroom_sdk::Error> {
//! use strongroom_sdk::Client;
//!
//! let client = Client::from_env()?;
//! let secret = client.kv("secret").get("db").await?;
//! let password = secret.field("password").unwrap_or_default();
//! # Ok(()) }
//! ```
//!
//! [`Client`] speaks to a server over TLS, plain HTTP on loopback, or a Unix socket; [`kv`] is the secrets
//! engine most applications need; [`Client::call`] is everything else.

mod answer;
mod client;
mod config;
mod connect;
pub mod env;
mod error;
pub mod kv;
mod retry;
mod secret;
mod transfer;

pub use answer::Answer;
pub use client::{Call, Client, Method};
pub use config::{Config, Tls, token_file};
pub use error::Error;
pub use secret::SecretString;
