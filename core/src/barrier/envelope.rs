//! Envelope v1: how one value or name is encrypted.
//!
//! ```text
//! format(1) suite(1) term(4, big-endian) nonce(24 | 32) ciphertext tag(16)
//! ```
//!
//! The associated data is `format, suite, store id, class, term, row key, part`, each preceded by its length
//! (u16, big-endian), so that an envelope opens only in the store, the row and the part (value or name) that
//! it was sealed for. The plaintext is `length(4, big-endian) bytes padding`, padded with zeros to a size
//! class, so that its length tells less.

use super::class::Class;
use crate::{
    crypto::{
        CryptoError, Key, SecretBytes,
        aead::{self, Suite, TAG_LEN},
    },
    ids::StoreId,
    storage::RowKey,
};

pub(crate) const FORMAT: u8 = 1;
const HEADER_LEN: usize = 6;

/// Which of a row's two envelopes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Part {
    Value,
    Name,
}

/// All that an envelope is bound to, but for its term and suite.
#[derive(Clone, Copy)]
pub(crate) struct Binding<'a> {
    pub(crate) store: StoreId,
    pub(crate) class: Class,
    pub(crate) key: &'a RowKey,
    pub(crate) part: Part,
}

impl Binding<'_> {
    fn aad(&self, suite: Suite, term: u32) -> Aad {
        let mut aad = Aad { bytes: [0; Aad::LEN], len: 0 };
        aad.push(&[FORMAT]);
        aad.push(&[suite.id()]);
        aad.push(self.store.0.as_bytes());
        aad.push(&[self.class.id()]);
        aad.push(&term.to_be_bytes());
        aad.push(&self.key.0);
        aad.push(match self.part {
            Part::Value => b"v",
            Part::Name => b"n",
        });
        aad
    }
}

/// Associated data on the stack: one is built for every record that is read.
struct Aad {
    bytes: [u8; Self::LEN],
    len: usize,
}

impl Aad {
    /// Seven parts with a length each: 1 + 1 + 16 + 1 + 4 + 33 + 1.
    const LEN: usize = 7 * 2 + 57;

    fn push(&mut self, part: &[u8]) {
        let length = u16::try_from(part.len()).unwrap_or(u16::MAX).to_be_bytes();
        for part in [&length[..], part] {
            let end = self.len + part.len();
            if let Some(place) = self.bytes.get_mut(self.len..end) {
                place.copy_from_slice(part);
                self.len = end;
            }
        }
    }

    fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&self.bytes)
    }
}

/// The associated data, for comparing it with the documented.
#[cfg(test)]
pub(crate) fn associated(binding: Binding<'_>, suite: Suite, term: u32) -> Vec<u8> {
    binding.aad(suite, term).as_slice().to_vec()
}

/// Encrypts `plaintext` for `binding` under `key`, the subkey of `term`.
pub(crate) fn seal(
    suite: Suite,
    term: u32,
    key: &Key,
    binding: Binding<'_>,
    plaintext: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let from = HEADER_LEN + suite.nonce_len();
    let padded = padded_len(4 + plaintext.len());
    // At its final capacity from the start: growing would leave plaintext behind.
    let mut out = Vec::with_capacity(from + padded + TAG_LEN);
    out.extend([FORMAT, suite.id()]);
    out.extend(term.to_be_bytes());
    out.resize(from, 0);
    out.extend(u32::try_from(plaintext.len()).map_err(|_| CryptoError)?.to_be_bytes());
    out.extend_from_slice(plaintext);
    out.resize(from + padded, 0);
    aead::seal(suite, key, binding.aad(suite, term).as_slice(), &mut out, from)?;
    Ok(out)
}

/// The term that an envelope was sealed under.
pub(crate) fn term(envelope: &[u8]) -> Result<u32, CryptoError> {
    let Some(([FORMAT, _, a, b, c, d], _)) = envelope.split_first_chunk::<HEADER_LEN>() else {
        return Err(CryptoError);
    };
    Ok(u32::from_be_bytes([*a, *b, *c, *d]))
}

/// Decrypts an envelope that was sealed for just this binding.
pub(crate) fn open(key: &Key, binding: Binding<'_>, envelope: &[u8]) -> Result<SecretBytes, CryptoError> {
    let term = term(envelope)?;
    let suite = envelope.get(1).and_then(|id| Suite::from_id(*id)).ok_or(CryptoError)?;
    let from = HEADER_LEN + suite.nonce_len();
    let nonce = envelope.get(HEADER_LEN..from).ok_or(CryptoError)?;
    let mut body = zeroize::Zeroizing::new(envelope.get(from..).ok_or(CryptoError)?.to_vec());
    let plain = aead::open(suite, key, nonce, binding.aad(suite, term).as_slice(), &mut body)?;
    let (length, padded) = plain.split_first_chunk::<4>().ok_or(CryptoError)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| CryptoError)?;
    padded.get(..length).map(SecretBytes::copy_of).ok_or(CryptoError)
}

/// Whether bytes have the outside of an envelope: all that can be said without a key.
pub(crate) fn is_shaped(bytes: &[u8]) -> bool {
    let suite = bytes.get(1).and_then(|id| Suite::from_id(*id));
    let least = suite.map(|it| HEADER_LEN + it.nonce_len() + padded_len(4) + TAG_LEN);
    term(bytes).is_ok() && least.is_some_and(|least| bytes.len() >= least)
}

/// The bytes that identify one sealing: nonce and tag. What the digest's leaf is made of.
pub(crate) fn fingerprint(envelope: &[u8]) -> Option<(&[u8], &[u8])> {
    let suite = envelope.get(1).and_then(|id| Suite::from_id(*id))?;
    let nonce = envelope.get(HEADER_LEN..HEADER_LEN + suite.nonce_len())?;
    let tag = envelope.get(envelope.len().checked_sub(TAG_LEN)?..)?;
    Some((nonce, tag))
}

/// The size class of `len` bytes: multiples of 32 up to 512, then steps of at most an eighth of the length.
fn padded_len(len: usize) -> usize {
    let step = match len {
        0..=512 => 32,
        _ => (len.next_power_of_two() / 16).max(64),
    };
    len.div_ceil(step) * step
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const STORE: StoreId = StoreId(Uuid::from_bytes([9; 16]));

    fn binding(key: &RowKey) -> Binding<'_> {
        Binding { store: STORE, class: Class::Kv, key, part: Part::Value }
    }

    proptest! {
        // Rules 4, 10 and 137: encrypt, then move, cut or flip, always fails.
        #[test]
        fn only_the_untouched_envelope_opens_and_only_in_its_place(
            text in proptest::collection::vec(any::<u8>(), 0..600),
            flip in any::<prop::sample::Index>(),
            bit in 0..8_u8,
            gcm in any::<bool>(),
        ) {
            let suite = if gcm { Suite::Aes256Gcm } else { Suite::XChaCha20Poly1305 };
            let key = Key::from_slice(&[5; 32]).unwrap();
            let row = RowKey([1; 33]);
            let sealed = seal(suite, 7, &key, binding(&row), &text).unwrap();
            let opened = open(&key, binding(&row), &sealed).unwrap();
            prop_assert_eq!(opened.expose(), &text[..]);
            prop_assert_eq!(term(&sealed).unwrap(), 7);

            let mut flipped = sealed.clone();
            flipped[flip.index(sealed.len())] ^= 1 << bit;
            prop_assert!(open(&key, binding(&row), &flipped).is_err());
            prop_assert!(open(&key, binding(&row), &sealed[..flip.index(sealed.len())]).is_err());

            let elsewhere = RowKey([2; 33]);
            let other = StoreId(Uuid::from_bytes([8; 16]));
            let strangers = [
                binding(&elsewhere),
                Binding { class: Class::Token, ..binding(&row) },
                Binding { part: Part::Name, ..binding(&row) },
                Binding { store: other, ..binding(&row) },
            ];
            for stranger in strangers {
                prop_assert!(open(&key, stranger, &sealed).is_err());
            }
        }
    }

    // Rule 6
    #[test]
    fn lengths_close_to_each_other_look_alike() {
        assert_eq!(padded_len(5), padded_len(32));
        assert_eq!(padded_len(513), 576);
        assert!(padded_len(100_000) < 100_000 + 100_000 / 7);
    }

    // Rule 2
    #[test]
    fn two_sealings_of_one_text_differ() {
        let key = Key::from_slice(&[5; 32]).unwrap();
        let row = RowKey([1; 33]);
        for suite in [Suite::XChaCha20Poly1305, Suite::Aes256Gcm] {
            let one = seal(suite, 1, &key, binding(&row), b"same").unwrap();
            let two = seal(suite, 1, &key, binding(&row), b"same").unwrap();
            // The nonce or the salt is new, and so nothing behind it is as it was.
            let body = HEADER_LEN + suite.nonce_len();
            assert_ne!(one[HEADER_LEN..body], two[HEADER_LEN..body], "{suite:?}");
            assert_ne!(one[body..], two[body..], "{suite:?}");
        }
    }
}
