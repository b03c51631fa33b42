//! The only module that names the crates which do cryptography.
//!
//! Each primitive is a small function or type whose documentation gives its notation and its source.
//! Failures carry no detail: detail is a side channel.

pub(crate) mod aead;
pub(crate) mod digest;
pub(crate) mod mac;
pub(crate) mod password;
pub(crate) mod public_key;
pub(crate) mod random;
pub(crate) mod secret;
pub(crate) mod sign;
#[cfg(test)]
mod vectors;
pub(crate) mod x509;

pub use password::Cost;
pub use secret::{Key, SecretBytes};

/// Something did not verify, or could not be done. Deliberately without a reason.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("cryptographic operation failed")]
pub struct CryptoError;

/// Whether two byte strings are equal, in time that depends on their lengths only.
///
/// Every credential, code, MAC and commitment is compared here.
pub(crate) fn equal(a: &[u8], b: &[u8]) -> bool {
    use subtle::ConstantTimeEq as _;
    a.ct_eq(b).into()
}
