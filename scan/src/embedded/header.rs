//! Headers of HTTP: `Name: value`, and values that say their scheme.

use std::ops::Range;

use data_encoding::BASE64;

use super::candidate::{Role, looks_random, looks_secret, secret, telling};
use crate::{At, Finder, Text};

/// `Name: value`, as `curl -H` takes it.
pub(super) fn header<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: &Text<'a>) -> bool {
    let Some((name, value)) = split(text.as_str()) else { return false };
    let name = text.as_str().get(name).unwrap_or("").to_owned();
    field(finder, &at.key(name), &text.slice(value))
}

fn split(text: &str) -> Option<(Range<usize>, Range<usize>)> {
    let colon = text.find([':', '='])?;
    let name = text.get(..colon)?.trim_end();
    let is_name =
        !name.is_empty() && name.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_".contains(&it));
    let value = text.get(colon + 1..)?;
    let start = colon + 1 + (value.len() - value.trim_start().len());
    is_name.then_some((0..name.len(), start..text.trim_end().len().max(start)))
}

/// A header's value, under its name.
pub(super) fn field<'a>(finder: &mut Finder<'a>, at: &At<'_>, value: &Text<'a>) -> bool {
    if scheme(finder, at, value) {
        return true;
    }
    let is_credential =
        at.key.eq_ignore_ascii_case("authorization") || at.key.eq_ignore_ascii_case("proxy-authorization");
    if is_credential && !value.as_str().contains(' ') {
        return secret(finder, at, Role::Token, value);
    }
    if telling(&at.key) {
        finder.leaf(at, value);
        return true;
    }
    is_own(&at.key) && looks_drawn(value.as_str()) && secret(finder, at, Role::Token, value)
}

/// A header that somebody made up, and not for what a request is called.
fn is_own(name: &str) -> bool {
    const CALLED: [&str; 9] =
        ["id", "trace", "hash", "etag", "nonce", "version", "revision", "key", "sha256"];
    let lower = name.to_ascii_lowercase();
    lower.starts_with("x-") && !CALLED.iter().any(|it| lower.ends_with(it)) && !lower.contains("trace")
}

/// One word that nobody typed.
fn looks_drawn(value: &str) -> bool {
    looks_random(value) && value.len() >= 20 && value.bytes().all(|it| it.is_ascii_alphanumeric())
}

/// `Bearer x`, `Basic dTpw`: the credential behind its scheme.
pub(super) fn scheme<'a>(finder: &mut Finder<'a>, at: &At<'_>, value: &Text<'a>) -> bool {
    if let Some(login) =
        ["AUTH PLAIN ", "AUTHENTICATE PLAIN "].iter().find_map(|it| value.as_str().strip_prefix(it))
    {
        // Of SMTP and IMAP: base64 of both names and the password, with a zero before each.
        let login = value.slice(value.len() - login.len()..value.len()).trim();
        let is_login = BASE64.decode(login.as_str().as_bytes()).is_ok_and(|it| it.contains(&0));
        return is_login && secret(finder, &at.key("AUTH PLAIN"), Role::Token, &login);
    }
    let Some((scheme, part)) = scheme_of(value.as_str()) else { return false };
    let credential = value.slice(part);
    match scheme {
        Scheme::Basic => is_login(credential.as_str()) && secret(finder, at, Role::Token, &credential),
        Scheme::Bearer => secret(finder, at, Role::Token, &credential),
        Scheme::Other => looks_secret(credential.as_str()) && secret(finder, at, Role::Token, &credential),
    }
}

/// `Host:\ api\r\nAuthorization:\ Basic\ x`, the headers of HAProxy's checks.
pub(super) fn escaped<'a>(finder: &mut Finder<'a>, at: &At<'_>, value: &Text<'a>) {
    let whole = value.as_str();
    for scheme in ["uthorization:\\ Basic\\ ", "uthorization:\\ Bearer\\ "] {
        if let Some(start) =
            memchr::memmem::find(whole.as_bytes(), scheme.as_bytes()).map(|it| it + scheme.len())
        {
            let rest = whole.get(start..).unwrap_or("");
            let length =
                rest.find(|c: char| c.is_whitespace() || matches!(c, '\\' | '"')).unwrap_or(rest.len());
            secret(finder, &at.key("Authorization"), Role::Token, &value.slice(start..start + length));
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Scheme {
    Basic,
    Bearer,
    Other,
}

fn scheme_of(text: &str) -> Option<(Scheme, Range<usize>)> {
    let trimmed = text.trim_end();
    let space = trimmed.get(..24.min(trimmed.len())).unwrap_or(trimmed).find(' ')?;
    let scheme = match trimmed.get(..space)?.to_ascii_lowercase().as_str() {
        "basic" => Scheme::Basic,
        "bearer" => Scheme::Bearer,
        "token" | "apikey" | "api-key" | "splunk" | "ssws" | "geniekey" | "bot" | "key"
        | "zoho-oauthtoken" => Scheme::Other,
        _ => return None,
    };
    let rest = trimmed.get(space..)?;
    let start = space + (rest.len() - rest.trim_start().len());
    let credential = trimmed.get(start..)?;
    let is_one_word = !credential.is_empty() && !credential.contains(char::is_whitespace);
    is_one_word.then_some((scheme, start..trimmed.len()))
}

/// Whether it is base64 of `user:password`.
pub(super) fn is_login(text: &str) -> bool {
    let decoded = BASE64.decode(text.as_bytes()).ok().and_then(|it| String::from_utf8(it).ok());
    decoded.is_some_and(|it| {
        it.split_once(':').is_some_and(|(_, password)| !password.is_empty())
            && !it.chars().any(char::is_control)
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check_value as check, check_words};

    #[test]
    fn schemes_say_what_follows() {
        check("Bearer dgqDWSjC9pOZKHZU8pTF7l", &["dgqDWSjC9pOZKHZU8pTF7l"]);
        check("Basic cHVsbGVyOkNvcmFsLVN0b3Zl", &["cHVsbGVyOkNvcmFsLVN0b3Zl"]);
        check("Basic authentication", &[]);
        check("Bearer of bad news", &[]);
        check("token required", &[]);
        check("AUTH PLAIN AHNvbmRhAGFjZWl0dW5hOQ==", &["AHNvbmRhAGFjZWl0dW5hOQ=="]);
        check("AUTH PLAIN is offered", &[]);
    }

    #[test]
    fn headers_with_their_spaces_escaped() {
        let line = "option httpchk GET /s HTTP/1.1\\r\\nHost:\\ a\\r\\nAuthorization:\\ Basic\\ cHVsbGVyOkNvcmFsLVN0b3Zl\n";
        let found = crate::scan("haproxy.cfg", line);
        assert_eq!(found.iter().map(|it| it.span.of(line)).collect::<Vec<_>>(), ["cHVsbGVyOkNvcmFsLVN0b3Zl"]);
    }

    #[test]
    fn headers_on_a_command_line() {
        check_words(
            &["curl", "-H", "X-Api-Key: 4565d6ab975b9a1d2b9b560743df1d0d"],
            &[("X-Api-Key", "4565d6ab975b9a1d2b9b560743df1d0d")],
        );
        check_words(
            &["curl", "--header=Authorization: Bearer dgqDWSjC9pOZKHZU8pTF"],
            &[("Authorization", "dgqDWSjC9pOZKHZU8pTF")],
        );
        check_words(&["curl", "-H", "Accept: application/json", "-H", "X-Request-Id: 42"], &[]);
    }
}
