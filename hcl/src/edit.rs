//! Changes to a text that leave every other byte as it was.

use crate::Span;

/// Edits of one text, collected first and applied at once, so that all spans are those of the original.
#[derive(Clone)]
pub struct Edits<'a> {
    text: &'a str,
    /// In order, without overlap.
    edits: Vec<(Span, String)>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EditError {
    #[error("the edit's span is not one of this text")]
    OutOfText,
    #[error("the edit overlaps another")]
    Overlap,
}

impl<'a> Edits<'a> {
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self { text, edits: Vec::new() }
    }

    /// Whether there is nothing to change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// Puts `with` where `span` stands. The edits may come in any order.
    pub fn replace(&mut self, span: Span, with: &str) -> Result<(), EditError> {
        if self.text.get(span.start..span.end).is_none() {
            return Err(EditError::OutOfText);
        }
        // An insertion sorts before the replacement that starts where it stands, and behind the
        // insertions that were made there before.
        let at = self.edits.partition_point(|(it, _)| (it.start, it.end) <= (span.start, span.end));
        let before = at.checked_sub(1).and_then(|before| self.edits.get(before));
        let clear_before = before.is_none_or(|(it, _)| it.end <= span.start);
        let clear_behind = self.edits.get(at).is_none_or(|(it, _)| it.start >= span.end);
        if !clear_before || !clear_behind {
            return Err(EditError::Overlap);
        }
        self.edits.insert(at, (span, with.to_owned()));
        Ok(())
    }

    /// Puts `text` before the byte at `at`. Insertions at one place stand in the order they were made.
    pub fn insert(&mut self, at: usize, text: &str) -> Result<(), EditError> {
        self.replace(Span { start: at, end: at }, text)
    }

    /// The text with all edits made.
    #[must_use]
    pub fn apply(&self) -> String {
        let mut edited = String::with_capacity(self.text.len());
        let mut copied = 0;
        for (span, with) in &self.edits {
            edited.push_str(Span { start: copied, end: span.start }.of(self.text));
            edited.push_str(with);
            copied = span.end;
        }
        edited.push_str(Span { start: copied, end: self.text.len() }.of(self.text));
        edited
    }
}

/// `text` as a quoted string in native syntax, safe from interpolation.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '$' | '%' if rest.peek() == Some(&'{') => {
                // A `$` before the doubled one would be read as part of it by some and not by others.
                if quoted.ends_with(c) {
                    quoted.pop();
                    quoted.push_str(&escaped(c));
                }
                quoted.extend([c, c]);
            }
            _ => push_escaped(&mut quoted, c),
        }
    }
    quoted.push('"');
    quoted
}

/// `text` as a JSON string.
#[must_use]
pub fn quote_json(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    text.chars().for_each(|c| push_escaped(&mut quoted, c));
    quoted.push('"');
    quoted
}

/// The escapes that both languages have.
fn push_escaped(into: &mut String, c: char) {
    match c {
        '"' => into.push_str("\\\""),
        '\\' => into.push_str("\\\\"),
        '\n' => into.push_str("\\n"),
        '\r' => into.push_str("\\r"),
        '\t' => into.push_str("\\t"),
        c if c.is_control() => into.push_str(&escaped(c)),
        c => into.push(c),
    }
}

/// Every control character, `$` and `%` lie below U+10000.
fn escaped(c: char) -> String {
    format!("\\u{:04x}", u32::from(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(edits: &[(usize, usize, &str)], expected: Result<&str, EditError>) {
        let mut all = Edits::new("0123456789");
        let made = edits
            .iter()
            .try_for_each(|(start, end, with)| all.replace(Span { start: *start, end: *end }, with));
        assert_eq!(made.map(|()| all.apply()).as_deref(), expected.as_deref());
    }

    #[test]
    fn edits_are_applied_in_the_order_of_the_text() {
        check(&[], Ok("0123456789"));
        check(&[(8, 10, "end"), (0, 1, "begin")], Ok("begin1234567end"));
        check(&[(3, 5, ""), (5, 7, "x"), (2, 3, "")], Ok("01x789"));
    }

    #[test]
    fn insertions_keep_their_order_and_touch_replacements() {
        check(&[(4, 4, "a"), (4, 4, "b")], Ok("0123ab456789"));
        check(&[(4, 6, "X"), (4, 4, "a"), (6, 6, "b"), (4, 4, "c")], Ok("0123acXb6789"));
        check(&[(10, 10, "!")], Ok("0123456789!"));
    }

    #[test]
    fn overlaps_are_refused() {
        check(&[(2, 5, ""), (4, 6, "")], Err(EditError::Overlap));
        check(&[(4, 6, ""), (2, 5, "")], Err(EditError::Overlap));
        check(&[(2, 5, ""), (2, 5, "")], Err(EditError::Overlap));
        check(&[(2, 8, ""), (4, 5, "")], Err(EditError::Overlap));
        check(&[(4, 5, ""), (2, 8, "")], Err(EditError::Overlap));
        check(&[(2, 8, ""), (4, 4, "x")], Err(EditError::Overlap));
        check(&[(4, 4, "x"), (2, 8, "")], Err(EditError::Overlap));
    }

    #[test]
    fn spans_of_another_text_are_refused() {
        check(&[(9, 11, "")], Err(EditError::OutOfText));
        check(&[(5, 4, "")], Err(EditError::OutOfText));
        let mut edits = Edits::new("é");
        assert_eq!(edits.insert(1, "x"), Err(EditError::OutOfText));
    }

    #[test]
    fn quotes() {
        assert_eq!(quote("a \"b\" \\ \n\r\t\u{1} é"), r#""a \"b\" \\ \n\r\t\u0001 é""#);
        assert_eq!(quote("${x} %{y} $ % $x"), r#""$${x} %%{y} $ % $x""#);
        assert_eq!(quote("$${x} %%{y}"), r#""\u0024$${x} \u0025%%{y}""#);
        assert_eq!(quote_json("${x} \"\\\u{7f}"), r#""${x} \"\\\u007f""#);
    }
}
