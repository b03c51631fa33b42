//! From text to tokens. Space is a token, because it ends an operand: `.a.b` is one, `.a .b` are two.

use crate::error::ErrorKind;

/// What stands around an action.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Delimiters {
    left: String,
    right: String,
}

impl Delimiters {
    /// An empty side keeps its default.
    pub fn new(left: &str, right: &str) -> Self {
        let or =
            |given: &str, default: &str| if given.is_empty() { default.to_owned() } else { given.to_owned() };
        Self { left: or(left, "{{"), right: or(right, "}}") }
    }
}

impl Default for Delimiters {
    fn default() -> Self {
        Self::new("", "")
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Assign,
    Char,
    Comma,
    Declare,
    Dot,
    End,
    Field,
    LeftDelimiter,
    LeftParen,
    Number,
    Pipe,
    RawText,
    RightDelimiter,
    RightParen,
    Space,
    Text,
    Variable,
    Word,
    /// What stands outside of actions, trimmed.
    Outside,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    pub(crate) text: &'a str,
    pub(crate) at: usize,
}

/// All tokens of a source, with `Kind::End` last; or where it went wrong.
pub(crate) fn tokens<'a>(
    source: &'a str,
    delimiters: &Delimiters,
) -> Result<Vec<Token<'a>>, (usize, ErrorKind)> {
    let mut lexer = Lexer { source, at: 0, delimiters, found: Vec::new(), parens: 0 };
    lexer.outside()?;
    lexer.push(Kind::End, source.len());
    Ok(lexer.found)
}

struct Lexer<'a, 'd> {
    source: &'a str,
    at: usize,
    delimiters: &'d Delimiters,
    found: Vec<Token<'a>>,
    parens: u32,
}

type Step = Result<(), (usize, ErrorKind)>;

const BLANK: [char; 4] = [' ', '\t', '\r', '\n'];

impl<'a> Lexer<'a, '_> {
    fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// The token from `self.at` up to `end`.
    fn push(&mut self, kind: Kind, end: usize) {
        let text = self.source.get(self.at..end).unwrap_or_default();
        self.found.push(Token { kind, text, at: self.at });
        self.at = end;
    }

    fn fail<T>(&self, why: &'static str) -> Result<T, (usize, ErrorKind)> {
        Err((self.at, ErrorKind::Syntax(why)))
    }

    /// Text and actions in turn, up to the end.
    fn outside(&mut self) -> Step {
        let mut trims = false;
        loop {
            let start = self.at;
            let next = self.rest().find(&self.delimiters.left);
            let end = next.map_or(self.source.len(), |it| start + it);
            let mut text = self.source.get(start..end).unwrap_or_default();
            let after = self.source.get(end + self.delimiters.left.len()..).unwrap_or_default();
            if trims {
                text = text.trim_start_matches(BLANK);
            }
            if next.is_some() && trims_left(after) {
                text = text.trim_end_matches(BLANK);
            }
            if !text.is_empty() {
                self.found.push(Token { kind: Kind::Outside, text, at: start });
            }
            self.at = end;
            if next.is_none() {
                return Ok(());
            }
            trims = self.action()?;
        }
    }

    /// One action or comment; whether the text behind it loses its leading blanks.
    fn action(&mut self) -> Result<bool, (usize, ErrorKind)> {
        let start = self.at;
        self.skip(self.delimiters.left.len());
        let trimmed = if trims_left(self.rest()) { 2 } else { 0 };
        if self.rest().get(trimmed..).is_some_and(|it| it.starts_with("/*")) {
            self.skip(trimmed);
            return self.comment();
        }
        self.at = start;
        self.push(Kind::LeftDelimiter, start + self.delimiters.left.len());
        // The minus goes, its blank stays: it is space.
        self.skip(trimmed.min(1));
        self.parens = 0;
        loop {
            if let Some(trims) = self.right_delimiter() {
                if self.parens > 0 {
                    return self.fail("an opening parenthesis without its closing one");
                }
                return Ok(trims);
            }
            self.inside()?;
        }
    }

    fn comment(&mut self) -> Result<bool, (usize, ErrorKind)> {
        let Some(end) = self.rest().find("*/") else {
            return self.fail("a comment without an end");
        };
        self.skip(end + 2);
        let rest = self.rest();
        let trims =
            trims_right(rest) && rest.get(2..).is_some_and(|it| it.starts_with(&self.delimiters.right));
        self.skip(if trims { 2 } else { 0 });
        if !self.rest().starts_with(&self.delimiters.right) {
            return self.fail("a comment that does not end its action");
        }
        self.skip(self.delimiters.right.len());
        Ok(trims)
    }

    /// Some when the action ends here; whether it trims.
    fn right_delimiter(&mut self) -> Option<bool> {
        let rest = self.rest();
        let trims =
            trims_right(rest) && rest.get(2..).is_some_and(|it| it.starts_with(&self.delimiters.right));
        if !trims && !rest.starts_with(&self.delimiters.right) {
            return None;
        }
        self.skip(if trims { 2 } else { 0 });
        self.push(Kind::RightDelimiter, self.at + self.delimiters.right.len());
        Some(trims)
    }

    fn inside(&mut self) -> Step {
        let Some(first) = self.peek() else {
            return self.fail("an action without an end");
        };
        match first {
            ' ' | '\t' | '\r' | '\n' => self.space(),
            ':' if self.rest().starts_with(":=") => self.push(Kind::Declare, self.at + 2),
            '=' => self.push(Kind::Assign, self.at + 1),
            ',' => self.push(Kind::Comma, self.at + 1),
            '|' => self.push(Kind::Pipe, self.at + 1),
            '(' => {
                self.parens += 1;
                self.push(Kind::LeftParen, self.at + 1);
            }
            ')' => {
                let Some(parens) = self.parens.checked_sub(1) else {
                    return self.fail("a closing parenthesis without its opening one");
                };
                self.parens = parens;
                self.push(Kind::RightParen, self.at + 1);
            }
            '"' => return self.quoted('"', Kind::Text),
            '\'' => return self.quoted('\'', Kind::Char),
            '`' => {
                let Some(end) = self.rest().get(1..).and_then(|it| it.find('`')) else {
                    return self.fail("a raw string without an end");
                };
                self.push(Kind::RawText, self.at + end + 2);
            }
            '$' => return self.name(1, Kind::Variable),
            '.' => match self.rest().chars().nth(1) {
                Some('0'..='9') => return self.number(),
                Some(next) if is_word(next) => return self.name(1, Kind::Field),
                _ => self.push(Kind::Dot, self.at + 1),
            },
            '+' | '-' | '0'..='9' => return self.number(),
            it if is_word(it) => return self.name(0, Kind::Word),
            _ => return self.fail("a character that has no meaning in an action"),
        }
        Ok(())
    }

    /// Blanks, but for one that belongs to a closing delimiter with a minus.
    fn space(&mut self) {
        let rest = self.rest();
        let mut length = rest.len() - rest.trim_start_matches(BLANK).len();
        let last = rest.get(length - 1..).unwrap_or_default();
        if trims_right(last) && last.get(2..).is_some_and(|it| it.starts_with(&self.delimiters.right)) {
            length -= 1;
        }
        if length > 0 {
            self.push(Kind::Space, self.at + length);
        }
    }

    fn quoted(&mut self, quote: char, kind: Kind) -> Step {
        let mut escaped = false;
        for (at, it) in self.rest().char_indices().skip(1) {
            match it {
                '\n' => break,
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                _ if it == quote => {
                    self.push(kind, self.at + at + 1);
                    return Ok(());
                }
                _ => {}
            }
        }
        self.fail("a string without an end")
    }

    /// A name behind `prefix` bytes, and that it ends where a name may end.
    fn name(&mut self, prefix: usize, kind: Kind) -> Step {
        let rest = self.rest();
        let length =
            rest.get(prefix..).and_then(|it| it.find(|it| !is_word(it))).map_or(rest.len(), |it| it + prefix);
        self.push(kind, self.at + length);
        let rest = self.rest();
        let ends = rest.is_empty()
            || rest.starts_with([' ', '\t', '\r', '\n', '.', ',', '|', ':', '(', ')', '='])
            || rest.starts_with(&self.delimiters.right);
        if ends { Ok(()) } else { self.fail("a character that does not belong to a name") }
    }

    fn number(&mut self) -> Step {
        let rest = self.rest();
        let mut length = usize::from(rest.starts_with(['+', '-']));
        let digits = rest.get(length..).unwrap_or_default();
        let lower = digits.get(..2).unwrap_or_default().to_ascii_lowercase();
        let (set, exponent) = match lower.as_str() {
            "0x" => ("0123456789abcdefABCDEF_", "pP"),
            "0o" => ("01234567_", ""),
            "0b" => ("01_", ""),
            _ => ("0123456789_", "eE"),
        };
        length += if set.len() == 11 { 0 } else { 2 };
        let run = |from: usize| {
            rest.get(from..).unwrap_or_default().chars().take_while(|it| set.contains(*it)).count()
        };
        length += run(length);
        if rest.get(length..).is_some_and(|it| it.starts_with('.')) {
            length += 1;
            length += run(length);
        }
        if rest.get(length..).is_some_and(|it| it.starts_with(|it: char| exponent.contains(it))) {
            length += 1;
            length += usize::from(rest.get(length..).is_some_and(|it| it.starts_with(['+', '-'])));
            length += rest
                .get(length..)
                .unwrap_or_default()
                .chars()
                .take_while(|it| it.is_ascii_digit() || *it == '_')
                .count();
        }
        if rest.get(length..).is_some_and(|it| it.starts_with('i')) {
            return self.fail("complex numbers are not part of this engine");
        }
        if rest.get(length..).is_some_and(|it| it.starts_with(is_word)) {
            return self.fail("not a number");
        }
        self.push(Kind::Number, self.at + length);
        Ok(())
    }
}

fn trims_left(rest: &str) -> bool {
    rest.starts_with('-') && rest.get(1..).is_some_and(|it| it.starts_with(BLANK))
}

fn trims_right(rest: &str) -> bool {
    rest.starts_with(BLANK) && rest.get(1..).is_some_and(|it| it.starts_with('-'))
}

fn is_word(it: char) -> bool {
    it == '_' || it.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, expected: &[&str]) {
        let found = tokens(source, &Delimiters::default())
            .map(|all| all.iter().map(|it| it.text).collect::<Vec<_>>());
        assert_eq!(found.map_err(|(_, kind)| kind), Ok(expected.to_vec()));
    }

    #[test]
    fn blanks_are_trimmed_beside_a_minus() {
        check("a {{- 1 -}} b", &["a", "{{", " ", "1", "}}", "b", ""]);
        check("a {{-1}}", &["a ", "{{", "-1", "}}", ""]);
        check("a {{ 1  -}}\n\tb", &["a ", "{{", " ", "1", " ", "}}", "b", ""]);
        check("a {{- /* c */ -}} b", &["a", "b", ""]);
    }

    #[test]
    fn what_cannot_be_a_token_is_refused() {
        for wrong in [
            "{{",
            "{{ \"a }}",
            "{{ `a }}",
            "{{ (1 }}",
            "{{ 1) }}",
            "{{ 0x1g }}",
            "{{/* a",
            "{{/* a */ 1}}",
            "{{ a# }}",
            "{{ 1i }}",
        ] {
            assert!(tokens(wrong, &Delimiters::default()).is_err(), "{wrong}");
        }
    }
}
