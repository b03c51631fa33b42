//! `toJSON` and its kin.

use crate::error::{ErrorKind, Outcome, refuse};
use crate::format::plain;
use crate::limits::VALUE_DEPTH;
use crate::number::{format_float, shortest};
use crate::secret;
use crate::text::{Sink, Text, runes};
use crate::time;
use crate::value::Value;

#[derive(Clone, Copy)]
pub(crate) struct Style {
    /// `<`, `>` and `&` as escapes, as browsers once needed it.
    pub(crate) escape_html: bool,
    /// Two blanks a level.
    pub(crate) pretty: bool,
}

pub(crate) fn write(function: &str, value: &Value, style: Style) -> Outcome<Text> {
    let mut sink = Sink::new();
    Writer { function, style }.value(&mut sink, value, 0)?;
    Ok(sink.text())
}

struct Writer<'a> {
    function: &'a str,
    style: Style,
}

impl Writer<'_> {
    fn value(&self, sink: &mut Sink, value: &Value, depth: u32) -> Outcome<()> {
        if depth > VALUE_DEPTH {
            return Err(ErrorKind::TooDeep { limit: VALUE_DEPTH });
        }
        if let Some(fields) = secret::fields(value) {
            return self.entries(sink, fields.iter().map(|(name, it)| (name.as_bytes(), it)), depth);
        }
        match value {
            Value::Nil(_) => sink.push_str("null"),
            Value::Bool(it) => sink.push_str(if *it { "true" } else { "false" }),
            Value::Int(it, _) => sink.push_str(&it.to_string()),
            Value::Uint(it, _) => sink.push_str(&it.to_string()),
            Value::Float(it) if !it.is_finite() => refuse(self.function, "JSON has no such number"),
            Value::Float(it) => sink.push_str(&float(*it)),
            Value::Number(it) => sink.push(it.bytes()),
            Value::Text(it) => self.string(sink, it.bytes()),
            Value::List(it) if it.is_nil => sink.push_str("null"),
            Value::List(it) => self.list(sink, &it.items, depth),
            Value::Map(it) if it.is_nil => sink.push_str("null"),
            Value::Map(it) => {
                let entries = it.entries.borrow();
                let named: Vec<(Text, &Value)> =
                    entries.iter().map(|(key, it)| Ok((plain(&key.value())?, it))).collect::<Outcome<_>>()?;
                self.entries(sink, named.iter().map(|(key, it)| (key.bytes(), *it)), depth)
            }
            Value::Scratch(_) => sink.push_str("{}"),
            Value::Time(seconds, nanos) => {
                let text = time::format(*seconds, *nanos, &"2006-01-02T15:04:05.999999999Z07:00".into())?;
                self.string(sink, text.bytes())
            }
            _ => refuse(self.function, "a value that JSON cannot hold"),
        }
    }

    fn line(&self, sink: &mut Sink, depth: u32) -> Outcome<()> {
        if !self.style.pretty {
            return Ok(());
        }
        sink.push_str("\n")?;
        sink.repeat(b"  ", usize::try_from(depth).unwrap_or(0))
    }

    fn list(&self, sink: &mut Sink, items: &[Value], depth: u32) -> Outcome<()> {
        if items.is_empty() {
            return sink.push_str("[]");
        }
        for (at, it) in items.iter().enumerate() {
            sink.push_str(if at == 0 { "[" } else { "," })?;
            self.line(sink, depth + 1)?;
            self.value(sink, it, depth + 1)?;
        }
        self.line(sink, depth)?;
        sink.push_str("]")
    }

    fn entries<'v>(
        &self,
        sink: &mut Sink,
        entries: impl Iterator<Item = (&'v [u8], &'v Value)>,
        depth: u32,
    ) -> Outcome<()> {
        let mut empty = true;
        for (key, value) in entries {
            sink.push_str(if empty { "{" } else { "," })?;
            empty = false;
            self.line(sink, depth + 1)?;
            self.string(sink, key)?;
            sink.push_str(if self.style.pretty { ": " } else { ":" })?;
            self.value(sink, value, depth + 1)?;
        }
        if empty {
            return sink.push_str("{}");
        }
        self.line(sink, depth)?;
        sink.push_str("}")
    }

    fn string(&self, sink: &mut Sink, bytes: &[u8]) -> Outcome<()> {
        sink.push_str("\"")?;
        for (it, _) in runes(bytes) {
            match it {
                Some('"') => sink.push_str("\\\"")?,
                Some('\\') => sink.push_str("\\\\")?,
                Some('\n') => sink.push_str("\\n")?,
                Some('\r') => sink.push_str("\\r")?,
                Some('\t') => sink.push_str("\\t")?,
                Some('\x08') => sink.push_str("\\b")?,
                Some('\x0c') => sink.push_str("\\f")?,
                Some(it @ ('<' | '>' | '&')) if self.style.escape_html => {
                    sink.push_str(&format!("\\u{:04x}", u32::from(it)))?
                }
                Some(it) if it < ' ' || matches!(it, '\u{2028}' | '\u{2029}') => {
                    sink.push_str(&format!("\\u{:04x}", u32::from(it)))?
                }
                Some(it) => sink.push_char(it)?,
                None => sink.push_str("\\ufffd")?,
            }
        }
        sink.push_str("\"")
    }
}

/// A float as ECMAScript writes it.
fn float(it: f64) -> String {
    let size = it.abs();
    if it == 0.0 || (1e-6..1e21).contains(&size) {
        return format_float(it, 'f', None);
    }
    let (negative, digits, exponent) = shortest(it);
    let (first, rest) = digits.split_at(1.min(digits.len()));
    let point = if rest.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    let exponent = exponent.unsigned_abs();
    let exponent = if sign == '-' && exponent < 10 { exponent.to_string() } else { format!("{exponent:02}") };
    format!("{}{first}{point}{rest}e{sign}{exponent}", if negative { "-" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::super::{Numbers, read};
    use super::*;

    #[track_caller]
    fn check(json: &str, style: Style, expected: &str) {
        let Ok(value) = read(json.as_bytes(), Numbers::AsWritten) else { panic!("not JSON") };
        assert_eq!(
            write("toJSON", &value, style).map(|it| it.bytes().to_vec()),
            Ok(expected.as_bytes().to_vec())
        );
    }

    #[test]
    fn plain_and_pretty() {
        let plain = Style { escape_html: true, pretty: false };
        let pretty = Style { escape_html: false, pretty: true };
        check(
            r#"{"b":[1.50,"<&\u2028>"],"a":{}, "c":[]}"#,
            plain,
            r#"{"a":{},"b":[1.50,"\u003c\u0026\u2028\u003e"],"c":[]}"#,
        );
        check(
            r#"{"b":[1,{"x":null}],"a":{}}"#,
            pretty,
            "{\n  \"a\": {},\n  \"b\": [\n    1,\n    {\n      \"x\": null\n    }\n  ]\n}",
        );
        check("\"<\"", pretty, "\"<\"");
    }

    #[test]
    fn floats() {
        for (it, expected) in
            [(1e20, "100000000000000000000"), (1e21, "1e+21"), (1e-7, "1e-7"), (0.5, "0.5"), (1.0, "1")]
        {
            assert_eq!(float(it), expected);
        }
    }
}
