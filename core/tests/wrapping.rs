//! Response wrapping: an answer is opened once, by whoever holds its token.

#![allow(clippy::panic, reason = "a helper of tests")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use strongroom_core::{
    Error, Result,
    request::Operation,
    response::{Response, WrapInfo},
    testing::{Ask, ROOT, TestCore, data, is_denied},
};

const TTL: Option<Duration> = Some(Duration::from_secs(60));

fn wrapped(outcome: Result<Response>) -> (String, WrapInfo) {
    let response = outcome.unwrap();
    assert!(response.data.is_none() && response.auth.is_none() && response.raw.is_none());
    let info = response.wrap_info.unwrap();
    (info.token.expose_str().unwrap().to_owned(), info)
}

async fn wrap(test: &TestCore, body: Value) -> String {
    let ask = Ask { body, wrap_ttl: TTL, ..Ask::new(Operation::Write, "sys/wrapping/wrap") };
    wrapped(test.ask(ask).await).0
}

async fn unwrap_as(test: &TestCore, token: &str, body: Value) -> Result<Value> {
    let response = test.as_token(token, Operation::Write, "sys/wrapping/unwrap", body).await?;
    Ok(serde_json::from_slice(response.raw.unwrap().body.expose()).unwrap())
}

async fn unwrap(test: &TestCore, wrapping: &str) -> Result<Value> {
    unwrap_as(test, ROOT, json!({ "token": wrapping })).await
}

#[track_caller]
fn invalid<T: std::fmt::Debug>(outcome: Result<T>) {
    match outcome {
        Err(Error::Invalid(text)) => assert_eq!(text, "wrapping token is not valid or does not exist"),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[tokio::test]
async fn what_is_wrapped_comes_out_as_it_was_and_once() {
    let test = TestCore::new().await;
    let body = json!({ "a": "b", "deep": { "list": [1, "x", true] } });
    let token = wrap(&test, body.clone()).await;
    assert_eq!(unwrap(&test, &token).await.unwrap()["data"], body);
    invalid(unwrap(&test, &token).await);
    let token = wrap(&test, json!({})).await;
    assert_eq!(unwrap_as(&test, &token, Value::Null).await.unwrap()["data"], json!({}));
    invalid(unwrap_as(&test, &token, Value::Null).await);
}

#[tokio::test]
async fn any_answer_can_be_wrapped() {
    let test = TestCore::new().await;
    test.write("secret/data/x", json!({ "data": { "k": "v" } })).await.unwrap();
    let (token, info) =
        wrapped(test.ask(Ask { wrap_ttl: TTL, ..Ask::new(Operation::Read, "secret/data/x") }).await);
    assert_eq!((info.creation_path.as_str(), info.ttl), ("secret/data/x", TTL.unwrap()));
    assert_eq!(unwrap(&test, &token).await.unwrap()["data"]["data"]["k"], "v");

    let body = json!({ "policies": ["default"], "ttl": "1h" });
    let ask = Ask { body, wrap_ttl: TTL, ..Ask::new(Operation::Write, "auth/token/create") };
    let (token, info) = wrapped(test.ask(ask).await);
    let auth = unwrap(&test, &token).await.unwrap()["auth"].clone();
    assert_eq!(auth["accessor"].as_str(), info.wrapped_accessor.as_deref());
    let made = auth["client_token"].as_str().unwrap();
    assert!(test.as_token(made, Operation::Read, "auth/token/lookup-self", Value::Null).await.is_ok());
}

#[tokio::test]
async fn errors_and_empty_answers_stay_plain() {
    let test = TestCore::new().await;
    let missing = test.ask(Ask { wrap_ttl: TTL, ..Ask::new(Operation::Read, "secret/data/none") }).await;
    assert!(missing.is_err(), "{missing:?}");
    let body = json!({ "k": "v" });
    let ask = Ask { body, wrap_ttl: TTL, ..Ask::new(Operation::Write, "cubbyhole/x") };
    assert!(test.ask(ask).await.unwrap().is_empty());
    assert!(matches!(test.write("sys/wrapping/wrap", json!({ "a": 1 })).await, Err(Error::Invalid(_))));
}

// Rules 92 and 111: nothing is stored for whoever has no token, but the token that it logs in for.
#[tokio::test]
async fn a_stranger_has_nothing_wrapped_and_an_answer_is_wrapped_or_not_given() {
    let test = TestCore::new().await;
    let ask = |token, operation, path, body| {
        test.ask(Ask { token, body, wrap_ttl: TTL, ..Ask::new(operation, path) })
    };
    let unwrappable = |outcome: Result<Response>| match outcome {
        Err(Error::Invalid(text)) => assert_eq!(text, "this answer cannot be wrapped"),
        other => panic!("{other:?}"),
    };
    for (operation, path) in [
        (Operation::Read, "sys/internal/ui/mounts"),
        (Operation::Read, "sys/internal/specs/openapi"),
        (Operation::Read, "sys/init"),
        (Operation::Write, "sys/unseal"),
        (Operation::Write, "sys/wrapping/lookup"),
    ] {
        for token in ["", "hvs.nobody"] {
            unwrappable(ask(token, operation, path, Value::Null).await);
        }
    }
    // With a token the same question is answered.
    wrapped(ask(ROOT, Operation::Read, "sys/internal/ui/mounts", Value::Null).await);
    // The state of the server is told as it is.
    assert!(ask("", Operation::Read, "sys/health", Value::Null).await.unwrap().raw.is_some());

    // New shares are not answered bare; and none is used up by asking for it.
    let start = json!({ "secret_shares": 1, "secret_threshold": 1 });
    let run = test.write("sys/rekey/init", start).await.unwrap();
    let run: Value = serde_json::from_slice(run.raw.unwrap().body.expose()).unwrap();
    let share = data_encoding::BASE64.encode(test.shares[0].expose());
    let give = json!({ "key": share, "nonce": run["nonce"] });
    unwrappable(ask(ROOT, Operation::Write, "sys/rekey/update", give.clone()).await);
    let done = test.write("sys/rekey/update", give).await.unwrap();
    let done: Value = serde_json::from_slice(done.raw.unwrap().body.expose()).unwrap();
    assert_eq!(done["complete"], true);

    test.core.seal_now();
    unwrappable(ask("", Operation::Write, "sys/unseal", json!({ "reset": true })).await);
    assert!(ask("", Operation::Read, "sys/seal-status", Value::Null).await.is_ok());
}

#[tokio::test]
async fn a_login_is_wrapped_and_no_wrapping_outlasts_the_systems_maximum() {
    let test = TestCore::new().await;
    test.write("sys/auth/userpass", json!({ "type": "userpass" })).await.unwrap();
    test.write("auth/userpass/users/ann", json!({ "password": "right" })).await.unwrap();
    let wrap_ttl = Some(Duration::from_secs(876_000 * 3600));
    let body = json!({ "password": "right" });
    let ask = Ask { token: "", body, wrap_ttl, ..Ask::new(Operation::Write, "auth/userpass/login/ann") };
    let (token, info) = wrapped(test.ask(ask).await);
    assert_eq!(info.ttl, Duration::from_secs(768 * 3600));
    assert!(unwrap(&test, &token).await.unwrap()["auth"]["client_token"].is_string());
}

// Rules 92 and 138
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_unwrap_at_once_one_wins() {
    let test = Arc::new(TestCore::new().await);
    for with_itself in [false, true] {
        let token = wrap(&test, json!({ "a": "b" })).await;
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..100 {
            let (test, token) = (test.clone(), token.clone());
            tasks.spawn(async move {
                match with_itself {
                    true => unwrap_as(&test, &token, Value::Null).await,
                    false => unwrap(&test, &token).await,
                }
            });
        }
        let outcomes = tasks.join_all().await;
        assert_eq!(outcomes.iter().filter(|it| it.is_ok()).count(), 1, "with itself: {with_itself}");
    }
}

// Rule 92
#[tokio::test]
async fn a_wrapping_token_does_nothing_else_and_is_spent_by_trying() {
    let test = TestCore::new().await;
    for path in ["auth/token/lookup-self", "secret/data/x", "sys/mounts"] {
        let token = wrap(&test, json!({ "a": "b" })).await;
        assert!(is_denied(&test.as_token(&token, Operation::Read, path, Value::Null).await), "{path}");
        invalid(unwrap(&test, &token).await);
    }
}

// Rule 92
#[tokio::test]
async fn looking_up_does_not_consume_and_the_creation_path_survives_rewrapping() {
    let test = TestCore::new().await;
    let body = json!({ "creation_path": "a/lie" });
    let ask = Ask { body, wrap_ttl: TTL, ..Ask::new(Operation::Write, "sys/wrapping/wrap") };
    let (first, _) = wrapped(test.ask(ask).await);
    let (second, info) = wrapped(test.write("sys/wrapping/rewrap", json!({ "token": first.as_str() })).await);
    assert_eq!(info.creation_path, "sys/wrapping/wrap");
    invalid(unwrap(&test, &first).await);
    for _ in 0..2 {
        let body = json!({ "token": second.as_str() });
        let shown = test.as_token("", Operation::Write, "sys/wrapping/lookup", body).await.unwrap();
        assert_eq!(data(&shown)["creation_path"], "sys/wrapping/wrap");
        assert_eq!(data(&shown)["creation_ttl"], 60);
    }
    let shown = test.as_token(&second, Operation::Read, "sys/wrapping/lookup", Value::Null).await.unwrap();
    assert_eq!(data(&shown)["creation_path"], "sys/wrapping/wrap");
    assert!(unwrap(&test, &second).await.is_ok());
}

#[tokio::test]
async fn the_token_must_be_presented_and_be_a_wrapping_token() {
    let test = TestCore::new().await;
    let token = wrap(&test, json!({ "a": "b" })).await;
    assert!(is_denied(&unwrap_as(&test, "", json!({ "token": token.as_str() })).await));
    assert!(is_denied(&test.as_token("", Operation::Write, "sys/wrapping/lookup", Value::Null).await));
    invalid(unwrap(&test, ROOT).await);
    invalid(unwrap_as(&test, ROOT, Value::Null).await);
    invalid(test.write("sys/wrapping/lookup", json!({ "token": "s.nonexistent" })).await);
    assert!(unwrap(&test, &token).await.is_ok());
}

// Rule 90
#[tokio::test]
async fn a_wrapping_token_dies_with_its_time() {
    let test = TestCore::new().await;
    let token = wrap(&test, json!({ "a": "b" })).await;
    test.clock.advance(Duration::from_secs(61));
    invalid(test.write("sys/wrapping/lookup", json!({ "token": token.as_str() })).await);
    invalid(unwrap(&test, &token).await);
}

#[tokio::test]
async fn older_clients_read_the_cubbyhole() {
    let test = TestCore::new().await;
    let token = wrap(&test, json!({ "a": "b" })).await;
    let response = test.as_token(&token, Operation::Read, "cubbyhole/response", Value::Null).await.unwrap();
    let text = data(&response)["response"].as_str().unwrap().to_owned();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["data"], json!({ "a": "b" }));
    invalid(unwrap(&test, &token).await);
}
