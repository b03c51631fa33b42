//! The seal: how the root key is recovered.
//!
//! ```text
//!                  init                    threshold of shares, passphrase, key file ...
//!  uninitialised ---------> sealed -----------------------------------------------------> unsealed
//!                              ^                                                              |
//!                              +------------------------- seal, or a defect ------------------+
//! ```
//!
//! What unseals (shares, a passphrase, a key file's bytes) makes the *unseal key*, which opens the *root key*,
//! which opens the keyring. [`config`] is what is stored of that in the clear; [`wrap`] the envelope of the
//! root key; [`init`] and [`unseal`] the two transitions.

pub mod config;
pub mod init;
mod shamir;
pub mod unseal;
mod wrap;

use std::sync::Mutex;

pub use config::{Kind, SealConfig};

use crate::{
    core::Core,
    error::{Error, Result},
};

/// What has been said so far while sealed, and the operators' procedures under way.
#[derive(Default)]
pub(crate) struct Seal {
    pub(crate) unsealing: Mutex<unseal::Progress>,
}

impl Core {
    /// Whether there is a store at all.
    pub async fn is_initialized(&self) -> Result<bool> {
        Ok(config::load(self.storage()).await?.is_some())
    }

    /// Drops the keys; every later request for data is refused.
    pub fn seal_now(&self) {
        self.drop_keys();
    }

    pub(crate) async fn seal_config(&self) -> Result<config::Stored> {
        config::load(self.storage()).await?.ok_or(Error::NotInitialized)
    }
}
