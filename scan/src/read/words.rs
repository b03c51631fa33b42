//! The words of a line, where quotes hold some together.

use std::ops::Range;

use crate::{Decoder, Layer, Text};

/// Splits a line at white space, and at `separator`; a backslash escapes a quote within double quotes.
pub(super) fn words<'a>(text: &Text<'a>, line: Range<usize>, separator: Option<u8>) -> Vec<Text<'a>> {
    let bytes = text.as_str().as_bytes();
    let is_space = |it: u8| it.is_ascii_whitespace() || Some(it) == separator;
    let mut words = Vec::new();
    let mut at = line.start;
    while at < line.end {
        if bytes.get(at).is_some_and(|it| is_space(*it)) && !text.is_hole_at(at) {
            at += 1;
            continue;
        }
        let (word, end) = word(text, at..line.end, is_space);
        words.push(word);
        at = end.max(at + 1);
    }
    words
}

fn word<'a>(text: &Text<'a>, rest: Range<usize>, is_space: impl Fn(u8) -> bool) -> (Text<'a>, usize) {
    let bytes = text.as_str().as_bytes();
    let layer = match bytes.get(rest.start) {
        Some(b'"') => Layer::ShellDouble,
        Some(b'\'') => Layer::ShellSingle,
        _ => Layer::Bare,
    };
    let mut out = Decoder::new(text, layer);
    let mut quote = None;
    let mut at = rest.start;
    let mut kept = at;
    while at < rest.end {
        if let Some(hole) = text.hole_at(at) {
            at = hole.end;
            continue;
        }
        let byte = bytes.get(at).copied().unwrap_or(b' ');
        match quote {
            None if is_space(byte) => break,
            None if matches!(byte, b'"' | b'\'') && has_close(bytes, at, rest.end) => {
                out.keep(kept..at);
                quote = Some(byte);
                kept = at + 1;
            }
            Some(open) if byte == open => {
                out.keep(kept..at);
                quote = None;
                kept = at + 1;
            }
            Some(b'"') if byte == b'\\' && matches!(bytes.get(at + 1), Some(b'"' | b'\\')) => {
                out.keep(kept..at);
                out.keep(at + 1..at + 2);
                at += 1;
                kept = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    let end = at.min(rest.end);
    out.keep(kept..end);
    (out.finish(), end)
}

/// An apostrophe that nothing closes is a letter. Quotes that open within a word count at its start, behind `=` or
/// behind another string alone, so that each is looked for once.
fn has_close(bytes: &[u8], at: usize, end: usize) -> bool {
    let starts = at == 0
        || bytes
            .get(at - 1)
            .is_none_or(|it| it.is_ascii_whitespace() || matches!(it, b'=' | b',' | b':' | b'"' | b'\''));
    let rest = bytes.get(at + 1..end).unwrap_or(&[]);
    starts && bytes.get(at).is_some_and(|quote| memchr::memchr(*quote, rest).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: &[&str]) {
        let text = Text::whole(line);
        let words = words(&text, 0..line.len(), None);
        assert_eq!(words.iter().map(Text::as_str).collect::<Vec<_>>(), expected, "{line}");
    }

    #[test]
    fn quotes_hold_words_together() {
        check("a  b\tc", &["a", "b", "c"]);
        check(r#"a "b c" 'd "e'"#, &["a", "b c", "d \"e"]);
        check(r#"A="b c" "D=e \"f\"""#, &["A=b c", "D=e \"f\""]);
        check("it's 'open", &["it's", "'open"]);
        check("", &[]);
    }
}
