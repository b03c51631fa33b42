//! Bodies in native syntax: attributes and blocks.

use crate::cursor::{Cursor, Newlines};
use crate::{Attribute, Block, Body, Error, ErrorKind, Item, Key, Span, TemplatePart};

/// Reads a text in native syntax, HCL 1 or HCL 2.
///
/// Nesting is bounded at 32 levels and the text at 32 MiB.
pub fn parse(text: &str) -> Result<Body, Error> {
    Cursor::new(text)?.file()
}

/// Reads a text in native syntax and its comments: `#`, `//` and `/* */` with their marks, in the order they
/// stand. Those within an interpolation are left out.
pub fn parse_commented(text: &str) -> Result<(Body, Vec<Span>), Error> {
    let mut cursor = Cursor::new(text)?;
    cursor.comments = Some(Vec::new());
    let body = cursor.file()?;
    Ok((body, cursor.comments.unwrap_or_default()))
}

/// Reads bytes in native syntax; see [`parse`].
pub fn parse_bytes(bytes: &[u8]) -> Result<Body, Error> {
    parse(utf8(bytes)?)
}

/// The text that bytes hold, or where they stop being UTF-8.
pub fn utf8(bytes: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = bytes.get(..error.valid_up_to()).and_then(|valid| std::str::from_utf8(valid).ok());
        Error::at(valid.unwrap_or(""), error.valid_up_to(), ErrorKind::NotUtf8)
    })
}

impl<'a> Cursor<'a> {
    fn file(&mut self) -> Result<Body, Error> {
        let items = self.items()?;
        if !self.at_end() {
            return Err(self.expected("a name"));
        }
        Ok(Body { items, span: Span { start: 0, end: self.text.len() } })
    }

    /// Attributes and blocks up to a closing brace or the end of the text.
    ///
    /// A comma may follow each of them, and nothing need: HCL 1 takes `a = 1 b = 2`.
    fn items(&mut self) -> Result<Vec<Item>, Error> {
        let mut items = Vec::new();
        loop {
            self.skip_blank(Newlines::Blank)?;
            if self.at_end() || self.peek() == Some(b'}') {
                return Ok(items);
            }
            items.push(self.item()?);
            self.skip_blank(Newlines::Blank)?;
            self.take(",");
        }
    }

    fn item(&mut self) -> Result<Item, Error> {
        let Some(key) = self.key()? else {
            return Err(self.expected("a name"));
        };
        let start = key.span.start;
        let mut labels = Vec::new();
        loop {
            let end = self.pos;
            self.skip_blank(Newlines::End)?;
            let same_line = self.peek() != Some(b'\n');
            // HCL 1 lets the brace or the equals sign stand on the next line, but a label there would
            // rather be an item of its own whose predecessor is unfinished.
            self.skip_blank(Newlines::Blank)?;
            match self.peek() {
                Some(b'{') => {
                    let body = self.nested(Self::braced_body)?;
                    return Ok(Item::Block(Block { kind: key, labels, body, span: self.span_from(start) }));
                }
                Some(b'=') if labels.is_empty() && !self.sees("==") => {
                    self.pos += 1;
                    self.skip_blank(Newlines::Blank)?;
                    let value = self.expression(Newlines::End)?;
                    let span = Span { start, end: value.span.end };
                    return Ok(Item::Attribute(Attribute { key, value, span }));
                }
                _ => {}
            }
            let label = if same_line { self.key()? } else { None };
            match label {
                Some(label) => labels.push(label),
                None => {
                    let what = if labels.is_empty() { "`=`, `{` or a label" } else { "`{` or a label" };
                    let offset = if same_line { self.pos } else { end };
                    return Err(self.error(offset, ErrorKind::Expected(what)));
                }
            }
        }
    }

    fn braced_body(&mut self) -> Result<Body, Error> {
        self.pos += 1;
        let start = self.pos;
        let items = self.items()?;
        let span = self.span_from(start);
        if !self.take("}") {
            return Err(self.expected("`}`"));
        }
        Ok(Body { items, span })
    }

    /// A bare or quoted name, if one stands here.
    pub(crate) fn key(&mut self) -> Result<Option<Key>, Error> {
        let start = self.pos;
        if self.peek() == Some(b'"') {
            let parts = self.quoted()?;
            // No language gives an interpolation in a name a meaning: HCL 1 takes it as text.
            let name = parts
                .iter()
                .map(|part| match part {
                    TemplatePart::Literal(text, _) => text.as_str(),
                    TemplatePart::Interpolation(span) => span.of(self.text),
                })
                .collect();
            return Ok(Some(Key { name, quoted: true, span: self.span_from(start) }));
        }
        let mut name = self.identifier();
        // HCL 1 has dots within names.
        while !name.is_empty() && self.peek() == Some(b'.') {
            self.pos += 1;
            if self.identifier().is_empty() {
                return Err(self.expected("a name"));
            }
            name = self.slice(start, self.pos);
        }
        let name = name.to_owned();
        Ok((!name.is_empty()).then(|| Key { name, quoted: false, span: self.span_from(start) }))
    }

    /// Takes a name of letters, digits, `_` and `-`, of any script; empty if none stands here.
    pub(crate) fn identifier(&mut self) -> &'a str {
        let rest = self.rest();
        let begins = rest.starts_with(|c: char| c.is_alphabetic() || c == '_');
        let follows = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        let length = if begins { rest.find(|c: char| !follows(c)).unwrap_or(rest.len()) } else { 0 };
        self.pos += length;
        rest.get(..length).unwrap_or("")
    }
}
