//! Regular expressions: what a value has to look like, and no value.

use crate::needles::begins_with;

/// A regular expression.
pub(super) fn is_pattern(text: &str) -> bool {
    // Without one of these signs it is none.
    if !text.bytes().any(|it| matches!(it, b'\\' | b'*' | b'[' | b'?')) {
        return false;
    }
    let repeats = |class: &str| {
        text.match_indices(class).any(|(at, it)| {
            let behind = text.get(at + it.len()..).unwrap_or("");
            behind.starts_with(['+', '*', '{', '?', ']', '$', '.', ')', '|', '\\'])
        })
    };
    repeats("\\w")
        || repeats("\\d")
        || repeats("\\S")
        || (text.contains(".*")
            && text.bytes().all(|it| !b"!#%&;<>@`~".contains(&it))
            && (!text.bytes().any(|it| it.is_ascii_digit())
                || text.starts_with(['^', '.', '('])
                || text.ends_with(['*', '$', ')'])))
        || excludes(text)
        || groups(text)
        || (["[a-z", "[A-Z", "[0-9"].iter().any(|it| text.contains(it)) && text.contains(']'))
}

/// How many openings of a pattern are followed to their end: one that closes none of them is none.
const OPENINGS: usize = 8;

/// `[^"]+`: all but a few signs, some of them. The opening alone may be drawn by chance.
fn excludes(text: &str) -> bool {
    text.match_indices("[^").take(OPENINGS).any(|(at, it)| {
        let class = text.get(at + it.len()..).unwrap_or("");
        // A bracket that comes first is one of the signs.
        let close = class.char_indices().skip(1).find(|it| it.1 == ']').map(|it| it.0);
        let behind = close.and_then(|it| class.get(it + 1..));
        behind.is_some_and(|it| it.is_empty() || it.starts_with(['+', '*', '{', '?', '$', ')', '|']))
    })
}

/// `(?:a|b)`, `(?i)`: a group that is closed.
fn groups(text: &str) -> bool {
    const BEGINNINGS: [&str; 10] = [":", "=", "!", "<", "P<", "i)", "s)", "m)", "x)", "i:"];
    text.match_indices("(?").take(OPENINGS).any(|(at, it)| {
        let inner = text.get(at + it.len()..).unwrap_or("");
        begins_with(inner, &BEGINNINGS) && inner.contains(')')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opening_alone_makes_no_pattern() {
        for text in ["[^\"]+", "token=[^ ]*$", "(?i)token", "(?:a|b)c", "^(?=.{8})x", "([^,]+),(.*)", "[^]]+"]
        {
            assert!(is_pattern(text), "{text}");
        }
        for text in ["^Bearer .*$", "foo.*bar", "(.*)=(.*)", "token: \".*\""] {
            assert!(is_pattern(text), "{text}");
        }
        for text in [
            "=kf&%S*U.*b",
            "zUqya.*$.Q]a@",
            "e[^Xt6{b[:Gc-GMr",
            "Kiln(?Otter-11",
            "a[^b]c]D-7",
            "q(?9x)T",
            "Kiln(?:Otter-11",
            "[^",
        ] {
            assert!(!is_pattern(text), "{text}");
        }
    }
}
