//! Values from strings and strings from values: `parseJSON`, `toYAML` and their kin.

use std::collections::BTreeMap;

use super::Parameter::{Any, Text as Str};
use super::given::{at, bytes, text};
use super::{Function, takes};
use crate::error::{Outcome, refuse};
use crate::json::{self, Numbers, Style};
use crate::number::{parse_float, parse_int, parse_uint};
use crate::text::{Text, trim_space};
use crate::value::{Uint, Value};
use crate::{toml, yaml};

pub(super) const ALL: &[Function] = &[
    takes("parseBool", &[Str], |_, name, given| match bytes(given, 0) {
        b"1" | b"t" | b"T" | b"TRUE" | b"true" | b"True" => Ok(Value::Bool(true)),
        b"" | b"0" | b"f" | b"F" | b"FALSE" | b"false" | b"False" => Ok(Value::Bool(false)),
        _ => refuse(name, "the argument is neither true nor false"),
    }),
    takes("parseFloat", &[Str], |_, name, given| {
        parsed(name, given, Value::Float(0.0), |it| parse_float(it).map(Value::Float))
    }),
    takes("parseInt", &[Str], |_, name, given| {
        parsed(name, given, Value::int64(0), |it| parse_int(it, 10).map(Value::int64))
    }),
    takes("parseJSON", &[Str], |_, name, given| {
        if bytes(given, 0).is_empty() {
            return Ok(Value::map(BTreeMap::new()));
        }
        json::read(bytes(given, 0), Numbers::Floats).or_else(|_| refuse(name, "the argument is not JSON"))
    }),
    takes("parseUint", &[Str], |_, name, given| {
        let uint = |it| Value::Uint(it, Uint::Uint64);
        parsed(name, given, uint(0), |it| parse_uint(it, 10).map(uint))
    }),
    takes("parseYAML", &[Str], |_, name, given| {
        if bytes(given, 0).is_empty() {
            return Ok(Value::map(BTreeMap::new()));
        }
        yaml::read(&text(given, 0)).map_or_else(|| refuse(name, "the argument is not YAML"), Ok)
    }),
    takes("toJSON", &[Any], |_, name, given| to_json(name, at(given, 0), true, false)),
    takes("toJSONPretty", &[Any], |_, name, given| to_json(name, at(given, 0), true, true)),
    takes("toUnescapedJSON", &[Any], |_, name, given| to_json(name, at(given, 0), false, false)),
    takes("toUnescapedJSONPretty", &[Any], |_, name, given| to_json(name, at(given, 0), false, true)),
    takes("toTOML", &[Any], |_, name, given| toml::write(name, at(given, 0)).map(trimmed)),
    takes("toYAML", &[Any], |_, name, given| yaml::write(name, at(given, 0)).map(trimmed)),
];

fn parsed(
    name: &str,
    given: &[Value],
    empty: Value,
    parse: impl Fn(&str) -> Option<Value>,
) -> Outcome<Value> {
    let text = text(given, 0);
    if text.is_empty() {
        return Ok(empty);
    }
    text.utf8().and_then(parse).map_or_else(|| refuse(name, "the argument is no such number"), Ok)
}

fn to_json(name: &str, value: &Value, escape_html: bool, pretty: bool) -> Outcome<Value> {
    json::write(name, value, Style { escape_html, pretty }).map(Value::Text)
}

fn trimmed(text: Text) -> Value {
    Value::bytes(trim_space(text.bytes()))
}
