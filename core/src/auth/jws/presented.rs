//! A token as somebody presents it: three parts, of which the first says how to verify the others.

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;

use super::{Claims, Malformed, json};
use crate::crypto::public_key::{Algorithm, PublicKey};

/// Of a whole token, and of its header's JSON.
const MAX_TOKEN: usize = 32 << 10;
const MAX_HEADER: usize = 4 << 10;
/// Of the name that a key may have.
const MAX_KEY_ID: usize = 512;

/// What a header may not say. The first four name a key, or where to get one; a key is ours to know. The others
/// ask to read the token otherwise than it is read here.
const REFUSED: [&str; 6] = ["jku", "jwk", "x5u", "x5c", "crit", "b64"];

/// A compact token whose header is acceptable. What it claims has not been looked at.
pub(crate) struct Presented<'t> {
    algorithm: Algorithm,
    key_id: Option<String>,
    /// Header and payload as they came, with the dot between: what is signed.
    signed: &'t str,
    payload: &'t str,
    signature: Vec<u8>,
}

impl<'t> Presented<'t> {
    pub(crate) fn parse(text: &'t str) -> Result<Self, Malformed> {
        if text.len() > MAX_TOKEN {
            return Err(Malformed);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(Malformed)?;
        // Four dots and more are an encrypted token.
        if payload.contains('.') || header.len() > MAX_HEADER {
            return Err(Malformed);
        }
        let header = json::object(&decode(header)?)?;
        if REFUSED.iter().any(|it| header.contains_key(*it)) {
            return Err(Malformed);
        }
        let algorithm = match header.get("alg") {
            Some(Value::String(name)) => Algorithm::parse(name).ok_or(Malformed)?,
            _ => return Err(Malformed),
        };
        let key_id = match header.get("kid") {
            None => None,
            Some(Value::String(id)) if id.len() <= MAX_KEY_ID => Some(id.clone()),
            Some(_) => return Err(Malformed),
        };
        if header.get("typ").is_some_and(|it| !it.is_string()) {
            return Err(Malformed);
        }
        Ok(Self { algorithm, key_id, signed, payload, signature: decode(signature)? })
    }

    /// Whether the text has the form of a token, whoever is to say how it is signed: what has not is nobody's, and
    /// nobody is asked about it.
    pub(crate) fn is_one(text: &str) -> bool {
        let is_plain = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_');
        let is_part = |it: &str| !it.is_empty() && it.bytes().all(is_plain);
        text.len() <= MAX_TOKEN && text.split('.').count() == 3 && text.split('.').all(is_part)
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The name of the key that is to verify it. It says which of the known keys is meant, and nothing else.
    pub(crate) fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// What tells it from other tokens whose key is not known either.
    pub(super) fn signature(&self) -> &[u8] {
        &self.signature
    }

    pub(super) fn is_by(&self, key: &PublicKey) -> bool {
        key.verify(self.algorithm, self.signed.as_bytes(), &self.signature).is_ok()
    }

    /// What it claims. Only for who has verified it.
    pub(super) fn claims(&self) -> Result<Claims, Malformed> {
        json::object(&decode(self.payload)?).map(Claims::new)
    }
}

/// Base64 for URLs in its one spelling: no padding, no bits left over.
fn decode(text: &str) -> Result<Vec<u8>, Malformed> {
    BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str) -> String {
        let part = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
        format!("{}.{}.{}", part(header), part("{}"), part("signature"))
    }

    #[track_caller]
    fn check(text: &str, is_taken: bool) {
        assert_eq!(Presented::parse(text).is_ok(), is_taken, "{text}");
    }

    // Rule 77
    #[test]
    fn a_header_names_a_known_algorithm_and_brings_no_key() {
        check(&token(r#"{"alg":"RS256"}"#), true);
        check(&token(r#"{"alg":"EdDSA","kid":"a","typ":"JWT","cty":"x","x5t":"y"}"#), true);
        for alg in
            ["none", "None", "NONE", "HS256", "HS512", "rs256", "ES512", "ES256K", "RSA-OAEP", "", "dir"]
        {
            check(&token(&format!(r#"{{"alg":"{alg}"}}"#)), false);
        }
        for header in [
            r#"{}"#,
            r#"{"alg":null}"#,
            r#"{"alg":["RS256"]}"#,
            r#"{"alg":"RS256","alg":"RS256"}"#,
            r#"{"alg":"RS256","jku":"https://issuer.example"}"#,
            r#"{"alg":"RS256","jwk":{}}"#,
            r#"{"alg":"RS256","x5u":"https://issuer.example"}"#,
            r#"{"alg":"RS256","x5c":[]}"#,
            r#"{"alg":"RS256","crit":[]}"#,
            r#"{"alg":"RS256","crit":["b64"],"b64":false}"#,
            r#"{"alg":"RS256","b64":true}"#,
            r#"{"alg":"RS256","kid":1}"#,
            r#"{"alg":"RS256","kid":null}"#,
            r#"{"alg":"RS256","typ":1}"#,
            r#"[{"alg":"RS256"}]"#,
        ] {
            check(&token(header), false);
        }
        check(&token(&format!(r#"{{"alg":"RS256","kid":"{}"}}"#, "a".repeat(MAX_KEY_ID + 1))), false);
    }

    #[test]
    fn a_token_is_three_parts_in_their_one_spelling() {
        let good = token(r#"{"alg":"RS256"}"#);
        for bad in ["", ".", "..", "...", "a.b.c", "not a token"] {
            check(bad, false);
        }
        check(&format!("{good}="), false);
        check(&format!("{good}.x"), false);
        check(&format!(" {good}"), false);
        check(&format!("{good}\n"), false);
        check(&good.replacen('.', "", 1), false);
        // The last character of the header has bits that stand for nothing.
        let (header, rest) = good.split_once('.').unwrap();
        let spelled_otherwise = format!("{}1.{rest}", header.strip_suffix('0').unwrap_or("x"));
        check(&spelled_otherwise, false);
        check(&format!("{good}{}", "A".repeat(MAX_TOKEN)), false);
        assert!(Presented::is_one(&good) && Presented::is_one("a.b.c"));
        for bad in
            ["", "a", "a.b", "a..c", "a.b.c.d", "a.b.c ", "a.b.ö", "a.b\n.c", &"a".repeat(MAX_TOKEN + 1)]
        {
            assert!(!Presented::is_one(bad), "{bad}");
        }
    }
}
