//! Strings and characters as Go's `strconv.Quote` writes them.

use crate::error::Outcome;
use crate::text::{Sink, runes};

/// In double quotes. With `ascii` all else is escaped.
pub(crate) fn quoted(sink: &mut Sink, bytes: &[u8], ascii: bool) -> Outcome<()> {
    sink.push_str("\"")?;
    for (it, piece) in runes(bytes) {
        match it {
            Some(it) => escaped(sink, it, '"', ascii)?,
            None => sink.push_str(&format!("\\x{:02x}", piece.first().copied().unwrap_or_default()))?,
        }
    }
    sink.push_str("\"")
}

pub(super) fn quoted_char(sink: &mut Sink, it: char, ascii: bool) -> Outcome<()> {
    sink.push_str("'")?;
    escaped(sink, it, '\'', ascii)?;
    sink.push_str("'")
}

/// Whether backquotes can hold it.
pub(super) fn can_be_raw(bytes: &[u8]) -> bool {
    runes(bytes).all(|(it, _)| {
        it.is_some_and(|it| it == '\t' || (it >= ' ' && !matches!(it, '`' | '\x7f' | '\u{feff}')))
    })
}

/// What Go's `unicode.IsPrint` takes for printable: of blanks only the plain one.
pub(crate) fn is_print(it: char) -> bool {
    match it {
        ' '..='~' => true,
        _ if it.is_control() || it.is_whitespace() => false,
        // Marks that combine are escaped by Rust and printed by Go.
        _ => {
            it.escape_debug().count() == 1
                || it.is_alphanumeric()
                || matches!(it, '\u{300}'..='\u{36f}' | '\u{fe00}'..='\u{fe0f}')
        }
    }
}

fn escaped(sink: &mut Sink, it: char, quote: char, ascii: bool) -> Outcome<()> {
    match it {
        '\\' => sink.push_str("\\\\"),
        it if it == quote => {
            sink.push_str("\\")?;
            sink.push_char(quote)
        }
        '\x07' => sink.push_str("\\a"),
        '\x08' => sink.push_str("\\b"),
        '\x0c' => sink.push_str("\\f"),
        '\n' => sink.push_str("\\n"),
        '\r' => sink.push_str("\\r"),
        '\t' => sink.push_str("\\t"),
        '\x0b' => sink.push_str("\\v"),
        it if is_print(it) && (!ascii || it.is_ascii()) => sink.push_char(it),
        it if it < ' ' || it == '\x7f' => sink.push_str(&format!("\\x{:02x}", u32::from(it))),
        it if u32::from(it) < 0x10000 => sink.push_str(&format!("\\u{:04x}", u32::from(it))),
        it => sink.push_str(&format!("\\U{:08x}", u32::from(it))),
    }
}
