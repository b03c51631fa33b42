//! Quoted strings and heredocs: escapes undone, interpolations read to their extent.

use crate::cursor::Cursor;
use crate::{Error, ErrorKind, Span, TemplatePart};

impl Cursor<'_> {
    /// A string in double quotes, with the escapes of HCL 1 and HCL 2.
    pub(crate) fn quoted(&mut self) -> Result<Vec<TemplatePart>, Error> {
        let open = self.pos;
        self.pos += 1;
        let mut parts = Vec::new();
        let mut literal = Literal::begin(self.pos);
        loop {
            let plain = self.take_while(|byte| !matches!(byte, b'"' | b'\\' | b'$' | b'%' | b'\n'));
            literal.bytes.extend_from_slice(plain.as_bytes());
            match self.peek() {
                Some(b'"') => {
                    parts.extend(literal.finish(self)?);
                    self.pos += 1;
                    return Ok(parts);
                }
                Some(b'\\') => self.escape(&mut literal.bytes)?,
                Some(b'$' | b'%') => {
                    let start = self.pos;
                    if self.sees("${") || self.sees("%{") {
                        parts.extend(literal.finish(self)?);
                        if !self.interpolation(self.text.len())? {
                            return Err(self.error(open, ErrorKind::UnclosedString));
                        }
                        parts.push(TemplatePart::Interpolation(self.span_from(start)));
                        literal = Literal::begin(self.pos);
                    } else {
                        literal.bytes.extend_from_slice(self.marker().as_bytes());
                    }
                }
                _ => return Err(self.error(open, ErrorKind::UnclosedString)),
            }
        }
    }

    /// `<<NAME` or `<<-NAME`, up to the line that holds nothing but the name.
    pub(crate) fn heredoc(&mut self) -> Result<Vec<TemplatePart>, Error> {
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
                return Ok(parts.into_iter().map(|part| part.finish(self.text)).collect());
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

    fn escape(&mut self, into: &mut Vec<u8>) -> Result<(), Error> {
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
                return Ok(());
            }
        };
        let first = if radix == 8 { self.pos } else { self.pos + 1 };
        let value = number(self.slice(first, first + digits), digits, radix).ok_or_else(|| invalid(self))?;
        self.pos = first + digits;
        // `\xNN` and `\NNN` are bytes, which only together need to be UTF-8.
        if matches!(escaped, b'u' | b'U') {
            let c = char::from_u32(value).ok_or_else(|| invalid(self))?;
            into.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        } else {
            into.push(u8::try_from(value).map_err(|_| invalid(self))?);
        }
        Ok(())
    }
}

/// The number that exactly `digits` digits write; `from_str_radix` alone would take a sign.
pub(crate) fn number(written: &str, digits: usize, radix: u32) -> Option<u32> {
    let all = written.len() == digits && written.chars().all(|c| c.is_digit(radix));
    if all { u32::from_str_radix(written, radix).ok() } else { None }
}

/// The text between two interpolations while it is being read.
struct Literal {
    bytes: Vec<u8>,
    start: usize,
}

impl Literal {
    fn begin(start: usize) -> Self {
        Self { bytes: Vec::new(), start }
    }

    /// The part that ends where `cursor` stands; none if nothing was written.
    fn finish(&mut self, cursor: &Cursor<'_>) -> Result<Option<TemplatePart>, Error> {
        if cursor.pos == self.start {
            return Ok(None);
        }
        let text = String::from_utf8(std::mem::take(&mut self.bytes))
            .map_err(|_| cursor.error(self.start, ErrorKind::InvalidEscape))?;
        Ok(Some(TemplatePart::Literal(text, cursor.span_from(self.start))))
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
            Self::Literal { span, indent } => {
                let mut stripped = String::with_capacity(span.end - span.start);
                for (piece, begins_line) in lines(text, span) {
                    let skip = if begins_line && !is_blank(piece) { indent } else { 0 };
                    let kept =
                        piece.char_indices().nth(skip).map_or("", |(at, _)| piece.get(at..).unwrap_or(""));
                    stripped.push_str(kept);
                }
                TemplatePart::Literal(stripped.replace("$${", "${").replace("%%{", "%{"), span)
            }
        }
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
