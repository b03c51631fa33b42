//! Types, defaults and JSON.

use super::super::Parameter::{Any, Text as Str};
use super::super::given::{at, bytes, from, text};
use super::super::{Call, Function, takes, takes_more};
use crate::error::{ErrorKind, Outcome, refuse};
use crate::interpreter::Interpreter;
use crate::json::{self, Numbers, Style};
use crate::limits::VALUE_DEPTH;
use crate::value::{Kind, Nil, Value};

const FROM_JSON: Call =
    |_, _, given| Ok(json::read(bytes(given, 0), Numbers::Floats).unwrap_or(Value::Nil(Nil::Any)));
const MUST_FROM_JSON: Call = |_, name, given| {
    json::read(bytes(given, 0), Numbers::Floats).or_else(|_| refuse(name, "the argument is not JSON"))
};
const TO_JSON: Call = |_, name, given| to_json(name, given, true, false);
const TO_PRETTY: Call = |_, name, given| to_json(name, given, true, true);
const TO_RAW: Call = |_, name, given| to_json(name, given, false, false);

pub(in crate::functions) const ALL: &[Function] = &[
    takes_more("sprig_all", &[], Any, |_, _, given| Ok(Value::Bool(!given.iter().any(is_empty)))),
    takes_more("sprig_any", &[], Any, |_, _, given| Ok(Value::Bool(given.iter().any(|it| !is_empty(it))))),
    takes_more("sprig_coalesce", &[], Any, |_, _, given| {
        Ok(given.iter().find(|it| !is_empty(it)).cloned().unwrap_or(Value::Nil(Nil::Any)))
    }),
    takes("sprig_deepEqual", &[Any, Any], |run, _, given| {
        deep_equal(run, at(given, 0), at(given, 1), VALUE_DEPTH).map(Value::Bool)
    }),
    takes_more("sprig_default", &[Any], Any, |_, _, given| {
        let value = from(given, 1).first().filter(|it| !is_empty(it));
        Ok(value.unwrap_or(at(given, 0)).clone())
    }),
    takes("sprig_empty", &[Any], |_, _, given| Ok(Value::Bool(is_empty(at(given, 0))))),
    takes("sprig_fromJson", &[Str], FROM_JSON),
    takes("sprig_kindIs", &[Str, Any], |_, _, given| {
        Ok(Value::Bool(bytes(given, 0) == kind(at(given, 1)).as_bytes()))
    }),
    takes("sprig_kindOf", &[Any], |_, _, given| Ok(Value::text(kind(at(given, 0))))),
    takes("sprig_mustFromJson", &[Str], MUST_FROM_JSON),
    takes("sprig_mustToJson", &[Any], TO_JSON),
    takes("sprig_mustToPrettyJson", &[Any], TO_PRETTY),
    takes("sprig_mustToRawJson", &[Any], TO_RAW),
    takes("sprig_toJson", &[Any], TO_JSON),
    takes("sprig_toPrettyJson", &[Any], TO_PRETTY),
    takes("sprig_toRawJson", &[Any], TO_RAW),
    takes("sprig_typeIs", &[Str, Any], |_, _, given| {
        Ok(Value::Bool(bytes(given, 0) == at(given, 1).type_name().as_bytes()))
    }),
    takes("sprig_typeIsLike", &[Str, Any], |_, _, given| {
        let wanted = text(given, 0);
        let name = at(given, 1).type_name();
        Ok(Value::Bool(
            wanted.bytes() == name.as_bytes()
                || name.strip_prefix('*').is_some_and(|it| wanted.bytes() == it.as_bytes()),
        ))
    }),
    takes("sprig_typeOf", &[Any], |_, _, given| Ok(Value::text(at(given, 0).type_name()))),
];

/// What `default` passes over.
pub(super) fn is_empty(value: &Value) -> bool {
    !value.truth()
}

fn kind(value: &Value) -> &'static str {
    match value.kind() {
        Kind::Absent => "invalid",
        Kind::Bool | Kind::Int | Kind::Uint | Kind::Float => value.type_name(),
        Kind::Channel => "chan",
        Kind::List => "slice",
        Kind::Map => "map",
        Kind::Pointer => "ptr",
        Kind::Struct => "struct",
        Kind::Text => "string",
    }
}

fn to_json(name: &str, given: &[Value], escape_html: bool, pretty: bool) -> Outcome<Value> {
    json::write(name, at(given, 0), Style { escape_html, pretty }).map(Value::Text)
}

/// Of the same types, and the same within.
pub(super) fn deep_equal(run: &mut Interpreter<'_, '_>, a: &Value, b: &Value, depth: u32) -> Outcome<bool> {
    run.step()?;
    let deeper = depth.checked_sub(1).ok_or(ErrorKind::TooDeep { limit: VALUE_DEPTH })?;
    if a.type_name() != b.type_name() || a.is_nil() != b.is_nil() {
        return Ok(false);
    }
    Ok(match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a, _), Value::Int(b, _)) => a == b,
        (Value::Uint(a, _), Value::Uint(b, _)) => a == b,
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Text(a) | Value::Number(a), Value::Text(b) | Value::Number(b)) => a == b,
        (Value::Time(a, c), Value::Time(b, d)) => (a, c) == (b, d),
        (Value::List(a), Value::List(b)) => {
            if a.items.len() != b.items.len() {
                return Ok(false);
            }
            for (a, b) in a.items.iter().zip(&b.items) {
                if !deep_equal(run, a, b, deeper)? {
                    return Ok(false);
                }
            }
            true
        }
        (Value::Map(a), Value::Map(b)) => {
            let (a, b) = (a.entries.borrow(), b.entries.borrow());
            if a.len() != b.len() {
                return Ok(false);
            }
            for ((left, a), (right, b)) in a.iter().zip(b.iter()) {
                if left != right || !deep_equal(run, a, b, deeper)? {
                    return Ok(false);
                }
            }
            true
        }
        (Value::Nil(_), Value::Nil(_)) => true,
        (Value::Secret(a), Value::Secret(b)) => std::rc::Rc::ptr_eq(a, b),
        _ => false,
    })
}
