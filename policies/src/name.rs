//! The one way in which a policy gets its name.

use std::fmt;

/// The longest name in bytes.
const MAX_BYTES: usize = 128;

/// A policy's name in the only form that is stored, compared and checked against the reserved names.
///
/// ASCII letters are in lower case. There is no white space at the ends, none but U+0020 inside, and no
/// control or invisible character. Nothing is ever trimmed: two spellings that look alike but differ in
/// an invisible character would otherwise be two names for one check and one name for the next.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PolicyName(Box<str>);

/// Why a text is no policy name. The text itself is not repeated.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NameError {
    #[error("policy name is empty")]
    Empty,
    #[error("policy name is longer than {MAX_BYTES} bytes")]
    TooLong,
    #[error("policy name begins or ends with white space")]
    OuterSpace,
    #[error("policy name contains a control or invisible character")]
    Invisible,
}

impl PolicyName {
    /// Folds ASCII letters to lower case, then refuses what a name must not contain.
    pub fn new(raw: &str) -> Result<Self, NameError> {
        if raw.is_empty() {
            return Err(NameError::Empty);
        }
        if raw.len() > MAX_BYTES {
            return Err(NameError::TooLong);
        }
        if raw.starts_with(char::is_whitespace) || raw.ends_with(char::is_whitespace) {
            return Err(NameError::OuterSpace);
        }
        if raw.chars().any(is_unwelcome) {
            return Err(NameError::Invisible);
        }
        Ok(Self(raw.to_ascii_lowercase().into_boxed_str()))
    }

    pub(crate) fn root() -> Self {
        Self("root".into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `root`: everything is allowed, and no text stands behind it. Only a root token may carry it.
    pub fn is_root(&self) -> bool {
        &*self.0 == "root"
    }

    /// `default`: may be changed, not deleted.
    pub fn is_default(&self) -> bool {
        &*self.0 == "default"
    }

    /// Names that are neither written nor deleted through the API, nor given to a token by a caller:
    /// `root`, and `response-wrapping`, which only a wrapping token has.
    pub fn is_reserved(&self) -> bool {
        self.is_root() || &*self.0 == "response-wrapping"
    }
}

impl AsRef<str> for PolicyName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PolicyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Control characters, white space that is not U+0020, and what Unicode calls default-ignorable: it is
/// drawn as nothing, so that two different names would look the same.
fn is_unwelcome(c: char) -> bool {
    c.is_control()
        || (c != ' ' && c.is_whitespace())
        || matches!(c,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
            | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, expected: Result<&str, NameError>) {
        assert_eq!(PolicyName::new(raw).as_ref().map(PolicyName::as_str), expected.as_ref().copied());
    }

    // Rule 38.
    #[test]
    fn one_constructor_folds_then_refuses_and_never_trims() {
        check("Team-A.dot/slash", Ok("team-a.dot/slash"));
        check("two words", Ok("two words"));
        check("ROOT", Ok("root"));
        check("", Err(NameError::Empty));
        check(" root", Err(NameError::OuterSpace));
        check("root\n", Err(NameError::OuterSpace));
        check("root\u{A0}", Err(NameError::OuterSpace));
        check("ro\u{200B}ot", Err(NameError::Invisible));
        check("root\u{FEFF}", Err(NameError::Invisible));
        check("ro\0ot", Err(NameError::Invisible));
        check("a\tb", Err(NameError::Invisible));
        check("a\u{A0}b", Err(NameError::Invisible));
        check(&"x".repeat(128), Ok(&"x".repeat(128)));
        check(&"x".repeat(129), Err(NameError::TooLong));
    }

    // Rules 38 and 47: only ASCII folds, so the Kelvin sign is not a `k`.
    #[test]
    fn nothing_but_ascii_is_folded() {
        check("\u{212A}ey", Ok("\u{212A}ey"));
        check("É", Ok("É"));
    }

    #[test]
    fn reserved_names_are_known_in_every_spelling() {
        let name = |raw| PolicyName::new(raw).unwrap();
        assert!(name("Root").is_root() && name("Root").is_reserved());
        assert!(name("Response-Wrapping").is_reserved());
        assert!(name("DEFAULT").is_default() && !name("default").is_reserved());
        assert!(!name("rooted").is_root());
    }
}
