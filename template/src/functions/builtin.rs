//! What Go's `text/template` brings itself, but for comparisons.

use super::Parameter::{Any, Reflect, Text as Str};
use super::given::{at, bytes, from, text};
use super::{Function, Run, takes, takes_more};
use crate::error::{Outcome, refuse};
use crate::format::{self, is_print};
use crate::text::{Sink, Text, runes};
use crate::value::{Int, Key, Keys, Uint, Value};

pub(super) const ALL: &[Function] = &[
    Function {
        name: "and",
        parameters: &[],
        variadic: Some(Reflect),
        run: Run::ShortCircuit { stops_at: false },
    },
    Function {
        name: "or",
        parameters: &[],
        variadic: Some(Reflect),
        run: Run::ShortCircuit { stops_at: true },
    },
    takes("not", &[Reflect], |_, _, given| Ok(Value::Bool(!at(given, 0).truth()))),
    takes_more("call", &[Reflect], Reflect, |_, name, _| refuse(name, "what is called is no function")),
    takes_more("html", &[], Any, |_, _, given| html(joined(given)?.bytes())),
    takes_more("index", &[Reflect], Reflect, |_, name, given| index(name, at(given, 0), from(given, 1))),
    takes_more("js", &[], Any, |_, _, given| js(joined(given)?.bytes())),
    takes("len", &[Reflect], |_, name, given| length(name, at(given, 0))),
    takes_more("print", &[], Any, |_, _, given| format::sprint(given).map(Value::Text)),
    takes_more("printf", &[Str], Any, |_, _, given| {
        format::sprintf(&text(given, 0), from(given, 1)).map(Value::Text)
    }),
    takes_more("println", &[], Any, |_, _, given| format::sprintln(given).map(Value::Text)),
    takes_more("slice", &[Reflect], Reflect, |_, name, given| slice(name, given)),
    takes_more("urlquery", &[], Any, |_, _, given| url_query(joined(given)?.bytes()).map(Value::Text)),
];

/// What the escaping functions escape: one string as it is, all else printed, nothing as `<no value>`.
fn joined(given: &[Value]) -> Outcome<Text> {
    if let [Value::Text(it)] = given {
        return Ok(it.clone());
    }
    let printable = |it: &Value| if it.is_absent() { Value::text("<no value>") } else { it.clone() };
    format::sprint(&given.iter().map(printable).collect::<Vec<_>>())
}

fn html(bytes: &[u8]) -> Outcome<Value> {
    let mut sink = Sink::new();
    for it in bytes {
        match it {
            0 => sink.push_str("\u{fffd}")?,
            b'"' => sink.push_str("&#34;")?,
            b'&' => sink.push_str("&amp;")?,
            b'\'' => sink.push_str("&#39;")?,
            b'<' => sink.push_str("&lt;")?,
            b'>' => sink.push_str("&gt;")?,
            _ => sink.push(&[*it])?,
        }
    }
    Ok(Value::Text(sink.text()))
}

fn js(bytes: &[u8]) -> Outcome<Value> {
    let mut sink = Sink::new();
    for (it, piece) in runes(bytes) {
        match it {
            Some(it @ ('\\' | '\'' | '"')) => {
                sink.push_str("\\")?;
                sink.push_char(it)?;
            }
            Some(it) if it < ' ' || matches!(it, '<' | '>' | '&' | '=') => {
                sink.push_str(&format!("\\u{:04X}", u32::from(it)))?
            }
            Some(it) if it.is_ascii() || is_print(it) => sink.push(piece)?,
            it => {
                sink.push_str(&format!("\\u{:04X}", u32::from(it.unwrap_or(char::REPLACEMENT_CHARACTER))))?
            }
        }
    }
    Ok(Value::Text(sink.text()))
}

pub(super) fn url_query(bytes: &[u8]) -> Outcome<Text> {
    let mut sink = Sink::new();
    for it in bytes {
        match it {
            b' ' => sink.push_str("+")?,
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => sink.push(&[*it])?,
            _ => sink.push_str(&format!("%{it:02X}"))?,
        }
    }
    Ok(sink.text())
}

fn length(name: &str, value: &Value) -> Outcome<Value> {
    let length = match value {
        Value::Text(it) | Value::Number(it) => it.bytes().len(),
        Value::List(it) => it.items.len(),
        Value::Map(it) => it.entries.borrow().len(),
        Value::Loop(..) => 0,
        _ => return refuse(name, "what is measured has no length"),
    };
    Ok(Value::int(i64::try_from(length).unwrap_or(i64::MAX)))
}

/// A place in something of `length`.
fn place(name: &str, value: &Value, length: usize) -> Outcome<usize> {
    let index = match value {
        Value::Int(it, _) => usize::try_from(*it).ok(),
        Value::Uint(it, _) => usize::try_from(*it).ok(),
        Value::Nil(_) => return refuse(name, "nil is no index"),
        _ => return refuse(name, "the index is no number"),
    };
    index.filter(|it| *it <= length).map_or_else(|| refuse(name, "the index is out of range"), Ok)
}

fn index(name: &str, value: &Value, path: &[Value]) -> Outcome<Value> {
    if value.is_absent() {
        return refuse(name, "nothing to look into");
    }
    let mut value = value.clone();
    for key in path {
        let byte = |it: u8| Value::Uint(u64::from(it), Uint::Uint8);
        let found = match &value {
            Value::Nil(_) => return refuse(name, "nothing to look into"),
            Value::List(it) => it.items.get(place(name, key, it.items.len())?).cloned(),
            Value::Text(it) | Value::Number(it) => {
                let at = place(name, key, it.bytes().len())?;
                it.bytes().get(at).copied().map(byte)
            }
            Value::Map(map) => {
                let key = match (map.keys, key) {
                    (_, Value::Text(it)) => Key::Text(it.clone()),
                    (Keys::Any, Value::Int(it, Int::Int)) => Key::Int(*it),
                    (Keys::Any, Value::Float(it)) => Key::Float(*it),
                    (Keys::Any, Value::Bool(it)) => Key::Bool(*it),
                    (Keys::Any, Value::Nil(_)) => Key::Nil,
                    (Keys::Any, _) => return Ok(map.zero()),
                    _ => return refuse(name, "the key is not of the type of the map's keys"),
                };
                Some(map.entry(&key).unwrap_or_else(|| map.zero()))
            }
            _ => return refuse(name, "what is looked into has no elements"),
        };
        let Some(found) = found else {
            return refuse(name, "the index is out of range");
        };
        value = found;
    }
    Ok(value)
}

fn slice(name: &str, given: &[Value]) -> Outcome<Value> {
    let value = at(given, 0);
    let bounds = from(given, 1);
    if value.is_absent() {
        return refuse(name, "nothing to slice");
    }
    let length = match value {
        Value::List(it) => it.items.len(),
        Value::Text(_) | Value::Number(_) if bounds.len() == 3 => {
            return refuse(name, "a string takes two bounds");
        }
        Value::Text(it) | Value::Number(it) => it.bytes().len(),
        _ => return refuse(name, "what is sliced has no elements"),
    };
    if bounds.len() > 3 {
        return refuse(name, "more than three bounds");
    }
    let mut places = Vec::new();
    for it in bounds {
        places.push(place(name, it, length)?);
    }
    let start = places.first().copied().unwrap_or(0);
    let end = places.get(1).copied().unwrap_or(length);
    if start > end || places.get(2).is_some_and(|it| *it < end) {
        return refuse(name, "bounds that cross");
    }
    Ok(match value {
        Value::List(it) => Value::list(it.element, it.items.get(start..end).unwrap_or_default().to_vec()),
        Value::Number(_) => Value::Number(Text::new(bytes(given, 0).get(start..end).unwrap_or_default())),
        _ => Value::bytes(bytes(given, 0).get(start..end).unwrap_or_default()),
    })
}
