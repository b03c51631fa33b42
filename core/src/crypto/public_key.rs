//! Others' public keys, and the signatures that they verify: RFC 7518 section 3 and RFC 8037.
//!
//! A key knows what it is, and verifies nothing but the algorithms for it: what a token says of its algorithm
//! can choose among them, and no more (rule 77).

use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use rustls_pki_types::{
    AlgorithmIdentifier, CertificateDer, alg_id,
    pem::{PemObject as _, SectionKind},
};

use super::CryptoError;

/// How a token is signed. ES512 is not among them: ring has no P-521.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    EdDsa,
}

impl Algorithm {
    pub(crate) const ALL: [Self; 9] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::EdDsa,
    ];

    /// As RFC 7518 and RFC 8037 call it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    fn rsa(self) -> Option<&'static RsaParameters> {
        Some(match self {
            Self::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
            Self::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
            Self::Rs512 => &RSA_PKCS1_2048_8192_SHA512,
            Self::Ps256 => &RSA_PSS_2048_8192_SHA256,
            Self::Ps384 => &RSA_PSS_2048_8192_SHA384,
            Self::Ps512 => &RSA_PSS_2048_8192_SHA512,
            Self::Es256 | Self::Es384 | Self::EdDsa => return None,
        })
    }
}

/// A curve of RFC 7518 section 6.2.1.1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Curve {
    P256,
    P384,
}

impl Curve {
    const fn len(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
        }
    }
}

#[derive(Debug)]
pub(crate) struct PublicKey(Kind);

#[derive(Debug)]
enum Kind {
    /// Both without leading zeros.
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// An uncompressed point.
    Ec(Curve, Vec<u8>),
    Ed25519(Vec<u8>),
}

/// Why a key is none that could be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum BadPublicKey {
    #[error("expected one public key or certificate as PEM")]
    NotOne,
    #[error("a key is RSA of 2048 to 8192 bits, P-256, P-384 or Ed25519")]
    Kind,
}

impl PublicKey {
    /// The key in PEM: by itself, or a certificate's. Of the certificate nothing else counts.
    pub(crate) fn from_pem(text: &str) -> Result<Self, BadPublicKey> {
        let mut sections = <(SectionKind, Vec<u8>)>::pem_slice_iter(text.as_bytes());
        let (Some(Ok(section)), None) = (sections.next(), sections.next()) else {
            return Err(BadPublicKey::NotOne);
        };
        match section {
            (SectionKind::PublicKey, der) => Self::from_spki(&der).ok_or(BadPublicKey::Kind),
            (SectionKind::Certificate, der) => {
                let der = CertificateDer::from(der);
                let certificate = webpki::EndEntityCert::try_from(&der).map_err(|_| BadPublicKey::NotOne)?;
                Self::from_spki(&certificate.subject_public_key_info()).ok_or(BadPublicKey::Kind)
            }
            _ => Err(BadPublicKey::NotOne),
        }
    }

    /// A SubjectPublicKeyInfo (RFC 5280 section 4.1).
    fn from_spki(der: &[u8]) -> Option<Self> {
        let mut info = Der(Der(der).only(SEQUENCE)?);
        let algorithm = info.take(SEQUENCE)?;
        let key = info.only(BIT_STRING)?.strip_prefix(&[0])?;
        let is = |known: &AlgorithmIdentifier| algorithm == known.as_ref();
        if is(&alg_id::RSA_ENCRYPTION) {
            let mut numbers = Der(Der(key).only(SEQUENCE)?);
            let modulus = numbers.take(INTEGER)?;
            let exponent = numbers.only(INTEGER)?;
            let is_negative = |number: &[u8]| number.first().is_none_or(|it| *it >= 0x80);
            if is_negative(modulus) || is_negative(exponent) {
                return None;
            }
            return Self::rsa(modulus, exponent);
        }
        if is(&alg_id::ED25519) {
            return Self::ed25519(key);
        }
        let curve = match () {
            () if is(&alg_id::ECDSA_P256) => Curve::P256,
            () if is(&alg_id::ECDSA_P384) => Curve::P384,
            () => return None,
        };
        let (x, y) = key.strip_prefix(&[4])?.split_at_checked(curve.len())?;
        Self::ec(curve, x, y)
    }

    /// Big-endian numbers, with leading zeros or without.
    pub(crate) fn rsa(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        let (modulus, exponent) = (without_zeros(modulus), without_zeros(exponent));
        let bits = modulus.len() * 8 - modulus.first().map_or(0, |it| it.leading_zeros() as usize);
        let is_odd = |number: &[u8]| number.last().is_some_and(|it| it % 2 == 1);
        let fits = (2048..=8192).contains(&bits)
            && (1..=4).contains(&exponent.len())
            && exponent != [1]
            && is_odd(modulus)
            && is_odd(exponent);
        fits.then(|| Self(Kind::Rsa { modulus: modulus.to_vec(), exponent: exponent.to_vec() }))
    }

    pub(crate) fn ec(curve: Curve, x: &[u8], y: &[u8]) -> Option<Self> {
        let fits = x.len() == curve.len() && y.len() == curve.len();
        fits.then(|| Self(Kind::Ec(curve, [&[4], x, y].concat())))
    }

    pub(crate) fn ed25519(key: &[u8]) -> Option<Self> {
        (key.len() == 32).then(|| Self(Kind::Ed25519(key.to_vec())))
    }

    /// Whether it can verify what is signed so at all.
    pub(crate) fn is_for(&self, algorithm: Algorithm) -> bool {
        match self.0 {
            Kind::Rsa { .. } => algorithm.rsa().is_some(),
            Kind::Ec(Curve::P256, _) => algorithm == Algorithm::Es256,
            Kind::Ec(Curve::P384, _) => algorithm == Algorithm::Es384,
            Kind::Ed25519(_) => algorithm == Algorithm::EdDsa,
        }
    }

    /// Whether the holder of this key's other half signed `message` so.
    pub(crate) fn verify(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        let outcome = match (&self.0, algorithm) {
            (Kind::Rsa { modulus, exponent }, _) => {
                let key = RsaPublicKeyComponents { n: modulus, e: exponent };
                key.verify(algorithm.rsa().ok_or(CryptoError)?, message, signature)
            }
            (Kind::Ec(Curve::P256, point), Algorithm::Es256) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            (Kind::Ec(Curve::P384, point), Algorithm::Es384) => {
                UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point).verify(message, signature)
            }
            (Kind::Ed25519(key), Algorithm::EdDsa) => {
                UnparsedPublicKey::new(&ED25519, key).verify(message, signature)
            }
            _ => return Err(CryptoError),
        };
        outcome.map_err(|_| CryptoError)
    }
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|it| **it == 0).count();
    number.get(zeros..).unwrap_or_default()
}

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;

/// As much of DER as a public key is written in: definite lengths, in their shortest form, below 64 KiB.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The value that comes next, which is of this kind.
    fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let rest = self.0.strip_prefix(&[tag])?;
        let (len, rest) = match rest.split_first()? {
            (len @ ..=0x7f, rest) => (usize::from(*len), rest),
            (0x81, rest) => {
                let (len, rest) = rest.split_first()?;
                (usize::from(*len).checked_sub(0x80)? + 0x80, rest)
            }
            (0x82, rest) => {
                let (len, rest) = rest.split_first_chunk::<2>()?;
                (usize::from(u16::from_be_bytes(*len)).checked_sub(0x100)? + 0x100, rest)
            }
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(len)?;
        self.0 = rest;
        Some(value)
    }

    /// The same, with nothing behind it.
    fn only(mut self, tag: u8) -> Option<&'a [u8]> {
        self.take(tag).filter(|_| self.0.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An RSA key of so many bits, which nobody has the other half of.
    fn rsa(bits: usize, exponent: &[u8]) -> Option<PublicKey> {
        let mut modulus = vec![0; bits.div_ceil(8)];
        *modulus.first_mut().unwrap() = 1 << ((bits - 1) % 8);
        *modulus.last_mut().unwrap() |= 1;
        PublicKey::rsa(&modulus, exponent)
    }

    #[test]
    fn rsa_keys_have_a_size_that_is_worth_something() {
        for bits in [2048, 2049, 3072, 4096, 8192] {
            assert!(rsa(bits, &[1, 0, 1]).is_some(), "{bits}");
        }
        for bits in [8, 512, 1024, 2047, 8193] {
            assert!(rsa(bits, &[1, 0, 1]).is_none(), "{bits}");
        }
        for exponent in [&[][..], &[0], &[1], &[2], &[1, 0, 0], &[1, 0, 0, 0, 1]] {
            assert!(rsa(2048, exponent).is_none(), "{exponent:?}");
        }
        assert!(rsa(2048, &[0, 0, 3]).is_some());
    }

    // Rule 77: a key is for algorithms of its own kind.
    #[test]
    fn a_key_is_for_its_own_algorithms() {
        let names = |key: PublicKey| {
            let of = Algorithm::ALL.into_iter().filter(|it| key.is_for(*it));
            // Where it is not for an algorithm nothing is even tried.
            for other in Algorithm::ALL.into_iter().filter(|it| !key.is_for(*it)) {
                assert_eq!(key.verify(other, b"", b""), Err(CryptoError));
            }
            of.map(Algorithm::name).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names(rsa(2048, &[1, 0, 1]).unwrap()), "RS256 RS384 RS512 PS256 PS384 PS512");
        assert_eq!(names(PublicKey::ec(Curve::P256, &[1; 32], &[1; 32]).unwrap()), "ES256");
        assert_eq!(names(PublicKey::ec(Curve::P384, &[1; 48], &[1; 48]).unwrap()), "ES384");
        assert_eq!(names(PublicKey::ed25519(&[1; 32]).unwrap()), "EdDSA");
        assert!(
            PublicKey::ec(Curve::P256, &[1; 31], &[1; 32]).is_none()
                && PublicKey::ed25519(&[1; 31]).is_none()
        );
    }

    #[test]
    fn der_that_is_cut_or_changed_is_no_key() {
        let prefix = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
        let der = [&prefix[..], &[7; 32]].concat();
        assert!(PublicKey::from_spki(&der).is_some());
        for len in 0..der.len() {
            assert!(PublicKey::from_spki(&der[..len]).is_none(), "{len}");
        }
        assert!(PublicKey::from_spki(&[&der[..], &[0]].concat()).is_none());
        for at in 0..prefix.len() {
            let mut other = der.clone();
            other[at] ^= 1;
            assert!(PublicKey::from_spki(&other).is_none(), "{at}");
        }
        // A length that is longer than it need be.
        let long = [&[0x30, 0x81, 0x2a], &der[2..]].concat();
        assert!(PublicKey::from_spki(&long).is_none());
    }
}
