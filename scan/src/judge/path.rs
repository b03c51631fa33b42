//! Paths: of files, folders, and places in a store that are named like one.

use super::strength;
use crate::needles::beginning;

/// What files with keys, settings and scripts end in.
const EXTENSIONS: [&str; 41] = [
    "key",
    "pem",
    "crt",
    "cer",
    "der",
    "csr",
    "pub",
    "p12",
    "pfx",
    "jks",
    "keystore",
    "truststore",
    "keyfile",
    "json",
    "yaml",
    "yml",
    "toml",
    "ini",
    "conf",
    "cfg",
    "env",
    "txt",
    "xml",
    "properties",
    "htpasswd",
    "passwd",
    "gpg",
    "asc",
    "kdbx",
    "sh",
    "py",
    "rb",
    "ps1",
    "js",
    "sock",
    "db",
    "log",
    "hcl",
    "tpl",
    "tfstate",
    "md",
];

/// A file or folder, or a place in a store that is named like one.
pub(super) fn is_path(text: &str) -> bool {
    if text.len() > 1024 || text.contains('\n') {
        return false;
    }
    if let Some(start) = beginning(text, &["./", "../", "~/", ".\\", "..\\", "\\\\"]) {
        // Whoever names files with these has to quote them everywhere.
        let is_named = |it: u8| !b"\"<>|;&^`!?=#".contains(&it);
        return text.len() > start.len() && text.bytes().all(is_named);
    }
    if let Some(rest) = text.strip_prefix('/') {
        return rest.starts_with(|c: char| c.is_alphabetic() || matches!(c, '.' | '_' | '{' | '$'))
            && is_made_of_segments(rest, true)
            // Base64 may begin so.
            && (text.contains('.') || !strength::is_unordered(text));
    }
    let drive = text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic) && text.get(1..2) == Some(":");
    if drive && text.get(2..).is_some_and(|it| it.starts_with(['\\', '/'])) {
        return has_extension(text) || text.matches(['\\', '/']).count() >= 3;
    }
    // Symfony's parameters begin a path too.
    let has_parameter = text.starts_with('%') && text.contains("%/") && has_extension(text);
    if has_parameter && !text.contains(' ') {
        return true;
    }
    let bare = text.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'.' | b'_' | b'-' | b'/'));
    bare && ((has_extension(text) && !strength::is_mixed(text))
        || (text.contains('/') && is_made_of_segments(text, false)))
}

/// Each of them is made of words. A key in base64 has slashes too.
fn is_made_of_segments(text: &str, upper: bool) -> bool {
    text.split('/').all(|it| {
        let is_plain = |b: u8| {
            b.is_ascii_lowercase()
                || b.is_ascii_digit()
                || matches!(b, b'.' | b'_' | b'-')
                || (upper && (b.is_ascii_uppercase() || matches!(b, b'@' | b'{' | b'}' | b'$' | b' ' | b':')))
        };
        it.bytes().all(|b| is_plain(b) || !b.is_ascii()) && !strength::is_random(it)
    }) && (upper || text.bytes().any(|it| it.is_ascii_lowercase()))
}

pub(super) fn has_extension(text: &str) -> bool {
    let (stem, extension) = text.rsplit_once('.').unwrap_or(("", ""));
    !stem.is_empty() && EXTENSIONS.contains(&extension)
}
