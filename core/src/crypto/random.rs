//! Randomness from the operating system, or none: a failure fails the operation.

use super::CryptoError;

pub(crate) fn fill(out: &mut [u8]) -> Result<(), CryptoError> {
    #[cfg(test)]
    if let Some(outcome) = tests::from_script(out) {
        return outcome;
    }
    getrandom::fill(out).map_err(|_| CryptoError)
}

pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], CryptoError> {
    let mut out = [0; N];
    fill(&mut out)?;
    Ok(out)
}

const ALPHANUMERIC: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// `len` letters and digits, each uniform (by rejection) over 62 possibilities.
pub(crate) fn base62(len: usize) -> Result<String, CryptoError> {
    let mut out = String::with_capacity(len);
    let mut pool = [0_u8; 64];
    while out.len() < len {
        fill(&mut pool)?;
        for byte in pool {
            // 248 = 4 * 62: what lies above would favour the first letters.
            if byte < 248
                && out.len() < len
                && let Some(letter) = ALPHANUMERIC.get(usize::from(byte % 62))
            {
                out.push(char::from(*letter));
            }
        }
    }
    zeroize::Zeroize::zeroize(&mut pool);
    Ok(out)
}

/// A random (version 4) UUID.
pub(crate) fn uuid() -> Result<uuid::Uuid, CryptoError> {
    Ok(uuid::Builder::from_random_bytes(bytes()?).into_uuid())
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::crypto::{
        Key,
        aead::{self, Suite},
        password::PasswordHash,
    };

    thread_local! {
        /// What comes instead of randomness, if anything does.
        static SCRIPT: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
    }

    pub(super) fn from_script(out: &mut [u8]) -> Option<Result<(), CryptoError>> {
        SCRIPT.with_borrow_mut(|script| {
            let script = script.as_mut()?;
            let Some((taken, left)) = script.split_at_checked(out.len()) else {
                return Some(Err(CryptoError));
            };
            out.copy_from_slice(taken);
            *script = left.to_vec();
            Some(Ok(()))
        })
    }

    /// Gives this thread these bytes and then nothing, until the guard goes.
    pub(crate) fn scripted(bytes: &[u8]) -> impl Drop + use<> {
        struct Guard;
        impl Drop for Guard {
            fn drop(&mut self) {
                SCRIPT.set(None);
            }
        }
        SCRIPT.set(Some(bytes.to_vec()));
        Guard
    }

    // Rule 11
    #[test]
    fn without_the_systems_randomness_nothing_is_made() {
        let key = Key::generate().unwrap();
        let _dry = scripted(&[]);
        assert!(bytes::<32>().is_err());
        assert!(base62(26).is_err());
        assert!(uuid().is_err());
        assert!(Key::generate().is_err());
        assert!(PasswordHash::nobodys().is_err());
        for suite in [Suite::XChaCha20Poly1305, Suite::Aes256Gcm] {
            let mut buffer = vec![0; 64];
            assert!(aead::seal(suite, &key, b"", &mut buffer, 40).is_err());
        }
    }
}
