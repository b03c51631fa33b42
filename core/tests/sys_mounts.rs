//! Engines are enabled, tuned, moved and disabled.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use std::time::Duration;

use serde_json::{Value, json};
use strongroom_core::{
    Error, Result, purge,
    request::Operation,
    response::Response,
    testing::{TestCore, data, is_denied},
};

#[track_caller]
fn refused(outcome: Result<Response>, message: &str) {
    match outcome {
        Err(Error::Invalid(text)) => assert_eq!(text, message),
        other => panic!("{other:?} is no refusal: {message}"),
    }
}

async fn enable(test: &TestCore, path: &str) {
    test.write(&format!("sys/mounts/{path}"), json!({ "type": "kv" })).await.unwrap();
}

#[tokio::test]
async fn a_mount_is_described_until_it_is_disabled() {
    let test = TestCore::new().await;
    let body = json!({ "type": "kv", "description": "first", "config": { "max_lease_ttl": "2h" } });
    assert!(test.write("sys/mounts/a/b", body).await.unwrap().is_empty());
    let shown = test.read("sys/mounts/a/b/").await.unwrap();
    assert!(shown.repeat_data);
    assert_eq!(data(&shown)["description"], "first");
    assert_eq!(data(&shown)["config"]["max_lease_ttl"], 7200);
    assert_eq!(data(&shown)["options"], json!({}));
    assert_eq!(data(&test.read("sys/mounts").await.unwrap())["a/b/"], data(&shown));
    for _ in 0..2 {
        assert!(test.delete("sys/mounts/a/b").await.unwrap().is_empty());
        refused(test.read("sys/mounts/a/b").await, "No secret engine mount at a/b/");
    }
}

#[tokio::test]
async fn mounts_do_not_nest_and_the_systems_paths_are_taken() {
    let test = TestCore::new().await;
    enable(&test, "a/b").await;
    let put = async |path: &str| test.write(&format!("sys/mounts/{path}"), json!({ "type": "kv" })).await;
    refused(put("a/b").await, "path is already in use at a/b/");
    refused(put("a/b/c").await, "path is already in use at a/b/");
    refused(put("a").await, "path is already in use at a/b/");
    put("a/c").await.unwrap();
    for path in ["sys", "cubbyhole", "identity/x", "auth/x", "audit"] {
        refused(put(path).await, &format!("cannot mount \"{path}/\""));
    }
    // Rule 47
    for path in ["a b", "é", "x*", "x+", "{x}"] {
        assert!(matches!(put(path).await, Err(Error::Invalid(_))), "{path}");
    }
    refused(test.delete("sys/mounts/sys").await, "cannot unmount \"sys/\"");
    refused(test.delete("sys/auth/token").await, "token credential backend cannot be disabled");
    let body = json!({ "type": "system" });
    refused(test.write("sys/mounts/x", body).await, "mount type of \"system\" is not mountable");
    refused(test.write("sys/mounts/x", json!({})).await, "backend type must be specified as a string");
}

#[tokio::test]
async fn settings_are_tuned_all_or_none() {
    let test = TestCore::new().await;
    enable(&test, "m").await;
    let tune = async |body: Value| test.write("sys/mounts/m/tune", body).await;
    tune(json!({ "default_lease_ttl": "30m", "description": "d", "audit_non_hmac_request_keys": ["a"] }))
        .await
        .unwrap();
    let shown = data(&test.read("sys/mounts/m/tune").await.unwrap());
    assert_eq!(shown["default_lease_ttl"], 1800);
    assert_eq!(shown["max_lease_ttl"], 2_764_800);
    assert_eq!(shown["audit_non_hmac_request_keys"], json!(["a"]));
    let message = "backend max lease TTL of 3600 would be less than backend default lease TTL of 36000";
    refused(
        tune(json!({ "default_lease_ttl": "10h", "max_lease_ttl": "1h", "description": "x" })).await,
        message,
    );
    refused(tune(json!({ "listing_visibility": "sometimes" })).await, "invalid listing_visibility sometimes");
    assert_eq!(data(&test.read("sys/mounts/m/tune").await.unwrap()), shown);
    tune(json!({ "default_lease_ttl": "system", "audit_non_hmac_request_keys": [] })).await.unwrap();
    let shown = data(&test.read("sys/mounts/m/tune").await.unwrap());
    assert_eq!(shown["default_lease_ttl"], 2_764_800);
    assert_eq!(shown.get("audit_non_hmac_request_keys"), None);
    refused(
        test.write("sys/mounts/none/tune", json!({ "description": "" })).await,
        "tune of path \"none/\" failed: no mount entry found",
    );
}

#[tokio::test]
async fn a_move_takes_the_secrets_along() {
    let test = TestCore::new().await;
    enable(&test, "from").await;
    test.write("from/a", json!({ "x": "1" })).await.unwrap();
    let moved = test.write("sys/remount", json!({ "from": "from", "to": "to" })).await.unwrap();
    let id = data(&moved)["migration_id"].as_str().unwrap().to_owned();
    let status = data(&test.read(&format!("sys/remount/status/{id}")).await.unwrap());
    assert_eq!(status["migration_info"]["status"], "success");
    assert_eq!(data(&test.read("to/a").await.unwrap())["x"], "1");
    assert!(matches!(test.read("from/a").await, Err(Error::NotFoundBecause(_))));
    assert!(matches!(test.read("sys/remount/status/none").await, Err(Error::NotFound)));
    let move_to =
        async |from: &str, to: &str| test.write("sys/remount", json!({ "from": from, "to": to })).await;
    refused(move_to("none", "x").await, "no matching mount at \"none/\"");
    refused(move_to("to", "sys").await, "cannot remount to destination sys/");
    refused(move_to("to", "to").await, "path already in use at \"to/\"");
    refused(move_to("sys", "x").await, "cannot remount \"sys/\"");
    refused(move_to("auth/token", "auth/x").await, "cannot remount \"auth/token/\"");
}

// Rule 91
#[tokio::test]
async fn what_lay_at_a_path_does_not_come_back_and_is_purged() {
    let test = TestCore::new().await;
    enable(&test, "m").await;
    for path in ["a", "b/c", "b/d/e", "b/d/f"] {
        test.write(&format!("m/{path}"), json!({ "x": "1" })).await.unwrap();
    }
    let before = data(&test.read("sys/mounts/m").await.unwrap());
    test.delete("sys/mounts/m").await.unwrap();
    assert!(matches!(test.read("m/a").await, Err(Error::NotFoundBecause(_))));
    enable(&test, "m").await;
    let after = data(&test.read("sys/mounts/m").await.unwrap());
    assert_ne!(before["uuid"], after["uuid"]);
    assert_ne!(before["accessor"], after["accessor"]);
    for path in ["m/a", "m/b/c"] {
        assert!(matches!(test.read(path).await, Err(Error::NotFound)), "{path}");
    }
    assert!(matches!(test.list("m/").await, Err(Error::NotFound)));
    test.write("m/a", json!({ "x": "new" })).await.unwrap();

    let open = test.core.unsealed().unwrap();
    let waiting = purge::run(&open.store, test.core.now(), 100).await.unwrap();
    assert_eq!(waiting, purge::Done::default(), "a request may still be under way");
    test.clock.advance(Duration::from_secs(600));
    let mut deleted = 0;
    let mut runs = 0;
    loop {
        let done = purge::run(&open.store, test.core.now(), 2).await.unwrap();
        assert!(done.deleted <= 2);
        deleted += done.deleted;
        runs += 1;
        if !done.more {
            break;
        }
        assert!(runs < 100);
    }
    // Four secrets and the mount's settings; the markers of two folders may be counted or go with them.
    assert!((5..=7).contains(&deleted), "{deleted}");
    assert_eq!(purge::pending(&open.store).await.unwrap(), 0);
    assert_eq!(data(&test.read("m/a").await.unwrap())["x"], "new");
}

#[tokio::test]
async fn reading_the_table_does_not_give_one_mount() {
    let test = TestCore::new().await;
    enable(&test, "m").await;
    let policy = r#"path "sys/mounts" { capabilities = ["read"] }
        path "sys/mounts/m/tune" { capabilities = ["update"] }"#;
    let token = test.token_with(policy).await;
    let ask = async |operation, path, body| test.as_token(&token, operation, path, body).await;
    ask(Operation::Read, "sys/mounts", Value::Null).await.unwrap();
    assert!(is_denied(&ask(Operation::Read, "sys/mounts/m", Value::Null).await));
    ask(Operation::Write, "sys/mounts/m/tune", json!({ "description": "x" })).await.unwrap();
    // Rule 51: the same mount under its other name is another path.
    assert!(is_denied(&ask(Operation::Write, "sys/auth/token/tune", json!({ "description": "x" })).await));
}
