//! Randomness from the operating system, or none: a failure fails the operation.

use super::CryptoError;

pub(crate) fn fill(out: &mut [u8]) -> Result<(), CryptoError> {
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
