//! Base64, which is judged by what it decodes to.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD};

use super::candidate::{Role, is_user, looks_secret, secret};
use crate::{At, Finder, Format, Kind, Text, judge::Verdict};

/// Beyond this, it is an archive or an image.
const MAX_LENGTH: usize = 1024 * 1024;

/// Whether a text is base64 of text. `None` for everything else, and for words that happen to decode.
pub(super) fn decode(text: &str) -> Option<String> {
    let text = text.trim_end();
    let is_long = (16..=MAX_LENGTH).contains(&text.len());
    let is_alphabet = || text.bytes().all(|it| it.is_ascii_alphanumeric() || b"+/-_=".contains(&it));
    if !is_long || !begins_as_text(text) || !is_alphabet() {
        return None;
    }
    let decoded = [BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD]
        .into_iter()
        .find_map(|encoding| encoding.decode(text.as_bytes()).ok())?;
    let decoded = String::from_utf8(decoded).ok()?;
    let is_text = !decoded.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
    is_text.then_some(decoded)
}

/// Whether the first bytes may be a text's. Of digests and keys they seldom are, and the rest need not be decoded.
fn begins_as_text(text: &str) -> bool {
    let Some(first) = text.as_bytes().first_chunk::<16>() else { return false };
    let mut bytes = [0; 12];
    let is_decoded =
        BASE64.decode_mut(first, &mut bytes).is_ok() || BASE64URL.decode_mut(first, &mut bytes).is_ok();
    // Behind padding another one may begin.
    if !is_decoded || first.contains(&b'=') {
        return is_decoded;
    }
    let is_text = match str::from_utf8(&bytes) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    is_text && !bytes.iter().any(|it| it.is_ascii_control() && !matches!(it, b'\n' | b'\r' | b'\t'))
}

/// A document in base64 that has a credential in it is one as a whole: a part of it cannot be cut out.
pub(super) fn document<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: &Text<'a>) -> bool {
    let Some(decoded) = decode(text.as_str()) else { return false };
    let Some(inner) = inner(&decoded) else {
        return is_login(&decoded) && secret(finder, at, Role::Token, text);
    };
    let is_registry = decoded.contains("\"auths\"");
    let kind = if is_registry { Kind::RegistryAuth } else { inner.kind };
    let verdict =
        Verdict { part: 0..text.as_str().trim_end().len(), kind, severity: inner.severity, weak: inner.weak };
    finder.found(at, &text.slice(verdict.part.clone()), &verdict);
    true
}

/// A login, and nothing but that.
fn is_login(decoded: &str) -> bool {
    decoded.split_once(':').is_some_and(|(user, password)| {
        is_user(user) && !user.contains(' ') && looks_secret(password) && !password.contains(':')
    })
}

/// The first credential in a decoded document.
fn inner(decoded: &str) -> Option<Verdict> {
    let format = match decoded.trim_start().as_bytes() {
        [b'{', b'"' | b' ' | b'\n' | b'\r' | b'}' | b'\t', ..] => Format::Json,
        [b'-', b'-', b'-', b'-', b'-', ..] => Format::Text,
        _ if decoded.contains('\n') || decoded.contains("://") => Format::of("", decoded),
        _ => return None,
    };
    let mut finder = Finder::new(decoded);
    finder.document(&At::file(""), Text::whole(decoded), format);
    let finding = finder.finish().into_iter().next()?;
    Some(Verdict { part: 0..0, kind: finding.kind, severity: finding.severity, weak: finding.weak })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_text_counts() {
        assert_eq!(decode("cHVsbGVyOkNvcmFsLVN0b3Zl").as_deref(), Some("puller:Coral-Stove"));
        assert_eq!(decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB"), None);
        assert_eq!(decode("short"), None);
        assert_eq!(decode("cHVsbGVyOkNvcg==").as_deref(), Some("puller:Cor"));
        assert_eq!(decode("56e3f2d1c01e14e522587d9f0d6b6467"), None);
        assert_eq!(decode("YWFhYWFhYWFhYWHDpGJj").as_deref(), Some("aaaaaaaaaaaäbc"), "a letter on the seam");
        assert_eq!(decode("has space in it, and more"), None);
    }
}
