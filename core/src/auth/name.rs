//! Names of roles and users: one constructor for all places that take one.

use std::fmt;

use crate::error::{Error, Result};

/// Longer than any name, shorter than what would be worth storing.
const MAX_LEN: usize = 256;

/// Of what an authority calls somebody.
const MAX_ALIAS: usize = 1_024;

/// A role's or user's name: ASCII letters (folded to lower case), digits, `_`, and within it `-` and `.`.
///
/// Writing, logging in, lockout and alias all go by this, so that two spellings of one name are one name, and
/// nothing invisible makes a second one (rule 61).
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Name(String);

impl Name {
    /// [`Error::UnsupportedPath`] for what cannot be a name: there is no such path.
    pub(crate) fn new(raw: &str) -> Result<Self> {
        let word = |it: u8| it.is_ascii_alphanumeric() || it == b'_';
        let bytes = raw.as_bytes();
        let ends = [bytes.first(), bytes.last()];
        let fits = bytes.len() <= MAX_LEN
            && ends.iter().all(|it| it.is_some_and(|it| word(*it)))
            && bytes.iter().all(|it| word(*it) || matches!(it, b'-' | b'.'));
        match fits {
            true => Ok(Self(raw.to_ascii_lowercase())),
            false => Err(Error::UnsupportedPath),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether an authority's name for somebody can be one here: visible, and no other name in disguise (rule 61).
/// Case is the authority's business.
pub(crate) fn is_alias(text: &str) -> bool {
    /// What shows nothing, or turns the direction of what follows.
    fn is_invisible(it: char) -> bool {
        matches!(it, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    }
    (1..=MAX_ALIAS).contains(&text.len())
        && text.trim() == text
        && !text.chars().any(|it| it.is_control() || is_invisible(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    // Rule 61
    #[test]
    fn a_name_has_one_spelling() {
        assert_eq!(Name::new("Bob").unwrap(), Name::new("bOB").unwrap());
        assert_eq!(Name::new("a.b-c_1").unwrap().as_str(), "a.b-c_1");
        for bad in
            ["", " bob", "bob ", "b ob", "bob\u{200b}", "bob\u{7f}", "b\tb", "bob\0", "-b", "b.", "é", "a/b"]
        {
            assert!(matches!(Name::new(bad), Err(Error::UnsupportedPath)), "{bad:?}");
        }
        assert!(Name::new(&"a".repeat(MAX_LEN)).is_ok());
        assert!(Name::new(&"a".repeat(MAX_LEN + 1)).is_err());
    }

    // Rule 61
    #[test]
    fn an_authoritys_name_shows_all_that_it_is() {
        for good in ["user-1", "one@mail.example", "system:serviceaccount:a:b", "Ann Bell", "é", "a/b"] {
            assert!(is_alias(good), "{good:?}");
        }
        for bad in
            ["", " a", "a ", "a\n", "a\0b", "a\u{200b}", "a\u{202e}b", "\u{feff}a", "a\u{7f}", "\u{a0}a"]
        {
            assert!(!is_alias(bad), "{bad:?}");
        }
        assert!(is_alias(&"a".repeat(MAX_ALIAS)) && !is_alias(&"a".repeat(MAX_ALIAS + 1)));
    }
}
