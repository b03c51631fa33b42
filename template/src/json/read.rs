//! A reader that keeps numbers as they are written, and leaves no copies of strings behind.

use std::collections::BTreeMap;

use crate::limits::VALUE_DEPTH;
use crate::text::{Sink, Text};
use crate::value::{Key, Nil, Value};

/// What a number becomes.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Numbers {
    /// `json.Number`, as in secrets.
    AsWritten,
    /// As `parseJSON` reads them.
    Floats,
}

/// Why a text is no JSON; it does not matter why.
pub(crate) struct NotJson;

pub(crate) fn read(bytes: &[u8], numbers: Numbers) -> Result<Value, NotJson> {
    let mut reader = Reader { bytes, at: 0, numbers };
    let value = reader.value(VALUE_DEPTH)?;
    reader.blanks();
    if reader.at == bytes.len() { Ok(value) } else { Err(NotJson) }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    numbers: Numbers,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn take(&mut self, wanted: u8) -> Result<(), NotJson> {
        self.blanks();
        if self.peek() == Some(wanted) {
            self.at += 1;
            Ok(())
        } else {
            Err(NotJson)
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, NotJson> {
        if self.bytes.get(self.at..).is_some_and(|it| it.starts_with(word.as_bytes())) {
            self.at += word.len();
            Ok(value)
        } else {
            Err(NotJson)
        }
    }

    fn value(&mut self, depth: u32) -> Result<Value, NotJson> {
        let deeper = depth.checked_sub(1).ok_or(NotJson)?;
        self.blanks();
        match self.peek().ok_or(NotJson)? {
            b'{' => self.object(deeper),
            b'[' => self.array(deeper),
            b'"' => self.string().map(Value::Text),
            b't' => self.word("true", Value::Bool(true)),
            b'f' => self.word("false", Value::Bool(false)),
            b'n' => self.word("null", Value::Nil(Nil::Any)),
            _ => self.number(),
        }
    }

    fn object(&mut self, depth: u32) -> Result<Value, NotJson> {
        let mut entries = BTreeMap::new();
        self.at += 1;
        self.blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::map(entries));
        }
        loop {
            self.blanks();
            if self.peek() != Some(b'"') {
                return Err(NotJson);
            }
            let key = self.string()?;
            self.take(b':')?;
            let value = self.value(depth)?;
            entries.insert(Key::Text(key), value);
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                _ => break,
            }
        }
        self.take(b'}')?;
        Ok(Value::map(entries))
    }

    fn array(&mut self, depth: u32) -> Result<Value, NotJson> {
        let mut items = Vec::new();
        self.at += 1;
        self.blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::anys(items));
        }
        loop {
            items.push(self.value(depth)?);
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                _ => break,
            }
        }
        self.take(b']')?;
        Ok(Value::anys(items))
    }

    fn string(&mut self) -> Result<Text, NotJson> {
        self.at += 1;
        let mut sink = Sink::new();
        let mut push = |it: char| sink.push_char(it).map_err(|_| NotJson);
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let (it, piece) = crate::text::runes(rest).next().ok_or(NotJson)?;
            self.at += piece.len();
            match it {
                Some('"') => break,
                Some('\\') => {
                    let it = self.escape()?;
                    push(it)?;
                }
                Some(it) if it < ' ' => return Err(NotJson),
                it => push(it.unwrap_or(char::REPLACEMENT_CHARACTER))?,
            }
        }
        Ok(sink.text())
    }

    fn escape(&mut self) -> Result<char, NotJson> {
        let kind = self.peek().ok_or(NotJson)?;
        self.at += 1;
        Ok(match kind {
            b'"' | b'\\' | b'/' => char::from(kind),
            b'b' => '\x08',
            b'f' => '\x0c',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.four()?;
                let follows = self.bytes.get(self.at..).is_some_and(|it| it.starts_with(b"\\u"));
                if (0xd800..0xdc00).contains(&first) && follows {
                    let mark = self.at;
                    self.at += 2;
                    let second = self.four()?;
                    if (0xdc00..0xe000).contains(&second) {
                        let joined = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                        return char::from_u32(joined).ok_or(NotJson);
                    }
                    self.at = mark;
                }
                char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => return Err(NotJson),
        })
    }

    fn four(&mut self) -> Result<u32, NotJson> {
        let digits = self.bytes.get(self.at..self.at + 4).ok_or(NotJson)?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(NotJson);
        }
        self.at += 4;
        std::str::from_utf8(digits).ok().and_then(|it| u32::from_str_radix(it, 16).ok()).ok_or(NotJson)
    }

    fn number(&mut self) -> Result<Value, NotJson> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        let text =
            self.bytes.get(start..self.at).and_then(|it| std::str::from_utf8(it).ok()).ok_or(NotJson)?;
        match self.numbers {
            Numbers::AsWritten => Ok(Value::Number(text.into())),
            Numbers::Floats => {
                text.parse().ok().filter(|it: &f64| it.is_finite()).map(Value::Float).ok_or(NotJson)
            }
        }
    }

    fn digits(&mut self) -> Result<(), NotJson> {
        let start = self.at;
        while self.peek().is_some_and(|it| it.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(NotJson) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::plain;

    #[track_caller]
    fn check(json: &str, expected: Option<&str>) {
        let found = read(json.as_bytes(), Numbers::AsWritten).ok();
        let found = found.map(|it| plain(&it).map(|it| String::from_utf8_lossy(it.bytes()).into_owned()));
        assert_eq!(found, expected.map(|it| Ok(it.to_owned())), "{json}");
    }

    #[test]
    fn what_go_reads() {
        check(
            r#" {"b": [1.0, -2e3, true, null], "a": "\u00e9\ud83d\ude00\n"} "#,
            Some("map[a:é😀\n b:[1.0 -2e3 true <nil>]]"),
        );
        check("[]", Some("[]"));
        check(r#""\ud83d""#, Some("\u{fffd}"));
    }

    #[test]
    fn what_go_refuses() {
        for wrong in [
            "",
            "{",
            "[1,]",
            "{\"a\":1,}",
            "01",
            "1.",
            "nul",
            "\"\x01\"",
            "\"\\x\"",
            "1 2",
            "{'a':1}",
            "+1",
            "NaN",
        ] {
            check(wrong, None);
        }
        check(&"[".repeat(100_000), None);
    }
}
