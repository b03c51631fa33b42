//! Which signs a value has, from one pass over it: most values are words and numbers, and hold nothing.

use std::sync::LazyLock;

/// A sign that something embedded needs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Mark {
    At,
    /// What opens a document.
    Bracket,
    Break,
    Colon,
    Comma,
    Dash,
    Dollar,
    Equals,
    Slash,
    /// White space of any kind.
    Space,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Marks(u16);

impl Marks {
    pub(super) fn of(text: &str) -> Self {
        let signs: &[u16; 256] = &SIGNS;
        Self(text.bytes().fold(0, |seen, it| seen | signs.get(usize::from(it)).copied().unwrap_or(0)))
    }

    pub(super) fn has(self, mark: Mark) -> bool {
        self.0 & bit(mark) != 0
    }
}

const fn bit(mark: Mark) -> u16 {
    1 << mark as u16
}

static SIGNS: LazyLock<[u16; 256]> = LazyLock::new(|| {
    std::array::from_fn(|byte| match u8::try_from(byte).unwrap_or(0) {
        b'@' => bit(Mark::At),
        b'{' | b'[' | b'<' => bit(Mark::Bracket),
        b'\n' => bit(Mark::Break) | bit(Mark::Space),
        b':' => bit(Mark::Colon),
        b',' => bit(Mark::Comma),
        b'-' => bit(Mark::Dash),
        b'$' => bit(Mark::Dollar),
        b'=' => bit(Mark::Equals),
        b'/' => bit(Mark::Slash),
        b' ' | b'\t' | b'\r' | 0x0b | 0x0c => bit(Mark::Space),
        // What is not ASCII may be a space.
        0x80.. => bit(Mark::Space),
        _ => 0,
    })
});

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[Mark]) {
        use Mark::{At, Bracket, Break, Colon, Comma, Dash, Dollar, Equals, Slash, Space};
        let marks = Marks::of(text);
        let all = [At, Bracket, Break, Colon, Comma, Dash, Dollar, Equals, Slash, Space];
        assert_eq!(all.into_iter().filter(|it| marks.has(*it)).collect::<Vec<_>>(), expected, "{text:?}");
    }

    #[test]
    fn every_sign_is_seen() {
        check("", &[]);
        check("orders_2024.eu", &[]);
        check("a@b:c", &[Mark::At, Mark::Colon]);
        check(
            "--a=${b},c/d",
            &[Mark::Bracket, Mark::Comma, Mark::Dash, Mark::Dollar, Mark::Equals, Mark::Slash],
        );
        check("a\nb", &[Mark::Break, Mark::Space]);
        for c in (0..0x3000).filter_map(char::from_u32).filter(|it| it.is_whitespace()) {
            assert!(Marks::of(&c.to_string()).has(Mark::Space), "{c:?}");
        }
    }
}
