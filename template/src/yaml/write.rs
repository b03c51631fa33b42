//! `toYAML`: libyaml's layout, with lists not indented below their key and lines broken behind column 80.

use super::scalar::{Style, is_break, is_printable, style};
use crate::error::{ErrorKind, Outcome, refuse};
use crate::limits::VALUE_DEPTH;
use crate::number::{format_float, parse_float, parse_int};
use crate::secret;
use crate::text::{Sink, Text};
use crate::value::{Key, Value};
use std::cmp::Ordering;

const WIDTH: usize = 80;
/// The longest key that stands before its colon.
const KEY_BYTES: usize = 128;

pub(crate) fn write(function: &str, value: &Value) -> Outcome<Text> {
    let mut writer =
        Writer { function, sink: Sink::new(), column: 0, indent: None, blank: true, indenting: true };
    writer.node(value, Place::default(), 0)?;
    Ok(writer.sink.text())
}

struct Writer<'a> {
    function: &'a str,
    sink: Sink,
    column: usize,
    /// None outside of everything.
    indent: Option<usize>,
    /// Whether a blank or a line's start was written last.
    blank: bool,
    /// Whether nothing but indentation and dashes stand in the line.
    indenting: bool,
}

#[derive(Clone, Copy, Default)]
struct Place {
    /// A key that stands before its colon.
    key: bool,
    /// A key or value of a map.
    in_map: bool,
}

impl Writer<'_> {
    fn put(&mut self, it: char) -> Outcome<()> {
        self.column = if it == '\n' { 0 } else { self.column + 1 };
        self.sink.push_char(it)
    }

    fn puts(&mut self, text: &str) -> Outcome<()> {
        text.chars().try_for_each(|it| self.put(it))
    }

    fn indicator(&mut self, text: &str, needs_blank: bool, keeps_indenting: bool) -> Outcome<()> {
        if needs_blank && !self.blank {
            self.put(' ')?;
        }
        self.puts(text)?;
        self.blank = false;
        self.indenting &= keeps_indenting;
        Ok(())
    }

    fn start_line(&mut self) -> Outcome<()> {
        let indent = self.indent.unwrap_or(0);
        if !self.indenting || self.column > indent || (self.column == indent && !self.blank) {
            self.put('\n')?;
        }
        while self.column < indent {
            self.put(' ')?;
        }
        self.blank = true;
        self.indenting = true;
        Ok(())
    }

    /// One level further in; the level before is the answer.
    fn further(&mut self, first: usize, by: usize) -> Option<usize> {
        let before = self.indent;
        self.indent = Some(before.map_or(first, |it| it + by));
        before
    }

    fn node(&mut self, value: &Value, place: Place, depth: u32) -> Outcome<()> {
        if depth > VALUE_DEPTH {
            return Err(ErrorKind::TooDeep { limit: VALUE_DEPTH });
        }
        if let Some(fields) = secret::fields(value) {
            let entries =
                fields.into_iter().map(|(name, it)| (Value::text(&name.to_lowercase()), it)).collect();
            return self.map(entries, depth);
        }
        match value {
            Value::List(list) => self.list(&list.items, place, depth),
            Value::Map(map) => {
                let mut entries: Vec<_> =
                    map.entries.borrow().iter().map(|(key, it)| (key.clone(), it.clone())).collect();
                entries.sort_by(|a, b| order(&a.0, &b.0));
                self.map(entries.into_iter().map(|(key, it)| (key.value(), it)).collect(), depth)
            }
            Value::Loop(..) | Value::Scratch(_) => refuse(self.function, "a value that YAML cannot hold"),
            _ => self.scalar(value, place),
        }
    }

    fn list(&mut self, items: &[Value], place: Place, depth: u32) -> Outcome<()> {
        if items.is_empty() {
            return self.indicator("[]", true, false);
        }
        let level = if place.in_map && !self.indenting { 0 } else { 2 };
        let before = self.further(0, level);
        for it in items {
            self.start_line()?;
            self.indicator("-", true, true)?;
            self.node(it, Place::default(), depth + 1)?;
        }
        self.indent = before;
        Ok(())
    }

    fn map(&mut self, entries: Vec<(Value, Value)>, depth: u32) -> Outcome<()> {
        if entries.is_empty() {
            return self.indicator("{}", true, false);
        }
        let before = self.further(0, 2);
        let value_place = Place { key: false, in_map: true };
        for (key, value) in entries {
            self.start_line()?;
            let simple =
                key.as_text().is_none_or(|it| it.bytes().len() <= KEY_BYTES && !it.bytes().contains(&b'\n'));
            if simple {
                self.node(&key, Place { key: true, in_map: true }, depth + 1)?;
                self.indicator(":", false, false)?;
            } else {
                self.indicator("?", true, true)?;
                self.node(&key, value_place, depth + 1)?;
                self.start_line()?;
                self.indicator(":", true, true)?;
            }
            self.node(&value, value_place, depth + 1)?;
        }
        self.indent = before;
        Ok(())
    }

    fn scalar(&mut self, value: &Value, place: Place) -> Outcome<()> {
        let before = self.further(2, 2);
        match value {
            Value::Text(text) => match text.utf8() {
                Some(it) => self.string(it, place)?,
                None => {
                    self.indicator("!!binary", true, false)?;
                    self.string(&data_encoding::BASE64.encode(text.bytes()), place)?;
                }
            },
            _ => {
                let text = self.constant(value)?;
                self.plain(&text, false)?;
            }
        }
        self.indent = before;
        Ok(())
    }

    fn constant(&self, value: &Value) -> Outcome<String> {
        Ok(match value {
            Value::Bool(it) => it.to_string(),
            Value::Int(it, _) => it.to_string(),
            Value::Uint(it, _) => it.to_string(),
            Value::Float(it) => float(*it),
            Value::Number(it) => match it.utf8().map(|it| (parse_int(it, 10), parse_float(it))) {
                Some((Some(int), _)) => int.to_string(),
                Some((None, Some(it))) => float(it),
                _ => return refuse(self.function, "a number that YAML cannot hold"),
            },
            Value::Time(seconds, nanos) => {
                let text =
                    crate::time::format(*seconds, *nanos, &"2006-01-02T15:04:05.999999999Z07:00".into())?;
                text.utf8().unwrap_or_default().to_owned()
            }
            _ => "null".to_owned(),
        })
    }

    fn string(&mut self, text: &str, place: Place) -> Outcome<()> {
        match style(text, place.key) {
            Style::Plain => self.plain(text, !place.key),
            Style::Single => self.single(text, !place.key),
            Style::Double => self.double(text, !place.key),
            Style::Literal => self.literal(text),
        }
    }

    /// Whether a line may be broken at this blank.
    fn breaks(&self, breakable: bool, after_space: bool, next: Option<char>) -> bool {
        breakable && !after_space && self.column > WIDTH && next != Some(' ')
    }

    fn plain(&mut self, text: &str, breakable: bool) -> Outcome<()> {
        if !self.blank {
            self.put(' ')?;
        }
        let mut after_space = false;
        let mut all = text.chars().peekable();
        while let Some(it) = all.next() {
            if it == ' ' && self.breaks(breakable, after_space, all.peek().copied()) {
                self.start_line()?;
            } else {
                self.put(it)?;
                self.indenting &= it == ' ';
            }
            after_space = it == ' ';
        }
        self.blank = false;
        self.indenting = false;
        Ok(())
    }

    fn single(&mut self, text: &str, breakable: bool) -> Outcome<()> {
        self.indicator("'", true, false)?;
        let mut after_space = false;
        let mut broken = false;
        let mut first = true;
        let mut all = text.chars().peekable();
        while let Some(it) = all.next() {
            if is_break(it) {
                self.sink.push_char(it)?;
                self.column = 0;
                self.indenting = true;
                broken = true;
                continue;
            }
            if std::mem::take(&mut broken) {
                self.start_line()?;
            }
            let inner = !first && all.peek().is_some();
            if it == ' ' && inner && self.breaks(breakable, after_space, all.peek().copied()) {
                self.start_line()?;
            } else {
                if it == '\'' {
                    self.put(it)?;
                }
                self.put(it)?;
                self.indenting = false;
            }
            after_space = it == ' ';
            first = false;
        }
        self.indicator("'", false, false)
    }

    fn double(&mut self, text: &str, breakable: bool) -> Outcome<()> {
        self.indicator("\"", true, false)?;
        let mut after_space = false;
        let mut first = true;
        let mut all = text.chars().peekable();
        while let Some(it) = all.next() {
            let inner = !first && all.peek().is_some();
            first = false;
            if it == ' ' && inner && self.breaks(breakable, after_space, None) {
                self.start_line()?;
                if all.peek() == Some(&' ') {
                    self.put('\\')?;
                }
            } else if !is_printable(it) || is_break(it) || matches!(it, '"' | '\\') {
                self.puts(&escape(it))?;
            } else {
                self.put(it)?;
            }
            after_space = it == ' ';
        }
        self.indicator("\"", false, false)
    }

    fn literal(&mut self, text: &str) -> Outcome<()> {
        self.indicator("|", true, false)?;
        if text.starts_with(|it| it == ' ' || is_break(it)) {
            self.indicator("2", false, false)?;
        }
        let mut from_end = text.chars().rev();
        match (from_end.next().is_some_and(is_break), from_end.next().is_none_or(is_break)) {
            (false, _) => self.indicator("-", false, false)?,
            (true, true) => self.indicator("+", false, false)?,
            (true, false) => {}
        }
        self.put('\n')?;
        self.indenting = true;
        self.blank = true;
        let mut starts = true;
        for it in text.chars() {
            if is_break(it) {
                self.put('\n')?;
                self.indenting = true;
                starts = true;
                continue;
            }
            if starts {
                self.start_line()?;
            }
            self.put(it)?;
            self.indenting = false;
            starts = false;
        }
        Ok(())
    }
}

fn float(it: f64) -> String {
    match it {
        _ if it.is_nan() => ".nan".to_owned(),
        f64::INFINITY => ".inf".to_owned(),
        f64::NEG_INFINITY => "-.inf".to_owned(),
        _ => format_float(it, 'g', None),
    }
}

fn escape(it: char) -> String {
    let short = match it {
        '\0' => '0',
        '\x07' => 'a',
        '\x08' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\x0b' => 'v',
        '\x0c' => 'f',
        '\r' => 'r',
        '\x1b' => 'e',
        '"' | '\\' => it,
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ if u32::from(it) <= 0xff => return format!("\\x{:02X}", u32::from(it)),
        _ if u32::from(it) <= 0xffff => return format!("\\u{:04X}", u32::from(it)),
        _ => return format!("\\U{:08X}", u32::from(it)),
    };
    format!("\\{short}")
}

/// The order of keys: numbers before strings, strings with their digits as numbers, letters behind all else.
fn order(a: &Key, b: &Key) -> Ordering {
    let (Key::Text(a), Key::Text(b)) = (a, b) else {
        let text = |it: &Key| matches!(it, Key::Text(_));
        return text(a).cmp(&text(b)).then(a.cmp(b));
    };
    let runes = |it: &Text| -> Vec<char> { String::from_utf8_lossy(it.bytes()).chars().collect() };
    let (a, b) = (runes(a), runes(b));
    let Some(at) = a.iter().zip(&b).position(|(a, b)| a != b) else {
        return a.len().cmp(&b.len());
    };
    let (Some(left), Some(right)) = (a.get(at), b.get(at)) else {
        return Ordering::Equal;
    };
    let after_digit = at.checked_sub(1).and_then(|it| a.get(it)).is_some_and(|it| it.is_numeric());
    match (left.is_alphabetic(), right.is_alphabetic()) {
        (true, true) => return left.cmp(right),
        // Behind digits a letter ends the number, which is the smaller one for it.
        (true, false) => return if after_digit { Ordering::Less } else { Ordering::Greater },
        (false, true) => return if after_digit { Ordering::Greater } else { Ordering::Less },
        (false, false) => {}
    }
    // Zeros that lead count, unless digits that are none stand before them.
    let zeros = *left == '0' || *right == '0';
    let led = zeros
        && a.get(..at).unwrap_or_default().iter().rev().take_while(|it| it.is_numeric()).any(|it| *it != '0');
    let number = |all: &[char]| -> (u128, usize) {
        let digits: Vec<u32> =
            all.get(at..).unwrap_or_default().iter().map_while(|it| it.to_digit(10)).take(30).collect();
        let value = digits
            .iter()
            .fold(u128::from(led), |sum, it| sum.saturating_mul(10).saturating_add(u128::from(*it)));
        (value, digits.len())
    };
    number(&a).cmp(&number(&b)).then(left.cmp(right))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Numbers, read};

    #[track_caller]
    fn check(json: &str, expected: &str) {
        let Ok(value) = read(json.as_bytes(), Numbers::AsWritten) else { panic!("not JSON") };
        let found = write("toYAML", &value).map(|it| String::from_utf8_lossy(it.bytes()).into_owned());
        assert_eq!(found, Ok(expected.to_owned()));
    }

    #[test]
    fn layout() {
        check(
            r#"{"b":[1,{"c":null,"d":"x"},["y"],[]],"a":{"e":{}}}"#,
            "a:\n  e: {}\nb:\n- 1\n- c: null\n  d: x\n- - \"y\"\n- []",
        );
        check(
            r#"{"k":"two\nlines\n","l":"one\ntwo","m":"a: b"}"#,
            "k: |\n  two\n  lines\nl: |-\n  one\n  two\nm: 'a: b'",
        );
        check(r#""yes""#, "\"yes\"");
    }

    #[test]
    fn keys_sort_as_people_count() {
        check(r#"{"a10":1,"a2":2,"B":3,"_":4,"1":5}"#, "_: 4\n\"1\": 5\nB: 3\na2: 2\na10: 1");
    }

    #[test]
    fn long_lines_break_at_blanks() {
        let words = "word ".repeat(20);
        let words = words.trim_end();
        check(
            &format!(r#"{{"k":"{words}"}}"#),
            &format!("k: {}\n  {}", "word ".repeat(16).trim_end(), "word ".repeat(4).trim_end()),
        );
    }
}
