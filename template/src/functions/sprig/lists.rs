//! Lists.

use super::super::Parameter::{Any, Int, Text as Str};
use super::super::given::{at, bytes, from, int};
use super::super::{Call, Function, takes, takes_more};
use super::types::{deep_equal, is_empty};
use super::{stringly, strings_of};
use crate::error::{Outcome, refuse};
use crate::functions::texts::join;
use crate::interpreter::Interpreter;
use crate::limits::VALUE_DEPTH;
use crate::text::{Text, split};
use crate::value::{Element, Key, Keys, Nil, Value};

const APPEND: Call = |_, name, given| {
    let mut items = list(name, given, 0)?.to_vec();
    items.push(at(given, 1).clone());
    Ok(Value::anys(items))
};
const PREPEND: Call = |_, name, given| {
    let mut items = list(name, given, 0)?.to_vec();
    items.insert(0, at(given, 1).clone());
    Ok(Value::anys(items))
};
const CHUNK: Call = |_, name, given| {
    let size = usize::try_from(int(given, 0)).ok().filter(|it| *it > 0);
    let Some(size) = size else { return refuse(name, "a size that is not positive") };
    let parts = list(name, given, 1)?.chunks(size).map(|it| Value::anys(it.to_vec())).collect();
    Ok(Value::list(Element::List, parts))
};
const COMPACT: Call = |_, name, given| {
    Ok(Value::anys(list(name, given, 0)?.iter().filter(|it| !is_empty(it)).cloned().collect()))
};
const FIRST: Call =
    |_, name, given| Ok(list(name, given, 0)?.first().cloned().unwrap_or(Value::Nil(Nil::Any)));
const LAST: Call = |_, name, given| Ok(list(name, given, 0)?.last().cloned().unwrap_or(Value::Nil(Nil::Any)));
const REST: Call = |_, name, given| {
    Ok(list(name, given, 0)?
        .split_first()
        .map_or_else(|| Value::nil_list(Element::Any), |it| Value::anys(it.1.to_vec())))
};
const INITIAL: Call = |_, name, given| {
    Ok(list(name, given, 0)?
        .split_last()
        .map_or_else(|| Value::nil_list(Element::Any), |it| Value::anys(it.1.to_vec())))
};
const HAS: Call = |run, name, given| {
    if at(given, 1).is_absent() {
        return Ok(Value::Bool(false));
    }
    contains(run, list(name, given, 1)?, at(given, 0)).map(Value::Bool)
};
const REVERSE: Call = |_, name, given| Ok(Value::anys(list(name, given, 0)?.iter().rev().cloned().collect()));
const SLICE: Call = |_, name, given| {
    let items = list(name, given, 0)?;
    let bound = |index: usize, default: usize| {
        given.get(index).map_or(Some(default), |it| usize::try_from(super::integer(it)).ok())
    };
    if items.is_empty() {
        return Ok(Value::Nil(Nil::Any));
    }
    let element = match at(given, 0) {
        Value::List(it) => it.element,
        _ => Element::Any,
    };
    match (bound(1, 0), bound(2, items.len())) {
        (Some(start), Some(end)) if start <= end && end <= items.len() => {
            Ok(Value::list(element, items.get(start..end).unwrap_or_default().to_vec()))
        }
        _ => refuse(name, "bounds that are out of range"),
    }
};
const UNIQ: Call = |run, name, given| {
    let mut kept: Vec<Value> = Vec::new();
    for it in list(name, given, 0)? {
        if !contains(run, &kept, it)? {
            kept.push(it.clone());
        }
    }
    Ok(Value::anys(kept))
};
const WITHOUT: Call = |run, name, given| {
    let mut kept = Vec::new();
    for it in list(name, given, 0)? {
        if !contains(run, from(given, 1), it)? {
            kept.push(it.clone());
        }
    }
    Ok(Value::anys(kept))
};
const LIST: Call = |_, _, given| Ok(Value::anys(given.to_vec()));

pub(in crate::functions) const ALL: &[Function] = &[
    takes("sprig_append", &[Any, Any], APPEND),
    takes("sprig_chunk", &[Int, Any], CHUNK),
    takes("sprig_compact", &[Any], COMPACT),
    takes_more("sprig_concat", &[], Any, |_, name, given| {
        let mut items = Vec::new();
        for index in 0..given.len() {
            items.extend_from_slice(list(name, given, index)?);
        }
        Ok(Value::anys(items))
    }),
    takes("sprig_first", &[Any], FIRST),
    takes("sprig_has", &[Any, Any], HAS),
    takes("sprig_initial", &[Any], INITIAL),
    takes("sprig_join", &[Str, Any], |_, _, given| {
        let texts: Vec<Value> = strings_of(at(given, 1))?.into_iter().map(Value::Text).collect();
        join(bytes(given, 0), &texts)
    }),
    takes("sprig_last", &[Any], LAST),
    takes_more("sprig_list", &[], Any, LIST),
    takes("sprig_mustAppend", &[Any, Any], APPEND),
    takes("sprig_mustChunk", &[Int, Any], CHUNK),
    takes("sprig_mustCompact", &[Any], COMPACT),
    takes("sprig_mustFirst", &[Any], FIRST),
    takes("sprig_mustHas", &[Any, Any], HAS),
    takes("sprig_mustInitial", &[Any], INITIAL),
    takes("sprig_mustLast", &[Any], LAST),
    takes("sprig_mustPrepend", &[Any, Any], PREPEND),
    takes("sprig_mustPush", &[Any, Any], APPEND),
    takes("sprig_mustRest", &[Any], REST),
    takes("sprig_mustReverse", &[Any], REVERSE),
    takes_more("sprig_mustSlice", &[Any], Any, SLICE),
    takes("sprig_mustUniq", &[Any], UNIQ),
    takes_more("sprig_mustWithout", &[Any], Any, WITHOUT),
    takes("sprig_prepend", &[Any, Any], PREPEND),
    takes("sprig_push", &[Any, Any], APPEND),
    takes("sprig_rest", &[Any], REST),
    takes("sprig_reverse", &[Any], REVERSE),
    takes_more("sprig_slice", &[Any], Any, SLICE),
    takes("sprig_sortAlpha", &[Any], |_, _, given| {
        let mut all = match at(given, 0) {
            Value::List(_) => strings_of(at(given, 0))?,
            other => vec![stringly(other)?],
        };
        all.sort();
        Ok(Value::texts(all))
    }),
    takes("sprig_split", &[Str, Str], |_, _, given| {
        Ok(numbered(split(bytes(given, 1), bytes(given, 0), None)))
    }),
    takes("sprig_splitList", &[Str, Str], |_, _, given| {
        Ok(Value::texts(split(bytes(given, 1), bytes(given, 0), None).into_iter().map(Text::new)))
    }),
    takes("sprig_splitn", &[Str, Int, Str], |_, _, given| {
        Ok(numbered(split(bytes(given, 2), bytes(given, 0), usize::try_from(int(given, 1)).ok())))
    }),
    takes("sprig_toStrings", &[Any], |_, _, given| Ok(Value::texts(strings_of(at(given, 0))?))),
    takes_more("sprig_tuple", &[], Any, LIST),
    takes("sprig_uniq", &[Any], UNIQ),
    takes_more("sprig_without", &[Any], Any, WITHOUT),
];

fn list<'v>(name: &str, given: &'v [Value], index: usize) -> Outcome<&'v [Value]> {
    match given.get(index) {
        Some(Value::List(it)) => Ok(&it.items),
        _ => refuse(name, "an argument is no list"),
    }
}

fn contains(run: &mut Interpreter<'_, '_>, items: &[Value], wanted: &Value) -> Outcome<bool> {
    for it in items {
        if deep_equal(run, it, wanted, VALUE_DEPTH)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `map[_0:a _1:b]`
fn numbered(parts: Vec<&[u8]>) -> Value {
    let entries = parts
        .into_iter()
        .enumerate()
        .map(|(at, it)| (Key::Text(format!("_{at}").as_str().into()), Value::bytes(it)));
    Value::map_of(Keys::Text, Element::Text, entries.collect())
}
