//! JSON as it must be where everybody must read the same: no name twice in an object (rule 78).
//!
//! Numbers are finite: what no `f64` can hold is refused by the parser.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

use super::Malformed;

const MAX_DEPTH: usize = 16;

/// Reads an object.
pub(super) fn object(text: &[u8]) -> Result<Map<String, Value>, Malformed> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = Strict { depth: 0 }.deserialize(&mut reader).map_err(|_| Malformed)?;
    reader.end().map_err(|_| Malformed)?;
    match value {
        Value::Object(map) => Ok(map),
        _ => Err(Malformed),
    }
}

struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: serde::de::Error>(&self) -> Result<Self, E> {
        match self.depth {
            ..MAX_DEPTH => Ok(Self { depth: self.depth + 1 }),
            _ => Err(E::custom("nested too deeply")),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self.deeper()?)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(self.deeper()?)?;
            if map.insert(name, value).is_some() {
                return Err(A::Error::custom("a name is given twice"));
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, is_taken: bool) {
        assert_eq!(object(text.as_bytes()).is_ok(), is_taken, "{text}");
    }

    // Rule 78
    #[test]
    fn an_object_names_nothing_twice_and_its_numbers_are_finite() {
        check(r#"{"a":1,"b":{"a":[1,2.5,-3,null,true,"x"]}}"#, true);
        check(r#"{"a":1,"a":1}"#, false);
        check(r#"{"a":{"b":1,"b":2}}"#, false);
        check(r#"{"a":[{"b":1,"b":2}]}"#, false);
        check(r#"{"a":1,"\u0061":2}"#, false);
        check(r#"{"exp":1e999}"#, false);
        check(r#"{"exp":NaN}"#, false);
        check(r#"{"exp":Infinity}"#, false);
        for other in ["[]", "1", "null", "\"a\"", "", "{", "{} {}", "{\"a\":1}x", "\u{feff}{}"] {
            check(other, false);
        }
        check(&format!("{{\"a\":{}{}}}", "[".repeat(15), "]".repeat(15)), true);
        check(&format!("{{\"a\":{}{}}}", "[".repeat(16), "]".repeat(16)), false);
    }
}
