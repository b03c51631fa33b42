//! The root key's envelope: `commitment(32) nonce(24) ciphertext(32) tag(16)`.
//!
//! The commitment (HKDF of the unseal key) is compared before anything is decrypted, because XChaCha20-Poly1305
//! does not commit to its key. The associated data is the store's id and the set's.

use crate::{
    crypto::{
        CryptoError, Key,
        aead::{self, Suite},
        equal, mac,
    },
    ids::StoreId,
};

const NONCE_END: usize = 32 + 24;
/// Bytes of an envelope.
pub(crate) const LEN: usize = NONCE_END + 32 + aead::TAG_LEN;

pub(crate) fn wrap(unseal: &Key, root: &Key, store: StoreId, set: [u8; 4]) -> Result<Vec<u8>, CryptoError> {
    let mut out = Vec::with_capacity(NONCE_END + 32 + aead::TAG_LEN);
    out.extend_from_slice(commitment(unseal)?.expose());
    out.resize(NONCE_END, 0);
    out.extend_from_slice(root.expose());
    aead::seal(Suite::XChaCha20Poly1305, &kek(unseal)?, &aad(store, set), &mut out, NONCE_END)?;
    Ok(out)
}

pub(crate) fn unwrap(unseal: &Key, sealed: &[u8], store: StoreId, set: [u8; 4]) -> Result<Key, CryptoError> {
    let (head, body) = sealed.split_at_checked(NONCE_END).ok_or(CryptoError)?;
    let (commits_to, nonce) = head.split_at_checked(32).ok_or(CryptoError)?;
    if !equal(commitment(unseal)?.expose(), commits_to) {
        return Err(CryptoError);
    }
    let mut body = zeroize::Zeroizing::new(body.to_vec());
    let root = aead::open(Suite::XChaCha20Poly1305, &kek(unseal)?, nonce, &aad(store, set), &mut body)?;
    Key::from_slice(root)
}

fn kek(unseal: &Key) -> Result<Key, CryptoError> {
    mac::derive(unseal, &[], "unseal", &[])
}

fn commitment(unseal: &Key) -> Result<Key, CryptoError> {
    mac::derive(unseal, &[], "unseal commitment", &[])
}

fn aad(store: StoreId, set: [u8; 4]) -> Vec<u8> {
    [store.0.as_bytes().as_slice(), &set].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Rule 3
    #[test]
    fn only_the_right_key_and_store_open_the_root_key() {
        let (unseal, root) = (Key::generate().unwrap(), Key::generate().unwrap());
        let store = StoreId(uuid::Uuid::from_bytes([1; 16]));
        let sealed = wrap(&unseal, &root, store, [1; 4]).unwrap();
        assert_eq!(unwrap(&unseal, &sealed, store, [1; 4]).unwrap().expose(), root.expose());
        assert!(unwrap(&Key::generate().unwrap(), &sealed, store, [1; 4]).is_err());
        assert!(unwrap(&unseal, &sealed, store, [2; 4]).is_err());
        assert!(unwrap(&unseal, &sealed, StoreId(uuid::Uuid::from_bytes([2; 16])), [1; 4]).is_err());
        assert!(unwrap(&unseal, &sealed[..70], store, [1; 4]).is_err());
    }
}
