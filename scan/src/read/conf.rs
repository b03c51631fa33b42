//! Words a line: `redis.conf`, `nginx.conf`, `Corefile`, `haproxy.cfg`, `.netrc`.

use std::ops::Range;

use super::{actions, ini, lines::Lines, references::Dollars, value, words::words};
use crate::{At, Finder, Layer, Place, Text, embedded};

/// How many words of a line are looked at: what has more is data.
const MAX_WORDS: usize = 64;

pub(super) fn document<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: Text<'a>) {
    let text = actions::marked(text);
    if text.as_str().contains("LoginModule") {
        // Java's login modules: words, and passwords under the names of users.
        embedded::script(finder, at, text);
        return;
    }
    let mut lines = Lines::new(&text);
    // What nginx' map compares with what a caller sends.
    let mut compared: Option<String> = None;
    while let Some(line) = lines.next_line() {
        if let Some(name) = compared.as_deref() {
            let words = words(&text, line.clone(), None);
            match words
                .first()
                .filter(|it| !matches!(it.as_str(), "default" | "volatile" | "include" | "hostnames"))
            {
                Some(word) if word.as_str().starts_with('}') => compared = None,
                Some(word) => finder.value(&at.key(name.to_owned()), word.slice(0..word.len())),
                None => {}
            }
            continue;
        }
        compared = map_of(lines.str(line.clone()));
        if matches!(lines.byte(line.start, line.end), Some(b'#' | b';')) {
            lines.tell_comment(finder, &at.key(""), line, b"#;");
            continue;
        }
        let Some(start) = lines.behind_actions(line.clone()) else { continue };
        let line = start..line.end;
        if lines.pem(finder, at, &line) || ini::section_of(lines.str(line.clone())).is_some() {
            continue;
        }
        let line = without_comment(finder, at, &lines, line);
        match is_pair(&lines, &line) {
            Some((key, from)) => {
                let end = line.end - lines.str(line.clone()).ends_with(';') as usize;
                let end = from + ini::without_continuation(lines.str(from..end.max(from))).len();
                let value = unquoted(&lines, lines.trimmed(from..end.max(from)));
                value::bring(finder, &at.key(lines.str(key)), value, Dollars::Braced);
            }
            None => directive(finder, at, &lines, line),
        }
    }
}

/// `map $http_x_api_key $partner {`: whose values stand first in each line that follows.
fn map_of(line: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    let name = words.next().filter(|it| *it == "map").and(words.next())?.strip_prefix('$')?;
    let name = name.strip_prefix("http_").unwrap_or(name);
    (line.trim_end().ends_with('{') && embedded::names_secret(name)).then(|| name.to_owned())
}

/// A comment behind a line is brought, but for the hash of a password that Redis marks so.
fn without_comment<'a>(
    finder: &mut Finder<'a>,
    at: &At<'_>,
    lines: &Lines<'_, 'a>,
    line: Range<usize>,
) -> Range<usize> {
    let Some(comment) = lines.comment(line.clone(), b"#") else { return line };
    let word = lines.str(comment + 1..line.end).split_whitespace().next().unwrap_or("");
    if is_digest(word) {
        return line;
    }
    lines.tell_comment(finder, &at.key(""), comment..line.end, b"#");
    lines.trimmed(line.start..comment)
}

fn is_digest(word: &str) -> bool {
    word.len() == 64 && word.bytes().all(|it| it.is_ascii_hexdigit())
}

/// `key = value` in a file of words.
fn is_pair(lines: &Lines<'_, '_>, line: &Range<usize>) -> Option<(Range<usize>, usize)> {
    let (key, from) = ini::pair(lines, line.clone())?;
    let is_word = !lines.str(key.clone()).contains([' ', '\t', '{', '(', '"']);
    is_word.then_some((key, from))
}

fn unquoted<'a>(lines: &Lines<'_, 'a>, part: Range<usize>) -> Text<'a> {
    let is_quoted = part.len() > 1
        && matches!(lines.byte(part.start, part.end), Some(b'"' | b'\''))
        && lines.bytes.get(part.start) == lines.bytes.get(part.end - 1);
    let inner = if is_quoted { part.start + 1..part.end - 1 } else { part };
    lines.text.slice(inner).within(if is_quoted { Layer::Ini } else { Layer::Bare })
}

/// Each word is what the word before it names: which of them is a name, the judge will know.
fn directive<'a>(finder: &mut Finder<'a>, at: &At<'_>, lines: &Lines<'_, 'a>, line: Range<usize>) {
    let end = end_of_directive(lines.str(line.clone()));
    let mut words = words(lines.text, line.start..line.start + end, None);
    words.truncate(MAX_WORDS);
    let first = words.first().map(|it| it.as_str().to_owned()).unwrap_or_default();
    if let ([word], true) = (words.as_slice(), first.contains("://")) {
        // An entry of a list, as NATS writes its routes.
        value::bring(finder, &at.key(""), word.clone(), Dollars::Braced);
        return;
    }
    let lower = first.to_ascii_lowercase();
    if is_pam(&lower, words.get(1).map_or("", |it| it.as_str())) {
        return;
    }
    if lower == "map" && words.get(1).is_some_and(|it| it.as_str().starts_with('$')) {
        // nginx' from one variable to another.
        return;
    }
    if lower == "if" {
        // nginx compares with what a caller must know.
        embedded::script(finder, at, lines.text.slice(line));
        return;
    }
    embedded::escaped_headers(finder, at, &lines.text.slice(line.clone()));
    compared(finder, at, &words);
    if embedded::is_positional(&words) {
        finder.words(at, words);
        return;
    }
    let place = match lower.as_str() {
        _ if lower.ends_with("header") => Place::Header,
        "env" | "setenv" | "fastcgi_param" | "uwsgi_param" | "passenv" => Place::Env,
        _ => at.place,
    };
    if place != Place::Env {
        words.iter().skip(1).for_each(|it| assigned(finder, at, it));
    }
    // In `machine x login y password z` what is behind `login` is a user, whatever it is called.
    let names_login = matches!(lower.as_str(), "machine" | "login" | "default");
    // `unix password sync = no` of Samba: a name of several words.
    let is_block = words.iter().any(|it| it.as_str().contains('{'));
    let sign = words.iter().position(|it| it.as_str() == "=").filter(|it| *it > 1 && !is_block);
    for (index, pair) in words.windows(2).enumerate() {
        let [name, word] = pair else { continue };
        if sign.is_some_and(|it| index + 1 < it) {
            continue;
        }
        let before = index.checked_sub(1).and_then(|it| words.get(it));
        if names_login && before.is_some_and(|it| matches!(it.as_str(), "login" | "account")) {
            continue;
        }
        // `client x { secret = y }` on one line.
        let name = before.filter(|_| matches!(name.as_str(), "=" | "=>")).unwrap_or(name);
        // What another tool fills in names nothing, whatever that tool calls it, nor does a matcher of Caddy, or the keys
        // (`%R~token:*`) that a user of Redis may read.
        if !name.has_literal() || name.as_str().starts_with(['@', '%', '~']) || name.as_str().ends_with('\\')
        {
            continue;
        }
        // A setting is whole by itself, and so is an entry of a list: neither names what is behind it.
        if name.as_str().contains(['=', '[']) || name.as_str().ends_with(',') {
            continue;
        }
        // `{user: x, password: y}`
        let is_entry = name.as_str().ends_with(':');
        let word = &word.slice(0..if is_entry { end_of_entry(word.as_str()) } else { word.len() });
        let name = match name.as_str().strip_suffix(':') {
            Some(entry) => entry.trim_start_matches('{'),
            None => name.as_str(),
        };
        let at = At { place, ..at.key(name.to_owned()) };
        // `env KEY=value`
        match word.as_str().split_once('=') {
            Some((key, rest)) if place == Place::Env => {
                let at = At { place, ..at.key(key.to_owned()) };
                value::bring(finder, &at, word.slice(word.len() - rest.len()..word.len()), Dollars::Braced);
            }
            _ if lower == "user" && is_marked(word.as_str()) => {
                let user = words.get(1).map_or("", |it| it.as_str());
                let what = if word.as_str().starts_with('>') { "password" } else { "password hash" };
                let at = at.key(format!("{first} {user} {what}"));
                finder.value(&at, word.slice(1..word.len()));
            }
            _ => value::bring(finder, &at, word.clone(), Dollars::Braced),
        }
    }
}

/// `req.hdr(X-Api-Key) -m str VALUE` of HAProxy, `@ok header X-Api-Key VALUE` of Caddy: what a caller must send.
fn compared<'a>(finder: &mut Finder<'a>, at: &At<'_>, words: &[Text<'a>]) {
    for (index, word) in words.iter().enumerate() {
        let Some((function, name)) = word.as_str().split_once('(') else { continue };
        let Some(name) = name.strip_suffix(')').map(|it| it.split([',', ')']).next().unwrap_or(it)) else {
            continue;
        };
        if !function.ends_with("hdr") || !embedded::names_secret(name) {
            continue;
        }
        let behind: Vec<&str> = words.iter().skip(index + 1).map(Text::as_str).collect();
        // How it is compared stands before the value; most ways compare with something else than the whole.
        let skipped = match behind.as_slice() {
            ["-m", "str", ..] | ["-i", "-m", "str", ..] => {
                behind.iter().take_while(|it| it.starts_with('-') || **it == "str").count()
            }
            ["-i", word, ..] if !word.starts_with('-') => 1,
            [word, ..] if !word.starts_with('-') && *word != "}" => 0,
            _ => continue,
        };
        if let Some(value) = words.get(index + 1 + skipped).filter(|it| it.as_str() != "}") {
            finder.value(&At { place: Place::Header, ..at.key(name.to_owned()) }, value.clone());
        }
    }
}

/// Where the marks begin that end a line or open a block; the brace of `${X}` is none of them.
fn end_of_directive(line: &str) -> usize {
    let mut rest = line;
    loop {
        let trimmed = rest.trim_end_matches([';', '{', ' ', '\t']);
        let word = trimmed.rsplit([' ', '\t']).next().unwrap_or("");
        match trimmed.strip_suffix('}') {
            Some(before) if !word.contains('{') => rest = before,
            _ => return trimmed.len(),
        }
    }
}

/// Where a value ends that others or the end of its map stand right behind.
fn end_of_entry(word: &str) -> usize {
    word.trim_end_matches([',', '}', ']']).len()
}

/// `bindpasswd="x"` among the words of a line.
fn assigned<'a>(finder: &mut Finder<'a>, at: &At<'_>, word: &Text<'a>) {
    let written = word.as_str();
    let Some((name, rest)) = written.split_once('=') else { return };
    let is_name = !name.is_empty() && name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_');
    let inner = rest.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or(rest);
    if is_name && !inner.is_empty() {
        let start = name.len() + 1 + usize::from(inner.len() < rest.len());
        let value = word.slice(start..start + inner.len());
        value::bring(finder, &at.key(name.to_owned()), value, Dollars::Braced);
    }
}

/// `>password` and `#hash` of a user of Redis.
fn is_marked(word: &str) -> bool {
    word.len() > 1 && word.starts_with('>') || word.strip_prefix('#').is_some_and(is_digest)
}

/// `password required pam_unix.so`
fn is_pam(first: &str, second: &str) -> bool {
    matches!(first.trim_start_matches('-'), "auth" | "account" | "password" | "session")
        && (matches!(second, "required" | "requisite" | "sufficient" | "optional" | "include" | "substack")
            || second.starts_with('['))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::{
        Place::{self, Attribute, Env, Header},
        brought::{brought, texts, values},
    };

    #[track_caller]
    fn check(file: &str, expected: &[(&str, Place, &str)]) {
        let expected: Vec<_> = expected.iter().map(|it| (it.0, it.1, None, it.2)).collect();
        values("redis.conf", file, &expected);
        values("redis.conf", &file.replace('\n', "\r\n"), &expected);
    }

    #[test]
    fn words_name_the_next() {
        check(
            "a b\nc \"d e\"\n  f g;\nh = i\nj: \"k\";\n}\n",
            &[
                ("a", Attribute, "b"),
                ("c", Attribute, "d e"),
                ("f", Attribute, "g"),
                ("h", Attribute, "i"),
                ("j", Attribute, "k"),
            ],
        );
        check(
            "machine a login b password c\n",
            &[
                ("machine", Attribute, "a"),
                ("a", Attribute, "login"),
                ("login", Attribute, "b"),
                ("password", Attribute, "c"),
            ],
        );
        check(
            "a b { c = d  e = f }\n",
            &[
                ("a", Attribute, "b"),
                ("b", Attribute, "{"),
                ("{", Attribute, "c"),
                ("c", Attribute, "="),
                ("c", Attribute, "d"),
                ("d", Attribute, "e"),
                ("e", Attribute, "="),
                ("e", Attribute, "f"),
            ],
        );
        check(
            "proxy_set_header X-A \"b $c\";\nenv D=e;\n",
            &[("proxy_set_header", Header, "X-A"), ("X-A", Header, "b $c"), ("D", Env, "e")],
        );
        check("password required pam_unix.so\n", &[]);
        check("password ${NAME}\n", &[]);
        check(
            "login=a, \\\npassword=b \\\nc.d\n",
            &[("login", Attribute, "a"), ("password", Attribute, "b")],
        );
        check("a b;}\n", &[("a", Attribute, "b")]);
        check("map $http_x_api_key $ok {\n", &[]);
        check(
            "a {b: c, d: \"e\"}\n",
            &[("a", Attribute, "{b:"), ("b", Attribute, "c"), ("d", Attribute, "e")],
        );
    }

    #[test]
    fn users_of_redis_are_marked() {
        let hash = "0123456789abcdef".repeat(4);
        let file = format!("user a on >b #{hash} ~c:* # d\n");
        let all = brought("redis.conf", &file);
        let users: Vec<_> =
            all.iter().filter(|it| it.key.starts_with("user a ")).map(|it| it.text.as_str()).collect();
        assert_eq!(users, ["b", hash.as_str()]);
        texts("redis.conf", "# a b\nc d # e\nf #g\n", "comment", &[" a b", " e", "g"]);
    }

    proptest! {
        #[test]
        fn any_text_is_read(file in "\u{feff}?([a-cé=:\"'#;\\[\\]\\\\$> {}]|\n|\r\n|user |env |\\{\\{|\\}\\}){0,60}") {
            brought("redis.conf", &file);
        }
    }
}
