//! URLs: the password before the host, and secrets in the query and in the path.

use std::{borrow::Cow, ops::Range};

use memchr::memmem;

use super::{
    candidate::{Role, is_inserted, looks_random, secret},
    hooks::path,
    pairs,
};
use crate::{
    At, Decoder, Finder, Layer, Text,
    judge::{forms, names},
};

/// No URL that means anything is longer; what stands behind is not looked at.
const MAX_URL: usize = 4 * 1024;

/// URLs within one another, or in one list without spaces.
const MAX_NESTED: usize = 16;

/// Whether a text may hold a URL at all.
pub(super) fn has_url(text: &str) -> bool {
    memmem::find(text.as_bytes(), b"://").is_some()
}

/// Every URL in a text.
pub(super) fn urls<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: &Text<'a>) {
    let whole = text.as_str();
    let marks: Vec<usize> = memmem::find_iter(whole.as_bytes(), b"://").collect();
    // Where the word ends that the last URL stood in, and how many stood there.
    let (mut end, mut count) = (0, 0);
    for (index, mark) in marks.iter().enumerate() {
        count = if mark + 3 <= end { count + 1 } else { 0 };
        if count > MAX_NESTED {
            continue;
        }
        let Some(scheme) = scheme(whole, *mark) else { continue };
        if count == 0 || end < mark + 3 {
            end = end_of(text, mark + 3);
        }
        let next = marks.get(index + 1).and_then(|next| {
            let start = scheme_start(whole, *next);
            // A list of URLs; in a query, the inner one is part of the outer.
            whole.get(..start)?.ends_with([',', ';', '|']).then(|| start - 1)
        });
        let body = mark + 3..end.min(next.unwrap_or(usize::MAX)).max(mark + 3);
        one(finder, at, text, scheme, body);
    }
}

fn scheme_start(text: &str, mark: usize) -> usize {
    let before = text.as_bytes().get(..mark).unwrap_or(&[]);
    let length = before
        .iter()
        .rev()
        .take(40)
        .take_while(|it| it.is_ascii_alphanumeric() || b"+-.".contains(it))
        .count();
    mark - length
}

fn scheme(text: &str, mark: usize) -> Option<&str> {
    text.get(scheme_start(text, mark)..mark).filter(|it| it.starts_with(|c: char| c.is_ascii_alphabetic()))
}

/// Where the URL ends whose host begins at `start`: at a space, a quote, or an angle bracket.
fn end_of(text: &Text<'_>, start: usize) -> usize {
    let bytes = text.as_str().as_bytes();
    let limit = bytes.len().min(start + MAX_URL);
    // Where a text begins with its URL, quotes are no marks around it.
    let is_all = scheme_start(text.as_str(), start.saturating_sub(3)) == 0;
    let mut at = start;
    while at < limit {
        if let Some(hole) = text.hole_at(at) {
            at = hole.end;
            continue;
        }
        match bytes.get(at) {
            None => break,
            Some(b'"' | b'\'' | b'`' | b'<' | b'>') if !is_all => break,
            Some(it) if it.is_ascii_whitespace() => break,
            Some(_) => at += 1,
        }
    }
    let mut at = at.min(bytes.len());
    while !text.as_str().is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The body of a URL with its holes filled, so that no separator is found in them.
fn masked<'t>(text: &'t Text<'_>, body: &Range<usize>) -> Cow<'t, [u8]> {
    let bytes = text.as_str().as_bytes().get(body.clone()).unwrap_or(&[]);
    let within = text.slice(body.clone());
    if within.holes().is_empty() {
        return Cow::Borrowed(bytes);
    }
    let mut masked = bytes.to_vec();
    for hole in within.holes() {
        if let Some(hole) = masked.get_mut(hole.clone()) {
            hole.fill(b'0');
        }
    }
    Cow::Owned(masked)
}

fn one<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: &Text<'a>, scheme: &str, body: Range<usize>) {
    let mask = masked(text, &body);
    let part = |part: Range<usize>| text.slice(body.start + part.start..body.start + part.end);
    let rest = match userinfo_end(&mask, scheme) {
        Some(end) => {
            userinfo(finder, at, &mask, end, &part);
            end + 1
        }
        None => 0,
    };
    match position(mask.get(rest..).unwrap_or(&[]), b"?#;") {
        // Properties of a driver of Java, which take everything up to the next semicolon as it is.
        Some(start) if mask.get(rest + start) == Some(&b';') && !scheme.starts_with("http") => {
            pairs::pairs(finder, at, &part(rest + start + 1..mask.len()), ';');
        }
        _ => query(finder, at, &mask, rest, &part),
    }
    path(finder, at, &mask, rest, scheme, &part);
}

/// Where the `@` stands that ends user and password, people's unescaped `/`, `?`, `#` and `@` considered.
fn userinfo_end(mask: &[u8], scheme: &str) -> Option<usize> {
    let authority = position(mask, b"/?#").unwrap_or(mask.len());
    let strict = mask.get(..authority)?;
    if matches!(scheme, "smb" | "cifs") {
        // `smb://DOMAIN/user:password@host/share`, as CUPS has it.
        return memchr::memrchr(b'@', mask.get(..position(mask, b"?#").unwrap_or(mask.len()))?);
    }
    let is_web = matches!(scheme, "http" | "https" | "ws" | "wss" | "ftp" | "git+https" | "git");
    let last = || {
        let query = mask.iter().position(|it| *it == b'?').unwrap_or(mask.len());
        let hosts = |end: usize| {
            let candidates = mask.get(..end)?;
            memchr::memrchr_iter(b'@', candidates).find(|it| is_host(mask.get(it + 1..).unwrap_or(&[])))
        };
        hosts(query).or_else(|| hosts(mask.len()))
    };
    match memchr::memrchr(b'@', strict) {
        Some(end) if is_web => Some(end),
        // Paths of databases have no `@`: it belongs to the password.
        Some(end) => Some(last().unwrap_or(end)),
        None => {
            let colon = memchr::memchr(b':', strict)?;
            let port = strict.get(colon + 1..)?;
            let is_port = port.iter().all(u8::is_ascii_digit) && colon > 0;
            let is_ipv6 = strict.first() == Some(&b'[');
            if is_port || is_ipv6 { None } else { last() }
        }
    }
}

fn is_host(rest: &[u8]) -> bool {
    let end = position(rest, b"/?#,;)").unwrap_or(rest.len());
    let host = rest.get(..end).unwrap_or(&[]);
    let plain = host.iter().all(|it| it.is_ascii_alphanumeric() || b".-_:[]%(".contains(it));
    plain && (!host.is_empty() || rest.first() == Some(&b'/'))
}

fn position(bytes: &[u8], any: &[u8]) -> Option<usize> {
    bytes.iter().position(|it| any.contains(it))
}

/// `user:password`, or a token where the user stands.
fn userinfo<'a>(
    finder: &mut Finder<'a>,
    at: &At<'_>,
    mask: &[u8],
    end: usize,
    part: &dyn Fn(Range<usize>) -> Text<'a>,
) {
    let colon = colon_of(mask.get(..end).unwrap_or(&[]));
    let user = part(0..colon.unwrap_or(end));
    let password = part(colon.map_or(end, |it| it + 1)..end);
    match password.as_str() {
        "" | "x-oauth-basic" => {
            let name = user.as_str();
            let is_form = forms::find(name).next().is_some();
            // A DSN's public key is a user as well, and all hex.
            let is_random =
                looks_random(name) && !name.bytes().all(|it| it.is_ascii_hexdigit() || it == b'-');
            if is_form || is_random {
                secret(finder, at, Role::Token, &percent(&user));
            }
        }
        // The words of a documented example.
        written if is_example(user.as_str(), written) => {}
        // What a program or another tool will put there.
        written if is_inserted(written) => {}
        _ => {
            // The id of an access key is no name of a user.
            if forms::find(user.as_str()).next().is_some() {
                finder.leaf(at, &user);
            }
            secret(finder, at, Role::Connection, &percent(&password));
        }
    }
}

/// The first colon that stands in no reference: `${env:USER}:${env:PASSWORD}` has it in the middle.
fn colon_of(login: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    login.iter().enumerate().find_map(|(at, byte)| {
        match byte {
            b'{' if at > 0 && login.get(at - 1) == Some(&b'$') => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b':' if depth == 0 => return Some(at),
            _ => {}
        }
        None
    })
}

/// The words that stand for a login in documentation.
pub(super) fn is_example(user: &str, password: &str) -> bool {
    let placeholder = |text: &str, words: &[&str]| words.iter().any(|it| text.eq_ignore_ascii_case(it));
    placeholder(
        user,
        &["user", "username", "usr", "login", "myuser", "your_user", "youruser", "db_user", "dbuser", "name"],
    ) && placeholder(
        password,
        &[
            "pass",
            "password",
            "passwd",
            "pwd",
            "pw",
            "secret",
            "mypass",
            "mypassword",
            "db_password",
            "dbpass",
            "token",
        ],
    )
}

/// `?token=x&sig=y`, and the same behind `#` and `;`.
fn query<'a>(
    finder: &mut Finder<'a>,
    at: &At<'_>,
    mask: &[u8],
    from: usize,
    part: &dyn Fn(Range<usize>) -> Text<'a>,
) {
    let is_start = |it: &u8| b"?&#;".contains(it);
    let mut start = match mask.iter().skip(from).position(is_start) {
        Some(start) => from + start + 1,
        None => return,
    };
    while start < mask.len() {
        let rest = mask.get(start..).unwrap_or(&[]);
        let end = start + rest.iter().position(|it| b"&#;)],|".contains(it)).unwrap_or(rest.len());
        if let Some(equals) = rest.iter().take(end - start).position(|it| *it == b'=') {
            let (name, value) = (part(start..start + equals), part(start + equals + 1..end));
            let before = part(0..start - 1);
            parameter(finder, at, before.as_str(), name.as_str(), &value);
        }
        start = end + 1;
    }
}

fn parameter<'a>(finder: &mut Finder<'a>, at: &At<'_>, before: &str, name: &str, value: &Text<'a>) {
    let name = name.strip_prefix("amp;").unwrap_or(name);
    let lower = name.to_ascii_lowercase();
    let written = value.as_str();
    // Names that say something in a query alone.
    let role = match lower.as_str() {
        "sig"
        | "signature"
        | "x-amz-signature"
        | "x-goog-signature"
        | "x-amz-security-token"
        | "code"
        | "hmac" => Some(Role::Token),
        "key" | "appid" | "auth" | "apikey" | "api_key" | "api-key" | "subscription-key" | "k"
        | "user_key" => Some(Role::ApiKey),
        _ => None,
    };
    let at = at.key(name.to_owned());
    // `?token=:token` of a route, which a program fills in.
    let is_route = written
        .strip_prefix(':')
        .is_some_and(|it| it.bytes().all(|it| it.is_ascii_alphabetic() || it == b'_'));
    if is_route {
        return;
    }
    // InfluxDB's `u` and `p`.
    if lower == "p" && before.split(['?', '&']).skip(1).any(|it| it.starts_with("u=")) {
        secret(finder, &at, Role::Password, &percent(value));
        return;
    }
    match role {
        Some(role) if looks_random(written) => {
            secret(finder, &at, role, &percent(value));
        }
        Some(_) => {}
        // The tokens of badges are shown to everybody.
        None if before.ends_with(".svg") => {}
        None if names::telling(name).is_some() => finder.leaf(&at, &percent(value)),
        None => {}
    }
}

/// Escapes undone: `%40` for `@`.
pub(super) fn percent<'a>(text: &Text<'a>) -> Text<'a> {
    let whole = text.as_str();
    if !whole.contains('%') {
        return text.clone();
    }
    let mut out = Decoder::new(text, Layer::Percent);
    let mut at = 0;
    while at < whole.len() {
        let run = escapes(whole.as_bytes(), at);
        match std::str::from_utf8(&run) {
            Ok(decoded) if !decoded.is_empty() => {
                out.put(decoded, at..at + run.len() * 3);
                at += run.len() * 3;
            }
            _ => {
                let next =
                    whole.get(at + 1..).and_then(|it| it.find('%')).map_or(whole.len(), |it| at + 1 + it);
                out.keep(at..next);
                at = next;
            }
        }
    }
    out.finish()
}

/// The bytes of `%40%41...` from `at` on.
fn escapes(bytes: &[u8], at: usize) -> Vec<u8> {
    let hex = |it: &u8| char::from(*it).to_digit(16).and_then(|it| u8::try_from(it).ok());
    let escapes = bytes.get(at..).unwrap_or(&[]).chunks(3).map_while(|it| match it {
        [b'%', high, low] => Some(hex(high)? * 16 + hex(low)?),
        _ => None,
    });
    escapes.collect()
}

/// `/health?token=x`, an address without its host.
pub(super) fn local<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: &Text<'a>) {
    let body = 0..text.len();
    let mask = masked(text, &body);
    query(finder, at, &mask, 0, &|part| text.slice(part));
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_value as check;

    #[test]
    fn the_password_before_the_host() {
        check("postgres://app:quiet-Otter-7@db:5432/app", &["quiet-Otter-7"]);
        check("redis://:quiet-Otter-7@cache/0", &["quiet-Otter-7"]);
        check("postgresql://a:p%40ss%2Fw0rd9@h/db", &["p%40ss%2Fw0rd9"]);
        check("mongodb://a:quiet-Otter-7@h1:27017,h2:27017/db", &["quiet-Otter-7"]);
        check("amqp://a:quiet-Otter-7@r1//;amqp://a:quiet-Otter-8@r2//", &["quiet-Otter-7", "quiet-Otter-8"]);
        check("http://a:quiet-Otter-7@[::1]:80/", &["quiet-Otter-7"]);
        check("jdbc:mysql://a:quiet-Otter-7@h/db", &["quiet-Otter-7"]);
        check("postgres://a:quiet-Otter-7@/db?host=/run/pg", &["quiet-Otter-7"]);
        check("amqp://guest:guest@mq:5672/", &["guest"]);
        let id = concat!("AKIA", "MLDSOVNYOMHLBT2P");
        check(&format!("aws://{id}:quiet-Otter-7@/?region_name=x"), &[id, "quiet-Otter-7"]);
        check("?sv=2022&sig=AU7zFDR97APhFZ3E%3D", &["AU7zFDR97APhFZ3E%3D"]);
        check("postgres://a:quiet\"Otter'7@db/app", &["quiet\"Otter'7"]);
    }

    #[test]
    fn what_people_forget_to_escape() {
        check("postgres://app:pa/ss#W0rd?1@db/app", &["pa/ss#W0rd?1"]);
        check("postgres://app:p@ss-W0rd9@db:5432/app", &["p@ss-W0rd9"]);
        check("https://ci:pa/ss-W0rd9@git.example.net/x.git", &["pa/ss-W0rd9"]);
    }

    #[test]
    fn urls_without_a_password() {
        for url in [
            "https://example.net:8443/@scope/pkg",
            "https://example.net/?mail=a:b@example.net",
            "rtsp://@192.0.2.1/11",
            "ssh://git@example.net:2222/x.git",
            "https://0123456789abcdef0123456789abcdef@o1.ingest.example.net/5",
            "postgres://user:password@host/db",
            "postgres://app@db/app?sslmode=require",
            "postgres://%s:%s@db/app",
            "postgres://{user}:{password}@db/app",
            "postgres://app:<password>@db/app",
            "https://example.net/d/50f85186-d705-4efb-a572-9141258935af/edit?usp=sharing",
        ] {
            check(url, &[]);
        }
    }

    #[test]
    fn secrets_in_queries_and_paths() {
        check("https://h.example.net/a?x=1&token=c10bab6d85ad67272a4e&y=2", &["c10bab6d85ad67272a4e"]);
        check("https://h.example.net/a?key=sG4w8J7fzQV6TCuiIe1T", &["sG4w8J7fzQV6TCuiIe1T"]);
        check("https://h.example.net/a?key=orders&auth=none", &[]);
        check("/health?auth=c10bab6d85ad67272a4e", &["c10bab6d85ad67272a4e"]);
        check("https://b.example.net/reset?token=:token", &[]);
        check("https://b.example.net/write?u=ops&p=quiet-Otter-7", &["quiet-Otter-7"]);
        check("https://b.example.net/list?q=ops&p=quiet-Otter-7", &[]);
        check("https://b.example.net/c?sv=2022&sig=AU7zFDR97APhFZ3E%3D", &["AU7zFDR97APhFZ3E%3D"]);
        check("jdbc:postgresql://h/db?user=a&password=quiet-Otter-7", &["quiet-Otter-7"]);
        check("jdbc:sqlserver://h:1433;user=sa;password=quiet-Otter-7", &["quiet-Otter-7"]);
        check("jdbc:sqlserver://h:1433;user=sa;password=quiet,Otter&7;encrypt=true", &["quiet,Otter&7"]);
        check("jdbc:db2://h:50000/d:user=a;password=quiet%2COtter;", &["quiet%2COtter"]);
        check(
            concat!("https://hooks.sl", "ack.com/services/T0KO2MY4/B0CJ9I5/5zzPpTkMzZQRLh8N3x6"),
            &["T0KO2MY4/B0CJ9I5/5zzPpTkMzZQRLh8N3x6"],
        );
        check(concat!("https://hooks.sl", "ack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXX"), &[]);
        check(
            "https://hc.example.net/ping/b4e725ba-6ae5-4f25-a748-ba441f9eed82",
            &["b4e725ba-6ae5-4f25-a748-ba441f9eed82"],
        );
    }
}
