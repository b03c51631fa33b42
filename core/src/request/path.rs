//! The one form of a path.
//!
//! Most bypasses of access control in this field are two parts of a server that read one path in two ways.
//! So a [`RequestPath`] can only be made here, once for each request, and the policies, the router, the
//! engines, the storage and the audit log take nothing else.

use std::fmt;

use crate::ids::NamespaceId;

const MAX_LEN: usize = 1024;
const MAX_SEGMENTS: usize = 64;

/// A canonical path: no leading `/`, no empty, `.` or `..` segment, no control character, UTF-8. One
/// trailing `/` is kept, because it marks a folder.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct RequestPath {
    namespace: NamespaceId,
    path: Box<str>,
}

/// What became of a raw path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Parsed {
    Canonical(RequestPath),
    /// It can be cleaned: the client is sent to this path (still percent-encoded), and nothing is executed.
    Redirect(String),
    Reject(BadPath),
}

/// Why a path was refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadPath {
    #[error("path contains a control character")]
    ControlCharacter,
    #[error("path contains an encoded dot segment")]
    DotSegment,
    #[error("path is not validly percent-encoded")]
    Encoding,
    #[error("path is not valid UTF-8")]
    NotUtf8,
    #[error("path cannot contain a parent reference")]
    ParentReference,
    #[error("path is too long")]
    TooLong,
}

impl RequestPath {
    /// Parses what follows `/v1/` in a request's target: percent-encoded, without the query.
    ///
    /// Raw `//`, `.` and `..` can be cleaned and are answered with a redirect. Encoded ones are refused: only
    /// somebody who means to confuse writes them. It is decoded exactly once; an encoded slash is a slash.
    pub fn parse(namespace: NamespaceId, raw: &str) -> Parsed {
        if raw.len() > MAX_LEN * 3 {
            return Parsed::Reject(BadPath::TooLong);
        }
        if needs_cleaning(raw) {
            return Parsed::Redirect(clean(raw));
        }
        match decode(raw).and_then(|path| Self::canonical(namespace, path)) {
            Ok(path) => Parsed::Canonical(path),
            Err(bad) => Parsed::Reject(bad),
        }
    }

    /// Takes a path that is not percent-encoded (the embedded form, the core's own requests). It must be
    /// canonical as it stands.
    pub fn new(namespace: NamespaceId, path: &str) -> Result<Self, BadPath> {
        Self::canonical(namespace, path.to_owned())
    }

    fn canonical(namespace: NamespaceId, path: String) -> Result<Self, BadPath> {
        if path.len() > MAX_LEN {
            return Err(BadPath::TooLong);
        }
        if path.chars().any(char::is_control) {
            return Err(BadPath::ControlCharacter);
        }
        let body = path.strip_suffix('/').unwrap_or(&path);
        let mut segments = 0_usize;
        for segment in body.split('/') {
            segments += 1;
            match segment {
                ".." => return Err(BadPath::ParentReference),
                "." => return Err(BadPath::DotSegment),
                "" if !body.is_empty() => return Err(BadPath::DotSegment),
                _ => {}
            }
        }
        if segments > MAX_SEGMENTS {
            return Err(BadPath::TooLong);
        }
        Ok(Self { namespace, path: path.into_boxed_str() })
    }

    pub fn namespace(&self) -> NamespaceId {
        self.namespace
    }

    pub fn as_str(&self) -> &str {
        &self.path
    }

    /// The path as a folder: with one trailing slash.
    pub fn as_folder(&self) -> String {
        match self.path.ends_with('/') || self.path.is_empty() {
            true => self.path.to_string(),
            false => format!("{}/", self.path),
        }
    }

    /// Whether it ends in a slash.
    pub fn is_folder(&self) -> bool {
        self.path.ends_with('/')
    }
}

impl fmt::Display for RequestPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}

fn needs_cleaning(raw: &str) -> bool {
    let mut segments = raw.split('/').peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        if matches!(segment, "." | "..") || (segment.is_empty() && !last) {
            return true;
        }
    }
    false
}

/// Resolves raw `.`, `..` and empty segments; `..` does not climb above the root.
fn clean(raw: &str) -> String {
    let mut out: Vec<&str> = Vec::new();
    for segment in raw.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                out.pop();
            }
            segment => out.push(segment),
        }
    }
    let mut cleaned = out.join("/");
    if raw.ends_with('/') && !cleaned.is_empty() {
        cleaned.push('/');
    }
    cleaned
}

fn decode(raw: &str) -> Result<String, BadPath> {
    let mut out = Vec::with_capacity(raw.len());
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|it| char::from(it).to_digit(16)).ok_or(BadPath::Encoding);
        let (high, low) = (digit()?, digit()?);
        out.push(u8::try_from(high * 16 + low).map_err(|_| BadPath::Encoding)?);
    }
    String::from_utf8(out).map_err(|_| BadPath::NotUtf8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(raw: &str, expected: Result<&str, BadPath>) {
        let parsed = RequestPath::parse(NamespaceId::ROOT, raw);
        match (parsed, expected) {
            (Parsed::Canonical(path), Ok(expected)) => assert_eq!(path.as_str(), expected),
            (Parsed::Reject(bad), Err(expected)) => assert_eq!(bad, expected),
            (parsed, expected) => panic!("{parsed:?} is not {expected:?}"),
        }
    }

    #[track_caller]
    fn check_redirect(raw: &str, expected: &str) {
        assert_eq!(RequestPath::parse(NamespaceId::ROOT, raw), Parsed::Redirect(expected.to_owned()));
    }

    // Rule 46
    #[test]
    fn raw_dots_and_double_slashes_are_sent_to_the_clean_path() {
        check_redirect("secret/../sys/raw", "sys/raw");
        check_redirect("secret//data/x", "secret/data/x");
        check_redirect("secret/./x/", "secret/x/");
        check_redirect("../../x", "x");
        check_redirect("/secret", "secret");
        check_redirect("a%2Fb//c", "a%2Fb/c");
    }

    // Rule 46
    #[test]
    fn encoded_tricks_are_refused() {
        check("secret/%2e%2e/sys", Err(BadPath::ParentReference));
        check("secret/..%2fsys", Err(BadPath::ParentReference));
        check("secret/%2e/sys", Err(BadPath::DotSegment));
        check("secret/%2f/sys", Err(BadPath::DotSegment));
        check("secret/a%00", Err(BadPath::ControlCharacter));
        check("secret/a%0a", Err(BadPath::ControlCharacter));
        check("secret/a%7f", Err(BadPath::ControlCharacter));
        check("secret/%ff", Err(BadPath::NotUtf8));
        check("secret/%", Err(BadPath::Encoding));
        check("secret/%4", Err(BadPath::Encoding));
        check("secret/%zz", Err(BadPath::Encoding));
        check(&"a/".repeat(65), Err(BadPath::TooLong));
        check(&"a".repeat(1025), Err(BadPath::TooLong));
    }

    #[test]
    fn what_is_canonical_stays_as_it_is() {
        check("secret/app", Ok("secret/app"));
        check("secret/app/", Ok("secret/app/"));
        check("secret/a%2Fb", Ok("secret/a/b"));
        check("secret/a%20b", Ok("secret/a b"));
        check("secret/...", Ok("secret/..."));
        check("secret/%252e%252e", Ok("secret/%2e%2e"));
        check("secret/%C3%A9", Ok("secret/é"));
        check("", Ok(""));
    }

    proptest! {
        // Rule 137: canonicalising is idempotent.
        #[test]
        fn a_canonical_path_parses_to_itself(raw in "[a-z./%0-9\\x00-\\x20]{0,40}") {
            let raw = match RequestPath::parse(NamespaceId::ROOT, &raw) {
                Parsed::Redirect(clean) => clean,
                _ => raw,
            };
            if let Parsed::Canonical(path) = RequestPath::parse(NamespaceId::ROOT, &raw) {
                prop_assert_eq!(RequestPath::new(NamespaceId::ROOT, path.as_str()), Ok(path));
            }
        }

        #[test]
        fn a_redirect_leads_to_a_path_that_is_not_redirected(raw in "[a-c./]{0,30}") {
            if let Parsed::Redirect(clean) = RequestPath::parse(NamespaceId::ROOT, &raw) {
                let redirected = matches!(RequestPath::parse(NamespaceId::ROOT, &clean), Parsed::Redirect(_));
                prop_assert!(!redirected, "{} leads to {}", raw, clean);
            }
        }
    }
}
