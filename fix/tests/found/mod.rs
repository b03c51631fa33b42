//! Findings as a test names them, and what a plan makes of a small file.
#![allow(dead_code, reason = "each test takes what it needs")]

use std::fmt::Write as _;

use strongroom_fix::{File, Options, plan};
use strongroom_hcl::Span;
use strongroom_scan::{Finding, Kind, Layer, Obstacle, Place, Severity, Value};

/// A finding: the text of the secret in the file, its key, its place.
pub(crate) struct Found<'a> {
    pub(crate) secret: &'a str,
    pub(crate) key: &'a str,
    pub(crate) place: Place,
    pub(crate) layers: &'a [Layer],
    pub(crate) value: Option<&'a str>,
    pub(crate) commented: bool,
    pub(crate) obstacle: Option<Obstacle>,
}

pub(crate) const PLAIN: Found<'_> = Found {
    secret: "",
    key: "",
    place: Place::Attribute,
    layers: &[],
    value: None,
    commented: false,
    obstacle: None,
};

pub(crate) fn found<'a>(secret: &'a str, key: &'a str) -> Found<'a> {
    Found { secret, key, ..PLAIN }
}

pub(crate) fn in_env<'a>(secret: &'a str, key: &'a str) -> Found<'a> {
    Found { place: Place::Env, ..found(secret, key) }
}

/// Every place where each secret stands, in their order.
pub(crate) fn findings(text: &str, found: &[Found<'_>]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for it in found {
        let before = findings.iter().filter(|other| other.span.of(text) == it.secret).count();
        let (start, _) = text.match_indices(it.secret).nth(before).expect("the secret stands in the text");
        findings.push(Finding {
            span: Span { start, end: start + it.secret.len() },
            key: it.key.to_owned(),
            path: String::new(),
            kind: Kind::Password,
            severity: Severity::High,
            place: it.place,
            value: Value::new(it.value.unwrap_or(it.secret)),
            layers: it.layers.to_vec(),
            weak: false,
            commented: it.commented,
            obstacle: it.obstacle,
        });
    }
    findings.sort_by_key(|it| it.span.start);
    findings
}

#[track_caller]
pub(crate) fn check(name: &str, text: &str, found: &[Found<'_>], expected: &str, stored: &str) {
    let findings = findings(text, found);
    let plan = plan(&File { name, text, folder: "" }, &findings, &Options::default());
    let fixed = plan.apply(text).expect("the edits fit");
    assert!(fixed == expected, "got:\n{fixed}\nexpected:\n{expected}");
    let mut told = String::new();
    for it in &plan.entries {
        writeln!(told, "{}#{}={}", it.reference.path, it.reference.field, it.value.expose()).unwrap();
    }
    assert_eq!(told, stored);
    for it in &findings {
        assert!(it.obstacle.is_some() || !fixed.contains(it.value.expose()), "a value is still there");
    }
}
