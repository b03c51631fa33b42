//! consul-template's functions of lists and maps.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::Parameter::{Any, List, Map, Text as Str};
use super::given::{at, bytes, entries, from, items};
use super::{Function, takes, takes_more};
use crate::error::{ErrorKind, Outcome, refuse};
use crate::interpreter::Interpreter;
use crate::merge;
use crate::number;
use crate::text::{Text, find, split};
use crate::value::{Element, Int, Key, Keys, Value};

pub(super) const ALL: &[Function] = &[
    takes("byKey", &[Any], |_, name, given| by_key(name, given)),
    takes("byMeta", &[Str, Any], |_, name, given| by_meta(name, bytes(given, 0), from(given, 1))),
    takes("byPort", &[Any], |_, name, given| by_field(name, given, "Port")),
    takes("byTag", &[Any], |_, name, given| by_field(name, given, "Tags")),
    takes("contains", &[Any, Any], |_, _, given| Ok(Value::Bool(is_in(at(given, 1), at(given, 0))))),
    takes("containsAll", &[List, Any], |_, _, given| {
        Ok(Value::Bool(items(given, 0).iter().all(|it| is_in(at(given, 1), it))))
    }),
    takes("containsAny", &[List, Any], |_, _, given| {
        Ok(Value::Bool(items(given, 0).iter().any(|it| is_in(at(given, 1), it))))
    }),
    takes("containsNone", &[List, Any], |_, _, given| {
        Ok(Value::Bool(!items(given, 0).iter().any(|it| is_in(at(given, 1), it))))
    }),
    takes("containsNotAll", &[List, Any], |_, _, given| {
        Ok(Value::Bool(!items(given, 0).iter().all(|it| is_in(at(given, 1), it))))
    }),
    takes("explode", &[Any], |run, name, given| explode(run, name, pairs(name, given)?)),
    takes("explodeMap", &[Map], |run, name, given| {
        let all = entries(given, 0).into_iter().filter_map(|(key, value)| match key {
            Key::Text(key) => Some((key, value)),
            _ => None,
        });
        explode(run, name, all.collect())
    }),
    takes("in", &[Any, Any], |_, _, given| Ok(Value::Bool(is_in(at(given, 0), at(given, 1))))),
    takes_more("loop", &[], Any, |_, name, given| count(name, given)),
    takes("mergeMap", &[Map, Map], |run, name, given| merged(run, name, given, false)),
    takes("mergeMapWithOverride", &[Map, Map], |run, name, given| merged(run, name, given, true)),
];

/// Whether a list holds a value of the same type, or a string a string.
fn is_in(within: &Value, wanted: &Value) -> bool {
    match (within, wanted) {
        (Value::List(list), _) => list.items.iter().any(|it| match (it, wanted) {
            (Value::Int(a, _), Value::Int(b, _)) => a == b,
            (Value::Float(a), Value::Float(b)) => a == b,
            (Value::Text(a), Value::Text(b)) | (Value::Number(a), Value::Number(b)) => a == b,
            _ => false,
        }),
        (Value::Text(a), Value::Text(b)) | (Value::Number(a), Value::Number(b)) => {
            find(a.bytes(), b.bytes()).is_some()
        }
        _ => false,
    }
}

fn count(name: &str, given: &[Value]) -> Outcome<Value> {
    let number = |it: &Value| match it {
        Value::Int(it, _) => Ok(*it),
        Value::Uint(it, _) => i64::try_from(*it).or_else(|_| refuse(name, "a number that is too large")),
        Value::Text(it) | Value::Number(it) if it.is_empty() => Ok(0),
        Value::Text(it) | Value::Number(it) => it
            .utf8()
            .and_then(|it| number::parse_int(it, 10))
            .map_or_else(|| refuse(name, "a bound is no number"), Ok),
        _ => refuse(name, "a bound is no number"),
    };
    match given {
        [stop] => Ok(Value::Loop(0, number(stop)?)),
        [start, stop] => Ok(Value::Loop(number(start)?, number(stop)?)),
        _ => Err(ErrorKind::ArgumentCount { function: name.to_owned(), want: 2, got: given.len() }),
    }
}

fn merged(run: &mut Interpreter<'_, '_>, name: &str, given: &[Value], overwrite: bool) -> Outcome<Value> {
    match (at(given, 0), at(given, 1)) {
        (Value::Map(into), Value::Map(from)) if !into.is_nil => {
            merge::merge(run, into, from, overwrite)?;
            Ok(Value::Map(Rc::clone(into)))
        }
        (Value::Map(_), Value::Map(from)) => {
            let fresh = Value::map(BTreeMap::new());
            if let Value::Map(into) = &fresh {
                merge::merge(run, into, from, overwrite)?;
            }
            Ok(fresh)
        }
        _ => refuse(name, "it merges maps"),
    }
}

/// A field of an entry of Consul, which the host hands over as a map.
fn field(value: &Value, name: &str) -> Option<Value> {
    match value {
        Value::Map(it) => it.texts(name),
        _ => None,
    }
}

fn listed(name: &str, given: &[Value]) -> Outcome<Vec<Value>> {
    match at(given, 0) {
        Value::Nil(_) => Ok(Vec::new()),
        Value::List(it) => Ok(it.items.clone()),
        _ => refuse(name, "it takes what a function of Consul gives"),
    }
}

fn pairs(name: &str, given: &[Value]) -> Outcome<Vec<(Text, Value)>> {
    listed(name, given)?
        .iter()
        .map(|it| match (field(it, "Key"), field(it, "Value")) {
            (Some(Value::Text(key)), Some(value)) => Ok((key, value)),
            _ => refuse(name, "it takes what a function of Consul gives"),
        })
        .collect()
}

/// Keys with slashes become maps in maps.
fn explode(run: &mut Interpreter<'_, '_>, name: &str, pairs: Vec<(Text, Value)>) -> Outcome<Value> {
    let root = Value::map(BTreeMap::new());
    for (key, value) in pairs {
        let mut map = root.clone();
        let mut parts = split(key.bytes(), b"/", None);
        let last = parts.pop().unwrap_or_default();
        for part in parts {
            let Value::Map(within) = &map else {
                return refuse(name, "a key is both a value and a folder");
            };
            let part = Key::Text(Text::new(part));
            let next = within.entry(&part).unwrap_or_else(|| Value::map(BTreeMap::new()));
            within.entries.borrow_mut().entry(part).or_insert_with(|| next.clone());
            map = next;
        }
        let Value::Map(within) = &map else {
            return refuse(name, "a key is both a value and a folder");
        };
        if !last.is_empty() {
            crate::value::insert(run, within, Key::Text(Text::new(last)), value)?;
        }
    }
    Ok(root)
}

fn by_key(name: &str, given: &[Value]) -> Outcome<Value> {
    let mut groups: BTreeMap<Key, BTreeMap<Key, Value>> = BTreeMap::new();
    for (pair, (path, _)) in listed(name, given)?.into_iter().zip(pairs(name, given)?) {
        let Some(at) = find(path.bytes(), b"/") else { continue };
        let (top, rest) = path.bytes().split_at(at);
        let rest = Text::new(rest.get(1..).unwrap_or_default());
        if rest.is_empty() {
            continue;
        }
        let Value::Map(pair) = pair else { continue };
        let mut renamed = pair.entries.borrow().clone();
        renamed.insert(Key::Text("Key".into()), Value::Text(rest.clone()));
        groups.entry(Key::Text(Text::new(top))).or_default().insert(Key::Text(rest), Value::map(renamed));
    }
    let groups = groups.into_iter().map(|(key, group)| (key, Value::map(group))).collect();
    Ok(Value::map_of(Keys::Text, Element::Map, groups))
}

/// Services by one of their fields: each tag, or the port.
fn by_field(name: &str, given: &[Value], wanted: &str) -> Outcome<Value> {
    let mut groups: BTreeMap<Key, Vec<Value>> = BTreeMap::new();
    for service in listed(name, given)? {
        let values = match field(&service, wanted).or_else(|| field(&service, &format!("Service{wanted}"))) {
            Some(Value::List(it)) => it.items.clone(),
            Some(it) => vec![it],
            None => Vec::new(),
        };
        for value in values {
            let key = match value {
                Value::Text(it) => Key::Text(it),
                Value::Int(it, Int::Int) => Key::Int(it),
                Value::Number(it) => match it.utf8().and_then(|it| number::parse_int(it, 10)) {
                    Some(it) => Key::Int(it),
                    None => continue,
                },
                _ => continue,
            };
            groups.entry(key).or_default().push(service.clone());
        }
    }
    let groups = groups.into_iter().map(|(key, group)| (key, Value::anys(group))).collect();
    Ok(Value::map_of(if wanted == "Port" { Keys::Any } else { Keys::Text }, Element::List, groups))
}

/// Services by fields of their metadata; `|int` behind a name pads numbers.
fn by_meta(name: &str, metas: &[u8], given: &[Value]) -> Outcome<Value> {
    let mut groups: BTreeMap<Key, Vec<Value>> = BTreeMap::new();
    for service in listed(name, given)? {
        let meta = field(&service, "ServiceMeta").unwrap_or(Value::ABSENT);
        let mut parts = Vec::new();
        for wanted in String::from_utf8_lossy(metas).split(',') {
            let (wanted, is_int) = wanted.strip_suffix("|int").map_or((wanted, false), |it| (it, true));
            let found =
                field(&meta, wanted).and_then(|it| it.as_text().and_then(Text::utf8).map(str::to_owned));
            let found = found.filter(|it| !it.is_empty());
            let value = match (found, is_int) {
                (Some(it), true) => match number::parse_int(&it, 10) {
                    Some(it) => format!("{it:05}"),
                    None => return refuse(name, "a field of the metadata is no number"),
                },
                (Some(it), false) => it,
                (None, true) => "00000".to_owned(),
                (None, false) => format!("_no_{wanted}_"),
            };
            let plain =
                |it: char| if it.is_ascii_alphanumeric() || matches!(it, '_' | '-') { it } else { '_' };
            parts.push(value.chars().map(plain).collect::<String>());
        }
        groups.entry(Key::Text(parts.join("_").as_str().into())).or_default().push(service);
    }
    let groups = groups.into_iter().map(|(key, group)| (key, Value::anys(group))).collect();
    Ok(Value::map_of(Keys::Text, Element::List, groups))
}
