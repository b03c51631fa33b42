//! What may happen once happens once, however many ask at the same time.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

use std::{future::Future, sync::Arc, time::Duration};

use serde_json::{Value, json};
use strongroom_core::{
    Settings,
    request::Operation,
    storage::{Sqlite, SqliteOptions},
    testing::{Ask, ROOT, TestCore, data},
};
use tokio::sync::Barrier;

/// Runs `count` of them at once, and answers how many succeeded.
async fn at_once<F>(count: usize, ask: impl Fn(usize) -> F) -> usize
where
    F: Future<Output = bool> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(count));
    let tasks: Vec<_> = (0..count)
        .map(|at| {
            let (barrier, ask) = (barrier.clone(), ask(at));
            tokio::spawn(async move {
                barrier.wait().await;
                ask.await
            })
        })
        .collect();
    let mut succeeded = 0;
    for task in tasks {
        succeeded += usize::from(task.await.unwrap());
    }
    succeeded
}

/// The token of a login or of `auth/token/create`.
async fn token(test: &TestCore, path: &str, body: Value) -> String {
    let auth = test.write(path, body).await.unwrap().auth.unwrap();
    auth.client_token.expose_str().unwrap().to_owned()
}

async fn lives(test: &TestCore, token: &str) -> bool {
    test.as_token(token, Operation::Read, "auth/token/lookup-self", Value::Null).await.is_ok()
}

// Rules 42, 138
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_token_is_used_as_often_as_it_may_be() {
    let test = Arc::new(TestCore::new().await);
    for uses in [1, 2, 5] {
        let body = json!({ "num_uses": uses, "policies": ["default"], "no_parent": true });
        let made = token(&test, "auth/token/create", body).await;
        let succeeded = at_once(24, |_| {
            let (test, made) = (test.clone(), made.clone());
            async move { lives(&test, &made).await }
        })
        .await;
        assert_eq!(succeeded, uses);
    }
}

// Rules 92, 138
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_wrapped_is_unwrapped_once() {
    let test = Arc::new(TestCore::new().await);
    for round in 0..10 {
        let wrap_ttl = Some(Duration::from_secs(60));
        let ask = Ask {
            body: json!({ "round": round }),
            wrap_ttl,
            ..Ask::new(Operation::Write, "sys/wrapping/wrap")
        };
        let info = test.ask(ask).await.unwrap().wrap_info.unwrap();
        let wrapping = info.token.expose_str().unwrap().to_owned();
        let succeeded = at_once(16, |at| {
            let (test, wrapping) = (test.clone(), wrapping.clone());
            async move {
                // In both ways in which the token may be brought.
                let (token, body) = match at % 2 {
                    0 => (wrapping.clone(), Value::Null),
                    _ => (ROOT.to_owned(), json!({ "token": wrapping })),
                };
                test.as_token(&token, Operation::Write, "sys/wrapping/unwrap", body).await.is_ok()
            }
        })
        .await;
        assert_eq!(succeeded, 1, "round {round}");
    }
}

// Rules 72, 138
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_secret_id_logs_in_as_often_as_it_may() {
    let test = Arc::new(TestCore::new().await);
    test.write("sys/auth/approle", json!({ "type": "approle" })).await.unwrap();
    test.write("auth/approle/role/r", json!({ "secret_id_num_uses": 3 })).await.unwrap();
    let role_id = data(&test.read("auth/approle/role/r/role-id").await.unwrap())["role_id"].clone();
    let made = test.write("auth/approle/role/r/secret-id", json!({})).await.unwrap();
    let secret_id = data(&made)["secret_id"].clone();
    let succeeded = at_once(16, |_| {
        let (test, body) = (test.clone(), json!({ "role_id": role_id, "secret_id": secret_id }));
        async move { test.as_token("", Operation::Write, "auth/approle/login", body).await.is_ok() }
    })
    .await;
    assert_eq!(succeeded, 3);
}

// Rules 53, 138
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_all_who_expect_the_same_version_one_writes() {
    let test = Arc::new(TestCore::new().await);
    for version in 0..5 {
        let succeeded = at_once(16, |at| {
            let test = test.clone();
            let body = json!({ "data": { "at": at }, "options": { "cas": version } });
            async move { test.write("secret/data/a", body).await.is_ok() }
        })
        .await;
        assert_eq!(succeeded, 1);
    }
    assert_eq!(data(&test.read("secret/data/a").await.unwrap())["metadata"]["version"], 5);
}

// Rules 67, 138
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn guesses_at_the_same_time_lock_a_name_out_as_well() {
    let test = Arc::new(TestCore::new().await);
    test.write("sys/auth/userpass", json!({ "type": "userpass" })).await.unwrap();
    test.write("auth/userpass/users/u", json!({ "password": "right" })).await.unwrap();
    let login = |password: &'static str| {
        let test = test.clone();
        async move {
            let body = json!({ "password": password });
            test.as_token("", Operation::Write, "auth/userpass/login/u", body).await.is_ok()
        }
    };
    assert!(login("right").await);
    assert_eq!(at_once(24, |_| login("wrong")).await, 0);
    // Had a guess gone uncounted the right one would still be let in.
    assert!(!login("right").await);
}

// Rules 41, 138
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_child_outlives_a_parent_that_is_revoked_meanwhile() {
    let test = Arc::new(TestCore::new().await);
    let policy = "path \"auth/token/create\" { capabilities = [\"update\", \"create\"] }";
    test.write("sys/policies/acl/parent", json!({ "policy": policy })).await.unwrap();
    let mut made = 0;
    for round in 0..20 {
        let parent = token(&test, "auth/token/create", json!({ "policies": ["parent"] })).await;
        let children = Arc::new(std::sync::Mutex::new(Vec::new()));
        at_once(9, |at| {
            let (test, parent, children) = (test.clone(), parent.clone(), children.clone());
            async move {
                if at == 0 {
                    let body = json!({ "token": parent });
                    return test.write("auth/token/revoke", body).await.is_ok();
                }
                for _ in 0..4 {
                    let body = json!({ "policies": ["default"] });
                    let child = test.as_token(&parent, Operation::Write, "auth/token/create", body).await;
                    let Ok(child) = child else { return false };
                    let auth = child.auth.unwrap();
                    children.lock().unwrap().push(auth.client_token.expose_str().unwrap().to_owned());
                }
                true
            }
        })
        .await;
        assert!(!lives(&test, &parent).await);
        let children = std::mem::take(&mut *children.lock().unwrap());
        made += children.len();
        for child in children {
            assert!(!lives(&test, &child).await, "round {round}: a child outlives its parent");
        }
    }
    assert!(made > 20, "{made} children are too few to prove anything");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_is_turned_away_from_a_secret_that_many_write() {
    const WRITERS: usize = 96;
    const WRITES: usize = 12;
    let temp = tempfile::tempdir().unwrap();
    let storage = Sqlite::open(&temp.path().join("data"), SqliteOptions::default()).unwrap();
    let test = Arc::new(TestCore::over(Arc::new(storage), Settings::default()).await);
    let succeeded = at_once(WRITERS, |at| {
        let test = test.clone();
        async move {
            for _ in 0..WRITES {
                test.write("secret/data/hot", json!({ "data": { "by": at } })).await.unwrap();
            }
            true
        }
    })
    .await;
    assert_eq!(succeeded, WRITERS);
    let newest = data(&test.read("secret/data/hot").await.unwrap());
    assert_eq!(newest["metadata"]["version"], WRITERS * WRITES);
}
