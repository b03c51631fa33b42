//! Names of roles and users: one constructor for all places that take one.

use std::fmt;

use crate::error::{Error, Result};

/// Longer than any name, shorter than what would be worth storing.
const MAX_LEN: usize = 256;

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
}
