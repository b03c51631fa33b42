//! Operations of a JSON patch (RFC 6902).

use serde_json::{Value, json};

/// Adds at a pointer whose parts are plain.
pub(crate) fn add(pointer: impl Into<String>, value: impl Into<Value>) -> Value {
    json!({ "op": "add", "path": pointer.into(), "value": value.into() })
}

/// A part of a pointer (RFC 6901): names may hold its two signs.
pub(crate) fn escaped(part: &str) -> String {
    part.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_the_pointers_signs_is_one_part() {
        for (name, part) in [("a.b/c", "a.b~1c"), ("~/x", "~0~1x"), ("~1", "~01"), ("plain", "plain")] {
            let mut object = json!({});
            let patch: json_patch::Patch =
                serde_json::from_value(json!([add(format!("/{}", escaped(name)), 1)])).unwrap();
            json_patch::patch(&mut object, &patch).unwrap();
            assert_eq!((escaped(name).as_str(), &object), (part, &json!({ name: 1 })));
        }
    }
}
