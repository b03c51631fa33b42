//! How clients write parameters.
//!
//! Vault's clients send numbers, booleans and durations as they are or as text, and lists as lists or as text
//! with commas. There is one table of what is taken, and this is it; anything else is an error.

use std::{collections::BTreeMap, fmt, time::Duration};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};

/// `true`, `"true"`, `"1"`, `1`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Bool(pub bool);

/// `5`, `"5"`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Integer(pub i64);

/// Seconds (`30`, `"30"`) or text with units (`"1h30m"`, `"7d"`, `"1.5h"`). Never negative.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Seconds(pub Duration);

/// As [`Seconds`], or the same with a minus before it: `-1`, `"-30s"`. Whole seconds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct SignedSeconds(pub i64);

/// `["a", "b"]`, `"a,b"`, or `"a"`. Spaces around items are dropped, as are empty items.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct List(pub Vec<String>);

/// Text, or a number or boolean taken as text.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Text(pub String);

/// `{"k": "v"}`, `["k=v"]`, or `"k=v,l=w"`: names and their values, as text.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Pairs(pub BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Bool {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Bool;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a boolean")
            }

            fn visit_bool<E>(self, value: bool) -> Result<Bool, E> {
                Ok(Bool(value))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Bool, E> {
                Ok(Bool(value != 0))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Bool, E> {
                Ok(Bool(value != 0))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Bool, E> {
                match text {
                    "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(Bool(true)),
                    "" | "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(Bool(false)),
                    _ => Err(E::custom("expected a boolean")),
                }
            }
        }
        reader.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Integer;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an integer")
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Integer, E> {
                i64::try_from(value).map(Integer).map_err(|_| E::custom("too large"))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Integer, E> {
                Ok(Integer(value))
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Integer, E> {
                // The text of a whole number reads back as one; anything else is no integer.
                format!("{value}").parse().map(Integer).map_err(|_| E::custom("expected an integer"))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Integer, E> {
                match text.trim() {
                    "" => Ok(Integer(0)),
                    text => text.parse().map(Integer).map_err(|_| E::custom("expected an integer")),
                }
            }
        }
        reader.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Seconds;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration")
            }

            fn visit_u64<E>(self, value: u64) -> Result<Seconds, E> {
                Ok(Seconds(Duration::from_secs(value)))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Seconds, E> {
                u64::try_from(value)
                    .map(|it| Seconds(Duration::from_secs(it)))
                    .map_err(|_| E::custom("a duration cannot be negative"))
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Seconds, E> {
                Duration::try_from_secs_f64(value.trunc())
                    .map(Seconds)
                    .map_err(|_| E::custom("a duration cannot be negative"))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Seconds, E> {
                parse_duration(text).map(Seconds).ok_or_else(|| E::custom("expected a duration"))
            }
        }
        reader.deserialize_any(Reader)
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_u64(self.0.as_secs())
    }
}

impl<'de> Deserialize<'de> for SignedSeconds {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = SignedSeconds;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration")
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<SignedSeconds, E> {
                i64::try_from(value).map(SignedSeconds).map_err(|_| E::custom("expected a duration"))
            }

            fn visit_i64<E>(self, value: i64) -> Result<SignedSeconds, E> {
                Ok(SignedSeconds(value))
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<SignedSeconds, E> {
                self.visit_str(&format!("{}", value.trunc()))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<SignedSeconds, E> {
                let text = text.trim();
                let (sign, size) = match text.strip_prefix('-') {
                    Some(size) if size.starts_with(|it: char| it.is_ascii_digit()) => (-1, size),
                    _ => (1, text),
                };
                let seconds = parse_duration(size).and_then(|it| i64::try_from(it.as_secs()).ok());
                seconds.map(|it| SignedSeconds(sign * it)).ok_or_else(|| E::custom("expected a duration"))
            }
        }
        reader.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for List {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = List;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_str<E>(self, text: &str) -> Result<List, E> {
                let items = text.split(',').map(str::trim).filter(|it| !it.is_empty());
                Ok(List(items.map(str::to_owned).collect()))
            }

            fn visit_unit<E>(self) -> Result<List, E> {
                Ok(List::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<List, A::Error> {
                let mut out = Vec::new();
                while let Some(Text(item)) = items.next_element()? {
                    let item = item.trim();
                    if !item.is_empty() {
                        out.push(item.to_owned());
                    }
                }
                Ok(List(out))
            }
        }
        reader.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }

            fn visit_bool<E>(self, value: bool) -> Result<Text, E> {
                Ok(Text(if value { "1" } else { "0" }.to_owned()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Text, E> {
                Ok(Text(value.to_string()))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Text, E> {
                Ok(Text(value.to_string()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Text, E> {
                Ok(Text(value.to_string()))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(Text(text.to_owned()))
            }
        }
        reader.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("names with values")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Pairs, E> {
                let pairs = text.split(',').map(str::trim).filter(|it| !it.is_empty());
                pairs.map(pair).collect::<Result<_, E>>().map(Pairs)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Pairs, A::Error> {
                let mut out = BTreeMap::new();
                while let Some(Text(item)) = items.next_element()? {
                    let (name, value) = pair(&item)?;
                    out.insert(name, value);
                }
                Ok(Pairs(out))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Pairs, A::Error> {
                let mut out = BTreeMap::new();
                while let Some((name, Text(value))) = entries.next_entry::<String, Text>()? {
                    out.insert(name, value);
                }
                Ok(Pairs(out))
            }
        }
        reader.deserialize_any(Reader)
    }
}

fn pair<E: de::Error>(text: &str) -> Result<(String, String), E> {
    let (name, value) = text.split_once('=').ok_or_else(|| E::custom("expected name=value"))?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// A duration as clients and configuration files write it: whole seconds, or numbers with the units `ns`,
/// `us`, `ms`, `s`, `m`, `h`, `d`.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    if text.is_empty() {
        return Some(Duration::ZERO);
    }
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let unit_at = rest.find(|it: char| !it.is_ascii_digit() && it != '.')?;
        let (number, tail) = rest.split_at(unit_at);
        let unit_len = tail.find(|it: char| it.is_ascii_digit() || it == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_len);
        let scale = match unit {
            "ns" => 1e-9,
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        let part = match number.parse::<u64>() {
            Ok(whole) if scale >= 1.0 => Duration::from_secs(whole).checked_mul(scale_of(unit))?,
            _ => Duration::try_from_secs_f64(number.parse::<f64>().ok()? * scale).ok()?,
        };
        total = total.checked_add(part)?;
        rest = tail;
    }
    Some(total)
}

fn scale_of(unit: &str) -> u32 {
    match unit {
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_clients_write_them() {
        let check =
            |text, seconds| assert_eq!(parse_duration(text), Some(Duration::from_secs(seconds)), "{text}");
        check("30", 30);
        check("30s", 30);
        check("1h0m0s", 3600);
        check("24h", 86_400);
        check("7d", 604_800);
        check("1.5h", 5_400);
        check("", 0);
        for bad in ["-5s", "5x", "s", "h1", "1h-5m", "99999999999999999999h", "1 h"] {
            assert_eq!(parse_duration(bad), None, "{bad}");
        }
    }

    // Rule 69
    #[test]
    fn one_table_says_what_is_taken_for_what() {
        let json = |text: &str| serde_json::from_str::<Seconds>(text).ok().map(|it| it.0.as_secs());
        assert_eq!(json("30"), Some(30));
        assert_eq!(json("\"30s\""), Some(30));
        assert_eq!(json("-1"), None);
        assert_eq!(json("{}"), None);
        assert_eq!(json("[1]"), None);
        let list = |text: &str| serde_json::from_str::<List>(text).ok().map(|it| it.0);
        assert_eq!(list("\"a, b,,c\""), Some(vec!["a".into(), "b".into(), "c".into()]));
        assert_eq!(list("[\"a\", 3]"), Some(vec!["a".into(), "3".into()]));
        assert_eq!(list("7"), None);
        let flag = |text: &str| serde_json::from_str::<Bool>(text).ok().map(|it| it.0);
        assert_eq!(flag("\"true\""), Some(true));
        assert_eq!(flag("\"yes\""), None);
        let pairs = |text: &str| serde_json::from_str::<Pairs>(text).ok().map(|it| it.0);
        let expected = Some(BTreeMap::from([("a".into(), "1".into())]));
        for text in ["{\"a\": 1}", "{\"a\": \"1\"}", "[\"a=1\"]", "\"a=1\""] {
            assert_eq!(pairs(text), expected, "{text}");
        }
        let two = BTreeMap::from([("a".into(), "1".into()), ("b".into(), "2".into())]);
        assert_eq!(pairs("\"a=1, b=2\""), Some(two));
        for text in ["\"x\"", "[\"x\"]", "{\"a\": {}}", "7"] {
            assert_eq!(pairs(text), None, "{text}");
        }
        let number = |text: &str| serde_json::from_str::<Integer>(text).ok().map(|it| it.0);
        assert_eq!(number("\"5\""), Some(5));
        assert_eq!(number("5.0"), Some(5));
        assert_eq!(number("5.5"), None);
        let signed = |text: &str| serde_json::from_str::<SignedSeconds>(text).ok().map(|it| it.0);
        assert_eq!(signed("-1"), Some(-1));
        assert_eq!(signed("\"-1m30s\""), Some(-90));
        assert_eq!(signed("\"1h\""), Some(3600));
        assert_eq!(signed("-1.5"), Some(-1));
        for bad in ["\"--1\"", "\"-\"", "\"-x\"", "\"- 1\"", "[1]", "true"] {
            assert_eq!(signed(bad), None, "{bad}");
        }
    }
}
