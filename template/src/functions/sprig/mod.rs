//! Sprig's functions, which consul-template offers with `sprig_` before their names.

mod absent;
mod dicts;
mod lists;
mod numbers;
mod random;
mod strings;
mod types;

use super::Function;
use crate::error::Outcome;
use crate::format;
use crate::number;
use crate::text::Text;
use crate::value::Value;

pub(super) fn tables() -> impl Iterator<Item = &'static [Function]> {
    [absent::ALL, dicts::ALL, lists::ALL, numbers::ALL, random::ALL, strings::ALL, types::ALL].into_iter()
}

/// Any value as a string.
fn stringly(value: &Value) -> Outcome<Text> {
    match value {
        Value::Text(it) | Value::Number(it) => Ok(it.clone()),
        _ => format::plain(value),
    }
}

/// Any value as a list of strings; nothing falls away.
fn strings_of(value: &Value) -> Outcome<Vec<Text>> {
    match value {
        Value::List(it) => it.items.iter().filter(|it| !it.is_absent()).map(stringly).collect(),
        Value::Nil(_) => Ok(Vec::new()),
        _ => stringly(value).map(|it| vec![it]),
    }
}

/// Any value as an integer: 0 where it is none.
fn integer(value: &Value) -> i64 {
    match value {
        Value::Bool(it) => i64::from(*it),
        Value::Int(it, _) => *it,
        Value::Uint(it, _) => i64::from_ne_bytes(it.to_ne_bytes()),
        Value::Float(it) => *it as i64,
        Value::Text(it) | Value::Number(it) => {
            let text = it.utf8().unwrap_or_default();
            let whole = match text.split_once('.') {
                Some((whole, zeros)) if zeros.bytes().all(|it| it == b'0') => whole,
                _ => text,
            };
            number::parse_int(whole, 0).unwrap_or(0)
        }
        _ => 0,
    }
}

/// Any value as a float: 0 where it is none.
fn float(value: &Value) -> f64 {
    match value {
        Value::Float(it) => *it,
        Value::Uint(it, _) => *it as f64,
        Value::Text(it) | Value::Number(it) => it.utf8().and_then(number::parse_float).unwrap_or(0.0),
        other => integer(other) as f64,
    }
}
