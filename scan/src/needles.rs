//! Many words looked for at once, in texts that have few of them.
//!
//! An automaton takes each byte of a text through a table of its own, and waits for the answer before it takes the
//! next. Here a sum of each three bytes is looked up among those that a word begins with, which is less work and
//! waits for nothing; only where it is one of them are words compared.

/// Of the sum of three bytes, five bits from each to the next.
const SHIFT: u32 = 5;
const SUMS: usize = 1 << (3 * SHIFT);

/// Words, and where they may begin.
pub(crate) struct Needles {
    /// Bytes that no word has are all the same.
    classes: [u8; 256],
    /// A bit for each sum that a word begins with.
    starts: Box<[u64; SUMS / 64]>,
    /// Words with the sum of their beginning, in its order; of one sum the longest comes first.
    words: Vec<(usize, usize, &'static [u8])>,
    same: fn(&[u8], &[u8]) -> bool,
}

/// Where a word stands, and which.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Hit {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Its place among the words that were given.
    pub(crate) word: usize,
}

impl Needles {
    /// Words of two bytes or more, each as it is written.
    pub(crate) fn exact(words: impl IntoIterator<Item = &'static str>) -> Self {
        Self::of(words, |a, b| a == b)
    }

    /// The same, whatever the case of their letters.
    pub(crate) fn of_any_case(words: impl IntoIterator<Item = &'static str>) -> Self {
        Self::of(words, <[u8]>::eq_ignore_ascii_case)
    }

    fn of(words: impl IntoIterator<Item = &'static str>, same: fn(&[u8], &[u8]) -> bool) -> Self {
        let words: Vec<&[u8]> = words.into_iter().map(str::as_bytes).collect();
        let mut needles =
            Self { classes: classes(&words), starts: Box::new([0; SUMS / 64]), words: Vec::new(), same };
        for (place, word) in words.into_iter().enumerate() {
            let sum = word.iter().take(3).fold(0, |sum, byte| needles.sum(sum, *byte));
            // Behind a word of two bytes anything may stand, or nothing.
            let thirds = if word.len() > 2 { 0..1 } else { 0..64 };
            for third in thirds {
                let sum = if word.len() > 2 { sum } else { sum << SHIFT ^ third } % SUMS;
                needles.words.push((sum, place, word));
                if let Some(bits) = needles.starts.get_mut(sum / 64) {
                    *bits |= 1 << (sum % 64);
                }
            }
        }
        needles.words.sort_by_key(|(sum, _, word)| (*sum, usize::MAX - word.len()));
        needles
    }

    fn sum(&self, before: usize, byte: u8) -> usize {
        before << SHIFT ^ usize::from(self.classes.get(usize::from(byte)).copied().unwrap_or(0))
    }

    /// The first word at or behind a byte; of several that begin there the longest.
    #[inline]
    pub(crate) fn next(&self, text: &str, from: usize) -> Option<Hit> {
        let bytes = text.as_bytes();
        let [first, second, rest @ ..] = bytes.get(from..)? else { return None };
        let mut sum = self.sum(self.sum(0, *first), *second);
        let mut rest = rest.iter();
        while let Some(byte) = rest.next() {
            sum = self.sum(sum, *byte);
            if self.may_begin(sum)
                && let Some(hit) = self.at(bytes, bytes.len() - rest.len() - 3, sum)
            {
                return Some(hit);
            }
        }
        self.at(bytes, bytes.len() - 2, sum << SHIFT)
    }

    fn may_begin(&self, sum: usize) -> bool {
        self.starts.get(sum % SUMS / 64).is_some_and(|it| it >> (sum % 64) & 1 == 1)
    }

    #[inline(never)]
    fn at(&self, bytes: &[u8], start: usize, sum: usize) -> Option<Hit> {
        let sum = sum % SUMS;
        let rest = bytes.get(start..)?;
        let first = self.words.partition_point(|it| it.0 < sum);
        let mut words = self.words.get(first..)?.iter().take_while(|it| it.0 == sum);
        words
            .find(|(_, _, word)| rest.get(..word.len()).is_some_and(|it| (self.same)(it, word)))
            .map(|(_, place, word)| Hit { start, end: start + word.len(), word: *place })
    }

    /// All words of a text, from the first on, without those that begin within another one.
    pub(crate) fn all<'n>(&'n self, text: &'n str) -> impl Iterator<Item = Hit> + 'n {
        let mut from = 0;
        std::iter::from_fn(move || {
            let hit = self.next(text, from)?;
            from = hit.end;
            Some(hit)
        })
    }
}

/// A number below 64 for each byte: 1 to 26 for letters of both cases, one for all that are not ASCII, others for
/// those that the words have, and 0 for the rest.
fn classes(words: &[&[u8]]) -> [u8; 256] {
    const FOREIGN: u8 = 27;
    let mut signs: Vec<u8> = words.iter().flat_map(|it| it.iter().take(3)).copied().collect();
    signs.retain(|it| it.is_ascii() && !it.is_ascii_alphabetic());
    signs.sort_unstable();
    signs.dedup();
    std::array::from_fn(|byte| match u8::try_from(byte).unwrap_or(0) {
        letter if letter.is_ascii_alphabetic() => letter.to_ascii_lowercase() - b'a' + 1,
        foreign if !foreign.is_ascii() => FOREIGN,
        sign => {
            let place = signs.binary_search(&sign).ok().and_then(|it| u8::try_from(it).ok());
            // More than are left are as good as the last.
            place.map_or(0, |it| (FOREIGN + 1 + it).min(63))
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WORDS: [&str; 11] =
        ["pass", "password", "passwords", "ss", "<<", "key", "клю", "://", "-h ", "]:", "9.8"];

    /// As it is defined, place by place.
    fn slowly(text: &str, same: fn(&[u8], &[u8]) -> bool) -> Vec<Hit> {
        let (mut hits, mut at) = (Vec::new(), 0);
        while at < text.len() {
            let begins =
                |it: &&str| text.as_bytes()[at..].get(..it.len()).is_some_and(|b| same(b, it.as_bytes()));
            let longest = WORDS.iter().filter(|it| begins(it)).max_by_key(|it| it.len());
            match longest {
                Some(word) => {
                    let place = WORDS.iter().position(|it| it == word).unwrap();
                    hits.push(Hit { start: at, end: at + word.len(), word: place });
                    at += word.len();
                }
                None => at += 1,
            }
        }
        hits
    }

    #[track_caller]
    fn check(text: &str) {
        assert_eq!(
            Needles::exact(WORDS).all(text).collect::<Vec<_>>(),
            slowly(text, |a, b| a == b),
            "{text:?}"
        );
        let any = Needles::of_any_case(WORDS);
        assert_eq!(any.all(text).collect::<Vec<_>>(), slowly(text, <[u8]>::eq_ignore_ascii_case), "{text:?}");
    }

    #[test]
    fn the_first_and_longest_is_found() {
        for text in
            ["", "s", "ss", "xss", "passwordsss", "PassWord", "a<<", "a<", "ключ КЛЮЧ", "[h]:9.8://-h "]
        {
            check(text);
        }
    }

    proptest! {
        #[test]
        fn nothing_is_missed(text in r"([pPaAsSwWoOrRdD]{0,6}|pass|words?|[<:/\]]{0,3}|key|KE|клю|-h |9\.8|\PC){0,12}") {
            check(&text);
        }
    }
}
