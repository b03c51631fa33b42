//! Request bodies: within their bounds, an object is cut into the fields that JSON says it has.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;
use strongroom_core::{crypto::SecretBytes, request::Body};

fuzz_target!(|bytes: &[u8]| {
    let Ok(body) = Body::json(SecretBytes::copy_of(bytes)) else { return };
    for (name, value) in body.iter() {
        let depth_and_nodes = measure(&serde_json::from_str(value).expect("a field is JSON"));
        assert!(depth_and_nodes.0 <= 33 && depth_and_nodes.1 <= 10_000);
        assert_eq!(body.raw(name), Some(value));
    }
    if body.is_empty() {
        return;
    }
    let expected: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(bytes).expect("it was taken");
    let found: BTreeMap<&str, &str> = body.iter().collect();
    let expected: BTreeMap<&str, &str> = expected.iter().map(|(name, it)| (&**name, it.get())).collect();
    assert_eq!(found, expected);
});

/// How deep a value nests and of how many values it consists.
fn measure(value: &serde_json::Value) -> (usize, usize) {
    let parts: Vec<(usize, usize)> = match value {
        serde_json::Value::Array(parts) => parts.iter().map(measure).collect(),
        serde_json::Value::Object(parts) => parts.values().map(measure).collect(),
        _ => return (1, 1),
    };
    let deepest = parts.iter().map(|it| it.0).max().unwrap_or(0);
    (deepest + 1, parts.iter().map(|it| it.1).sum::<usize>() + 1)
}
