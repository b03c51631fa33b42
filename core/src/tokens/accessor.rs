//! Accessors: a name for a token that cannot be used as one.
//!
//! An accessor is a keyed permutation of the selector, in base62: it needs no row of its own, and without the
//! key neither can be told from the other. The permutation is a four-round Feistel network over HMAC-SHA256
//! (Luby and Rackoff, 1988).

use crate::crypto::{Key, mac::MacKey};

use super::Selector;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 62^22 > 2^128.
const LEN: usize = 22;
const ROUNDS: [u8; 4] = [0, 1, 2, 3];

/// An accessor as clients see it.
pub type Accessor = String;

pub(crate) struct Permutation(MacKey);

impl Permutation {
    pub(crate) fn new(key: &Key) -> Self {
        Self(MacKey::new(key))
    }

    /// The selector, permuted.
    pub(crate) fn permute(&self, selector: Selector) -> [u8; 16] {
        let (mut left, mut right) = halves(u128::from_be_bytes(selector.0));
        for round in ROUNDS {
            (left, right) = (right, left ^ self.round(round, right));
        }
        ((u128::from(left) << 64) | u128::from(right)).to_be_bytes()
    }

    /// What [`Permutation::permute`] made `permuted` of.
    pub(crate) fn invert(&self, permuted: [u8; 16]) -> Selector {
        let (mut left, mut right) = halves(u128::from_be_bytes(permuted));
        for round in ROUNDS.iter().rev() {
            (left, right) = (right ^ self.round(*round, left), left);
        }
        Selector(((u128::from(left) << 64) | u128::from(right)).to_be_bytes())
    }

    pub(super) fn accessor(&self, selector: Selector) -> Accessor {
        let mut number = u128::from_be_bytes(self.permute(selector));
        let mut out = [b'0'; LEN];
        for slot in out.iter_mut().rev() {
            let digit = usize::try_from(number % 62).unwrap_or_default();
            *slot = ALPHABET.get(digit).copied().unwrap_or(b'0');
            number /= 62;
        }
        out.iter().map(|it| char::from(*it)).collect()
    }

    pub(super) fn selector(&self, accessor: &str) -> Option<Selector> {
        if accessor.len() != LEN {
            return None;
        }
        let number = accessor.bytes().try_fold(0_u128, |number, byte| {
            let digit = ALPHABET.iter().position(|it| *it == byte)?;
            number.checked_mul(62)?.checked_add(u128::try_from(digit).ok()?)
        })?;
        Some(self.invert(number.to_be_bytes()))
    }

    fn round(&self, round: u8, half: u64) -> u64 {
        let mac = self.0.parts(&[&[round], &half.to_be_bytes()]);
        mac.first_chunk().map_or(0, |it| u64::from_be_bytes(*it))
    }
}

fn halves(number: u128) -> (u64, u64) {
    let low = u64::MAX;
    (u64::try_from(number >> 64).unwrap_or(low), u64::try_from(number & u128::from(low)).unwrap_or(low))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_accessor_leads_back_to_its_selector(bytes: [u8; 16]) {
            let permutation = Permutation::new(&Key::from_slice(&[7; 32]).unwrap());
            let accessor = permutation.accessor(Selector(bytes));
            prop_assert_eq!(accessor.len(), LEN);
            prop_assert_eq!(permutation.selector(&accessor), Some(Selector(bytes)));
            let other = Permutation::new(&Key::from_slice(&[8; 32]).unwrap());
            prop_assert_ne!(other.selector(&accessor), Some(Selector(bytes)));
        }
    }

    #[test]
    fn what_is_no_accessor_has_no_selector() {
        let permutation = Permutation::new(&Key::from_slice(&[7; 32]).unwrap());
        for text in ["", "zzzzzzzzzzzzzzzzzzzzzz", "0123", "!!!!!!!!!!!!!!!!!!!!!!"] {
            assert_eq!(permutation.selector(text), None, "{text}");
        }
    }
}
