//! The actions of Go's templates as Nomad renders them: `{{ ... }}`, or between whatever delimiters a block sets.
//!
//! A file that is whole only once another tool has rendered it has `read::actions`, which knows several
//! languages, and their delimiters only.

use std::ops::Range;

use crate::{Decoder, Layer, Text};

/// One action.
#[derive(Debug)]
pub(in crate::read) struct Action {
    /// With its delimiters.
    pub(in crate::read) range: Range<usize>,
    /// The strings in it that may be a value, quotes included: no function's path or name.
    pub(in crate::read) values: Vec<Range<usize>>,
}

/// Functions that give back what they are given, or that fall back to it; with the argument it is.
const VALUES: [(&str, usize); 17] = [
    ("or", 0),
    ("and", 0),
    ("default", 0),
    ("envOrDefault", 1),
    ("keyOrDefault", 1),
    ("print", 0),
    ("println", 0),
    ("printf", 0),
    ("base64Encode", 0),
    ("base64URLEncode", 0),
    ("b64enc", 0),
    ("toJSON", 0),
    ("toYAML", 0),
    ("quote", 0),
    ("sha256Hex", 0),
    ("trimSpace", 0),
    ("coalesce", 0),
];

/// The actions in a text, in order. What is never closed is text.
pub(in crate::read) fn actions(text: &str, left: &str, right: &str) -> Vec<Action> {
    let mut actions = Vec::new();
    let find = |needle: &str, from: usize| {
        let rest = text.as_bytes().get(from..)?;
        memchr::memmem::find(rest, needle.as_bytes()).map(|at| from + at)
    };
    // What is never closed may have been read to the end of the text in vain, and so not very often.
    let mut attempts = 16;
    let mut at = 0;
    while let Some(start) = find(left, at) {
        let inside = start + left.len();
        let read =
            if attempts > 0 { Reader { text, right, at: inside, values: Vec::new() }.read() } else { None };
        let (end, values) = match read {
            Some(read) => read,
            // A quote that is not closed: the nearest delimiter ends it.
            None => {
                attempts -= usize::from(attempts > 0);
                let Some(end) = find(right, inside) else { break };
                (end + right.len(), Vec::new())
            }
        };
        actions.push(Action { range: start..end, values });
        at = end;
    }
    actions
}

/// A string of an action, without its quotes and escapes.
pub(in crate::read) fn literal<'a>(text: &Text<'a>, quoted: &Range<usize>) -> Text<'a> {
    let inner = quoted.start + 1..quoted.end.saturating_sub(1);
    let source = text.as_str().get(inner.clone()).unwrap_or("");
    let raw = text.as_str().get(quoted.start..).is_some_and(|it| it.starts_with('`'));
    let mut out = Decoder::new(text, Layer::Json);
    let mut kept = 0;
    while let Some(at) = source.get(kept..).and_then(|it| it.find('\\')).filter(|_| !raw) {
        let escape = kept + at;
        out.keep(inner.start + kept..inner.start + escape);
        let (meant, len) = super::strings::json_escape(source.get(escape..).unwrap_or(""));
        let part = inner.start + escape..inner.start + escape + len;
        match meant {
            Some(meant) => out.put(meant.encode_utf8(&mut [0; 4]), part),
            None => out.keep(part),
        }
        kept = escape + len;
    }
    out.keep(inner.start + kept..inner.end);
    out.finish()
}

/// The name on the left of `at` on its line: `NAME=`, `name: "`.
pub(in crate::read) fn name_before(text: &str, at: usize) -> &str {
    let line = text.get(..at).and_then(|it| it.rsplit('\n').next()).unwrap_or("");
    let before = line.trim_end_matches([' ', '\t', '"', '\'']);
    let Some(name) = before.strip_suffix(['=', ':']) else { return "" };
    let name = name.trim_end_matches([' ', '\t', '"', '\'']);
    let start = name.rfind(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '.'));
    start.map_or(name, |it| {
        let skip = name.get(it..).and_then(|it| it.chars().next()).map_or(1, char::len_utf8);
        name.get(it + skip..).unwrap_or("")
    })
}

struct Reader<'t> {
    text: &'t str,
    right: &'t str,
    at: usize,
    values: Vec<Range<usize>>,
}

impl<'t> Reader<'t> {
    /// Behind the right delimiter, and the values; `None` if a string or comment is not closed.
    fn read(mut self) -> Option<(usize, Vec<Range<usize>>)> {
        // What the words of this pipeline are given to, and how many arguments it has had.
        let mut callee: Option<(&str, usize)> = None;
        let mut outer = Vec::new();
        loop {
            let rest = self.text.get(self.at..)?;
            if rest.starts_with(self.right) {
                return Some((self.at + self.right.len(), self.values));
            }
            let next = rest.chars().next()?;
            match next {
                '/' if rest.starts_with("/*") => self.at += rest.find("*/")? + 2,
                '"' | '`' | '\'' => {
                    let start = self.at;
                    self.at += quoted(rest, next)?;
                    let literal = self.text.get(start + 1..self.at - 1).unwrap_or("");
                    if next != '\'' && takes_value(callee) && !is_joined(callee, literal) {
                        self.values.push(start..self.at);
                    }
                    callee = callee.map(|(name, had)| (name, had + 1));
                }
                '(' => {
                    outer.push(callee.map(|(name, had)| (name, had + 1)));
                    callee = None;
                    self.at += 1;
                }
                ')' => {
                    callee = outer.pop().flatten();
                    self.at += 1;
                }
                '|' | '=' => {
                    callee = None;
                    self.at += 1;
                }
                c if is_word(c) => {
                    let len = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
                    self.at += len;
                    callee = match (callee, rest.get(..len)?) {
                        (None, "if" | "else" | "with" | "range" | "block" | "template" | "define") => None,
                        (None, word) => Some((word, 0)),
                        (Some((name, had)), _) => Some((name, had + 1)),
                    };
                }
                c => self.at += c.len_utf8(),
            }
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '$')
}

/// Whether a string that stands here is a value: on its own, or given to a function that hands it on.
fn takes_value(callee: Option<(&str, usize)>) -> bool {
    callee.is_none_or(|(name, had)| VALUES.iter().any(|(it, from)| *it == name && had >= *from))
}

/// Whether it is a part of what is printed, with a field of the store before or behind it.
fn is_joined(callee: Option<(&str, usize)>, literal: &str) -> bool {
    const JOINTS: [char; 7] = [':', '/', '@', '=', '?', '&', ';'];
    let prints = callee.is_some_and(|(name, _)| matches!(name, "print" | "printf" | "println"));
    // `input=%s`; the password of a URL may stand before the last of them.
    let literal = match literal.strip_suffix("%s").or_else(|| literal.strip_suffix("%v")) {
        Some(literal) if !literal.contains("://") => literal,
        _ => literal,
    };
    prints && (literal.ends_with(JOINTS) || literal.starts_with(JOINTS))
}

/// How many bytes the quoted string at the beginning takes.
fn quoted(rest: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '\n' if quote != '`' => return None,
            _ if escaped => escaped = false,
            '\\' if quote != '`' => escaped = true,
            c if c == quote => return Some(at + c.len_utf8()),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The actions and the values in them.
    #[track_caller]
    fn check(text: &str, delimiters: (&str, &str), expected: &[(&str, &[&str])]) {
        let found = actions(text, delimiters.0, delimiters.1);
        let whole = Text::whole(text);
        let found: Vec<_> = found
            .iter()
            .map(|it| {
                let values: Vec<_> =
                    it.values.iter().map(|at| literal(&whole, at).as_str().to_owned()).collect();
                (&text[it.range.clone()], values)
            })
            .collect();
        let expected: Vec<(&str, Vec<String>)> = expected
            .iter()
            .map(|(text, values)| (*text, values.iter().map(|it| (*it).to_owned()).collect()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn actions_end_at_their_delimiter() {
        let braces = ("{{", "}}");
        check("a {{ .b }} c {{- .d -}}", braces, &[("{{ .b }}", &[]), ("{{- .d -}}", &[])]);
        check(
            r#"{{ key "a}}b" }}{{ "\"}}" }}"#,
            braces,
            &[(r#"{{ key "a}}b" }}"#, &[]), (r#"{{ "\"}}" }}"#, &["\"}}"])],
        );
        check("{{/* a \" }} */}} b", braces, &[("{{/* a \" }} */}}", &[])]);
        check("{{ `a\n}}` }}", braces, &[("{{ `a\n}}` }}", &["a\n}}"])]);
        check("{{ it's }} {{ .a }}", braces, &[("{{ it's }}", &[]), ("{{ .a }}", &[])]);
        check("a {{ b", braces, &[]);
        check("[[ .a ]] {{ .b }}", ("[[", "]]"), &[("[[ .a ]]", &[])]);
        check("<< .a >>", ("<<", ">>"), &[("<< .a >>", &[])]);
    }

    #[test]
    fn values_are_told_from_names() {
        let first = |text: &str, values: &[&str]| check(text, ("{{", "}}"), &[(text, values)]);
        first(r#"{{ or (env "X") "a" }}"#, &["a"]);
        first(r#"{{ env "X" | default "a" }}"#, &["a"]);
        first(r#"{{ "a" | base64Encode }}"#, &["a"]);
        first(r#"{{ $x := "a" }}"#, &["a"]);
        first(r#"{{ envOrDefault "X" "a" }}"#, &["a"]);
        first(r#"{{ with secret "a" "b=c" }}"#, &[]);
        first(r#"{{ printf "input=%s" .x }}"#, &[]);
        first(r#"{{ printf "a%s" .x }}"#, &["a%s"]);
        first(r#"{{ if eq (env "X") "a" }}"#, &[]);
        first(r#"{{ index .Data "password" }}"#, &[]);
    }

    #[test]
    fn the_name_before_an_action() {
        assert_eq!(name_before("a\nB_C={{", 6), "B_C");
        assert_eq!(name_before("  b-c: \"{{", 8), "b-c");
        assert_eq!(name_before("é=b.c = {{", 9), "b.c");
        assert_eq!(name_before("say {{", 4), "");
    }

    #[test]
    fn many_that_are_not_closed_take_no_more_than_their_length() {
        assert_eq!(actions(&"{{ ".repeat(200_000), "{{", "}}").len(), 0);
        assert_eq!(actions(&"{{ \" }}\n".repeat(50_000), "{{", "}}").len(), 50_000);
    }
}
