//! Doors for the fuzz targets to what reads stored or typed bytes. Each asserts what must hold of any bytes
//! and says whether they were taken.

#![allow(clippy::expect_used, clippy::missing_panics_doc, reason = "what must hold of any bytes is asserted")]

use crate::{
    barrier::{
        Class, Record,
        envelope::{self, Binding, Part},
        head::Head,
        keyring::Keyring,
        record,
    },
    crypto::{Key, SecretBytes, aead::Suite, x509},
    ids::StoreId,
    policy::StoredPolicy,
    seal::{rotate::Rotation, shamir::Share},
    storage::{KEY_LEN, RowKey},
    tokens::Token,
};

/// An unseal share as somebody typed it: its own text reads back as the same share.
pub fn share(text: &[u8]) -> bool {
    let Ok(share) = Share::parse(&SecretBytes::copy_of(text)) else { return false };
    let written = data_encoding::HEXLOWER.encode(share.encode().expose());
    let again = Share::parse(&SecretBytes::from(written)).expect("what was written reads back");
    assert!(share.is_same(&again));
    true
}

/// A token as somebody presents it: one that names a record is spelled in one way alone.
pub fn token(text: &[u8]) -> bool {
    let Some(selector) = crate::tokens::format::selector(text) else { return false };
    assert!(text.starts_with(b"hvs."));
    let typed = text.strip_prefix(b"hvs.").unwrap_or_default();
    let bytes = data_encoding::BASE64URL_NOPAD.decode(typed).expect("it was read");
    assert_eq!(bytes.first_chunk(), Some(&selector.0));
    assert_eq!(data_encoding::BASE64URL_NOPAD.encode(&bytes).as_bytes(), typed);
    true
}

/// Bytes as a signed token, as a key set, and as claims. A token that some key would verify is spelled in one way,
/// and only the key that signed it verifies it.
pub fn jwt(bytes: &[u8]) -> bool {
    use crate::auth::jws;

    let is_set = jws::KeySet::parse(bytes).is_ok();
    let is_claims = jws::read_claims(bytes).is_ok_and(|claims| {
        let now = crate::clock::Timestamp(1_700_000_000_000_000_000);
        let _read = (claims.audience(), jws::Leeways::default().check(&claims, now));
        true
    });
    let Some(text) = std::str::from_utf8(bytes).ok() else { return is_set || is_claims };
    let Ok(token) = jws::Presented::parse(text) else { return is_set || is_claims };
    let parts: Vec<&str> = text.split('.').collect();
    assert_eq!(parts.len(), 3);
    for part in [parts.first(), parts.last()].into_iter().flatten() {
        let decoded = data_encoding::BASE64URL_NOPAD.decode(part.as_bytes()).expect("it was read");
        assert_eq!(data_encoding::BASE64URL_NOPAD.encode(&decoded), **part);
    }
    assert!(jws::KeySet::default().verify(&token).is_none());
    true
}

/// A value of a request as the audit log has it, where names are hashed too.
pub fn redacted(json: &[u8]) -> Vec<u8> {
    crate::audit::redacted(&Key::from_slice(&[7; 32]).expect("it has the length of a key"), json)
}

/// Bytes as an envelope, which must not open; and as what an envelope holds, which must come back from its own
/// place and from no other.
pub fn envelope(bytes: &[u8]) -> bool {
    let key = Key::from_slice(&[7; 32]).expect("it has the length of a key");
    let row = RowKey([1; KEY_LEN]);
    let store = StoreId(uuid::Uuid::from_bytes([2; 16]));
    let here = Binding { store, class: Class::Config, key: &row, part: Part::Value };
    let there = Binding { part: Part::Name, ..here };
    assert!(envelope::open(&key, here, bytes).is_err());
    let _parts = (envelope::term(bytes), envelope::fingerprint(bytes));
    for suite in [Suite::XChaCha20Poly1305, Suite::Aes256Gcm] {
        let mut sealed = envelope::seal(suite, 3, &key, here, bytes).expect("it is short enough");
        assert_eq!(envelope::term(&sealed), Ok(3));
        assert_eq!(envelope::open(&key, here, &sealed).expect("it is in its place").expose(), bytes);
        assert!(envelope::open(&key, there, &sealed).is_err());
        if let Some(last) = sealed.last_mut() {
            *last ^= 1;
        }
        assert!(envelope::open(&key, here, &sealed).is_err());
    }
    true
}

/// Bytes as each of the barrier's own formats and as some records: what is read is written so that it reads
/// back the same.
pub fn record(bytes: &[u8]) -> bool {
    let mut taken = false;
    if let Ok(head) = Head::decode(bytes) {
        let written = head.encode();
        assert_eq!(Head::decode(&written).expect("what was written reads back").encode(), written);
        taken = true;
    }
    if let Ok(keyring) = Keyring::decode(bytes) {
        assert_eq!(keyring.encode().expect("it was read").expose(), bytes);
        taken = true;
    }
    taken |= reads_back::<Token>(bytes);
    taken |= reads_back::<StoredPolicy>(bytes);
    taken |= reads_back::<Rotation>(bytes);
    taken |= reads_back::<crate::mounts::Mount>(bytes);
    taken
}

/// A certificate of a client: it is never an authority for itself, whatever it says.
pub fn certificate(bytes: &[u8]) -> bool {
    let Ok(read) = x509::Certificate::read(bytes) else { return false };
    assert!(read.serial_number().bytes().all(|it| it.is_ascii_digit()));
    assert!(x509::chain(bytes, &[bytes.to_vec()], bytes, 1_800_000_000).is_err());
    true
}

/// A revocation list: its serial numbers are sorted, as they are searched.
pub fn revocation_list(bytes: &[u8]) -> bool {
    let Ok(read) = x509::RevocationList::read(bytes) else { return false };
    assert!(read.serials.is_sorted_by(|a, b| a < b));
    true
}

fn reads_back<R: Record>(bytes: &[u8]) -> bool {
    let Ok(read) = record::decode::<R>(bytes) else { return false };
    let written = record::encode(&read).expect("it was read");
    let again = record::decode::<R>(written.expose()).expect("what was written reads back");
    assert_eq!(record::encode(&again).expect("it was read").expose(), written.expose());
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seeds of the fuzz target, each with one bit that is another: nothing panics, and most of it is refused or
    /// reads as something else.
    #[test]
    fn a_damaged_certificate_or_list_is_read_or_refused() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/certificate");
        for (name, is) in [
            ("client", certificate as fn(&[u8]) -> bool),
            ("authority", certificate),
            ("list", revocation_list),
            ("list_pem", revocation_list),
        ] {
            let good = std::fs::read(folder.join(name)).unwrap();
            assert!(is(&good), "{name}");
            for at in 0..good.len() * 8 {
                let mut damaged = good.clone();
                damaged[at / 8] ^= 1 << (at % 8);
                is(&damaged);
                is(&damaged[..at / 8]);
            }
        }
    }
}
