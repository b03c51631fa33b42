//! A position in the text, and the small steps that every reader takes.

use crate::operand::Recorder;
use crate::{Error, ErrorKind, Span};

/// The deepest nesting that is read. Real files stay below a dozen; the bound keeps hostile ones off
/// the stack.
pub(crate) const MAX_DEPTH: usize = 32;

/// The largest text that is read, in bytes.
const MAX_TEXT: usize = 32 * 1024 * 1024;

const BOM: &str = "\u{feff}";

/// Whether a newline ends the thing being read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Newlines {
    /// Within `(...)` and `[...]`, newlines are only space.
    Blank,
    /// In a body or an object, an expression ends with its line.
    End,
}

pub(crate) struct Cursor<'a> {
    pub(crate) text: &'a str,
    pub(crate) pos: usize,
    depth: usize,
    /// The comments that were passed, where somebody wants them.
    pub(crate) comments: Option<Vec<Span>>,
    /// The values within an expression, where somebody wants them.
    pub(crate) recorder: Option<Recorder>,
}

impl<'a> Cursor<'a> {
    /// Stands behind the byte-order mark, if there is one.
    pub(crate) fn new(text: &'a str) -> Result<Self, Error> {
        if text.len() > MAX_TEXT {
            return Err(Error::at(text, 0, ErrorKind::TooLarge));
        }
        let pos = if text.starts_with(BOM) { BOM.len() } else { 0 };
        Ok(Self { text, pos, depth: 0, comments: None, recorder: None })
    }

    pub(crate) fn at_end(&self) -> bool {
        self.pos >= self.text.len()
    }

    /// What has not been read yet.
    pub(crate) fn rest(&self) -> &'a str {
        self.text.get(self.pos..).unwrap_or("")
    }

    pub(crate) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or("")
    }

    pub(crate) fn span_from(&self, start: usize) -> Span {
        Span { start, end: self.pos }
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.byte(self.pos)
    }

    pub(crate) fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    pub(crate) fn sees(&self, token: &str) -> bool {
        self.rest().starts_with(token)
    }

    /// Takes `token` if it stands here.
    pub(crate) fn take(&mut self, token: &str) -> bool {
        let seen = self.sees(token);
        if seen {
            self.pos += token.len();
        }
        seen
    }

    /// Takes bytes as long as they fit, and gives them.
    pub(crate) fn take_while(&mut self, fits: impl Fn(u8) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.bytes().position(|byte| !fits(byte)).unwrap_or(rest.len());
        let taken = rest.get(..length).unwrap_or("");
        self.pos += taken.len();
        taken
    }

    pub(crate) fn error(&self, offset: usize, kind: ErrorKind) -> Error {
        Error::at(self.text, offset, kind)
    }

    /// The error for something else standing here than `what`.
    pub(crate) fn expected(&self, what: &'static str) -> Error {
        self.error(self.pos, ErrorKind::Expected(what))
    }

    /// Reads something that may hold itself, one level deeper.
    pub(crate) fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        if self.depth >= MAX_DEPTH {
            return Err(self.error(self.pos, ErrorKind::TooDeep));
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    /// Skips spaces and comments, and newlines where they do not count.
    pub(crate) fn skip_blank(&mut self, newlines: Newlines) -> Result<(), Error> {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\r') => self.pos += 1,
                Some(b'\n') if newlines == Newlines::Blank => self.pos += 1,
                Some(b'#') => self.skip_comment_line(),
                Some(b'/') if self.sees("//") => self.skip_comment_line(),
                Some(b'/') if self.sees("/*") => {
                    let inside = self.pos + 2;
                    let close = self.text.get(inside..).and_then(|rest| rest.find("*/"));
                    match close {
                        Some(length) => {
                            let start = self.pos;
                            self.pos = inside + length + 2;
                            self.passed_comment(start);
                        }
                        None => return Err(self.error(self.pos, ErrorKind::UnclosedComment)),
                    }
                }
                _ => return Ok(()),
            }
        }
    }

    fn skip_comment_line(&mut self) {
        let start = self.pos;
        self.skip_line();
        self.passed_comment(start);
    }

    /// What stands from `start` to here is a comment. The reader may have been here before: it steps back
    /// over the space behind a value.
    fn passed_comment(&mut self, start: usize) {
        let span = self.span_from(start);
        if let Some(comments) = &mut self.comments
            && comments.last().is_none_or(|it| it.start < start)
        {
            comments.push(span);
        }
    }

    /// Skips to the end of the line, but not over it.
    pub(crate) fn skip_line(&mut self) {
        self.pos += self.rest().find('\n').unwrap_or(self.rest().len());
    }
}
