//! Restores whose upload takes its time: what has changed meanwhile counts.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::stream;
use serde_json::{Value, json};
use strongroom_core::{
    Core, Error, Settings,
    clock::SystemClock,
    crypto::SecretBytes,
    request::{Operation, Peer},
    response::Response,
    seal::Kind,
    storage::Memory,
    testing::{Ask, TestCore, data, is_denied},
};
use tokio::sync::{Mutex, mpsc};

const PATH: &str = "sys/storage/raft/snapshot";
const MAY: &str = r#"path "sys/storage/raft/*" { capabilities = ["update", "sudo"] }"#;
const MAY_NOT: &str = r#"path "sys/storage/raft/*" { capabilities = ["update"] }"#;

/// A process does one restore at a time.
static ONE: Mutex<()> = Mutex::const_new(());

/// A restore under way: half of it is sent.
struct Upload {
    pieces: mpsc::Sender<std::io::Result<Bytes>>,
    rest: Vec<u8>,
    answer: tokio::task::JoinHandle<Result<Response, Error>>,
}

impl Upload {
    async fn begin(test: &Arc<TestCore>, token: &str, snapshot: &[u8]) -> Self {
        let (pieces, received) = mpsc::channel(1);
        let body = stream::unfold(received, async |mut it| it.recv().await.map(|piece| (piece, it)));
        let (test, token) = (test.clone(), token.to_owned());
        let peer = Peer::Address(([127, 0, 0, 1], 40_000).into());
        let answer =
            tokio::spawn(async move { test.upload_as_it_comes(PATH, &token, peer, Box::pin(body)).await });
        let (half, rest) = snapshot.split_at(snapshot.len() / 2);
        // The second is taken when the first one has been looked at.
        for piece in half.chunks(half.len() / 2 + 1) {
            pieces.send(Ok(Bytes::copy_from_slice(piece))).await.unwrap();
        }
        pieces.reserve().await.unwrap();
        Self { pieces, rest: rest.to_vec(), answer }
    }

    async fn end(self) -> Result<Response, Error> {
        let _ = self.pieces.send(Ok(self.rest.into())).await;
        drop(self.pieces);
        self.answer.await.unwrap()
    }

    /// The answer, while the sender keeps it waiting.
    async fn answer(self) -> Result<Response, Error> {
        let answer = tokio::time::timeout(Duration::from_secs(60), self.answer).await;
        answer.unwrap_or_else(|_| panic!("the upload goes on")).unwrap()
    }
}

async fn put(test: &TestCore, value: &str) {
    test.write("secret/data/a", json!({ "data": { "value": value } })).await.unwrap();
}

async fn value(test: &TestCore) -> Value {
    data(&test.read("secret/data/a").await.unwrap())["data"]["value"].clone()
}

// Rules 21 and 37: who sends slowly has no more rights than who sends at once.
#[tokio::test]
async fn whoever_restores_must_still_be_allowed_to_when_all_of_it_has_come() {
    let _one = ONE.lock().await;
    for (what, policy, meanwhile, is_done) in [
        ("nothing", MAY, None, true),
        (
            "another policy that allows it",
            MAY,
            Some(("sys/policies/acl/team", json!({ "policy": MAY }))),
            true,
        ),
        ("a policy without sudo", MAY, Some(("sys/policies/acl/team", json!({ "policy": MAY_NOT }))), false),
        ("a revocation", MAY, Some(("auth/token/revoke", Value::Null)), false),
        ("a revocation of all", MAY, Some(("sys/leases/revoke-prefix/auth/token", json!({}))), false),
    ] {
        // Also with the only use that a token is good for.
        for uses in [0, 1] {
            // A token that has no use left is told apart from none by nobody.
            if uses == 1 && what == "a revocation" {
                continue;
            }
            let test = Arc::new(TestCore::new().await);
            put(&test, "old").await;
            let snapshot = test.snapshot().await.unwrap();
            put(&test, "new").await;
            test.write("sys/policies/acl/team", json!({ "policy": policy })).await.unwrap();
            let body = json!({ "policies": ["team"], "num_uses": uses });
            let auth = test.write("auth/token/create", body).await.unwrap().auth.unwrap();
            let token = auth.client_token.expose_str().unwrap();
            let upload = Upload::begin(&test, token, &snapshot).await;
            if let Some((path, body)) = &meanwhile {
                let body = if body.is_null() { json!({ "token": token }) } else { body.clone() };
                let _ = test.write(path, body).await;
            }
            let answer = upload.end().await;
            if is_done {
                answer.unwrap();
                test.unseal().await;
                assert_eq!(value(&test).await, "old", "{what}, {uses}");
            } else {
                assert!(is_denied(&answer), "{what}, {uses}: {answer:?}");
                assert!(!test.core.is_sealed(), "{what}, {uses}");
                assert_eq!(value(&test).await, "new", "{what}, {uses}");
            }
        }
    }
}

// Rule 21: sealing ends an upload at once, and a store that was sealed meanwhile is not opened by its end.
#[tokio::test]
async fn an_upload_ends_when_the_store_is_sealed_and_nothing_opens_it() {
    let _one = ONE.lock().await;
    let key = || SecretBytes::new(vec![7; 32]);
    let settings = Settings { seal: Kind::KeyFile, ..Settings::default() };
    let core = Arc::new(Core::new(Arc::new(Memory::new()), Arc::new(SystemClock::default()), settings));
    core.provide_unattended_key(&key()).unwrap();
    core.find_unattended_key_with(Arc::new(move || Some(key())));
    let test = TestCore { core, ..TestCore::new().await };
    let init = Ask {
        body: json!({ "recovery_shares": 1, "recovery_threshold": 1 }),
        token: "",
        ..Ask::new(Operation::Write, "sys/init")
    };
    let made: Value =
        serde_json::from_slice(test.ask(init).await.unwrap().raw.unwrap().body.expose()).unwrap();
    let (test, token) = (Arc::new(test), made["root_token"].as_str().unwrap());
    let ask = async |operation, path| test.as_token(token, operation, path, Value::Null).await;
    let pieces = ask(Operation::Read, PATH).await.unwrap().stream.unwrap();
    let snapshot = pieces.map(Result::unwrap).collect::<Vec<_>>().concat();

    for opens_again in [false, true] {
        let before = test.core.anchor().unwrap();
        let upload = Upload::begin(&test, token, &snapshot).await;
        ask(Operation::Write, "sys/seal").await.unwrap();
        if opens_again {
            test.core.unseal_unattended(&key()).await.unwrap();
        }
        let answer = upload.answer().await;
        assert!(matches!(answer, Err(Error::Sealed)), "{answer:?}");
        assert_eq!(test.core.is_sealed(), !opens_again);
        if !opens_again {
            test.core.unseal_unattended(&key()).await.unwrap();
        }
        assert_eq!(test.core.anchor().unwrap(), before);
    }
}
