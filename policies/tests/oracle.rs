//! What OpenBao answers, against what we answer: oracle_table.txt, written by ask_oracle.py.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "helpers of a test")]

use std::time::Duration;

use strongroom_policies::{
    Acl, Nobody, Operation, Parameters, Policy, PolicyName, Query, can, parse, reference,
};

const TABLE: &str = include_str!("oracle_table.txt");

/// 2026-01-01, between the two expirations of the table.
const NOW: i64 = 1_767_225_600_000_000_000;

#[derive(Default)]
struct Set {
    name: String,
    policies: Vec<(String, String)>,
    /// The question, the oracle's answer, ours.
    cases: Vec<(String, String)>,
}

#[test]
fn every_case_of_the_table_is_answered_as_written() {
    let sets = read();
    let mut cases = 0;
    for set in &sets {
        let policies: Vec<Policy> = set
            .policies
            .iter()
            .map(|(name, text)| {
                parse(PolicyName::new(name).unwrap(), text).unwrap_or_else(|it| panic!("{name}: {it}"))
            })
            .collect();
        let policies: Vec<&Policy> = policies.iter().collect();
        let acl = Acl::compile(&policies, &Nobody, NOW).unwrap();
        for (question, expected) in &set.cases {
            cases += 1;
            let answer = answer(&acl, &policies, question);
            assert_eq!(answer, *expected, "{}: {question}", set.name);
        }
    }
    assert!(cases >= 600, "the table holds only {cases} cases");
}

fn answer(acl: &Acl, policies: &[&Policy], question: &str) -> String {
    let words: Vec<&str> = question.split(' ').collect();
    match words[..] {
        ["caps", path] => {
            let shown = acl.capabilities(path);
            for (operation, capability) in
                [(Operation::Read, "read"), (Operation::Delete, "delete"), (Operation::Patch, "patch")]
            {
                if !path.ends_with('/') {
                    assert_eq!(can(acl, operation, path), shown.contains(&capability), "{question}");
                }
            }
            if path.ends_with('/') {
                assert_eq!(can(acl, Operation::List, path), shown.contains(&"list"), "{question}");
            }
            shown.join(" ")
        }
        // A body may hold spaces.
        ["send", operation, path, .., wrap] => {
            let prefix = format!("send {operation} {path} ");
            let body = question.strip_prefix(&prefix).unwrap().strip_suffix(wrap).unwrap().trim_end();
            let fields = fields(body);
            let query = Query {
                path,
                operation: match operation {
                    "write" => Operation::Write,
                    "read" => Operation::Read,
                    "delete" => Operation::Delete,
                    "list" => Operation::List,
                    other => panic!("{other}"),
                },
                parameters: &fields.as_slice() as &dyn Parameters,
                wrap_ttl: (wrap != "-").then(|| Duration::from_secs(wrap.parse().unwrap())),
            };
            let allowed = acl.decide(&query).is_allowed();
            assert_eq!(reference::allows(policies, &Nobody, NOW, &query), allowed, "{question}");
            if allowed { "allowed" } else { "refused" }.to_owned()
        }
        _ => panic!("{question}"),
    }
}

/// The top level of a JSON object, cut at commas and colons outside of strings and brackets.
fn fields(body: &str) -> Vec<(String, String)> {
    if body == "-" || body == "{}" {
        return Vec::new();
    }
    let inner = body.strip_prefix('{').unwrap().strip_suffix('}').unwrap();
    let (mut depth, mut quoted, mut start) = (0, false, 0);
    let mut parts = Vec::new();
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => depth += 1,
            b']' | b'}' if !quoted => depth -= 1,
            b',' if !quoted && depth == 0 => {
                parts.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[start..]);
    parts
        .into_iter()
        .map(|it| it.split_once(':').unwrap())
        .map(|(name, value)| (name.trim_matches('"').to_owned(), value.to_owned()))
        .collect()
}

fn read() -> Vec<Set> {
    let mut sets: Vec<Set> = Vec::new();
    for line in TABLE.lines().filter(|it| !it.is_empty() && !it.starts_with('#')) {
        if let Some(name) = line.strip_prefix("set ") {
            sets.push(Set { name: name.to_owned(), ..Set::default() });
            continue;
        }
        let set = sets.last_mut().unwrap();
        if let Some(name) = line.strip_prefix("policy ") {
            set.policies.push((name.to_owned(), String::new()));
        } else if let Some(text) = line.strip_prefix('|') {
            let policy = &mut set.policies.last_mut().unwrap().1;
            policy.push_str(text.strip_prefix(' ').unwrap_or(text));
            policy.push('\n');
        } else if let Some((question, rest)) = line.split_once(" != ") {
            let ours = rest.split_once(" but ").unwrap().1.split_once(" # ").unwrap().0;
            set.cases.push((question.to_owned(), ours.to_owned()));
        } else {
            let (question, answer) = line.rsplit_once(" = ").unwrap();
            set.cases.push((question.to_owned(), answer.to_owned()));
        }
    }
    sets
}
