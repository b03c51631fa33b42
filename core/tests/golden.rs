//! A store of each format that was ever released opens, and holds what was put into it. See
//! `examples/golden_store.rs` for how they were made.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc};

use serde_json::{Value, json};
use strongroom_core::{
    Core, Settings,
    clock::{ManualClock, Timestamp},
    crypto::SecretBytes,
    request::Operation,
    storage::{Sqlite, SqliteOptions},
    testing::{Ask, ROOT, TestCore, data},
};

/// The store of a format, in a directory of its own, and the keys that it was made with.
async fn open(format: &str, dir: &Path) -> (TestCore, Value) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let keys: Value =
        serde_json::from_slice(&fs::read(golden.join(format!("{format}.json"))).unwrap()).unwrap();
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).unwrap();
    let store = dir.join("strongroom.db");
    fs::write(&store, fs::read(golden.join(format!("{format}.db"))).unwrap()).unwrap();
    fs::set_permissions(&store, fs::Permissions::from_mode(0o600)).unwrap();

    let storage = Arc::new(Sqlite::open(dir, SqliteOptions::default()).unwrap());
    let clock = Arc::new(ManualClock::starting_at(Timestamp(keys["now"].as_i64().unwrap())));
    let share = data_encoding::BASE64.decode(keys["share"].as_str().unwrap().as_bytes()).unwrap();
    let core = Arc::new(Core::new(storage, clock.clone(), Settings::default()));
    let test = TestCore { core, clock, shares: vec![SecretBytes::new(share)] };
    test.unseal().await;
    (test, keys)
}

async fn check(format: &str) {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().canonicalize().unwrap();
    let (test, keys) = open(format, &dir).await;
    let read = async |path: &str| data(&test.read(path).await.unwrap_or_else(|it| panic!("{path}: {it}")));

    assert_eq!(data(&test.write("sys/integrity/check", json!({})).await.unwrap())["clean"], true);
    assert_eq!(read("plain/a").await, json!({ "field": "one" }));
    let latest = test.read("secret/data/app/db").await.unwrap();
    let text = latest.data.as_ref().unwrap().expose_str().unwrap();
    assert!(text.contains(r#""port":5432.0"#), "numbers are as they came: {text}");
    assert_eq!(data(&latest)["metadata"]["version"], 3);
    let metadata = read("secret/metadata/app/db").await;
    assert_eq!(metadata["custom_metadata"], json!({ "owner": "team" }));
    assert_ne!(metadata["versions"]["1"]["deletion_time"], "");
    assert_eq!(metadata["versions"]["2"]["destroyed"], true);
    for (path, letter, length) in [("long", "l", 4_000), ("longer", "c", 90_000)] {
        assert_eq!(read(&format!("secret/data/{path}")).await["data"]["text"], letter.repeat(length));
    }
    assert_eq!(data(&test.list("secret/metadata").await.unwrap())["keys"], json!(["app/", "long", "longer"]));

    let login = async |path: &str, body: Value| {
        let ask = Ask { token: "", body, ..Ask::new(Operation::Write, path) };
        test.ask(ask).await.unwrap().auth.unwrap().policies
    };
    let policies = ["app", "default"];
    assert_eq!(login("auth/userpass/login/ann", json!({ "password": "right" })).await, policies);
    let ids = json!({ "role_id": "web-role", "secret_id": "web-secret" });
    assert_eq!(login("auth/approle/login", ids).await, policies);
    assert_eq!(keys["root"], ROOT);
    let token = keys["token"].as_str().unwrap();
    let mine = async |path| test.as_token(token, Operation::Read, path, Value::Null).await;
    assert_eq!(data(&mine("cubbyhole/note").await.unwrap()), json!({ "kept": "in the token's own room" }));
    assert_eq!(data(&mine("secret/data/app/db").await.unwrap())["data"]["password"], "three");
    assert!(mine("secret/data/long").await.is_err(), "its policy reads as well");
    // What is written from now on lies beside it.
    test.write("secret/data/app/db", json!({ "data": { "password": "four" } })).await.unwrap();
    assert_eq!(data(&test.write("sys/integrity/check", json!({})).await.unwrap())["clean"], true);
}

#[tokio::test]
async fn a_store_of_format_1_opens() {
    check("format-1").await;
}
