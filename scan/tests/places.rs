//! Every place that may hold a credential, with every kind of credential: what is told is exactly that, and nothing else.
//!
//! A row of `places/*.txt` is a title (`== ...`), what it stands in (`@...`), and the text of the place. `‹name›`, `‹NAME›`
//! and `‹value›` stand for each kind in turn, what is between `«` and `»` is the credential. In `nothing.txt` there is none.

#![allow(clippy::expect_used, clippy::panic, reason = "a test")]

use strongroom_scan::{Position, scan};

/// A name and a value, of each kind that may stand anywhere.
const KINDS: [(&str, &str); 6] = [
    ("db_password", "«Gull-88-rope»"),
    // A word, which is a password by its name alone.
    ("admin_password", "«marmalade»"),
    ("api_token", "«c10bab6d85ad67272a4e4e89c5fa1021»"),
    ("database_url", "postgres://app:«Gull-88-rope»@db:5432/app"),
    ("jwt_secret", "«swift-nests-under-eaves»"),
    // A name that says nothing, and a vendor's form.
    ("remote", concat!("«ghp", "_QZ7mR4tW9xK2vL8nB3cJ6fH1dS5gY0aP7wEq»")),
];

/// Tokens of vendors, in two pieces so that nobody takes them for live ones.
const VENDORS: [(&str, &str); 2] = [
    ("‹vault›", concat!("«hvs", ".CAESIJpR3mQx8vT1kZc5Yw7Nd2Lb9Hf4Gs6Ju0Ke»")),
    ("‹akid›", concat!("«AKIA", "XQ7MZ4TR2WN8KDLV»")),
];

/// A row as it is written.
struct Row<'t> {
    title: &'t str,
    lines: Vec<&'t str>,
}

fn rows(text: &str) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("== "), rows.last_mut()) {
            (Some(title), _) => rows.push(Row { title, lines: Vec::new() }),
            (None, Some(row)) => row.lines.push(line),
            (None, None) => panic!("the first line is a title"),
        }
    }
    rows
}

/// Takes the marks out, and says where they stood: line and column of the beginning and of the end.
fn unmarked(marked: &str) -> (String, Vec<(usize, usize, usize, usize)>) {
    let (mut text, mut places, mut begin) = (String::new(), Vec::new(), (0, 0));
    let (mut line, mut column) = (1, 1);
    for c in marked.chars() {
        match c {
            '«' => begin = (line, column),
            '»' => places.push((begin.0, begin.1, line, column)),
            _ => {
                text.push(c);
                (line, column) = if c == '\n' { (line + 1, 1) } else { (line, column + 1) };
            }
        }
    }
    (text, places)
}

/// What is told of each kind at this place, where it differs.
fn differences(title: &str, name: &str, marked: &str, wrong: &mut Vec<String>) -> usize {
    let marked = VENDORS.iter().fold(marked.to_owned(), |text, (mark, token)| text.replace(mark, token));
    let kinds: &[(&str, &str)] = if marked.contains("‹value›") { &KINDS } else { &[("its own", "")] };
    for (kind, value) in kinds {
        let marked =
            marked.replace("‹NAME›", &kind.to_uppercase()).replace("‹name›", kind).replace("‹value›", value);
        let (text, expected) = unmarked(&marked);
        let told: Vec<_> = scan(name, &text)
            .iter()
            .map(|it| (Position::of(&text, it.span.start), Position::of(&text, it.span.end)))
            .map(|(start, end)| (start.line, start.column, end.line, end.column))
            .collect();
        if told != expected {
            wrong.push(format!("{title} ({name}), {kind}: told {told:?}, expected {expected:?}"));
        }
    }
    kinds.len()
}

/// A job with something at one of its levels.
fn job(at: &str, lines: &[&str]) -> String {
    let inner = lines.join("\n");
    match at {
        "@job" => format!("job \"web\" {{\n  type = \"batch\"\n{inner}\n}}\n"),
        "@group" => format!("job \"web\" {{\n  group \"web\" {{\n{inner}\n  }}\n}}\n"),
        "@task" => format!(
            "job \"web\" {{\n  group \"web\" {{\n    task \"web\" {{\n      driver = \"docker\"\n{inner}\n    }}\n  }}\n}}\n"
        ),
        _ => panic!("{at}: no such level"),
    }
}

#[track_caller]
fn check(table: &str, least: usize) {
    let mut wrong = Vec::new();
    let mut cells = 0;
    for row in rows(table) {
        let (at, lines) = row.lines.split_first().expect("a row says what it stands in");
        if let Some(name) = at.strip_prefix("@file ") {
            cells += differences(row.title, name, &(lines.join("\n") + "\n"), &mut wrong);
        } else if let Some(destination) = at.strip_prefix("@destination ") {
            let data = lines.join("\n");
            let template =
                format!("template {{\n  data = <<ZZ\n{data}\nZZ\n  destination = \"{destination}\"\n}}");
            cells += differences(row.title, "web.nomad.hcl", &job("@task", &[&template]), &mut wrong);
            let entry = destination.rsplit('/').next().expect("a name");
            let block: String = lines.iter().map(|it| format!("    {it}\n")).collect();
            let map = format!("apiVersion: v1\nkind: ConfigMap\ndata:\n  {entry}: |-\n{block}");
            cells += differences(row.title, "map.yaml", &map, &mut wrong);
        } else {
            cells += differences(row.title, "web.nomad.hcl", &job(at, lines), &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "{} of {cells} are told otherwise:\n{}", wrong.len(), wrong.join("\n"));
    assert!(cells >= least, "{cells} cells are left");
}

#[test]
fn what_only_looks_like_a_credential() {
    let table = include_str!("places/nothing.txt");
    assert!(!table.contains(['«', '‹']), "nothing is to be found there");
    check(table, 30);
}

#[test]
fn every_row_has_something_to_find() {
    for table in [
        include_str!("places/nomad.txt"),
        include_str!("places/files.txt"),
        include_str!("places/documents.txt"),
    ] {
        for row in rows(table) {
            assert!(row.lines.iter().any(|it| it.contains(['«', '‹'])), "{}: nothing to find", row.title);
        }
    }
}

#[test]
fn every_place_of_a_nomad_job() {
    check(include_str!("places/nomad.txt"), 300);
}

#[test]
fn every_place_of_other_files() {
    check(include_str!("places/files.txt"), 400);
}

#[test]
fn every_document_within_a_template_or_a_map() {
    check(include_str!("places/documents.txt"), 400);
}
