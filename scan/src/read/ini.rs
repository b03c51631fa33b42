//! INI and its kin: `[section]` and `key = value`, systemd's units and supervisor's programs among them.

use std::ops::Range;

use super::{
    actions,
    lines::{Lines, MAX_CONTINUED},
    references::Dollars,
    value,
    words::words,
};
use crate::{At, Finder, Format, Layer, Place, Text, embedded};

/// More is no key but a line of something else.
const MAX_KEY: usize = 200;

pub(super) fn document<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: Text<'a>) {
    let text = actions::marked(text);
    let mut lines = Lines::new(&text);
    let mut section = String::new();
    // The key that an indented line may go on with.
    let mut before = String::new();
    while let Some(line) = lines.next_line() {
        if matches!(lines.byte(line.start, line.end), Some(b'#' | b';')) {
            lines.tell_comment(finder, &at.key(section.as_str()), line, b"#;");
            continue;
        }
        let Some(start) = lines.behind_actions(line.clone()) else { continue };
        let is_indented = start > 0 && matches!(lines.bytes.get(start - 1), Some(b' ' | b'\t'));
        let line = start..line.end;
        if lines.pem(finder, &at.key(before.as_str()), &line) {
            continue;
        }
        if let Some(name) = section_of(lines.str(line.clone())) {
            name.clone_into(&mut section);
            before.clear();
            continue;
        }
        match pair(&lines, line.clone()) {
            Some((key, start)) => {
                let name = lines.str(key);
                before = if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") };
                assigned(finder, at, &mut lines, (name, &before), start..line.end);
            }
            None if is_indented && !before.is_empty() => {
                value::bring(
                    finder,
                    &at.key(before.as_str()),
                    text.slice(line).within(Layer::Ini),
                    Dollars::Braced,
                );
            }
            None => embedded::script(finder, at, text.slice(line)),
        }
    }
}

/// `[a.b]`, `[a "b"]`, `[[a]]`.
pub(super) fn section_of(line: &str) -> Option<&str> {
    let inner = line.strip_prefix('[')?;
    let (name, rest) = inner.split_once(']')?;
    let rest = rest.trim_start_matches(']').trim_start();
    let is_section = rest.is_empty() || rest.starts_with(['#', ';']);
    is_section.then(|| name.trim_start_matches('[').trim())
}

/// The key of a line, and where its value begins.
pub(super) fn pair(lines: &Lines<'_, '_>, line: Range<usize>) -> Option<(Range<usize>, usize)> {
    let bytes = lines.bytes.get(line.clone())?;
    let signs = bytes.iter().take(MAX_KEY).enumerate().filter(|it| matches!(it.1, b'=' | b':'));
    let sign = signs.map(|it| (line.start + it.0, it.1)).find(|(at, sign)| {
        let is_apart = matches!(lines.byte(at + 1, line.end), None | Some(b' ' | b'\t'));
        (**sign == b'=' || is_apart) && lines.hole(*at).is_none()
    });
    let (sign, _) = sign?;
    let mut key = lines.trimmed(line.start..sign);
    if let Some(quote @ (b'"' | b'\'')) = lines.byte(key.start, key.end)
        && key.len() > 2
        && lines.bytes.get(key.end - 1) == Some(&quote)
    {
        key = key.start + 1..key.end - 1;
    }
    // `+=` and `?=` set as well; a sentence is no key.
    if matches!(lines.bytes.get(key.end.wrapping_sub(1)), Some(b'+' | b'?' | b':')) {
        key.end -= 1;
    }
    let words = lines.str(key.clone()).split_whitespace().count();
    let behind = sign + 1 + usize::from(lines.byte(sign + 1, line.end) == Some(b'>'));
    (1..=3).contains(&words).then_some((key, behind))
}

fn assigned<'a>(
    finder: &mut Finder<'a>,
    at: &At<'_>,
    lines: &mut Lines<'_, 'a>,
    (name, key): (&str, &str),
    rest: Range<usize>,
) {
    let rest = lines.trimmed(rest);
    match name {
        "Environment" | "environment" => {
            for word in words(lines.text, rest, Some(b',')) {
                variable(finder, at, &word);
            }
        }
        "ExecStart" | "ExecStartPre" | "ExecStartPost" | "ExecStop" | "ExecReload" | "command" | "exec" => {
            let at = At { place: Place::Argument, ..at.key(name) };
            let line = continued(lines, rest);
            let text = value::opened(finder, &at, lines.text.slice(line), Dollars::Braced);
            finder.document(&at, text.within(Layer::Ini), Format::Shell);
        }
        _ => {
            let end = rest.start + without_continuation(lines.str(rest.clone())).len();
            let text = quoted(lines, rest.start..end);
            if let Some(end) = text.as_str().find(',').filter(|_| is_mailbox(name, text.as_str())) {
                value::bring(finder, &at.key(format!("{key}.pin")), text.slice(0..end), Dollars::Braced);
            }
            // `env[NAME]` of PHP's pools.
            let inner = name.strip_suffix(']').and_then(|it| it.split_once('['));
            let at = match inner {
                Some(("env", name)) => At { place: Place::Env, ..at.key(name) },
                Some((_, name)) => at.key(name),
                None => at.key(key),
            };
            value::bring(finder, &at, text, Dollars::Braced);
        }
    }
}

/// `101 => 7784,Name,mail` of Asterisk: what its owner dials to hear it stands first.
fn is_mailbox(name: &str, value: &str) -> bool {
    let mut parts = value.split(',').map(str::trim);
    let is_number = |it: &str| (3..=8).contains(&it.len()) && it.bytes().all(|it| it.is_ascii_digit());
    is_number(name)
        && parts.next().is_some_and(is_number)
        && parts.next().is_some_and(|it| it.starts_with(char::is_alphabetic))
}

fn variable<'a>(finder: &mut Finder<'a>, at: &At<'_>, word: &Text<'a>) {
    if let Some((name, value)) = word.as_str().split_once('=') {
        let at = At { place: Place::Env, ..at.key(name.to_owned()) };
        let start = word.len() - value.len();
        value::bring(finder, &at, word.slice(start..word.len()), Dollars::Named);
    }
}

/// Without the mark by which a line goes on in the next one, and the comma before it.
pub(super) fn without_continuation(value: &str) -> &str {
    match value.strip_suffix('\\').filter(|it| it.ends_with([' ', '\t', ','])) {
        Some(value) => value.trim_end().trim_end_matches(','),
        None => value,
    }
}

/// A value that goes on behind a backslash at the line's end.
fn continued(lines: &mut Lines<'_, '_>, first: Range<usize>) -> Range<usize> {
    let mut all = first;
    for _ in 0..MAX_CONTINUED {
        if !lines.str(all.clone()).ends_with('\\') || lines.is_done() {
            break;
        }
        let line = lines.raw_line();
        all.end = lines.trimmed(line.clone()).end.max(line.start);
    }
    all
}

/// A value without its quotes, or without the comment behind it.
fn quoted<'a>(lines: &mut Lines<'_, 'a>, rest: Range<usize>) -> Text<'a> {
    let text = lines.str(rest.clone());
    for quotes in ["\"\"\"", "'''"] {
        if text.starts_with(quotes) {
            let start = rest.start + 3;
            let behind = lines.bytes.get(start..lines.bytes.len().min(start + MAX_LONG)).unwrap_or(&[]);
            if let Some(close) = memchr::memmem::find(behind, quotes.as_bytes()).map(|it| start + it) {
                lines.skip_to(close);
                return lines.text.slice(start..close).within(Layer::Ini);
            }
        }
    }
    if let Some(quote @ (b'"' | b'\'' | b'`')) = lines.byte(rest.start, rest.end)
        && let Some(close) = lines.close(rest.start, rest.end, quote, quote == b'"')
    {
        let behind = lines.trimmed(close + 1..rest.end);
        if behind.is_empty() || matches!(lines.byte(behind.start, behind.end), Some(b'#' | b';' | b',')) {
            return lines.text.slice(rest.start + 1..close).within(Layer::Ini);
        }
    }
    let end = lines.comment(rest.clone(), b"#;").unwrap_or(rest.end);
    let value = lines.trimmed(rest.start..end.max(rest.start));
    lines.text.slice(value).within(Layer::Ini)
}

/// Of a value over several lines.
const MAX_LONG: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::{
        Place::{self, Attribute, Env},
        brought::{brought, texts, values},
    };

    #[track_caller]
    fn check(file: &str, expected: &[(&str, Place, &str)]) {
        let expected: Vec<_> = expected.iter().map(|it| (it.0, it.1, None, it.2)).collect();
        values("a.ini", file, &expected);
        values("a.ini", &file.replace('\n', "\r\n"), &expected);
    }

    #[track_caller]
    fn plain(file: &str, expected: &[(&str, &str)]) {
        let expected: Vec<_> = expected.iter().map(|it| (it.0, Attribute, it.1)).collect();
        check(file, &expected);
    }

    #[test]
    fn sections_are_parts_of_keys() {
        plain(
            "a = b\n[c]\nd=e\nf: g\n[h.i \"j\"]\nk l = m\n",
            &[("a", "b"), ("c.d", "e"), ("c.f", "g"), ("h.i \"j\".k l", "m")],
        );
        plain("[a]\n101 => 7784,Bo Li,b@c\n", &[("a.101.pin", "7784"), ("a.101", "7784,Bo Li,b@c")]);
        plain("[a]\n101 => 7,b\n", &[("a.101", "7,b")]);
        plain("//a/:_b=c\nd = https://e/f?g=h\n", &[("//a/:_b", "c"), ("d", "https://e/f?g=h")]);
    }

    #[test]
    fn values_without_quotes_and_comments() {
        plain(
            "a = \"b;c\" ; d\ne = '''f'''\ng = \"\"\"h#i\"\"\"\nj = k;l ; m\nn = \"o\" p\nq = $__file{/r}\n",
            &[("a", "b;c"), ("e", "f"), ("g", "h#i"), ("j", "k;l"), ("n", "\"o\" p"), ("q", "$__file{/r}")],
        );
        plain("a = `b;c`\n", &[("a", "b;c")]);
        plain("a =\n  b\n  c\nd = {{ e }}\n{{ if f }}\n", &[("a", "b"), ("a", "c")]);
    }

    #[test]
    fn units_have_variables_and_commands() {
        check(
            "[Service]\nEnvironment=A=b \"C=d e\"\nenvironment=F=\"g,h\",I=\"j\"\nenv[K] = l\n",
            &[("A", Env, "b"), ("C", Env, "d e"), ("F", Env, "g,h"), ("I", Env, "j"), ("K", Env, "l")],
        );
        texts("a.service", "ExecStart=/a --b \\\n  c\nd=e\n", "script", &["/a --b \\\n  c"]);
    }

    #[test]
    fn comments_are_brought_with_their_section() {
        let file = "[a]\n;b = c\n# d\n";
        texts("a.ini", file, "comment", &["b = c", " d"]);
        assert_eq!(brought("a.ini", file).first().map(|it| it.key.clone()), Some("a".to_owned()));
    }

    proptest! {
        #[test]
        fn any_text_is_read(file in "\u{feff}?([a-cé=:\"'#;\\[\\]\\\\$ {}]|\n|\r\n|\"\"\"|Environment=|ExecStart=|-----BEGIN |-----END |\\{\\{|\\}\\}){0,60}") {
            brought("a.ini", &file);
        }
    }
}
