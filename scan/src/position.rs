//! Lines and columns, as people and editors count them.

/// Counted from 1; columns in code points. A byte-order mark counts as nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

impl Position {
    /// Of a byte of a whole file.
    #[must_use]
    pub fn of(text: &str, at: usize) -> Self {
        let before = text.get(..at).unwrap_or(text);
        let before = before.strip_prefix('\u{feff}').unwrap_or(before);
        let line = memchr::memrchr(b'\n', before.as_bytes())
            .map_or(before, |end| before.get(end + 1..).unwrap_or(""));
        Self {
            line: memchr::memchr_iter(b'\n', before.as_bytes()).count() + 1,
            column: line.chars().count() + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, part: &str, line: usize, column: usize) {
        assert_eq!(Position::of(text, text.find(part).unwrap()), Position { line, column });
    }

    #[test]
    fn columns_are_code_points() {
        check("abc", "a", 1, 1);
        check("\u{feff}abc", "b", 1, 2);
        check("a\r\nüöx", "x", 2, 3);
        check("\u{feff}a\n\nx", "x", 3, 1);
    }
}
