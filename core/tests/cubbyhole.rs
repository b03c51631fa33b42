//! Cubbyhole: to each token its own, and to nobody without it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use strongroom_core::{
    Error, Result, Settings,
    request::{Operation, Peer},
    response::Response,
    secrets::{cubbyhole, testing},
    storage::{Memory, Storage as _},
    testing::{Ask, TestCore, data, is_denied},
    tokens::Token,
};

async fn token(test: &TestCore, body: Value) -> String {
    let made = test.write("auth/token/create", body).await.unwrap();
    made.auth.unwrap().client_token.expose_str().unwrap().to_owned()
}

async fn default(test: &TestCore) -> String {
    token(test, json!({ "policies": ["default"] })).await
}

async fn ask(
    test: &TestCore,
    token: &str,
    operation: Operation,
    path: &str,
    body: Value,
) -> Result<Response> {
    test.as_token(token, operation, &format!("cubbyhole/{path}"), body).await
}

// Rule 31
#[tokio::test]
async fn each_token_sees_only_its_own() {
    let test = TestCore::new().await;
    let (a, b) = (default(&test).await, default(&test).await);
    let secret = json!({ "v": 1, "ttl": "5m" });
    assert!(ask(&test, &a, Operation::Write, "x", secret.clone()).await.unwrap().is_empty());
    let read = ask(&test, &a, Operation::Read, "x", Value::Null).await.unwrap();
    assert!(data(&read) == secret && read.lease.is_none());
    for token in [b.as_str(), strongroom_core::testing::ROOT] {
        let other = ask(&test, token, Operation::Read, "x", Value::Null).await;
        assert!(matches!(other, Err(Error::NotFound)));
        assert!(matches!(ask(&test, token, Operation::List, "", Value::Null).await, Err(Error::NotFound)));
    }
    ask(&test, &b, Operation::Write, "x", json!({ "v": 2 })).await.unwrap();
    assert_eq!(data(&ask(&test, &a, Operation::Read, "x", Value::Null).await.unwrap()), secret);
    ask(&test, &a, Operation::Delete, "x", Value::Null).await.unwrap();
    let gone = ask(&test, &a, Operation::Read, "x", Value::Null).await;
    assert!(matches!(gone, Err(Error::NotFound)));
    assert_eq!(data(&ask(&test, &b, Operation::Read, "x", Value::Null).await.unwrap()), json!({ "v": 2 }));
}

#[tokio::test]
async fn it_has_folders_and_wants_fields() {
    let test = TestCore::new().await;
    let a = default(&test).await;
    for path in ["d/e", "d/f/g", "h"] {
        ask(&test, &a, Operation::Write, path, json!({ "v": 1 })).await.unwrap();
    }
    let list =
        async |path| data(&ask(&test, &a, Operation::List, path, Value::Null).await.unwrap())["keys"].clone();
    assert_eq!(list("").await, json!(["d/", "h"]));
    assert_eq!(list("d").await, json!(["e", "f/"]));
    assert_eq!(list("d/").await, json!(["e", "f/"]));
    for (path, body, says) in [
        ("g", json!({}), "missing data fields"),
        ("g", Value::Null, "missing data fields"),
        ("g/", json!({ "v": 1 }), "cannot write to a path ending in '/'"),
    ] {
        match test.write(&format!("cubbyhole/{path}"), body).await {
            Err(Error::Invalid(text)) => assert_eq!(text, says),
            other => panic!("{other:?}"),
        }
    }
    assert!(is_denied(&ask(&test, &a, Operation::Scan, "", Value::Null).await));
    assert!(matches!(ask(&test, &a, Operation::Read, "d/", Value::Null).await, Err(Error::NotFound)));
    assert!(test.delete("cubbyhole/d/").await.unwrap().is_empty());
}

#[tokio::test]
async fn only_service_tokens_have_one() {
    let test = TestCore::new().await;
    let batch = token(&test, json!({ "policies": ["default"], "type": "batch" })).await;
    for operation in [Operation::Read, Operation::Write, Operation::Delete, Operation::List] {
        let asked = ask(&test, &batch, operation, "x", json!({ "v": 1 })).await;
        match asked {
            Err(Error::Invalid(text)) => assert!(text.contains("'service' type tokens"), "{text}"),
            other => panic!("{other:?}"),
        }
    }
    let embedder = Ask { token: "", peer: Peer::Embedded, ..Ask::new(Operation::Read, "cubbyhole/x") };
    assert!(matches!(test.ask(embedder).await, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn a_new_token_with_an_old_id_finds_nothing() {
    let test = TestCore::new().await;
    let body = json!({ "id": "chosen-id", "policies": ["default"], "ttl": "5m" });
    let first = token(&test, body.clone()).await;
    ask(&test, &first, Operation::Write, "x", json!({ "v": 1 })).await.unwrap();
    test.write("auth/token/revoke", json!({ "token": first })).await.unwrap();
    assert!(is_denied(&ask(&test, &first, Operation::Read, "x", Value::Null).await));
    // The background has removed the token, and has not come to its cubbyhole.
    testing::forget_token(&test.core, &first).await;
    test.clock.advance(Duration::from_secs(1));
    let second = token(&test, body).await;
    assert_eq!(first, second);
    let found = ask(&test, &second, Operation::Read, "x", Value::Null).await;
    assert!(matches!(found, Err(Error::NotFound)));
}

async fn rows(storage: &Memory) -> usize {
    let mut snapshot = storage.snapshot().await.unwrap();
    let mut count = 0;
    loop {
        match snapshot.next(1000).await.unwrap().len() {
            0 => return count,
            more => count += more,
        }
    }
}

#[tokio::test]
async fn a_tokens_purge_empties_it() {
    let storage = Arc::new(Memory::new());
    let test = TestCore::over(storage.clone(), Settings::default()).await;
    let a = default(&test).await;
    let before = rows(&storage).await;
    for path in ["x", "d/e", "d/f/g"] {
        ask(&test, &a, Operation::Write, path, json!({ "v": 1 })).await.unwrap();
    }
    assert!(rows(&storage).await > before);
    let open = test.core.unsealed().unwrap();
    let place = open.tokens.place(&open.store, open.tokens.selector(a.as_bytes()));
    let entry = open.store.read::<Token>(&place).await.unwrap().unwrap().value;
    cubbyhole::purge(&open.store, &entry).await.unwrap();
    assert_eq!(rows(&storage).await, before);
    assert!(matches!(ask(&test, &a, Operation::Read, "x", Value::Null).await, Err(Error::NotFound)));
}
