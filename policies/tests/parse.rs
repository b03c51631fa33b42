//! What is a policy, what is not, and where the error is said to be.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "helpers of a test")]

use strongroom_policies::{
    Acl, CompileError, Nobody, Operation, ParseErrorKind as Kind, PatternError, Policy, PolicyName, can,
    parse,
};

fn read(text: &str) -> Result<Policy, strongroom_policies::ParseError> {
    parse(PolicyName::new("test").unwrap(), text)
}

#[track_caller]
fn accepts(text: &str, expected: &[(&str, &str)]) {
    let policy = read(text).unwrap_or_else(|error| panic!("{error}"));
    let rules: Vec<_> =
        policy.rules().iter().map(|it| (it.pattern().as_str(), it.capabilities().to_string())).collect();
    assert_eq!(rules.iter().map(|(path, set)| (*path, set.as_str())).collect::<Vec<_>>(), expected);
}

#[track_caller]
fn refuses(text: &str, at: (usize, usize), kind: Kind) {
    let error = read(text).unwrap_err();
    assert_eq!(((error.line, error.column), error.kind), (at, kind), "{error}");
}

#[test]
fn all_ways_to_write_a_stanza() {
    accepts("", &[]);
    accepts("# only a comment\n", &[]);
    accepts("{}", &[]);
    accepts(r#"name = "x" path "a" { capabilities = ["read", "read"] }"#, &[("a", "read")]);
    accepts(r#""path" "a" { "capabilities" = ["read",], comment = "why" }"#, &[("a", "read")]);
    accepts("\u{feff}path \"/a\" { policy = \"read\" }\r\n", &[("a", "list, read")]);
    accepts(r#"path "a" { policy = "read" capabilities = ["sudo"] }"#, &[("a", "list, read, sudo")]);
    accepts(r#"path "a" { policy = "read" capabilities = ["deny"] }"#, &[("a", "deny")]);
    accepts(
        r#"path "a" { capabilities = ["read"] } path "a" { capabilities = [] }"#,
        &[("a", "read"), ("a", "none")],
    );
    accepts(
        r#"{"path": {"a": {"capabilities": ["read"]}, "b": {"policy": "deny"}}}"#,
        &[("a", "read"), ("b", "deny")],
    );
    accepts(r#"{"path": [{"a": [{"capabilities": ["read"]}]}, {"b": {}}]}"#, &[("a", "read"), ("b", "none")]);
    accepts(r#"path "a" { capabilities = ["list"] allowed_parameters { "x" = [] } }"#, &[("a", "list")]);
}

// Vault's rights that nothing here stands behind: a policy that names them stays readable and grants no more.
#[test]
fn capabilities_of_vault_that_grant_nothing() {
    accepts(
        r#"path "a" { capabilities = ["read", "subscribe", "recover"] subscribe_event_types = ["*"] }"#,
        &[("a", "read")],
    );
}

// Rule 57.
#[test]
fn what_is_not_understood_is_an_error() {
    refuses("\n road \"a\" { }", (2, 2), Kind::UnknownTopLevelKey);
    refuses("path \"a\" {\n  capabilites = [\"read\"]\n}", (2, 3), Kind::UnknownKey);
    refuses("path \"ü\" { capabilities = [\"read\", \"fly\"] }", (1, 36), Kind::UnknownCapability);
    refuses(r#"path "a" { capabilities = ["READ"] }"#, (1, 28), Kind::UnknownCapability);
    refuses(r#"path "a" { capabilities = ["root"] }"#, (1, 28), Kind::UnknownCapability);
    refuses(r#"path "a" { policy = "fly" }"#, (1, 21), Kind::UnknownShorthand);
    refuses(r#"path "a" { capabilities = "read" }"#, (1, 27), Kind::Expected("a list of capabilities"));
    refuses(r#"path "a" { capabilities = [1] }"#, (1, 28), Kind::Expected("a string"));
    refuses(r#"path "a" "b" { }"#, (1, 1), Kind::Expected("one path in quotes behind `path`"));
    refuses(r#"path { }"#, (1, 1), Kind::Expected("one path in quotes behind `path`"));
    refuses(r#"{"path": {"a": 1}}"#, (1, 16), Kind::Expected("`{ ... }`"));
    refuses(r#"name = 3"#, (1, 8), Kind::Expected("a string"));
    refuses(
        r#"path "a/${b}" { }"#.replace("${b}", "+*").as_str(),
        (1, 6),
        Kind::Path(PatternError::PlusGlob),
    );
    assert!(matches!(read("path \"a\" {").unwrap_err().kind, Kind::Syntax(_)));
}

// Rule 57.
#[test]
fn a_key_given_twice_is_an_error() {
    refuses("path \"a\" { policy = \"read\"\n policy = \"deny\" }", (2, 2), Kind::Duplicate);
    refuses(r#"{"path": {"a": {"policy": "read", "policy": "deny"}}}"#, (1, 35), Kind::Duplicate);
    refuses(r#"path "a" { allowed_parameters = { "x" = [], "x" = ["y"] } }"#, (1, 45), Kind::Duplicate);
}

// Rule 57: no number means "unlimited".
#[test]
fn limits_are_positive() {
    for value in ["0", "-1", "\"0\"", "1.5", "\"x\"", "99999999999", "[1]"] {
        let error = read(&format!("path \"a\" {{ pagination_limit = {value} }}")).unwrap_err();
        assert!(matches!(error.kind, Kind::Expected("a whole number above 0")), "{value}: {error}");
    }
    accepts(r#"path "a" { capabilities = ["list"] pagination_limit = "5" }"#, &[("a", "list")]);
    for value in ["-1", "\"-1s\"", "\"soon\"", "\"1y\"", "true"] {
        let error = read(&format!("path \"a\" {{ max_wrapping_ttl = {value} }}")).unwrap_err();
        assert!(matches!(error.kind, Kind::Expected(_)), "{value}: {error}");
    }
    refuses(r#"path "a" { min_wrapping_ttl = "10" max_wrapping_ttl = "5s" }"#, (1, 6), Kind::WrappingBounds);
    assert!(matches!(read(r#"path "a" { expiration = "tomorrow" }"#).unwrap_err().kind, Kind::Expected(_)));
}

// To ignore a restriction would grant more than is written.
#[test]
fn restrictions_that_are_not_enforced_are_refused() {
    for key in ["control_group", "mfa_methods", "list_scan_response_keys_filter_path"] {
        refuses(&format!("path \"a\" {{ {key} = [] }}"), (1, 12), Kind::Unsupported);
    }
}

// Rule 57.
#[test]
fn size_depth_and_number_are_bounded() {
    assert_eq!(read(&" ".repeat((1 << 20) + 1)).unwrap_err().kind, Kind::TextTooLarge);
    let many = |count: usize| (0..count).map(|it| format!("path \"{it}\" {{ }}\n")).collect::<String>();
    assert_eq!(read(&many(10_000)).unwrap().rules().len(), 10_000);
    assert_eq!(read(&many(10_001)).unwrap_err().kind, Kind::TooManyRules);
    let nested = |depth: usize| {
        format!("path \"a\" {{ allowed_parameters = {{ x = {}1{} }} }}", "[".repeat(depth), "]".repeat(depth))
    };
    assert!(read(&nested(5)).is_ok());
    assert_eq!(read(&nested(6)).unwrap_err().kind, Kind::TooDeep);
    let fields = |count: usize| (0..count).map(|it| format!("f{it} = []\n")).collect::<String>();
    assert!(read(&format!("path \"a\" {{ denied_parameters {{ {} }} }}", fields(1_000))).is_ok());
    let error = read(&format!("path \"a\" {{ denied_parameters {{ {} }} }}", fields(1_001))).unwrap_err();
    assert_eq!(error.kind, Kind::TooManyFields);
    let error =
        read(&format!("path \"a\" {{ required_parameters = [{}] }}", "\"f\",".repeat(1_001))).unwrap_err();
    assert_eq!(error.kind, Kind::TooManyFields);
    assert!(matches!(read(&nested(10_000)).unwrap_err().kind, Kind::Syntax(_)));
}

/// Paths with `+` in so many different sets of places.
fn shapes(from: usize, count: usize) -> String {
    let part = |number: usize, bit: usize| if number >> bit & 1 == 1 { "+" } else { "a" };
    (from..from + count)
        .map(|number| (0..8).map(|bit| part(number, bit)).collect::<Vec<_>>().join("/"))
        .map(|path| format!("path \"{path}\" {{ capabilities = [\"read\"] }}\n"))
        .collect()
}

// Rule 59: the set of live nodes is bounded, for one policy and for several together.
#[test]
fn too_many_ways_to_use_plus_are_refused() {
    let full = read(&shapes(0, 64)).unwrap();
    let acl = Acl::compile(&[&full], &Nobody, 0).unwrap();
    assert!(can(&acl, Operation::Read, "x/x/x/x/x/x/a/a") && !can(&acl, Operation::Read, "x/x/x/x/x/x/x/a"));
    assert_eq!(read(&shapes(0, 65)).unwrap_err().kind, Kind::TooManyShapes);
    let other = read(&shapes(100, 1)).unwrap();
    assert_eq!(Acl::compile(&[&full, &other], &Nobody, 0).unwrap_err(), CompileError::TooManyShapes);
}

// Rule 38: no text can stand behind `root`, in any spelling.
#[test]
fn root_is_not_parsed() {
    for name in ["root", "ROOT"] {
        let error = parse(PolicyName::new(name).unwrap(), "path \"a\" { }").unwrap_err();
        assert_eq!(error.kind, Kind::Root);
    }
    let acl = Acl::compile(&[&Policy::root()], &Nobody, 0).unwrap();
    assert!(can(&acl, Operation::Write, "sys/anything") && acl.any_under("x/"));
    assert_eq!(acl.capabilities("a"), ["root"]);
}

#[test]
fn rules_expire_and_the_set_says_when_it_changes() {
    let text = r#"path "a" { capabilities = ["read"] expiration = 100 }
                  path "b" { capabilities = ["read"] expiration = "1970-01-01T00:03:20Z" }"#;
    let policy = read(text).unwrap();
    let at = |second: i64| Acl::compile(&[&policy], &Nobody, second * 1_000_000_000).unwrap();
    assert!(can(&at(99), Operation::Read, "a") && !can(&at(100), Operation::Read, "a"));
    assert!(can(&at(100), Operation::Read, "b") && !can(&at(200), Operation::Read, "b"));
    assert_eq!(at(0).valid_until(), Some(100_000_000_000));
    assert_eq!(at(100).valid_until(), Some(200_000_000_000));
    assert_eq!(at(200).valid_until(), None);
}

#[test]
fn errors_do_not_repeat_the_text() {
    let secret = "hunter2hunter2";
    for text in [
        format!("{secret} \"a\" {{ }}"),
        format!("path \"a\" {{ {secret} = 1 }}"),
        format!("path \"a\" {{ capabilities = [\"{secret}\"] }}"),
        format!("path \"a\" {{ policy = \"{secret}\" }}"),
        format!("path \"{secret}+*\" {{ }}"),
        format!("path \"{{{{{secret}}}}}\" {{ }}"),
        format!("path \"a\" {{ max_wrapping_ttl = \"{secret}\" }}"),
        format!("path \"a\" {{ '{secret}' }}"),
    ] {
        let error = read(&text).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(secret), "{error}");
    }
}
