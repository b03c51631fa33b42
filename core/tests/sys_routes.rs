//! All endpoints there are: who may ask, and that nobody else may.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test"
)]

use std::{collections::BTreeSet, fmt::Write as _};

use serde_json::{Value, json};
use strongroom_core::{
    Error,
    catalog::{self, UNAUTHENTICATED},
    request::Operation,
    route::{Access, Endpoint, Handler, Kind, Route},
    testing::{TestCore, is_denied},
};

struct Listed {
    /// With the names of parameters in braces.
    pattern: String,
    endpoint: &'static Endpoint,
}

fn operation(operation: Operation) -> &'static str {
    match operation {
        Operation::Delete => "delete",
        Operation::Help => "help",
        Operation::List => "list",
        Operation::Patch => "patch",
        Operation::Read => "read",
        Operation::Scan => "scan",
        Operation::Write => "write",
    }
}

fn endpoints() -> Vec<Listed> {
    let mut out = Vec::new();
    for it in catalog::all() {
        for route in it.tables.iter().flat_map(|it| it.iter()) {
            let route: &'static Route = route;
            let pattern = format!("{}{}", it.prefix, route.pattern);
            out.extend(route.endpoints.iter().map(|endpoint| Listed { pattern: pattern.clone(), endpoint }));
        }
    }
    out
}

/// Reviewed whenever it changes: it is the whole surface.
#[test]
fn the_list_of_endpoints_is_the_reviewed_one() {
    let mut list = String::new();
    for it in endpoints() {
        let operation = operation(it.endpoint.operation);
        writeln!(list, "{} {operation} {:?} {:?}", it.pattern, it.endpoint.access, it.endpoint.writes)
            .unwrap();
    }
    insta::assert_snapshot!("endpoints", list);
}

// Rule 52
#[test]
fn whatever_asks_for_no_token_is_on_the_list() {
    let found: Vec<Listed> =
        endpoints().into_iter().filter(|it| it.endpoint.access == Access::Unauth).collect();
    for (pattern, name) in UNAUTHENTICATED {
        let exists = |it: &Listed| it.pattern == *pattern && operation(it.endpoint.operation) == *name;
        assert!(found.iter().any(exists), "{pattern} {name} is on the list and does not exist");
    }
    for it in found {
        let operation = operation(it.endpoint.operation);
        let login = it.pattern.starts_with("auth/{") && it.pattern.contains("/login");
        let known = UNAUTHENTICATED.contains(&(it.pattern.as_str(), operation)) || login;
        assert!(known, "{} {operation} asks for no token and is not on the list", it.pattern);
    }
}

/// Only what is no record may be changed outside of the request's transaction: the seal, the digest, the clock.
#[test]
fn only_the_operators_own_work_is_outside_of_a_transaction() {
    let expected = [
        "clock",
        "generate-root",
        "generate-root-token",
        "health",
        "init",
        "integrity",
        "leader",
        "rekey",
        "rekey-recovery-key",
        "rotate",
        "seal",
        "seal-status",
        // Snapshots: the whole store at once, in or out.
        "storage",
        "unseal",
    ];
    let outside = endpoints().into_iter().filter(|it| matches!(it.endpoint.handler, Handler::Outside(_)));
    let found: BTreeSet<String> = outside
        .map(|it| match it.pattern.strip_prefix("sys/").and_then(|it| it.split('/').next()) {
            Some(first) => first.to_owned(),
            None => it.pattern,
        })
        .collect();
    assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

/// A path that a route's pattern fits.
fn fill(pattern: &str) -> String {
    let segments: Vec<&str> =
        pattern.split('/').map(|it| if it.starts_with('{') { "x" } else { it }).collect();
    segments.join("/")
}

/// Where the routes of an engine are reached: its only mount, or one that is made for the test.
async fn mount_of(test: &TestCore, listed: &catalog::Listed) -> String {
    let kind = listed.engine.kind();
    let mount = match listed.prefix.as_str() {
        it if it.starts_with("auth/{") => format!("auth/t-{kind}"),
        it if it.starts_with('{') => format!("t-{kind}"),
        it => it.trim_end_matches('/').to_owned(),
    };
    if listed.prefix.contains('{') {
        let path = match mount.strip_prefix("auth/") {
            Some(path) => format!("sys/auth/{path}"),
            None => format!("sys/mounts/{mount}"),
        };
        test.write(&path, json!({ "type": kind })).await.unwrap();
    }
    mount
}

// Rules 52 and 45: every endpoint refuses whoever has no token, whoever has no policy for it, and, where it
// asks for sudo, whoever has all but that.
#[tokio::test]
async fn every_endpoint_refuses_whom_it_should() {
    let test = TestCore::new().await;
    let nobody = test.token_with("path \"none\" { capabilities = [\"read\"] }").await;
    let all =
        r#"path "*" { capabilities = ["create", "read", "update", "patch", "delete", "list", "scan"] }"#;
    let without_sudo = test.token_with(all).await;
    let (mut asked, mut sudo) = (0, 0);
    for listed in catalog::all() {
        let mount = mount_of(&test, &listed).await;
        for route in listed.tables.iter().flat_map(|it| it.iter()) {
            let path = format!("{mount}/{}", fill(route.pattern));
            for endpoint in route.endpoints.iter().filter(|it| it.access != Access::Unauth) {
                let operation = endpoint.operation;
                for token in ["", "hvs.none", nobody.as_str()] {
                    let answer = test.as_token(token, operation, &path, Value::Null).await;
                    // Whoever opens with a token that is none learns that it opens nothing, as from OpenBao.
                    let opens = matches!(path.as_str(), "sys/wrapping/unwrap" | "sys/wrapping/rewrap");
                    let is_refused = match (&answer, token) {
                        (Err(Error::Invalid(text)), "hvs.none") if opens => {
                            text == "wrapping token is not valid or does not exist"
                        }
                        (answer, _) => is_denied(answer),
                    };
                    assert!(is_refused, "{operation:?} {path} answers {answer:?}");
                    asked += 1;
                }
                if endpoint.access == Access::Sudo {
                    let answer = test.as_token(&without_sudo, operation, &path, Value::Null).await;
                    assert!(is_denied(&answer), "{operation:?} {path} needs no sudo: {answer:?}");
                    sudo += 1;
                }
            }
        }
    }
    assert!(asked > 150, "{asked}");
    assert!(sudo > 15, "{sudo}");
}

// Rules 46, 51 and 58: what the policies decide on is what is acted upon. A denied path stays denied with a slash
// at its end, and with its names in another case.
#[tokio::test]
async fn no_other_spelling_of_a_path_gets_past_a_denial() {
    let test = TestCore::new().await;
    let everything = r#"path "*" { capabilities = ["create", "read", "update", "patch", "delete", "list", "scan", "sudo"] }"#;
    let mut tried = 0;
    for listed in catalog::all() {
        let mount = mount_of(&test, &listed).await;
        for route in listed.tables.iter().flat_map(|it| it.iter()) {
            let path = format!("{mount}/{}", fill(route.pattern));
            let upper = listed.engine.folded().iter().fold(route.pattern.to_owned(), |pattern, name| {
                pattern.replace(&format!("{{{name}}}"), "X").replace(&format!("{{{name}...}}"), "X")
            });
            let mut spellings = Vec::new();
            if upper != route.pattern {
                spellings.push(format!("{mount}/{}", fill(&upper)));
            }
            if !(listed.engine.has_folders() && route.has_folders()) {
                spellings.extend(spellings.first().map(|it| format!("{it}/")));
                spellings.push(format!("{path}/"));
            }
            let denial = format!("{everything}\npath \"{path}\" {{ capabilities = [\"deny\"] }}");
            let token = test.token_with(&denial).await;
            for endpoint in route.endpoints.iter().filter(|it| it.access != Access::Unauth) {
                for spelling in spellings.iter().chain([&path]) {
                    let answer = test.as_token(&token, endpoint.operation, spelling, Value::Null).await;
                    assert!(is_denied(&answer), "{:?} {spelling} answers {answer:?}", endpoint.operation);
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 250, "{tried}");
}

/// `STRONGROOM_BLESS=1 cargo test` writes it anew.
#[test]
fn the_openapi_document_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
    let current = serde_json::to_string_pretty(&catalog::openapi()).unwrap() + "\n";
    if std::env::var_os("STRONGROOM_BLESS").is_some() {
        std::fs::write(path, &current).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap();
    assert!(kept == current, "docs/openapi.json is not what the routes say");
    let document: Value = serde_json::from_str(&kept).unwrap();
    assert_eq!(document["paths"]["/sys/remount"]["post"]["x-vault-sudo"], true);
    assert_eq!(document["paths"]["/sys/health"]["get"]["x-vault-unauthenticated"], true);
}

// Rule 96: the list from which the audit log knows what never passes.
#[test]
fn what_carries_a_credential_is_declared_so() {
    let marks = ["token", "password", "passphrase", "secret_id", "otp", "key", "input"];
    // Names of credentials, and keys that are public.
    let other = ["pgp_key", "root_token_pgp_key", "secret_id_accessor", "token_type"];
    let mut secret = 0;
    for it in endpoints() {
        let strongroom_core::route::Fields::Known(fields) = it.endpoint.fields else { continue };
        for field in fields.iter().filter(|it| matches!(it.kind, Kind::Secret | Kind::Text)) {
            let is_marked = marks.iter().any(|it| field.name.contains(it)) && !other.contains(&field.name);
            assert!(!is_marked || field.kind == Kind::Secret, "{}: {}", it.pattern, field.name);
            secret += usize::from(field.kind == Kind::Secret);
        }
    }
    assert!(secret > 20, "{secret}");
}

// Rule 67: whoever proves itself by a login is counted when it fails.
#[test]
fn every_way_in_is_declared_a_login() {
    let mut logins = 0;
    for it in endpoints() {
        let is_way_in = it.pattern.starts_with("auth/")
            && it.endpoint.access == Access::Unauth
            && it.endpoint.operation == Operation::Write;
        assert_eq!(it.endpoint.login, is_way_in, "{}", it.pattern);
        logins += usize::from(is_way_in);
    }
    assert!(logins >= 2, "{logins}");
}
