//! Why a text could not be read: position and what was expected, never the text itself (a policy or a
//! job file may hold a credential).

/// A text that is not HCL.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{line}:{column}: {kind}")]
pub struct Error {
    /// The byte in the source where reading stopped.
    pub offset: usize,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
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
