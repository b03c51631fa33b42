//! `toTOML`, laid out as BurntSushi's encoder does it: plain entries first, then tables, each level indented.

use crate::error::{ErrorKind, Outcome, refuse};
use crate::limits::VALUE_DEPTH;
use crate::number::{format_float, parse_float, parse_int};
use crate::text::{Sink, Text, runes};
use crate::value::{Key, Keys, Map, Value};

pub(crate) fn write(function: &str, value: &Value) -> Outcome<Text> {
    let mut writer = Writer { function, sink: Sink::new() };
    match value {
        Value::Map(map) => writer.table(&[], map)?,
        _ => writer.element(value, 0)?,
    }
    Ok(writer.sink.text())
}

struct Writer<'a> {
    function: &'a str,
    sink: Sink,
}

/// What an entry is laid out as.
#[derive(Eq, PartialEq)]
enum Shape {
    Inline,
    Table,
    Tables,
}

impl Writer<'_> {
    fn line(&mut self) -> Outcome<()> {
        if self.sink.len() == 0 { Ok(()) } else { self.sink.push_str("\n") }
    }

    fn indent(&mut self, path: &[Text]) -> Outcome<()> {
        self.sink.repeat(b"  ", path.len().saturating_sub(1))
    }

    fn shape(&self, value: &Value) -> Outcome<Shape> {
        Ok(match value {
            Value::Map(_) => Shape::Table,
            Value::List(list) => {
                if list.items.iter().any(Value::is_nil) {
                    return refuse(self.function, "TOML has no nothing within a list");
                }
                let tables =
                    !list.items.is_empty() && list.items.iter().all(|it| matches!(it, Value::Map(_)));
                if tables { Shape::Tables } else { Shape::Inline }
            }
            _ => Shape::Inline,
        })
    }

    /// The entries of a map as texts and values: those that stand in a line first.
    fn entries(&self, map: &Map) -> Outcome<Vec<(Text, Value, Shape)>> {
        if map.keys == Keys::Any {
            return refuse(self.function, "the keys of TOML are strings");
        }
        let mut plain = Vec::new();
        let mut tables = Vec::new();
        for (key, value) in map.entries.borrow().iter().filter(|it| !it.1.is_nil()) {
            let Key::Text(key) = key else { continue };
            let shape = self.shape(value)?;
            let side = if shape == Shape::Inline { &mut plain } else { &mut tables };
            side.push((key.clone(), value.clone(), shape));
        }
        plain.append(&mut tables);
        Ok(plain)
    }

    fn table(&mut self, path: &[Text], map: &Map) -> Outcome<()> {
        if path.len() > usize::try_from(VALUE_DEPTH).unwrap_or(0) {
            return Err(ErrorKind::TooDeep { limit: VALUE_DEPTH });
        }
        for (key, value, shape) in self.entries(map)? {
            let mut path = path.to_vec();
            path.push(key.clone());
            match (&value, shape) {
                (Value::Map(map), _) => {
                    if path.len() == 1 {
                        self.line()?;
                    }
                    self.header(&path, "[", "]")?;
                    self.table(&path, map)?;
                }
                (Value::List(list), Shape::Tables) => {
                    for it in &list.items {
                        self.line()?;
                        self.header(&path, "[[", "]]")?;
                        if let Value::Map(map) = it {
                            self.table(&path, map)?;
                        }
                    }
                }
                _ => {
                    self.indent(&path)?;
                    self.key(&key)?;
                    self.sink.push_str(" = ")?;
                    self.element(&value, 0)?;
                    self.sink.push_str("\n")?;
                }
            }
        }
        Ok(())
    }

    fn header(&mut self, path: &[Text], open: &str, close: &str) -> Outcome<()> {
        self.indent(path)?;
        self.sink.push_str(open)?;
        for (at, key) in path.iter().enumerate() {
            if at > 0 {
                self.sink.push_str(".")?;
            }
            self.key(key)?;
        }
        self.sink.push_str(close)?;
        self.sink.push_str("\n")
    }

    fn key(&mut self, key: &Text) -> Outcome<()> {
        let bare = |it: &u8| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-');
        if !key.is_empty() && key.bytes().iter().all(bare) {
            self.sink.push(key.bytes())
        } else {
            self.string(key.bytes())
        }
    }

    fn element(&mut self, value: &Value, depth: u32) -> Outcome<()> {
        if depth > VALUE_DEPTH {
            return Err(ErrorKind::TooDeep { limit: VALUE_DEPTH });
        }
        match value {
            Value::Bool(it) => self.sink.push_str(if *it { "true" } else { "false" }),
            Value::Int(it, _) => self.sink.push_str(&it.to_string()),
            Value::Uint(it, _) => self.sink.push_str(&it.to_string()),
            Value::Float(it) => self.float(*it),
            Value::Number(it) => match it.utf8().map(|it| (parse_int(it, 10), parse_float(it))) {
                Some((Some(int), _)) => self.sink.push_str(&int.to_string()),
                Some((None, Some(float))) => self.float(float),
                _ => refuse(self.function, "a number that TOML cannot hold"),
            },
            Value::Text(it) => self.string(it.bytes()),
            Value::List(list) => {
                self.sink.push_str("[")?;
                for (at, it) in list.items.iter().enumerate() {
                    if at > 0 {
                        self.sink.push_str(", ")?;
                    }
                    self.element(it, depth + 1)?;
                }
                self.sink.push_str("]")
            }
            Value::Map(map) => {
                self.sink.push_str("{")?;
                for (at, (key, value, _)) in self.entries(map)?.into_iter().enumerate() {
                    if at > 0 {
                        self.sink.push_str(", ")?;
                    }
                    self.key(&key)?;
                    self.sink.push_str(" = ")?;
                    self.element(&value, depth + 1)?;
                }
                self.sink.push_str("}")
            }
            _ => refuse(self.function, "a value that TOML cannot hold"),
        }
    }

    fn float(&mut self, it: f64) -> Outcome<()> {
        if it.is_nan() {
            return self.sink.push_str("nan");
        }
        if it.is_infinite() {
            return self.sink.push_str(if it > 0.0 { "+inf" } else { "-inf" });
        }
        let text = format_float(it, 'f', None);
        self.sink.push_str(&text)?;
        if text.contains('.') { Ok(()) } else { self.sink.push_str(".0") }
    }

    fn string(&mut self, bytes: &[u8]) -> Outcome<()> {
        self.sink.push_str("\"")?;
        for (it, piece) in runes(bytes) {
            match it {
                Some('\t') => self.sink.push_str("\\t")?,
                Some('\n') => self.sink.push_str("\\n")?,
                Some('\r') => self.sink.push_str("\\r")?,
                Some('\x08') => self.sink.push_str("\\b")?,
                Some('\x0c') => self.sink.push_str("\\f")?,
                Some('"') => self.sink.push_str("\\\"")?,
                Some('\\') => self.sink.push_str("\\\\")?,
                Some(it) if it < ' ' || it == '\x7f' => {
                    self.sink.push_str(&format!("\\u{:04x}", u32::from(it)))?
                }
                _ => self.sink.push(piece)?,
            }
        }
        self.sink.push_str("\"")
    }
}
