//! JSON, read strictly and into the same tree.

use crate::cursor::Cursor;
use crate::template::number;
use crate::{Attribute, Body, Error, ErrorKind, Expr, ExprKind, Item, Key, ObjectEntry, Span};

/// Reads a JSON object as a body of attributes. Duplicate names are kept; `${` means nothing.
///
/// Nesting is bounded at 32 levels and the text at 32 MiB.
pub fn parse_json(text: &str) -> Result<Body, Error> {
    let mut cursor = Cursor::new(text)?;
    cursor.skip_space();
    if cursor.peek() != Some(b'{') {
        return Err(cursor.expected("`{`"));
    }
    let object = cursor.nested(Cursor::json_object)?;
    cursor.skip_space();
    if !cursor.at_end() {
        return Err(cursor.expected("the end of the text"));
    }
    let span = Span { start: object.span.start + 1, end: object.span.end - 1 };
    let ExprKind::Object(entries) = object.kind else {
        return Ok(Body { items: Vec::new(), span });
    };
    let items = entries.into_iter().map(|entry| {
        let key = Key { name: entry.name.unwrap_or_default(), quoted: true, span: entry.key.span };
        let span = Span { start: key.span.start, end: entry.value.span.end };
        Item::Attribute(Attribute { key, value: entry.value, span })
    });
    Ok(Body { items: items.collect(), span })
}

/// Reads JSON if the first byte that is not space is `{`, and native syntax otherwise.
pub fn parse_any(text: &str) -> Result<Body, Error> {
    let content = text.strip_prefix('\u{feff}').unwrap_or(text);
    if content.trim_start().starts_with('{') { parse_json(text) } else { crate::parse(text) }
}

impl Cursor<'_> {
    fn skip_space(&mut self) {
        self.take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
    }

    fn json_value(&mut self) -> Result<Expr, Error> {
        let start = self.pos;
        let kind = match self.peek() {
            Some(b'{') => return self.nested(Self::json_object),
            Some(b'[') => return self.nested(Self::json_array),
            Some(b'"') => ExprKind::String(self.json_string()?),
            Some(b'-' | b'0'..=b'9') => {
                self.take("-");
                let leading_zero = self.peek() == Some(b'0');
                let digits = self.pos;
                let complete = self.decimal();
                let second = self.byte(digits + 1).filter(|_| self.pos > digits + 1);
                if !complete || (leading_zero && second.is_some_and(|byte| byte.is_ascii_digit())) {
                    return Err(self.error(start, ErrorKind::Expected("a number")));
                }
                ExprKind::Number(self.slice(start, self.pos).to_owned())
            }
            _ if self.take("null") => ExprKind::Null,
            _ if self.take("true") => ExprKind::Bool(true),
            _ if self.take("false") => ExprKind::Bool(false),
            _ => return Err(self.expected("a value")),
        };
        Ok(Expr { kind, span: self.span_from(start) })
    }

    fn json_object(&mut self) -> Result<Expr, Error> {
        let start = self.pos;
        self.pos += 1;
        let mut entries = Vec::new();
        self.skip_space();
        while !self.take("}") {
            if !entries.is_empty() {
                if !self.take(",") {
                    return Err(self.expected("`,` or `}`"));
                }
                self.skip_space();
            }
            if self.peek() != Some(b'"') {
                return Err(self.expected(if entries.is_empty() { "a string or `}`" } else { "a string" }));
            }
            let at = self.pos;
            let name = self.json_string()?;
            let key = Expr { kind: ExprKind::String(name.clone()), span: self.span_from(at) };
            self.skip_space();
            if !self.take(":") {
                return Err(self.expected("`:`"));
            }
            self.skip_space();
            let value = self.json_value()?;
            entries.push(ObjectEntry { name: Some(name), key, value });
            self.skip_space();
        }
        Ok(Expr { kind: ExprKind::Object(entries), span: self.span_from(start) })
    }

    fn json_array(&mut self) -> Result<Expr, Error> {
        let start = self.pos;
        self.pos += 1;
        let mut items = Vec::new();
        self.skip_space();
        while !self.take("]") {
            if !items.is_empty() {
                if !self.take(",") {
                    return Err(self.expected("`,` or `]`"));
                }
                self.skip_space();
            }
            items.push(self.json_value()?);
            self.skip_space();
        }
        Ok(Expr { kind: ExprKind::List(items), span: self.span_from(start) })
    }

    fn json_string(&mut self) -> Result<String, Error> {
        let open = self.pos;
        self.pos += 1;
        let mut text = String::new();
        loop {
            text.push_str(self.take_while(|byte| byte >= b' ' && byte != b'"' && byte != b'\\'));
            match self.peek() {
                Some(b'"') => {
                    self.pos += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.json_escape()?),
                None | Some(b'\n') => return Err(self.error(open, ErrorKind::UnclosedString)),
                Some(_) => return Err(self.expected("an escape for a control character")),
            }
        }
    }

    fn json_escape(&mut self) -> Result<char, Error> {
        let start = self.pos;
        let invalid = |cursor: &Self| cursor.error(start, ErrorKind::InvalidEscape);
        self.pos += 2;
        let c = match self.byte(start + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let high = self.json_unit().ok_or_else(|| invalid(self))?;
                let code = if (0xd800..0xdc00).contains(&high) && self.take("\\u") {
                    let low = self.json_unit().filter(|low| (0xdc00..0xe000).contains(low));
                    let low = low.ok_or_else(|| invalid(self))?;
                    0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)
                } else {
                    high
                };
                // A surrogate that stands alone is no character.
                char::from_u32(code).ok_or_else(|| invalid(self))?
            }
            _ => return Err(invalid(self)),
        };
        Ok(c)
    }

    /// The four digits of `\uNNNN`.
    fn json_unit(&mut self) -> Option<u32> {
        let unit = number(self.slice(self.pos, self.pos + 4), 4, 16)?;
        self.pos += 4;
        Some(unit)
    }
}
