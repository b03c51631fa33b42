//! Texts that wipe themselves. A Go string is bytes, and so is this: base64 may hold anything.

use std::cmp::Ordering;
use std::rc::Rc;

use zeroize::Zeroizing;

use crate::error::{ErrorKind, Outcome};
use crate::limits::TEXT_BYTES;

/// A string of the language: shared, unchanging, wiped when its last owner drops it.
#[derive(Clone)]
pub struct Text(Rc<Zeroizing<Vec<u8>>>);

impl Text {
    pub fn new(bytes: &[u8]) -> Self {
        Self(Rc::new(Zeroizing::new(bytes.to_vec())))
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// None where it is not UTF-8.
    pub fn utf8(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes()).ok()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::new(text.as_bytes())
    }
}

impl Eq for Text {}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bytes().cmp(other.bytes())
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Where a text grows: wiped, also the smaller memory that it grows out of, and of bounded length.
#[derive(Default)]
pub(crate) struct Sink(Zeroizing<Vec<u8>>);

impl Sink {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) -> Outcome<()> {
        let length = self.0.len() + bytes.len();
        if length > TEXT_BYTES {
            return Err(ErrorKind::TooLong { limit: TEXT_BYTES });
        }
        if length > self.0.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(length.max(self.0.capacity() * 2).max(64)));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    pub(crate) fn push_str(&mut self, text: &str) -> Outcome<()> {
        self.push(text.as_bytes())
    }

    pub(crate) fn push_char(&mut self, it: char) -> Outcome<()> {
        self.push(it.encode_utf8(&mut [0; 4]).as_bytes())
    }

    pub(crate) fn repeat(&mut self, bytes: &[u8], times: usize) -> Outcome<()> {
        if bytes.len().saturating_mul(times) > TEXT_BYTES {
            return Err(ErrorKind::TooLong { limit: TEXT_BYTES });
        }
        (0..times).try_for_each(|_| self.push(bytes))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn text(self) -> Text {
        Text(Rc::new(self.0))
    }

    pub(crate) fn into_bytes(self) -> Zeroizing<Vec<u8>> {
        self.0
    }
}

/// The characters of bytes as Go's `range` sees them: each byte that is no UTF-8 is a `None` of its own.
pub(crate) fn runes(bytes: &[u8]) -> impl Iterator<Item = (Option<char>, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let first = *rest.first()?;
        let length = match first {
            0..0x80 => 1,
            0xc0..0xe0 => 2,
            0xe0..0xf0 => 3,
            _ => 4,
        };
        let whole =
            rest.get(..length).and_then(|it| std::str::from_utf8(it).ok()).and_then(|it| it.chars().next());
        let width = whole.map_or(1, char::len_utf8);
        let (piece, after) = rest.split_at(width);
        rest = after;
        Some((whole, piece))
    })
}

/// Each character through `change`; bytes that are no UTF-8 become U+FFFD, as in Go's `strings.Map`.
pub(crate) fn map(bytes: &[u8], mut change: impl FnMut(char, &mut Sink) -> Outcome<()>) -> Outcome<Text> {
    let mut sink = Sink::new();
    for (it, _) in runes(bytes) {
        change(it.unwrap_or(char::REPLACEMENT_CHARACTER), &mut sink)?;
    }
    Ok(sink.text())
}

/// What Go's `unicode.IsSpace` takes for space.
pub(crate) fn is_space(it: char) -> bool {
    it.is_whitespace()
}

pub(crate) fn trim_start_by(bytes: &[u8], cut: impl Fn(char) -> bool) -> &[u8] {
    let kept: usize =
        runes(bytes).take_while(|(it, _)| it.is_some_and(&cut)).map(|(_, piece)| piece.len()).sum();
    bytes.get(kept..).unwrap_or_default()
}

pub(crate) fn trim_end_by(bytes: &[u8], cut: impl Fn(char) -> bool) -> &[u8] {
    let mut end = 0;
    let mut at = 0;
    for (it, piece) in runes(bytes) {
        at += piece.len();
        if !it.is_some_and(&cut) {
            end = at;
        }
    }
    bytes.get(..end).unwrap_or_default()
}

pub(crate) fn trim_space(bytes: &[u8]) -> &[u8] {
    trim_end_by(trim_start_by(bytes, is_space), is_space)
}

/// Where `needle` stands first. The empty needle stands at 0.
pub(crate) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    if needle.is_empty() {
        return Some(0);
    }
    haystack.windows(needle.len()).position(|it| it == needle)
}

/// Go's `strings.SplitN`: the empty separator splits into characters; at most `most` parts where that is given.
pub(crate) fn split<'a>(bytes: &'a [u8], separator: &[u8], most: Option<usize>) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    let most = most.unwrap_or(usize::MAX);
    if most == 0 {
        return parts;
    }
    let mut rest = bytes;
    if separator.is_empty() {
        for (_, piece) in runes(bytes) {
            if parts.len() + 1 == most {
                break;
            }
            parts.push(piece);
            rest = rest.get(piece.len()..).unwrap_or_default();
        }
        if !rest.is_empty() {
            parts.push(rest);
        }
        return parts;
    }
    while parts.len() + 1 < most
        && let Some(at) = find(rest, separator)
    {
        parts.push(rest.get(..at).unwrap_or_default());
        rest = rest.get(at + separator.len()..).unwrap_or_default();
    }
    parts.push(rest);
    parts
}

/// Go's `strings.ReplaceAll`: the empty `old` stands before each character and at the end.
pub(crate) fn replace(bytes: &[u8], old: &[u8], new: &[u8]) -> Outcome<Text> {
    let mut sink = Sink::new();
    if old.is_empty() {
        sink.push(new)?;
        for (_, piece) in runes(bytes) {
            sink.push(piece)?;
            sink.push(new)?;
        }
        return Ok(sink.text());
    }
    for (at, part) in split(bytes, old, None).into_iter().enumerate() {
        if at > 0 {
            sink.push(new)?;
        }
        sink.push(part)?;
    }
    Ok(sink.text())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_utf8_are_characters_of_their_own() {
        let found: Vec<_> = runes(b"a\xff\xc3\xa4\xe2\x82").map(|(it, piece)| (it, piece.len())).collect();
        assert_eq!(found, [(Some('a'), 1), (None, 1), (Some('ä'), 2), (None, 1), (None, 1)]);
    }

    #[test]
    fn splitting_and_replacing_follow_go() {
        let split_of = |text: &str, by: &str, most| {
            split(text.as_bytes(), by.as_bytes(), most)
                .into_iter()
                .map(|it| String::from_utf8_lossy(it).into_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(split_of("a,b,c", ",", Some(2)), ["a", "b,c"]);
        assert_eq!(split_of("", ",", None), [""]);
        assert_eq!(split_of("äb", "", None), ["ä", "b"]);
        let replaced = |old: &str| replace(b"ab", old.as_bytes(), b"-").map(|it| it.bytes().to_vec());
        assert_eq!(replaced(""), Ok(b"-a-b-".to_vec()));
        assert_eq!(replaced("b"), Ok(b"a-".to_vec()));
    }

    #[test]
    fn a_sink_has_an_end() {
        let mut sink = Sink::new();
        assert_eq!(sink.repeat(b"ab", TEXT_BYTES), Err(ErrorKind::TooLong { limit: TEXT_BYTES }));
    }
}
