//! Sets of policies: both evaluators decide alike, and a policy more that denies widens nothing. The first line is the
//! path that is asked for; policies are parted by lines of `---`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_policies::{
    Acl, NoParameters, Nobody, Operation, Policy, PolicyName, Query, parse, reference,
};

const NOW: i64 = 2_000_000_000;

fuzz_target!(|input: &str| {
    let (path, text) = input.split_once('\n').unwrap_or(("a/b", input));
    let name = |at: usize| PolicyName::new(&format!("p{at}")).expect("it is a name");
    let parsed: Result<Vec<Policy>, _> =
        text.split("\n---\n").take(8).enumerate().map(|(at, text)| parse(name(at), text)).collect();
    let Ok(policies) = parsed else { return };
    let all: Vec<&Policy> = policies.iter().collect();
    let Ok(acl) = Acl::compile(&all, &Nobody, NOW) else { return };
    let deny = parse(name(99), "path \"*\" { capabilities = [\"deny\"] }").expect("it is a policy");
    let more: Vec<&Policy> = all.iter().copied().chain([&deny]).collect();
    let narrower = Acl::compile(&more, &Nobody, NOW);
    for operation in [Operation::Delete, Operation::List, Operation::Patch, Operation::Read, Operation::Write]
    {
        let query = Query { path, operation, parameters: &NoParameters, wrap_ttl: None };
        let allowed = acl.decide(&query).is_allowed();
        assert_eq!(allowed, reference::allows(&all, &Nobody, NOW, &query), "{} {path:?}", operation.as_str());
        if let Ok(narrower) = &narrower {
            assert!(allowed || !narrower.decide(&query).is_allowed(), "a deny widens {path:?}");
        }
    }
});
