//! The fast evaluator against the plain one, on policies whose paths collide as often as possible.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "helpers of a test")]

use std::borrow::Cow;

use proptest::prelude::*;
use strongroom_policies::{
    Acl, Capabilities, Operation, Parameters, Policy, PolicyName, Query, Subject, Variable, can, parse,
    reference,
};

const OPERATIONS: [Operation; 6] = [
    Operation::Delete,
    Operation::List,
    Operation::Patch,
    Operation::Read,
    Operation::Scan,
    Operation::Write,
];

/// An entity named `a` with odd metadata: some rules match nothing.
struct Caller;

impl Subject for Caller {
    fn resolve(&self, variable: &Variable) -> Option<Cow<'_, str>> {
        match variable {
            Variable::EntityName => Some("a".into()),
            Variable::EntityId => Some("a/b".into()),
            _ => None,
        }
    }
}

fn part() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        4 => Just("a"),
        3 => Just("b"),
        2 => Just("ab"),
        5 => Just("+"),
        1 => Just("+a"),
        1 => Just("a+"),
        1 => Just("*a"),
        1 => Just(""),
        1 => Just("{{identity.entity.name}}"),
        1 => Just("{{identity.entity.id}}"),
    ]
}

fn pattern() -> impl Strategy<Value = String> {
    let end = prop_oneof![5 => Just(""), 3 => Just("/*"), 2 => Just("*"), 1 => Just("/"), 1 => Just("/a*")];
    (prop::collection::vec(part(), 1..5), end)
        .prop_map(|(parts, end)| format!("{}{end}", parts.join("/")))
        .prop_filter("`+*` is refused", |it| !it.contains("+*"))
}

fn capabilities() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "create", "delete", "list", "patch", "read", "scan", "sudo", "update", "read", "list", "deny",
    ]);
    prop::collection::vec(word, 0..4).prop_map(|words| format!("{words:?}"))
}

fn demands() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        8 => Just(""),
        1 => Just(r#"allowed_parameters = { "f" = ["x", "y*"] }"#),
        1 => Just(r#"allowed_parameters = { "*" = [], "f" = ["y"] }"#),
        1 => Just(r#"denied_parameters = { "f" = ["x"] }"#),
        1 => Just(r#"denied_parameters = { "g" = [] }"#),
        1 => Just(r#"required_parameters = ["f"]"#),
        1 => Just(r#"expiration = "1970-01-01T00:00:01Z""#),
    ]
}

fn stanza() -> impl Strategy<Value = String> {
    (pattern(), capabilities(), demands()).prop_map(|(path, words, demands)| {
        format!("path \"{path}\" {{ capabilities = {words} {demands} }}\n")
    })
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(prop::collection::vec(stanza(), 0..7).prop_map(|it| it.concat()), 1..4)
}

fn path() -> impl Strategy<Value = String> {
    let segment = prop::sample::select(vec!["a", "b", "ab", "abc", "+a", "*a", "c", ""]);
    prop::collection::vec(segment, 1..6).prop_map(|it| it.join("/"))
}

fn policies(texts: &[String]) -> Vec<Policy> {
    let name = |index| PolicyName::new(&format!("p{index}")).unwrap();
    texts.iter().enumerate().map(|(index, text)| parse(name(index), text).unwrap()).collect()
}

fn bodies() -> [&'static [(&'static str, &'static str)]; 5] {
    [&[], &[("f", "\"x\"")], &[("F", "\"yes\"")], &[("f", "1"), ("g", "2")], &[("h", "null")]]
}

const NOW: i64 = 2_000_000_000;

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    // Rules 48 and 136.
    #[test]
    fn both_evaluators_agree(texts in texts(), paths in prop::collection::vec(path(), 8)) {
        let policies = policies(&texts);
        let policies: Vec<&Policy> = policies.iter().collect();
        let acl = Acl::compile(&policies, &Caller, NOW).unwrap();
        for path in &paths {
            let plain = reference::capabilities(&policies, &Caller, NOW, path);
            let shown: Vec<&str> = if plain.grants_any() { plain.iter().map(|it| it.as_str()).collect() } else { vec!["deny"] };
            prop_assert_eq!(acl.capabilities(path), shown, "{}", path);
            for operation in OPERATIONS {
                for body in bodies() {
                    let query = Query { path, operation, parameters: &body as &dyn Parameters, wrap_ttl: None };
                    let decision = acl.decide(&query);
                    prop_assert_eq!(
                        decision.is_allowed(), reference::allows(&policies, &Caller, NOW, &query),
                        "{} {} {:?}", operation.as_str(), path, body
                    );
                    // Rule 137: no allow without a rule that grants it.
                    if decision.is_allowed() {
                        let granted = decision.rule().map_or(Capabilities::NONE, |it| it.capabilities());
                        prop_assert!(operation.capabilities().iter().any(|it| granted.contains(*it)));
                        prop_assert!(operation.capabilities().iter().any(|it| decision.granting_policies(*it).next().is_some()));
                    }
                }
                // What is explained is what is decided.
                let explained = acl.explain(path, operation);
                let rule = acl.decide(&Query { path, operation, parameters: &strongroom_policies::NoParameters, wrap_ttl: None }).rule();
                prop_assert_eq!(explained.decisive.map(|it| it.path), rule.map(|it| it.path()));
            }
        }
    }

    // Rule 137.
    #[test]
    fn adding_a_deny_never_widens(texts in texts(), denied in pattern(), paths in prop::collection::vec(path(), 8)) {
        let before = policies(&texts);
        let mut more = texts.clone();
        more.push(format!("path \"{denied}\" {{ capabilities = [\"deny\"] }}"));
        let after = policies(&more);
        let compile = |policies: &[Policy]| Acl::compile(&policies.iter().collect::<Vec<_>>(), &Caller, NOW).unwrap();
        let (before, after) = (compile(&before), compile(&after));
        for path in &paths {
            for operation in OPERATIONS {
                for body in bodies() {
                    let query = Query { path, operation, parameters: &body as &dyn Parameters, wrap_ttl: None };
                    prop_assert!(before.decide(&query).is_allowed() || !after.decide(&query).is_allowed(), "{path}");
                }
            }
        }
    }

    // The order of policies and of stanzas means nothing.
    #[test]
    fn order_does_not_matter(texts in texts(), paths in prop::collection::vec(path(), 8)) {
        let forward = policies(&texts);
        let backward: Vec<&Policy> = forward.iter().rev().collect();
        let one = Acl::compile(&forward.iter().collect::<Vec<_>>(), &Caller, NOW).unwrap();
        let other = Acl::compile(&backward, &Caller, NOW).unwrap();
        for path in &paths {
            prop_assert_eq!(one.capabilities(path), other.capabilities(path), "{}", path);
        }
    }

    // Rule 49: a listing of a folder is one question, however it is spelt.
    #[test]
    fn a_folder_is_listed_alike_in_both_spellings(texts in texts(), path in "(a|b|ab)(/(a|b|ab)){0,3}") {
        let policies = policies(&texts);
        let acl = Acl::compile(&policies.iter().collect::<Vec<_>>(), &Caller, NOW).unwrap();
        let folder = format!("{path}/");
        for operation in [Operation::List, Operation::Scan] {
            prop_assert_eq!(can(&acl, operation, &path), can(&acl, operation, &folder));
        }
    }

    // Rule 60: what is shown of mounts agrees with what may be touched there.
    #[test]
    fn whatever_may_be_touched_is_visible(texts in texts(), path in "(a|b|ab)(/(a|b|ab|abc)){1,3}") {
        let policies = policies(&texts);
        let acl = Acl::compile(&policies.iter().collect::<Vec<_>>(), &Caller, NOW).unwrap();
        if acl.capabilities(&path) != ["deny"] {
            let (mount, _) = path.split_once('/').unwrap();
            let mount = format!("{mount}/");
            prop_assert!(acl.any_under(&mount), "{path}");
        }
    }

    // Whatever the text is, reading it ends in a policy or an error (rule 57), and in nothing else.
    #[test]
    fn no_text_breaks_the_parser(text in "[a-z\\[\\]{}\"=+*/,\\n #<0-9-]{0,200}") {
        let _ = parse(PolicyName::new("p").unwrap(), &text).map(|it| Acl::compile(&[&it], &Caller, NOW).map(|_| ()));
    }
}
