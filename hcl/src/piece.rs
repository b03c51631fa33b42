//! What a string was written with: the bytes that mean themselves, and those that stand for others.

use crate::Span;
use crate::cursor::Cursor;

/// A stretch of a quoted string or heredoc. What belongs to none means nothing: the quotes, and the
/// indentation that `<<-` takes away.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Piece {
    /// The bytes mean themselves.
    Verbatim(Span),
    /// They stand for this text: a backslash escape, `$${` or `%%{`.
    Escape(Span, String),
    /// `${...}` or `%{...}`, braces included.
    Interpolation(Span),
}

/// The pieces of the string that stands in `span`, in order; none if no string stands there.
///
/// Together they are what the string's [`crate::ExprKind`] holds.
#[must_use]
pub fn pieces(text: &str, span: Span) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let Some(mut cursor) = text.get(..span.end).and_then(|text| Cursor::new(text).ok()) else {
        return pieces;
    };
    cursor.pos = span.start;
    let read = match cursor.peek() {
        Some(b'"') => cursor.quoted_pieces(&mut |piece| pieces.push(piece)),
        Some(b'<') => cursor.heredoc_pieces(&mut |piece| pieces.push(piece)),
        _ => Ok(()),
    };
    if read.is_err() {
        pieces.clear();
    }
    pieces
}
