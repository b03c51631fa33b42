//! What the judge alone says of the labelled corpus, without readers: names and texts as they stand.

use std::fs;

use serde_json::Value as Json;

use super::judge;
use crate::{At, Text};

/// Of the findings: the others stand in URLs, command lines and documents, which are opened before the judge is asked.
const RECALL: f64 = 0.80;
/// Decoys that pass as secrets, of all.
const MISTAKEN: f64 = 0.02;

/// The text that a label is about, and the name before it on its line.
fn cut(lines: &[&str], label: &Json) -> Option<(String, String)> {
    let number = |field: &str| label[field].as_u64().and_then(|it| usize::try_from(it).ok()).map(|it| it - 1);
    let (line, column, end_line, end_column) =
        (number("line")?, number("column")?, number("end_line")?, number("end_column")?);
    let chars = |line: usize| lines.get(line).map(|it| it.chars().collect::<Vec<_>>());
    let (first, last) = (chars(line)?, chars(end_line)?);
    let text = if line == end_line {
        first.get(column..end_column)?.iter().collect()
    } else {
        let between = lines.get(line + 1..end_line)?.join("\n");
        let [head, tail]: [String; 2] =
            [first.get(column..)?.iter().collect(), last.get(..end_column)?.iter().collect()];
        format!("{head}\n{between}\n{tail}")
    };
    let before: String = first.get(..column)?.iter().collect();
    let before = before.trim_end_matches(|c: char| !c.is_alphanumeric());
    let start = before
        .rfind(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '.' | '/'))
        .map_or(0, |it| it + 1);
    let name = label["key"].as_str().unwrap_or(before.get(start..)?);
    Some((name.to_owned(), text))
}

fn is_reported(name: &str, text: &str, commented: bool) -> bool {
    let place = At { commented, ..At::file(name) };
    judge(&place, &Text::whole(text)).is_some()
}

#[test]
fn most_of_the_corpus_is_told_by_name_and_text() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/corpus");
    let labels: Json = serde_json::from_slice(&fs::read(format!("{root}/labels.json")).unwrap()).unwrap();
    let (mut found, mut findings, mut mistaken, mut decoys) = (0.0, 0.0, 0.0, 0.0);
    let mut wrong = Vec::new();
    for file in labels["files"].as_array().unwrap() {
        let name = file["file"].as_str().unwrap();
        let source = fs::read_to_string(format!("{root}/{name}")).unwrap();
        let lines: Vec<_> = source.trim_start_matches('\u{feff}').lines().collect();
        for (list, expected) in [("findings", true), ("decoys", false)] {
            for label in file[list].as_array().unwrap() {
                let (key, text) = cut(&lines, label).unwrap();
                let reported = is_reported(&key, &text, label["commented"] == true);
                let [hits, all] =
                    if expected { [&mut found, &mut findings] } else { [&mut mistaken, &mut decoys] };
                *all += 1.0;
                *hits += f64::from(u8::from(reported));
                if reported != expected {
                    wrong.push(format!("{list} {name}: {key} = {text:?}"));
                }
            }
        }
    }
    let (recall, mistaken) = (found / findings, mistaken / decoys);
    let summary = format!("recall {recall:.3}, decoys taken {mistaken:.3}\n{}", wrong.join("\n"));
    assert!(recall >= RECALL && mistaken <= MISTAKEN, "{summary}");
}
