//! Why a template cannot be read or rendered.
//!
//! The texts name what the template's author wrote: functions, fields, variables, places. They never hold a value, an
//! argument or a literal, because those may be secrets, and errors end in logs.

use std::fmt;

/// An error and where in the template it arose.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Error {
    /// Counted from 1.
    pub line: usize,
    /// Characters of the line, counted from 1.
    pub column: usize,
    pub kind: ErrorKind,
}

impl Error {
    pub(crate) fn at(source: &str, offset: usize, kind: ErrorKind) -> Self {
        let before = source.get(..offset).unwrap_or(source);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Self { line, column, kind }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "template, line {}, column {}: {}", self.line, self.column, self.kind)
    }
}

impl std::error::Error for Error {}

/// What is wrong.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ErrorKind {
    #[error("{function}: argument {position} should be {expected}, not {found}")]
    ArgumentType { function: String, position: usize, expected: &'static str, found: &'static str },
    #[error("{function}: {got} arguments where it takes {want}")]
    ArgumentCount { function: String, want: usize, got: usize },
    #[error("{function}: {why}")]
    Comparison { function: &'static str, why: &'static str },
    #[error("{function}: {why}")]
    Function { function: String, why: &'static str },
    /// A thing was put into itself.
    #[error("a map cannot hold itself")]
    Cycle,
    /// `error_on_missing_key` is set.
    #[error("there is no key {0:?}")]
    MissingKey(String),
    #[error("{found} has no field {field:?}")]
    NoField { field: String, found: &'static str },
    #[error("{0} cannot be printed")]
    NotPrintable(&'static str),
    /// The function is part of the language and its host keeps it off.
    #[error("the function {function} is not allowed here")]
    NotAllowed { function: String },
    #[error("{0} cannot be called with arguments")]
    NotCallable(String),
    #[error("range cannot go over {0}")]
    NotIterable(&'static str),
    #[error("nothing is there to take the field {0:?} of")]
    NilPointer(String),
    /// The host could not answer; it logs why.
    #[error("{function}: {why}")]
    Outside { function: String, why: &'static str },
    #[error("{0}")]
    Syntax(&'static str),
    #[error("more than {limit} levels of blocks, calls or values")]
    TooDeep { limit: u32 },
    #[error("a text of more than {limit} bytes")]
    TooLong { limit: usize },
    #[error("rendering takes too many steps")]
    TooManySteps,
    #[error("there is no function {0:?}")]
    UnknownFunction(String),
    #[error("there is no template of that name")]
    UnknownTemplate,
    #[error("there is no variable {0:?}")]
    UnknownVariable(String),
    /// consul-template has it and this engine has not; `docs/templates.md` tells why.
    #[error("the function {function} is not part of this engine: {why}")]
    Unsupported { function: String, why: &'static str },
}

pub(crate) type Outcome<T> = Result<T, ErrorKind>;

/// The function refuses for a reason that holds no data.
pub(crate) fn refuse<T>(function: &str, why: &'static str) -> Outcome<T> {
    Err(ErrorKind::Function { function: function.to_owned(), why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_counted_in_lines_and_characters() {
        let error =
            Error::at("ä{{ .x }}\nöü{{ }}", "ä{{ .x }}\nöü".len(), ErrorKind::Syntax("an empty command"));
        assert_eq!(error.to_string(), "template, line 2, column 3: an empty command");
    }
}
