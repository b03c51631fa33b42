//! `functions.toml` lists every function, and what it names shows the function.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde::Deserialize;
use support::corpus;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
enum Shown {
    /// Not part of this engine, for this reason.
    Absent(String),
    /// A case of the corpus.
    Case(String),
    /// A test of `host.rs`.
    Test(String),
}

/// Whether the word stands in the text, not within another one.
fn says(text: &str, word: &str) -> bool {
    let part = |it: char| it.is_alphanumeric() || it == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).unwrap().chars().next_back();
        let behind = text.get(at + word.len()..).unwrap().chars().next();
        !before.is_some_and(part) && !behind.is_some_and(part)
    })
}

/// The body of a test function.
fn body<'t>(tests: &'t str, name: &str) -> Option<&'t str> {
    let from = tests.split_once(&format!("fn {name}() {{"))?.1;
    from.split_once("\n}\n").map(|it| it.0)
}

#[test]
fn every_function_is_shown_or_says_why_it_is_absent() {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let listed: BTreeMap<String, Shown> =
        toml::from_str(&fs::read_to_string(here.join("functions.toml")).unwrap()).unwrap();
    let tests = fs::read_to_string(here.join("tests/host.rs")).unwrap();
    let mut gaps = Vec::new();
    let known: BTreeMap<_, _> = strongroom_template::functions().collect();
    for name in listed.keys().filter(|it| !known.contains_key(it.as_str())) {
        gaps.push(format!("{name}: there is no such function"));
    }
    for (name, absent) in known {
        let shown = match listed.get(name) {
            None => false,
            Some(Shown::Absent(why)) => absent == Some(why.as_str()) && !why.is_empty(),
            Some(Shown::Case(case)) => {
                let text = fs::read_to_string(corpus().join(format!("cases/right/{case}.tpl")));
                absent.is_none() && text.is_ok_and(|it| says(&it, name))
            }
            Some(Shown::Test(test)) => {
                absent.is_none() && body(&tests, test).is_some_and(|it| says(it, name))
            }
        };
        if !shown {
            gaps.push(format!("{name}: nothing shows it"));
        }
    }
    assert!(gaps.is_empty(), "{}", gaps.join("\n"));
}
