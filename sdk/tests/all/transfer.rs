//! What is too large for memory, in and out.

use std::{fs::File, io::Write as _};

use serde_json::json;
use strongroom_sdk::{Error, Kind};

use crate::server::Real;

const SNAPSHOT: &str = "sys/storage/raft/snapshot";

#[tokio::test]
async fn a_snapshot_is_taken_and_put_back() {
    let server = Real::start().await;
    let client = server.root();
    client.kv("secret").put("db", &json!({ "password": "one" })).await.unwrap();
    let mut taken = Vec::new();
    let size = client.download(SNAPSHOT, &mut taken).await.unwrap();
    assert_eq!(usize::try_from(size).unwrap(), taken.len());
    assert_eq!(taken.first_chunk(), Some(&[0x1f, 0x8b]), "a snapshot is a gzip stream");
    client.kv("secret").put("db", &json!({ "password": "two" })).await.unwrap();

    let dir = tempfile::tempdir().unwrap();
    let (whole, torn) = (dir.path().join("whole"), dir.path().join("torn"));
    File::create(&whole).unwrap().write_all(&taken).unwrap();
    File::create(&torn).unwrap().write_all(&taken[..taken.len() / 2]).unwrap();
    let refused = client.upload(SNAPSHOT, File::open(&torn).unwrap()).await;
    assert!(matches!(&refused, Err(it) if it.kind() == Kind::Invalid), "{:?}", refused.err());
    assert_eq!(client.kv("secret").get("db").await.unwrap().metadata.version, 2);

    client.upload(SNAPSHOT, File::open(&whole).unwrap()).await.unwrap();
    server.unseal().await;
    assert_eq!(client.kv("secret").get("db").await.unwrap().metadata.version, 1);
}

#[tokio::test]
async fn a_refusal_is_an_error_and_nothing_is_written() {
    let server = Real::start().await;
    let mut taken = Vec::new();
    let refused = server.root().with_token(None).download(SNAPSHOT, &mut taken).await;
    assert!(matches!(refused, Err(Error::Api { status: 403, .. })), "{refused:?}");
    assert!(taken.is_empty());
}
