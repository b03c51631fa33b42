//! Randomness from the operating system, or none: a failure fails the operation.

use super::CryptoError;

pub(crate) fn fill(out: &mut [u8]) -> Result<(), CryptoError> {
    #[cfg(test)]
    if tests::IS_DRY.get() {
        return Err(CryptoError);
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
    use std::cell::Cell;

    use super::*;
    use crate::crypto::{
        Key,
        aead::{self, Suite},
        password::PasswordHash,
    };

    thread_local! {
        pub(super) static IS_DRY: Cell<bool> = const { Cell::new(false) };
    }

    /// Takes the system's randomness away from this thread until the guard goes.
    pub(crate) fn without() -> impl Drop {
        struct Guard;
        impl Drop for Guard {
            fn drop(&mut self) {
                IS_DRY.set(false);
            }
        }
        IS_DRY.set(true);
        Guard
    }

    // Rule 11
    #[test]
    fn without_the_systems_randomness_nothing_is_made() {
        let key = Key::generate().unwrap();
        let _dry = without();
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
