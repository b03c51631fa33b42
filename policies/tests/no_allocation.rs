//! Rule 59: what a decision costs does not depend on how many rules there are, and nothing is allocated.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "helpers of a test")]

use std::time::Duration;

use strongroom_policies::{Acl, Capability, Nobody, Operation, Parameters, Policy, PolicyName, Query, parse};

fn policy(text: &str) -> Policy {
    parse(PolicyName::new("p").unwrap(), text).unwrap()
}

#[test]
fn decisions_do_not_allocate() {
    let mut text = String::from(
        r#"
        path "kv/+/b/*" { capabilities = ["create", "update", "list", "scan"]
                          allowed_parameters = { "a" = ["x*", "*y", "*m*", 1, true, ["l", 2]], "*" = [] }
                          denied_parameters = { "d" = ["no", "*never*"] }
                          required_parameters = ["a"] }
        path "kv/wrap" { capabilities = ["read"] min_wrapping_ttl = "1s" max_wrapping_ttl = "1h" }
        path "kv/pages/" { capabilities = ["list"] pagination_limit = 10 }
        "#,
    );
    for index in 0..500 {
        text += &format!("path \"bulk/{index}/+/x{index}*\" {{ capabilities = [\"read\"] }}\n");
    }
    let policy = policy(&text);
    let acl = Acl::compile(&[&policy], &Nobody, 0).unwrap();
    let body: &[(&str, &str)] = &[
        ("A", r#""x\u0041\ud83d\udd11""#),
        ("a", "[\"l\", 2]"),
        ("d", r#""maybe""#),
        ("other", "{\"x\":[1]}"),
    ];
    let full: &[(&str, &str)] = &[("a", r#""x\u0041""#), ("d", r#""ok""#)];
    let limit: &[(&str, &str)] = &[("limit", "\"7\"")];
    let none: &[(&str, &str)] = &[];
    let queries = [
        ("kv/a/b/c", Operation::Write, body, None, false),
        ("kv/a/b/c", Operation::Write, full, None, true),
        ("kv/a/b/c/d/e", Operation::List, none, None, true),
        ("kv/wrap", Operation::Read, none, Some(Duration::from_secs(60)), true),
        ("kv/wrap", Operation::Read, none, None, false),
        ("kv/pages", Operation::List, limit, None, true),
        ("bulk/499/q/x499y/z", Operation::Read, none, None, true),
        ("bulk/nowhere", Operation::Delete, none, None, false),
    ];
    for (path, operation, fields, wrap_ttl, expected) in queries {
        let query = Query { path, operation, parameters: &fields as &dyn Parameters, wrap_ttl };
        let mut allowed = false;
        let counted = allocation_counter::measure(|| {
            let decision = acl.decide(&query);
            allowed = decision.is_allowed() && decision.granting_policies(Capability::Deny).count() == 0;
        });
        assert_eq!(allowed, expected, "{path}");
        assert_eq!(counted.count_total, 0, "{path} allocates");
    }
    // The counter counts: otherwise the zeros above would prove nothing.
    assert!(allocation_counter::measure(|| drop(acl.explain("kv/wrap", Operation::Read))).count_total > 0);
}
