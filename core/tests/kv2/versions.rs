//! What becomes of versions.

use super::*;

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
