//! Ed25519 (RFC 8032): the audit log's checkpoints.

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use super::{CryptoError, Key};

pub(crate) struct SigningKey(Box<Ed25519KeyPair>);

impl SigningKey {
    pub(crate) fn from_seed(seed: &Key) -> Result<Self, CryptoError> {
        Ed25519KeyPair::from_seed_unchecked(seed.expose())
            .map(|pair| Self(Box::new(pair)))
            .map_err(|_| CryptoError)
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).as_ref().to_vec()
    }

    pub(crate) fn public(&self) -> Vec<u8> {
        self.0.public_key().as_ref().to_vec()
    }
}

/// Whether `signature` over `message` is by the holder of `public`'s private half.
pub(crate) fn verify(public: &[u8], message: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
    UnparsedPublicKey::new(&ED25519, public).verify(message, signature).map_err(|_| CryptoError)
}
