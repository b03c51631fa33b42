//! Authenticated encryption, one shot only: no plaintext leaves before its tag is verified.

use chacha20poly1305::{AeadInOut as _, KeyInit as _, XChaCha20Poly1305};
use ring::aead;

use super::{CryptoError, Key, mac, random};

pub(crate) const TAG_LEN: usize = 16;

/// Which AEAD an envelope uses.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Suite {
    /// XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) with a random 192-bit nonce.
    #[default]
    XChaCha20Poly1305,
    /// AES-256-GCM (NIST SP 800-38D) under a key that is fresh for every write: HKDF of the subkey with a
    /// random 256-bit salt, which stands in the envelope where the nonce would. The GCM nonce itself is
    /// zero, as no key is used twice.
    Aes256Gcm,
}

impl Suite {
    pub(crate) const fn id(self) -> u8 {
        match self {
            Self::XChaCha20Poly1305 => 1,
            Self::Aes256Gcm => 2,
        }
    }

    pub(crate) const fn from_id(id: u8) -> Option<Self> {
        match id {
            1 => Some(Self::XChaCha20Poly1305),
            2 => Some(Self::Aes256Gcm),
            _ => None,
        }
    }

    /// Bytes of nonce (suite 1) or salt (suite 2).
    pub(crate) const fn nonce_len(self) -> usize {
        match self {
            Self::XChaCha20Poly1305 => 24,
            Self::Aes256Gcm => 32,
        }
    }
}

/// Encrypts `buffer` behind its first `from` bytes in place, and appends the tag. The nonce (or salt), which
/// this function draws, is written to `buffer[from - nonce_len .. from]`.
pub(crate) fn seal(
    suite: Suite,
    key: &Key,
    aad: &[u8],
    buffer: &mut Vec<u8>,
    from: usize,
) -> Result<(), CryptoError> {
    let start = from.checked_sub(suite.nonce_len()).ok_or(CryptoError)?;
    random::fill(buffer.get_mut(start..from).ok_or(CryptoError)?)?;
    let (head, body) = buffer.split_at_mut_checked(from).ok_or(CryptoError)?;
    let nonce = head.get(start..).ok_or(CryptoError)?;
    match suite {
        Suite::XChaCha20Poly1305 => {
            let nonce = nonce.try_into().map_err(|_| CryptoError)?;
            let tag = XChaCha20Poly1305::new(key.expose().into())
                .encrypt_inout_detached(nonce, aad, body.into())
                .map_err(|_| CryptoError)?;
            buffer.extend_from_slice(&tag);
        }
        Suite::Aes256Gcm => {
            let tag = gcm(key, nonce)?
                .seal_in_place_separate_tag(zero_nonce(), aead::Aad::from(aad), body)
                .map_err(|_| CryptoError)?;
            buffer.extend_from_slice(tag.as_ref());
        }
    }
    Ok(())
}

/// Decrypts `sealed` (ciphertext ‖ tag) in place and answers the plaintext's part of it. On failure nothing
/// of the plaintext is to be had.
pub(crate) fn open<'a>(
    suite: Suite,
    key: &Key,
    nonce: &[u8],
    aad: &[u8],
    sealed: &'a mut [u8],
) -> Result<&'a mut [u8], CryptoError> {
    let at = sealed.len().checked_sub(TAG_LEN).ok_or(CryptoError)?;
    match suite {
        Suite::XChaCha20Poly1305 => {
            let nonce = nonce.try_into().map_err(|_| CryptoError)?;
            let (body, tag) = sealed.split_at_mut_checked(at).ok_or(CryptoError)?;
            let tag = (&*tag).try_into().map_err(|_| CryptoError)?;
            XChaCha20Poly1305::new(key.expose().into())
                .decrypt_inout_detached(nonce, aad, (&mut *body).into(), tag)
                .map_err(|_| CryptoError)?;
            Ok(body)
        }
        Suite::Aes256Gcm => gcm(key, nonce)?
            .open_in_place(zero_nonce(), aead::Aad::from(aad), sealed)
            .map_err(|_| CryptoError),
    }
}

fn gcm(key: &Key, salt: &[u8]) -> Result<aead::LessSafeKey, CryptoError> {
    aes(&mac::derive(key, salt, "aes-256-gcm", &[])?)
}

pub(super) fn aes(key: &Key) -> Result<aead::LessSafeKey, CryptoError> {
    aead::UnboundKey::new(&aead::AES_256_GCM, key.expose())
        .map(aead::LessSafeKey::new)
        .map_err(|_| CryptoError)
}

/// The only nonce that is right when every key is used once.
fn zero_nonce() -> aead::Nonce {
    aead::Nonce::assume_unique_for_key([0; aead::NONCE_LEN])
}
