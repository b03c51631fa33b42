//! Every public function has a test that calls it: `functions.toml` says which, and this checks it.

use std::{collections::BTreeMap, fs, path::Path};

/// Sources whose public functions are the machinery of others.
const NOT_FRONTS: [&str; 2] = ["blocking.rs", "env.rs"];

fn read(folder: &str) -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    let sources = files.filter(|it| it.extension().is_some_and(|it| it == "rs"));
    let named = |it: &Path| it.file_name().unwrap().to_str().unwrap().to_owned();
    sources.map(|it| (named(&it), fs::read_to_string(it).unwrap())).collect()
}

/// `Type::function` for each public function of a source. Formatted code has one shape.
fn functions(source: &str) -> Vec<String> {
    let mut kind = String::new();
    let mut found = Vec::new();
    for line in source.lines() {
        if let Some(rest) = line.strip_prefix("impl") {
            let rest = rest.strip_prefix("<'c>").unwrap_or(rest);
            kind = rest.trim_start().chars().take_while(|it| it.is_alphanumeric()).collect();
        }
        let Some(rest) = line.strip_prefix("    pub ") else { continue };
        let rest = rest.trim_start_matches("const ").trim_start_matches("async ");
        let Some(rest) = rest.strip_prefix("fn ") else { continue };
        let name: String = rest.chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect();
        found.push(format!("{kind}::{name}"));
    }
    found
}

/// `"Type::function" = "file::test"` in each line.
fn table() -> BTreeMap<String, (String, String)> {
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/functions.toml")).unwrap();
    let lines = text.lines().filter(|it| !it.is_empty() && !it.starts_with('#'));
    let row = |line: &str| {
        let (function, test) = line.split_once(" = ").unwrap();
        let (file, test) = test.trim_matches('"').rsplit_once("::").unwrap();
        (function.trim_matches('"').to_owned(), (file.to_owned(), test.to_owned()))
    };
    lines.map(row).collect()
}

/// The text of `fn name`, to the brace that closes it.
fn body<'t>(source: &'t str, name: &str) -> Option<&'t str> {
    let at = source.find(&format!("fn {name}("))?;
    let line = source[..at].rfind('\n').map_or(0, |it| it + 1);
    let indent: String = source[line..].chars().take_while(|it| *it == ' ').collect();
    let end = source[at..].find(&format!("\n{indent}}}\n"))?;
    Some(&source[at..at + end])
}

fn calls(text: &str, function: &str) -> bool {
    [format!("{function}("), format!("{function}::<")].iter().any(|call| {
        text.match_indices(call.as_str()).any(|(at, _)| matches!(text[..at].chars().last(), Some('.' | ':')))
    })
}

#[test]
fn every_public_function_has_a_test_that_calls_it() {
    let (sources, table) = (read("src"), table());
    let mut tests = read("tests/all");
    tests.extend(sources.iter().map(|(file, text)| (format!("src/{file}"), text.clone())));
    let fronts = sources.iter().filter(|(file, _)| !NOT_FRONTS.contains(&file.as_str()));
    let all: Vec<String> = fronts.flat_map(|(_, text)| functions(text)).collect();
    assert!(all.len() > 80, "{} functions are too few: they are not found", all.len());
    let mut problems = Vec::new();
    for function in &all {
        let name = function.rsplit("::").next().unwrap();
        match table.get(function) {
            None => problems.push(format!("{function} has no test")),
            Some((file, test)) => match tests.get(&format!("{file}.rs")).and_then(|it| body(it, test)) {
                None => problems.push(format!("{function}: there is no test {file}::{test}")),
                Some(text) if !calls(text, name) => {
                    problems.push(format!("{file}::{test} does not call {function}"))
                }
                Some(_) => {}
            },
        }
    }
    problems.extend(table.keys().filter(|it| !all.contains(it)).map(|it| format!("{it} does not exist")));
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn the_blocking_front_has_the_same_functions_and_each_is_called() {
    let sources = read("src");
    let blocking = &sources["blocking.rs"];
    let tests = &read("tests/all")["blocking.rs"];
    let mut found: Vec<String> = functions(blocking);
    for front in blocking.split("\nfront! {").skip(1) {
        let front = front.split("\n}").next().unwrap();
        let kind = front.lines().find_map(|it| it.trim_start().split_once(" {")).unwrap().0;
        let names = front.lines().filter_map(|it| it.strip_prefix("    fn "));
        let name =
            |it: &str| it.chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect::<String>();
        found.extend(names.map(|it| format!("{kind}::{}", name(it))));
    }
    for (file, kind) in [
        ("kv.rs", "Kv"),
        ("kv1.rs", "Kv1"),
        ("lease.rs", "Leases"),
        ("sys.rs", "Sys"),
        ("token.rs", "Tokens"),
        ("wrapping.rs", "Wrapping"),
    ] {
        let wanted = functions(&sources[file]);
        let wanted = wanted.iter().filter(|it| it.split_once("::").is_some_and(|(it, _)| it == kind));
        let missing: Vec<_> = wanted.filter(|it| !found.contains(it)).collect();
        assert!(missing.is_empty(), "blocking has no {missing:?}");
    }
    let uncalled: Vec<_> = found.iter().filter(|it| !calls(tests, it.rsplit("::").next().unwrap())).collect();
    assert!(uncalled.is_empty(), "blocking functions without a test: {uncalled:?}");
}

#[test]
fn a_function_without_a_test_would_be_found() {
    let source = "impl<'c> Kv<'c> {\n    pub async fn get(&self) {}\n}\nimpl Call<'_> {\n    pub fn json<T>(self) {}\n}\n";
    assert_eq!(functions(source), ["Kv::get", "Call::json"]);
    let test = "    fn a_test() {\n        kv.get(1);\n    }\n    fn other() {\n        kv.put();\n    }\n";
    let found = body(test, "a_test").unwrap();
    assert!(calls(found, "get") && !calls(found, "put") && !calls(found, "et"));
}
