//! Regular expressions in the syntax of RE2 as Go reads it, on the `regex` crate.
//!
//! The two agree but for what is rewritten here: Go's `\d`, `\s`, `\w` and `\b` know ASCII alone, `\Q...\E` quotes, and
//! within brackets `[`, `&&`, `--` and `~~` are characters.

use regex::bytes::{Regex, RegexBuilder};

use crate::error::{Outcome, refuse};
use crate::interpreter::Interpreter;
use crate::text::{Sink, Text};

pub(crate) struct Pattern(Regex);

/// What the compiled expression may take.
const COMPILED_BYTES: usize = 1 << 20;
/// What compiling counts for.
const COMPILED_STEPS: usize = 500;

impl Pattern {
    pub(crate) fn new(run: &mut Interpreter<'_, '_>, function: &str, pattern: &Text) -> Outcome<Self> {
        run.steps(COMPILED_STEPS)?;
        Self::compile(function, pattern)
    }

    fn compile(function: &str, pattern: &Text) -> Outcome<Self> {
        let rewritten = pattern.utf8().and_then(rewrite);
        let regex = rewritten.and_then(|it| RegexBuilder::new(&it).size_limit(COMPILED_BYTES).build().ok());
        regex.map_or_else(|| refuse(function, "not a regular expression"), |it| Ok(Self(it)))
    }

    pub(crate) fn is_match(&self, bytes: &[u8]) -> bool {
        self.0.is_match(bytes)
    }

    pub(crate) fn first<'b>(&self, bytes: &'b [u8]) -> Option<&'b [u8]> {
        self.0.find(bytes).map(|it| it.as_bytes())
    }

    /// At most so many matches, or all.
    pub(crate) fn all<'b>(&self, bytes: &'b [u8], most: Option<usize>) -> Vec<&'b [u8]> {
        self.ranges(bytes)
            .into_iter()
            .take(most.unwrap_or(usize::MAX))
            .filter_map(|it| bytes.get(it.0..it.1))
            .collect()
    }

    /// Where it matches. An empty match right behind another one is none, in Go as here.
    fn ranges(&self, bytes: &[u8]) -> Vec<(usize, usize)> {
        self.0.find_iter(bytes).map(|it| (it.start(), it.end())).collect()
    }

    /// Go's `Regexp.Split`.
    pub(crate) fn split<'b>(&self, bytes: &'b [u8], most: Option<usize>) -> Vec<&'b [u8]> {
        if most == Some(0) {
            return Vec::new();
        }
        if bytes.is_empty() && !self.0.as_str().is_empty() {
            return vec![bytes];
        }
        let mut parts = Vec::new();
        let (mut start, mut end) = (0, 0);
        for (from, to) in self.ranges(bytes) {
            if most.is_some_and(|it| parts.len() + 1 == it) {
                break;
            }
            end = from;
            if to != 0 {
                parts.push(bytes.get(start..end).unwrap_or_default());
            }
            start = to;
        }
        if end != bytes.len() {
            parts.push(bytes.get(start..).unwrap_or_default());
        }
        parts
    }

    /// Each match by a template with `$1`, `${name}` and `$$`.
    pub(crate) fn replace_all(&self, bytes: &[u8], replacement: &[u8]) -> Outcome<Text> {
        let mut sink = Sink::new();
        let mut at = 0;
        for found in self.0.captures_iter(bytes) {
            let Some(whole) = found.get(0) else { continue };
            sink.push(bytes.get(at..whole.start()).unwrap_or_default())?;
            let mut expanded = Vec::new();
            found.expand(replacement, &mut expanded);
            sink.push(&zeroize::Zeroizing::new(expanded))?;
            at = whole.end();
        }
        sink.push(bytes.get(at..).unwrap_or_default())?;
        Ok(sink.text())
    }

    /// Each match by these bytes.
    pub(crate) fn replace_literally(&self, bytes: &[u8], replacement: &[u8]) -> Outcome<Text> {
        let mut sink = Sink::new();
        let mut at = 0;
        for (from, to) in self.ranges(bytes) {
            sink.push(bytes.get(at..from).unwrap_or_default())?;
            sink.push(replacement)?;
            at = to;
        }
        sink.push(bytes.get(at..).unwrap_or_default())?;
        Ok(sink.text())
    }
}

/// Go's `regexp.QuoteMeta`.
pub(crate) fn quote_meta(bytes: &[u8]) -> Outcome<Text> {
    let mut sink = Sink::new();
    for it in bytes {
        if br"\.+*?()|[]{}^$".contains(it) {
            sink.push_str("\\")?;
        }
        sink.push(&[*it])?;
    }
    Ok(sink.text())
}

/// Go's syntax as that of the crate. None for what the crate would read and Go refuses.
fn rewrite(pattern: &str) -> Option<String> {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    // 1 behind a repetition, 2 behind the `?` that makes it lazy: what repeats that is refused by Go.
    let mut repeated = 0;
    while let Some(first) = rest.chars().next() {
        let behind = rest.get(first.len_utf8()..)?;
        let repeats = matches!(first, '*' | '+' | '?') || (first == '{' && is_repetition(behind));
        repeated = match (repeats, repeated) {
            (false, _) => 0,
            (true, 0) => 1,
            (true, 1) if first == '?' => 2,
            _ => return None,
        };
        match first {
            '{' if repeats => {
                let (inner, after) = behind.split_once('}')?;
                out.push_str(&format!("{{{inner}}}"));
                rest = after;
            }
            '\\' => rest = escape(behind, &mut out, false)?,
            '[' => rest = class(behind, &mut out)?,
            '(' => {
                let named = behind.starts_with("?P<") || behind.starts_with("?<");
                let flags = behind.strip_prefix('?').filter(|_| !named);
                let flags = flags.and_then(|it| it.split([':', ')']).next()).unwrap_or_default();
                if !flags.chars().all(|it| "imsU-".contains(it)) {
                    return None;
                }
                out.push('(');
                rest = behind;
            }
            // A brace that is no repetition is a character in Go.
            '{' => {
                out.push_str("\\{");
                rest = behind;
            }
            '}' => {
                out.push('}');
                rest = behind;
            }
            _ => {
                out.push(first);
                rest = behind;
            }
        }
    }
    Some(out)
}

fn is_repetition(behind: &str) -> bool {
    let Some((inner, _)) = behind.split_once('}') else {
        return false;
    };
    let (least, most) = inner.split_once(',').unwrap_or((inner, ""));
    let digits = |it: &str| it.bytes().all(|it| it.is_ascii_digit());
    !least.is_empty() && digits(least) && digits(most)
}

/// Behind a backslash.
fn escape<'p>(behind: &'p str, out: &mut String, within_class: bool) -> Option<&'p str> {
    let kind = behind.chars().next()?;
    let rest = behind.get(kind.len_utf8()..)?;
    let plain = match kind {
        'd' => "0-9",
        's' => r"\t\n\x0c\r\x20",
        'w' => "0-9A-Za-z_",
        'D' => "^0-9",
        'S' => r"^\t\n\x0c\r\x20",
        'W' => "^0-9A-Za-z_",
        _ => "",
    };
    if !plain.is_empty() {
        if within_class && !plain.starts_with('^') {
            out.push_str(plain);
        } else {
            out.push_str(&format!("[{plain}]"));
        }
        return Some(rest);
    }
    match kind {
        'b' | 'B' if !within_class => out.push_str(&format!("(?-u:\\{kind})")),
        'Q' if !within_class => {
            let (quoted, rest) = rest.split_once("\\E").unwrap_or((rest, ""));
            out.push_str(&regex::escape(quoted));
            return Some(rest);
        }
        'A' | 'z' if !within_class => out.push_str(&format!("\\{kind}")),
        'a' | 'f' | 't' | 'n' | 'r' | 'v' | 'p' | 'P' | 'x' => out.push_str(&format!("\\{kind}")),
        '1'..='9' => return None,
        // Octal.
        '0' => {
            let digits: String = rest.chars().take(2).take_while(|it| ('0'..='7').contains(it)).collect();
            out.push_str(&format!("\\x{{{:x}}}", u32::from_str_radix(&format!("0{digits}"), 8).ok()?));
            return rest.get(digits.len()..);
        }
        it if it.is_ascii_alphanumeric() => return None,
        it if it.is_ascii() => out.push_str(&format!("\\x{:02x}", u32::from(it))),
        _ => return None,
    }
    Some(rest)
}

/// Behind an opening bracket, up to behind its closing one.
fn class<'p>(behind: &'p str, out: &mut String) -> Option<&'p str> {
    out.push('[');
    let mut rest = behind;
    if let Some(negated) = rest.strip_prefix('^') {
        out.push('^');
        rest = negated;
    }
    let mut first = true;
    loop {
        let it = rest.chars().next()?;
        let after = rest.get(it.len_utf8()..)?;
        match it {
            ']' if !first => {
                out.push(']');
                return Some(after);
            }
            '[' if after.starts_with(':') && after.contains(":]") => {
                let (name, behind) = after.split_once(":]")?;
                out.push_str(&format!("[{name}:]"));
                rest = behind;
            }
            '\\' => rest = escape(after, out, true)?,
            '[' | ']' | '&' | '~' => {
                out.push_str(&format!("\\{it}"));
                rest = after;
            }
            '-' if after.starts_with('-') => {
                out.push_str("\\-");
                rest = after;
            }
            _ => {
                out.push(it);
                rest = after;
            }
        }
        first = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, text: &str, replacement: &str, expected: Option<&str>) {
        let found = Pattern::compile("regexReplaceAll", &pattern.into())
            .and_then(|it| it.replace_all(text.as_bytes(), replacement.as_bytes()));
        let found = found.ok().map(|it| String::from_utf8_lossy(it.bytes()).into_owned());
        assert_eq!(found.as_deref(), expected, "{pattern}");
    }

    #[test]
    fn expressions_mean_what_they_mean_in_go() {
        check("a(b+)", "xabbx", "<$1>", Some("x<bb>x"));
        check("(?P<n>.)-", "a-b-", "${n}$$", Some("a$b$"));
        check(r"\d+", "1٣", "#", Some("#٣"));
        check(r"[\d\s]", "1 a", "", Some("a"));
        check(r"\bé", "é", "x", Some("é"));
        check("[[a]", "[a", "-", Some("--"));
        check("[a&&b]", "&a", "-", Some("--"));
        check(r"\Qa.b\E+", "a.bb axb", "-", Some("- axb"));
        check(r"\/", "a/b", "-", Some("a-b"));
        check("a{x", "a{x", "-", Some("-"));
        check("(?i)STRASSE", "strasse", "-", Some("-"));
        check("x*", "abc", "-", Some("-a-b-c-"));
        for wrong in ["(", "[", "*", r"\", r"\1", "(?x)a", "(?=a)", r"\y", "a**"] {
            check(wrong, "a", "", None);
        }
    }

    #[test]
    fn splitting() {
        let parts = |pattern: &str, text: &str, most| -> Vec<String> {
            let pattern = Pattern::compile("", &pattern.into()).unwrap_or_else(|_| unreachable!());
            pattern
                .split(text.as_bytes(), most)
                .into_iter()
                .map(|it| String::from_utf8_lossy(it).into_owned())
                .collect()
        };
        assert_eq!(parts(",", "a,b,c", None), ["a", "b", "c"]);
        assert_eq!(parts(",", "a,b,c", Some(2)), ["a", "b,c"]);
        assert_eq!(parts(",", ",", None), ["", ""]);
        assert_eq!(parts("z+", "pizza", None), ["pi", "a"]);
    }
}
