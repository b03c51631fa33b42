//! Makes the store that `core/tests/golden.rs` opens: of the format that this build writes, with something of each
//! kind in it.
//!
//! `cargo run --example golden_store -- NEW-DIRECTORY`, then keep `strongroom.db` as `core/tests/golden/format-N.db`
//! and what is printed as `format-N.json`. A format that stores out there have is never made again.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, reason = "a program for tests")]

use std::{path::Path, sync::Arc};

use serde_json::json;
use strongroom_core::{
    Settings,
    request::Operation,
    storage::{Sqlite, SqliteOptions, Storage as _},
    testing::{ROOT, TestCore, data},
};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let dir = std::env::args().nth(1).unwrap();
    let storage = Arc::new(Sqlite::open(Path::new(&dir), SqliteOptions::default()).unwrap());
    let test = TestCore::over(storage.clone(), Settings::default()).await;
    let write = async |path: &str, body| test.write(path, body).await.unwrap();

    write("sys/mounts/plain", json!({ "type": "kv", "options": { "version": "1" } })).await;
    write("plain/a", json!({ "field": "one" })).await;
    for version in ["one", "two", "three"] {
        write("secret/data/app/db", json!({ "data": { "password": version, "port": 5432.0 } })).await;
    }
    write("secret/delete/app/db", json!({ "versions": [1] })).await;
    write("secret/destroy/app/db", json!({ "versions": [2] })).await;
    write("secret/metadata/app/db", json!({ "custom_metadata": { "owner": "team" } })).await;
    // One that lies in a table of its own, and one in several rows.
    write("secret/data/long", json!({ "data": { "text": "l".repeat(4_000) } })).await;
    write("secret/data/longer", json!({ "data": { "text": "c".repeat(90_000) } })).await;
    // A term more, so that there are rows of both.
    write("sys/rotate", json!({})).await;
    let policy = r#"path "secret/data/app/*" { capabilities = ["read"] }"#;
    write("sys/policies/acl/app", json!({ "policy": policy })).await;
    write("sys/auth/userpass", json!({ "type": "userpass" })).await;
    write("auth/userpass/users/ann", json!({ "password": "right", "token_policies": ["app"] })).await;
    write("sys/auth/approle", json!({ "type": "approle" })).await;
    write("auth/approle/role/web", json!({ "role_id": "web-role", "token_policies": ["app"] })).await;
    write("auth/approle/role/web/custom-secret-id", json!({ "secret_id": "web-secret" })).await;
    let made = write("auth/token/create", json!({ "policies": ["app"], "ttl": "700h" })).await.auth.unwrap();
    let token = made.client_token.expose_str().unwrap();
    let kept = json!({ "kept": "in the token's own room" });
    test.as_token(token, Operation::Write, "cubbyhole/note", kept).await.unwrap();

    let checked = test.write("sys/integrity/check", json!({})).await.unwrap();
    assert_eq!(data(&checked)["clean"], true);
    let share = data_encoding::BASE64.encode(test.shares[0].expose());
    let keys = json!({ "share": share, "root": ROOT, "token": token, "now": test.core.now().0 });
    println!("{keys:#}");
    test.core.seal_now();
    storage.close().await.unwrap();
}
