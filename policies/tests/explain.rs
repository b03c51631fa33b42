//! Explanations, visibility, and who can.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "helpers of a test")]

use strongroom_policies::{
    Acl, Capability, NoParameters, Nobody, Operation, Policy, PolicyName, Query, Refusal, Unmet, Verdict,
    WhyPassedOver, can, parse, who_can,
};

fn policy(name: &str, text: &str) -> Policy {
    parse(PolicyName::new(name).unwrap(), text).unwrap()
}

fn acl(texts: &[(&str, &str)]) -> Acl {
    let policies: Vec<Policy> = texts.iter().map(|(name, text)| policy(name, text)).collect();
    Acl::compile(&policies.iter().collect::<Vec<_>>(), &Nobody, 0).unwrap()
}

const DEVELOPERS: &str = r#"path "kv/*" { capabilities = ["list"] }
path "kv/+/db" { capabilities = ["read"] }
path "kv/app/*" { capabilities = ["read"] }
"#;
const LOCKED: &str = r#"
path "kv/app/db" { capabilities = ["deny"] }
path "+/app/db" { capabilities = ["read"] }
"#;

#[test]
fn the_deciding_rule_and_why_the_others_lost() {
    let explanation =
        acl(&[("developers", DEVELOPERS), ("locked", LOCKED)]).explain("kv/app/db", Operation::Read);
    assert_eq!(explanation.verdict, Verdict::Denied);
    let decisive = explanation.decisive.as_ref().unwrap();
    assert_eq!((decisive.path.as_str(), decisive.origins[0].line), ("kv/app/db", 2));
    let lost: Vec<_> = explanation.passed_over.iter().map(|(rule, why)| (rule.path.as_str(), *why)).collect();
    let why = WhyPassedOver::Wildcard;
    assert_eq!(lost, [("kv/app/*", why), ("kv/+/db", why), ("kv/*", why), ("+/app/db", why)]);
    assert_eq!(
        explanation.to_string(),
        "read kv/app/db: refused, the rule denies\n  \
         decided by  \"kv/app/db\" [deny] from locked:2\n  \
         passed over \"kv/app/*\" [read] from developers:3\n              \
         because it has a wildcard and the other names the path\n  \
         passed over \"kv/+/db\" [read] from developers:2\n              \
         because it has a wildcard and the other names the path\n  \
         passed over \"kv/*\" [list] from developers:1\n              \
         because it has a wildcard and the other names the path\n  \
         passed over \"+/app/db\" [read] from locked:3\n              \
         because it has a wildcard and the other names the path"
    );
}

#[track_caller]
fn loses(winner: &str, loser: &str, path: &str, operation: Operation, expected: WhyPassedOver) {
    let text = format!("path \"{winner}\" {{ policy = \"read\" }} path \"{loser}\" {{ policy = \"read\" }}");
    let explanation = acl(&[("p", &text)]).explain(path, operation);
    assert_eq!(explanation.decisive.unwrap().path, winner);
    assert_eq!(explanation.passed_over[0].1, expected);
    assert_eq!(explanation.passed_over[0].0.path, loser);
}

#[test]
fn every_reason_to_lose() {
    loses("a/b/*", "a/*", "a/b/c", Operation::Read, WhyPassedOver::EarlierWildcard);
    loses("a/+", "a/*", "a/b", Operation::Read, WhyPassedOver::EndsInGlob);
    loses("+/b/c", "+/+/c", "a/b/c", Operation::Read, WhyPassedOver::MorePluses);
    loses("+/b/ba*", "+/b/b*", "a/b/bar", Operation::Read, WhyPassedOver::Shorter);
    loses("+/b/+", "+/+/c", "a/b/c", Operation::Read, WhyPassedOver::SortsFirst);
    loses("a/b/", "a/b", "a/b", Operation::List, WhyPassedOver::OtherSpelling);
    loses("a/b", "a/*", "a/b", Operation::Read, WhyPassedOver::Wildcard);
    // A glob that reaches the folder's slash goes before a longer one that matches only without it.
    loses("+/*", "+/b", "a/b", Operation::List, WhyPassedOver::OtherSpelling);
}

#[test]
fn stanzas_for_one_path_are_named_together() {
    let acl = acl(&[
        ("one", "path \"a\" { policy = \"read\" }"),
        ("two", "\npath \"a\" { capabilities = [\"update\"] }"),
    ]);
    let explanation = acl.explain("a", Operation::Write);
    assert_eq!(
        explanation.to_string(),
        "write a: allowed, the rule grants it\n  decided by  \"a\" [list, read, update] from one:1 and two:2"
    );
    let query = Query { path: "a", operation: Operation::Write, parameters: &NoParameters, wrap_ttl: None };
    let decision = acl.decide(&query);
    let granting = |it| decision.granting_policies(it).map(PolicyName::as_str).collect::<Vec<_>>();
    assert_eq!(granting(Capability::Update), ["two"]);
    assert_eq!(granting(Capability::Read), ["one"]);
    assert_eq!(granting(Capability::Create), Vec::<&str>::new());
}

#[test]
fn a_demand_that_is_not_met_is_named() {
    let acl = acl(&[("p", r#"path "a" { capabilities = ["update"] required_parameters = ["x"] }"#)]);
    let query = Query { path: "a", operation: Operation::Write, parameters: &NoParameters, wrap_ttl: None };
    assert_eq!(acl.explain_query(&query).verdict, Verdict::Unmet(Unmet::Required));
    assert_eq!(acl.explain("a", Operation::Write).verdict, Verdict::Allowed);
}

#[test]
fn a_path_cannot_steer_the_terminal() {
    let shown = acl(&[("p", "path \"a\u{1b}[2J*\" { policy = \"read\" }")])
        .explain("a\u{1b}[2J", Operation::Read)
        .to_string();
    assert!(shown.contains("allowed") && !shown.contains('\u{1b}'), "{shown}");
}

// Rule 53: which of the two a write needs is known only later.
#[test]
fn a_write_carries_both_rights() {
    let acl = acl(&[(
        "p",
        r#"path "c" { capabilities = ["create"] } path "u" { capabilities = ["update", "sudo"] }"#,
    )]);
    let grant = |path| {
        acl.decide(&Query { path, operation: Operation::Write, parameters: &NoParameters, wrap_ttl: None })
            .grant()
    };
    let create = grant("c").unwrap();
    assert!(
        create.for_existing(false).is_ok()
            && create.for_existing(true).is_err()
            && create.for_action().is_err()
    );
    let update = grant("u").unwrap();
    assert!(
        update.for_existing(true).is_ok()
            && update.for_existing(false).is_err()
            && update.for_action().is_ok()
    );
    assert!(update.has_sudo() && !create.has_sudo());
    assert_eq!(grant("x"), Err(Refusal::NoRule));
}

// Rule 60.
#[test]
fn a_mount_is_visible_if_anything_below_it_is_granted() {
    let below = |text: &str, mount: &str| acl(&[("p", text)]).any_under(mount);
    let read = |path: &str| format!("path \"{path}\" {{ policy = \"read\" }}\n");
    let deny = |path: &str| format!("path \"{path}\" {{ policy = \"deny\" }}\n");
    for path in ["kv/a/b", "kv/*", "*", "k*", "+/a", "+/+/b*", "kv/", "kv", "+/*"] {
        assert!(below(&read(path), "kv/"), "{path}");
        assert!(!below(&deny(path), "kv/"), "{path}");
    }
    for path in ["kvv/*", "other/a", "+", "kv2", "a/+/b"] {
        let expected = path == "+";
        assert_eq!(below(&read(path), "kv/"), expected, "{path}");
    }
    assert!(!below(&(read("*") + &deny("kv/*")), "kv/"));
    assert!(!below(&(read("+/a") + &deny("kv/*")), "kv/"));
    assert!(below(&(read("kv/a") + &deny("kv/*")), "kv/"));
    assert!(!below(&read("kv/a"), "kv/b/"));
    assert!(below(&read("kv/a"), ""));
    assert!(!below("path \"kv/a\" { capabilities = [] }", "kv/"));
}

#[test]
fn who_can_names_the_callers_that_pass() {
    let (one, two) = (acl(&[("a", "path \"x\" { policy = \"read\" }")]), acl(&[]));
    let root = Acl::compile(&[&Policy::root()], &Nobody, 0).unwrap();
    let query = Query { path: "x", operation: Operation::Read, parameters: &NoParameters, wrap_ttl: None };
    let able: Vec<&str> = who_can([("one", &one), ("two", &two), ("root", &root)], &query).collect();
    assert_eq!(able, ["one", "root"]);
    assert!(!can(&two, Operation::Read, "x"));
}
