//! Settings, custom metadata and listings.

use super::*;

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
