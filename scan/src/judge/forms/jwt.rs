//! JSON web tokens: three parts in base64url, the first of them a header that names an algorithm.

use data_encoding::BASE64URL_NOPAD;

use super::{Body, Form, Found, Is, Set};
use crate::{Kind, Severity};

const TOKEN: Is = Is::Secret(Kind::Token, Severity::High);

/// `eyJ` is `{"` in base64.
pub(super) static FORMS: [Form; 1] = [Form { prefix: "eyJ", body: Body::Around(jwt), is: TOKEN }];

const LONGEST: usize = 16 * 1024;

/// A signature of fewer characters is none.
const SHORTEST_SIGNATURE: usize = 20;

/// Signed, not encrypted, and not for everyone.
fn jwt(text: &str, start: usize) -> Option<Found> {
    if Set::Dotted.run_before(text, start, 0) > 0 {
        return None;
    }
    let len = run(text, start);
    let whole = text.get(start..start + len)?;
    let mut parts = whole.split('.');
    let mut part = || parts.next().map(|it| it.trim_end_matches('='));
    let (header, claims, signature) = (part()?, part()?, part().unwrap_or(""));
    let header = BASE64URL_NOPAD.decode(header.as_bytes()).ok()?;
    if !has(&header, b"\"alg\"") && !has(&header, b"\"typ\"") {
        return None;
    }
    let claims = BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap_or_default();
    let is_public = has(&header, b"\"none\"")
        || signature.len() < SHORTEST_SIGNATURE
        // Supabase gives the key of this role to every browser.
        || has(&claims, b"\"role\":\"anon\"")
        // The subject of the token that explains the format on its own page.
        || (has(&claims, b"1234567890") && has(&claims, b"John Doe"));
    Some(Found { range: start..start + len, is: if is_public { Is::Public } else { TOKEN } })
}

/// How long a token is. The standard takes padding off; who put a token together by hand may not have.
fn run(text: &str, start: usize) -> usize {
    let mut len = Set::Dotted.run(text, start, LONGEST);
    let behind = |len: usize| text.get(start + len..).unwrap_or("");
    while let Some(rest) = ["=.", "==."].iter().find(|it| behind(len).starts_with(**it)) {
        len += rest.len() + Set::Dotted.run(text, start + len + rest.len(), LONGEST);
    }
    len
}

fn has(bytes: &[u8], word: &[u8]) -> bool {
    memchr::memmem::find(bytes, word).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::forms::all;

    #[track_caller]
    fn check(header: &str, claims: &str, signature: &str, expected: Option<Is>) {
        let [header, claims] = [header, claims].map(|it| BASE64URL_NOPAD.encode(it.as_bytes()));
        let token = format!("{header}.{claims}.{signature}");
        let text = format!("x={token}, ");
        let found = all(&text).next();
        assert_eq!(found.as_ref().map(|it| it.is), expected);
        assert!(found.is_none_or(|it| text[it.range] == *token.trim_end_matches('.')));
    }

    #[test]
    fn padding_belongs_to_it() {
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhYiJ9Cg==.2sdxxcB7j8WGwQHiEjiBsc7njzY-eVDU";
        let found = all(token).next();
        assert_eq!(found.map(|it| (it.is, it.range)), Some((TOKEN, 0..token.len())));
    }

    #[test]
    fn a_signed_token_is_one() {
        let signature = "2sdxxcB7j8WGwQHiEjiBsc7njzY-eVDU";
        check(r#"{"alg":"HS256"}"#, r#"{"sub":"a"}"#, signature, Some(TOKEN));
        check(r#"{"alg":"none"}"#, r#"{"sub":"a"}"#, signature, Some(Is::Public));
        check(r#"{"alg":"HS256"}"#, r#"{"sub":"a"}"#, "", Some(Is::Public));
        check(r#"{"alg":"HS256"}"#, r#"{"role":"anon"}"#, signature, Some(Is::Public));
        check(r#"{"some":"thing"}"#, r#"{"sub":"a"}"#, signature, None);
        check("no header", "", signature, None);
    }
}
