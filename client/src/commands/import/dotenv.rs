//! `.env`: `NAME=value` lines, as the libraries that read them agree on it.
//!
//! * `export` in front and spaces around `=` are passed over; `#` begins a comment at a line's beginning or
//!   behind a space.
//! * `'...'` is taken to the letter, `"..."` knows `\n`, `\r`, `\t`, `\"`, `\\` and `\$`; both may go on over
//!   several lines.
//! * `${...}` and `$(...)` outside of `'...'` are left alone: what they mean is known where they are used. A
//!   plain `$` is a character like others, as passwords have it.
//! * A name that stands there twice has its last value.

use serde_json::Value;

use super::{Field, Found};

const INTERPOLATED: &str = "left alone (interpolated)";

/// One secret without a path of its own.
pub(super) fn read(text: &str) -> Result<Vec<Found>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let mut at = Reader { rest: &text, line: 1 };
    let mut found = Found::default();
    while at.skip_to_a_name() {
        let line = at.line;
        let name = at.name()?;
        let field = at.value(line)?;
        found.fields.retain(|(it, _)| *it != name);
        found.fields.push((name, field));
    }
    Ok(vec![found])
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl Reader<'_> {
    /// Passes over empty lines and comments; answers whether there is more.
    fn skip_to_a_name(&mut self) -> bool {
        loop {
            let trimmed = self.rest.trim_start();
            self.advance(self.rest.len() - trimmed.len());
            match self.rest.chars().next() {
                None => return false,
                Some('#') => self.advance(self.rest.find('\n').unwrap_or(self.rest.len())),
                Some(_) => return true,
            }
        }
    }

    fn name(&mut self) -> Result<String, String> {
        if let Some(behind) = self.rest.strip_prefix("export")
            && behind.starts_with([' ', '\t'])
        {
            self.advance(self.rest.len() - behind.trim_start_matches([' ', '\t']).len());
        }
        let is_part = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '.' | '-');
        let end = self.rest.find(|it| !is_part(it)).unwrap_or(self.rest.len());
        let name = self.rest.get(..end).unwrap_or_default().to_owned();
        if name.is_empty() || name.starts_with(|it: char| it.is_ascii_digit()) {
            return Err(format!("line {}: expected a name", self.line));
        }
        self.advance(end);
        self.spaces();
        if !self.rest.starts_with('=') {
            return Err(format!("line {}: expected `=` behind the name", self.line));
        }
        self.advance(1);
        self.spaces();
        Ok(name)
    }

    fn value(&mut self, line: usize) -> Result<Field, String> {
        let value = match self.rest.chars().next() {
            Some('\'') => self.single_quoted(line)?,
            Some('"') => self.double_quoted(line)?,
            _ => return Ok(self.bare()),
        };
        let end = self.rest.find('\n').unwrap_or(self.rest.len());
        let behind = self.rest.get(..end).unwrap_or_default().trim_start();
        if !behind.is_empty() && !behind.starts_with('#') {
            return Err(format!("line {}: expected nothing behind the closing quote", self.line));
        }
        self.advance(end);
        Ok(value)
    }

    fn single_quoted(&mut self, line: usize) -> Result<Field, String> {
        self.advance(1);
        let end = self.rest.find('\'').ok_or_else(|| unclosed(line))?;
        let value = self.rest.get(..end).unwrap_or_default().to_owned();
        self.advance(end + 1);
        Ok(Field::Value(Value::String(value)))
    }

    fn double_quoted(&mut self, line: usize) -> Result<Field, String> {
        self.advance(1);
        let (mut value, mut interpolated) = (String::new(), false);
        let mut chars = self.rest.char_indices();
        let end = loop {
            match chars.next().ok_or_else(|| unclosed(line))? {
                (end, '"') => break end,
                (_, '\\') => match chars.next().ok_or_else(|| unclosed(line))?.1 {
                    'n' => value.push('\n'),
                    'r' => value.push('\r'),
                    't' => value.push('\t'),
                    it @ ('"' | '\\' | '$' | '\'' | '`') => value.push(it),
                    // A line that goes on.
                    '\n' => {}
                    other => value.extend(['\\', other]),
                },
                (at, '$') => {
                    interpolated |= is_interpolation(self.rest.get(at..).unwrap_or_default());
                    value.push('$');
                }
                (_, it) => value.push(it),
            }
        };
        self.advance(end + 1);
        Ok(if interpolated { Field::Left(INTERPOLATED) } else { Field::Value(Value::String(value)) })
    }

    fn bare(&mut self) -> Field {
        let end = self.rest.find('\n').unwrap_or(self.rest.len());
        let line = self.rest.get(..end).unwrap_or_default();
        let comment = line.match_indices('#').map(|(at, _)| at).find(|at| {
            line.get(..*at).is_some_and(|before| before.is_empty() || before.ends_with([' ', '\t']))
        });
        let value = line.get(..comment.unwrap_or(line.len())).unwrap_or_default().trim_end().to_owned();
        self.advance(end);
        let interpolated =
            value.match_indices('$').any(|(at, _)| is_interpolation(value.get(at..).unwrap_or_default()));
        if interpolated { Field::Left(INTERPOLATED) } else { Field::Value(Value::String(value)) }
    }

    fn spaces(&mut self) {
        self.advance(self.rest.len() - self.rest.trim_start_matches([' ', '\t']).len());
    }

    fn advance(&mut self, bytes: usize) {
        let (passed, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.line += passed.matches('\n').count();
        self.rest = rest;
    }
}

fn is_interpolation(text: &str) -> bool {
    text.starts_with("${") || text.starts_with("$(")
}

fn unclosed(line: usize) -> String {
    format!("line {line}: the quote is not closed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let found = read(text).unwrap();
        let fields: Vec<(&str, &str)> = found
            .iter()
            .flat_map(|it| &it.fields)
            .map(|(name, field)| match field {
                Field::Value(value) => (name.as_str(), value.as_str().unwrap()),
                Field::Left(_) => (name.as_str(), "<left>"),
            })
            .collect();
        assert_eq!(fields, expected, "{text}");
    }

    #[test]
    fn lines_are_read_as_the_libraries_do() {
        check(
            "A=1\r\nexport B = two words  # no\n\n# C=3\nD=a#b\nE=",
            &[("A", "1"), ("B", "two words"), ("D", "a#b"), ("E", "")],
        );
        check(
            "A='x # \\n $y ${z}'\nB=\"x\\n\\\"y\\\" \\$ \\q\" # c",
            &[("A", "x # \\n $y ${z}"), ("B", "x\n\"y\" $ \\q")],
        );
        check(
            "KEY=\"-----BEGIN\nline = 2\n# 3\n-----END\"\nexported=1",
            &[("KEY", "-----BEGIN\nline = 2\n# 3\n-----END"), ("exported", "1")],
        );
        check(
            "\u{feff}A=pa$$word$4\nB=${A}x\nC=\"$(id)\"\nD='${A}'\nA=2",
            &[("B", "<left>"), ("C", "<left>"), ("D", "${A}"), ("A", "2")],
        );
        check("", &[]);
    }

    // Rule 97: position and what was expected, never what stands there.
    #[test]
    fn an_error_is_a_position() {
        for (text, expected) in [
            ("A=1\n=hunter2", "line 2: expected a name"),
            ("hunter2", "line 1: expected `=` behind the name"),
            ("A=1\nB=\"hunter2\n\n", "line 2: the quote is not closed"),
            ("A='hunter2", "line 1: the quote is not closed"),
            ("A=\"x\" hunter2", "line 1: expected nothing behind the closing quote"),
        ] {
            assert_eq!(read(text).unwrap_err(), expected);
        }
    }
}
