//! What a scalar means: escapes undone, lines folded.

use std::ops::Range;

use super::tree::{Chomping, Scalar, Style};
use crate::{Decoder, Layer, Text};

pub(super) fn decode<'a>(text: &Text<'a>, scalar: Scalar) -> Text<'a> {
    let raw = text.as_str().get(scalar.range()).unwrap_or("");
    let is_as_it_stands = |marks: &[u8]| !raw.bytes().any(|it| marks.contains(&it));
    match scalar.style {
        Style::Plain if is_as_it_stands(b"\n") => text.slice(scalar.range()).within(Layer::Bare),
        Style::Single if is_as_it_stands(b"'\n") => text.slice(scalar.range()).within(Layer::YamlSingle),
        Style::Double if is_as_it_stands(b"\\\n") => text.slice(scalar.range()).within(Layer::YamlDouble),
        Style::Plain => flowed(text, scalar, Layer::Bare),
        Style::Single => flowed(text, scalar, Layer::YamlSingle),
        Style::Double => flowed(text, scalar, Layer::YamlDouble),
        Style::Block { indent, is_folded, chomping } => block(text, scalar, indent, is_folded, chomping),
    }
}

/// Quoted or plain, with escapes or over several lines.
fn flowed<'a>(text: &Text<'a>, scalar: Scalar, layer: Layer) -> Text<'a> {
    let bytes = text.as_str().as_bytes();
    let mut out = Decoder::new(text, layer);
    let mut at = scalar.start;
    let mut kept = at;
    while at < scalar.end {
        if let Some(hole) = text.hole_at(at) {
            at = hole.end.min(scalar.end);
            continue;
        }
        let part = match bytes.get(at) {
            Some(b'\n') => {
                let start = spaces_before(bytes, kept, at);
                out.keep(kept..start);
                let (end, lines) = spaces_behind(bytes, at, scalar.end);
                match lines {
                    1 => out.put(" ", start..end),
                    _ => out.put(&"\n".repeat(lines - 1), start..end),
                }
                Some(end)
            }
            Some(b'\'') if layer == Layer::YamlSingle => {
                out.keep(kept..at + 1);
                Some(at + 2)
            }
            Some(b'\\') if layer == Layer::YamlDouble => {
                out.keep(kept..at);
                let mut end = escape(text.as_str(), at).min(scalar.end);
                match unescaped(text.as_str(), at..end) {
                    Unescaped::Char(c) => out.put(c.encode_utf8(&mut [0; 4]), at..end),
                    // Nor are the spaces of the next line of the text.
                    Unescaped::Break => {
                        let rest = bytes.get(end..scalar.end).unwrap_or(&[]);
                        end += rest.iter().take_while(|it| matches!(it, b' ' | b'\t')).count();
                    }
                    Unescaped::None => out.keep(at..end),
                }
                Some(end)
            }
            _ => None,
        };
        match part {
            Some(end) => (at, kept) = (end, end),
            None => at += 1,
        }
    }
    out.keep(kept..scalar.end);
    out.finish()
}

enum Unescaped {
    Char(char),
    /// A line end that is taken out.
    Break,
    /// No escape that YAML knows: it stands for itself.
    None,
}

/// Where the escape that begins here ends, on a bound of characters.
fn escape(text: &str, at: usize) -> usize {
    let rest = text.get(at + 1..).unwrap_or("");
    let len = match rest.chars().next() {
        Some('x') => 3,
        Some('u') => 5,
        Some('U') => 9,
        Some('\r') if rest.starts_with("\r\n") => 2,
        Some(c) => c.len_utf8(),
        None => 0,
    };
    let end = at + 1 + len;
    if text.is_char_boundary(end) && end <= text.len() { end } else { at + 1 }
}

fn unescaped(text: &str, escape: Range<usize>) -> Unescaped {
    let body = text.get(escape.start + 1..escape.end).unwrap_or("");
    let c = match body.chars().next() {
        Some('n') => '\n',
        Some('t' | '\t') => '\t',
        Some('r') => '\r',
        Some('0') => '\0',
        Some('a') => '\u{7}',
        Some('b') => '\u{8}',
        Some('e') => '\u{1b}',
        Some('f') => '\u{c}',
        Some('v') => '\u{b}',
        Some('N') => '\u{85}',
        Some('_') => '\u{a0}',
        Some(it @ ('"' | '\\' | '/' | ' ' | '\'')) => it,
        Some('\n' | '\r') => return Unescaped::Break,
        Some('x' | 'u' | 'U') => {
            let code = body.get(1..).and_then(|it| u32::from_str_radix(it, 16).ok());
            match code.and_then(char::from_u32) {
                Some(it) => it,
                None => return Unescaped::None,
            }
        }
        _ => return Unescaped::None,
    };
    Unescaped::Char(c)
}

/// Where the spaces before a line end begin.
fn spaces_before(bytes: &[u8], from: usize, at: usize) -> usize {
    let line = bytes.get(from..at).unwrap_or(&[]);
    at - line.iter().rev().take_while(|it| matches!(it, b' ' | b'\t' | b'\r')).count()
}

/// Where the text goes on behind a line end, and how many line ends there are.
fn spaces_behind(bytes: &[u8], from: usize, end: usize) -> (usize, usize) {
    let rest = bytes.get(from..end).unwrap_or(&[]);
    let len = rest.iter().take_while(|it| it.is_ascii_whitespace()).count();
    let lines = rest.iter().take(len).filter(|it| **it == b'\n').count();
    (from + len, lines.max(1))
}

fn block<'a>(
    text: &Text<'a>,
    scalar: Scalar,
    indent: usize,
    is_folded: bool,
    chomping: Chomping,
) -> Text<'a> {
    let bytes = text.as_str().as_bytes();
    let mut out = Decoder::new(text, Layer::YamlBlock);
    // A line end that is one already is kept, so that long blocks need few words on where they stood.
    let end_line = |out: &mut Decoder<'_, 'a>, end: &Range<usize>| match bytes.get(end.clone()) {
        Some(b"\n") => out.keep(end.clone()),
        _ => out.put("\n", end.clone()),
    };
    // The line ends that are not written yet, and whether the line before them was indented more.
    let mut ends: Vec<Range<usize>> = Vec::new();
    let mut was_deeper = false;
    let mut any = false;
    let mut at = scalar.start;
    while at < scalar.end {
        let rest = bytes.get(at..scalar.end).unwrap_or(&[]);
        let len = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..len).unwrap_or(&[]);
        let cr = usize::from(line.ends_with(b"\r"));
        let stripped = line.iter().take(indent).take_while(|it| **it == b' ').count();
        let body = at + stripped..(at + len - cr).max(at + stripped);
        let is_empty = body.is_empty();
        let is_deeper = matches!(bytes.get(body.start), Some(b' ' | b'\t')) && !is_empty;
        if !is_empty {
            let is_joined = is_folded && any && !was_deeper && !is_deeper;
            match (is_joined, ends.split_first()) {
                (true, Some((first, []))) => out.put(" ", first.clone()),
                (true, Some((_, more))) => more.iter().for_each(|it| end_line(&mut out, it)),
                _ => ends.iter().for_each(|it| end_line(&mut out, it)),
            }
            ends.clear();
            out.keep(body.clone());
            was_deeper = is_deeper;
            any = true;
        }
        if at + len < scalar.end {
            ends.push(body.end..at + len + 1);
        }
        at += len + 1;
    }
    match chomping {
        Chomping::Strip => {}
        Chomping::Clip if !any => {}
        Chomping::Clip => ends.iter().take(1).for_each(|it| end_line(&mut out, it)),
        Chomping::Keep => ends.iter().for_each(|it| end_line(&mut out, it)),
    }
    out.finish()
}
