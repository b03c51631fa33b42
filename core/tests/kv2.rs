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

#[tokio::test]
async fn versions_count_up_and_each_can_be_read() {
    let test = core().await;
    assert!(matches!(test.read("secret/data/a").await, Err(Error::NotFound)));
    let first = data(&test.write("secret/data/a", json!({ "data": { "x": 1 } })).await.unwrap());
    let expected = json!({ "created_time": "2023-11-14T22:13:20Z", "custom_metadata": null,
        "deletion_time": "", "destroyed": false, "version": 1 });
    assert_eq!(first, expected);
    assert_eq!(put(&test, "a", json!({ "x": 2 })).await, 2);
    for (version, x) in [(0, 2), (1, 1), (2, 2), (-1, 2), (-7, 2)] {
        assert_eq!(value(&test, "a", version).await, json!({ "x": x }));
    }
    assert!(matches!(get(&test, "a", 3).await, Err(Error::NotFound)));
    let body = json!({ "version": "x" });
    let asked = test.ask(Ask { body, ..Ask::new(Operation::Read, "secret/data/a") }).await;
    refused(asked, "\"version\"");
}

#[tokio::test]
async fn data_comes_back_as_the_text_that_came() {
    let test = core().await;
    let text = r#"{ "big": 123456789012345678901234567890, "f": 1.0, "e": 1e3, "s": "\u00e9<&>" }"#;
    let raw: Box<serde_json::value::RawValue> = serde_json::from_str(text).unwrap();
    let request = strongroom_core::request::Request {
        id: strongroom_core::ids::RequestId::generate().unwrap(),
        operation: Operation::Write,
        path: strongroom_core::request::RequestPath::new(
            strongroom_core::ids::NamespaceId::ROOT,
            "secret/data/a",
        )
        .unwrap(),
        token: Some(strongroom_core::request::PresentedToken::new(
            strongroom_core::crypto::SecretBytes::copy_of(ROOT.as_bytes()),
        )),
        body: strongroom_core::request::Body::json(strongroom_core::crypto::SecretBytes::from(format!(
            "{{\"data\":{raw}}}"
        )))
        .unwrap(),
        peer: strongroom_core::request::Peer::Embedded,
        wrap_ttl: None,
        lease_ttl: None,
        headers: Vec::new(),
        merge_patch: false,
        opened: Default::default(),
    };
    test.core.dispatch(request).await.into_result().unwrap();
    let answer = test.read("secret/data/a").await.unwrap();
    let answer = answer.data.unwrap();
    assert!(answer.expose_str().unwrap().starts_with(&format!("{{\"data\":{text},\"metadata\":")));
    // A merge leaves alone what it does not name.
    patch(&test, "secret/data/a", json!({ "data": { "f": null, "n": { "x": null } } })).await.unwrap();
    let answer = test.read("secret/data/a").await.unwrap().data.unwrap();
    assert!(answer.expose_str().unwrap().contains("123456789012345678901234567890"));
    assert!(answer.expose_str().unwrap().contains("\"e\":1e3"));
    assert!(answer.expose_str().unwrap().contains("\"n\":{}"));
    assert!(!answer.expose_str().unwrap().contains("\"f\""));
}

#[tokio::test]
async fn a_write_takes_an_object_or_null() {
    let test = core().await;
    refused(test.write("secret/data/a", json!({ "x": 1 })).await, "no data provided");
    for bad in [json!("text"), json!([1]), json!(5), json!(true)] {
        refused(test.write("secret/data/a", json!({ "data": bad })).await, "\"data\"");
    }
    refused(test.write("secret/data/a", json!({ "data": {}, "options": "x" })).await, "\"options\"");
    assert_eq!(put(&test, "a", Value::Null).await, 1);
    let answer = test.read("secret/data/a").await.unwrap();
    assert_eq!((answer.status, data(&answer)["data"].clone()), (None, Value::Null));
    assert_eq!(put(&test, "a", json!({})).await, 2);
    assert_eq!(value(&test, "a", 0).await, json!({}));
}

#[tokio::test]
async fn unread_fields_are_reported() {
    let test = core().await;
    let body = json!({ "data": {}, "foo": 1, "bar": 2, "path": "x" });
    let answer = test.write("secret/data/a", body).await.unwrap();
    assert_eq!(answer.warnings.len(), 2);
    assert!(answer.warnings[0].ends_with("[bar foo]"));
}

#[tokio::test]
async fn folders_hold_no_secret() {
    let test = core().await;
    put(&test, "x/y", json!({})).await;
    for path in ["secret/data/", "secret/data/x/", "secret/metadata/x/", "secret/subkeys/x/"] {
        assert!(matches!(test.read(path).await, Err(Error::NotFound)), "{path}");
    }
    for path in
        ["secret/data/x/", "secret/data/", "secret/metadata/x/", "secret/delete/x/", "secret/destroy/x/"]
    {
        let body = json!({ "data": {}, "versions": [1], "max_versions": 1 });
        refused(test.write(path, body).await, "cannot write to a path ending in '/'");
    }
    for path in ["secret/data/x/", "secret/metadata/x/", "secret/metadata/"] {
        assert!(test.delete(path).await.unwrap().is_empty());
    }
    assert_eq!(keys(&test, "secret/metadata").await, ["x/"]);
}

#[tokio::test]
async fn other_paths_say_what_kind_of_mount_it_is() {
    let test = core().await;
    for (path, word) in [
        ("secret/a", "Invalid path for a versioned K/V secrets engine"),
        ("secret/", "Invalid path for a versioned K/V secrets engine"),
        ("secret/subkeys", "Invalid path for a versioned K/V secrets engine"),
        ("secret/data", "Non-listing operations on the root of a K/V v2 mount"),
        ("secret/metadata", "Non-listing operations on the root of a K/V v2 mount"),
    ] {
        let answer = test.read(path).await.unwrap();
        assert_eq!(answer.status, Some(404), "{path}");
        assert!(answer.data.is_none() && answer.warnings[0].starts_with(word), "{path}");
    }
    let answer = test.write("secret/a", json!({ "x": 1 })).await.unwrap();
    assert!(answer.status == Some(404) && answer.warnings[0].contains("'kv put'"));
    assert!(matches!(test.list("secret/data/x").await, Err(Error::UnsupportedOperation)));
    assert!(matches!(test.delete("secret/destroy/x").await, Err(Error::UnsupportedOperation)));
    assert!(matches!(test.read("secret/delete/x").await, Err(Error::UnsupportedOperation)));
}

// Rule 53
#[tokio::test]
async fn check_and_set_writes_only_on_the_version_it_names() {
    let test = core().await;
    let write = |cas: Value| {
        let test = &test;
        async move { test.write("secret/data/a", json!({ "data": {}, "options": { "cas": cas } })).await }
    };
    const DIFFERS: &str = "check-and-set parameter did not match the current version";
    refused(write(json!(1)).await, DIFFERS);
    write(json!(0)).await.unwrap();
    refused(write(json!(0)).await, DIFFERS);
    refused(write(Value::Null).await, DIFFERS);
    refused(write(json!(-1)).await, DIFFERS);
    write(json!("1")).await.unwrap();
    refused(write(json!("two")).await, "error parsing check-and-set parameter");
    refused(write(json!(1.5)).await, "error parsing check-and-set parameter");
    test.delete("secret/data/a").await.unwrap();
    refused(write(json!(0)).await, DIFFERS);
    write(json!(2)).await.unwrap();
}

#[tokio::test]
async fn the_mount_and_the_secret_can_demand_check_and_set() {
    let test = core().await;
    const REQUIRED: &str = "check-and-set parameter required for this call";
    let plain = || test.write("secret/data/a", json!({ "data": {} }));
    test.write("secret/config", json!({ "cas_required": true })).await.unwrap();
    refused(plain().await, REQUIRED);
    let set = json!({ "data": {}, "options": { "cas": 0 } });
    test.write("secret/data/a", set).await.unwrap();
    refused(patch(&test, "secret/data/a", json!({ "data": {} })).await, REQUIRED);
    let answer = test.write("secret/metadata/a", json!({ "cas_required": false })).await.unwrap();
    assert_eq!(answer.warnings.len(), 1);
    test.write("secret/config", json!({ "cas_required": false })).await.unwrap();
    plain().await.unwrap();
    test.write("secret/metadata/a", json!({ "cas_required": true })).await.unwrap();
    refused(plain().await, REQUIRED);
}

#[tokio::test]
async fn the_mounts_settings_are_kept() {
    let test = core().await;
    let shown = |answer: &Response| data(answer);
    let none = json!({ "cas_required": false, "delete_version_after": "0s", "max_versions": 0,
        "metadata_cas_required": false });
    assert_eq!(shown(&test.read("secret/config").await.unwrap()), none);
    let set = json!({ "max_versions": "5", "cas_required": "true", "delete_version_after": "3h25m19s" });
    test.write("secret/config", set).await.unwrap();
    let expected = json!({ "cas_required": true, "delete_version_after": "3h25m19s", "max_versions": 5,
        "metadata_cas_required": false });
    assert_eq!(shown(&test.read("secret/config").await.unwrap()), expected);
    test.write("secret/config", json!({ "max_versions": null, "delete_version_after": "-1s" }))
        .await
        .unwrap();
    let expected = json!({ "cas_required": true, "delete_version_after": "-1s", "max_versions": 0,
        "metadata_cas_required": false });
    assert_eq!(shown(&test.read("secret/config").await.unwrap()), expected);
    refused(test.write("secret/config", json!({ "max_versions": "many" })).await, "\"max_versions\"");
    refused(test.write("secret/config", json!({ "max_versions": -1 })).await, "\"max_versions\"");
    refused(
        test.write("secret/config", json!({ "delete_version_after": "x" })).await,
        "delete_version_after",
    );
}

#[tokio::test]
async fn deleted_versions_can_be_restored_and_destroyed_ones_cannot() {
    let test = core().await;
    for x in 1..=3 {
        put(&test, "a", json!({ "x": x })).await;
    }
    test.delete("secret/data/a").await.unwrap();
    let gone = test.read("secret/data/a").await.unwrap();
    assert_eq!((gone.status, data(&gone)["data"].clone()), (Some(404), Value::Null));
    assert_eq!(data(&gone)["metadata"]["deletion_time"], "2023-11-14T22:13:20Z");
    assert_eq!(value(&test, "a", 2).await, json!({ "x": 2 }));
    test.write("secret/delete/a", json!({ "versions": ["1", 2, 99] })).await.unwrap();
    assert_eq!(get(&test, "a", 1).await.unwrap().status, Some(404));
    test.write("secret/undelete/a", json!({ "versions": [1, 3] })).await.unwrap();
    assert_eq!(value(&test, "a", 1).await, json!({ "x": 1 }));
    assert_eq!(value(&test, "a", 0).await, json!({ "x": 3 }));
    test.write("secret/destroy/a", json!({ "versions": "1,3" })).await.unwrap();
    test.write("secret/undelete/a", json!({ "versions": [1, 3] })).await.unwrap();
    for version in [1, 3] {
        let gone = get(&test, "a", version).await.unwrap();
        assert_eq!(gone.status, Some(404));
        assert_eq!(data(&gone)["metadata"]["destroyed"], true);
        assert_eq!(data(&gone)["data"], Value::Null);
    }
    assert_eq!(put(&test, "a", json!({ "x": 4 })).await, 4);
    assert_eq!(value(&test, "a", 0).await, json!({ "x": 4 }));
}

#[tokio::test]
async fn removing_what_is_not_there_is_no_error_but_naming_nothing_is() {
    let test = core().await;
    for action in ["delete", "undelete", "destroy"] {
        let path = format!("secret/{action}/none");
        assert!(test.write(&path, json!({ "versions": [1] })).await.unwrap().is_empty());
        for nothing in [json!({}), json!({ "versions": [] }), json!({ "versions": null })] {
            refused(test.write(&path, nothing).await, "o version number provided");
        }
        refused(test.write(&path, json!({ "versions": ["x"] })).await, "\"versions\"");
    }
    assert!(test.delete("secret/data/none").await.unwrap().is_empty());
    assert!(test.delete("secret/metadata/none").await.unwrap().is_empty());
}

#[tokio::test]
async fn old_versions_fall_away() {
    let test = core().await;
    for x in 1..=12 {
        put(&test, "ten", json!({ "x": x })).await;
    }
    let shown = metadata(&test, "ten").await;
    assert_eq!(
        (shown["oldest_version"].as_u64(), shown["versions"].as_object().unwrap().len()),
        (Some(3), 10)
    );
    assert!(matches!(get(&test, "ten", 2).await, Err(Error::NotFound)));
    assert_eq!(value(&test, "ten", 3).await, json!({ "x": 3 }));
    // The larger of the mount's and the secret's number counts.
    test.write("secret/metadata/a", json!({ "max_versions": 1 })).await.unwrap();
    test.write("secret/config", json!({ "max_versions": 3 })).await.unwrap();
    for x in 1..=5 {
        put(&test, "a", json!({ "x": x })).await;
    }
    let shown = metadata(&test, "a").await;
    assert_eq!(
        (shown["oldest_version"].as_u64(), shown["versions"].as_object().unwrap().len()),
        (Some(3), 3)
    );
}

#[tokio::test]
async fn a_long_history_spills_into_pages_and_every_version_is_found() {
    let test = core().await;
    test.write("secret/metadata/a", json!({ "max_versions": 1000 })).await.unwrap();
    for x in 1..=700 {
        put(&test, "a", json!({ "x": x })).await;
    }
    for version in [1, 31, 32, 33, 64, 65, 200, 513, 636, 637, 699, 700] {
        assert_eq!(value(&test, "a", version).await, json!({ "x": version }), "{version}");
    }
    assert_eq!(metadata(&test, "a").await["versions"].as_object().unwrap().len(), 700);
    test.write("secret/delete/a", json!({ "versions": [2, 300, 650] })).await.unwrap();
    assert_eq!(get(&test, "a", 300).await.unwrap().status, Some(404));
    assert_eq!(value(&test, "a", 301).await, json!({ "x": 301 }));
    test.write("secret/undelete/a", json!({ "versions": [300] })).await.unwrap();
    assert_eq!(value(&test, "a", 300).await, json!({ "x": 300 }));

    // Far fewer are kept from now on: what does not fit into the batch goes in the background.
    test.write("secret/metadata/a", json!({ "max_versions": 2 })).await.unwrap();
    put(&test, "a", json!({ "x": 701 })).await;
    assert_eq!(metadata(&test, "a").await["versions"].as_object().unwrap().len(), 2);
    assert!(matches!(get(&test, "a", 300).await, Err(Error::NotFound)));
    let store = test.core.unsealed().unwrap().store.clone();
    assert!(kv::purge::run_due(&store).await.unwrap() > 500);
    assert_eq!(kv::purge::run_due(&store).await.unwrap(), 0);
    assert_eq!(value(&test, "a", 700).await, json!({ "x": 700 }));
}

#[tokio::test]
async fn pruning_within_pages_keeps_exactly_what_is_asked_for() {
    let test = core().await;
    test.write("secret/metadata/a", json!({ "max_versions": 100 })).await.unwrap();
    for x in 1..=400 {
        put(&test, "a", json!({ "x": x })).await;
    }
    let shown = metadata(&test, "a").await;
    let versions = shown["versions"].as_object().unwrap();
    assert_eq!(versions.len(), 100);
    assert!(versions.contains_key("301") && versions.contains_key("400"));
    assert!(matches!(get(&test, "a", 300).await, Err(Error::NotFound)));
    assert_eq!(value(&test, "a", 301).await, json!({ "x": 301 }));
}

#[tokio::test]
async fn metadata_lives_before_the_data_and_goes_with_all_of_it() {
    let test = core().await;
    assert!(test.write("secret/metadata/a", json!({})).await.unwrap().is_empty());
    assert!(matches!(test.read("secret/metadata/a").await, Err(Error::NotFound)));
    let set = json!({ "max_versions": 4, "delete_version_after": "1h",
        "custom_metadata": { "owner": "team a", "level": 3 } });
    test.write("secret/metadata/a", set).await.unwrap();
    assert!(matches!(test.read("secret/data/a").await, Err(Error::NotFound)));
    let shown = metadata(&test, "a").await;
    assert_eq!(shown["custom_metadata"], json!({ "level": "3", "owner": "team a" }));
    assert_eq!(shown["delete_version_after"], "1h0m0s");
    assert_eq!((&shown["current_version"], &shown["current_metadata_version"]), (&json!(0), &json!(1)));
    put(&test, "a", json!({})).await;
    let read = data(&test.read("secret/data/a").await.unwrap());
    assert_eq!(read["metadata"]["custom_metadata"]["owner"], "team a");
    assert_eq!(read["metadata"]["deletion_time"], "2023-11-14T23:13:20Z");
    test.write("secret/metadata/a", json!({ "custom_metadata": { "owner": "b" } })).await.unwrap();
    assert_eq!(metadata(&test, "a").await["custom_metadata"], json!({ "owner": "b" }));
    test.delete("secret/metadata/a").await.unwrap();
    assert!(matches!(test.read("secret/metadata/a").await, Err(Error::NotFound)));
    assert!(matches!(test.read("secret/data/a").await, Err(Error::NotFound)));
    assert_eq!(put(&test, "a", json!({})).await, 1);
}

#[tokio::test]
async fn custom_metadata_has_limits_and_no_error_repeats_it() {
    let test = core().await;
    let write = |custom: Value| {
        let test = &test;
        async move { test.write("secret/metadata/a", json!({ "custom_metadata": custom })).await }
    };
    let many: serde_json::Map<_, _> = (0..65).map(|it| (format!("k{it}"), json!("v"))).collect();
    refused(write(Value::Object(many)).await, "at most 64 keys, provided 65");
    refused(write(json!({ "k".repeat(129): "v" })).await, "length of key 1 is 129");
    refused(write(json!({ "k": "hunter2".repeat(80) })).await, "length of value for key 1 is 560");
    refused(write(json!({ "k": "" })).await, "length of value for key 1 is 0");
    refused(write(json!({ "k": null })).await, "length of value for key 1 is 0");
    refused(write(json!({ "": "v" })).await, "length of key 1 is 0");
    refused(write(json!({ "a\nb": "v" })).await, "unprintable");
    refused(write(json!({ "k": "a\u{7}" })).await, "unprintable");
    refused(write(json!({ "k": ["v"] })).await, "expected text");
    refused(write(json!("k=v")).await, "expected a map");
    for bad in [json!({ "k": "hunter2\n" }), json!({ "k": ["hunter2"] }), json!("hunter2")] {
        // Rule 97
        assert!(!write(bad).await.unwrap_err().to_string().contains("hunter2"));
    }
    write(json!({ "k".repeat(128): "v".repeat(512) })).await.unwrap();
}

#[tokio::test]
async fn metadata_is_merged_by_patch() {
    let test = core().await;
    let missing = patch(&test, "secret/metadata/a", json!({ "max_versions": 3 })).await.unwrap();
    assert_eq!((missing.status, missing.data.is_none(), missing.warnings.len()), (Some(404), true, 0));
    let set = json!({ "max_versions": 4, "custom_metadata": { "a": "1", "b": "2" } });
    test.write("secret/metadata/a", set).await.unwrap();
    let change = json!({ "custom_metadata": { "a": null, "c": "3" }, "cas_required": true });
    patch(&test, "secret/metadata/a", change).await.unwrap();
    let shown = metadata(&test, "a").await;
    assert_eq!(shown["custom_metadata"], json!({ "b": "2", "c": "3" }));
    assert_eq!((&shown["cas_required"], &shown["max_versions"]), (&json!(true), &json!(4)));
    patch(&test, "secret/metadata/a", json!({ "custom_metadata": null, "max_versions": null }))
        .await
        .unwrap();
    let shown = metadata(&test, "a").await;
    assert_eq!((&shown["custom_metadata"], &shown["max_versions"]), (&Value::Null, &json!(0)));
    let ask = Ask { merge_patch: false, ..Ask::new(Operation::Patch, "secret/metadata/a") };
    assert!(matches!(test.ask(ask).await, Err(Error::UnsupportedMediaType(_))));
}

#[tokio::test]
async fn metadata_has_a_check_and_set_of_its_own() {
    let test = core().await;
    test.write("secret/metadata/a", json!({ "max_versions": 3, "metadata_cas": 0 })).await.unwrap();
    let stale = test.write("secret/metadata/a", json!({ "max_versions": 3, "metadata_cas": 0 })).await;
    refused(stale, "metadata check-and-set parameter does not match the current version");
    test.write("secret/metadata/a", json!({ "metadata_cas_required": true })).await.unwrap();
    let plain = test.write("secret/metadata/a", json!({ "max_versions": 4 })).await;
    refused(plain, "metadata check-and-set parameter required for this call");
    patch(&test, "secret/metadata/a", json!({ "max_versions": 4, "metadata_cas": 2 })).await.unwrap();
    assert_eq!(metadata(&test, "a").await["current_metadata_version"], 3);
}

#[tokio::test]
async fn data_is_merged_by_patch() {
    let test = core().await;
    let missing = patch(&test, "secret/data/a", json!({ "data": { "x": 1 } })).await.unwrap();
    assert_eq!((missing.status, missing.data.is_none()), (Some(404), true));
    put(&test, "a", json!({ "x": 1, "y": { "a": 1, "b": 2 } })).await;
    let change = json!({ "data": { "x": null, "y": { "b": 3, "c": 4 }, "z": [1] } });
    assert_eq!(data(&patch(&test, "secret/data/a", change).await.unwrap())["version"], 2);
    assert_eq!(value(&test, "a", 0).await, json!({ "y": { "a": 1, "b": 3, "c": 4 }, "z": [1] }));
    let stale = patch(&test, "secret/data/a", json!({ "options": { "cas": 1 }, "data": {} })).await;
    refused(stale, "did not match");
    patch(&test, "secret/data/a", json!({ "options": { "cas": 2 }, "data": { "x": 1 } })).await.unwrap();
    refused(patch(&test, "secret/data/a", json!({ "x": 1 })).await, "no data provided");
    test.delete("secret/data/a").await.unwrap();
    let deleted = patch(&test, "secret/data/a", json!({ "data": { "x": 1 } })).await.unwrap();
    assert_eq!((deleted.status, &data(&deleted)["version"]), (Some(404), &json!(3)));
    put(&test, "n", Value::Null).await;
    patch(&test, "secret/data/n", json!({ "data": { "x": 1 } })).await.unwrap();
    assert_eq!(value(&test, "n", 0).await, json!({ "x": 1 }));
    let ask = Ask { merge_patch: false, ..Ask::new(Operation::Patch, "secret/data/a") };
    assert!(matches!(test.ask(ask).await, Err(Error::UnsupportedMediaType(_))));
}

#[tokio::test]
async fn subkeys_show_the_names_and_nothing_else() {
    let test = core().await;
    let secret = json!({ "x": "hunter2", "y": { "a": 1, "b": { "c": 2 } }, "z": ["hunter2"], "e": {} });
    put(&test, "a", secret).await;
    let ask = |body: Value| {
        let test = &test;
        async move { test.ask(Ask { body, ..Ask::new(Operation::Read, "secret/subkeys/a") }).await }
    };
    let all = ask(Value::Null).await.unwrap();
    let expected = json!({ "x": null, "y": { "a": null, "b": { "c": null } }, "z": null, "e": null });
    assert_eq!(data(&all)["subkeys"], expected);
    // Rule 54
    assert!(!all.data.unwrap().expose_str().unwrap().contains("hunter2"));
    let one = data(&ask(json!({ "depth": 1, "version": 1 })).await.unwrap());
    assert_eq!(one["subkeys"], json!({ "x": null, "y": null, "z": null, "e": null }));
    assert!(matches!(ask(json!({ "version": 2 })).await, Err(Error::NotFound)));
    test.delete("secret/data/a").await.unwrap();
    let deleted = ask(Value::Null).await.unwrap();
    assert_eq!((deleted.status, &data(&deleted)["subkeys"]), (Some(404), &Value::Null));
}

#[tokio::test]
async fn listings_show_folders_only_while_something_is_in_them() {
    let test = core().await;
    assert!(keys(&test, "secret/metadata").await.is_empty());
    for path in ["b", "a/one", "a/two", "a/deep/x", "a"] {
        put(&test, path, json!({})).await;
    }
    test.write("secret/metadata/c", json!({ "max_versions": 1 })).await.unwrap();
    test.delete("secret/data/b").await.unwrap();
    // Rule 49
    for path in ["secret/metadata", "secret/metadata/"] {
        assert_eq!(keys(&test, path).await, ["a", "a/", "b", "c"]);
    }
    assert_eq!(keys(&test, "secret/metadata/a").await, ["deep/", "one", "two"]);
    test.delete("secret/metadata/a/deep/x").await.unwrap();
    assert_eq!(keys(&test, "secret/metadata/a/").await, ["one", "two"]);
    put(&test, "a/deep/x", json!({})).await;
    assert_eq!(keys(&test, "secret/metadata/a/").await, ["deep/", "one", "two"]);
    for path in ["a/deep/x", "a/one", "a/two"] {
        test.delete(&format!("secret/metadata/{path}")).await.unwrap();
    }
    assert_eq!(keys(&test, "secret/metadata").await, ["a", "b", "c"]);
    assert!(keys(&test, "secret/metadata/none").await.is_empty());
}

// Rule 57: a page size holds for whoever does not ask for one.
#[tokio::test]
async fn a_policys_page_size_holds_for_every_listing() {
    let test = core().await;
    for path in ["l/b", "l/c", "l/d/e", "l/h"] {
        put(&test, path, json!({})).await;
    }
    let token = test
        .token_with("path \"secret/*\" { capabilities = [\"list\", \"scan\"] pagination_limit = 2 }")
        .await;
    let ask = async |operation, path, body| {
        let answer = test.as_token(&token, operation, path, body).await;
        answer.map(|it| data(&it))
    };
    for path in ["secret/metadata/l", "secret/detailed-metadata/l"] {
        for body in [Value::Null, json!({ "limit": 0 }), json!({ "limit": "0" }), json!({ "limit": 2 })] {
            let page = ask(Operation::List, path, body).await.unwrap();
            assert_eq!(page["keys"], json!(["b", "c"]), "{path}");
            assert!(page.get("key_info").is_none_or(|it| it.get("h").is_none()));
        }
        let page = ask(Operation::List, path, json!({ "after": "c" })).await.unwrap();
        assert_eq!(page["keys"], json!(["d/", "h"]));
        let page = ask(Operation::Scan, path, Value::Null).await.unwrap();
        assert_eq!(page["keys"].as_array().unwrap().len(), 2);
        assert!(is_denied(&ask(Operation::List, path, json!({ "limit": 3 })).await));
    }
    assert_eq!(keys(&test, "secret/metadata/l").await.len(), 4);
}

#[tokio::test]
async fn listings_can_be_paged_scanned_and_detailed() {
    let test = core().await;
    for path in ["l/b", "l/c", "l/d/e", "l/d/f/g", "l/h"] {
        put(&test, path, json!({})).await;
    }
    let page = |body: Value| {
        let test = &test;
        async move {
            let answer = test.ask(Ask { body, ..Ask::new(Operation::List, "secret/metadata/l") }).await;
            answer.map(|it| data(&it)["keys"].clone())
        }
    };
    assert_eq!(page(json!({ "after": "b" })).await.unwrap(), json!(["c", "d/", "h"]));
    assert_eq!(page(json!({ "after": "bb", "limit": 2 })).await.unwrap(), json!(["c", "d/"]));
    assert_eq!(page(json!({ "after": "d/", "limit": "5" })).await.unwrap(), json!(["h"]));
    assert_eq!(page(json!({ "limit": -1 })).await.unwrap(), json!(["b", "c", "d/", "h"]));
    assert!(matches!(page(json!({ "after": "z" })).await, Err(Error::NotFound)));
    let scan = test.ask(Ask::new(Operation::Scan, "secret/metadata/l")).await.unwrap();
    assert_eq!(data(&scan)["keys"], json!(["b", "c", "h", "d/e", "d/f/g"]));
    let none = test.ask(Ask::new(Operation::Scan, "secret/metadata/none")).await.unwrap();
    assert_eq!(data(&none), json!({}));
    let details = data(&test.list("secret/detailed-metadata/l").await.unwrap());
    assert_eq!(details["keys"], json!(["b", "c", "d/", "h"]));
    assert_eq!(details["key_info"]["b"]["current_version"], 1);
    assert_eq!(details["key_info"].as_object().unwrap().len(), 3);
}

#[tokio::test]
async fn a_version_expires_by_itself() {
    let test = core().await;
    test.write("secret/metadata/a", json!({ "delete_version_after": "2s" })).await.unwrap();
    put(&test, "a", json!({ "x": 1 })).await;
    assert_eq!(value(&test, "a", 0).await, json!({ "x": 1 }));
    test.clock.advance(Duration::from_secs(2));
    let gone = test.read("secret/data/a").await.unwrap();
    assert_eq!((gone.status, data(&gone)["data"].clone()), (Some(404), Value::Null));
    assert_eq!(metadata(&test, "a").await["versions"]["1"]["deletion_time"], "2023-11-14T22:13:22Z");
    // Restored, its time begins anew.
    test.write("secret/undelete/a", json!({ "versions": [1] })).await.unwrap();
    assert_eq!(value(&test, "a", 0).await, json!({ "x": 1 }));
    assert_eq!(metadata(&test, "a").await["versions"]["1"]["deletion_time"], "2023-11-14T22:13:24Z");
    // The shorter of the two counts, and -1 of the mount means never.
    test.write("secret/config", json!({ "delete_version_after": "1s" })).await.unwrap();
    put(&test, "a", json!({})).await;
    assert_eq!(metadata(&test, "a").await["versions"]["2"]["deletion_time"], "2023-11-14T22:13:23Z");
    test.write("secret/config", json!({ "delete_version_after": "-1s" })).await.unwrap();
    put(&test, "a", json!({})).await;
    assert_eq!(metadata(&test, "a").await["versions"]["3"]["deletion_time"], "");
}

#[tokio::test]
async fn large_values_are_kept_in_pieces() {
    let test = core().await;
    let long = |len: usize, letter: &str| json!({ "x": letter.repeat(len) });
    for (len, letter) in [(40_000, "a"), (900_000, "b"), (10, "c"), (200_000, "d"), (30_000, "e")] {
        put(&test, "a", long(len, letter)).await;
    }
    for (version, len, letter) in [(1, 40_000, "a"), (2, 900_000, "b"), (4, 200_000, "d"), (5, 30_000, "e")] {
        assert_eq!(value(&test, "a", version).await, long(len, letter));
    }
    let fits = "f".repeat(kv::MAX_DATA - 8);
    put(&test, "a", json!({ "x": fits })).await;
    let over = json!({ "data": { "x": format!("{fits}f") } });
    assert!(matches!(test.write("secret/data/a", over).await, Err(Error::TooLarge)));
    // A change of a version that is large and current.
    patch(&test, "secret/data/a", json!({ "data": { "x": "g".repeat(50_000), "y": 1 } })).await.unwrap();
    assert_eq!(value(&test, "a", 0).await, json!({ "x": "g".repeat(50_000), "y": 1 }));
    test.write("secret/destroy/a", json!({ "versions": [1, 2, 3, 4, 5, 6, 7] })).await.unwrap();
    for version in 1..=7 {
        assert_eq!(get(&test, "a", version).await.unwrap().status, Some(404));
    }
}

/// All bytes that lie in a storage.
async fn bytes(storage: &Memory) -> (usize, Vec<u8>) {
    let mut snapshot = storage.snapshot().await.unwrap();
    let (mut count, mut out) = (0, Vec::new());
    loop {
        let rows = snapshot.next(1000).await.unwrap();
        if rows.is_empty() {
            return (count, out);
        }
        for row in rows {
            count += 1;
            out.extend_from_slice(&row.key.0);
            out.extend_from_slice(&row.name);
            out.extend_from_slice(&row.value);
        }
    }
}

fn holds(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|it| it == needle.as_bytes())
}

// Rules 1 and 5
#[tokio::test]
async fn neither_names_nor_values_are_in_the_storage() {
    let storage = Arc::new(Memory::new());
    let test = TestCore::over(storage.clone(), Settings::default()).await;
    for x in 0..3 {
        put(&test, "plantedfolder/plantedname", json!({ "plantedkey": format!("plantedvalue{x}") })).await;
    }
    put(&test, "plantedbig", json!({ "plantedkey": "plantedvalue".repeat(10_000) })).await;
    let set = json!({ "custom_metadata": { "plantedmeta": "plantedmeta" } });
    test.write("secret/metadata/plantedname", set).await.unwrap();
    let (_, all) = bytes(&storage).await;
    assert!(!holds(&all, "planted") && !holds(&all, "secret/"));
    // The search finds what is there.
    let mut planted = all;
    planted.extend_from_slice(b"a plantedvalue in the clear");
    assert!(holds(&planted, "planted"));
}

// Rule 14
#[tokio::test]
async fn destroying_and_deleting_leave_no_row_behind() {
    let storage = Arc::new(Memory::new());
    let test = TestCore::over(storage.clone(), Settings::default()).await;
    put(&test, "other", json!({})).await;
    let (before, _) = bytes(&storage).await;
    test.write("secret/metadata/a", json!({ "max_versions": 300 })).await.unwrap();
    for x in 0..200 {
        put(&test, "a", json!({ "x": x })).await;
    }
    put(&test, "a", json!({ "x": "y".repeat(500_000) })).await;
    let (full, _) = bytes(&storage).await;
    assert!(full > before + 200);
    let all: Vec<u64> = (1..=201).collect();
    test.write("secret/destroy/a", json!({ "versions": all })).await.unwrap();
    let store = test.core.unsealed().unwrap().store.clone();
    kv::purge::run_due(&store).await.unwrap();
    let (destroyed, _) = bytes(&storage).await;
    // The head and its pages.
    assert!(destroyed <= before + 3, "{destroyed} rows, {before} before");
    assert_eq!(get(&test, "a", 100).await.unwrap().status, Some(404));
    for x in 0..200 {
        put(&test, "a", json!({ "x": x })).await;
    }
    test.delete("secret/metadata/a").await.unwrap();
    kv::purge::run_due(&store).await.unwrap();
    let (after, _) = bytes(&storage).await;
    assert_eq!(after, before);
    assert_eq!(value(&test, "other", 0).await, json!({}));
}

#[tokio::test]
async fn a_disabled_mount_leaves_no_row_behind() {
    let storage = Arc::new(Memory::new());
    let test = TestCore::over(storage.clone(), Settings::default()).await;
    let (before, _) = bytes(&storage).await;
    test.write("sys/mounts/more", json!({ "type": "kv-v2" })).await.unwrap();
    for path in ["a", "b/c", "b/d/e"] {
        for x in ["x".repeat(100_000), "y".to_owned()] {
            test.write(&format!("more/data/{path}"), json!({ "data": { "x": x } })).await.unwrap();
        }
    }
    let (full, _) = bytes(&storage).await;
    assert!(full > before + 12);
    test.delete("sys/mounts/more").await.unwrap();
    test.clock.advance(Duration::from_secs(3600));
    let store = test.core.unsealed().unwrap().store.clone();
    let done = strongroom_core::purge::run(&store, test.core.now(), 10_000).await.unwrap();
    assert_eq!(done.finished, 1);
    let (after, _) = bytes(&storage).await;
    assert!(after <= before + 1, "{after} rows, {before} before");
}

// Rule 54
#[tokio::test]
async fn each_endpoint_is_a_path_of_its_own_for_policies() {
    let test = core().await;
    put(&test, "a", json!({ "x": "hunter2" })).await;
    let text = r#"path "secret/data/*" { capabilities = ["read", "create"] }
        path "secret/delete/*" { capabilities = ["update"] }
        path "secret/metadata/" { capabilities = ["list"] }"#;
    testing::policy(&test.core, "narrow", text).await;
    let made = test.write("auth/token/create", json!({ "policies": ["narrow"] })).await.unwrap();
    let token = made.auth.unwrap().client_token;
    let token = token.expose_str().unwrap();
    let ask = |operation, path: &'static str, body: Value| test.as_token(token, operation, path, body);
    let versions = || json!({ "versions": [1] });
    ask(Operation::Read, "secret/data/a", Value::Null).await.unwrap();
    assert!(is_denied(&ask(Operation::Write, "secret/data/a", json!({ "data": {} })).await));
    ask(Operation::Write, "secret/data/b", json!({ "data": {} })).await.unwrap();
    assert!(is_denied(&ask(Operation::Delete, "secret/data/a", Value::Null).await));
    assert!(is_denied(&ask(Operation::Patch, "secret/data/a", json!({ "data": {} })).await));
    assert!(is_denied(&ask(Operation::Write, "secret/undelete/a", versions()).await));
    assert!(is_denied(&ask(Operation::Write, "secret/destroy/a", versions()).await));
    for path in ["secret/metadata/a", "secret/config", "secret/subkeys/a"] {
        assert!(is_denied(&ask(Operation::Read, path, Value::Null).await), "{path}");
    }
    assert!(is_denied(&ask(Operation::Delete, "secret/metadata/a", Value::Null).await));
    assert!(is_denied(&ask(Operation::Write, "secret/metadata/a", json!({ "max_versions": 1 })).await));
    for path in ["secret/metadata", "secret/metadata/"] {
        ask(Operation::List, path, Value::Null).await.unwrap();
        assert!(is_denied(&ask(Operation::Scan, path, Value::Null).await));
    }
    ask(Operation::Write, "secret/delete/a", versions()).await.unwrap();
    // Metadata never shows a value.
    let shown = test.read("secret/metadata/a").await.unwrap();
    assert!(!shown.data.unwrap().expose_str().unwrap().contains("hunter2"));
}

// Rule 138: check-and-set under concurrency
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_writers_exactly_one_wins_each_version() {
    let test = Arc::new(core().await);
    let mut writers = Vec::new();
    for writer in 0..8 {
        let test = test.clone();
        writers.push(tokio::spawn(async move {
            let mut won = Vec::new();
            for version in 0..40_u64 {
                let body = json!({ "data": { "writer": writer }, "options": { "cas": version } });
                loop {
                    match test.write("secret/data/a", body.clone()).await {
                        Ok(answer) => {
                            won.push((data(&answer)["version"].as_u64().unwrap(), writer));
                            break;
                        }
                        Err(Error::Invalid(_)) => {
                            let current = test.read("secret/metadata/a").await.unwrap();
                            if data(&current)["current_version"].as_u64().unwrap() > version {
                                break;
                            }
                        }
                        Err(Error::Busy) => {}
                        Err(error) => panic!("{error}"),
                    }
                    tokio::task::yield_now().await;
                }
            }
            won
        }));
    }
    let mut won = Vec::new();
    for writer in writers {
        won.extend(writer.await.unwrap());
    }
    won.sort_unstable();
    let versions: Vec<u64> = won.iter().map(|it| it.0).collect();
    assert_eq!(versions, (1..=40).collect::<Vec<_>>());
    for (version, writer) in won.iter().rev().take(10) {
        let version = i64::try_from(*version).unwrap();
        assert_eq!(value(&test, "a", version).await, json!({ "writer": writer }));
    }
}

// Rule 53: without check-and-set every write is a version of its own
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_writes_lose_nothing() {
    let test = Arc::new(core().await);
    test.write("secret/metadata/a", json!({ "max_versions": 1000 })).await.unwrap();
    let mut writers = Vec::new();
    for writer in 0..4_u64 {
        let test = test.clone();
        writers.push(tokio::spawn(async move {
            for x in 0..50 {
                put(&test, "a", json!({ "x": writer * 50 + x })).await;
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let mut seen = Vec::new();
    for version in 1..=200 {
        seen.push(value(&test, "a", version).await["x"].as_u64().unwrap());
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..200).collect::<Vec<_>>());
}
