//! What the place says of a text, where its name does not: the word behind a flag, the password of a URL.

use std::ops::Range;

use crate::{
    At, Finder, Kind, Layer, Obstacle, Text,
    judge::{self, names},
};

/// What a text is by its place. The judge still says whether it is a live one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Role {
    Password,
    Token,
    ApiKey,
    /// The key of a store or a cluster, or a share of it.
    EncryptionKey,
    /// The password in a URL or connection string.
    Connection,
}

impl Role {
    /// A name that says the same.
    fn name(self) -> &'static str {
        match self {
            Self::Password | Self::Connection => "password",
            Self::Token => "token",
            Self::ApiKey => "api_key",
            Self::EncryptionKey => "encryption_key",
        }
    }
}

/// Whether a value under this name is a credential, if it looks like one.
pub(super) fn telling(name: &str) -> bool {
    names::telling(name).is_some()
}

/// Whether a name is none: `value`, `default`.
pub(super) fn is_blank(name: &str) -> bool {
    names::is_blank(name)
}

/// Whether any literal under this name is a credential.
pub(super) fn telling_strongly(name: &str) -> bool {
    names::telling(name).is_some_and(|it| it.strong)
}

/// A text that is a credential by its place, reported under the place's own key.
pub(super) fn secret<'a>(finder: &mut Finder<'a>, at: &At<'_>, role: Role, text: &Text<'a>) -> bool {
    named(finder, at, role.name(), role == Role::Connection, text)
}

/// A text that is judged by one name and reported under another: a part of a value that has a name itself.
pub(super) fn named<'a>(
    finder: &mut Finder<'a>,
    at: &At<'_>,
    name: &str,
    connection: bool,
    text: &Text<'a>,
) -> bool {
    let Some(mut verdict) = judge::judge(&at.key(name), text) else { return false };
    if connection && verdict.kind == Kind::Password {
        verdict.kind = Kind::ConnectionUrl;
    }
    let part = verdict.part.clone();
    finder.found(at, &text.slice(part), &verdict);
    true
}

/// The password of `user:password`, and of each in `a:x,b:y`.
pub(super) fn login<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: &Text<'a>, separator: char) -> bool {
    let mut found = false;
    for part in logins(text.as_str(), separator) {
        found |= secret(finder, at, Role::Password, &text.slice(part));
    }
    found
}

/// Each of `a,b` under a name that promises several.
pub(super) fn several<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: &Text<'a>) -> bool {
    let whole = text.as_str();
    if whole.split(',').any(|it| it.is_empty() || it.contains(char::is_whitespace)) {
        return false;
    }
    let before = finder.count();
    let mut start = 0;
    for piece in whole.split(',') {
        finder.leaf(at, &text.slice(start..start + piece.len()));
        start += piece.len() + 1;
    }
    finder.count() > before
}

/// Names of fields: `username:root,machine:false` is a list of settings.
const FIELDS: [&str; 9] =
    ["user", "username", "host", "hostname", "port", "machine", "name", "type", "scope"];

/// Where the passwords stand in `user:password` or a list of such.
pub(super) fn logins(text: &str, separator: char) -> Vec<Range<usize>> {
    let password = |piece: Range<usize>| {
        let written = text.get(piece.clone())?;
        let at = written.find(separator)?;
        let (user, rest) = (written.get(..at)?, written.get(at + separator.len_utf8()..)?);
        let start = piece.start + at + separator.len_utf8();
        // `user:password:uid:gid:folder`, as servers of files take it.
        let end = rest.match_indices(':').find(|(at, _)| {
            let id = rest.get(at + 1..).and_then(|it| it.split(':').next()).unwrap_or("");
            *at > 0 && (3..=6).contains(&id.len()) && id.bytes().all(|it| it.is_ascii_digit())
        });
        let end = end.map_or(piece.end, |(at, _)| start + at);
        // `user:realm:hash` of a digest.
        let digest = rest.rsplit_once(':').filter(|(realm, hash)| {
            hash.len() == 32 && hash.bytes().all(|it| it.is_ascii_hexdigit()) && !realm.contains(':')
        });
        let start = start + digest.map_or(0, |it| it.0.len() + 1);
        let is_field = FIELDS.iter().any(|it| user.eq_ignore_ascii_case(it));
        (is_user(user) && !is_field && !rest.is_empty() && !rest.starts_with("//")).then_some(start..end)
    };
    for between in [',', ';', '\n'] {
        if !text.contains(between) {
            continue;
        }
        let mut at = 0;
        let pieces: Option<Vec<_>> = text
            .split(between)
            .map(|piece| {
                let start = at + (piece.len() - piece.trim_start().len());
                let end = at + piece.trim_end().len();
                at += piece.len() + between.len_utf8();
                password(start.min(end)..end)
            })
            .collect();
        if let Some(pieces) = pieces {
            return pieces;
        }
    }
    password(0..text.len()).into_iter().collect()
}

/// A name that may log in: a word, a mail address, a reference.
pub(super) fn is_user(text: &str) -> bool {
    // Zendesk's, who logs in with a token.
    let text = text.strip_suffix("/token").unwrap_or(text);
    text.len() <= 128
        && text.chars().all(|c| c.is_alphanumeric() || "._-@+\\${}%<> ".contains(c))
        && !text.starts_with(|c: char| c.is_ascii_digit() || c == ' ')
}

/// Whether it looks like a password where nothing but its look can tell.
pub(super) fn looks_secret(text: &str) -> bool {
    let has = |test: fn(&char) -> bool| text.chars().any(|c| test(&c));
    let letters = has(|c| c.is_alphabetic());
    let digits = has(char::is_ascii_digit);
    let upper = has(|c| c.is_uppercase());
    let lower = has(|c| c.is_lowercase());
    let other = has(|c| c.is_ascii_punctuation() && !"._-:/@,".contains(*c));
    (8..=512).contains(&text.len())
        && letters
        && (digits || other || (upper && lower && text.contains(['-', '_', '.'])))
        && !text.chars().any(char::is_whitespace)
        && !text.contains("://")
        && !text.starts_with(['/', '.', '$', '<', '{', '~', '@', '('])
        && !text.ends_with(['(', '{', '['])
        && !is_address(text)
}

/// `%s`, `{password}`, `<password>`, `%(password)s`.
pub(super) fn is_inserted(password: &str) -> bool {
    match password.as_bytes() {
        [b'%', ..] => {
            matches!(password, "%s" | "%v" | "%q")
                || password.strip_prefix("%(").and_then(|it| it.split_once(')')).is_some_and(|(name, _)| {
                    name.bytes().all(|it| it.is_ascii_alphanumeric() || b"_.-".contains(&it))
                })
                || (password.starts_with("%X{") && password.ends_with('}'))
        }
        [b'{', .., b'}'] | [b'<', .., b'>'] | [b'[', .., b']'] => password
            .get(1..password.len() - 1)
            .is_some_and(|it| it.chars().all(|c| c.is_alphanumeric() || "_.- []'\"".contains(c))),
        _ => false,
    }
}

/// One long word of letters and digits, as generators write them.
pub(super) fn looks_random(text: &str) -> bool {
    (16..=1024).contains(&text.len())
        && text.bytes().all(|it| it.is_ascii_alphanumeric() || b"_-%+/=.~:".contains(&it))
        && text.bytes().any(|it| it.is_ascii_digit())
        && text.bytes().any(|it| it.is_ascii_alphabetic())
        && distinct(text) >= 8
}

fn distinct(text: &str) -> u32 {
    text.bytes().fold(0_u128, |seen, it| seen | 1_u128.checked_shl(u32::from(it)).unwrap_or(0)).count_ones()
}

/// `8080:80`, `10.0.0.1:53`, `host:5432`, `image:1.2`.
fn is_address(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else {
        return text.bytes().all(|it| it.is_ascii_digit() || it == b'.');
    };
    let port = port.split(['/', '@']).next().unwrap_or("");
    !port.is_empty()
        && port.bytes().all(|it| it.is_ascii_digit() || it == b'.')
        && host.bytes().all(|it| it.is_ascii_alphanumeric() || b".-:[]/_".contains(&it))
}

/// A port, a range of them, or a mapping: what `-p` mostly takes.
pub(super) fn is_port(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|it| it.is_ascii_digit() || b":.-/".contains(&it))
        && text.len() < 48
        && (text.len() <= 5 || text.contains([':', '.']))
}

/// The literals in `${NAME:-literal}`, each with its name: what counts when nobody sets the variable.
///
/// Such a reference is a hole as a whole, so that the literal is taken from the file itself.
pub(super) fn defaults<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: &Text<'a>) {
    let whole = text.as_str();
    let mut from = 0;
    while let Some(start) = memchr::memmem::find(whole.as_bytes().get(from..).unwrap_or(&[]), b"${") {
        let start = from + start;
        from = start + 2;
        let Some((name, literal)) = default_of(whole, from) else { continue };
        from = literal.end;
        let Some(word) = whole.get(literal.clone()) else { continue };
        if word.is_empty() || word.contains("${") {
            continue;
        }
        // `${X:-'literal'}`
        let quote = word.chars().next().filter(|it| matches!(it, '"' | '\'') && word.len() > 2);
        let is_quoted = quote.is_some_and(|it| word.ends_with(it));
        let literal = if is_quoted { literal.start + 1..literal.end - 1 } else { literal };
        let literal = literal_of(finder, text, literal);
        let at = At { obstacle: Some(at.obstacle.unwrap_or(Obstacle::Expression)), ..at.clone() };
        let name = whole.get(name).unwrap_or("");
        let at = if telling(&at.key) && !telling(name) { at } else { at.key(name.to_owned()) };
        finder.value(&at, literal);
    }
}

/// The name and the literal of a reference whose `${` ends at `from`.
fn default_of(text: &str, from: usize) -> Option<(Range<usize>, Range<usize>)> {
    let rest = text.get(from..)?;
    let name =
        rest.bytes().take(200).take_while(|it| it.is_ascii_alphanumeric() || b"_.-".contains(it)).count();
    // `-` belongs to Java's names and ends the shell's.
    let written = rest.get(..name)?;
    let (name, operator) = match written.find('-') {
        Some(dash) if rest.as_bytes().get(name) == Some(&b'}') && !written.contains('.') => (dash, 1),
        _ => match rest.get(name..)? {
            it if it.starts_with(":-") || it.starts_with(":=") => (name, 2),
            it if it.starts_with(":?") || it.starts_with(":+") => return None,
            it if it.starts_with([':', '=']) => (name, 1),
            // No variable of a shell has a dot: `${random_string.api-key.result}` is all a reference.
            _ => match written.find('-') {
                Some(dash) if !written.get(..dash)?.contains('.') => (dash, 1),
                _ => return None,
            },
        },
    };
    let start = name + operator;
    let length = rest.get(start..)?.bytes().take(512).position(|it| it == b'}')?;
    (name > 0).then_some((from..from + name, from + start..from + start + length))
}

/// A part of a text without the holes in it, where it stands in the file as it is.
pub(super) fn literal_of<'a>(finder: &Finder<'a>, text: &Text<'a>, part: Range<usize>) -> Text<'a> {
    let span = text.span_of(part.clone());
    let source = finder.source();
    match (source.get(span.start..span.end), text.as_str().get(part.clone())) {
        (Some(written), Some(decoded)) if written == decoded => {
            let layers: &[Layer] = text.layers();
            layers.iter().fold(Text::straight(written, span.start), |text, layer| text.within(*layer))
        }
        _ => text.slice(part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_logins(text: &str, expected: &[&str]) {
        let found: Vec<_> = logins(text, ':').into_iter().map(|it| &text[it]).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_login_is_a_name_and_a_password() {
        check_logins("admin:Zinc-44", &["Zinc-44"]);
        check_logins("a@example.net:x:y", &["x:y"]);
        check_logins("ops:one,guest:two", &["one", "two"]);
        check_logins("ops:one, guest:two", &["one", "two"]);
        check_logins("ops:one:1001:100:upload", &["one"]);
        check_logins("ops:with,comma", &["with,comma"]);
        check_logins("ops:realm:2b6ec017c1e1777155a0e9d8f27c7d9c", &["2b6ec017c1e1777155a0e9d8f27c7d9c"]);
        check_logins("https://example.net", &[]);
        check_logins("8080:80", &[]);
        check_logins("username:root,machine:false", &[]);
        check_logins("admin", &[]);
    }

    #[test]
    fn what_looks_like_a_password() {
        for text in ["Tundra-88-Mint", "hunter2x!", "Velvet-Anchor", "a8f5f167f44f4964"] {
            assert!(looks_secret(text), "{text}");
        }
        for text in [
            "password",
            "8080:80",
            "10.0.0.1:5432",
            "/run/secrets/x1",
            "redis:7.2",
            "has space 1",
            "$PASS1234",
        ] {
            assert!(!looks_secret(text), "{text}");
        }
        assert!(looks_random("c10bab6d85ad67272a4e4e89c5fa1021"));
        assert!(!looks_random("an-ordinary-long-word"));
    }

    #[track_caller]
    fn check_default(text: &str, expected: Option<(&str, &str)>) {
        let found = default_of(text, 2).map(|(name, literal)| (&text[name], &text[literal]));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn references_have_defaults() {
        check_default("${X:-lit-1}", Some(("X", "lit-1")));
        check_default("${X-lit}", Some(("X", "lit")));
        check_default("${X-a b}", Some(("X", "a b")));
        check_default("${db.password:lit}", Some(("db.password", "lit")));
        check_default("${X:=lit}", Some(("X", "lit")));
        check_default("${X-lit.eu}", Some(("X", "lit.eu")));
        check_default("${random_string.api-key.result}", None);
        check_default("${X}", None);
        check_default("${X:?must be set}", None);
        check_default("${X:-open", None);
    }
}
