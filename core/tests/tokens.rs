//! `auth/token/`: tokens that make, show, renew and end tokens.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use strongroom_core::{
    Error, Result,
    request::{Operation, Peer},
    response::{Auth, Response},
    testing::{Ask, ROOT, TestCore, data, is_denied},
};

const DAY: u64 = 86_400;

/// What clients see of a token.
struct Made {
    id: String,
    accessor: String,
    auth: Auth,
    warnings: Vec<String>,
}

fn made(response: Result<Response>) -> Made {
    let response = response.unwrap();
    let auth = response.auth.unwrap();
    Made {
        id: auth.client_token.expose_str().unwrap().to_owned(),
        accessor: auth.accessor.clone(),
        auth,
        warnings: response.warnings,
    }
}

async fn make(test: &TestCore, body: Value) -> Made {
    made(test.write("auth/token/create", body).await)
}

async fn write(test: &TestCore, token: &str, path: &str, body: Value) -> Result<Response> {
    test.as_token(token, Operation::Write, path, body).await
}

async fn own(test: &TestCore, token: &str) -> Result<Value> {
    let response = test.as_token(token, Operation::Read, "auth/token/lookup-self", Value::Null).await?;
    Ok(data(&response))
}

async fn show(test: &TestCore, token: &str) -> Result<Value> {
    Ok(data(&test.write("auth/token/lookup", json!({ "token": token })).await?))
}

async fn is_alive(test: &TestCore, token: &str) -> bool {
    let outcome = show(test, token).await;
    assert!(outcome.is_ok() || is_denied(&outcome), "{outcome:?}");
    outcome.is_ok()
}

#[track_caller]
fn refused<T: std::fmt::Debug>(outcome: Result<T>, message: &str) {
    match outcome {
        Err(Error::Invalid(text)) => assert_eq!(text, message),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

/// A token with a policy of its own on the token endpoints, and `default`.
async fn maker(test: &TestCore, name: &str, capabilities: &str) -> String {
    let policy = format!("path \"auth/token/*\" {{ capabilities = [{capabilities}] }}");
    test.write(&format!("sys/policies/acl/{name}"), json!({ "policy": policy })).await.unwrap();
    make(test, json!({ "policies": [name, "extra"], "ttl": "1h" })).await.id
}

#[tokio::test]
async fn a_plain_child_is_as_asked() {
    let test = TestCore::new().await;
    let body =
        json!({ "policies": ["p1", "default"], "ttl": "1h", "display_name": "by hand!", "meta": { "a": 1 } });
    let made = make(&test, body).await;
    assert!(made.id.starts_with("hvs."));
    assert_eq!(made.auth.policies, ["default", "p1"]);
    assert_eq!(made.auth.token_policies, ["default", "p1"]);
    assert_eq!((made.auth.lease_duration, made.auth.renewable, made.auth.orphan), (3600, true, false));
    assert_eq!(made.auth.token_type, "service");
    assert_eq!(made.warnings, ["Policy \"p1\" does not exist"]);

    test.clock.advance(Duration::from_secs(60));
    let shown = own(&test, &made.id).await;
    // The default policy lets a token look at itself.
    let shown = shown.unwrap();
    assert_eq!(
        shown,
        json!({
            "accessor": made.accessor, "creation_time": 1_700_000_000, "creation_ttl": 3600,
            "display_name": "token-by-hand", "entity_id": "", "expire_time": "2023-11-14T23:13:20Z",
            "explicit_max_ttl": 0, "id": made.id, "issue_time": "2023-11-14T22:13:20Z", "meta": { "a": "1" },
            "num_uses": 0, "orphan": false, "path": "auth/token/create", "policies": ["default", "p1"],
            "renewable": true, "ttl": 3540, "type": "service",
        })
    );
    assert_eq!(show(&test, &made.id).await.unwrap(), shown);
    let query =
        test.ask(Ask { body: json!({ "token": made.id }), ..Ask::new(Operation::Read, "auth/token/lookup") });
    assert_eq!(data(&query.await.unwrap()), shown);
    let by_accessor =
        test.write("auth/token/lookup-accessor", json!({ "accessor": made.accessor })).await.unwrap();
    // Rule 33: an accessor shows the token's record, and never the token.
    assert_eq!(data(&by_accessor)["id"], "");
    assert_eq!(data(&by_accessor)["accessor"], json!(made.accessor));
}
