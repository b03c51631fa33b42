//! `parseYAML`: the events of a kept parser, taken for what `yaml.v2` takes them for.

use std::collections::{BTreeMap, HashMap};

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::resolve::{is_time, resolve};
use crate::functions::base64;
use crate::limits::VALUE_DEPTH;
use crate::text::Text;
use crate::value::{Element, Key, Keys, Nil, Value};

/// The first document. None where it is no YAML, or deeper than values may be.
pub(crate) fn read(text: &Text) -> Option<Value> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text.utf8()?) {
        if builder.take(event.ok()?.0)? {
            break;
        }
    }
    Some(builder.root.unwrap_or(Value::Nil(Nil::Any)))
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Value>,
    root: Option<Value>,
}

/// A list or map whose end has not come.
enum Open {
    List { anchor: usize, items: Vec<Value> },
    Map { anchor: usize, entries: BTreeMap<Key, Value>, key: Option<Place> },
}

/// Where in a map the next value goes.
enum Place {
    At(Key),
    /// `<<`: its entries become those of this map.
    Merged,
}

impl Builder {
    /// Whether the document is whole.
    fn take(&mut self, event: Event<'_>) -> Option<bool> {
        match event {
            Event::Alias(anchor) => {
                let value = self.anchors.get(&anchor)?.clone();
                self.put(value, false)?;
            }
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                let value = scalar(&text, plain, tag.as_ref().map(|it| it.suffix.as_str()))?;
                self.anchor(anchor, &value);
                self.put(value, plain && text == "<<")?;
            }
            Event::SequenceStart(anchor, _) => self.open(Open::List { anchor, items: Vec::new() })?,
            Event::MappingStart(anchor, _) => {
                self.open(Open::Map { anchor, entries: BTreeMap::new(), key: None })?
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let (anchor, value) = match self.open.pop()? {
                    Open::List { anchor, items } => (anchor, Value::anys(items)),
                    Open::Map { anchor, entries, .. } => {
                        (anchor, Value::map_of(Keys::Any, Element::Any, entries))
                    }
                };
                self.anchor(anchor, &value);
                self.put(value, false)?;
            }
            Event::DocumentEnd => return Some(true),
            _ => {}
        }
        Some(false)
    }

    fn open(&mut self, open: Open) -> Option<()> {
        if self.open.len() >= usize::try_from(VALUE_DEPTH).unwrap_or(0) / 2 {
            return None;
        }
        self.open.push(open);
        Some(())
    }

    fn anchor(&mut self, anchor: usize, value: &Value) {
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
    }

    fn put(&mut self, value: Value, merges: bool) -> Option<()> {
        match self.open.last_mut() {
            None => self.root = Some(value),
            Some(Open::List { items, .. }) => items.push(value),
            Some(Open::Map { entries, key, .. }) => match key.take() {
                None if merges => *key = Some(Place::Merged),
                None => *key = Some(Place::At(key_of(value)?)),
                Some(Place::At(key)) => {
                    entries.insert(key, value);
                }
                Some(Place::Merged) => merge(entries, &value)?,
            },
        }
        Some(())
    }
}

fn key_of(value: Value) -> Option<Key> {
    Some(match value {
        Value::Nil(_) => Key::Nil,
        Value::Bool(it) => Key::Bool(it),
        Value::Int(it, _) => Key::Int(it),
        Value::Float(it) => Key::Float(it),
        Value::Text(it) => Key::Text(it),
        _ => return None,
    })
}

fn merge(entries: &mut BTreeMap<Key, Value>, value: &Value) -> Option<()> {
    match value {
        Value::Map(map) => {
            entries.extend(map.entries.borrow().iter().map(|(key, it)| (key.clone(), it.clone())))
        }
        // The first of several wins.
        Value::List(list) => list.items.iter().rev().try_for_each(|it| match it {
            Value::Map(_) => merge(entries, it),
            _ => None,
        })?,
        _ => return None,
    }
    Some(())
}

fn scalar(text: &str, plain: bool, tag: Option<&str>) -> Option<Value> {
    match tag {
        Some("str" | "!") => Some(Value::text(text)),
        Some("binary") => base64(text.as_bytes()).map(Value::Text),
        _ if !plain => Some(Value::text(text)),
        // What looks like a time stays a string.
        _ if is_time(text) => Some(Value::text(text)),
        _ => Some(resolve(text).unwrap_or_else(|| Value::text(text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::plain;

    #[track_caller]
    fn check(yaml: &str, expected: Option<&str>) {
        let found = read(&yaml.into())
            .map(|it| plain(&it).map(|it| String::from_utf8_lossy(it.bytes()).into_owned()));
        assert_eq!(found, expected.map(|it| Ok(it.to_owned())), "{yaml}");
    }

    #[test]
    fn what_go_reads() {
        check(
            "a: 1\nb: [x, yes, 0x10, 1.5, ~, 2024-01-31, \"1\"]\n",
            Some("map[a:1 b:[x true 16 1.5 <nil> 2024-01-31 1]]"),
        );
        check(
            "base: &b {x: 1, z: 2}\nmore:\n  <<: *b\n  z: 3\n",
            Some("map[base:map[x:1 z:2] more:map[x:1 z:3]]"),
        );
        check("- |\n  a\n  b\n- >-\n  a\n  b\n", Some("[a\nb\n a b]"));
        check("!!str 1", Some("1"));
        check("", Some("<nil>"));
    }

    #[test]
    fn what_go_refuses() {
        check("a: [", None);
        check("a: *nowhere", None);
        check(&"[".repeat(100_000), None);
        check("{[a]: 1}", None);
    }
}
