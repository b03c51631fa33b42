//! A typed client for applications.
//!
//! ```no_run
//! # async fn example() -> Result<(), strongroom_sdk::Error> {
//! use strongroom_sdk::{AppRole, Client};
//!
//! let client = Client::from_env()?;
//! let session = client.login(AppRole::new("web").secret_id_file("/run/secrets/secret-id")).await?;
//! let secret = session.kv("secret").get("db").await?;
//! let password = secret.field("password");
//! # Ok(()) }
//! ```
//!
//! [`Client`] speaks to a server over TLS, plain HTTP on loopback, or a Unix socket; with the feature
//! `embedded` it speaks to a store that the application has opened in its own process. The calls are the same:
//!
//! | where | what |
//! | --- | --- |
//! | [`kv`], [`kv1`] | secrets: [`Client::kv`], [`Client::kv1`] |
//! | [`watch`] | the newest version of a secret, kept through outages |
//! | [`lease`] | secrets that the server knows we hold |
//! | [`session`] | logins that are renewed, and made anew when they end |
//! | [`token`], [`wrapping`], [`sys`] | tokens, wrapped answers, the server's state |
//! | [`blocking`] | all of it without an async runtime |
//! | [`Client::call`] | everything else |
//!
//! No [`Error`] and no `Debug` holds a secret. What is secret comes as a [`SecretString`] or as
//! [`Fields`], which do not print themselves and are wiped when they are dropped.

#[cfg(not(any(feature = "http", feature = "embedded")))]
compile_error!("a client needs something to speak to: the feature `http`, `embedded`, or both");

mod answer;
#[cfg(feature = "blocking")]
pub mod blocking;
mod client;
mod config;
#[cfg(feature = "http")]
mod connect;
#[cfg(feature = "embedded")]
pub mod embedded;
pub mod env;
mod error;
mod fields;
#[cfg(feature = "http")]
mod forward;
#[cfg(feature = "http")]
mod http;
pub mod kv;
pub mod kv1;
pub mod lease;
mod login;
mod retry;
mod secret;
pub mod session;
pub mod sys;
mod task;
pub mod token;
#[cfg(feature = "http")]
mod transfer;
mod transport;
pub mod watch;
pub mod wrapping;

pub use answer::{Answer, Auth, Envelope, WrapInfo};
pub use client::{Call, Client, Method};
pub use config::{Config, Tls, token_file};
pub use error::{Error, Kind};
pub use fields::Fields;
pub use login::{AppRole, Cert, Jwt, Kubernetes, LoggingIn, Login, LoginMethod, SecretId, Userpass};
pub use secret::SecretString;
pub use session::Session;

/// The task page, whose examples are compiled as tests.
#[cfg(all(doctest, feature = "blocking", feature = "embedded", feature = "http"))]
#[doc = include_str!("../../docs/sdk.md")]
mod page {}
