//! Key/value secrets: how clients write what is particular to them.

use std::{fmt, time::Duration};

use serde::{
    Deserialize, Deserializer,
    de::{self, SeqAccess, Visitor},
};

use crate::params::{Integer, parse_duration};

/// A version to check and set against: `3`, `"3"`; `null`, `""` and `false` are 0.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Cas(pub i64);

/// Versions: `[1, "2"]`, `"1,2"`, `3`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Versions(pub Vec<i64>);

/// A duration as [`crate::params::Seconds`], in whole seconds; or `None` for a negative one, which means
/// never.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct After(pub Option<Duration>);

impl<'de> Deserialize<'de> for Cas {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Cas;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a version")
            }

            fn visit_unit<E>(self) -> Result<Cas, E> {
                Ok(Cas(0))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Cas, E> {
                Ok(Cas(i64::from(value)))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Cas, E> {
                i64::try_from(value).map(Cas).map_err(|_| E::custom("too large"))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Cas, E> {
                Ok(Cas(value))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Cas, E> {
                match text {
                    "" => Ok(Cas(0)),
                    text => text.parse().map(Cas).map_err(|_| E::custom("expected a version")),
                }
            }
        }
        reader.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for Versions {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Versions;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of versions")
            }

            fn visit_unit<E>(self) -> Result<Versions, E> {
                Ok(Versions::default())
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Versions, E> {
                i64::try_from(value).map(|it| Versions(vec![it])).map_err(|_| E::custom("too large"))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Versions, E> {
                Ok(Versions(vec![value]))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Versions, E> {
                let items = text.split(',').map(str::trim).filter(|it| !it.is_empty());
                let versions: Result<Vec<i64>, _> = items.map(str::parse).collect();
                versions.map(Versions).map_err(|_| E::custom("expected versions"))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Versions, A::Error> {
                let mut out = Vec::new();
                while let Some(Integer(version)) = items.next_element()? {
                    out.push(version);
                }
                Ok(Versions(out))
            }
        }
        reader.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for After {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = After;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration")
            }

            fn visit_u64<E>(self, value: u64) -> Result<After, E> {
                Ok(After(Some(Duration::from_secs(value))))
            }

            fn visit_i64<E>(self, value: i64) -> Result<After, E> {
                Ok(After(u64::try_from(value).ok().map(Duration::from_secs)))
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<After, E> {
                match value < 0.0 {
                    true => Ok(After(None)),
                    false => Duration::try_from_secs_f64(value.trunc())
                        .map(|it| After(Some(it)))
                        .map_err(|_| E::custom("expected a duration")),
                }
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<After, E> {
                let text = text.trim();
                let (negative, text) = match text.strip_prefix('-') {
                    Some(rest) => (true, rest),
                    None => (false, text),
                };
                let duration = parse_duration(text).ok_or_else(|| E::custom("expected a duration"))?;
                Ok(After((!negative).then(|| Duration::from_secs(duration.as_secs()))))
            }
        }
        reader.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_come_as_numbers_text_and_lists() {
        let read = |text: &str| serde_json::from_str::<Versions>(text).ok().map(|it| it.0);
        assert_eq!(read(r#"[1, "2"]"#), Some(vec![1, 2]));
        assert_eq!(read(r#""1,2""#), Some(vec![1, 2]));
        assert_eq!(read("3"), Some(vec![3]));
        assert_eq!(read(r#""""#), Some(vec![]));
        assert_eq!(read("null"), Some(vec![]));
        for bad in [r#"["x"]"#, r#""x""#, "[1.5]", "[[1]]", "true"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn check_and_set_takes_what_clients_send() {
        let read = |text: &str| serde_json::from_str::<Cas>(text).ok().map(|it| it.0);
        assert_eq!(read("2"), Some(2));
        assert_eq!(read("\"2\""), Some(2));
        assert_eq!(read("null"), Some(0));
        assert_eq!(read("-1"), Some(-1));
        for bad in ["1.5", "\"two\"", "[]", "{}"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_negative_duration_means_never() {
        let read = |text: &str| serde_json::from_str::<After>(text).ok().map(|it| it.0);
        assert_eq!(read("\"90s\""), Some(Some(Duration::from_secs(90))));
        assert_eq!(read("\"1.5s\""), Some(Some(Duration::from_secs(1))));
        assert_eq!(read("\"-1s\""), Some(None));
        assert_eq!(read("-1"), Some(None));
        assert_eq!(read("\"x\""), None);
    }
}
