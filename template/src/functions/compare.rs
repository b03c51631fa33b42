//! `eq` and its kin, by Go's kinds: a string is never a number, and integers compare whatever their sign.

use std::cmp::Ordering;

use super::Parameter::Reflect;
use super::given::at;
use super::{Function, takes, takes_more};
use crate::error::{ErrorKind, Outcome};
use crate::value::{Kind, Value};

pub(super) const ALL: &[Function] = &[
    takes_more("eq", &[Reflect], Reflect, |_, _, given| match given {
        [first, others @ ..] if !others.is_empty() => equals_one(first, others).map(Value::Bool),
        _ => Err(wrong("eq", "nothing to compare with")),
    }),
    takes("ne", &[Reflect, Reflect], |_, _, given| {
        equal("ne", at(given, 0), at(given, 1)).map(|it| Value::Bool(!it))
    }),
    takes("lt", &[Reflect, Reflect], |_, _, given| ordered("lt", given, |it| it == Some(Ordering::Less))),
    takes("le", &[Reflect, Reflect], |_, _, given| {
        ordered("le", given, |it| matches!(it, Some(Ordering::Less | Ordering::Equal)))
    }),
    takes("gt", &[Reflect, Reflect], |_, _, given| {
        ordered("gt", given, |it| !matches!(it, Some(Ordering::Less | Ordering::Equal)))
    }),
    takes("ge", &[Reflect, Reflect], |_, _, given| ordered("ge", given, |it| it != Some(Ordering::Less))),
];

fn wrong(function: &'static str, why: &'static str) -> ErrorKind {
    ErrorKind::Comparison { function, why }
}

const BASIC: [Kind; 5] = [Kind::Bool, Kind::Float, Kind::Int, Kind::Text, Kind::Uint];
const INCOMPATIBLE: &str = "the types do not compare: a number of a secret is a string of digits";

fn equals_one(first: &Value, others: &[Value]) -> Outcome<bool> {
    for other in others {
        if equal("eq", first, other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn equal(function: &'static str, a: &Value, b: &Value) -> Outcome<bool> {
    let basic = |it: &Value| BASIC.contains(&it.kind());
    Ok(match (a, b) {
        (Value::Int(a, _), Value::Uint(b, _)) => u64::try_from(*a) == Ok(*b),
        (Value::Uint(a, _), Value::Int(b, _)) => u64::try_from(*b) == Ok(*a),
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a, _), Value::Int(b, _)) => a == b,
        (Value::Uint(a, _), Value::Uint(b, _)) => a == b,
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Text(a) | Value::Number(a), Value::Text(b) | Value::Number(b)) => a == b,
        _ if basic(a) || basic(b) => {
            // One of them is nothing: they differ. Else they do not compare.
            if a.is_absent() || b.is_absent() {
                return Ok(false);
            }
            return Err(wrong(function, INCOMPATIBLE));
        }
        _ if a.is_nil() || b.is_nil() => {
            let same = a.kind() == b.kind() || a.is_absent() || b.is_absent();
            if !same {
                return Err(wrong(function, INCOMPATIBLE));
            }
            a.is_nil() == b.is_nil()
        }
        (Value::Secret(a), Value::Secret(b)) => std::rc::Rc::ptr_eq(a, b),
        (Value::Auth(a), Value::Auth(b)) => std::rc::Rc::ptr_eq(a, b),
        (Value::WrapInfo(a), Value::WrapInfo(b)) => std::rc::Rc::ptr_eq(a, b),
        (Value::Scratch(_), Value::Scratch(_)) => true,
        (Value::Time(a, c), Value::Time(b, d)) => (a, c) == (b, d),
        _ => return Err(wrong(function, "lists and maps do not compare")),
    })
}

fn ordered(function: &'static str, given: &[Value], wanted: fn(Option<Ordering>) -> bool) -> Outcome<Value> {
    let order = match (at(given, 0), at(given, 1)) {
        (Value::Int(a, _), Value::Int(b, _)) => Some(a.cmp(b)),
        (Value::Uint(a, _), Value::Uint(b, _)) => Some(a.cmp(b)),
        (Value::Int(a, _), Value::Uint(b, _)) => Some(u64::try_from(*a).map_or(Ordering::Less, |a| a.cmp(b))),
        (Value::Uint(a, _), Value::Int(b, _)) => {
            Some(u64::try_from(*b).map_or(Ordering::Greater, |b| a.cmp(&b)))
        }
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Text(a) | Value::Number(a), Value::Text(b) | Value::Number(b)) => Some(a.cmp(b)),
        (a, b) if BASIC.contains(&a.kind()) && BASIC.contains(&b.kind()) && a.kind() != b.kind() => {
            return Err(wrong(function, INCOMPATIBLE));
        }
        _ => return Err(wrong(function, "what has no order cannot be ordered")),
    };
    Ok(Value::Bool(wanted(order)))
}
