//! Why a text could not be read: position and what was expected, never the text itself (a policy or a
//! job file may hold a credential).

/// A text that is not HCL.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{line}:{column}: {kind}")]
pub struct Error {
    /// The byte in the source where reading stopped; for what is not closed, where it was opened.
    pub offset: usize,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters. A byte-order mark counts as nothing.
    pub column: usize,
    pub kind: ErrorKind,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ErrorKind {
    #[error("expected {0}")]
    Expected(&'static str),
    #[error("nested too deeply")]
    TooDeep,
    #[error("text too large")]
    TooLarge,
    #[error("string is not closed")]
    UnclosedString,
    #[error("heredoc is not closed")]
    UnclosedHeredoc,
    #[error("comment is not closed")]
    UnclosedComment,
    #[error("invalid escape")]
    InvalidEscape,
    #[error("not valid UTF-8")]
    NotUtf8,
}

impl Error {
    /// Puts line and column to an offset in `text`, so that a consumer's own complaint about a span
    /// reads like one of the reader's.
    #[must_use]
    pub fn at(text: &str, offset: usize, kind: ErrorKind) -> Self {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = text.get(..offset).unwrap_or("");
        let before_it = before.strip_prefix('\u{feff}').unwrap_or(before);
        let last_line = before_it.rsplit('\n').next().unwrap_or("");
        Self {
            offset,
            line: before_it.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: last_line.chars().count() + 1,
            kind,
        }
    }
}
