//! Digests of callers' own input: SHA-2 (FIPS 180-4) and SHA-3 (FIPS 202).

use sha2::Digest as _;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Algorithm {
    Sha2_224,
    Sha2_256,
    Sha2_384,
    Sha2_512,
    Sha3_224,
    Sha3_256,
    Sha3_384,
    Sha3_512,
}

impl Algorithm {
    /// The algorithm that clients call `name`: `sha2-256`, `sha3-512`.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "sha2-224" => Self::Sha2_224,
            "sha2-256" => Self::Sha2_256,
            "sha2-384" => Self::Sha2_384,
            "sha2-512" => Self::Sha2_512,
            "sha3-224" => Self::Sha3_224,
            "sha3-256" => Self::Sha3_256,
            "sha3-384" => Self::Sha3_384,
            "sha3-512" => Self::Sha3_512,
            _ => return None,
        })
    }

    pub(crate) fn digest(self, input: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha2_224 => sha2::Sha224::digest(input).to_vec(),
            Self::Sha2_256 => sha2::Sha256::digest(input).to_vec(),
            Self::Sha2_384 => sha2::Sha384::digest(input).to_vec(),
            Self::Sha2_512 => sha2::Sha512::digest(input).to_vec(),
            Self::Sha3_224 => sha3::Sha3_224::digest(input).to_vec(),
            Self::Sha3_256 => sha3::Sha3_256::digest(input).to_vec(),
            Self::Sha3_384 => sha3::Sha3_384::digest(input).to_vec(),
            Self::Sha3_512 => sha3::Sha3_512::digest(input).to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: &str) {
        let digest = Algorithm::parse(name).unwrap().digest(b"abc");
        assert_eq!(data_encoding::HEXLOWER.encode(&digest), expected, "{name}");
    }

    /// The one-block example of both standards.
    #[test]
    fn the_standards_own_examples() {
        check("sha2-224", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7");
        check("sha2-256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        check("sha3-224", "e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf");
        check("sha3-256", "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
        assert_eq!(Algorithm::parse("md5"), None);
    }
}
