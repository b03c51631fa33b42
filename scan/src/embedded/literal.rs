//! Strings of programs, whatever the language: their ends, their escapes, and references within them.

use std::ops::Range;

use crate::{Decoder, Layer, Text};

/// Strings and calls are not followed further.
pub(super) const MAX_STRING: usize = 2048;

/// The strings of a list, as the words of a command.
pub(super) fn list<'a>(line: &Text<'a>) -> Vec<Text<'a>> {
    let whole = line.as_str();
    let mut words = Vec::new();
    let mut from = whole.find('[').unwrap_or(whole.len());
    while let Some(open) = whole.get(from..).and_then(|it| it.find(['"', '\''])).map(|it| from + it) {
        let quote = whole.as_bytes().get(open).copied().unwrap_or(b'"');
        let Some(literal) = string(whole, open, quote) else { break };
        from = literal.end + 1;
        words.push(decoded(line, literal, quote));
    }
    words
}

/// The string whose quote is at `open`, without the quotes.
pub(super) fn string(text: &str, open: usize, quote: u8) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let bytes = bytes.get(..bytes.len().min(open + MAX_STRING))?;
    let mut at = open + 1;
    loop {
        at += memchr::memchr2(b'\\', quote, bytes.get(at..)?)?;
        if bytes.get(at) == Some(&quote) {
            return Some(open + 1..at);
        }
        at += 2;
    }
}

/// A string of a program, escapes undone and interpolations as holes.
pub(super) fn decoded<'a>(line: &Text<'a>, literal: Range<usize>, quote: u8) -> Text<'a> {
    let inner = line.slice(literal);
    let inner = if quote == b'\'' { inner } else { with_references(inner) };
    let written = inner.as_str();
    if !written.contains('\\') {
        return inner.within(Layer::Json);
    }
    let mut out = Decoder::new(&inner, Layer::Json);
    let mut at = 0;
    while let Some(start) = written.get(at..).and_then(|it| it.find('\\')).map(|it| at + it) {
        out.keep(at..start);
        let next = written.get(start + 1..).and_then(|it| it.chars().next());
        let length = next.map_or(0, char::len_utf8);
        let whole = start..start + 1 + length;
        match next {
            Some('n') => out.put("\n", whole.clone()),
            Some('t') => out.put("\t", whole.clone()),
            Some(c @ ('"' | '\'' | '\\' | '`' | '$' | '/')) => {
                out.put(c.encode_utf8(&mut [0; 4]), whole.clone())
            }
            _ => out.keep(whole.clone()),
        }
        at = whole.end;
    }
    out.keep(at..written.len());
    out.finish()
}

/// `$NAME`, `${...}`, `#{...}`, `{{ ... }}`, `$(...)` as holes, for a text that no other reader has seen.
pub(super) fn with_references(text: Text<'_>) -> Text<'_> {
    let mut holes = Vec::new();
    {
        let bytes = text.as_str().as_bytes();
        let mut at = 0;
        while let Some(start) =
            bytes.get(at..).and_then(|it| it.iter().position(|it| b"$#{<".contains(it))).map(|it| at + it)
        {
            let rest = bytes.get(start..).unwrap_or(&[]);
            let until = |end: &[u8]| {
                memchr::memmem::find(rest.get(..512.min(rest.len())).unwrap_or(&[]), end)
                    .map(|it| it + end.len())
            };
            let escapes =
                bytes.get(..start).unwrap_or(&[]).iter().rev().take_while(|it| **it == b'\\').count();
            let length = match rest {
                // `\$` stands for itself, but `\$NAME` for another shell's variable.
                [b'$', first, ..] if escapes % 2 == 1 && !first.is_ascii_uppercase() => None,
                [b'$' | b'#', b'{', ..] => until(b"}"),
                [b'$', b'(', ..] => until(b")"),
                [b'{', b'{', ..] => until(b"}}"),
                [b'<', b'%', ..] => until(b"%>"),
                [b'$', first, ..] if first.is_ascii_alphabetic() || *first == b'_' => Some(
                    1 + rest
                        .iter()
                        .skip(1)
                        .take_while(|it| it.is_ascii_alphanumeric() || **it == b'_')
                        .count(),
                ),
                _ => None,
            };
            if let Some(length) = length {
                holes.push(start..start + length);
            }
            at = start + length.unwrap_or(1);
        }
    }
    text.with_holes(holes)
}
