//! Writing, merging and reading what a secret holds.

use super::*;

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
        certificates: None,
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
