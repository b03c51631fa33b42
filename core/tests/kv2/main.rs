//! KV version 2: versions, settings, listings, and who may do what.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use strongroom_core::{
    Error, Settings,
    request::Operation,
    response::Response,
    secrets::{kv, testing},
    storage::{Memory, Storage as _},
    testing::{Ask, ROOT, TestCore, data, is_denied},
};

mod data;
mod metadata;
mod race;
mod stored;
mod versions;

async fn core() -> TestCore {
    TestCore::new().await
}

/// Writes a version and answers its number.
async fn put(test: &TestCore, path: &str, value: Value) -> u64 {
    let answer = test.write(&format!("secret/data/{path}"), json!({ "data": value })).await.unwrap();
    data(&answer)["version"].as_u64().unwrap()
}

async fn get(test: &TestCore, path: &str, version: i64) -> Result<Response, Error> {
    let body = json!({ "version": version });
    test.ask(Ask { body, ..Ask::new(Operation::Read, &format!("secret/data/{path}")) }).await
}

async fn value(test: &TestCore, path: &str, version: i64) -> Value {
    data(&get(test, path, version).await.unwrap())["data"].clone()
}

async fn metadata(test: &TestCore, path: &str) -> Value {
    data(&test.read(&format!("secret/metadata/{path}")).await.unwrap())
}

async fn patch(test: &TestCore, path: &str, body: Value) -> Result<Response, Error> {
    test.ask(Ask { body, ..Ask::new(Operation::Patch, path) }).await
}

async fn keys(test: &TestCore, path: &str) -> Vec<String> {
    match test.list(path).await {
        Ok(answer) => serde_json::from_value(data(&answer)["keys"].clone()).unwrap(),
        Err(Error::NotFound) => Vec::new(),
        Err(error) => panic!("{error}"),
    }
}

#[track_caller]
fn refused(outcome: Result<Response, Error>, message: &str) {
    match outcome {
        Err(Error::Invalid(text)) => assert!(text.contains(message), "{text}"),
        other => panic!("{other:?} is no refusal that says {message}"),
    }
}
