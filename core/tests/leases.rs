//! `sys/leases/`: tokens as leases.

#![allow(clippy::panic, reason = "a helper of tests")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use serde_json::{Value, json};
use strongroom_core::{
    Error, Result,
    request::Operation,
    response::Response,
    testing::{TestCore, data, is_denied},
};

#[track_caller]
fn refused(outcome: Result<Response>, message: &str) {
    match outcome {
        Err(Error::Invalid(text)) => assert_eq!(text, message),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

/// A token and the id of its lease.
async fn leased(test: &TestCore) -> (String, String) {
    let before = lease_names(test).await;
    let body = json!({ "policies": ["default"], "ttl": "1h" });
    let auth = test.write("auth/token/create", body).await.unwrap().auth.unwrap();
    let token = auth.client_token.expose_str().unwrap().to_owned();
    let name = lease_names(test).await.into_iter().find(|it| !before.contains(it)).unwrap();
    (token, format!("auth/token/create/{name}"))
}

/// The leases of the tokens that another token made.
async fn lease_names(test: &TestCore) -> Vec<String> {
    match test.list("sys/leases/lookup/auth/token/create").await {
        Ok(listed) => serde_json::from_value(data(&listed)["keys"].clone()).unwrap(),
        Err(_) => Vec::new(),
    }
}

async fn is_alive(test: &TestCore, token: &str) -> bool {
    test.as_token(token, Operation::Read, "auth/token/lookup-self", Value::Null).await.is_ok()
}

#[tokio::test]
async fn a_tokens_lease_is_listed_shown_and_revoked() {
    let test = TestCore::new().await;
    let (token, id) = leased(&test).await;
    let keys = data(&test.list("sys/leases/lookup/auth/token/create").await.unwrap());
    assert!(keys["keys"].as_array().unwrap().iter().any(|it| id.ends_with(it.as_str().unwrap())));
    let shown = data(&test.write("sys/leases/lookup", json!({ "lease_id": id })).await.unwrap());
    assert_eq!((&shown["ttl"], &shown["path"]), (&json!(3600), &json!("auth/token/create")));
    let renewed = test.write("sys/leases/renew", json!({ "lease_id": id })).await;
    refused(renewed, "tokens cannot be renewed through this endpoint");
    let body = json!({ "lease_id": id, "sync": true });
    assert!(test.write("sys/leases/revoke", body).await.unwrap().is_empty());
    assert!(!is_alive(&test, &token).await);
    refused(test.write("sys/leases/lookup", json!({ "lease_id": id })).await, "invalid lease");
}

#[tokio::test]
async fn a_lease_that_is_not_there_is_said_to_be_missing() {
    let test = TestCore::new().await;
    let body = json!({ "lease_id": "none/x" });
    refused(test.write("sys/leases/lookup", body.clone()).await, "invalid lease");
    refused(test.write("sys/leases/renew", body.clone()).await, "lease not found");
    assert!(test.write("sys/leases/revoke", body).await.unwrap().is_empty());
    for verb in ["lookup", "renew", "revoke"] {
        let outcome = test.write(&format!("sys/leases/{verb}"), json!({})).await;
        refused(outcome, "lease_id must be specified");
    }
    assert!(matches!(test.list("sys/leases/lookup/none").await, Err(Error::NotFound)));
}

#[tokio::test]
async fn older_spellings_answer_the_same() {
    let test = TestCore::new().await;
    let (token, id) = leased(&test).await;
    refused(test.write("sys/renew", json!({ "lease_id": "none/x" })).await, "lease not found");
    assert_eq!(test.write(&format!("sys/revoke/{id}"), Value::Null).await.unwrap().status, Some(202));
    assert!(!is_alive(&test, &token).await);
    let (token, _) = leased(&test).await;
    let body = json!({ "sync": true });
    assert!(test.write("sys/revoke-prefix/auth/token/create", body).await.unwrap().is_empty());
    assert!(!is_alive(&test, &token).await);
    let (token, _) = leased(&test).await;
    assert!(test.write("sys/revoke-force/auth/token/create", Value::Null).await.unwrap().is_empty());
    assert!(!is_alive(&test, &token).await);
}

// Rule 45, Rule 88
#[tokio::test]
async fn knowing_an_id_grants_nothing() {
    let test = TestCore::new().await;
    let (own, own_id) = leased(&test).await;
    let (_, other) = leased(&test).await;
    let ask = async |id: &str, token: &str| {
        test.as_token(token, Operation::Write, "sys/leases/lookup", json!({ "lease_id": id })).await
    };
    assert!(ask(&own_id, &own).await.is_ok());
    assert!(is_denied(&ask(&other, &own).await));
    let policy = "path \"sys/leases/lookup\" { capabilities = [\"update\"] }
        path \"sys/leases/lookup/auth/token/*\" { capabilities = [\"update\"] }";
    let granted = test.token_with(policy).await;
    assert!(ask(&other, &granted).await.is_ok());
}

// Rule 88
#[tokio::test]
async fn listing_and_revoking_by_prefix_need_sudo() {
    let test = TestCore::new().await;
    let policy = "path \"sys/leases/*\" { capabilities = [\"update\", \"list\"] }";
    let token = test.token_with(policy).await;
    let ask = async |operation, path| test.as_token(&token, operation, path, Value::Null).await;
    assert!(is_denied(&ask(Operation::List, "sys/leases/lookup/auth").await));
    assert!(is_denied(&ask(Operation::Write, "sys/leases/revoke-prefix/auth/token").await));
    assert!(is_denied(&ask(Operation::Write, "sys/leases/revoke-force/auth/token").await));
}

// Rule 96: ids of leases stand in the clear in audited paths, where accessors are hashed.
#[tokio::test]
async fn a_lease_id_tells_nothing_of_the_tokens_accessor() {
    let test = TestCore::new().await;
    let body = json!({ "policies": ["default"], "no_parent": true });
    let auth = test.write("auth/token/create", body).await.unwrap().auth.unwrap();
    let listed = test.list("sys/leases/lookup/auth/token/create").await.unwrap();
    let id = data(&listed)["keys"][0].as_str().unwrap().to_owned();
    let shown = data_encoding::HEXLOWER.decode(&id.as_bytes()[1..33]).unwrap();
    // As the accessor would be written.
    let alphabet = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let digits = |bytes: &[u8]| {
        let mut number = u128::from_be_bytes(bytes.try_into().unwrap());
        let mut out = vec![b'0'; 22];
        for slot in out.iter_mut().rev() {
            *slot = alphabet[usize::try_from(number % 62).unwrap()];
            number /= 62;
        }
        String::from_utf8(out).unwrap()
    };
    assert_eq!(digits(&shown).len(), auth.accessor.len());
    assert_ne!(digits(&shown), auth.accessor);
}
