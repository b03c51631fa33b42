//! KV version 1, and how a mount of it becomes version 2.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use strongroom_core::{
    Error, Settings,
    request::Operation,
    secrets::{kv, testing},
    storage::Memory,
    testing::{Ask, TestCore, data, is_denied},
};

async fn core() -> TestCore {
    let test = TestCore::new().await;
    testing::mount(&test.core, "kv/", "kv", &[]).await;
    test
}

#[tokio::test]
async fn a_secret_is_written_read_replaced_and_deleted() {
    let test = core().await;
    assert!(matches!(test.read("kv/a").await, Err(Error::NotFound)));
    let first = json!({ "name": "one", "n": 1, "f": 1.5, "yes": true, "deep": { "x": "y" }, "none": null });
    assert!(test.write("kv/a", first.clone()).await.unwrap().is_empty());
    assert_eq!(data(&test.read("kv/a").await.unwrap()), first);
    test.write("kv/a", json!({ "other": "two" })).await.unwrap();
    assert_eq!(data(&test.read("kv/a").await.unwrap()), json!({ "other": "two" }));
    assert!(test.delete("kv/a").await.unwrap().is_empty());
    assert!(matches!(test.read("kv/a").await, Err(Error::NotFound)));
    assert!(test.delete("kv/a").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_field_says_how_long_the_answer_may_be_kept() {
    let test = core().await;
    let default = test.core.settings().default_lease_ttl.as_secs();
    for (fields, seconds) in [
        (json!({ "x": 1 }), default),
        (json!({ "ttl": "30m" }), 1800),
        (json!({ "lease": "90s" }), 90),
        (json!({ "lease": "90s", "ttl": 45 }), 45),
        (json!({ "ttl": "1.5h" }), 5400),
        (json!({ "ttl": "nonsense" }), default),
        (json!({ "ttl": 1.5 }), default),
        (json!({ "ttl": ["1"] }), default),
        (json!({ "ttl": null }), 0),
        (json!({ "ttl": "" }), 0),
        (json!({ "ttl": "-5s" }), 0),
        (json!({ "ttl": -5 }), 0),
        (json!({ "ttl": "2000h" }), 7_200_000),
    ] {
        test.write("kv/a", fields.clone()).await.unwrap();
        let lease = test.read("kv/a").await.unwrap().lease.unwrap();
        assert_eq!((lease.duration, lease.renewable), (Duration::from_secs(seconds), false), "{fields}");
        assert!(lease.id.is_empty());
    }
}

#[tokio::test]
async fn a_secret_needs_a_field_and_a_name() {
    let test = core().await;
    let says = |outcome: Result<_, Error>| match outcome {
        Err(Error::Invalid(text)) => text,
        _ => panic!("not refused"),
    };
    for nothing in [json!({}), Value::Null] {
        assert_eq!(says(test.write("kv/a", nothing).await), "missing data fields");
    }
    for path in ["kv/a/", "kv/x/y/"] {
        let refusal = says(test.write(path, json!({ "x": 1 })).await);
        assert_eq!(refusal, "cannot write to a path ending in '/'");
        assert!(matches!(test.read(path).await, Err(Error::NotFound)));
        assert!(test.delete(path).await.unwrap().is_empty());
    }
    let patched = test.ask(Ask { body: json!({ "x": 1 }), ..Ask::new(Operation::Patch, "kv/a") }).await;
    assert!(matches!(patched, Err(Error::UnsupportedOperation)));
}

#[tokio::test]
async fn folders_end_in_a_slash_and_vanish_when_empty() {
    let test = core().await;
    assert!(matches!(test.list("kv/").await, Err(Error::NotFound)));
    for path in ["b", "a/one", "a/two/three", "a"] {
        test.write(&format!("kv/{path}"), json!({ "x": 1 })).await.unwrap();
    }
    let keys = |path: &'static str| {
        let test = &test;
        async move { test.list(path).await.map(|it| data(&it)["keys"].clone()) }
    };
    assert_eq!(keys("kv/").await.unwrap(), json!(["a", "a/", "b"]));
    assert_eq!(keys("kv/a").await.unwrap(), json!(["one", "two/"]));
    assert_eq!(keys("kv/a/").await.unwrap(), json!(["one", "two/"]));
    assert!(matches!(keys("kv/b").await, Err(Error::NotFound)));
    test.delete("kv/a/two/three").await.unwrap();
    assert_eq!(keys("kv/a").await.unwrap(), json!(["one"]));
    let scan = test.ask(Ask::new(Operation::Scan, "kv/")).await.unwrap();
    assert_eq!(data(&scan)["keys"], json!(["a", "b", "a/one"]));
}

// Rule 53
#[tokio::test]
async fn a_new_secret_needs_create_and_an_old_one_update() {
    let test = core().await;
    test.write("kv/old", json!({ "x": 1 })).await.unwrap();
    let mut tokens = Vec::new();
    for capability in ["create", "update"] {
        let text = format!("path \"kv/*\" {{ capabilities = [\"{capability}\"] }}");
        testing::policy(&test.core, capability, &text).await;
        let body = json!({ "policies": [capability] });
        let made = test.write("auth/token/create", body).await.unwrap().auth.unwrap().client_token;
        tokens.push(made.expose_str().unwrap().to_owned());
    }
    let (create, update) = (&tokens[0], &tokens[1]);
    let write = |token, path| test.as_token(token, Operation::Write, path, json!({ "x": 2 }));
    assert!(is_denied(&write(update, "kv/new").await));
    write(create, "kv/new").await.unwrap();
    assert!(is_denied(&write(create, "kv/new").await));
    write(update, "kv/old").await.unwrap();
    assert!(is_denied(&test.as_token(update, Operation::Read, "kv/old", Value::Null).await));
    assert!(is_denied(&test.as_token(update, Operation::Delete, "kv/old", Value::Null).await));
}

#[tokio::test]
async fn a_large_secret_is_kept_and_leaves_nothing() {
    let storage = Arc::new(Memory::new());
    let test = TestCore::over(storage, Settings::default()).await;
    testing::mount(&test.core, "kv/", "kv-v1", &[]).await;
    let large = json!({ "x": "y".repeat(700_000) });
    test.write("kv/a", large.clone()).await.unwrap();
    assert_eq!(data(&test.read("kv/a").await.unwrap()), large);
    test.write("kv/a", json!({ "x": "z".repeat(300_000) })).await.unwrap();
    test.delete("kv/a").await.unwrap();
    assert!(matches!(test.read("kv/a").await, Err(Error::NotFound)));
    let over = json!({ "x": "y".repeat(kv::MAX_DATA) });
    assert!(matches!(test.write("kv/a", over).await, Err(Error::TooLarge)));
}

#[tokio::test]
async fn a_mount_becomes_version_2_by_its_option_alone() {
    let test = TestCore::new().await;
    test.write("sys/mounts/up", json!({ "type": "kv", "options": { "version": "1" } })).await.unwrap();
    test.write("up/a", json!({ "x": 1 })).await.unwrap();
    test.write("up/a", json!({ "x": 2, "data": 5 })).await.unwrap();
    test.write("up/b/c", json!({ "x": "y".repeat(100_000) })).await.unwrap();
    let tune = |version: &'static str| {
        test.write("sys/mounts/up/tune", json!({ "options": { "version": version } }))
    };
    assert_eq!(tune("2").await.unwrap().warnings.len(), 1);

    let read = data(&test.read("up/data/a").await.unwrap());
    assert_eq!((&read["data"], &read["metadata"]["version"]), (&json!({ "x": 2, "data": 5 }), &json!(1)));
    assert_eq!(data(&test.read("up/data/b/c").await.unwrap())["data"]["x"], "y".repeat(100_000));
    assert_eq!(data(&test.list("up/metadata").await.unwrap())["keys"], json!(["a", "b/"]));
    test.write("up/data/a", json!({ "data": { "x": 3 }, "options": { "cas": 1 } })).await.unwrap();
    let first = Ask { body: json!({ "version": 1 }), ..Ask::new(Operation::Read, "up/data/a") };
    assert_eq!(data(&test.ask(first).await.unwrap())["data"]["x"], 2);

    assert!(tune("2").await.unwrap().is_empty());
    for refused in ["1", "", "3", "x"] {
        assert!(matches!(tune(refused).await, Err(Error::Invalid(_))), "{refused}");
    }
}
