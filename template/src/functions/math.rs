//! consul-template's arithmetic. The order of arguments is that of a pipe: `5 | subtract 2` is 3.
//!
//! Numbers of secrets are strings of digits, and refused: `parseInt` makes them numbers.

use super::Parameter::Any;
use super::given::at;
use super::{Function, takes};
use crate::error::{Outcome, refuse};
use crate::value::{Int, Uint, Value};

pub(super) const ALL: &[Function] = &[
    takes("add", &[Any, Any], |_, name, given| {
        arithmetic(name, given, |a, b| Some(a.wrapping_add(b)), |a, b| Some(a.wrapping_add(b)), |a, b| a + b)
    }),
    takes("subtract", &[Any, Any], |_, name, given| {
        arithmetic(name, given, |a, b| Some(a.wrapping_sub(b)), |a, b| Some(a.wrapping_sub(b)), |a, b| a - b)
    }),
    takes("multiply", &[Any, Any], |_, name, given| {
        arithmetic(name, given, |a, b| Some(a.wrapping_mul(b)), |a, b| Some(a.wrapping_mul(b)), |a, b| a * b)
    }),
    takes("divide", &[Any, Any], |_, name, given| {
        arithmetic(name, given, quotient, u64::checked_div, |a, b| a / b)
    }),
    takes("modulo", &[Any, Any], |_, name, given| {
        let float = |it: &Value| matches!(it, Value::Float(_));
        if float(at(given, 0)) || float(at(given, 1)) {
            return refuse(name, NO_NUMBER);
        }
        arithmetic(name, given, remainder, u64::checked_rem, |a, b| a % b)
    }),
    takes("minimum", &[Any, Any], |_, name, given| {
        choose(name, given, |a, b| a < b, |a, b| a < b, |a, b| a < b)
    }),
    takes("maximum", &[Any, Any], |_, name, given| {
        choose(name, given, |a, b| a > b, |a, b| a > b, |a, b| a > b)
    }),
];

const NO_NUMBER: &str = "an argument is no number: what comes from a secret needs parseInt or parseFloat";

/// None divides by zero.
fn quotient(a: i64, b: i64) -> Option<i64> {
    if b == 0 { None } else { Some(a.wrapping_div(b)) }
}

fn remainder(a: i64, b: i64) -> Option<i64> {
    if b == 0 { None } else { Some(a.wrapping_rem(b)) }
}

/// As Go converts: the bits stay.
fn signed(it: u64) -> i64 {
    i64::from_ne_bytes(it.to_ne_bytes())
}

fn arithmetic(
    name: &str,
    given: &[Value],
    ints: fn(i64, i64) -> Option<i64>,
    uints: fn(u64, u64) -> Option<u64>,
    floats: fn(f64, f64) -> f64,
) -> Outcome<Value> {
    // The second argument is the one on the left.
    let value = match (at(given, 1), at(given, 0)) {
        (Value::Int(a, _), Value::Int(b, _)) => ints(*a, *b).map(Value::int64),
        (Value::Int(a, _), Value::Uint(b, _)) => ints(*a, signed(*b)).map(Value::int64),
        (Value::Uint(a, _), Value::Int(b, _)) => ints(signed(*a), *b).map(Value::int64),
        (Value::Uint(a, _), Value::Uint(b, _)) => uints(*a, *b).map(|it| Value::Uint(it, Uint::Uint64)),
        (Value::Int(a, _), Value::Float(b)) => Some(Value::Float(floats(*a as f64, *b))),
        (Value::Uint(a, _), Value::Float(b)) => Some(Value::Float(floats(*a as f64, *b))),
        (Value::Float(a), Value::Int(b, _)) => Some(Value::Float(floats(*a, *b as f64))),
        (Value::Float(a), Value::Uint(b, _)) => Some(Value::Float(floats(*a, *b as f64))),
        (Value::Float(a), Value::Float(b)) => Some(Value::Float(floats(*a, *b))),
        _ => return refuse(name, NO_NUMBER),
    };
    value.map_or_else(|| refuse(name, "a division by zero"), Ok)
}

/// One of the two, with the type it had, but for the width.
fn choose(
    name: &str,
    given: &[Value],
    ints: fn(i64, i64) -> bool,
    uints: fn(u64, u64) -> bool,
    floats: fn(f64, f64) -> bool,
) -> Outcome<Value> {
    let (left, right) = (at(given, 1), at(given, 0));
    let takes_left = match (left, right) {
        (Value::Int(a, _), Value::Int(b, _)) => ints(*a, *b),
        (Value::Int(a, _), Value::Uint(b, _)) => ints(*a, signed(*b)),
        (Value::Uint(a, _), Value::Int(b, _)) => ints(signed(*a), *b),
        (Value::Uint(a, _), Value::Uint(b, _)) => uints(*a, *b),
        (Value::Int(a, _), Value::Float(b)) => floats(*a as f64, *b),
        (Value::Uint(a, _), Value::Float(b)) => floats(*a as f64, *b),
        (Value::Float(a), Value::Int(b, _)) => floats(*a, *b as f64),
        (Value::Float(a), Value::Uint(b, _)) => floats(*a, *b as f64),
        (Value::Float(a), Value::Float(b)) => floats(*a, *b),
        _ => return refuse(name, NO_NUMBER),
    };
    Ok(match if takes_left { left } else { right } {
        Value::Int(it, _) => Value::Int(*it, Int::Int64),
        Value::Uint(it, _) => Value::Uint(*it, Uint::Uint64),
        other => other.clone(),
    })
}
