//! The corpus of `tests/templates`, whose expectations a real `bao agent` wrote.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use std::fs;
use std::path::PathBuf;

use support::{Seeded, corpus, options, render};

fn cases(kind: &str) -> Vec<(String, PathBuf)> {
    let files = fs::read_dir(corpus().join("cases").join(kind)).unwrap().map(|it| it.unwrap().path());
    let mut all: Vec<_> = files
        .filter(|it| it.extension().is_some_and(|it| it == "tpl"))
        .map(|it| (it.file_stem().unwrap().to_str().unwrap().to_owned(), it))
        .collect();
    all.sort();
    all
}

#[test]
fn right_templates_render_byte_for_byte_as_openbao_renders_them() {
    let all = cases("right");
    assert!(all.len() >= 80, "{} cases", all.len());
    let mut wrong = Vec::new();
    for (name, path) in all {
        let source = fs::read_to_string(&path).unwrap();
        let expected =
            fs::read(path.with_extension("out")).unwrap_or_else(|_| panic!("{name} has no expectation"));
        match render(&source, &options(&name), &mut Seeded::new()) {
            Ok(text) if text == expected => {}
            Ok(text) => wrong.push(format!(
                "{name}\n  expected {:?}\n  rendered {:?}",
                String::from_utf8_lossy(&expected),
                String::from_utf8_lossy(&text)
            )),
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

// Rule 116: errors never contain data, neither of a secret nor of the template's strings.
#[test]
fn wrong_templates_are_errors_that_show_no_data() {
    let all = cases("wrong");
    assert!(all.len() >= 40, "{} cases", all.len());
    let values = Seeded::new().values();
    let mut wrong = Vec::new();
    for (name, path) in all {
        let source = fs::read_to_string(&path).unwrap();
        match render(&source, &options(&name), &mut Seeded::new()) {
            Ok(text) => wrong.push(format!("{name} renders {:?}", String::from_utf8_lossy(&text))),
            Err(error) => {
                let names = error
                    .replace("\"canary\"", "")
                    .replace("\"canary_function\"", "")
                    .replace("\"$canary\"", "");
                if names.contains("canary") || values.iter().any(|it| names.contains(it.as_str())) {
                    wrong.push(format!("{name} shows data: {error}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} not refused as they should be:\n{}", wrong.len(), wrong.join("\n"));
}
