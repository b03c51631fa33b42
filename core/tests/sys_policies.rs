//! Policies are written, read, asked about and explained.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use serde_json::{Value, json};
use strongroom_core::{
    Error, Result,
    request::Operation,
    response::Response,
    testing::{Ask, TestCore, data, is_denied},
};

const READ_A: &str = "# kept to the byte\npath \"a\" {\n  capabilities = [\"read\"]\n}\n";

#[track_caller]
fn refused(outcome: Result<Response>, message: &str) {
    match outcome {
        Err(Error::Invalid(text)) => assert_eq!(text, message),
        other => panic!("{other:?} is no refusal: {message}"),
    }
}

#[tokio::test]
async fn a_policy_comes_back_to_the_byte_in_both_forms() {
    let test = TestCore::new().await;
    test.write("sys/policies/acl/Team/App", json!({ "policy": READ_A })).await.unwrap();
    let shown = test.read("sys/policies/acl/team/app").await.unwrap();
    assert_eq!(data(&shown), json!({ "name": "team/app", "policy": READ_A }));
    assert!(!shown.repeat_data);
    let old = test.read("sys/policy/TEAM/app").await.unwrap();
    assert_eq!(data(&old), json!({ "name": "team/app", "rules": READ_A }));
    assert!(old.repeat_data);
    let keys = json!(["default", "root", "team/app"]);
    assert_eq!(data(&test.list("sys/policies/acl").await.unwrap())["keys"], keys);
    assert_eq!(data(&test.read("sys/policy").await.unwrap())["policies"], keys);
    test.delete("sys/policies/acl/team/APP").await.unwrap();
    assert!(matches!(test.read("sys/policy/team/app").await, Err(Error::NotFound)));
}

#[tokio::test]
async fn base64_is_read_as_what_it_encodes() {
    let test = TestCore::new().await;
    let encoded = data_encoding::BASE64.encode(READ_A.as_bytes());
    test.write("sys/policies/acl/p", json!({ "policy": encoded })).await.unwrap();
    assert_eq!(data(&test.read("sys/policies/acl/p").await.unwrap())["policy"], READ_A);
}

// Rules 38 and 57
#[tokio::test]
async fn what_is_no_policy_is_refused_and_nothing_is_kept() {
    let test = TestCore::new().await;
    let put = async |name: &str, text: &str| {
        test.write(&format!("sys/policies/acl/{name}"), json!({ "policy": text })).await
    };
    refused(put("p", "").await, "'policy' parameter not supplied or empty");
    for text in [
        "path \"a\" {",
        "path \"a\" { capabilities = [\"fly\"] }",
        "path \"a\" { caps = [\"read\"] }",
        "path \"a/+*\" { capabilities = [\"read\"] }",
        "path \"a\" { capabilities = [\"read\"] capabilities = [\"list\"] }",
    ] {
        let Err(Error::Invalid(message)) = put("p", text).await else { panic!("{text}") };
        assert!(message.starts_with("failed to parse policy: 1:"), "{message}");
        assert!(!message.contains("fly"), "an error does not repeat the input");
    }
    assert!(matches!(test.read("sys/policies/acl/p").await, Err(Error::NotFound)));
    refused(put("root", READ_A).await, "cannot update \"root\" policy");
    refused(put("Response-Wrapping", READ_A).await, "cannot update \"response-wrapping\" policy");
    refused(test.delete("sys/policies/acl/root").await, "cannot delete \"root\" policy");
    refused(test.delete("sys/policies/acl/DEFAULT").await, "cannot delete default policy");
    assert!(matches!(put("ro\u{200b}ot", READ_A).await, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn a_change_holds_for_the_next_request() {
    let test = TestCore::new().await;
    let token = test.token_with("path \"sys/mounts\" { capabilities = [\"read\"] }").await;
    test.as_token(&token, Operation::Read, "sys/mounts", Value::Null).await.unwrap();
    let names = data(&test.list("sys/policies/acl").await.unwrap())["keys"].clone();
    let name = names.as_array().unwrap().iter().find(|it| it.as_str().unwrap().starts_with('p')).unwrap();
    test.delete(&format!("sys/policies/acl/{}", name.as_str().unwrap())).await.unwrap();
    assert!(is_denied(&test.as_token(&token, Operation::Read, "sys/mounts", Value::Null).await));
}

#[tokio::test]
async fn capabilities_are_told_by_token_by_accessor_and_to_oneself() {
    let test = TestCore::new().await;
    let own = r#"path "a" { capabilities = ["update", "read"] } path "b" { capabilities = ["deny", "read"] }
        path "sys/capabilities-self" { capabilities = ["update"] }"#;
    let token = test.token_with(own).await;
    let paths = json!({ "paths": ["a", "b", "c"] });
    let expected = json!({ "a": ["read", "update"], "b": ["deny"], "c": ["deny"] });
    let told = test.as_token(&token, Operation::Write, "sys/capabilities-self", paths.clone()).await.unwrap();
    assert_eq!(data(&told), expected);
    assert!(told.repeat_data);
    let told = test.write("sys/capabilities", json!({ "token": token, "paths": "a,b,c" })).await.unwrap();
    assert_eq!(data(&told), expected);
    let shown = test.write("auth/token/lookup", json!({ "token": token })).await.unwrap();
    let accessor = data(&shown)["accessor"].clone();
    let told =
        test.write("sys/capabilities-accessor", json!({ "accessor": accessor, "path": "a" })).await.unwrap();
    assert_eq!(data(&told), json!({ "a": ["read", "update"], "capabilities": ["read", "update"] }));

    let root = test.write("sys/capabilities-self", json!({ "path": "x" })).await.unwrap();
    assert_eq!(data(&root)["x"], json!(["root"]));
    refused(test.write("sys/capabilities-self", json!({})).await, "paths must be supplied");
    refused(test.write("sys/capabilities", json!({ "token": "no", "path": "a" })).await, "invalid token");
    refused(
        test.write("sys/capabilities-accessor", json!({ "accessor": "no", "path": "a" })).await,
        "invalid accessor",
    );
    // Rule 60: what others may do is not for everybody.
    let asked = json!({ "token": token, "path": "a" });
    assert!(is_denied(&test.as_token(&token, Operation::Write, "sys/capabilities", asked).await));
}

#[tokio::test]
async fn a_decision_is_explained_and_who_can_is_told() {
    let test = TestCore::new().await;
    let text =
        "path \"team/*\" { capabilities = [\"read\"] }\npath \"team/secret\" { capabilities = [\"deny\"] }";
    test.write("sys/policies/acl/team", json!({ "policy": text })).await.unwrap();
    let ask = json!({ "path": "team/secret", "operation": "read", "policies": ["team"] });
    let told = data(&test.write("sys/policies/explain", ask).await.unwrap());
    assert_eq!(told["allowed"], false);
    assert_eq!(told["decided_by"]["path"], "team/secret");
    assert_eq!(told["decided_by"]["stanzas"], json!([{ "policy": "team", "line": 2 }]));
    assert_eq!(told["passed_over"][0]["path"], "team/*");
    let told = data(&test.write("sys/policies/who-can", json!({ "path": "team/x" })).await.unwrap());
    assert_eq!(told["policies"], json!(["root", "team"]));
    let token = test.token_with("path \"sys/policies/*\" { capabilities = [\"update\"] }").await;
    let asked = test.as_token(&token, Operation::Write, "sys/policies/who-can", json!({ "path": "x" })).await;
    assert!(is_denied(&asked), "it needs sudo");
}

// Rule 60
#[tokio::test]
async fn a_mount_is_seen_by_those_who_may_touch_something_in_it() {
    let test = TestCore::new().await;
    for path in ["mine", "theirs", "open"] {
        test.write(&format!("sys/mounts/{path}"), json!({ "type": "kv" })).await.unwrap();
    }
    test.write("sys/mounts/open/tune", json!({ "listing_visibility": "unauth" })).await.unwrap();
    let token = test.token_with("path \"mine/a\" { capabilities = [\"read\"] }").await;
    let ask = async |token: &str, path: &str| {
        test.as_token(token, Operation::Read, &format!("sys/internal/ui/mounts{path}"), Value::Null).await
    };
    assert_eq!(data(&ask(&token, "/mine/b/c").await.unwrap())["path"], "mine/");
    // A mount that is not for the caller and one that is not there are refused in the same words.
    for path in ["theirs", "none"] {
        let Err(Error::DeniedBecause(message)) = ask(&token, &format!("/{path}")).await else {
            panic!("{path}")
        };
        assert_eq!(
            message,
            format!(
                "preflight capability check returned 403, please ensure client's policies grant access to path \"{path}/\""
            )
        );
    }
    assert!(matches!(ask("", "/mine").await, Err(Error::Denied)));
    assert!(is_denied(&ask("hvs.wrong", "").await));
    let seen = data(&ask(&token, "").await.unwrap());
    assert_eq!(seen["secret"].as_object().unwrap().keys().collect::<Vec<_>>(), ["mine/", "open/"]);
    let public = data(&ask("", "").await.unwrap());
    assert_eq!(public["secret"], json!({ "open/": { "description": "", "options": null, "type": "kv" } }));
}

#[tokio::test]
async fn help_tells_what_a_path_takes() {
    let test = TestCore::new().await;
    let help = test.ask(Ask::new(Operation::Help, "sys/mounts/x/tune")).await.unwrap();
    let raw = help.raw.unwrap();
    let text: Value = serde_json::from_slice(raw.body.expose()).unwrap();
    assert!(text["help"].as_str().unwrap().contains("default_lease_ttl (duration)"), "{text}");
    assert!(text["openapi"]["get"].is_object());
    let token = test.token_with("path \"x\" { capabilities = [\"read\"] }").await;
    assert!(is_denied(&test.as_token(&token, Operation::Help, "sys/mounts", Value::Null).await));
}
