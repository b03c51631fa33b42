//! The list of annotations: whole, tested, and the same in the documentation.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde_json::Value;
use strongroom_webhook::annotations::{KNOWN, Reach, Use};

const BEGIN: &str = "<!-- made from webhook/annotations.toml -->\n";
const END: &str = "<!-- end -->";

#[derive(serde::Deserialize)]
struct Row {
    does: String,
    test: String,
}

fn file(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn rows() -> BTreeMap<String, Row> {
    toml::from_str(&file("annotations.toml")).unwrap()
}

#[test]
fn every_annotation_is_told_of_and_shown_by_a_review() {
    let rows = rows();
    let known: BTreeSet<&str> = KNOWN.iter().map(|it| it.name).collect();
    let told: BTreeSet<&str> = rows.keys().map(String::as_str).collect();
    assert_eq!(known, told, "annotations of the source and of annotations.toml");
    assert_eq!(known.len(), KNOWN.len(), "one stands there twice");
    for known in KNOWN {
        let Row { does, test } = &rows[known.name];
        assert!(!does.is_empty() && !test.is_empty(), "{}: an empty cell", known.name);
        assert_eq!(known.reach == Reach::Each, known.name.ends_with('-'), "{}", known.name);
        let review: Value =
            serde_json::from_str(&file(&format!("tests/reviews/{test}/review.json"))).unwrap();
        let mut keys = review["request"]["object"]["metadata"]["annotations"].as_object().unwrap().keys();
        let is_in = keys.any(|it| {
            let name = it.split_once('/').unwrap().1;
            name == known.name || known.reach == Reach::Each && name.starts_with(known.name)
        });
        let missing = *test == "no-role" && known.name == "role";
        assert!(is_in || missing, "{}: the review {test} is about something else", known.name);
        let answer = file(&format!("tests/reviews/{test}/answer.json"));
        match known.does {
            Use::Ignored(why) => assert!(answer.contains(why) && does.contains(why), "{}: {why}", known.name),
            Use::Refused(why) => assert!(answer.contains(why) && does.contains(why), "{}: {why}", known.name),
            Use::Taken | Use::Mark => assert!(!does.contains("No effect"), "{}", known.name),
        }
    }
}

#[test]
fn the_documentation_has_the_same_list() {
    let mut table = String::from("| annotation | what it does |\n| --- | --- |\n");
    let rows = rows();
    for known in KNOWN {
        let name =
            if known.reach == Reach::Each { format!("{}NAME", known.name) } else { known.name.to_owned() };
        table.push_str(&format!("| `{name}` | {} |\n", rows[known.name].does));
    }
    let path = "../docs/kubernetes-webhook.md";
    let page = file(path);
    let (before, rest) = page.split_once(BEGIN).expect("no place for the table");
    let (there, after) = rest.split_once(END).expect("no end of the table");
    if std::env::var_os("STRONGROOM_BLESS").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        std::fs::write(path, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
    } else {
        assert_eq!(there, table, "STRONGROOM_BLESS=1 writes it");
    }
}
