//! Numbers. Whatever is no number counts as 0.

use super::super::Parameter::{Any, Float, Int, Text as Str};
use super::super::given::{at, from, int, text};
use super::super::{Call, Function, takes, takes_more};
use super::{float, integer, stringly};
use crate::error::{ErrorKind, Outcome, refuse};
use crate::limits::STEPS;
use crate::number;
use crate::text::Text;
use crate::value::{Element, Value};

const MAX: Call = |_, _, given| Ok(Value::int64(given.iter().map(integer).max().unwrap_or(0)));

pub(in crate::functions) const ALL: &[Function] = &[
    takes_more("sprig_add", &[], Any, |_, _, given| {
        Ok(Value::int64(given.iter().map(integer).fold(0, i64::wrapping_add)))
    }),
    takes("sprig_add1", &[Any], |_, _, given| Ok(Value::int64(integer(at(given, 0)).wrapping_add(1)))),
    takes("sprig_atoi", &[Str], |_, _, given| {
        Ok(Value::int(text(given, 0).utf8().and_then(|it| number::parse_int(it, 10)).unwrap_or(0)))
    }),
    takes_more("sprig_biggest", &[Any], Any, MAX),
    takes("sprig_ceil", &[Any], |_, _, given| Ok(Value::Float(float(at(given, 0)).ceil()))),
    takes("sprig_div", &[Any, Any], |_, name, given| divided(name, given, i64::wrapping_div)),
    takes("sprig_float64", &[Any], |_, _, given| Ok(Value::Float(float(at(given, 0))))),
    takes("sprig_floor", &[Any], |_, _, given| Ok(Value::Float(float(at(given, 0)).floor()))),
    takes("sprig_int", &[Any], |_, _, given| Ok(Value::int(integer(at(given, 0))))),
    takes("sprig_int64", &[Any], |_, _, given| Ok(Value::int64(integer(at(given, 0))))),
    takes_more("sprig_max", &[Any], Any, MAX),
    takes_more("sprig_maxf", &[Any], Any, |_, _, given| {
        Ok(Value::Float(given.iter().map(float).fold(f64::NEG_INFINITY, f64::max)))
    }),
    takes_more("sprig_min", &[Any], Any, |_, _, given| {
        Ok(Value::int64(given.iter().map(integer).min().unwrap_or(0)))
    }),
    takes_more("sprig_minf", &[Any], Any, |_, _, given| {
        Ok(Value::Float(given.iter().map(float).fold(f64::INFINITY, f64::min)))
    }),
    takes("sprig_mod", &[Any, Any], |_, name, given| divided(name, given, i64::wrapping_rem)),
    takes_more("sprig_mul", &[Any], Any, |_, _, given| {
        Ok(Value::int64(given.iter().map(integer).fold(1, i64::wrapping_mul)))
    }),
    takes_more("sprig_round", &[Any, Int], Float, |_, _, given| Ok(Value::Float(rounded(given)))),
    takes_more("sprig_seq", &[], Int, |_, name, given| seq(name, given)),
    takes("sprig_sub", &[Any, Any], |_, _, given| {
        Ok(Value::int64(integer(at(given, 0)).wrapping_sub(integer(at(given, 1)))))
    }),
    takes("sprig_toDecimal", &[Any], |_, _, given| {
        let text = stringly(at(given, 0))?;
        Ok(Value::int64(text.utf8().and_then(|it| number::parse_int(it, 8)).unwrap_or(0)))
    }),
    takes("sprig_until", &[Int], |_, name, given| {
        let stop = int(given, 0);
        Ok(ints(steps(name, 0, stop, if stop < 0 { -1 } else { 1 })?))
    }),
    takes("sprig_untilStep", &[Int, Int, Int], |_, name, given| {
        Ok(ints(steps(name, int(given, 0), int(given, 1), int(given, 2))?))
    }),
];

fn divided(name: &str, given: &[Value], by: fn(i64, i64) -> i64) -> Outcome<Value> {
    match integer(at(given, 1)) {
        0 => refuse(name, "a division by zero"),
        divisor => Ok(Value::int64(by(integer(at(given, 0)), divisor))),
    }
}

fn rounded(given: &[Value]) -> f64 {
    let from_half = match from(given, 2).first() {
        Some(Value::Float(it)) => *it,
        _ => 0.5,
    };
    let power = 10f64.powi(i32::try_from(int(given, 1)).unwrap_or(0));
    let shifted = power * float(at(given, 0));
    let whole = if shifted.fract() >= from_half { shifted.ceil() } else { shifted.floor() };
    whole / power
}

fn ints(all: Vec<i64>) -> Value {
    Value::list(Element::Int, all.into_iter().map(Value::int).collect())
}

fn steps(name: &str, start: i64, stop: i64, step: i64) -> Outcome<Vec<i64>> {
    if (stop < start && step >= 0) || (stop >= start && step <= 0) {
        return Ok(Vec::new());
    }
    let span = stop.abs_diff(start);
    if span / step.unsigned_abs() > u64::from(STEPS) / 4 {
        return Err(ErrorKind::Function { function: name.to_owned(), why: "a list that is too long" });
    }
    let mut all = Vec::new();
    let mut at = start;
    while if step > 0 { at < stop } else { at > stop } {
        all.push(at);
        match at.checked_add(step) {
            Some(next) => at = next,
            None => break,
        }
    }
    Ok(all)
}

/// `1 2 3`: from, step and to, as the program `seq` has them.
fn seq(name: &str, given: &[Value]) -> Outcome<Value> {
    let all: Vec<i64> = given.iter().map(integer).collect();
    let toward = |start: i64, end: i64| if end < start { -1 } else { 1 };
    let all = match all.as_slice() {
        [end] => steps(name, 1, end.saturating_add(toward(1, *end)), toward(1, *end))?,
        [start, end] => steps(name, *start, end.saturating_add(toward(*start, *end)), toward(*start, *end))?,
        [start, step, end] if end < start && *step > 0 => Vec::new(),
        [start, step, end] => steps(name, *start, end.saturating_add(toward(*start, *end)), *step)?,
        _ => Vec::new(),
    };
    let words: Vec<String> = all.iter().map(i64::to_string).collect();
    Ok(Value::Text(Text::from(words.join(" ").as_str())))
}
