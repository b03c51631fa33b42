//! `auth/token/`: tokens that make, show, renew and end tokens.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use strongroom_core::{
    Error, Result,
    request::{Operation, Peer},
    response::{Auth, Response},
    testing::{Ask, ROOT, TestCore, data, is_denied},
};

mod create;
mod life;
mod revoke;
mod roles;
mod show;

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
