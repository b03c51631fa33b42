//! Lines and columns of places in a text.

/// As [`crate::Position::of`], for many places: it goes forward through a text. Places are asked for in their order, so that each byte is counted once.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    column: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        // A byte-order mark counts as nothing.
        let at = text.len() - text.trim_start_matches('\u{feff}').len();
        Self { text, at: at.min('\u{feff}'.len_utf8()), line: 1, column: 1 }
    }

    /// Line and column of a byte, counted from 1, columns in code points.
    pub(crate) fn to(&mut self, at: usize) -> (usize, usize) {
        if at < self.at {
            *self = Self::new(self.text);
        }
        let passed = self.text.get(self.at..at).unwrap_or_default();
        let breaks = memchr::memchr_iter(b'\n', passed.as_bytes()).count();
        if breaks > 0 {
            self.line += breaks;
            self.column = 1;
        }
        self.column += passed.rsplit('\n').next().unwrap_or_default().chars().count();
        self.at = self.at.max(at);
        (self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Position;

    #[test]
    fn places_are_counted_as_editors_count() {
        let text = "\u{feff}ab\r\né🔑x\n\nz";
        let mut cursor = Cursor::new(text);
        let mut check = |part: &str, expected| {
            let at = text.find(part).unwrap();
            let position = Position::of(text, at);
            assert_eq!((cursor.to(at), (position.line, position.column)), (expected, expected), "{part:?}");
        };
        check("ab", (1, 1));
        check("b", (1, 2));
        check("é", (2, 1));
        check("x", (2, 3));
        check("z", (4, 1));
        check("b", (1, 2));
    }
}
