//! TOML, as far as its values go: what is wrong in one line does not hide the next.

use std::ops::Range;

use memchr::memmem;

use super::{actions, ini::section_of, lines::Lines, references::Dollars, value};
use crate::{At, Decoder, Finder, Layer, Place, Text, embedded, judge::names};

/// A key over more bytes is none.
const MAX_KEY: usize = 1024;

/// Tables within tables; deeper ones are laid into the deepest.
const MAX_DEPTH: usize = 64;

pub(super) fn document<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: Text<'a>) {
    let text = actions::marked(text);
    let mut reader = Reader { finder, at, lines: Lines::new(&text), table: String::new(), line: 0..0 };
    while let Some(line) = reader.lines.next_line() {
        reader.line(line);
    }
}

struct Reader<'f, 't, 'a> {
    finder: &'f mut Finder<'a>,
    at: &'f At<'f>,
    lines: Lines<'t, 'a>,
    /// Of the last header.
    table: String,
    /// The line that was looked at last: a long one is not measured for each value in it.
    line: Range<usize>,
}

/// A table or an array that is open.
struct Open {
    is_table: bool,
    /// How long the path was before it.
    path: usize,
}

impl<'a> Reader<'_, '_, 'a> {
    fn line(&mut self, line: Range<usize>) {
        if self.lines.byte(line.start, line.end) == Some(b'#') {
            return self.comment(line);
        }
        let Some(start) = self.lines.behind_actions(line.clone()) else { return };
        let line = start..line.end;
        if let Some(name) = section_of(self.lines.str(line.clone())) {
            self.table = name.replace('"', "");
            return;
        }
        match self.key(line.start, line.end) {
            Some((name, from)) => {
                let path = joined(&self.table, name);
                let end = self.value(path, from);
                self.lines.skip_to(end);
            }
            None => {
                embedded::script(self.finder, &self.at.key(self.table.as_str()), self.lines.text.slice(line))
            }
        }
    }

    fn comment(&mut self, line: Range<usize>) {
        let at = self.at.key(self.table.as_str());
        self.lines.tell_comment(self.finder, &at, line, b"#");
    }

    /// The key that begins here, and where its value does.
    fn key(&self, start: usize, end: usize) -> Option<(String, usize)> {
        let mut at = start;
        let mut key = String::new();
        loop {
            at += self.lines.spaces(at, end);
            let part = match self.lines.byte(at, end)? {
                quote @ (b'"' | b'\'') => {
                    let close = self.lines.close(at, end, quote, quote == b'"')?;
                    let part = at + 1..close;
                    at = close + 1;
                    part
                }
                _ => {
                    let rest = self.lines.str(at..end);
                    let is_name = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-' | b'/');
                    let len = rest.bytes().take_while(|it| is_name(*it)).count();
                    at += len;
                    at - len..at
                }
            };
            if part.is_empty() {
                return None;
            }
            key = joined(&key, self.lines.str(part).to_owned());
            at += self.lines.spaces(at, end);
            match self.lines.byte(at, end)? {
                b'.' => at += 1,
                b'=' => return Some((key, at + 1)),
                _ => return None,
            }
        }
    }

    /// Reads a value with all that lies in it. Answers where it ends.
    fn value(&mut self, path: String, start: usize) -> usize {
        let mut path = path;
        let mut open: Vec<Open> = Vec::new();
        let mut deeper = 0_usize;
        // The words of a command, where an array is one.
        let mut words: Vec<Text<'a>> = Vec::new();
        let is_command = is_command(&path);
        let may_be = names::telling(path.rsplit('.').next().unwrap_or("")).is_none();
        let mut at = start;
        let total = self.lines.bytes.len();
        while let Some(byte) = self.lines.bytes.get(at).copied() {
            match byte {
                b'\n' if open.is_empty() && deeper == 0 => return at,
                b' ' | b'\t' | b'\r' | b'\n' | b',' => at += 1,
                b'#' => {
                    let end = at
                        + memchr::memchr(b'\n', self.lines.bytes.get(at..).unwrap_or(&[]))
                            .unwrap_or(total - at);
                    let comment = self.lines.trimmed(at..end);
                    self.comment(comment);
                    at = end;
                }
                b'[' | b'{' if open.len() >= MAX_DEPTH => {
                    deeper += 1;
                    at += 1;
                }
                b'[' | b'{' if self.lines.hole(at).is_none() => {
                    open.push(Open { is_table: byte == b'{', path: path.len() });
                    at += 1;
                }
                b']' | b'}' if deeper > 0 => {
                    deeper -= 1;
                    at += 1;
                }
                b']' | b'}' => {
                    match open.pop() {
                        Some(it) => path.truncate(it.path),
                        None => return at + 1,
                    }
                    at += 1;
                    if open.is_empty() {
                        break;
                    }
                }
                _ => {
                    if let Some(top) = open.last().filter(|it| it.is_table) {
                        path.truncate(top.path);
                        match self.key(at, total.min(at + MAX_KEY)) {
                            Some((name, behind)) => {
                                path = joined(&path, name);
                                at = behind + self.lines.spaces(behind, total);
                                if let Some(b'[' | b'{') = self.lines.byte(at, total) {
                                    continue;
                                }
                            }
                            None => return self.line_end(at),
                        }
                    }
                    let (text, end) = self.scalar(at, !open.is_empty());
                    at = end.max(at + 1);
                    match text {
                        // Whatever it is called, what begins with a flag goes on as a command does.
                        Some(text)
                            if (is_command || !words.is_empty() || is_flag(text.as_str()) && may_be)
                                && matches!(open.as_slice(), [it] if !it.is_table) =>
                        {
                            words.push(text)
                        }
                        Some(text) => self.bring(&path, text),
                        None => {}
                    }
                    if open.is_empty() {
                        break;
                    }
                }
            }
        }
        if !words.is_empty() {
            let at = At { place: Place::Argument, ..self.place(&path) };
            self.finder.words(&at, words);
        }
        self.trailing(at)
    }

    /// The comment behind a value.
    fn trailing(&mut self, at: usize) -> usize {
        let end = self.line_end(at);
        let line = self.lines.trimmed(at..end);
        if self.lines.byte(line.start, line.end) == Some(b'#') {
            self.comment(line);
        }
        at
    }

    fn line_end(&mut self, at: usize) -> usize {
        if !self.line.contains(&at) {
            let rest = self.lines.bytes.get(at..).unwrap_or(&[]);
            self.line = at..at + memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        }
        self.line.end
    }

    fn place(&self, path: &str) -> At<'static> {
        let own = self.at.path.is_empty();
        At {
            key: path.to_owned().into(),
            path: if own { path.to_owned().into() } else { self.at.path.clone().into_owned().into() },
            place: self.at.place,
            obstacle: self.at.obstacle,
            commented: self.at.commented,
            example: self.at.example,
        }
    }

    fn bring(&mut self, path: &str, text: Text<'a>) {
        let at = self.place(path);
        let parent = path.rsplit('.').nth(1).unwrap_or("");
        let place = if matches!(parent, "env" | "environment" | "vars") { Place::Env } else { at.place };
        let at = match place {
            Place::Env => At { place, ..at.key(path.rsplit('.').next().unwrap_or("").to_owned()) },
            _ => at,
        };
        value::bring(self.finder, &at, text, Dollars::Braced);
    }

    /// A string, or a word that is none, and where it ends.
    fn scalar(&mut self, at: usize, is_within: bool) -> (Option<Text<'a>>, usize) {
        let text = self.lines.text;
        let rest = self.lines.bytes.get(at..).unwrap_or(&[]);
        for (quotes, has_escapes) in [(b"\"\"\"", true), (b"'''", false)] {
            if rest.starts_with(quotes) {
                let close = self.long_close(at + 3, quotes, has_escapes);
                let Some(close) = close else { return (None, self.line_end(at)) };
                let breaks = rest.get(3..).unwrap_or(&[]);
                let skipped =
                    if breaks.starts_with(b"\r\n") { 2 } else { usize::from(breaks.starts_with(b"\n")) };
                return (Some(self.string(at + 3 + skipped..close, has_escapes)), close + 3);
            }
        }
        if let Some(quote @ (b'"' | b'\'')) = rest.first().copied() {
            let end = self.line_end(at);
            return match self.lines.close(at, end, quote, quote == b'"') {
                Some(close) => (Some(self.string(at + 1..close, quote == b'"')), close + 1),
                None => {
                    let bare = self.lines.trimmed(at..end);
                    (Some(text.slice(bare.clone()).within(Layer::Bare)), bare.end)
                }
            };
        }
        let mut end = at;
        while let Some(byte) = self.lines.bytes.get(end) {
            if let Some(hole) = self.lines.hole(end) {
                end = hole;
                continue;
            }
            if *byte == b'\n' || *byte == b'#' || is_within && matches!(byte, b',' | b']' | b'}') {
                break;
            }
            end += 1;
        }
        let bare = self.lines.trimmed(at..end);
        (Some(text.slice(bare).within(Layer::Bare)), end)
    }

    fn long_close(&self, from: usize, quotes: &[u8], has_escapes: bool) -> Option<usize> {
        let rest = self.lines.bytes.get(from..)?;
        memmem::find_iter(rest, quotes)
            .map(|it| from + it)
            .find(|it| !has_escapes || self.lines.bytes.get(it.wrapping_sub(1)) != Some(&b'\\'))
    }

    fn string(&self, inner: Range<usize>, has_escapes: bool) -> Text<'a> {
        let text = self.lines.text;
        let inner = inner.start..inner.end.max(inner.start);
        if !has_escapes || !self.lines.str(inner.clone()).contains('\\') {
            return text.slice(inner).within(Layer::Toml);
        }
        let mut out = Decoder::new(text, Layer::Toml);
        let (mut at, mut kept) = (inner.start, inner.start);
        while at < inner.end {
            if let Some(hole) = self.lines.hole(at) {
                at = hole;
                continue;
            }
            if self.lines.bytes.get(at) != Some(&b'\\') {
                at += 1;
                continue;
            }
            let (decoded, len) = unescaped(self.lines.str(at + 1..inner.end));
            let end = (at + 1 + len).min(inner.end);
            if let Some(c) = decoded {
                out.keep(kept..at);
                out.put(c.encode_utf8(&mut [0; 4]), at..end);
                kept = end;
            } else if len > 1 {
                out.keep(kept..at);
                kept = end;
            }
            at = end.max(at + 1);
        }
        out.keep(kept..inner.end);
        out.finish()
    }
}

/// What stands behind a backslash, and its length. `None` is no escape; spaces and line ends are left out.
fn unescaped(rest: &str) -> (Option<char>, usize) {
    let hex = |len: usize| {
        let code = rest.get(1..1 + len).and_then(|it| u32::from_str_radix(it, 16).ok());
        match code.and_then(char::from_u32) {
            Some(it) => (Some(it), 1 + len),
            None => (None, 0),
        }
    };
    match rest.chars().next() {
        Some('b') => (Some('\u{8}'), 1),
        Some('t') => (Some('\t'), 1),
        Some('n') => (Some('\n'), 1),
        Some('f') => (Some('\u{c}'), 1),
        Some('r') => (Some('\r'), 1),
        Some('e') => (Some('\u{1b}'), 1),
        Some(it @ ('"' | '\\')) => (Some(it), 1),
        Some('x') => hex(2),
        Some('u') => hex(4),
        Some('U') => hex(8),
        Some(it) if it.is_ascii_whitespace() => (None, (rest.len() - rest.trim_ascii_start().len()).max(2)),
        _ => (None, 0),
    }
}

fn joined(path: &str, name: String) -> String {
    if path.is_empty() { name } else { format!("{path}.{name}") }
}

fn is_flag(word: &str) -> bool {
    word.strip_prefix("--").is_some_and(|it| it.starts_with(|c: char| c.is_ascii_alphabetic()))
}

fn is_command(path: &str) -> bool {
    matches!(path.rsplit('.').next(), Some("args" | "command" | "cmd" | "entrypoint" | "argv"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::{
        Place::{Attribute, Env},
        brought::{brought, texts, values},
    };

    #[track_caller]
    fn check(file: &str, expected: &[(&str, &str)]) {
        let expected: Vec<_> = expected.iter().map(|it| (it.0, Attribute, None, it.1)).collect();
        values("a.toml", file, &expected);
        values("a.toml", &file.replace('\n', "\r\n"), &expected);
    }

    #[test]
    fn tables_arrays_and_dotted_keys() {
        check(
            "a = \"b\"\n[c.d]\ne = 'f\\g' # h\ni.\"j k\" = 1\n[[l]]\nm = true\n",
            &[("a", "b"), ("c.d.e", "f\\g"), ("c.d.i.j k", "1"), ("l.m", "true")],
        );
        check(
            "a = { b = \"c\", d = { e = 'f' }, g = [1, \"h\"] }\ni = [\n  \"j\", # k\n  { l = \"m\" },\n]\nn = 'o'\n",
            &[("a.b", "c"), ("a.d.e", "f"), ("a.g", "1"), ("a.g", "h"), ("i", "j"), ("i.l", "m"), ("n", "o")],
        );
        values("a.toml", "[a.env]\nB = 'c'\n", &[("B", Env, None, "c")]);
        texts("a.toml", "args = ['-a', \"b\"]", "words", &["-a", "b"]);
        texts("a.toml", "a = ['b', '--c', \"d\"]", "words", &["--c", "d"]);
        texts("a.toml", "passwords = ['--c', \"d\"]", "words", &[]);
        texts("a.toml", "# a\nb = 1 # c\nd = [\n# e\n]\n", "comment", &[" a", " c", " e"]);
    }

    #[test]
    fn strings_are_decoded() {
        check(
            "a = \"b\\\"\\u00e9\\t\"\nc = '''\nd\\'''\ne = \"f\ng = \"\\q\"\n",
            &[("a", "b\"é\t"), ("c", "d\\"), ("e", "\"f"), ("g", "\\q")],
        );
        check("a = \"\"\"\\\n   b \\\n  c\"\"\"\n", &[("a", "b c")]);
        check("a = {{ b }}\nc = \"{{ d }}\"\n", &[]);
    }

    #[test]
    fn size_and_depth_end_in_time() {
        for file in [
            format!("a = {}", "[".repeat(100_000)),
            format!("a = {}", "{b = ".repeat(100_000)),
            format!("a = {}", "[{b=".repeat(200_000)),
            format!("a = [{}]", "'b',".repeat(200_000)),
            "a = \"\"\"\n".repeat(20_001),
            "a = [\n".repeat(20_000),
            "a = '\n".repeat(20_000),
        ] {
            brought("a.toml", &file);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(file in "\u{feff}?([a-cé=.:\"'#,\\[\\]\\\\$ {}u0]|\n|\r\n| = |\"\"\"|'''|\\{\\{|\\}\\}){0,60}") {
            brought("a.toml", &file);
        }
    }
}
