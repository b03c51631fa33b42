//! What a token looks like: `hvs.` and base64url(selector(16) ‖ verifier(32) ‖ crc(4)).
//!
//! The prefix is what secret scanners look for, the checksum tells a token from an accident, the selector
//! finds the record, and the verifier is what its holder proves.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};

use crate::crypto::{CryptoError, SecretBytes, random};

const SERVICE_PREFIX: &str = "hvs.";
const SELECTOR_LEN: usize = 16;
const VERIFIER_LEN: usize = 32;
const CRC_LEN: usize = 4;

/// The part of a token that names its record. It proves nothing.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Selector(pub [u8; SELECTOR_LEN]);

impl Selector {
    pub fn to_hex(self) -> String {
        HEXLOWER.encode(&self.0)
    }

    /// Enough of it to tell rows of one moment apart.
    pub(crate) fn tail(self) -> [u8; 8] {
        self.0.first_chunk().copied().unwrap_or_default()
    }
}

/// A fresh service token.
pub(crate) fn generate() -> Result<(Selector, SecretBytes), CryptoError> {
    let mut bytes = [0; SELECTOR_LEN + VERIFIER_LEN + CRC_LEN];
    let (body, checksum) = bytes.split_at_mut(SELECTOR_LEN + VERIFIER_LEN);
    random::fill(body)?;
    checksum.copy_from_slice(&crc32(body).to_be_bytes());
    let selector = Selector(*bytes.first_chunk().ok_or(CryptoError)?);
    let mut text = String::with_capacity(SERVICE_PREFIX.len() + BASE64URL_NOPAD.encode_len(bytes.len()));
    text.push_str(SERVICE_PREFIX);
    BASE64URL_NOPAD.encode_append(&bytes, &mut text);
    zeroize::Zeroize::zeroize(&mut bytes);
    Ok((selector, SecretBytes::from(text)))
}

/// The selector in a token of our own making.
pub(crate) fn selector(token: &[u8]) -> Option<Selector> {
    let encoded = token.strip_prefix(SERVICE_PREFIX.as_bytes())?;
    let mut bytes = [0; SELECTOR_LEN + VERIFIER_LEN + CRC_LEN];
    if BASE64URL_NOPAD.decode_len(encoded.len()).ok()? != bytes.len() {
        return None;
    }
    BASE64URL_NOPAD.decode_mut(encoded, &mut bytes).ok()?;
    let (body, checksum) = bytes.split_at(SELECTOR_LEN + VERIFIER_LEN);
    let selector =
        (checksum == crc32(body).to_be_bytes()).then_some(Selector(*bytes.first_chunk::<SELECTOR_LEN>()?));
    zeroize::Zeroize::zeroize(&mut bytes);
    selector
}

/// CRC-32 (IEEE 802.3), byte by byte.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        let [low, ..] = (crc ^ u32::from(*byte)).to_le_bytes();
        (crc >> 8) ^ CRC_OF_BYTE.get(usize::from(low)).copied().unwrap_or(0)
    };
    !bytes.iter().fold(u32::MAX, step)
}

const CRC_OF_BYTE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < table.len() {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
            bit += 1;
        }
        #[allow(clippy::indexing_slicing, reason = "worked out when compiled; there is no `get_mut` yet")]
        {
            table[byte] = crc;
        }
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    // Rule 33
    #[test]
    fn a_token_is_scannable_checked_and_256_bits_of_secret() {
        let (selector, token) = generate().unwrap();
        assert!(token.expose().starts_with(b"hvs."));
        assert_eq!(super::selector(token.expose()), Some(selector));
        let mut typo = token.expose().to_vec();
        typo[20] = if typo[20] == b'A' { b'B' } else { b'A' };
        assert_eq!(super::selector(&typo), None);
        assert_ne!(generate().unwrap().1.expose(), token.expose());
    }

    #[test]
    fn the_checksum_is_the_well_known_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}
