//! A template of variables that stands already: what it gives, and where more comes in.
//!
//! It is JSON with actions of a template in it. What cannot be followed (an action around several variables) is not
//! completed but told of.

use strongroom_hcl::{Edits, Span, quote_json};

use crate::{
    layout::{indentation, line_around, with_line_ends},
    left::Why,
};

const FOREIGN: Why =
    ("it is no file of variables that can be followed", "move it away or rename it, and fix again");

pub(super) struct Completed {
    pub(super) text: String,
    /// Variables that have another value, and keep it.
    pub(super) kept: Vec<String>,
}

struct Entry {
    key: Span,
    name: String,
    value: Span,
}

/// A whole file.
pub(super) fn written(variables: &[(&str, String)]) -> String {
    let fields: Vec<String> =
        variables.iter().map(|(name, value)| format!("  {}: {value}", quote_json(name))).collect();
    format!("{{\n{}\n}}\n", fields.join(",\n"))
}

/// The file with all variables in it. A value that is given comes before one that stands there, and a default does not.
pub(super) fn completed(text: &str, variables: &[(&str, String)], is_given: bool) -> Result<Completed, Why> {
    let mut reader = Reader { text, at: 0 };
    let (open, entries) = reader.entries().ok_or(FOREIGN)?;
    let mut edits = Edits::new(text);
    let (mut kept, mut added) = (Vec::new(), Vec::new());
    for (name, value) in variables {
        match entries.iter().find(|it| it.name == *name) {
            Some(there) if there.value.of(text) == value => {}
            Some(there) if is_given => edits.replace(there.value, value).map_err(|_| FOREIGN)?,
            Some(_) => kept.push((*name).to_owned()),
            None => added.push(format!("{}: {value}", quote_json(name))),
        }
    }
    if !added.is_empty() {
        let (at, joined) = match entries.last() {
            Some(last) => {
                let line = Span { start: line_around(text, last.key.start).start, end: last.key.start };
                // All on one line stays so.
                let gap = match line.of(text) {
                    before if before.trim().is_empty() => format!("\n{}", indentation(before)),
                    _ => " ".to_owned(),
                };
                (last.value.end, added.iter().map(|it| format!(",{gap}{it}")).collect::<String>())
            }
            None => (open, format!("\n  {}\n", added.join(",\n  "))),
        };
        edits.insert(at, &with_line_ends(&joined, text)).map_err(|_| FOREIGN)?;
    }
    Ok(Completed { text: edits.apply(), kept })
}

/// Goes over the file once.
struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    /// Where the object opens, and what stands in it. `None` for whatever is otherwise.
    fn entries(&mut self) -> Option<(usize, Vec<Entry>)> {
        self.skip_blank();
        if self.rest().starts_with("{{") {
            return None;
        }
        self.take('{')?;
        let open = self.at;
        let mut entries: Vec<Entry> = Vec::new();
        self.skip_blank();
        while !self.rest().starts_with('}') {
            let start = self.at;
            self.string()?;
            let key = Span { start, end: self.at };
            let name = plain(key.of(self.text))?;
            if entries.iter().any(|it| it.name == name) {
                return None;
            }
            self.skip_blank();
            self.take(':')?;
            self.skip_blank();
            let value = self.value()?;
            entries.push(Entry { key, name, value });
            self.skip_blank();
            match self.rest().chars().next()? {
                ',' => self.take(',')?,
                '}' => break,
                _ => return None,
            }
            self.skip_blank();
            // Nothing stands between a comma and the end.
            if self.rest().starts_with('}') {
                return None;
            }
        }
        self.take('}')?;
        self.skip_blank();
        self.rest().is_empty().then_some((open, entries))
    }

    /// Up to the comma or the end that belongs to it.
    fn value(&mut self) -> Option<Span> {
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            let rest = self.rest();
            let c = rest.chars().next()?;
            match c {
                _ if rest.starts_with("{{") => self.action()?,
                '"' => self.string()?,
                ',' | '}' | ']' if depth == 0 => break,
                _ => {
                    match c {
                        '{' | '[' => depth += 1,
                        '}' | ']' => depth -= 1,
                        _ => {}
                    }
                    self.at += c.len_utf8();
                }
            }
        }
        let end = start + Span { start, end: self.at }.of(self.text).trim_end().len();
        (end > start).then_some(Span { start, end })
    }

    /// A string of JSON; actions may stand in it, with strings of their own.
    fn string(&mut self) -> Option<()> {
        self.take('"')?;
        loop {
            let rest = self.rest();
            match rest.chars().next()? {
                _ if rest.starts_with("{{") => self.action()?,
                '"' => return self.take('"'),
                '\\' => {
                    self.at += 1;
                    self.at += self.rest().chars().next()?.len_utf8();
                }
                c => self.at += c.len_utf8(),
            }
        }
    }

    /// From `{{` to its `}}`.
    fn action(&mut self) -> Option<()> {
        self.at += 2;
        let inner = self.rest().trim_start_matches(['-', ' ']);
        if inner.starts_with("/*") {
            self.at += self.rest().find("*/")? + 2;
            self.at += self.rest().find("}}")? + 2;
            return Some(());
        }
        loop {
            let rest = self.rest();
            match rest.chars().next()? {
                _ if rest.starts_with("}}") => {
                    self.at += 2;
                    return Some(());
                }
                quote @ ('"' | '`') => {
                    self.at += 1;
                    self.quoted(quote)?;
                }
                c => self.at += c.len_utf8(),
            }
        }
    }

    fn quoted(&mut self, quote: char) -> Option<()> {
        loop {
            let c = self.rest().chars().next()?;
            self.at += c.len_utf8();
            match c {
                '\\' if quote == '"' => self.at += self.rest().chars().next()?.len_utf8(),
                _ if c == quote => return Some(()),
                _ => {}
            }
        }
    }

    /// White space, and comments of the template.
    fn skip_blank(&mut self) {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n', '\u{feff}']).len();
            self.at += blank;
            let is_comment = self
                .rest()
                .strip_prefix("{{")
                .is_some_and(|it| it.trim_start_matches(['-', ' ']).starts_with("/*"));
            if is_comment && self.action().is_none() {
                return;
            }
            if blank == 0 && !is_comment {
                return;
            }
        }
    }

    fn take(&mut self, c: char) -> Option<()> {
        self.rest().starts_with(c).then(|| self.at += c.len_utf8())
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }
}

/// A name that is what it says: those of variables need no escapes.
fn plain(quoted: &str) -> Option<String> {
    let name = quoted.strip_prefix('"')?.strip_suffix('"')?;
    (!name.contains(['\\', '{'])).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = r#"{{ with secret "secret/data/a" }}{{ index .Data.data "a" | toJSON }}{{ end }}"#;
    const B: &str =
        r#"{"in": [1, "}"], "b": {{ with secret "secret/data/b" }}"{{ index .Data.data "b" }}"{{ end }}}"#;

    #[track_caller]
    fn check(text: &str, variables: &[(&str, &str)], is_given: bool, expected: Option<(&str, &[&str])>) {
        let variables: Vec<(&str, String)> =
            variables.iter().map(|(name, it)| (*name, (*it).to_owned())).collect();
        let made = completed(text, &variables, is_given).ok();
        let shown = made
            .as_ref()
            .map(|it| (it.text.as_str(), it.kept.iter().map(String::as_str).collect::<Vec<_>>()));
        assert_eq!(shown, expected.map(|(text, kept)| (text, kept.to_vec())), "{text}");
        if let Some(made) = made {
            assert_eq!(
                completed(&made.text, &variables, is_given).unwrap().text,
                made.text,
                "once is enough"
            );
        }
    }

    #[test]
    fn a_file_gets_the_variables_that_it_lacks() {
        let own = |all: &[(&str, &str)]| {
            let all: Vec<(&str, String)> = all.iter().map(|(name, it)| (*name, (*it).to_owned())).collect();
            written(&all)
        };
        let (one, both) = (own(&[("a", A)]), own(&[("a", A), ("b", B)]));
        check(&one, &[("a", A), ("b", B)], true, Some((&both, &[])));
        check(&both, &[("b", B)], true, Some((&both, &[])));
        let windows = |it: &str| it.replace('\n', "\r\n");
        check(&windows(&one), &[("b", B)], true, Some((&windows(&both), &[])));
        check("{}", &[("a", "1"), ("b", "2")], true, Some(("{\n  \"a\": 1,\n  \"b\": 2\n}", &[])));
        // What a person made of it stays.
        let edited = "{{/* of }} ours */}}\n{\n\t\"z\" : [ 1 , 2 ], {{- /* \" */}}\n\t\"a\": \"{{ key \"a\" }}\\\"\"  \n}\n";
        let expected = edited.replace("  \n}", ",\n\t\"b\": 2  \n}");
        check(edited, &[("b", "2")], true, Some((&expected, &[])));
        check("{\"a\": 1}", &[("b", "2")], true, Some(("{\"a\": 1, \"b\": 2}", &[])));
    }

    #[test]
    fn a_value_that_is_given_comes_first_and_a_default_does_not() {
        check("{\"a\": 1, \"b\": 2}", &[("a", "3")], true, Some(("{\"a\": 3, \"b\": 2}", &[])));
        check("{\"a\": 1, \"b\": 2}", &[("a", "3")], false, Some(("{\"a\": 1, \"b\": 2}", &["a"])));
    }

    #[test]
    fn what_cannot_be_followed_is_not_touched() {
        let of = [
            "",
            "null",
            "[]",
            "{",
            "{\"a\"}",
            "{\"a\": 1,}",
            "{\"a\": }",
            "{\"a\": 1} x",
            "{\"a\": \"}",
            "{\"a\": {{ x }",
            "{\"a\": 1, \"a\": 2}",
            "{\"\\u0061\": 1}",
            "{ {{ range x }}\"a\": 1{{ end }} }",
            "{{ if x }}{ \"a\": 1 }{{ end }}",
            "{ {{/* x",
            "{{ /* x */ }}",
            "{\"{{ x }}\": 1}",
            "{\"a\": 1]}",
        ];
        for text in of {
            check(text, &[("b", "2")], true, None);
        }
    }
}
