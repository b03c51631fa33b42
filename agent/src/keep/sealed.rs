//! The file of kept values as ciphertext: a random nonce, and XChaCha20-Poly1305 of all of it.

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use zeroize::Zeroizing;

use super::key::NodeKey;
use crate::Error;

/// Says what the file is, and is authenticated with it.
const HEADER: &[u8] = b"strongroom agent values 1\n";
const NONCE: usize = 24;

pub(super) fn seal(key: &NodeKey, plain: &[u8]) -> Result<Vec<u8>, Error> {
    let mut nonce = [0; NONCE];
    getrandom::fill(&mut nonce).map_err(|_| Error::NodeKey("there is no randomness"))?;
    let payload = Payload { msg: plain, aad: HEADER };
    let sealed = cipher(key).encrypt(&XNonce::from(nonce), payload);
    let sealed = sealed.map_err(|_| Error::NodeKey("the values cannot be encrypted"))?;
    Ok([HEADER, &nonce, &sealed].concat())
}

pub(super) fn open(key: &NodeKey, content: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = content.strip_prefix(HEADER)?.split_at_checked(NONCE)?;
    let nonce = <[u8; NONCE]>::try_from(nonce).ok()?;
    let payload = Payload { msg: sealed, aad: HEADER };
    cipher(key).decrypt(&XNonce::from(nonce), payload).ok().map(Zeroizing::new)
}

fn cipher(key: &NodeKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.bytes().into())
}
