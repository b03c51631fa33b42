//! Maps.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::super::Parameter::{Any, Map, Text as Str};
use super::super::given::{at, entries, from, text};
use super::super::{Call, Function, takes, takes_more};
use super::stringly;
use crate::error::{ErrorKind, Outcome, refuse};
use crate::interpreter::Interpreter;
use crate::limits::VALUE_DEPTH;
use crate::merge;
use crate::text::Text;
use crate::value::{self, Key, Nil, Value};

const MERGE: Call = |run, name, given| merged(run, name, given, false);
const OVERWRITE: Call = |run, name, given| merged(run, name, given, true);
const COPY: Call = |run, _, given| copied(run, at(given, 0), VALUE_DEPTH);

pub(in crate::functions) const ALL: &[Function] = &[
    takes("sprig_deepCopy", &[Any], COPY),
    takes("sprig_mustDeepCopy", &[Any], COPY),
    takes_more("sprig_dict", &[], Any, |_, _, given| {
        let mut map = BTreeMap::new();
        for pair in given.chunks(2) {
            map.insert(
                Key::Text(stringly(at(pair, 0))?),
                pair.get(1).cloned().unwrap_or_else(|| Value::text("")),
            );
        }
        Ok(Value::map(map))
    }),
    takes_more("sprig_dig", &[Any], Any, |_, name, given| dig(name, given)),
    takes("sprig_get", &[Map, Str], |_, _, given| Ok(entry(given).unwrap_or_else(|| Value::text("")))),
    takes("sprig_hasKey", &[Map, Str], |_, _, given| Ok(Value::Bool(entry(given).is_some()))),
    takes_more("sprig_keys", &[], Map, |_, _, given| {
        let all = (0..given.len()).flat_map(|it| entries(given, it)).filter_map(|(key, _)| text_of(&key));
        Ok(Value::texts(all))
    }),
    takes_more("sprig_merge", &[Map], Map, MERGE),
    takes_more("sprig_mergeOverwrite", &[Map], Map, OVERWRITE),
    takes_more("sprig_mustMerge", &[Map], Map, MERGE),
    takes_more("sprig_mustMergeOverwrite", &[Map], Map, OVERWRITE),
    takes_more("sprig_omit", &[Map], Str, |_, _, given| Ok(chosen(given, false))),
    takes_more("sprig_pick", &[Map], Str, |_, _, given| Ok(chosen(given, true))),
    takes_more("sprig_pluck", &[Str], Map, |_, _, given| {
        let key = Key::Text(text(given, 0));
        let found = from(given, 1).iter().filter_map(|it| match it {
            Value::Map(map) => map.entry(&key),
            _ => None,
        });
        Ok(Value::anys(found.collect()))
    }),
    takes("sprig_set", &[Map, Str, Any], |run, name, given| match at(given, 0) {
        Value::Map(map) if !map.is_nil => {
            value::insert(run, map, Key::Text(text(given, 1)), at(given, 2).clone())?;
            Ok(Value::Map(Rc::clone(map)))
        }
        _ => refuse(name, "there is no map"),
    }),
    takes("sprig_unset", &[Map, Str], |_, _, given| {
        if let Value::Map(map) = at(given, 0) {
            map.entries.borrow_mut().remove(&Key::Text(text(given, 1)));
        }
        Ok(at(given, 0).clone())
    }),
    takes("sprig_values", &[Map], |_, _, given| {
        Ok(Value::anys(entries(given, 0).into_iter().map(|it| it.1).collect()))
    }),
];

fn text_of(key: &Key) -> Option<Text> {
    match key {
        Key::Text(it) => Some(it.clone()),
        _ => None,
    }
}

fn entry(given: &[Value]) -> Option<Value> {
    match at(given, 0) {
        Value::Map(map) => map.entry(&Key::Text(text(given, 1))),
        _ => None,
    }
}

fn chosen(given: &[Value], wanted: bool) -> Value {
    let named: Vec<Key> =
        from(given, 1).iter().filter_map(Value::as_text).map(|it| Key::Text(it.clone())).collect();
    Value::map(entries(given, 0).into_iter().filter(|(key, _)| named.contains(key) == wanted).collect())
}

fn merged(run: &mut Interpreter<'_, '_>, name: &str, given: &[Value], overwrite: bool) -> Outcome<Value> {
    let Value::Map(into) = at(given, 0) else {
        return refuse(name, "there is no map");
    };
    for it in from(given, 1) {
        if let Value::Map(from) = it {
            merge::merge(run, into, from, overwrite)?;
        }
    }
    Ok(at(given, 0).clone())
}

/// `dig "a" "b" default map`
fn dig(name: &str, given: &[Value]) -> Outcome<Value> {
    let [path @ .., default, map] = given else {
        return refuse(name, "it takes keys, a default and a map");
    };
    let mut found = map.clone();
    for key in path {
        let (Value::Text(key), Value::Map(map)) = (key, &found) else {
            return refuse(name, "it takes keys, a default and a map");
        };
        match map.entry(&Key::Text(key.clone())) {
            Some(next) => found = next,
            None => return Ok(default.clone()),
        }
    }
    Ok(found)
}

fn copied(run: &mut Interpreter<'_, '_>, value: &Value, depth: u32) -> Outcome<Value> {
    run.step()?;
    let deeper = depth.checked_sub(1).ok_or(ErrorKind::TooDeep { limit: VALUE_DEPTH })?;
    Ok(match value {
        Value::Nil(_) => Value::Nil(Nil::Absent),
        Value::List(it) => Value::list(
            it.element,
            it.items.iter().map(|it| copied(run, it, deeper)).collect::<Outcome<_>>()?,
        ),
        Value::Map(it) => {
            let entries = it.entries.borrow();
            let entries = entries
                .iter()
                .map(|(key, it)| Ok((key.clone(), copied(run, it, deeper)?)))
                .collect::<Outcome<_>>()?;
            Value::map_of(it.keys, it.element, entries)
        }
        other => other.clone(),
    })
}
