//! Strings of HCL and JSON, decoded with the way back.

use std::{borrow::Cow, ops::Range};

use strongroom_hcl::{Piece, Span, pieces};

use super::{go::actions, tree::Writing};
use crate::{Decoder, Layer, Text};

/// A document and what its reader made of it.
#[derive(Clone, Copy)]
pub(super) struct Source<'d, 'a> {
    pub(super) document: &'d Text<'a>,
    /// The document's text with its holes masked, byte for byte as long.
    pub(super) text: &'d str,
}

impl<'a> Source<'_, 'a> {
    /// What a string means; the interpolations of HCL in it are added to the list.
    pub(super) fn decode(&self, span: Span, writing: Writing, interpolations: &mut Vec<Span>) -> Text<'a> {
        match writing {
            Writing::Json => self.json(span),
            Writing::Quoted if is_plain(self.inner(span).of(self.text)) => {
                self.document.slice(range(self.inner(span))).within(Layer::HclQuoted)
            }
            Writing::Quoted => self.pieces(span, Layer::HclQuoted, interpolations),
            Writing::Heredoc => self.pieces(span, Layer::HclHeredoc, interpolations),
        }
    }

    /// As it stands.
    pub(super) fn bare(&self, span: Span) -> Text<'a> {
        self.document.slice(range(span)).within(Layer::Bare)
    }

    fn pieces(&self, span: Span, layer: Layer, interpolations: &mut Vec<Span>) -> Text<'a> {
        let mut out = Decoder::new(self.document, layer);
        for piece in pieces(self.text, span) {
            match piece {
                Piece::Verbatim(at) => out.keep(range(at)),
                Piece::Escape(at, meant) => out.put(&meant, range(at)),
                Piece::Interpolation(at) => {
                    out.hole(range(at));
                    interpolations.push(at);
                }
            }
        }
        out.finish()
    }

    fn json(&self, span: Span) -> Text<'a> {
        let inner = self.inner(span);
        let source = inner.of(self.text);
        if memchr::memchr(b'\\', source.as_bytes()).is_none() {
            return self.document.slice(range(inner)).within(Layer::Json);
        }
        let mut out = Decoder::new(self.document, Layer::Json);
        let mut kept = 0;
        while let Some(at) = memchr::memchr(b'\\', source.as_bytes().get(kept..).unwrap_or(&[])) {
            let escape = kept + at;
            out.keep(inner.start + kept..inner.start + escape);
            let (meant, len) = json_escape(source.get(escape..).unwrap_or(""));
            let part = inner.start + escape..inner.start + escape + len;
            match meant {
                Some(meant) => out.put(meant.encode_utf8(&mut [0; 4]), part),
                None => out.keep(part),
            }
            kept = escape + len;
        }
        out.keep(inner.start + kept..inner.end);
        out.finish()
    }

    /// A string of JSON as HCL takes it once it is decoded.
    pub(super) fn interpolated(text: Text<'a>) -> Text<'a> {
        let source = text.as_str();
        let escapes = escapes(source);
        // What is escaped opens nothing.
        let masked = match escapes.is_empty() {
            true => Cow::Borrowed(source),
            false => Cow::Owned(source.replace("$${", "$$_").replace("%%{", "%%_")),
        };
        let mut parts: Vec<(Range<usize>, bool)> =
            actions(&masked, "${", "}").into_iter().map(|it| (it.range, true)).collect();
        if escapes.is_empty() {
            return text.with_holes(parts.into_iter().map(|it| it.0));
        }
        parts.extend(escapes.into_iter().map(|it| (it, false)));
        parts.sort_by_key(|it| it.0.start);
        let mut out = Decoder::new(&text, Layer::HclQuoted);
        let mut at = 0;
        for (part, is_hole) in parts {
            // Within an interpolation it is a part of that.
            if part.start < at {
                continue;
            }
            out.keep(at..part.start);
            at = part.end;
            match is_hole {
                true => out.hole(part),
                false => out.put(source.get(part.start + 1..part.end).unwrap_or(""), part),
            }
        }
        out.keep(at..source.len());
        out.finish()
    }

    /// Without the quotes.
    fn inner(&self, span: Span) -> Span {
        Span { start: span.start + 1, end: span.end.saturating_sub(1).max(span.start + 1) }
    }
}

fn range(span: Span) -> Range<usize> {
    span.start..span.end
}

/// `$${` and `%%{`, which stand for `${` and `%{`.
fn escapes(text: &str) -> Vec<Range<usize>> {
    let of = |mark: &'static str| text.match_indices(mark).map(|it| it.0..it.0 + mark.len());
    let mut found: Vec<Range<usize>> = of("$${").chain(of("%%{")).collect();
    found.sort_by_key(|it| it.start);
    found
}

/// Without escapes or interpolations.
fn is_plain(text: &str) -> bool {
    memchr::memchr3(b'\\', b'$', b'%', text.as_bytes()).is_none()
}

/// What the escape at the beginning means, if anything, and how many bytes it takes.
pub(in crate::read) fn json_escape(text: &str) -> (Option<char>, usize) {
    let Some(escaped) = text.chars().nth(1) else { return (None, text.len()) };
    let meant = match escaped {
        '"' | '\\' | '/' | '\'' | '`' => escaped,
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => return unicode(text),
        _ => return (None, 1 + escaped.len_utf8()),
    };
    (Some(meant), 2)
}

/// `\uNNNN`, and two of them where they are one character.
fn unicode(text: &str) -> (Option<char>, usize) {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        let plain = digits.bytes().all(|it| it.is_ascii_hexdigit());
        if plain { u32::from_str_radix(digits, 16).ok() } else { None }
    };
    match (unit(0), unit(6)) {
        (Some(high @ 0xd800..0xdc00), Some(low @ 0xdc00..0xe000)) => {
            (char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)), 12)
        }
        (Some(alone), _) => (char::from_u32(alone), 6),
        (None, _) => (None, 2),
    }
}
