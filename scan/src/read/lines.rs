//! What readers of lines have in common.

use std::ops::Range;

use memchr::{memchr, memchr_iter, memmem};

use crate::{At, Finder, Text};

/// A key in clear, encoded, is no longer.
const MAX_PEM: usize = 64 * 1024;

/// How many lines a value goes on for, behind backslashes: no more are written by people.
pub(super) const MAX_CONTINUED: usize = 10_000;

/// A text, line by line. Nothing in it looks back.
pub(super) struct Lines<'t, 'a> {
    pub(super) text: &'t Text<'a>,
    pub(super) bytes: &'t [u8],
    /// Where the next line begins.
    pub(super) next: usize,
}

impl<'t, 'a> Lines<'t, 'a> {
    pub(super) fn new(text: &'t Text<'a>) -> Self {
        Self { text, bytes: text.as_str().as_bytes(), next: 0 }
    }

    /// The next line that is not empty, without the spaces around it.
    pub(super) fn next_line(&mut self) -> Option<Range<usize>> {
        while self.next < self.bytes.len() {
            let line = self.raw_line();
            let line = self.trimmed(line);
            if !line.is_empty() {
                return Some(line);
            }
        }
        None
    }

    /// The next line as it is, with its spaces.
    pub(super) fn raw_line(&mut self) -> Range<usize> {
        let start = self.next;
        let rest = self.bytes.get(start..).unwrap_or(&[]);
        let end = start + memchr(b'\n', rest).unwrap_or(rest.len());
        self.next = end + 1;
        start..end
    }

    pub(super) fn is_done(&self) -> bool {
        self.next >= self.bytes.len()
    }

    /// Moves behind the line that this stands in, if that is farther on.
    pub(super) fn skip_to(&mut self, at: usize) {
        if at >= self.next {
            let rest = self.bytes.get(at..).unwrap_or(&[]);
            self.next = at + memchr(b'\n', rest).unwrap_or(rest.len()) + 1;
        }
    }

    pub(super) fn str(&self, part: Range<usize>) -> &'t str {
        self.text.as_str().get(part).unwrap_or("")
    }

    pub(super) fn byte(&self, at: usize, end: usize) -> Option<u8> {
        if at < end { self.bytes.get(at).copied() } else { None }
    }

    pub(super) fn trimmed(&self, part: Range<usize>) -> Range<usize> {
        let text = self.bytes.get(part.clone()).unwrap_or(&[]);
        let before = text.iter().take_while(|it| it.is_ascii_whitespace()).count();
        let behind = text.iter().skip(before).rev().take_while(|it| it.is_ascii_whitespace()).count();
        part.start + before..part.end - behind
    }

    pub(super) fn spaces(&self, at: usize, end: usize) -> usize {
        let rest = self.bytes.get(at..end).unwrap_or(&[]);
        rest.iter().take_while(|it| matches!(it, b' ' | b'\t')).count()
    }

    pub(super) fn hole(&self, at: usize) -> Option<usize> {
        if self.text.holes().is_empty() { None } else { self.text.hole_at(at).map(|it| it.end) }
    }

    /// Behind the actions that a line begins with; `None` if there is nothing else in it.
    pub(super) fn behind_actions(&self, line: Range<usize>) -> Option<usize> {
        let mut at = line.start;
        while let Some(hole) = self.hole(at) {
            at = hole + self.spaces(hole, line.end);
        }
        (at < line.end).then_some(at)
    }

    /// Where a comment begins behind a space.
    pub(super) fn comment(&self, part: Range<usize>, marks: &[u8]) -> Option<usize> {
        let text = self.bytes.get(part.clone())?;
        let spaces = memchr_iter(b' ', text).chain(memchr_iter(b'\t', text));
        spaces
            .map(|it| part.start + it + 1)
            .filter(|it| self.byte(*it, part.end).is_some_and(|it| marks.contains(&it)))
            .filter(|it| self.hole(*it).is_none())
            .min()
    }

    /// The closing quote, where a backslash escapes it.
    pub(super) fn close(&self, open: usize, end: usize, quote: u8, has_escapes: bool) -> Option<usize> {
        let mut at = open + 1;
        while at < end {
            match (self.hole(at), self.bytes.get(at)?) {
                (Some(hole), _) => at = hole,
                (_, b'\\') if has_escapes => at += 2,
                (_, it) if *it == quote => return Some(at),
                _ => at += 1,
            }
        }
        None
    }

    /// A key in PEM that begins on this line: brought as one value.
    pub(super) fn pem(&mut self, finder: &mut Finder<'a>, at: &At<'_>, line: &Range<usize>) -> bool {
        if !self.str(line.clone()).starts_with("-----BEGIN ") {
            return false;
        }
        let rest = self.bytes.get(line.start..self.bytes.len().min(line.start + MAX_PEM)).unwrap_or(&[]);
        let Some(footer) = memmem::find(rest, b"-----END ").map(|it| line.start + it) else { return false };
        let behind = self.bytes.get(footer..).unwrap_or(&[]);
        let end = self.trimmed(footer..footer + memchr(b'\n', behind).unwrap_or(behind.len())).end;
        finder.value(at, self.text.slice(line.start..end));
        self.skip_to(end);
        true
    }

    /// The rest of a line that begins with a comment's mark, for the finder.
    pub(super) fn tell_comment(
        &self,
        finder: &mut Finder<'a>,
        at: &At<'_>,
        line: Range<usize>,
        marks: &[u8],
    ) {
        let text = self.bytes.get(line.clone()).unwrap_or(&[]);
        let len = text.iter().take_while(|it| marks.contains(it)).count();
        if len < text.len() {
            finder.comment(at, self.text.slice(line.start + len..line.end));
        }
    }
}
