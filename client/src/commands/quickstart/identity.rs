//! Nomad's part: it signs an identity for each task (RFC 7519, EdDSA of RFC 8037).

use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::{BASE64, BASE64URL_NOPAD};
use ring::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair as _},
};
use serde_json::{Value, json};

use crate::failure::Failure;

/// What stands before an Ed25519 key in its `SubjectPublicKeyInfo` (RFC 8410).
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// Seconds that an identity is good for.
const LIFE: u64 = 60;

pub(super) struct Issuer(Ed25519KeyPair);

impl Issuer {
    pub(super) fn new() -> Result<Self, Failure> {
        let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
            .ok()
            .and_then(|it| Ed25519KeyPair::from_pkcs8(it.as_ref()).ok());
        made.map(Self).ok_or_else(|| Failure::new("no key was made"))
    }

    /// As PEM.
    pub(super) fn public_key(&self) -> String {
        let der = [&SPKI, self.0.public_key().as_ref()].concat();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", BASE64.encode(&der))
    }

    pub(super) fn identity(&self, claims: &Value) -> Result<String, Failure> {
        let now =
            SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| Failure::new("the clock is wrong"))?;
        let mut claims = claims.clone();
        if let Some(fields) = claims.as_object_mut() {
            fields.insert("iat".to_owned(), json!(now.as_secs()));
            fields.insert("nbf".to_owned(), json!(now.as_secs()));
            fields.insert("exp".to_owned(), json!(now.as_secs() + LIFE));
        }
        let part = |it: &Value| BASE64URL_NOPAD.encode(it.to_string().as_bytes());
        let signed = format!("{}.{}", part(&json!({ "alg": "EdDSA", "typ": "JWT" })), part(&claims));
        let signature = BASE64URL_NOPAD.encode(self.0.sign(signed.as_bytes()).as_ref());
        Ok(format!("{signed}.{signature}"))
    }
}
