//! Buffers that are wiped when dropped and never printed.

use std::fmt;

use strongroom_process::Locked;
use zeroize::Zeroizing;

/// A 256-bit key. It lies in locked memory, is wiped on drop, and cannot be copied, printed or serialised.
pub struct Key(Locked<[u8; 32]>);

impl Key {
    pub const LEN: usize = 32;

    /// A fresh key from the operating system.
    pub(crate) fn generate() -> Result<Self, super::CryptoError> {
        let mut key = Self::empty();
        super::random::fill(key.0.as_mut_slice())?;
        Ok(key)
    }

    /// Takes the key out of `bytes`, which must be 32 long. The caller's buffer is the caller's to wipe.
    pub(crate) fn from_slice(bytes: &[u8]) -> Result<Self, super::CryptoError> {
        let mut key = Self::empty();
        if bytes.len() != key.0.len() {
            return Err(super::CryptoError);
        }
        key.0.copy_from_slice(bytes);
        Ok(key)
    }

    pub(crate) fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn expose_mut(&mut self) -> &mut [u8; 32] {
        &mut self.0
    }

    /// A second holder of the same key, which is wiped on its own.
    pub(crate) fn duplicate(&self) -> Self {
        let mut key = Self::empty();
        key.0.copy_from_slice(self.0.as_slice());
        key
    }

    /// A place for a key. It is filled where it lies, so that no copy is left on the stack.
    fn empty() -> Self {
        Self(Locked::new([0; Self::LEN]))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// Bytes that nobody but their user may see: plaintext, tokens, passphrases. Wiped on drop.
///
/// Growing would leave copies behind, so there is no way to grow one: build the vector at its final
/// capacity, then wrap it.
#[derive(Default)]
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub fn copy_of(bytes: &[u8]) -> Self {
        Self::new(bytes.to_vec())
    }

    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The secret as text, if it is UTF-8.
    pub fn expose_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// So that [`bytes::Bytes::from_owner`] can hand a secret to the HTTP layer and wipe it once it is sent.
impl AsRef<[u8]> for SecretBytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<String> for SecretBytes {
    fn from(text: String) -> Self {
        Self::new(text.into_bytes())
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Rule 24
    #[test]
    fn secrets_do_not_print_themselves() {
        let key = Key::from_slice(&[0x41; 32]).unwrap();
        assert_eq!(format!("{key:?}"), "Key(…)");
        let bytes = SecretBytes::copy_of(b"AAAA");
        assert_eq!(format!("{bytes:?}"), "SecretBytes(…)");
    }

    #[test]
    fn a_key_has_one_length() {
        assert!(Key::from_slice(&[0; 31]).is_err());
        assert!(Key::from_slice(&[0; 33]).is_err());
    }
}
