//! Names of entities, aliases and groups: one constructor for all places that take one.

use crate::error::{Error, Result};

/// Longer than any authority's name for somebody.
const MAX_LEN: usize = 1024;

/// What a name is filed under: ASCII in lower case, so that two spellings are one name (rule 61).
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Folded(String);

impl Folded {
    pub(super) fn new(raw: &str) -> Result<Self> {
        match is_plain(raw) && raw.len() <= MAX_LEN {
            true => Ok(Self(raw.to_ascii_lowercase())),
            false => Err(Error::invalid("a name is empty, too long, or has characters that are not seen")),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Neither empty nor with anything that is not seen.
pub(super) fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.trim() == text && !text.chars().any(|it| it.is_control() || is_invisible(it))
}

/// Without a width, or turning what follows around.
fn is_invisible(it: char) -> bool {
    matches!(
        it,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    // Rule 61
    #[test]
    fn a_name_has_one_spelling_and_shows_all_of_itself() {
        assert_eq!(Folded::new("Web/API").unwrap(), Folded::new("web/api").unwrap());
        assert_ne!(Folded::new("web").unwrap(), Folded::new("wéb").unwrap());
        for bad in ["", " a", "a ", "a\n", "\ta", "a\0b", "a\u{200b}b", "a\u{202e}b", "\u{feff}a", "a\u{ad}"]
        {
            assert!(Folded::new(bad).is_err(), "{bad:?}");
        }
        assert!(Folded::new(&"a".repeat(MAX_LEN)).is_ok());
        assert!(Folded::new(&"a".repeat(MAX_LEN + 1)).is_err());
    }
}
