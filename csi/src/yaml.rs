//! As much of YAML as lists of objects need. Anchors and tags are none of it: with them a few lines stand for millions.

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

const DEPTH: usize = 8;
const NODES: usize = 8192;

#[derive(Debug)]
pub(crate) enum Yaml {
    /// The text, and whether it stands without quotes.
    Scalar(String, bool),
    List(Vec<Yaml>),
    Map(Vec<(String, Yaml)>),
}

/// One document. None: it is no YAML, or has more to it than is meant here.
pub(crate) fn read(text: &str) -> Option<Yaml> {
    let mut open: Vec<Open> = Vec::new();
    let mut root = None;
    for (count, event) in Parser::new_from_str(text).enumerate() {
        if count > NODES || open.len() > DEPTH {
            return None;
        }
        let closed = match event.ok()?.0 {
            Event::Scalar(text, style, 0, None) => {
                Some(Yaml::Scalar(text.into_owned(), style == ScalarStyle::Plain))
            }
            Event::SequenceStart(0, None) => {
                open.push(Open::List(Vec::new()));
                None
            }
            Event::MappingStart(0, None) => {
                open.push(Open::Map(Vec::new(), None));
                None
            }
            Event::SequenceEnd | Event::MappingEnd => Some(open.pop()?.close()?),
            Event::Alias(_) | Event::Scalar(..) | Event::SequenceStart(..) | Event::MappingStart(..) => {
                return None;
            }
            Event::DocumentStart(_) if root.is_some() => return None,
            _ => None,
        };
        if let Some(value) = closed {
            match open.last_mut() {
                Some(parent) => parent.take(value)?,
                None => root = Some(value),
            }
        }
    }
    root
}

/// What has begun and not ended; of a map, the key whose value is to come.
enum Open {
    List(Vec<Yaml>),
    Map(Vec<(String, Yaml)>, Option<String>),
}

impl Open {
    fn take(&mut self, value: Yaml) -> Option<()> {
        match self {
            Self::List(items) => items.push(value),
            Self::Map(entries, key) => match (key.take(), value) {
                (Some(key), value) => entries.push((key, value)),
                (None, Yaml::Scalar(text, _)) if entries.iter().all(|(it, _)| *it != text) => {
                    *key = Some(text)
                }
                (None, _) => return None,
            },
        }
        Some(())
    }

    fn close(self) -> Option<Yaml> {
        Some(match self {
            Self::List(items) => Yaml::List(items),
            Self::Map(entries, None) => Yaml::Map(entries),
            Self::Map(..) => return None,
        })
    }
}

impl Yaml {
    /// The text of a scalar; nothing for what YAML calls null.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Scalar(text, is_plain) if !(*is_plain && is_null(text)) => Some(text),
            _ => None,
        }
    }

    /// As JSON, for a request's body.
    pub(crate) fn json(&self) -> Value {
        match self {
            Self::Scalar(text, true) => match text.as_str() {
                text if is_null(text) => Value::Null,
                "true" | "True" | "TRUE" => Value::Bool(true),
                "false" | "False" | "FALSE" => Value::Bool(false),
                text => {
                    serde_json::from_str(text).ok().filter(Value::is_number).unwrap_or_else(|| text.into())
                }
            },
            Self::Scalar(text, false) => text.as_str().into(),
            Self::List(items) => items.iter().map(Self::json).collect(),
            Self::Map(entries) => {
                entries.iter().map(|(key, value)| (key.clone(), value.json())).collect::<Map<_, _>>().into()
            }
        }
    }
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<Value>) {
        assert_eq!(read(text).map(|it| it.json()), expected, "{text}");
    }

    #[test]
    fn lists_of_maps_are_read() {
        check(
            "- a: b\n  c: 'd e'\n  n: 012\n- a: |\n    two\n    lines\n",
            Some(json!([{ "a": "b", "c": "d e", "n": "012" }, { "a": "two\nlines\n" }])),
        );
        check(
            r#"[{"a": "b", "n": 5, "t": true, "q": "5", "z": ~}]"#,
            Some(json!([{ "a": "b", "n": 5, "t": true, "q": "5", "z": null }])),
        );
        check("", None);
    }

    // Rule 125
    #[test]
    fn what_grows_when_it_is_read_is_not_read() {
        check("- &a [x]\n- *a\n", None);
        check("- !!binary aGk=\n", None);
        check("a: 1\na: 2\n", None);
        check("a\n---\nb\n", None);
        check("- a: [", None);
        check(&"[".repeat(100), None);
        check(&format!("[{}]", "x, ".repeat(NODES)), None);
    }
}
