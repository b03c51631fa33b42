//! Argon2id (RFC 9106) for passphrases and passwords.

use argon2::{Algorithm, Argon2, Params, Version};

use super::{CryptoError, Key};

/// What one derivation costs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cost {
    /// KiB of memory.
    pub memory: u32,
    /// Passes over it.
    pub passes: u32,
    pub lanes: u32,
}

impl Cost {
    /// For an unseal passphrase: a thief of the disk attacks it offline.
    pub const UNSEAL: Self = Self { memory: 256 * 1024, passes: 3, lanes: 1 };
    /// For a login: RFC 9106's second recommendation, cut to what two cores can serve.
    pub const LOGIN: Self = Self { memory: 19 * 1024, passes: 2, lanes: 1 };
}

/// Derives a key. Takes `cost.memory` KiB and, at [`Cost::UNSEAL`], about a second: never on a worker thread.
pub(crate) fn argon2id(password: &[u8], salt: &[u8], cost: Cost) -> Result<Key, CryptoError> {
    let params =
        Params::new(cost.memory, cost.passes, cost.lanes, Some(Key::LEN)).map_err(|_| CryptoError)?;
    let mut key = Key::from_slice(&[0; 32])?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password, salt, key.expose_mut())
        .map_err(|_| CryptoError)?;
    Ok(key)
}
