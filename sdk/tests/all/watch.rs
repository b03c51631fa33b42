//! Secrets that are followed.

use std::time::Duration;

use serde_json::json;
use strongroom_sdk::{AppRole, Client, Kind, watch::Freshness};

use crate::server::{LONG, Real, app_role, until};

const OFTEN: Duration = Duration::from_millis(50);

async fn put(client: &Client, password: &str) {
    client.kv("secret").put("db", &json!({ "password": password })).await.unwrap();
}

fn password(secret: &strongroom_sdk::kv::Secret) -> String {
    secret.field("password").unwrap().expose().to_owned()
}

#[tokio::test]
async fn a_new_version_is_seen_by_every_handle() {
    let server = Real::start().await;
    let root = server.root();
    put(&root, "first").await;
    let mut watch = root.kv("secret").watch("db").every(OFTEN).start().await.unwrap();
    let mut other = watch.clone();
    assert_eq!(password(&watch.current()), "first");
    put(&root, "second").await;
    let seen = tokio::time::timeout(LONG, watch.changed()).await.unwrap();
    assert_eq!((password(&seen), seen.metadata.version), ("second".to_owned(), 2));
    assert_eq!(password(&tokio::time::timeout(LONG, other.changed()).await.unwrap()), "second");
    // Removed and written again: counted from one, and yet another one.
    root.kv("secret").delete_all("db").await.unwrap();
    put(&root, "third").await;
    until("the third", async || password(&watch.current()) == "third").await;
}

#[tokio::test]
async fn an_outage_is_not_an_empty_secret() {
    let server = Real::start().await;
    let root = server.root();
    put(&root, "kept").await;
    let watch = root.kv("secret").watch("db").every(OFTEN).start().await.unwrap();
    server.core.seal_now();
    until("it is stale", async || matches!(watch.freshness(), Freshness::Stale { .. })).await;
    assert_eq!(password(&watch.current()), "kept");
    let Freshness::Stale { since, error } = watch.freshness() else { panic!("it is stale") };
    assert_eq!(error.kind(), Kind::Sealed);
    assert!(watch.age() >= since.elapsed());
    server.unseal().await;
    until("it is fresh", async || matches!(watch.freshness(), Freshness::Fresh)).await;

    root.kv("secret").delete("db").await.unwrap();
    until("it is gone", async || matches!(watch.freshness(), Freshness::Gone)).await;
    assert_eq!(password(&watch.current()), "kept");
    put(&root, "back").await;
    until("it is back", async || password(&watch.current()) == "back").await;
    assert!(matches!(watch.freshness(), Freshness::Fresh));
}

#[tokio::test]
async fn who_may_not_see_metadata_reads_the_values_and_a_session_lives_in_its_watch() {
    let server = Real::start().await;
    let root = server.root();
    put(&root, "first").await;
    let rules = r#"path "secret/data/db" { capabilities = ["read"] }"#;
    let role = json!({ "token_policies": ["app"], "token_ttl": "2s" });
    let (role_id, secret_id) = app_role(&root, rules, role).await;
    let watch = {
        let session = server.nobody().login(AppRole::new(role_id).secret_id(secret_id)).await.unwrap();
        session.kv("secret").watch("db").every(OFTEN).start().await.unwrap()
    };
    // Longer than the token lives.
    tokio::time::sleep(Duration::from_secs(3)).await;
    put(&root, "second").await;
    until("the second", async || password(&watch.current()) == "second").await;
}

#[tokio::test]
async fn nothing_can_be_followed_that_is_not_there() {
    let server = Real::start().await;
    let none = server.root().kv("secret").watch("nothing").start().await;
    assert!(none.err().unwrap().is_not_found());
}
