//! Which signs a value has, from one pass over it: most values are words and numbers, and hold nothing.

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
        Self(text.bytes().fold(0, |seen, it| seen | SIGNS.get(usize::from(it)).copied().unwrap_or(0)))
    }

    pub(super) fn has(self, mark: Mark) -> bool {
        self.0 & bit(mark) != 0
    }
}

const fn bit(mark: Mark) -> u16 {
    1 << mark as u16
}

static SIGNS: [u16; 256] = {
    let mut signs = [0; 256];
    signs[b'@' as usize] = bit(Mark::At);
    signs[b'{' as usize] = bit(Mark::Bracket);
    signs[b'[' as usize] = bit(Mark::Bracket);
    signs[b'<' as usize] = bit(Mark::Bracket);
    signs[b'\n' as usize] = bit(Mark::Break) | bit(Mark::Space);
    signs[b':' as usize] = bit(Mark::Colon);
    signs[b',' as usize] = bit(Mark::Comma);
    signs[b'-' as usize] = bit(Mark::Dash);
    signs[b'$' as usize] = bit(Mark::Dollar);
    signs[b'=' as usize] = bit(Mark::Equals);
    signs[b'/' as usize] = bit(Mark::Slash);
    signs[b' ' as usize] = bit(Mark::Space);
    signs[b'\t' as usize] = bit(Mark::Space);
    signs[b'\r' as usize] = bit(Mark::Space);
    signs[0x0b] = bit(Mark::Space);
    signs[0x0c] = bit(Mark::Space);
    // What is not ASCII may be a space.
    let mut byte = 0x80;
    while byte < 256 {
        signs[byte] = bit(Mark::Space);
        byte += 1;
    }
    signs
};

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
