//! Leased reads of KV secrets: who holds which version, until when, and how that ends.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use strongroom_core::{
    Error, Result, Settings,
    request::Operation,
    response::Response,
    storage::{Memory, Rev, RowKey, Storage},
    testing::{Ask, ROOT, TestCore, data, is_denied},
};

mod cost;

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

async fn leased(test: &TestCore, token: &str, path: &str, ttl: Duration) -> Result<Response> {
    test.ask(Ask { token, lease_ttl: Some(ttl), ..Ask::new(Operation::Read, path) }).await
}

/// The id and the seconds of a lease that a read gives.
async fn hold(test: &TestCore, token: &str, path: &str, ttl: Duration) -> (String, u64) {
    let answer = leased(test, token, path, ttl).await.unwrap();
    let lease = answer.lease.unwrap_or_else(|| panic!("no lease: {:?}", answer.warnings));
    assert!(lease.renewable);
    (lease.id, lease.duration.as_secs())
}

async fn put(test: &TestCore, path: &str) {
    test.write(path, json!({ "data": { "v": "planted" } })).await.unwrap();
}

/// A token that may read everything below `secret/` and see to its own leases.
async fn reader(test: &TestCore, body: Value) -> String {
    let policy = r#"path "secret/*" { capabilities = ["read"] }
        path "old/*" { capabilities = ["read"] }
        path "sys/leases/renew" { capabilities = ["update"] }
        path "sys/leases/revoke" { capabilities = ["update"] }
        path "sys/leases/lookup" { capabilities = ["update"] }"#;
    test.write("sys/policies/acl/reader", json!({ "policy": policy })).await.unwrap();
    let mut fields = json!({ "policies": ["reader"], "no_default_policy": true });
    fields.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    let made = test.write("auth/token/create", fields).await.unwrap();
    made.auth.unwrap().client_token.expose_str().unwrap().to_owned()
}

async fn holdings(test: &TestCore, path: &str) -> Vec<Value> {
    let answer = data(&test.read(&format!("sys/leases/holdings/{path}")).await.unwrap());
    answer["holdings"].as_array().unwrap().clone()
}

async fn is_alive(test: &TestCore, id: &str) -> bool {
    test.write("sys/leases/lookup", json!({ "lease_id": id })).await.is_ok()
}

fn over(storage: &Arc<Memory>) -> Arc<dyn Storage> {
    storage.clone()
}

#[tokio::test]
async fn reading_again_gives_the_same_lease_and_writes_nothing() {
    let storage = Arc::new(Memory::new());
    let test = TestCore::over(over(&storage), Settings::default()).await;
    put(&test, "secret/data/db").await;
    let reader = reader(&test, json!({ "ttl": "24h" })).await;
    let (id, seconds) = hold(&test, &reader, "secret/data/db", HOUR).await;
    assert_eq!(seconds, 3600);
    let name = id.strip_prefix("secret/data/db/").unwrap();
    assert!(name.len() == 64 && name.bytes().all(|it| it.is_ascii_hexdigit()));

    // More than half of it is left: the very same, and no commit.
    let before = last_commit(&test).await;
    test.clock.advance(29 * MINUTE);
    assert_eq!(hold(&test, &reader, "secret/data/db", HOUR).await, (id.clone(), 31 * 60));
    // Nor for whoever asks for less than there is.
    assert_eq!(hold(&test, &reader, "secret/data/db", MINUTE).await, (id.clone(), 31 * 60));
    assert_eq!(last_commit(&test).await, before, "a repeated read wrote something");

    test.clock.advance(2 * MINUTE);
    assert_eq!(hold(&test, &reader, "secret/data/db", HOUR).await, (id.clone(), 3600));
    assert!(last_commit(&test).await > before);
    // A plain read has none, and another token another one.
    assert!(test.read("secret/data/db").await.unwrap().lease.is_none());
    assert_ne!(hold(&test, ROOT, "secret/data/db", HOUR).await.0, id);
}

/// The revision of the store's head: each commit moves it.
async fn last_commit(test: &TestCore) -> Rev {
    let mut key = [0; strongroom_core::storage::KEY_LEN];
    key[32] = 4;
    test.core.storage().get(RowKey(key)).await.unwrap().unwrap().rev
}

#[tokio::test]
async fn a_lease_ends_with_its_token_and_never_after_it() {
    let test = TestCore::new().await;
    put(&test, "secret/data/db").await;
    let short = reader(&test, json!({ "ttl": "10m" })).await;
    let (id, seconds) = hold(&test, &short, "secret/data/db", HOUR).await;
    assert_eq!(seconds, 600, "as long as the token");
    // There is no more to be had, so that nothing is written, however little is left.
    let before = last_commit(&test).await;
    test.clock.advance(9 * MINUTE);
    assert_eq!(hold(&test, &short, "secret/data/db", HOUR).await, (id.clone(), 60));
    assert_eq!(last_commit(&test).await, before);
    // A token that is given less time takes it from its leases.
    let body = json!({ "token": short, "increment": "30s" });
    test.write("auth/token/renew", body).await.unwrap();
    assert_eq!(hold(&test, &short, "secret/data/db", HOUR).await, (id.clone(), 30));
    assert_eq!(holdings(&test, "secret/data/db").await[0]["ttl"], 30);
    // Rule 90: dead when it is over, with no sweeper about.
    test.clock.advance(MINUTE);
    assert!(!is_alive(&test, &id).await);
    assert!(holdings(&test, "secret/data/db").await.is_empty());
}

// Rules 41, 90: nothing that a token took out outlives it, before anything is swept, and nothing is left after.
#[tokio::test]
async fn revoking_a_token_ends_what_it_holds_at_once() {
    let storage = Arc::new(Memory::new());
    let test = TestCore::over(over(&storage), Settings::default()).await;
    for number in 0..20 {
        put(&test, &format!("secret/data/deep/er/{number}")).await;
    }
    let clean = test.core.unsealed().unwrap();
    let reader = reader(&test, json!({})).await;
    let mut ids = Vec::new();
    for number in 0..20 {
        ids.push(hold(&test, &reader, &format!("secret/data/deep/er/{number}"), 24 * HOUR).await.0);
    }
    assert_eq!(holdings(&test, "secret").await.len(), 20);
    assert_eq!(counted(&test, "secret/").await, 20);
    test.write("auth/token/revoke", json!({ "token": reader })).await.unwrap();
    for id in &ids {
        assert!(!is_alive(&test, id).await);
        let renewed = test.write("sys/leases/renew", json!({ "lease_id": id })).await;
        assert!(matches!(renewed, Err(Error::Invalid(text)) if text == "lease not found"));
    }
    assert!(holdings(&test, "secret").await.is_empty());
    drop(clean);
    run_due(&test).await;
    assert_eq!(counted(&test, "secret/").await, 0, "the sweeper has not been there");
}

async fn counted(test: &TestCore, mount: &str) -> u64 {
    let open = test.core.unsealed().unwrap();
    let table = open.mounts.current(&open.store).await.unwrap();
    open.leases.count(&open.store, table.at(mount).unwrap().mount.root()).await.unwrap()
}

async fn run_due(test: &TestCore) {
    for _ in 0..50 {
        test.clock.advance(Duration::from_secs(10));
        test.core.run_due(test.core.now()).await.unwrap();
    }
}

#[tokio::test]
async fn whoever_rotates_sees_who_is_behind() {
    let test = TestCore::new().await;
    put(&test, "secret/data/app/db").await;
    put(&test, "secret/data/app").await;
    put(&test, "secret/data/apple").await;
    let body = json!({ "display_name": "web", "ttl": "24h" });
    let (one, two) = (reader(&test, body.clone()).await, reader(&test, body).await);
    let (id, _) = hold(&test, &one, "secret/data/app/db", HOUR).await;
    hold(&test, &two, "secret/data/app/db", HOUR).await;
    hold(&test, &one, "secret/data/app", HOUR).await;
    hold(&test, &one, "secret/data/apple", HOUR).await;
    test.clock.advance(MINUTE);
    put(&test, "secret/data/app/db").await;
    hold(&test, &two, "secret/data/app/db", HOUR).await;

    let all = holdings(&test, "secret/data/app/db").await;
    assert_eq!(all.len(), 2);
    let behind = all.iter().find(|it| it["stale"] == true).unwrap();
    let lookup = data(&test.write("auth/token/lookup", json!({ "token": one })).await.unwrap());
    assert_eq!(
        *behind,
        json!({
            "lease_id": id, "path": "secret/data/app/db", "accessor": lookup["accessor"],
            "display_name": "token-web", "entity_id": "", "version": 1, "current_version": 2,
            "stale": true, "since": "2023-11-14T22:13:20Z", "expire_time": "2023-11-14T23:13:20Z",
            "ttl": 3540,
        })
    );
    let ahead = all.iter().find(|it| it["stale"] == false).unwrap();
    assert_eq!((&ahead["version"], &ahead["since"]), (&json!(2), &json!("2023-11-14T22:14:20Z")));
    // The secret, and what lies below; not what only begins alike.
    let paths = async |path: &str| -> Vec<String> {
        holdings(&test, path).await.iter().map(|it| it["path"].as_str().unwrap().to_owned()).collect()
    };
    let below = ["secret/data/app", "secret/data/app/db", "secret/data/app/db"];
    let mut seen = paths("secret/data/app").await;
    seen.sort();
    assert_eq!(seen, below);
    assert_eq!(paths("secret/data/app/").await.len(), 3);
    for whole in ["secret/data", "secret", "secret/", ""] {
        assert_eq!(paths(whole).await.len(), 4, "{whole}");
    }
    assert!(paths("none").await.is_empty());
}

#[tokio::test]
async fn a_version_that_is_asked_for_is_the_one_that_is_held() {
    let test = TestCore::new().await;
    put(&test, "secret/data/db").await;
    put(&test, "secret/data/db").await;
    let old = Ask {
        lease_ttl: Some(HOUR),
        body: json!({ "version": 1 }),
        ..Ask::new(Operation::Read, "secret/data/db")
    };
    let id = test.ask(old).await.unwrap().lease.unwrap().id;
    let shown = async || {
        let all = holdings(&test, "secret/data/db").await;
        (all[0]["version"].clone(), all[0]["stale"].clone(), all.len())
    };
    assert_eq!(shown().await, (json!(1), json!(true), 1));
    // Having read the current one, the same lease is of that.
    assert_eq!(hold(&test, ROOT, "secret/data/db", HOUR).await.0, id);
    assert_eq!(shown().await, (json!(2), json!(false), 1));
}

#[tokio::test]
async fn what_becomes_of_the_secret_shows() {
    let test = TestCore::new().await;
    let current = async || {
        let all = holdings(&test, "secret/data/db").await;
        (all[0]["current_version"].clone(), all[0]["stale"].clone())
    };
    put(&test, "secret/data/db").await;
    hold(&test, ROOT, "secret/data/db", HOUR).await;
    assert_eq!(current().await, (json!(1), json!(false)));
    test.delete("secret/data/db").await.unwrap();
    assert_eq!(current().await, (json!(0), json!(true)), "deleted");
    assert!(leased(&test, ROOT, "secret/data/db", HOUR).await.unwrap().lease.is_none());
    test.write("secret/undelete/db", json!({ "versions": [1] })).await.unwrap();
    assert_eq!(current().await, (json!(1), json!(false)), "restored");
    test.write("secret/destroy/db", json!({ "versions": [1] })).await.unwrap();
    assert_eq!(current().await, (json!(0), json!(true)), "destroyed");
    test.delete("secret/metadata/db").await.unwrap();
    assert_eq!(current().await, (json!(0), json!(true)), "gone");
    // Another secret at the old path is not what is held, though its version has the same number.
    test.clock.advance(MINUTE);
    put(&test, "secret/data/db").await;
    assert_eq!(current().await, (json!(1), json!(true)), "made anew");
}

#[tokio::test]
async fn secrets_of_version_1_are_held_too() {
    let test = TestCore::new().await;
    test.write("sys/mounts/old", json!({ "type": "kv" })).await.unwrap();
    test.write("old/db", json!({ "v": 1 })).await.unwrap();
    let (id, seconds) = hold(&test, ROOT, "old/db", HOUR).await;
    assert!(id.starts_with("old/db/") && seconds == 3600, "{id} {seconds}");
    assert_eq!(holdings(&test, "old/db").await[0]["stale"], false);
    test.clock.advance(MINUTE);
    test.write("old/db", json!({ "v": 2 })).await.unwrap();
    assert_eq!(holdings(&test, "old").await[0]["stale"], true);
    assert_eq!(hold(&test, ROOT, "old/db", MINUTE).await.0, id);
    assert_eq!(holdings(&test, "old/db").await[0]["stale"], false);
}

#[tokio::test]
async fn who_cannot_have_a_lease_is_told_why() {
    let test = TestCore::new().await;
    put(&test, "secret/data/db").await;
    let check = async |token: &str, path: &str, why: &str| {
        let answer = leased(&test, token, path, HOUR).await.unwrap();
        assert!(answer.lease.is_none() || answer.lease.unwrap().id.is_empty());
        assert!(answer.warnings.iter().any(|it| it.contains(why)), "{path} {:?}", answer.warnings);
    };
    let batch = reader(&test, json!({ "type": "batch" })).await;
    check(&batch, "secret/data/db", "batch token").await;
    let once = reader(&test, json!({ "num_uses": 1 })).await;
    check(&once, "secret/data/db", "last use").await;
    check(ROOT, "sys/mounts", "no secret's version").await;
    assert!(holdings(&test, "").await.is_empty());
    // What has no answer has no warning either.
    let write = Ask {
        lease_ttl: Some(HOUR),
        body: json!({ "data": {} }),
        ..Ask::new(Operation::Write, "secret/data/db")
    };
    assert!(test.ask(write).await.unwrap().warnings.is_empty());
}

#[tokio::test]
async fn a_holding_is_looked_up_renewed_and_revoked() {
    let test = TestCore::new().await;
    put(&test, "secret/data/db").await;
    let reader = reader(&test, json!({ "ttl": "2h" })).await;
    let (id, _) = hold(&test, &reader, "secret/data/db", HOUR).await;
    let ask = async |verb: &str, body: Value| {
        let path = format!("sys/leases/{verb}");
        test.as_token(&reader, Operation::Write, &path, body).await
    };
    let shown = data(&ask("lookup", json!({ "lease_id": id })).await.unwrap());
    assert_eq!(
        (&shown["ttl"], &shown["version"], &shown["renewable"]),
        (&json!(3600), &json!(1), &json!(true))
    );
    test.clock.advance(30 * MINUTE);
    let renewed = ask("renew", json!({ "lease_id": id })).await.unwrap();
    assert_eq!(renewed.lease.as_ref().unwrap().id, id);
    assert_eq!(renewed.lease.unwrap().duration, HOUR);
    assert!(renewed.warnings.is_empty());
    // No longer than the token, whatever is asked.
    put(&test, "secret/data/db").await;
    let renewed = ask("renew", json!({ "lease_id": id, "increment": "24h" })).await.unwrap();
    assert_eq!(renewed.lease.unwrap().duration, 90 * MINUTE);
    assert_eq!(renewed.warnings, ["The secret has changed: version 2 is current."]);
    let shorter = ask("renew", json!({ "lease_id": id, "increment": "1m" })).await.unwrap();
    assert_eq!(shorter.lease.unwrap().duration, MINUTE);

    assert_eq!(ask("revoke", json!({ "lease_id": id })).await.unwrap().status, Some(202));
    assert!(!is_alive(&test, &id).await);
    assert!(holdings(&test, "secret").await.is_empty());
    assert_eq!(counted(&test, "secret/").await, 0);
    // The id does not come back with the next lease.
    assert_ne!(hold(&test, &reader, "secret/data/db", HOUR).await.0, id);
    assert!(!is_alive(&test, &id).await);
}

// Rules 45, 88: an id or a path of somebody else's is nothing.
#[tokio::test]
async fn only_the_holder_and_whom_a_policy_names_see_a_holding() {
    let test = TestCore::new().await;
    put(&test, "secret/data/a").await;
    put(&test, "secret/data/b").await;
    let (one, two) = (reader(&test, json!({})).await, reader(&test, json!({})).await);
    let (id, _) = hold(&test, &one, "secret/data/a", HOUR).await;
    hold(&test, &one, "secret/data/b", HOUR).await;
    for verb in ["lookup", "renew", "revoke"] {
        let path = format!("sys/leases/{verb}");
        let body = json!({ "lease_id": id });
        assert!(is_denied(&test.as_token(&two, Operation::Write, &path, body.clone()).await), "{verb}");
        // One that was made up is not told from one that is over.
        let invented = format!("{}{}", &id[..id.len() - 2], "00");
        let body = json!({ "lease_id": invented });
        assert!(!is_denied(&test.as_token(&two, Operation::Write, &path, body).await), "{verb}");
    }
    assert!(is_denied(
        &test.as_token(&one, Operation::Read, "sys/leases/holdings/secret", Value::Null).await
    ));
    // Of a folder those secrets are shown that may be asked for alone.
    let policy = r#"path "sys/leases/holdings/secret" { capabilities = ["read"] }
        path "sys/leases/holdings/secret/data/a" { capabilities = ["read"] }"#;
    let lead = test.token_with(policy).await;
    let seen = test.as_token(&lead, Operation::Read, "sys/leases/holdings/secret", Value::Null).await;
    let seen = data(&seen.unwrap());
    assert_eq!(seen["holdings"].as_array().unwrap().len(), 1);
    assert_eq!(seen["holdings"][0]["path"], "secret/data/a");
}

#[tokio::test]
async fn many_holders_come_in_pages() {
    let test = TestCore::new().await;
    let mut expected = Vec::new();
    for path in ["secret/data/a", "secret/data/a/b", "secret/data/a/b/c", "secret/data/z"] {
        put(&test, path).await;
        for _ in 0..3 {
            let reader = reader(&test, json!({ "ttl": "1h" })).await;
            expected.push(hold(&test, &reader, path, HOUR).await.0);
        }
    }
    for limit in [1, 2, 5, 12, 13] {
        let mut seen: Vec<String> = Vec::new();
        let mut after = json!("");
        loop {
            let body = json!({ "limit": limit, "after": after });
            let ask = Ask { body, ..Ask::new(Operation::Read, "sys/leases/holdings/secret") };
            let page = data(&test.ask(ask).await.unwrap());
            let ids = page["holdings"].as_array().unwrap();
            assert!(ids.len() <= limit);
            seen.extend(ids.iter().map(|it| it["lease_id"].as_str().unwrap().to_owned()));
            match page.get("next") {
                Some(next) => after = next.clone(),
                None => break,
            }
        }
        let (mut sorted, mut expected) = (seen.clone(), expected.clone());
        sorted.sort();
        expected.sort();
        assert_eq!(sorted, expected, "{limit}");
    }
    for body in [json!({ "after": "none" }), json!({ "limit": -1 })] {
        let ask = Ask { body, ..Ask::new(Operation::Read, "sys/leases/holdings/secret") };
        assert!(matches!(test.ask(ask).await, Err(Error::Invalid(_))));
    }
}

#[tokio::test]
async fn holdings_are_listed_among_the_leases() {
    let test = TestCore::new().await;
    put(&test, "secret/data/app/db").await;
    let (id, _) = hold(&test, ROOT, "secret/data/app/db", HOUR).await;
    let keys = async |folder: &str| match test.list(&format!("sys/leases/lookup/{folder}")).await {
        Ok(listed) => data(&listed)["keys"].clone(),
        Err(_) => json!([]),
    };
    assert!(keys("").await.as_array().unwrap().contains(&json!("secret/")));
    assert_eq!(keys("secret").await, json!(["data/"]));
    assert_eq!(keys("secret/data/app/").await, json!(["db/"]));
    assert_eq!(keys("secret/data/app/db").await, json!([id.rsplit('/').next().unwrap()]));
    test.clock.advance(2 * HOUR);
    assert!(!keys("").await.as_array().unwrap().contains(&json!("secret/")));
    assert_eq!(keys("secret").await, json!([]));
}

// Rule 91
#[tokio::test]
async fn a_new_mount_at_an_old_path_knows_no_holding() {
    let test = TestCore::new().await;
    put(&test, "secret/data/db").await;
    let (id, _) = hold(&test, ROOT, "secret/data/db", 24 * HOUR).await;
    test.delete("sys/mounts/secret").await.unwrap();
    assert!(!is_alive(&test, &id).await);
    let body = json!({ "type": "kv", "options": { "version": "2" } });
    test.write("sys/mounts/secret", body).await.unwrap();
    put(&test, "secret/data/db").await;
    assert!(!is_alive(&test, &id).await);
    assert!(holdings(&test, "").await.is_empty());
    run_due(&test).await;
    assert_ne!(hold(&test, ROOT, "secret/data/db", HOUR).await.0, id);
}

#[tokio::test]
async fn holdings_go_with_a_mount_that_is_moved() {
    let test = TestCore::new().await;
    put(&test, "secret/data/db").await;
    let (id, _) = hold(&test, ROOT, "secret/data/db", 24 * HOUR).await;
    test.write("sys/remount", json!({ "from": "secret", "to": "moved" })).await.unwrap();
    assert!(!is_alive(&test, &id).await, "there is nothing at the old path");
    let moved = id.replace("secret/", "moved/");
    assert!(is_alive(&test, &moved).await);
    run_due(&test).await;
    assert_eq!(hold(&test, ROOT, "moved/data/db", MINUTE).await.0, moved);
    assert_eq!(holdings(&test, "moved").await.len(), 1);
}

#[tokio::test]
async fn a_prefix_ends_what_it_covers_and_nothing_that_comes_after() {
    let test = TestCore::new().await;
    for path in ["secret/data/a/x", "secret/data/a/y", "secret/data/ab"] {
        put(&test, path).await;
    }
    let (x, _) = hold(&test, ROOT, "secret/data/a/x", HOUR).await;
    let (y, _) = hold(&test, ROOT, "secret/data/a/y", HOUR).await;
    let (ab, _) = hold(&test, ROOT, "secret/data/ab", HOUR).await;
    test.write("sys/leases/revoke-prefix/secret/data/a", Value::Null).await.unwrap();
    assert!(!is_alive(&test, &x).await && !is_alive(&test, &y).await);
    assert!(is_alive(&test, &ab).await);
    // Before and after the sweeper has been there.
    let (again, _) = hold(&test, ROOT, "secret/data/a/x", HOUR).await;
    assert_ne!(again, x);
    assert!(is_alive(&test, &again).await);
    run_due(&test).await;
    assert!(is_alive(&test, &again).await && is_alive(&test, &ab).await);
    assert_eq!(counted(&test, "secret/").await, 2);
}

// Rule 89: over quota is refused before anything is done; what ends makes room.
#[tokio::test]
async fn a_mount_has_so_many_holdings_and_no_more() {
    let settings = Settings { max_leases: 3, ..Settings::default() };
    let test = TestCore::over(Arc::new(Memory::new()), settings).await;
    let mut ids = Vec::new();
    for number in 0..4 {
        put(&test, &format!("secret/data/{number}")).await;
        if number < 3 {
            ids.push(hold(&test, ROOT, &format!("secret/data/{number}"), HOUR).await.0);
        }
    }
    let refused = leased(&test, ROOT, "secret/data/3", HOUR).await;
    assert!(matches!(&refused, Err(Error::LeaseQuota { path }) if path == "secret/data/3"), "{refused:?}");
    // Neither plain reads nor whoever has a lease already are concerned.
    test.read("secret/data/3").await.unwrap();
    hold(&test, ROOT, "secret/data/0", HOUR).await;
    let body = json!({ "lease_id": ids[0], "sync": true });
    test.write("sys/leases/revoke", body).await.unwrap();
    hold(&test, ROOT, "secret/data/3", HOUR).await;
    // Time makes room, when the sweeper has seen it.
    test.clock.advance(2 * HOUR);
    run_due(&test).await;
    assert_eq!(counted(&test, "secret/").await, 0);
}

// Rule 90: an older clock revives nothing, nor does a restart.
#[tokio::test]
async fn an_expired_holding_stays_dead() {
    let test = TestCore::new().await;
    put(&test, "secret/data/db").await;
    let (id, _) = hold(&test, ROOT, "secret/data/db", HOUR).await;
    let begin = test.core.now();
    test.clock.advance(2 * HOUR);
    put(&test, "secret/data/other").await;
    assert!(!is_alive(&test, &id).await);
    test.clock.step_to(begin);
    assert!(!is_alive(&test, &id).await);
    test.write("sys/seal", Value::Null).await.unwrap();
    test.unseal().await;
    assert!(!is_alive(&test, &id).await);
    assert!(holdings(&test, "secret").await.is_empty());
}

// Rule 41: whoever leases while the token is being revoked has either been faster, and loses it, or is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_holding_survives_a_token_that_is_revoked_meanwhile() {
    let test = Arc::new(TestCore::new().await);
    for number in 0..8 {
        put(&test, &format!("secret/data/{number}")).await;
    }
    for _ in 0..20 {
        let token = reader(&test, json!({})).await;
        let readers: Vec<_> = (0..8)
            .map(|number| {
                let (test, token) = (test.clone(), token.clone());
                tokio::spawn(async move {
                    let path = format!("secret/data/{number}");
                    leased(&test, &token, &path, HOUR).await.ok().and_then(|it| it.lease)
                })
            })
            .collect();
        test.write("auth/token/revoke", json!({ "token": token })).await.unwrap();
        for reader in readers {
            if let Some(lease) = reader.await.unwrap() {
                assert!(!is_alive(&test, &lease.id).await);
            }
        }
        assert!(holdings(&test, "secret").await.is_empty());
    }
    run_due(&test).await;
    assert_eq!(counted(&test, "secret/").await, 0, "each was counted out once");
}
