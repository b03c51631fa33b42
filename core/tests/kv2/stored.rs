//! What is in the storage, and what is not any more.

use super::*;

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
