//! JSON: an object of plain values is one secret; an object of objects is a secret for each of its keys.

use serde_json::{Map, Value};

use super::{Field, Found};

pub(super) fn read(text: &str) -> Result<Vec<Found>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let whole: Map<String, Value> = serde_json::from_str(text)
        .map_err(|error| format!("line {}, column {}: not a JSON object", error.line(), error.column()))?;
    let objects = whole.values().filter(|it| it.is_object()).count();
    if objects == 0 {
        return Ok(vec![flat(String::new(), whole)?]);
    }
    if objects < whole.len() {
        return Err(
            "plain values and objects stand side by side: give either fields, or a secret for each key"
                .to_owned(),
        );
    }
    whole
        .into_iter()
        .map(|(name, value)| match value {
            Value::Object(fields) => flat(name, fields),
            _ => Err("not a JSON object".to_owned()),
        })
        .collect()
}

/// A secret out of plain values. What is nested deeper has no one right place.
fn flat(path: String, fields: Map<String, Value>) -> Result<Found, String> {
    if let Some((name, _)) = fields.iter().find(|(_, it)| it.is_object() || it.is_array()) {
        let at = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        return Err(format!("`{at}` is no plain value: lists and deeper objects are not taken"));
    }
    let fields = fields.into_iter().map(|(name, value)| (name, Field::Value(value))).collect();
    Ok(Found { path, fields })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&[(&str, &[&str])], &str>) {
        let read = read(text);
        let read = read.as_ref().map(|found| {
            let names = |it: &Found| it.fields.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
            found.iter().map(|it| (it.path.clone(), names(it))).collect::<Vec<_>>()
        });
        let expected = expected.map(|it| {
            let names = |it: &[&str]| it.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
            it.iter().map(|(path, fields)| ((*path).to_owned(), names(fields))).collect::<Vec<_>>()
        });
        assert_eq!(read.map_err(String::as_str), expected);
    }

    #[test]
    fn plain_values_are_fields_and_objects_are_secrets() {
        check(r#"{"a": "x", "b": 1, "c": null}"#, Ok(&[("", &["a", "b", "c"])]));
        check(r#"{"db": {"user": "u"}, "api": {}}"#, Ok(&[("api", &[]), ("db", &["user"])]));
        check(
            r#"{"db": {"user": "u"}, "x": 1}"#,
            Err("plain values and objects stand side by side: give either fields, or a secret for each key"),
        );
        check(r#"{"a": [1]}"#, Err("`a` is no plain value: lists and deeper objects are not taken"));
        check(r#"{"a": {"b": {}}}"#, Err("`a.b` is no plain value: lists and deeper objects are not taken"));
        check("{\n\"hunter2\"}", Err("line 2, column 10: not a JSON object"));
    }
}
