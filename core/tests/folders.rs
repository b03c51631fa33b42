//! Folders come with their first entry and go with their last, however deep they lie.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use serde_json::{Value, json};
use strongroom_core::{
    Error,
    testing::{TestCore, data},
};

/// Where an engine keeps its secrets.
struct Engine {
    entries: &'static str,
    listing: &'static str,
}

const ENGINES: [Engine; 3] = [
    Engine { entries: "secret/data/", listing: "secret/metadata/" },
    Engine { entries: "plain/", listing: "plain/" },
    Engine { entries: "cubbyhole/", listing: "cubbyhole/" },
];

/// As many segments as a path may have.
const SEGMENTS: usize = 64;

async fn core() -> TestCore {
    let test = TestCore::new().await;
    test.write("sys/mounts/plain", json!({ "type": "kv" })).await.unwrap();
    for engine in &ENGINES {
        // What there is from the first write on.
        put(&test, engine, "x").await;
        delete(&test, engine, "x").await;
    }
    in_background(&test).await;
    test
}

async fn put(test: &TestCore, engine: &Engine, path: &str) {
    let body = json!({ "data": { "a": "1" } });
    test.write(&format!("{}{path}", engine.entries), body).await.unwrap();
}

async fn delete(test: &TestCore, engine: &Engine, path: &str) {
    test.delete(&format!("{}{path}", engine.listing)).await.unwrap();
}

async fn list(test: &TestCore, engine: &Engine, folder: &str) -> Value {
    match test.list(&format!("{}{folder}", engine.listing)).await {
        Ok(listed) => data(&listed)["keys"].take(),
        Err(Error::NotFound) => json!([]),
        Err(other) => panic!("{other}"),
    }
}

async fn in_background(test: &TestCore) {
    // Nobody knows how many there are, but each run does something.
    for _ in 0..8 {
        test.clock.advance(std::time::Duration::from_secs(60));
        test.core.run_due(test.core.now()).await.unwrap();
    }
}

async fn rows(test: &TestCore) -> usize {
    let mut snapshot = test.core.storage().snapshot().await.unwrap();
    snapshot.next(usize::MAX).await.unwrap().len()
}

#[tokio::test]
async fn the_deepest_secret_is_made_listed_and_leaves_nothing() {
    let test = core().await;
    let before = rows(&test).await;
    for engine in &ENGINES {
        let depth = SEGMENTS - engine.entries.matches('/').count();
        let folders: Vec<String> = (1..depth).map(|it| format!("f{it}/")).collect();
        let path = folders.concat() + "leaf";
        put(&test, engine, &path).await;
        assert_eq!(list(&test, engine, "").await, json!(["f1/"]));
        assert_eq!(list(&test, engine, &folders[..depth - 2].concat()).await, json!([folders[depth - 2]]));
        assert_eq!(list(&test, engine, &folders.concat()).await, json!(["leaf"]));
        delete(&test, engine, &path).await;
        assert_eq!(list(&test, engine, "").await, json!([]), "at once");
        in_background(&test).await;
        assert_eq!(rows(&test).await, before, "{}", engine.entries);
    }
}

#[tokio::test]
async fn what_comes_into_a_folder_that_is_about_to_go_keeps_it() {
    let test = core().await;
    let before = rows(&test).await;
    for engine in &ENGINES {
        put(&test, engine, "a/b/c").await;
        put(&test, engine, "a/d/e").await;
        delete(&test, engine, "a/b/c").await;
        delete(&test, engine, "a/d/e").await;
        assert_eq!(list(&test, engine, "").await, json!([]));
        put(&test, engine, "a/b/f").await;
        in_background(&test).await;
        assert_eq!(list(&test, engine, "").await, json!(["a/"]));
        assert_eq!(list(&test, engine, "a").await, json!(["b/"]));
        assert_eq!(list(&test, engine, "a/b").await, json!(["f"]));
        delete(&test, engine, "a/b/f").await;
        in_background(&test).await;
        assert_eq!(rows(&test).await, before, "{}", engine.entries);
    }
}
