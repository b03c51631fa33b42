//! Shamir's secret sharing (Shamir, "How to Share a Secret", CACM 22(11), 1979) over GF(2^8) with the
//! polynomial of AES.
//!
//! Arithmetic is free of tables and branches on secrets. All coefficients are uniform over 0..=255, the top
//! one included; the points are random, distinct and not zero.
//!
//! A share is `version(1) set(4) x(1) y(32) checksum(4)`, as hex or base64. The set tells shares of different
//! rekeys apart; the checksum (of SHA-256) tells a typing error from a wrong share.

use zeroize::Zeroizing;

use crate::{
    crypto::{CryptoError, Key, SecretBytes, equal, mac, random},
    error::{Error, Result},
};

const VERSION: u8 = 1;
const LEN: usize = 1 + 4 + 1 + 32 + 4;

/// One part of a shared key.
pub(crate) struct Share {
    set: [u8; 4],
    x: u8,
    y: Key,
}

impl Share {
    /// Reads a share as hex or base64. Errors tell what is wrong with the form, and nothing else.
    pub(crate) fn parse(text: &SecretBytes) -> Result<Self> {
        let bytes = decode(text.expose())
            .ok_or_else(|| Error::invalid("'key' must be a valid hex or base64 string"))?;
        let malformed = || Error::invalid("'key' is not an unseal key: a part is missing or mistyped");
        let bytes: &[u8; LEN] = bytes.as_slice().try_into().map_err(|_| malformed())?;
        let (body, checksum) = bytes.split_at_checked(LEN - 4).ok_or_else(malformed)?;
        let [VERSION, a, b, c, d, x, y @ ..] = body else { return Err(malformed()) };
        if *x == 0 || !equal(checksum, &check(body)) {
            return Err(malformed());
        }
        Ok(Self { set: [*a, *b, *c, *d], x: *x, y: Key::from_slice(y)? })
    }

    pub(crate) fn encode(&self) -> SecretBytes {
        let mut bytes = Zeroizing::new(Vec::with_capacity(LEN));
        bytes.push(VERSION);
        bytes.extend(self.set);
        bytes.push(self.x);
        bytes.extend_from_slice(self.y.expose());
        let checksum = check(&bytes);
        bytes.extend(checksum);
        SecretBytes::copy_of(&bytes)
    }

    pub(crate) fn is_of(&self, set: [u8; 4]) -> bool {
        self.set == set
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.set == other.set && self.x == other.x && equal(self.y.expose(), other.y.expose())
    }
}

fn check(body: &[u8]) -> [u8; 4] {
    mac::sha256(&[b"strongroom share", body]).first_chunk().copied().unwrap_or_default()
}

fn decode(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let text = text.trim_ascii();
    let codecs = [data_encoding::HEXLOWER_PERMISSIVE, data_encoding::BASE64, data_encoding::BASE64_NOPAD];
    codecs.iter().find_map(|it| it.decode(text).ok()).map(Zeroizing::new)
}

/// Splits `key` into shares (their bytes, not encoded as text) of which `threshold` are needed.
pub(crate) fn split(key: &Key, set: [u8; 4], shares: u8, threshold: u8) -> Result<Vec<SecretBytes>> {
    if shares == 0 || threshold == 0 || threshold > shares {
        return Err(Error::invalid("invalid number of shares or threshold"));
    }
    // coefficients[0] is the key itself.
    let mut coefficients = vec![key.duplicate()];
    for _ in 1..threshold {
        coefficients.push(Key::generate()?);
    }
    let mut points: Vec<u8> = Vec::with_capacity(usize::from(shares));
    while points.len() < usize::from(shares) {
        let [x] = random::bytes::<1>()?;
        if x != 0 && !points.contains(&x) {
            points.push(x);
        }
    }
    points
        .into_iter()
        .map(|x| {
            let mut y = Key::from_slice(&[0; 32])?;
            // Horner's rule, from the top coefficient down.
            for coefficient in coefficients.iter().rev() {
                for (y, c) in y.expose_mut().iter_mut().zip(coefficient.expose()) {
                    *y = multiply(*y, x) ^ c;
                }
            }
            Ok(Share { set, x, y }.encode())
        })
        .collect()
}

/// The key whose shares these are, if they are enough and of one set. Too few give a wrong key, not an error:
/// what it opens tells.
pub(crate) fn combine(shares: &[Share], set: [u8; 4]) -> std::result::Result<Key, CryptoError> {
    let distinct =
        shares.iter().enumerate().all(|(at, it)| shares.iter().skip(at + 1).all(|other| other.x != it.x));
    if !distinct || shares.iter().any(|it| it.set != set) {
        return Err(CryptoError);
    }
    let mut key = Key::from_slice(&[0; 32])?;
    for share in shares {
        // Lagrange's basis polynomial at zero.
        let basis = shares
            .iter()
            .filter(|it| it.x != share.x)
            .fold(1, |product, it| multiply(product, multiply(it.x, invert(it.x ^ share.x))));
        for (out, y) in key.expose_mut().iter_mut().zip(share.y.expose()) {
            *out ^= multiply(*y, basis);
        }
    }
    Ok(key)
}

/// Multiplication in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1: eight steps whatever the numbers are.
fn multiply(a: u8, b: u8) -> u8 {
    let (mut a, mut product) = (a, 0);
    for bit in 0..8 {
        product ^= a & ((b >> bit) & 1).wrapping_neg();
        a = (a << 1) ^ (0x1b & (a >> 7).wrapping_neg());
    }
    product
}

/// a^254 = 1/a, and 0 for 0.
fn invert(a: u8) -> u8 {
    // 254 = 0b11111110: square and multiply over the seven upper bits.
    let (mut power, mut product) = (a, 1);
    for _ in 0..7 {
        power = multiply(power, power);
        product = multiply(product, power);
    }
    product
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // Rule 17: computed by a program of its own. Coefficients and points are the randomness, in this order.
    #[test]
    fn shares_are_the_known_ones() {
        let key = Key::from_slice(&std::array::from_fn::<u8, 32, _>(|it| it as u8)).unwrap();
        let first = (0..32_u8).map(|it| it.wrapping_mul(7).wrapping_add(1));
        let second = (0..32_u8).map(|it| it.wrapping_mul(13).wrapping_add(200));
        // A point that is zero or was drawn before is drawn again.
        let script: Vec<u8> = first.chain(second).chain([1, 0, 7, 1, 0xfe, 0x80, 0x53]).collect();
        let shares = {
            let _script = random::tests::scripted(&script);
            parse(&split(&key, [9; 4], 5, 3).unwrap())
        };
        for (share, (x, y)) in shares.iter().zip([
            (1, "c9dceffae5283b16017407123d2013eef9ccdf2a55586b46b1a4b782ed90839e"),
            (7, "f66aca6d2f44e2307ae671ed497d00fbd1dbeddc3f7b4bef6acdfbf1f86df0c4"),
            (0xfe, "41fe02ff5da00b2b817161de735c4731f23bb1a49cca17b340bd37fe289d745b"),
            (0x80, "9e6888c5e3be481c3299ee18206a8ca2447452631486b68fc588ae9e869dd09a"),
            (0x53, "71a0d3e0ddb6e5fdc872a372595768caa8280abe70393bfc655674f407fa4b45"),
        ]) {
            assert_eq!(share.x, x);
            assert_eq!(data_encoding::HEXLOWER.encode(share.y.expose()), y);
        }
        let combined = combine(&shares[1..4], [9; 4]).unwrap();
        assert_eq!(combined.expose(), key.expose());
    }

    fn parse(shares: &[SecretBytes]) -> Vec<Share> {
        shares
            .iter()
            .map(|it| Share::parse(&SecretBytes::from(data_encoding::BASE64.encode(it.expose()))).unwrap())
            .collect()
    }

    proptest! {
        // Rules 17 and 137
        #[test]
        fn a_threshold_of_shares_gives_the_key_and_fewer_do_not(
            secret: [u8; 32], shares in 1..12_u8, threshold in 1..12_u8, skip in 0..12_usize,
        ) {
            prop_assume!(threshold <= shares);
            let key = Key::from_slice(&secret).unwrap();
            let all = parse(&split(&key, [1; 4], shares, threshold).unwrap());
            let from = skip % (usize::from(shares - threshold) + 1);
            let some = &all[from..from + usize::from(threshold)];
            let combined = combine(some, [1; 4]).unwrap();
            prop_assert_eq!(combined.expose(), &secret);
            if threshold > 1 {
                let combined = combine(&some[1..], [1; 4]).unwrap();
                prop_assert_ne!(combined.expose(), &secret);
            }
        }
    }

    #[test]
    fn the_field_is_that_of_aes() {
        // FIPS 197, section 4.2: {57} x {83} = {c1}, and {57} x {13} = {fe}.
        assert_eq!(multiply(0x57, 0x83), 0xc1);
        assert_eq!(multiply(0x57, 0x13), 0xfe);
        for a in 1..=255 {
            assert_eq!(multiply(a, invert(a)), 1);
        }
    }

    // Rule 17: RUSTSEC-2024-0398 was a coefficient that could not take every value.
    #[test]
    fn every_share_byte_takes_every_value() {
        let key = Key::from_slice(&[0; 32]).unwrap();
        let mut seen = [false; 256];
        for _ in 0..200 {
            let share = parse(&split(&key, [0; 4], 2, 2).unwrap()[..1]).remove(0);
            share.y.expose().iter().for_each(|it| seen[usize::from(*it)] = true);
        }
        assert!(seen.iter().all(|it| *it));
    }

    // Rule 18
    #[test]
    fn shares_of_another_set_and_repeated_shares_are_refused() {
        let key = Key::generate().unwrap();
        let old = parse(&split(&key, [1; 4], 2, 2).unwrap());
        assert!(combine(&old, [2; 4]).is_err());
        let share = split(&key, [1; 4], 2, 2).unwrap().remove(0);
        let twice: Vec<Share> =
            [&share, &share].iter().flat_map(|it| parse(std::slice::from_ref(*it))).collect();
        assert!(twice[0].is_same(&twice[1]));
        assert!(combine(&twice, [1; 4]).is_err());
    }

    #[test]
    fn a_mistyped_share_is_told_from_a_wrong_one() {
        let share = split(&Key::generate().unwrap(), [1; 4], 1, 1).unwrap().remove(0);
        let mut text = data_encoding::HEXLOWER.encode(share.expose());
        assert!(Share::parse(&SecretBytes::from(text.clone())).is_ok());
        let last = text.pop().unwrap();
        assert!(Share::parse(&SecretBytes::from(text.clone())).is_err());
        text.push(if last == '0' { '1' } else { '0' });
        assert!(Share::parse(&SecretBytes::from(text)).is_err());
    }
}
