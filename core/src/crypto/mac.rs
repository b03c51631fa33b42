//! HMAC-SHA256, HKDF-SHA256, SHA-256, and the short keyed hash of cache keys.

use std::hash::Hasher as _;

use ring::{digest, hkdf, hmac};
use siphasher::sip128::{Hasher128 as _, SipHasher13};
use strongroom_process::{Locked, leaving_no_trace};

use super::{CryptoError, Key, random};

/// A key for HMAC-SHA256 (RFC 2104) with its key schedule done.
///
/// In locked memory, which is wiped when it is given back. A computation works on a copy of the schedule: what it
/// leaves on the stack is wiped as well.
pub(crate) struct MacKey(Locked<hmac::Key>);

impl MacKey {
    pub(crate) fn new(key: &Key) -> Self {
        Self::from_bytes(key.expose())
    }

    pub(crate) fn from_bytes(key: &[u8]) -> Self {
        leaving_no_trace(|| Self(Locked::new(hmac::Key::new(hmac::HMAC_SHA256, key))))
    }

    /// HMAC over `parts`, each preceded by its length (u32, big-endian), so that no two lists of parts
    /// read alike.
    pub(crate) fn parts(&self, parts: &[&[u8]]) -> [u8; 32] {
        leaving_no_trace(|| {
            let mut context = hmac::Context::with_key(&self.0);
            for part in parts {
                // A part over 4 GiB does not occur: requests and records are bounded far below.
                context.update(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
                context.update(part);
            }
            digest_bytes(context.sign().as_ref())
        })
    }

    /// HMAC over `bytes` alone, for formats that others define.
    pub(crate) fn plain(&self, bytes: &[u8]) -> [u8; 32] {
        leaving_no_trace(|| digest_bytes(hmac::sign(&self.0, bytes).as_ref()))
    }

    /// [`MacKey::parts`], cut to 128 bits.
    pub(crate) fn short(&self, parts: &[&[u8]]) -> [u8; 16] {
        let full = self.parts(parts);
        let mut out = [0; 16];
        out.iter_mut().zip(full).for_each(|(out, byte)| *out = byte);
        out
    }
}

fn digest_bytes(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.iter_mut().zip(bytes).for_each(|(out, byte)| *out = *byte);
    out
}

/// SHA-256 over the concatenation of `parts`.
pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    parts.iter().for_each(|part| context.update(part));
    digest_bytes(context.finish().as_ref())
}

/// SHA-256 over what comes piece by piece.
pub(crate) struct Sha256(digest::Context);

impl Sha256 {
    pub(crate) fn new() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn finish(self) -> [u8; 32] {
        digest_bytes(self.0.finish().as_ref())
    }
}

/// HKDF-SHA256 (RFC 5869): the key for one purpose. `label` names the purpose and is unique to it;
/// `context` binds it further.
pub(crate) fn derive(key: &Key, salt: &[u8], label: &str, context: &[&[u8]]) -> Result<Key, CryptoError> {
    let lengths: Vec<[u8; 4]> =
        context.iter().map(|part| u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes()).collect();
    let mut info: Vec<&[u8]> = vec![b"strongroom/1/", label.as_bytes()];
    for (length, part) in lengths.iter().zip(context) {
        info.push(length);
        info.push(part);
    }
    hkdf(key.expose(), salt, &info)
}

pub(super) fn hkdf(secret: &[u8], salt: &[u8], info: &[&[u8]]) -> Result<Key, CryptoError> {
    struct Len32;
    impl hkdf::KeyType for Len32 {
        fn len(&self) -> usize {
            Key::LEN
        }
    }
    let mut out = Key::from_slice(&[0; Key::LEN])?;
    leaving_no_trace(|| {
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(secret);
        prk.expand(info, Len32).and_then(|okm| okm.fill(out.expose_mut())).map_err(|_| CryptoError)
    })?;
    Ok(out)
}

/// A keyed 128-bit hash (SipHash-1-3) under a key of this process: names things in caches, so that nobody
/// who chooses names can make them collide. Never stored, never a MAC.
pub(crate) struct CacheHash(SipHasher13);

impl CacheHash {
    pub(crate) fn new() -> Result<Self, CryptoError> {
        Ok(Self(SipHasher13::new_with_key(&random::bytes()?)))
    }

    pub(crate) fn hash(&self, parts: &[&[u8]]) -> u128 {
        let mut hasher = self.0;
        for part in parts {
            hasher.write_usize(part.len());
            hasher.write(part);
        }
        hasher.finish128().as_u128()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hkdf_matches_an_independent_computation() {
        // RFC 5869: PRK = HMAC(salt, IKM); OKM(1) = HMAC(PRK, info ‖ 0x01).
        let key = Key::from_slice(&[7; 32]).unwrap();
        let prk = MacKey::from_bytes(b"salt").plain(&[7; 32]);
        let expected = MacKey::from_bytes(&prk).plain(b"strongroom/1/label\0\0\0\x02ab\x01");
        assert_eq!(derive(&key, b"salt", "label", &[b"ab"]).unwrap().expose(), &expected);
    }

    #[test]
    fn hmac_matches_rfc_4231_case_2() {
        let mac = MacKey::from_bytes(b"Jefe").plain(b"what do ya want for nothing?");
        assert_eq!(
            data_encoding::HEXLOWER.encode(&mac),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn moving_a_byte_between_parts_changes_the_mac() {
        let key = MacKey::from_bytes(&[1; 32]);
        assert_ne!(key.parts(&[b"ab", b"c"]), key.parts(&[b"a", b"bc"]));
        assert_ne!(key.parts(&[b"ab"]), key.parts(&[b"ab", b""]));
    }
}
