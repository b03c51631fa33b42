//! Vectors of others, through our own functions: see `vectors/README.md`. Those that must fail are most of the
//! worth.

use super::{
    Cost, Key,
    aead::{self, Suite},
    equal, mac, password, random, sign,
};

#[derive(serde::Deserialize)]
struct File {
    vectors: Vec<Vec<String>>,
}

/// One vector: its fields as bytes, and whether it is valid.
struct Vector {
    fields: Vec<Vec<u8>>,
    is_valid: bool,
    comment: String,
}

impl Vector {
    /// The fields by their places.
    fn at<const N: usize>(&self) -> [&[u8]; N] {
        std::array::from_fn(|it| self.fields[it].as_slice())
    }
}

/// The vectors of a file, of which so many must fail.
fn vectors(text: &str, invalid: usize) -> Vec<Vector> {
    let file: File = serde_json::from_str(text).unwrap();
    let vectors: Vec<Vector> = file
        .vectors
        .into_iter()
        .map(|mut row| {
            let comment = row.pop().unwrap();
            let is_valid = match row.pop().unwrap().as_str() {
                "valid" => true,
                "invalid" => false,
                other => panic!("{other}"),
            };
            let fields = row.iter().map(|it| data_encoding::HEXLOWER.decode(it.as_bytes()).unwrap());
            Vector { fields: fields.collect(), is_valid, comment }
        })
        .collect();
    assert!(vectors.len() > 50, "a file that is cut short proves nothing");
    assert_eq!(vectors.iter().filter(|it| !it.is_valid).count(), invalid);
    vectors
}

// Rule 2
#[test]
fn xchacha20_poly1305() {
    for it in vectors(include_str!("vectors/xchacha20_poly1305.json"), 60) {
        let [key, nonce, aad, message, ciphertext, tag] = it.at();
        let key = Key::from_slice(key).unwrap();
        let mut sealed = [ciphertext, tag].concat();
        let opened = aead::open(Suite::XChaCha20Poly1305, &key, nonce, aad, &mut sealed);
        match it.is_valid {
            true => assert_eq!(opened.unwrap(), message, "{}", it.comment),
            false => assert!(opened.is_err(), "{}", it.comment),
        }
        if it.is_valid {
            let mut buffer = [nonce, message].concat();
            let _nonce = random::tests::scripted(nonce);
            aead::seal(Suite::XChaCha20Poly1305, &key, aad, &mut buffer, nonce.len()).unwrap();
            assert_eq!(buffer, [nonce, ciphertext, tag].concat(), "{}", it.comment);
        }
    }
}

// Rules 2 and 10
#[test]
fn aes_256_gcm() {
    for it in vectors(include_str!("vectors/aes_256_gcm.json"), 27) {
        let [key, nonce, aad, message, ciphertext, tag] = it.at();
        let key = Key::from_slice(key).unwrap();
        let nonce = ring::aead::Nonce::try_assume_unique_for_key(nonce).unwrap();
        let mut sealed = [ciphertext, tag].concat();
        let opened = aead::aes(&key).unwrap().open_in_place(nonce, ring::aead::Aad::from(aad), &mut sealed);
        match it.is_valid {
            true => assert_eq!(opened.unwrap(), message, "{}", it.comment),
            false => assert!(opened.is_err(), "{}", it.comment),
        }
    }
}

// Rule 1
#[test]
fn hkdf_sha256() {
    let mut whole = 0;
    for it in vectors(include_str!("vectors/hkdf_sha256.json"), 0) {
        let [ikm, salt, info, okm] = it.at();
        // Every output begins as a shorter one of the same input would.
        let len = okm.len().min(Key::LEN);
        let ours = mac::hkdf(ikm, salt, &[info]).unwrap();
        assert_eq!(ours.expose()[..len], okm[..len], "{}", it.comment);
        whole += usize::from(len == Key::LEN);
    }
    assert!(whole > 20, "{whole}");
}

#[test]
fn hmac_sha256() {
    for it in vectors(include_str!("vectors/hmac_sha256.json"), 60) {
        let [key, message, tag] = it.at();
        let ours = mac::MacKey::from_bytes(key).plain(message);
        assert_eq!(equal(&ours[..tag.len()], tag), it.is_valid, "{}", it.comment);
    }
}

// Rule 99
#[test]
fn ed25519() {
    for it in vectors(include_str!("vectors/ed25519.json"), 63) {
        let [public, message, signature] = it.at();
        assert_eq!(sign::verify(public, message, signature).is_ok(), it.is_valid, "{}", it.comment);
    }
}

/// RFC 8032, section 7.1, tests 1 and 2: key, public key, message, signature.
#[test]
fn ed25519_signs_as_its_standard_does() {
    for [seed, public, message, signature] in [
        [
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ],
        [
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ],
    ] {
        let bytes = |it: &str| data_encoding::HEXLOWER.decode(it.as_bytes()).unwrap();
        let key = sign::SigningKey::from_seed(&Key::from_slice(&bytes(seed)).unwrap()).unwrap();
        assert_eq!(key.public(), bytes(public));
        assert_eq!(key.sign(&bytes(message)), bytes(signature));
    }
}

/// From the tests of the reference implementation (P-H-C/phc-winner-argon2, CC0), for version 0x13. RFC 9106's
/// own example has a secret and associated data, which are not used here.
// Rule 70
#[test]
fn argon2id() {
    for (passes, memory, lanes, text, salt, expected) in [
        (2, 8, 1, "password", "somesalt", "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"),
        (2, 8, 2, "password", "somesalt", "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037"),
        (
            1,
            16,
            1,
            "password",
            "somesalt",
            "f6a5adc1ba723dddef9b5ac1d464e180fcd9dffc9d1cbf76cca2fed795d9ca98",
        ),
        (
            2,
            16,
            1,
            "password",
            "diffsalt",
            "bdf32b05ccc42eb15d58fd19b1f856b113da1e9a5874fdcc544308565aa8141c",
        ),
    ] {
        let cost = Cost { memory: 1 << memory, passes, lanes };
        let key = password::argon2id(text.as_bytes(), salt.as_bytes(), cost).unwrap();
        assert_eq!(data_encoding::HEXLOWER.encode(key.expose()), expected, "{passes} {memory} {lanes}");
    }
}
