//! Many words looked for at once, in texts that have few of them.
//!
//! An automaton takes each byte of a text through a table of its own, and waits for the answer before it takes the
//! next. Here a sum of each three bytes is looked up among those that a word begins with, which is less work and
//! waits for nothing; only where it is one of them are words compared.

use std::collections::BTreeMap;

/// Of the sum of three bytes, five bits from each to the next.
const SHIFT: u32 = 5;
const SUMS: usize = 1 << (3 * SHIFT);
/// What a byte counts as is less.
const CLASSES: usize = 64;

/// Words, and where they may begin.
pub(crate) struct Needles {
    /// Bytes that no word has are all the same.
    classes: [u8; 256],
    /// A bit for each sum that a word begins with, and how many there are before.
    starts: Box<[(u64, usize); SUMS / 64]>,
    /// The words of each such sum.
    groups: Vec<Group>,
    same: fn(&[u8], &[u8]) -> bool,
}

/// Words that begin alike.
#[derive(Default)]
struct Group {
    /// A bit for each class of the bytes that go on with one.
    fourths: u64,
    /// The longest first: their places, and how they are written.
    words: Vec<(usize, &'static [u8])>,
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
        let mut needles = Self {
            classes: classes(&words),
            starts: Box::new([(0, 0); SUMS / 64]),
            groups: Vec::new(),
            same,
        };
        let mut groups: BTreeMap<usize, Group> = BTreeMap::new();
        for (place, written) in words.into_iter().enumerate() {
            let sum = written.iter().take(3).fold(0, |sum, byte| needles.sum(sum, *byte));
            // Behind a word of two bytes anything may stand, or nothing.
            let sums: Vec<usize> = match written {
                [_, _] => (0..CLASSES).map(|third| sum << SHIFT ^ third).collect(),
                _ => vec![sum],
            };
            for sum in sums {
                let group = groups.entry(sum % SUMS).or_default();
                group.fourths |= written.get(3).map_or(u64::MAX, |it| 1 << needles.class(*it));
                group.words.push((place, written));
            }
        }
        for sum in groups.keys() {
            if let Some((bits, _)) = needles.starts.get_mut(sum / 64) {
                *bits |= 1 << (sum % 64);
            }
        }
        let mut before = 0;
        for (bits, count) in needles.starts.iter_mut() {
            *count = before;
            before += bits.count_ones() as usize;
        }
        needles.groups = groups.into_values().collect();
        needles.groups.iter_mut().for_each(|it| it.words.sort_by_key(|(_, word)| usize::MAX - word.len()));
        needles
    }

    fn class(&self, byte: u8) -> u8 {
        self.classes.get(usize::from(byte)).copied().unwrap_or(0)
    }

    fn sum(&self, before: usize, byte: u8) -> usize {
        before << SHIFT ^ usize::from(self.class(byte))
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
        sum <<= SHIFT;
        if self.may_begin(sum) { self.at(bytes, bytes.len() - 2, sum) } else { None }
    }

    fn may_begin(&self, sum: usize) -> bool {
        self.starts.get(sum % SUMS / 64).is_some_and(|(bits, _)| bits >> (sum % 64) & 1 == 1)
    }

    /// The longest word that begins at a byte.
    #[inline(never)]
    fn at(&self, bytes: &[u8], start: usize, sum: usize) -> Option<Hit> {
        let rest = bytes.get(start..)?;
        let (bits, before) = self.starts.get(sum % SUMS / 64)?;
        let lower = bits & ((1 << (sum % 64)) - 1);
        let group = self.groups.get(before + lower.count_ones() as usize)?;
        let fourth = rest.get(3).map_or(0, |it| self.class(*it));
        if group.fourths >> fourth & 1 == 0 {
            return None;
        }
        let is_there =
            |(_, word): &&(usize, &[u8])| rest.get(..word.len()).is_some_and(|it| (self.same)(it, word));
        group.words.iter().find(is_there).map(|(place, word)| Hit {
            start,
            end: start + word.len(),
            word: *place,
        })
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

/// Whether a text begins with one of these. Most of them have not even its first byte.
pub(crate) fn begins_with(text: &str, any: &[&str]) -> bool {
    beginning(text, any).is_some()
}

/// The one that a text ends in, by its last byte first.
pub(crate) fn ending<'w>(text: &str, any: &[&'w str]) -> Option<&'w str> {
    let last = text.as_bytes().last();
    any.iter().find(|it| it.as_bytes().last() == last && text.ends_with(**it)).copied()
}

/// The one that it begins with.
pub(crate) fn beginning<'w>(text: &str, any: &[&'w str]) -> Option<&'w str> {
    let first = text.as_bytes().first();
    any.iter().find(|it| (it.as_bytes().first() == first || it.is_empty()) && text.starts_with(**it)).copied()
}

/// A number below [`CLASSES`] for each byte: 1 to 26 for letters of both cases, one for all that are not ASCII, others for
/// those that the words have, and 0 for the rest.
fn classes(words: &[&[u8]]) -> [u8; 256] {
    const FOREIGN: u8 = 27;
    let mut signs: Vec<u8> = words.iter().flat_map(|it| it.iter().take(4)).copied().collect();
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
