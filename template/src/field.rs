//! What stands behind a dot: entries of maps, fields of structs, methods.

use crate::error::{ErrorKind, Outcome, refuse};
use crate::functions::Parameter;
use crate::interpreter::Interpreter;
use crate::number;
use crate::secret;
use crate::text::Text;
use crate::time;
use crate::value::{Key, Nil, Value};

/// The field of a value, or the zero of its type where a map has no such key.
///
/// Errors: what Go refuses: a field of nothing, of what has none, a missing key under `error_on_missing_key`.
pub(crate) fn field(receiver: &Value, name: &str, error_on_missing_key: bool) -> Outcome<Value> {
    match receiver {
        Value::Nil(Nil::Absent) if error_on_missing_key => Err(ErrorKind::MissingKey(name.to_owned())),
        Value::Nil(Nil::Absent) => Ok(Value::ABSENT),
        Value::Nil(Nil::Any) => Err(ErrorKind::NilPointer(name.to_owned())),
        Value::Nil(Nil::Pointer(pointer)) => secret::nil_field(pointer, name).map(|()| Value::ABSENT),
        Value::Map(map) => match map.entry(&Key::Text(name.into())) {
            Some(value) => Ok(value),
            None if error_on_missing_key => Err(ErrorKind::MissingKey(name.to_owned())),
            None => Ok(map.zero()),
        },
        // Templates in the wild write both.
        Value::Certificate(_) if name == "Data" => Ok(receiver.clone()),
        _ => {
            let fields = secret::fields(receiver).unwrap_or_default();
            let found = fields.into_iter().find(|it| it.0 == name).map(|it| it.1);
            found.ok_or_else(|| ErrorKind::NoField { field: name.to_owned(), found: receiver.type_name() })
        }
    }
}

type MethodCall = fn(&mut Interpreter<'_, '_>, &Value, &[Value]) -> Outcome<Value>;

pub(crate) struct Method {
    pub(crate) parameters: &'static [Parameter],
    pub(crate) call: MethodCall,
}

/// The method of that name, where the value's type has one.
pub(crate) fn method(receiver: &Value, name: &str) -> Option<Method> {
    use Parameter::{Any, Text as Str};
    match (receiver, name) {
        (Value::Scratch(_), "Key") => of(&[Str], |_, it, given| {
            scratch(it, |it| Ok(Value::Bool(it.has(&text(given, 0))))).unwrap_or(gone())
        }),
        (Value::Scratch(_), "Get") => {
            of(&[Str], |_, it, given| scratch(it, |it| Ok(it.at(&text(given, 0)))).unwrap_or(gone()))
        }
        (Value::Scratch(_), "Set") => of(&[Str, Any], |_, it, given| {
            scratch(it, |it| {
                it.set(text(given, 0), any(given, 1));
                Ok(Value::text(""))
            })
            .unwrap_or(gone())
        }),
        (Value::Scratch(_), "SetX") => of(&[Str, Any], |_, it, given| {
            scratch(it, |it| {
                it.set_once(text(given, 0), any(given, 1));
                Ok(Value::text(""))
            })
            .unwrap_or(gone())
        }),
        (Value::Scratch(_), "MapSet") => of(&[Str, Str, Any], |run, it, given| {
            scratch(it, |it| {
                it.map_set(run, text(given, 0), text(given, 1), any(given, 2), true).map(|()| Value::text(""))
            })
            .unwrap_or(gone())
        }),
        (Value::Scratch(_), "MapSetX") => of(&[Str, Str, Any], |run, it, given| {
            scratch(it, |it| {
                it.map_set(run, text(given, 0), text(given, 1), any(given, 2), false)
                    .map(|()| Value::text(""))
            })
            .unwrap_or(gone())
        }),
        (Value::Scratch(_), "MapValues") => {
            of(&[Str], |_, it, given| scratch(it, |it| Ok(it.map_values(&text(given, 0)))).unwrap_or(gone()))
        }
        (Value::Number(_), "String") => {
            of(&[], |_, it, _| Ok(it.as_text().cloned().map_or(Value::ABSENT, Value::Text)))
        }
        (Value::Number(_), "Int64") => of(&[], |_, it, _| {
            let parsed = it.as_text().and_then(Text::utf8).and_then(|it| number::parse_int(it, 10));
            parsed.map(Value::int64).map_or_else(|| refuse("Int64", "not a whole number"), Ok)
        }),
        (Value::Number(_), "Float64") => of(&[], |_, it, _| {
            let parsed = it.as_text().and_then(Text::utf8).and_then(number::parse_float);
            parsed.map(Value::Float).map_or_else(|| refuse("Float64", "not a number"), Ok)
        }),
        (Value::Time(..), "Format") => of(&[Str], |_, it, given| match it {
            Value::Time(seconds, nanos) => time::format(*seconds, *nanos, &text(given, 0)).map(Value::Text),
            _ => gone(),
        }),
        (Value::Time(..), "Unix") => of(&[], |_, it, _| match it {
            Value::Time(seconds, _) => Ok(Value::int64(*seconds)),
            _ => gone(),
        }),
        (Value::Time(..), "UTC") => of(&[], |_, it, _| Ok(it.clone())),
        _ => None,
    }
}

fn of(parameters: &'static [Parameter], call: MethodCall) -> Option<Method> {
    Some(Method { parameters, call })
}

fn scratch<T>(value: &Value, call: impl FnOnce(&crate::scratch::Scratch) -> T) -> Option<T> {
    match value {
        Value::Scratch(it) => Some(call(it)),
        _ => None,
    }
}

fn gone() -> Outcome<Value> {
    refuse("a method", "its value is of another type")
}

fn text(given: &[Value], at: usize) -> Text {
    given.get(at).and_then(Value::as_text).cloned().unwrap_or_else(|| "".into())
}

fn any(given: &[Value], at: usize) -> Value {
    given.get(at).cloned().unwrap_or(Value::ABSENT)
}
