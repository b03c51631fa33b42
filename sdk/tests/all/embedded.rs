//! A store in the application's own process.

use serde_json::json;
use strongroom_sdk::{
    AppRole, Client, Kind, SecretString,
    embedded::{Auditing, Builder, OpenError, SecretBytes, Store, Unlock, Upkeep},
};

use crate::server::app_role;

fn key() -> Unlock {
    Unlock::Key(SecretBytes::copy_of(&[7; 32]))
}

/// A store in memory, and a client with a token that may do everything.
pub async fn store_and_token() -> (Store, Client) {
    let mut store = Store::open(Builder::memory(key(), Auditing::Nothing)).await.unwrap();
    let root = store.take_made().unwrap().root_token;
    let client = store.client(Some(root));
    (store, client)
}

#[tokio::test]
async fn a_store_keeps_its_secrets_and_its_log() {
    let dir = tempfile::tempdir().unwrap();
    let (data, key, log) = (dir.path().join("data"), dir.path().join("key"), dir.path().join("audit.log"));
    let open =
        || Store::open(Builder::directory(&data, Unlock::KeyFile(key.clone()), Auditing::File(log.clone())));
    let mut store = open().await.unwrap();
    let made = store.take_made().unwrap();
    assert!(store.take_made().is_none());
    assert!(made.recovery_share.is_some());
    store.root().kv("secret").put("db", &json!({ "password": "hunter2" })).await.unwrap();
    let outlives = store.root();
    assert!(matches!(open().await, Err(OpenError::Storage(_))), "it is in use");
    store.close().await.unwrap();
    assert_eq!(outlives.kv("secret").get("db").await.unwrap_err().kind(), Kind::Sealed);
    drop(outlives);

    let mut store = open().await.unwrap();
    assert!(store.take_made().is_none());
    let found = store.root().kv("secret").get("db").await.unwrap();
    assert_eq!(found.field("password").unwrap().expose(), "hunter2");
    store.close().await.unwrap();
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("\"path\":\"secret/data/db\""));
    assert!(!log.contains("hunter2"));
}

#[tokio::test]
async fn another_key_does_not_open_it_and_a_lost_key_file_is_not_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let open = |unlock| Store::open(Builder::directory(dir.path().join("data"), unlock, Auditing::Nothing));
    open(key()).await.unwrap().close().await.unwrap();
    let other = open(Unlock::Key(SecretBytes::copy_of(&[8; 32]))).await;
    assert!(matches!(other, Err(OpenError::Core(_))));
    let absent = dir.path().join("absent");
    assert!(matches!(open(Unlock::KeyFile(absent.clone())).await, Err(OpenError::KeyFile { .. })));
    assert!(!absent.exists());
    let beside = dir.path().join("new");
    let inside = Builder::directory(&beside, Unlock::KeyFile(beside.join("key")), Auditing::Nothing);
    assert!(matches!(Store::open(inside).await, Err(OpenError::KeyFile { .. })));
    open(key()).await.unwrap().close().await.unwrap();
}

#[tokio::test]
async fn a_passphrase_opens_it_too() {
    let passphrase = |text: &str| Unlock::Passphrase(SecretBytes::copy_of(text.as_bytes()));
    let dir = tempfile::tempdir().unwrap();
    let open = |unlock| Store::open(Builder::directory(dir.path().join("data"), unlock, Auditing::Nothing));
    let weak = open(passphrase("password")).await;
    assert!(matches!(weak, Err(OpenError::Core(_))));
    open(passphrase("correct horse battery")).await.unwrap().close().await.unwrap();
    assert!(open(passphrase("correct horse batteri")).await.is_err());
    open(passphrase("correct horse battery")).await.unwrap().close().await.unwrap();
}

// Who speaks by a token is never taken for the root handle, whatever the token.
// Rules 35 and 37
#[tokio::test]
async fn only_the_root_handle_may_do_everything() {
    let (store, root_token) = store_and_token().await;
    store.root().kv("secret").put("db", &json!({ "password": "p" })).await.unwrap();
    let bearers = [None, Some(SecretString::new("")), Some(SecretString::new("hvs.invented"))];
    for bearer in bearers {
        let client = store.client(bearer);
        assert!(client.kv("secret").get("db").await.unwrap_err().is_denied());
        assert!(client.sys().health().await.unwrap().initialized);
        let anonymous = client.call(strongroom_sdk::Method::Get, "secret/data/db").anonymous();
        assert!(anonymous.send().await.unwrap_err().is_denied());
    }
    // What comes from elsewhere is no reason to speak as root.
    let root = store.root();
    let read = || root.call(strongroom_sdk::Method::Get, "secret/data/db");
    for token in ["", "hvs.invented"] {
        assert!(read().with_token(SecretString::new(token)).send().await.unwrap_err().is_denied());
    }
    assert!(read().anonymous().send().await.unwrap_err().is_denied());
    assert!(store.root().wrapping().unwrap::<serde_json::Value>(&SecretString::new("")).await.is_err());
    read().send().await.unwrap();
    // The root handle has no token to look up.
    assert!(store.root().tokens().lookup_self().await.is_err());
    assert_eq!(root_token.tokens().lookup_self().await.unwrap().policies, ["root"]);
}

#[tokio::test]
async fn policies_decide_and_logins_work_as_with_a_server() {
    let (store, root) = store_and_token().await;
    root.kv("secret").put("db", &json!({ "password": "p" })).await.unwrap();
    let rules = r#"path "secret/data/db" { capabilities = ["read"] }"#;
    let ids = app_role(&root, rules, json!({ "token_policies": ["app"] })).await;
    let (role_id, secret_id) = ids.clone();
    let session = store.client(None).login(AppRole::new(role_id).secret_id(secret_id)).await.unwrap();
    session.kv("secret").get("db").await.unwrap();
    assert!(session.kv("secret").put("db", &json!({})).await.unwrap_err().is_denied());

    // A login that was made through the root handle does not fall back to it when it ends.
    let (role_id, secret_id) = (ids.0, ids.1);
    let session = store.root().login(AppRole::new(role_id).secret_id(secret_id)).await.unwrap();
    let client = session.client().clone();
    client.kv("secret").get("db").await.unwrap();
    session.logout().await.unwrap();
    assert!(client.kv("secret").get("db").await.unwrap_err().is_denied());
    assert!(store.root().with_token(None).kv("secret").get("db").await.unwrap_err().is_denied());
}

#[tokio::test]
async fn the_application_may_do_the_upkeep_itself() {
    let builder = Builder::memory(key(), Auditing::Nothing).background(Upkeep::Manual);
    let store = Store::open(builder).await.unwrap();
    let now = store.core().now();
    assert!(store.core().run_due(now).await.unwrap().0 >= now);
    store.close().await.unwrap();
}
