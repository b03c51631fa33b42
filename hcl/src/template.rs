//! Quoted strings and heredocs: escapes undone, interpolations read to their extent.

use crate::cursor::Cursor;
use crate::{Error, ErrorKind, Piece, Span, TemplatePart};

impl Cursor<'_> {
    /// A string in double quotes, with the escapes of HCL 1 and HCL 2.
    pub(crate) fn quoted(&mut self) -> Result<Vec<TemplatePart>, Error> {
        let mut parts = Parts::of(self.text, self.pos + 1);
        self.quoted_pieces(&mut |piece| parts.take(piece))?;
        Ok(parts.finish(self.pos - 1))
    }

    pub(crate) fn quoted_pieces(&mut self, each: &mut impl FnMut(Piece)) -> Result<(), Error> {
        let open = self.pos;
        self.pos += 1;
        let mut literal = self.pos;
        loop {
            let start = self.pos;
            self.take_while(|byte| !matches!(byte, b'"' | b'\\' | b'$' | b'%' | b'\n'));
            if self.pos > start {
                each(Piece::Verbatim(self.span_from(start)));
            }
            let start = self.pos;
            match self.peek() {
                Some(b'"') => {
                    self.pos += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    let meant = self.escapes(literal)?;
                    each(Piece::Escape(self.span_from(start), meant));
                }
                Some(b'$' | b'%') if self.sees("${") || self.sees("%{") => {
                    if !self.interpolation(self.text.len())? {
                        return Err(self.error(open, ErrorKind::UnclosedString));
                    }
                    each(Piece::Interpolation(self.span_from(start)));
                    literal = self.pos;
                }
                Some(b'$' | b'%') => {
                    let meant = self.marker();
                    each(marked(self.span_from(start), meant));
                }
                _ => return Err(self.error(open, ErrorKind::UnclosedString)),
            }
        }
    }

    /// `<<NAME` or `<<-NAME`, up to the line that holds nothing but the name.
    pub(crate) fn heredoc(&mut self) -> Result<Vec<TemplatePart>, Error> {
        let read = self.heredoc_literals()?;
        Ok(read.into_iter().map(|part| part.finish(self.text)).collect())
    }

    pub(crate) fn heredoc_pieces(&mut self, each: &mut impl FnMut(Piece)) -> Result<(), Error> {
        let read = self.heredoc_literals()?;
        read.into_iter().for_each(|part| part.pieces(self.text, each));
        Ok(())
    }

    fn heredoc_literals(&mut self) -> Result<Vec<HeredocPart>, Error> {
        let open = self.pos;
        self.pos += "<<".len();
        let indented = self.take("-");
        let name = self.identifier();
        if name.is_empty() {
            return Err(self.expected("a heredoc's name"));
        }
        self.take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r'));
        if !self.take("\n") {
            return Err(self.expected("a newline behind the heredoc's name"));
        }
        let start = self.pos;
        let mut end = start;
        for line in self.rest().split_inclusive('\n') {
            if line.trim() == name {
                let mut parts = self.heredoc_parts(end)?;
                if indented {
                    unindent(self.text, &mut parts);
                }
                let indentation = line.len() - line.trim_start().len();
                self.pos = end + indentation + name.len();
                return Ok(parts);
            }
            end += line.len();
        }
        Err(self.error(open, ErrorKind::UnclosedHeredoc))
    }

    /// What stands in a heredoc up to `end`.
    fn heredoc_parts(&mut self, end: usize) -> Result<Vec<HeredocPart>, Error> {
        // What is never closed within the heredoc is text: HCL 1 takes a whole shell script as it is. The
        // count bounds the time that a text full of `${` can cost.
        let mut attempts = 16;
        let mut parts = Vec::new();
        let mut literal = self.pos;
        while self.pos < end {
            let length = self.slice(self.pos, end).find(['$', '%']).unwrap_or(end - self.pos);
            self.pos += length;
            let start = self.pos;
            if attempts > 0 && start < end && (self.sees("${") || self.sees("%{")) {
                if self.interpolation(end)? {
                    if literal < start {
                        parts.push(HeredocPart::literal(literal, start));
                    }
                    parts.push(HeredocPart::Interpolation(self.span_from(start)));
                    literal = self.pos;
                    continue;
                }
                attempts -= 1;
                self.pos = start + "${".len();
            } else if start < end {
                self.marker();
            }
        }
        if literal < end {
            parts.push(HeredocPart::literal(literal, end));
        }
        Ok(parts)
    }

    /// Takes `$${`, `%%{`, or the one `$` or `%` that stands here; gives what it means.
    fn marker(&mut self) -> &'static str {
        for (written, meant) in [("$${", "${"), ("%%{", "%{"), ("$", "$"), ("%", "%")] {
            if self.take(written) {
                return meant;
            }
        }
        ""
    }

    /// Takes `${...}` or `%{...}`; whether it is closed before `end`.
    fn interpolation(&mut self, end: usize) -> Result<bool, Error> {
        self.nested(|cursor| {
            cursor.pos += "${".len();
            let mut braces = 1_usize;
            while cursor.pos < end {
                match cursor.peek() {
                    Some(b'{') => braces += 1,
                    Some(b'}') if braces == 1 => {
                        cursor.pos += 1;
                        return Ok(true);
                    }
                    Some(b'}') => braces -= 1,
                    Some(b'"') => {
                        if !cursor.inner_string(end)? {
                            return Ok(false);
                        }
                        continue;
                    }
                    // Only behind a space is it a comment for sure: `${name#prefix}` and `${name//a/b}`
                    // stand in the scripts of HCL 1 files.
                    Some(b' ' | b'\t' | b'\n') => {
                        cursor.pos += 1;
                        if cursor.sees("#") || cursor.sees("//") {
                            cursor.skip_line();
                        } else if cursor.sees("/*") {
                            let Some(length) = cursor.slice(cursor.pos, end).find("*/") else {
                                return Ok(false);
                            };
                            cursor.pos += length + "*/".len();
                        }
                        continue;
                    }
                    _ => {}
                }
                cursor.pos += 1;
            }
            Ok(false)
        })
    }

    /// Takes a string within an interpolation; whether it is closed before `end`.
    fn inner_string(&mut self, end: usize) -> Result<bool, Error> {
        self.pos += 1;
        while self.pos < end {
            match self.peek() {
                Some(b'"') => {
                    self.pos += 1;
                    return Ok(true);
                }
                Some(b'\\') => self.pos += 2,
                Some(b'\n') => return Ok(false),
                Some(b'$' | b'%') if self.sees("${") || self.sees("%{") => {
                    if !self.interpolation(end)? {
                        return Ok(false);
                    }
                }
                Some(b'$' | b'%') => {
                    self.marker();
                }
                _ => self.pos += 1,
            }
        }
        Ok(false)
    }

    /// What the escape that stands here means, and with it the bytes that follow in escapes of their own:
    /// `\xNN` and `\NNN` need to be UTF-8 only together. `literal` is where the text around it begins.
    fn escapes(&mut self, literal: usize) -> Result<String, Error> {
        let mut bytes = Vec::new();
        while self.escape(&mut bytes)? && self.peek() == Some(b'\\') {}
        String::from_utf8(bytes).map_err(|_| self.error(literal, ErrorKind::InvalidEscape))
    }

    /// Takes one escape; whether it wrote a byte rather than a character.
    fn escape(&mut self, into: &mut Vec<u8>) -> Result<bool, Error> {
        let start = self.pos;
        let invalid = |cursor: &Self| cursor.error(start, ErrorKind::InvalidEscape);
        self.pos += 1;
        let escaped = self.peek().ok_or_else(|| invalid(self))?;
        let (digits, radix) = match escaped {
            b'x' => (2, 16),
            b'u' => (4, 16),
            b'U' => (8, 16),
            b'0'..=b'7' => (3, 8),
            _ => {
                into.push(match escaped {
                    b'"' | b'\\' => escaped,
                    b'a' => 0x07,
                    b'b' => 0x08,
                    b'f' => 0x0c,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'v' => 0x0b,
                    _ => return Err(invalid(self)),
                });
                self.pos += 1;
                return Ok(false);
            }
        };
        let first = if radix == 8 { self.pos } else { self.pos + 1 };
        let value = number(self.slice(first, first + digits), digits, radix).ok_or_else(|| invalid(self))?;
        self.pos = first + digits;
        let is_byte = !matches!(escaped, b'u' | b'U');
        if is_byte {
            into.push(u8::try_from(value).map_err(|_| invalid(self))?);
        } else {
            let c = char::from_u32(value).ok_or_else(|| invalid(self))?;
            into.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
        Ok(is_byte)
    }
}

/// The number that exactly `digits` digits write; `from_str_radix` alone would take a sign.
pub(crate) fn number(written: &str, digits: usize, radix: u32) -> Option<u32> {
    let all = written.len() == digits && written.chars().all(|c| c.is_digit(radix));
    if all { u32::from_str_radix(written, radix).ok() } else { None }
}

/// What a marker meant: itself, or an escape.
fn marked(span: Span, meant: &str) -> Piece {
    if meant.len() == span.end - span.start {
        Piece::Verbatim(span)
    } else {
        Piece::Escape(span, meant.to_owned())
    }
}

/// Pieces of one string, put together to what stands between its interpolations.
struct Parts<'a> {
    text: &'a str,
    parts: Vec<TemplatePart>,
    literal: String,
    start: usize,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str, start: usize) -> Self {
        Self { text, parts: Vec::new(), literal: String::new(), start }
    }

    fn take(&mut self, piece: Piece) {
        match piece {
            Piece::Verbatim(span) => self.literal.push_str(span.of(self.text)),
            Piece::Escape(_, meant) => self.literal.push_str(&meant),
            Piece::Interpolation(span) => {
                self.end_literal(span.start);
                self.parts.push(TemplatePart::Interpolation(span));
                self.start = span.end;
            }
        }
    }

    fn end_literal(&mut self, end: usize) {
        if end > self.start {
            let span = Span { start: self.start, end };
            self.parts.push(TemplatePart::Literal(std::mem::take(&mut self.literal), span));
        }
    }

    fn finish(mut self, end: usize) -> Vec<TemplatePart> {
        self.end_literal(end);
        self.parts
    }
}

/// A heredoc has no backslash escapes, so that its literals are found first and read afterwards.
enum HeredocPart {
    /// Each of its lines loses `indent` characters.
    Literal {
        span: Span,
        indent: usize,
    },
    Interpolation(Span),
}

impl HeredocPart {
    fn literal(start: usize, end: usize) -> Self {
        Self::Literal { span: Span { start, end }, indent: 0 }
    }

    fn finish(self, text: &str) -> TemplatePart {
        match self {
            Self::Interpolation(span) => TemplatePart::Interpolation(span),
            Self::Literal { span, .. } => {
                let mut literal = String::with_capacity(span.end - span.start);
                self.pieces(text, &mut |piece| match piece {
                    Piece::Verbatim(span) => literal.push_str(span.of(text)),
                    Piece::Escape(_, meant) => literal.push_str(&meant),
                    Piece::Interpolation(_) => {}
                });
                TemplatePart::Literal(literal, span)
            }
        }
    }

    fn pieces(self, text: &str, each: &mut impl FnMut(Piece)) {
        let (span, indent) = match self {
            Self::Interpolation(span) => return each(Piece::Interpolation(span)),
            Self::Literal { span, indent } => (span, indent),
        };
        if indent == 0 {
            return unmark(text, span, each);
        }
        let mut at = span.start;
        for (piece, begins_line) in lines(text, span) {
            let skip = if begins_line && !is_blank(piece) { indent } else { 0 };
            let kept = piece.char_indices().nth(skip).map_or(piece.len(), |(at, _)| at);
            unmark(text, Span { start: at + kept, end: at + piece.len() }, each);
            at += piece.len();
        }
    }
}

/// The pieces of a literal that has no escapes but `$${` and `%%{`.
fn unmark(text: &str, span: Span, each: &mut impl FnMut(Piece)) {
    let literal = span.of(text);
    let mut verbatim = 0;
    let mut at = 0;
    while let Some(found) = literal.get(at..).and_then(|rest| rest.find(['$', '%'])) {
        let start = at + found;
        let rest = literal.get(start..).unwrap_or("");
        at = start + 1;
        let Some(meant) = [("$${", "${"), ("%%{", "%{")].iter().find(|it| rest.starts_with(it.0)) else {
            continue;
        };
        if verbatim < start {
            each(Piece::Verbatim(Span { start: span.start + verbatim, end: span.start + start }));
        }
        at = start + meant.0.len();
        each(marked(Span { start: span.start + start, end: span.start + at }, meant.1));
        verbatim = at;
    }
    if verbatim < literal.len() {
        each(Piece::Verbatim(Span { start: span.start + verbatim, end: span.end }));
    }
}

/// Sets on every literal the indentation that all lines share, as HCL 2 counts it: in characters, and
/// blank lines do not count.
fn unindent(text: &str, parts: &mut [HeredocPart]) {
    let mut shared = usize::MAX;
    for part in parts.iter() {
        match part {
            HeredocPart::Interpolation(span) if begins_line(text, span.start) => shared = 0,
            HeredocPart::Interpolation(_) => {}
            HeredocPart::Literal { span, .. } => {
                for (piece, _) in lines(text, *span).filter(|(piece, begins)| *begins && !is_blank(piece)) {
                    shared = shared.min(piece.chars().take_while(|c| c.is_whitespace()).count());
                }
            }
        }
    }
    for part in parts {
        if let HeredocPart::Literal { indent, .. } = part {
            *indent = shared;
        }
    }
}

/// The lines in `span`, with their newlines, and whether each begins at its own beginning.
fn lines(text: &str, span: Span) -> impl Iterator<Item = (&str, bool)> {
    let first = begins_line(text, span.start);
    span.of(text).split_inclusive('\n').enumerate().map(move |(at, piece)| (piece, at > 0 || first))
}

fn begins_line(text: &str, at: usize) -> bool {
    text.as_bytes().get(at.wrapping_sub(1)) == Some(&b'\n')
}

/// A line of nothing but space. Without its newline it is the space before an interpolation.
fn is_blank(piece: &str) -> bool {
    piece.ends_with('\n') && piece.trim().is_empty()
}
