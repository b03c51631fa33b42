//! Lines that hold a login and nothing else, each after the rules of the program that reads them.

use std::ops::Range;

use super::{
    candidate::{Role, is_user, looks_secret, named, secret},
    programs, shell,
};
use crate::{At, Finder, Text};

/// Lines of `user:password`.
pub(super) fn logins<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: &Text<'a>) {
    for range in text.lines() {
        password_of(finder, at, &text.slice(range));
    }
}

/// `"user" "password"` lines of pgbouncer.
pub(super) fn user_list<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: &Text<'a>) {
    for range in text.lines() {
        let line = text.slice(range);
        let commands = shell::line(&line, 0, line.len()).commands;
        if let Some([_, password]) = commands.first().map(|it| it.words.as_slice()) {
            secret(finder, at, Role::Password, password);
        }
    }
}

/// `client server secret addresses` lines of PPP.
pub(super) fn chap_secrets<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: &Text<'a>) {
    for range in text.lines() {
        let line = text.slice(range);
        if let Some(command) = shell::line(&line, 0, line.len()).commands.first()
            && let Some(word) = command.words.get(2)
        {
            secret(finder, at, Role::Password, word);
        }
    }
}

/// Where the key of a line stands, and what it is called.
type Key = (Range<usize>, &'static str);

/// Files of keys and digests, which are told by their names: each line is one.
pub(super) fn keys<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: &Text<'a>) {
    let name = programs::base(&at.key);
    let name = name.rsplit('.').next().filter(|it| *it != "txt").unwrap_or(name);
    let read: fn(&str) -> Option<Key> = match name {
        "htdigest" => of_digest,
        "cookie" if at.key.ends_with(".erlang.cookie") => of_erlang,
        "keys" if at.key.ends_with("chrony.keys") || at.key.ends_with("ntp.keys") => of_clock,
        "password" if at.key.contains("jmx") => of_java,
        "key" if at.key.ends_with("signing.key") => of_matrix,
        _ if at.key.contains("psk") => of_psk,
        _ => return,
    };
    for range in text.lines() {
        let line = text.slice(range).trim();
        if let Some((part, what)) = read(line.as_str()).filter(|_| !line.as_str().starts_with('#')) {
            named(finder, &at.key(what), what, false, &line.slice(part));
        }
    }
}

/// `user:realm:hash` of Apache.
fn of_digest(line: &str) -> Option<Key> {
    let (_, hash) = line.rsplit_once(':').filter(|it| it.0.contains(':'))?;
    Some((line.len() - hash.len()..line.len(), "password_hash"))
}

/// `identity:hex` of Mosquitto and others that speak TLS with a shared key.
fn of_psk(line: &str) -> Option<Key> {
    let (identity, key) = line.split_once(':')?;
    let is_key = key.len() >= 16 && key.bytes().all(|it| it.is_ascii_hexdigit());
    (is_key && is_user(identity)).then(|| (identity.len() + 1..line.len(), "encryption_key"))
}

/// `ed25519 a_ID key`, by which a Matrix server signs.
pub(super) fn of_matrix(line: &str) -> Option<Key> {
    let key = line.strip_prefix("ed25519 a_")?.split(' ').nth(1)?.trim_end();
    (key.len() == 43).then(|| (line.trim_end().len() - key.len()..line.trim_end().len(), "signing_key"))
}

/// `role password` of Java's management.
fn of_java(line: &str) -> Option<Key> {
    let (role, password) = line.split_once(char::is_whitespace)?;
    let password = password.trim_start();
    (is_user(role) && !password.contains(' ')).then(|| (line.len() - password.len()..line.len(), "password"))
}

/// The one word by which Erlang's nodes know one another.
fn of_erlang(line: &str) -> Option<Key> {
    (!line.is_empty() && !line.contains(' ')).then_some((0..line.len(), "erlang_cookie"))
}

/// `number kind key` of chrony and ntpd.
fn of_clock(line: &str) -> Option<Key> {
    let mut words = line.split_whitespace();
    words.next()?.parse::<u32>().ok()?;
    let key = words.nth(1)?;
    let key = ["HEX:", "ASCII:"].iter().find_map(|it| key.strip_prefix(it)).unwrap_or(key);
    let start = line.rfind(key)?;
    Some((start..start + key.len(), "encryption_key"))
}

/// The password of a `user:password` line.
pub(super) fn password_of<'a>(finder: &mut Finder<'a>, at: &At<'_>, line: &Text<'a>) {
    let line = line.trim();
    if let Some((user, rest)) = line.as_str().split_once(':') {
        let password = line.slice(user.len() + 1..user.len() + 1 + rest.len());
        secret(finder, at, Role::Password, &password.trim());
    }
}

/// `host:port:database:user:password` lines.
pub(super) fn pgpass<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: &Text<'a>) {
    for range in text.lines() {
        let line = text.slice(range).trim();
        let written = line.as_str();
        let mut colons = Vec::new();
        let mut escaped = false;
        for (place, byte) in written.bytes().enumerate() {
            if byte == b':' && !escaped {
                colons.push(place);
            }
            escaped = byte == b'\\' && !escaped;
        }
        if let [_, _, _, last] = colons.as_slice()
            && !written.starts_with('#')
        {
            secret(finder, at, Role::Password, &line.slice(last + 1..line.len()));
        }
    }
}

/// `[host]:587`; a link of Markdown has no number.
pub(super) fn is_bracketed_host(line: &str) -> bool {
    let end = line.strip_prefix('[').and_then(|it| it.find("]:"));
    end.is_some_and(|end| line.get(end + 3..).is_some_and(|it| it.starts_with(|c: char| c.is_ascii_digit())))
}

/// The password of a value that is all of such a line.
pub(super) fn login_line<'a>(finder: &mut Finder<'a>, at: &At<'_>, value: &Text<'a>) -> bool {
    let before = finder.count();
    if is_login_map(value.as_str()) {
        login_map(finder, at, &value.trim());
    }
    finder.count() > before
}

/// `host user@domain:password` of Postfix, `host:user@domain:password` of Exim.
pub(super) fn is_login_map(line: &str) -> bool {
    let line = line.trim();
    if is_bracketed_host(line) {
        return line.contains('@');
    }
    let Some((host, login)) = line.split_once([' ', '\t', ':']) else { return false };
    let Some((user, password)) = login.trim_start().split_once(':') else { return false };
    let is_host = |it: &str| {
        it.contains('.')
            && it.starts_with(|c: char| c.is_ascii_alphanumeric())
            && it.bytes().all(|it| it.is_ascii_alphanumeric() || b".-".contains(&it))
    };
    let is_mail = user.split_once('@').is_some_and(|(name, domain)| {
        !name.is_empty() && is_user(name) && is_host(domain) && !name.contains(' ')
    });
    is_host(host) && is_mail && !password.is_empty() && !password.contains([' ', '/'])
}

/// `user:{PLAIN}password:uid:gid` of Dovecot.
pub(super) fn plain_schemes<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: &Text<'a>) {
    let whole = text.as_str();
    for mark in [":{PLAIN}", ":{CLEARTEXT}", ":{CLEAR}"] {
        for start in memchr::memmem::find_iter(whole.as_bytes(), mark).map(|it| it + mark.len()) {
            let rest = whole.get(start..).unwrap_or("");
            let length = rest.find([':', '\n', '\r', ' ', '"']).unwrap_or(rest.len());
            secret(finder, &at.key("password"), Role::Password, &text.slice(start..start + length));
        }
    }
}

/// Postfix' `[host]:587 user@domain:password`.
pub(super) fn login_map<'a>(finder: &mut Finder<'a>, at: &At<'_>, line: &Text<'a>) {
    let written = line.as_str();
    let Some(space) = written.find([' ', '\t']) else {
        // `host:user@domain:password`
        if let Some(colon) =
            written.rfind(':').filter(|it| written.get(..*it).is_some_and(|it| it.contains('@')))
        {
            secret(finder, &at.key("sasl_passwd"), Role::Password, &line.slice(colon + 1..line.len()));
        }
        return;
    };
    let login = written.get(space..).unwrap_or("").trim_start();
    let is_host = written
        .get(..space)
        .is_some_and(|it| it.bytes().all(|it| it.is_ascii_alphanumeric() || b"[]:.-_@*".contains(&it)));
    if let Some((user, password)) = login.split_once(':').filter(|it| is_host && is_user(it.0))
        && !password.contains(' ')
    {
        let start = written.len() - login.len() + user.len() + 1;
        secret(finder, &at.key("sasl_passwd"), Role::Password, &line.slice(start..line.len()));
    }
}

/// `: PSK "x"` of IPsec, and what an `expect` script sends.
pub(super) fn quoted_keys<'a>(finder: &mut Finder<'a>, at: &At<'_>, line: &Text<'a>) {
    let written = line.as_str();
    for (mark, key) in
        [("PSK \"", "PSK"), ("XAUTH \"", "XAUTH"), ("EAP \"", "EAP"), ("PSK '", "PSK"), ("PSK 0", "PSK")]
    {
        if let Some(start) = written.find(mark).map(|it| it + mark.len()) {
            // A number has its mark, and no quotes.
            let start = start - usize::from(mark.ends_with('0'));
            let rest = written.get(start..).unwrap_or("");
            let length =
                rest.find(if mark.ends_with('0') { [' ', '\t'] } else { ['"', '\''] }).unwrap_or(rest.len());
            secret(finder, &at.key(key), Role::Password, &line.slice(start..start + length));
        }
    }
    if let Some(start) = written.find("AUTH\\ ").map(|it| it + 6) {
        let length =
            written.get(start..).and_then(|it| it.find(['\\', ' ', '"'])).unwrap_or(written.len() - start);
        secret(finder, &at.key("AUTH"), Role::Password, &line.slice(start..start + length));
    }
    if written.contains("assword")
        && let Some(start) = written.find("send \"").map(|it| it + 6)
        && let Some(length) = written.get(start..).and_then(|it| it.find(['"', '\\']))
        && looks_secret(written.get(start..start + length).unwrap_or(""))
    {
        secret(finder, &at.key("send"), Role::Password, &line.slice(start..start + length));
    }
}

#[cfg(test)]
mod tests {
    #[track_caller]
    fn check(file: &str, source: &str, expected: &[&str]) {
        let found = crate::scan(file, source);
        assert_eq!(found.iter().map(|it| it.span.of(source)).collect::<Vec<_>>(), expected, "{file}");
    }

    #[test]
    fn files_of_keys_are_told_by_their_names() {
        let (digest, key) = ("d51983ebf7c99c18fa6eb9eb2b67d8b0", "6e7577496a2c8773e130f7eb19731662");
        check("dav.htdigest", &format!("ann:DAV:{digest}\n"), &[digest]);
        check("psk.txt", &format!("# identity:key\ngw-01:{key}\n"), &[key]);
        check("psk.txt", "see the wiki: there\n", &[]);
        check(".erlang.cookie", "KQWERTZUIOPASDFGHJKL", &["KQWERTZUIOPASDFGHJKL"]);
        check("chrony.keys", &format!("1 SHA1 HEX:{key}\n"), &[key]);
        check("jmxremote.password", "monitorRole heron-44\n", &["heron-44"]);
        check("sums.txt", &format!("gw-01:{key}\n"), &[]);
    }
}
