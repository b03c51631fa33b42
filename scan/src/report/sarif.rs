//! Findings in the Static Analysis Results Interchange Format 2.1.0, for code hosts and editors.

use std::hash::Hasher as _;

use serde_json::{Value, json};
use siphasher::sip128::{Hasher128 as _, SipHasher13};

use super::{Hit, Ordinals};
use crate::{Kind, Severity, walk::Trouble};

/// Where the format is defined.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
const HELP: &str = "Take the value out of the file: `secret fix` moves it into the store and leaves a reference. \
    Whoever could read the file, or an older version of it, still has the value: give it a new one at its origin \
    (`secret rotate`). What is no secret is allowed by a comment, `strongroom:allow`, with the reason.";

/// A log with one run.
#[must_use]
pub fn sarif(hits: &[Hit], troubles: &[Trouble], version: &str) -> Value {
    let mut ordinals = Ordinals::default();
    let results: Vec<Value> = hits.iter().map(|it| result(it, ordinals.next(it))).collect();
    let notifications: Vec<Value> = troubles.iter().map(notification).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "secret scan",
                "version": version,
                "semanticVersion": version,
                "rules": Kind::ALL.map(rule),
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": troubles.is_empty(),
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    })
}

fn rule(kind: Kind) -> Value {
    json!({
        "id": kind.name(),
        "shortDescription": { "text": format!("{} in plain text", kind.title()) },
        "fullDescription": { "text": format!("{} stands in a file in plain text, for whoever reads the file.", kind.title()) },
        "help": { "text": HELP },
        "defaultConfiguration": { "level": "error" },
        "properties": { "tags": ["security", "external/cwe/cwe-798"], "precision": "high", "security-severity": "8.0" },
    })
}

fn result(hit: &Hit, ordinal: usize) -> Value {
    let why = hit.obstacle.map(|it| format!(" It cannot be rewritten in place: {}.", it.reason()));
    let text = format!("{} in plain text: {}.{}", hit.kind.title(), named(hit), why.unwrap_or_default());
    let mut properties =
        json!({ "severity": hit.severity.name(), "weak": hit.weak, "commented": hit.commented });
    if let (Some(commit), Some(object)) = (&hit.commit, properties.as_object_mut()) {
        object.insert("commit".to_owned(), json!(commit.id));
        object.insert("author".to_owned(), json!(commit.author));
        object.insert("date".to_owned(), json!(commit.date));
    }
    json!({
        "ruleId": hit.kind.name(),
        "ruleIndex": Kind::ALL.iter().position(|it| *it == hit.kind),
        "level": level(hit.severity),
        "message": { "text": text },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(&hit.file.shown) },
            "region": {
                "startLine": hit.line, "startColumn": hit.column,
                "endLine": hit.end_line, "endColumn": hit.end_column,
            },
        }}],
        "partialFingerprints": { "strongroomPlace/v1": fingerprint(hit, ordinal) },
        "properties": properties,
    })
}

fn named(hit: &Hit) -> &str {
    if hit.key.is_empty() { "without a name" } else { &hit.key }
}

fn notification(trouble: &Trouble) -> Value {
    json!({
        "level": "error",
        "message": { "text": trouble.cause.to_string() },
        "locations": [{ "physicalLocation": { "artifactLocation": { "uri": uri(&trouble.file) } } }],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

/// Stays when lines move. Of the place and the name, and of nothing that the value decides: from any hash of a
/// password, keyed with what a public program knows, the password can be guessed.
fn fingerprint(hit: &Hit, ordinal: usize) -> String {
    let mut hasher = SipHasher13::new();
    for part in [&hit.file.name, hit.kind.name(), &hit.path, &hit.key] {
        hasher.write_usize(part.len());
        hasher.write(part.as_bytes());
    }
    hasher.write_usize(ordinal);
    format!("{:032x}", hasher.finish128().as_u128())
}

/// A path as a reference (RFC 3986): relative to the root of the sources, unless it was given as absolute.
fn uri(path: &str) -> String {
    let scheme = if path.starts_with('/') { "file://" } else { "" };
    let mut out = scheme.to_owned();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake;

    #[track_caller]
    fn same(a: &Hit, b: &Hit, expected: bool) {
        assert_eq!(fingerprint(a, 1) == fingerprint(b, 1), expected);
    }

    #[test]
    fn a_fingerprint_is_of_the_place_alone() {
        let hit = fake::hit("db.password");
        same(
            &hit,
            &Hit { line: 90, end_line: 90, column: 1, masked: "ab****yz".into(), ..hit.clone() },
            true,
        );
        same(&hit, &Hit { kind: Kind::Token, ..hit.clone() }, false);
        same(&hit, &Hit { key: "db".to_owned(), path: "password".to_owned(), ..hit.clone() }, false);
        assert_ne!(fingerprint(&hit, 1), fingerprint(&hit, 2), "two of one name in one place are two");
        assert_eq!(fingerprint(&hit, 1).len(), 32);
    }

    #[test]
    fn a_path_is_written_as_a_reference() {
        for (path, expected) in
            [("a/b.env", "a/b.env"), ("/a b", "file:///a%20b"), ("é:x", "%C3%A9%3Ax"), ("a%\n", "a%25%0A")]
        {
            assert_eq!(uri(path), expected);
        }
    }

    #[test]
    fn every_result_points_to_its_rule() {
        let hits: Vec<_> = Kind::ALL.iter().map(|it| Hit { kind: *it, ..fake::hit("k") }).collect();
        let log = sarif(&hits, &[], "1.2.3");
        let run = &log["runs"][0];
        for result in run["results"].as_array().unwrap() {
            let at = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(run["tool"]["driver"]["rules"][at]["id"], result["ruleId"]);
        }
        assert_eq!(run["results"].as_array().unwrap().len(), Kind::ALL.len());
    }
}
