//! Leased reads, against the real server and against servers that follow a script.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use strongroom_sdk::{AppRole, Client, Config, Kind, Method, SecretString, Session, lease::Lost};

use crate::{
    embedded,
    script::{Reply, Script, Seen},
    server::{LONG, Real, app_role, until},
};

const ID: &str = "secret/data/db/abc";
const MINUTE: Duration = Duration::from_secs(60);

fn leased(id: &str, seconds: u64) -> Value {
    let metadata = json!({ "version": 1, "created_time": "t", "deletion_time": "", "destroyed": false });
    json!({
        "lease_id": id, "renewable": true, "lease_duration": seconds,
        "data": { "data": { "password": "p" }, "metadata": metadata },
    })
}

/// A lease of a second, and what `renew` answers.
async fn server(renew: impl Fn() -> Option<Reply> + Send + Sync + 'static) -> Script {
    Script::start(move |_, seen: &Seen| match seen.path.as_str() {
        "/v1/secret/data/db" => Some(Reply::ok(leased(ID, 1))),
        "/v1/sys/leases/renew" => renew(),
        "/v1/sys/leases/revoke" => Some(Reply::new(204, Value::Null)),
        _ => Some(Reply::error(404, "no handler")),
    })
    .await
}

fn renewed() -> Option<Reply> {
    Some(Reply::ok(json!({ "lease_id": ID, "renewable": true, "lease_duration": 1, "data": null })))
}

fn client(script: &Script) -> Client {
    Client::new(Config { max_retries: 0, ..script.config() }).unwrap()
}

#[tokio::test]
async fn a_lease_is_renewed_while_it_is_held_and_ended_when_released() {
    let script = server(renewed).await;
    let lease = client(&script).kv("secret").get_leased("db", MINUTE).await.unwrap();
    assert_eq!(lease.secret().field("password").unwrap().expose(), "p");
    assert_eq!(lease.lease_id(), ID);
    until("three renewals", async || script.count("/v1/sys/leases/renew") >= 3).await;
    assert!(lease.is_lost().is_none());
    lease.release().await.unwrap();
    let seen = script.seen();
    assert_eq!((seen[0].method.as_str(), seen[0].lease.as_deref()), ("GET", Some("60s")));
    let renewal = seen.iter().find(|it| it.path == "/v1/sys/leases/renew").unwrap();
    assert_eq!(renewal.body, json!({ "lease_id": ID, "increment": 60 }));
    assert_eq!(seen.last().unwrap().path, "/v1/sys/leases/revoke");
    assert_eq!(seen.last().unwrap().body, json!({ "lease_id": ID }));
}

#[tokio::test]
async fn a_dropped_lease_is_ended_too() {
    let script = server(renewed).await;
    drop(client(&script).kv("secret").get_leased("db", MINUTE).await.unwrap());
    until("it is revoked", async || script.count("/v1/sys/leases/revoke") == 1).await;
}

#[tokio::test]
async fn a_lease_that_is_held_twice_ends_with_the_second() {
    let script = server(renewed).await;
    let client = client(&script);
    let first = client.kv("secret").get_leased("db", MINUTE).await.unwrap();
    let second = client.kv("secret").get_leased("db", MINUTE).await.unwrap();
    first.release().await.unwrap();
    assert_eq!(script.count("/v1/sys/leases/revoke"), 0);
    second.release().await.unwrap();
    assert_eq!(script.count("/v1/sys/leases/revoke"), 1);
}

#[tokio::test]
async fn a_lease_of_no_time_is_lost_and_not_asked_for_without_end() {
    let nothing = json!({ "lease_id": ID, "renewable": true, "lease_duration": 0, "data": null });
    let script = server(move || Some(Reply::ok(nothing.clone()))).await;
    let lease = client(&script).kv("secret").get_leased("db", MINUTE).await.unwrap();
    let lost = tokio::time::timeout(LONG, lease.lost()).await.unwrap();
    assert!(matches!(lost, Lost::Ended(_)), "{lost:?}");
    assert_eq!(script.count("/v1/sys/leases/renew"), 1);
}

#[tokio::test]
async fn a_lease_for_longer_than_clocks_can_count_is_held_too() {
    let script = Script::start(|_, _| Some(Reply::ok(leased(ID, u64::MAX)))).await;
    let lease = client(&script).kv("secret").get_leased("db", Duration::MAX).await.unwrap();
    lease.release().await.unwrap();
    assert_eq!(script.count("/v1/sys/leases/revoke"), 1);
}

#[tokio::test]
async fn a_lease_that_the_server_ended_is_lost_and_not_revoked() {
    let script = server(|| Some(Reply::error(400, "lease not found"))).await;
    let lease = client(&script).kv("secret").get_leased("db", MINUTE).await.unwrap();
    let lost = tokio::time::timeout(LONG, lease.lost()).await.unwrap();
    assert!(matches!(lost, Lost::Ended(_)), "{lost:?}");
    lease.release().await.unwrap();
    assert_eq!(script.count("/v1/sys/leases/revoke"), 0);
}

#[tokio::test]
async fn an_outage_is_sat_out_and_one_that_is_too_long_loses_the_lease() {
    let down = Arc::new(AtomicBool::new(true));
    let is_down = down.clone();
    let script = server(move || if is_down.load(Ordering::SeqCst) { None } else { renewed() }).await;
    let lease = client(&script).kv("secret").get_leased("db", MINUTE).await.unwrap();
    let lost = tokio::time::timeout(LONG, lease.lost()).await.unwrap();
    assert!(matches!(lost, Lost::Expired(_)), "{lost:?}");
    assert!(script.count("/v1/sys/leases/renew") >= 2, "it is tried again before it is given up");

    down.store(false, Ordering::SeqCst);
    let lease = client(&script).kv("secret").get_leased("db", MINUTE).await.unwrap();
    let before = script.count("/v1/sys/leases/renew");
    until("renewals", async || script.count("/v1/sys/leases/renew") >= before + 3).await;
    assert!(lease.is_lost().is_none());
}

#[tokio::test]
async fn a_read_without_a_lease_says_so() {
    let script = Script::start(|_, _| Some(Reply::ok(leased("", 0)))).await;
    let client = client(&script);
    let none = client.kv("secret").get_leased("db", MINUTE).await;
    assert_eq!(none.err().unwrap().kind(), Kind::NoLease);
    client.call(Method::Get, "secret/data/db").lease(MINUTE * 2).send().await.unwrap();
    assert_eq!(script.seen().last().unwrap().lease.as_deref(), Some("120s"));
}

const RULES: &str = r#"
path "secret/data/db" { capabilities = ["read"] }
path "sys/leases/revoke" { capabilities = ["update"] }
"#;

/// An application that is logged in, and the ids of the leases that somebody has on its secret.
async fn application(root: &Client, nobody: &Client) -> Session {
    root.kv("secret").put("db", &json!({ "password": "p" })).await.unwrap();
    let (role_id, secret_id): (String, SecretString) =
        app_role(root, RULES, json!({ "token_policies": ["app"] })).await;
    nobody.login(AppRole::new(role_id).secret_id(secret_id)).await.unwrap()
}

async fn holders(root: &Client) -> Vec<String> {
    let answer = root.call(Method::Get, "sys/leases/holdings/secret/data/db").send().await;
    let Ok(answer) = answer else { return Vec::new() };
    let data: Value = answer.data().unwrap();
    data["holdings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["lease_id"].as_str().unwrap().to_owned())
        .collect()
}

async fn check_real(root: Client, nobody: Client) {
    let session = application(&root, &nobody).await;
    let two_seconds = Duration::from_secs(2);
    let lease = session.kv("secret").get_leased("db", two_seconds).await.unwrap();
    assert_eq!(lease.secret().field("password").unwrap().expose(), "p");
    assert_eq!(holders(&root).await, [lease.lease_id()]);
    // Renewed for longer than it was given at first.
    tokio::time::sleep(two_seconds * 2).await;
    assert!(lease.is_lost().is_none());
    assert_eq!(holders(&root).await, [lease.lease_id()]);
    let again = session.kv("secret").get_leased("db", two_seconds).await.unwrap();
    assert_eq!(again.lease_id(), lease.lease_id());
    again.release().await.unwrap();
    assert_eq!(holders(&root).await.len(), 1);
    lease.release().await.unwrap();
    assert!(holders(&root).await.is_empty());

    let lease = session.kv("secret").get_leased("db", two_seconds).await.unwrap();
    root.leases().revoke(lease.lease_id()).await.unwrap();
    let lost = tokio::time::timeout(LONG, lease.lost()).await.unwrap();
    assert!(matches!(lost, Lost::Ended(_)), "{lost:?}");
}

#[tokio::test]
async fn a_real_server_knows_who_holds_a_secret_until_it_is_released() {
    let server = Real::start().await;
    check_real(server.root(), server.nobody()).await;
}

#[tokio::test]
async fn an_embedded_store_knows_it_too_and_gives_its_root_handle_none() {
    let (store, root) = embedded::store_and_token().await;
    check_real(root, store.client(None)).await;
    let none = store.root().kv("secret").get_leased("db", MINUTE).await;
    assert_eq!(none.err().unwrap().kind(), Kind::NoLease);
}
