//! Pods that no API server would send: whatever stands where, there is an answer, and a patch that can be applied.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod room;

use room::{decoded, json, reviews, settings};
use serde_json::{Value, json};
use strongroom_webhook::decide;

/// Reviews with most of what is looked at.
const RICH: [&str; 6] = ["plain", "init-first-native", "tls", "copy-mounts", "token-volume", "run-as-same"];

/// A pointer to everything in it.
fn pointers(value: &Value, at: &str, all: &mut Vec<String>) {
    let mut below = |part: &str, value: &Value| {
        let at = format!("{at}/{}", part.replace('~', "~0").replace('/', "~1"));
        all.push(at.clone());
        pointers(value, &at, all);
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| below(key, value)),
        Value::Array(list) => list.iter().enumerate().for_each(|(at, value)| below(&at.to_string(), value)),
        _ => {}
    }
}

// Rules 105, 123
#[test]
fn a_pod_of_any_shape_is_answered() {
    let (mut asked, mut patched) = (0, 0);
    for (name, folder) in reviews().into_iter().filter(|(name, _)| RICH.contains(&name.as_str())) {
        let changes = folder.join("settings.json");
        let settings = settings(&if changes.exists() { json(&changes) } else { json!({}) });
        let review = json(&folder.join("review.json"));
        let mut all = Vec::new();
        pointers(&review["request"]["object"], "", &mut all);
        for pointer in all {
            for other in [
                json!(null),
                json!(-7),
                json!("../~/"),
                json!([]),
                json!([{}]),
                json!({}),
                json!({ "-": [null] }),
            ] {
                let mut review = review.clone();
                *review["request"]["object"].pointer_mut(&pointer).unwrap() = other.clone();
                let decided = decide(&settings, review.to_string().as_bytes()).unwrap();
                asked += 1;
                let answer = decided.answer();
                let Some(patch) = answer["response"]["patch"].as_str() else { continue };
                patched += 1;
                let patch: json_patch::Patch = serde_json::from_value(decoded(patch)).unwrap();
                let mut pod = review["request"]["object"].clone();
                json_patch::patch(&mut pod, &patch)
                    .unwrap_or_else(|error| panic!("{name}: {pointer} = {other}: {error}"));
            }
        }
    }
    assert!(asked > 1000 && patched > 500, "{asked} asked, {patched} patched");
}
