//! Digests that tell contents apart and say nothing of them to who has not the key.

use data_encoding::BASE64URL_NOPAD;
use ring::{
    digest::{SHA256, digest},
    hmac::{Context, HMAC_SHA256, Key},
};

use crate::Error;

/// Shorter keys can be guessed, and the contents behind them.
const SHORTEST: usize = 32;

pub(crate) struct Keyed(Key);

impl Keyed {
    /// A key of this process's own.
    pub(crate) fn random() -> Result<Self, Error> {
        let mut bytes = zeroize::Zeroizing::new([0; 32]);
        getrandom::fill(&mut *bytes).map_err(|_| Error::Missing("randomness"))?;
        Ok(Self(Key::new(HMAC_SHA256, &*bytes)))
    }

    pub(crate) fn new(key: &[u8]) -> Result<Self, Error> {
        match key.len() < SHORTEST {
            true => Err(Error::Missing("key of 32 bytes or more in the file")),
            false => Ok(Self(Key::new(HMAC_SHA256, key))),
        }
    }

    /// Of several texts, which stay apart.
    pub(crate) fn version<'a>(&self, parts: impl IntoIterator<Item = &'a [u8]>) -> String {
        let mut context = Context::with_key(&self.0);
        for part in parts {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part);
        }
        BASE64URL_NOPAD.encode(context.sign().as_ref())
    }
}

/// Of a token, to know it again.
pub(crate) fn fingerprint(text: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_told_apart_and_only_with_the_key() {
        let (one, two) = (Keyed::new(&[1; 32]).unwrap(), Keyed::new(&[2; 32]).unwrap());
        let version = one.version([b"ab".as_slice(), b"c"]);
        assert_eq!(version, one.version([b"ab".as_slice(), b"c"]));
        assert_ne!(version, one.version([b"a".as_slice(), b"bc"]));
        assert_ne!(version, two.version([b"ab".as_slice(), b"c"]));
        assert!(version.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_".contains(&it)), "{version}");
        assert!(Keyed::new(&[1; 31]).is_err());
    }
}
