//! Policies: no text panics, and both evaluators decide alike. The first line is the path that is asked for,
//! the rest the policy.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_policies::{Acl, NoParameters, Nobody, Operation, PolicyName, Query, parse, reference};

const NOW: i64 = 2_000_000_000;

const OPERATIONS: [Operation; 6] = [
    Operation::Delete,
    Operation::List,
    Operation::Patch,
    Operation::Read,
    Operation::Scan,
    Operation::Write,
];

fuzz_target!(|input: &str| {
    let (path, text) = input.split_once('\n').unwrap_or(("a/b", input));
    let name = PolicyName::new("p").expect("it is a name");
    let Ok(policy) = parse(name, text) else { return };
    let policies = [&policy];
    let Ok(acl) = Acl::compile(&policies, &Nobody, NOW) else { return };
    for operation in OPERATIONS {
        let query = Query { path, operation, parameters: &NoParameters, wrap_ttl: None };
        let allowed = acl.decide(&query).is_allowed();
        assert_eq!(
            allowed,
            reference::allows(&policies, &Nobody, NOW, &query),
            "{} {path:?}",
            operation.as_str()
        );
        let _shown = acl.explain(path, operation).to_string();
    }
});
