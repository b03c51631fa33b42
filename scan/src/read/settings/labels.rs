//! Every labelled credential of the corpus in HCL or JSON is brought to the finder, under its path, and with an
//! obstacle where it cannot be rewritten.

use std::{fs, path::Path};

use serde_json::Value;

use crate::brought::brought;

fn number(value: &Value, name: &str) -> usize {
    usize::try_from(value[name].as_u64().unwrap()).unwrap()
}

/// The byte at a line and column, both counted from 1; a byte-order mark counts as nothing.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let body = text.trim_start_matches('\u{feff}');
    let start: usize = body.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let line = &body[start..];
    text.len() - body.len() + start + line.char_indices().nth(column - 1).map_or(line.len(), |it| it.0)
}

#[test]
fn every_label_is_brought() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/corpus"));
    let labels: Value = serde_json::from_str(&fs::read_to_string(root.join("labels.json")).unwrap()).unwrap();
    let mut wrong = Vec::new();
    let mut labelled = 0;
    for file in labels["files"].as_array().unwrap() {
        let name = file["file"].as_str().unwrap();
        let syntax = file["syntax"].as_str().unwrap();
        let levant = syntax == "template" && name.starts_with("nomad/");
        if !matches!(syntax, "hcl1" | "hcl2" | "json") && !levant {
            continue;
        }
        let text = fs::read_to_string(root.join(name)).unwrap();
        let all = brought(name, &text);
        for label in file["findings"].as_array().unwrap() {
            labelled += 1;
            let start = offset(&text, number(label, "line"), number(label, "column"));
            let end = offset(&text, number(label, "end_line"), number(label, "end_column"));
            let covering = all.iter().filter(|it| it.span.start <= start && end <= it.span.end);
            let closest = covering.min_by_key(|it| it.span.end - it.span.start);
            let right = closest.is_some_and(|it| {
                let path = label["path"].as_str();
                // A command is brought as a whole; its labels count the words.
                let is_path =
                    |path: &str| path.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.') == it.path;
                it.obstacle.is_none() == label["fixable"].as_bool().unwrap()
                    && path.is_none_or(|path| it.path == path || (it.how == "words" && is_path(path)))
            });
            if !right {
                wrong.push(format!("{name}:{} {} is brought as {closest:?}", label["line"], label["path"]));
            }
        }
    }
    assert!(labelled > 200, "{labelled}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
