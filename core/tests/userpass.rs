//! `auth/userpass/`: logins with a name and a password, and lockout.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use strongroom_core::{
    Error, Result,
    request::{Operation, Peer},
    response::Response,
    testing::{Ask, TestCore, check_endpoints, data, is_denied},
};

/// Each endpoint, and the test that asks it.
const ENDPOINTS: &[(&str, &str)] = &[
    ("Write login/{username}", "a_login_gives_a_token_with_the_users_properties"),
    ("List users", "users_are_listed_by_their_folded_names"),
    ("Read users/{username}", "a_user_reads_back_what_was_written"),
    ("Write users/{username}", "a_user_reads_back_what_was_written"),
    ("Delete users/{username}", "a_deleted_user_cannot_log_in"),
    ("Write users/{username}/password", "a_password_can_be_changed"),
    ("Write users/{username}/policies", "a_renewal_fails_once_the_policies_differ"),
];

#[test]
fn each_endpoint_has_a_test() {
    check_endpoints("userpass", ENDPOINTS, include_str!("userpass.rs"));
}

/// A core with the method at `auth/userpass/` and a user `ann` whose password is `right`.
async fn core(user: Value) -> TestCore {
    let test = TestCore::new().await;
    test.write("sys/auth/userpass", json!({ "type": "userpass" })).await.unwrap();
    let mut user = user;
    user["password"] = json!("right");
    write(&test, "users/ann", user).await.unwrap();
    test
}

async fn write(test: &TestCore, path: &str, body: Value) -> Result<Response> {
    test.write(&format!("auth/userpass/{path}"), body).await
}

async fn user(test: &TestCore, name: &str) -> Value {
    data(&test.read(&format!("auth/userpass/users/{name}")).await.unwrap())
}

async fn login(test: &TestCore, name: &str, password: &str) -> Result<Response> {
    let path = format!("auth/userpass/login/{name}");
    test.as_token("", Operation::Write, &path, json!({ "password": password })).await
}

#[track_caller]
fn refused(outcome: Result<Response>, message: &str) {
    match outcome {
        Err(Error::Invalid(text)) => assert_eq!(text, message),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

const REFUSAL: &str = "invalid username or password";

#[tokio::test]
async fn a_login_gives_a_token_with_the_users_properties() {
    let test = core(json!({ "token_policies": ["p1"], "token_ttl": "15m" })).await;
    // Rules 61 and 62: the name is the stored one, whatever its spelling was.
    let auth = login(&test, "ANN", "right").await.unwrap().auth.unwrap();
    assert_eq!(auth.policies, ["default", "p1"]);
    assert_eq!((auth.lease_duration, auth.renewable, auth.orphan), (900, true, true));
    assert_eq!(auth.metadata.unwrap()["username"], "ann");
    assert_eq!(auth.display_name, "userpass-ann");
    refused(login(&test, "ann", "").await, "missing password");
}

// Rule 66
#[tokio::test]
async fn failed_logins_answer_alike() {
    let test = core(json!({ "token_bound_cidrs": ["127.0.0.0/8"] })).await;
    refused(login(&test, "ann", "wrong").await, REFUSAL);
    refused(login(&test, "nobody", "wrong").await, REFUSAL);
    // Rule 71
    refused(login(&test, "ann", &"a".repeat(1025)).await, REFUSAL);
    refused(login(&test, "ann", "right\0").await, REFUSAL);
    let peer = Peer::Address(([192, 0, 2, 1], 1).into());
    let path = "auth/userpass/login/ann";
    let body = json!({ "password": "right" });
    refused(test.ask(Ask { body, peer, token: "", ..Ask::new(Operation::Write, path) }).await, REFUSAL);
    login(&test, "ann", "right").await.unwrap();
}

// Rules 66 and 70
#[tokio::test]
async fn a_missing_user_takes_as_long_as_a_wrong_password() {
    let test = core(json!({})).await;
    test.write("sys/auth/userpass/tune", json!({ "user_lockout_config": { "lockout_disable": true } }))
        .await
        .unwrap();
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..15 {
        for (name, times) in ["ann", "nobody"].iter().zip(&mut times) {
            let begun = Instant::now();
            refused(login(&test, name, "wrong").await, REFUSAL);
            times.push(begun.elapsed());
        }
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64()
    };
    let [known, unknown] = &mut times;
    let ratio = median(known) / median(unknown);
    // An early return would make it a hundred.
    assert!((0.4..2.5).contains(&ratio), "{ratio}");
}

// Rule 67
#[tokio::test]
async fn too_many_failures_lock_a_name_out_whether_or_not_it_exists() {
    let test = core(json!({})).await;
    for name in ["ann", "nobody"] {
        for _ in 0..5 {
            refused(login(&test, name, "wrong").await, REFUSAL);
        }
        // The right password is not even looked at, and another spelling is no other name.
        for spelling in [name.to_owned(), name.to_uppercase()] {
            assert!(is_denied(&login(&test, &spelling, "right").await));
            assert!(is_denied(&login(&test, &spelling, "").await));
        }
    }
    test.clock.advance(Duration::from_secs(15 * 60 - 1));
    assert!(is_denied(&login(&test, "ann", "right").await));
    test.clock.advance(Duration::from_secs(1));
    login(&test, "ann", "right").await.unwrap();
}

// Rule 67
#[tokio::test]
async fn a_locked_name_is_not_verified() {
    let test = core(json!({})).await;
    for _ in 0..5 {
        refused(login(&test, "ann", "wrong").await, REFUSAL);
    }
    let begun = Instant::now();
    for _ in 0..50 {
        assert!(is_denied(&login(&test, "ann", "right").await));
    }
    let locked = begun.elapsed() / 50;
    let begun = Instant::now();
    refused(login(&test, "other", "wrong").await, REFUSAL);
    assert!(locked * 2 < begun.elapsed(), "{locked:?}");
}

// Rule 67
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_guesses_at_once_are_no_more_than_many_guesses() {
    let test = Arc::new(core(json!({})).await);
    let tasks: Vec<_> = (0..30)
        .map(|_| {
            let test = test.clone();
            tokio::spawn(async move { login(&test, "ann", "wrong").await })
        })
        .collect();
    let mut verified = 0;
    for task in tasks {
        match task.await.unwrap() {
            Err(Error::Invalid(_)) => verified += 1,
            Err(Error::Denied) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(verified, 5);
}

// Rule 70: a flood is refused without a hash.
#[tokio::test]
async fn guesses_beyond_a_networks_limit_are_not_verified() {
    let test = core(json!({})).await;
    for it in 0..100 {
        refused(login(&test, &format!("sprayed-{it}"), "").await, "missing password");
    }
    let begun = Instant::now();
    for it in 0..50 {
        let outcome = login(&test, &format!("another-{it}"), "wrong").await;
        assert!(matches!(outcome, Err(Error::RateLimited { .. })), "{outcome:?}");
    }
    let limited = begun.elapsed() / 50;
    test.clock.advance(Duration::from_secs(10));
    let begun = Instant::now();
    refused(login(&test, "another", "wrong").await, REFUSAL);
    assert!(limited * 2 < begun.elapsed(), "{limited:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_right_logins_at_once_all_succeed() {
    let test = Arc::new(core(json!({})).await);
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let test = test.clone();
            tokio::spawn(async move { login(&test, "ann", "right").await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn failures_are_forgotten_after_a_success_and_after_a_while() {
    let test = core(json!({})).await;
    let fail = async |times: usize| {
        for _ in 0..times {
            refused(login(&test, "ann", "wrong").await, REFUSAL);
        }
    };
    fail(4).await;
    login(&test, "ann", "right").await.unwrap();
    fail(4).await;
    test.clock.advance(Duration::from_secs(15 * 60));
    fail(4).await;
    login(&test, "ann", "right").await.unwrap();
}

#[tokio::test]
async fn lockout_goes_by_the_mounts_settings() {
    let test = core(json!({})).await;
    let tune = async |config: Value| {
        let body = json!({ "user_lockout_config": config });
        test.write("sys/auth/userpass/tune", body).await.unwrap();
    };
    tune(json!({ "lockout_threshold": "2", "lockout_duration": "1m" })).await;
    for _ in 0..2 {
        refused(login(&test, "ann", "wrong").await, REFUSAL);
    }
    assert!(is_denied(&login(&test, "ann", "right").await));
    tune(json!({ "lockout_disable": true })).await;
    login(&test, "ann", "right").await.unwrap();
}

#[tokio::test]
async fn the_locked_are_listed_and_can_be_unlocked() {
    let test = core(json!({})).await;
    for name in ["ann", "nobody"] {
        for _ in 0..5 {
            refused(login(&test, name, "wrong").await, REFUSAL);
        }
    }
    let mounts = data(&test.read("sys/auth").await.unwrap());
    let accessor = mounts["userpass/"]["accessor"].as_str().unwrap();
    let expected = json!({
        "by_namespace": [{
            "namespace_id": "root", "namespace_path": "", "counts": 1,
            "mount_accessors": [{ "mount_accessor": accessor, "counts": 1, "alias_identifiers": ["ann"] }],
        }],
        "total": 1,
    });
    assert_eq!(data(&test.read("sys/locked-users").await.unwrap()), expected);
    test.write(&format!("sys/locked-users/{accessor}/unlock/Ann"), json!({})).await.unwrap();
    login(&test, "ann", "right").await.unwrap();
    assert_eq!(data(&test.read("sys/locked-users").await.unwrap())["total"], 0);
    test.write("sys/locked-users/none/unlock/ann", json!({})).await.unwrap();
}

#[tokio::test]
async fn users_are_listed_by_their_folded_names() {
    let test = core(json!({})).await;
    write(&test, "users/Bob", json!({ "password": "x" })).await.unwrap();
    let listed = data(&test.list("auth/userpass/users").await.unwrap());
    assert_eq!(listed["keys"], json!(["ann", "bob"]));
    // Rule 61
    for bad in ["a b", "ann ", "-a", "ann\u{200b}"] {
        let outcome = write(&test, &format!("users/{bad}"), json!({ "password": "x" })).await;
        assert!(matches!(outcome, Err(Error::UnsupportedPath)), "{bad:?}");
        assert!(matches!(login(&test, bad, "x").await, Err(Error::UnsupportedPath)), "{bad:?}");
    }
}

#[tokio::test]
async fn a_user_reads_back_what_was_written() {
    let test = core(json!({})).await;
    let written = json!({
        "token_bound_cidrs": ["127.0.0.1"], "token_explicit_max_ttl": 900, "token_max_ttl": 800,
        "token_no_default_policy": true, "token_num_uses": 3, "token_period": 60,
        "token_policies": ["b", "a"], "token_strictly_bind_ip": true, "token_ttl": 70,
        "token_type": "service",
    });
    write(&test, "users/ann", written.clone()).await.unwrap();
    assert_eq!(user(&test, "ann").await, written);
    let old = json!({ "password": "x", "policies": "a,B", "ttl": "1h", "max_ttl": "2h", "bound_cidrs": "10.0.0.0/8" });
    write(&test, "users/old", old).await.unwrap();
    let old = user(&test, "old").await;
    assert_eq!((&old["policies"], &old["token_policies"]), (&json!(["a", "b"]), &json!(["a", "b"])));
    assert_eq!((&old["ttl"], &old["token_ttl"]), (&json!(3600), &json!(3600)));
    assert_eq!((&old["max_ttl"], &old["token_max_ttl"]), (&json!(7200), &json!(7200)));
    assert_eq!(old["bound_cidrs"], old["token_bound_cidrs"]);
    write(&test, "users/old", json!({ "token_policies": "z", "token_ttl": "5m" })).await.unwrap();
    let newer = user(&test, "old").await;
    assert!(newer.get("policies").is_none() && newer.get("ttl").is_none());
    assert!(matches!(test.read("auth/userpass/users/none").await, Err(Error::NotFound)));
    // Rule 38
    assert!(write(&test, "users/ann", json!({ "token_policies": ["root"] })).await.is_err());
}

#[tokio::test]
async fn a_user_has_a_password_from_the_beginning() {
    let test = core(json!({})).await;
    let message = "must provide either password or password_hash";
    for body in [json!({}), json!({ "password": "" })] {
        refused(write(&test, "users/new", body).await, message);
    }
    let both = json!({ "password": "x", "password_hash": "y" });
    refused(write(&test, "users/new", both).await, "only one of password or password_hash may be provided");
    assert!(write(&test, "users/new", json!({ "password_hash": "zork" })).await.is_err());
    // Rule 71
    for bad in ["a".repeat(1025), "a\0b".to_owned()] {
        assert!(matches!(
            write(&test, "users/new", json!({ "password": bad })).await,
            Err(Error::Invalid(_))
        ));
    }
    let long = "a".repeat(1024);
    write(&test, "users/new", json!({ "password": long })).await.unwrap();
    login(&test, "new", &long).await.unwrap();
    refused(login(&test, "new", &long[1..]).await, REFUSAL);
}

#[tokio::test]
async fn a_password_can_be_changed() {
    let test = core(json!({})).await;
    write(&test, "users/ann/password", json!({ "password": "new" })).await.unwrap();
    refused(login(&test, "ann", "right").await, REFUSAL);
    login(&test, "ann", "new").await.unwrap();
    let outcome = write(&test, "users/none/password", json!({ "password": "x" })).await;
    refused(outcome, "username does not exist");
    let missing = "must provide either password or password_hash";
    refused(write(&test, "users/ann/password", json!({})).await, missing);
}

#[tokio::test]
async fn creating_and_updating_a_user_are_two_rights() {
    let test = core(json!({})).await;
    let body = || json!({ "password": "x" });
    let may = async |capability: &str, path: &str| {
        let policy = format!("path \"auth/userpass/users/*\" {{ capabilities = [\"{capability}\"] }}");
        let token = test.token_with(&policy).await;
        let path = format!("auth/userpass/users/{path}");
        !is_denied(&test.as_token(&token, Operation::Write, &path, body()).await)
    };
    // Rule 53
    assert!(!may("update", "bob").await);
    assert!(may("create", "bob").await);
    assert!(!may("create", "ann").await);
    assert!(may("update", "ann").await);
}

#[tokio::test]
async fn a_deleted_user_cannot_log_in() {
    let test = core(json!({})).await;
    let auth = login(&test, "ann", "right").await.unwrap().auth.unwrap();
    test.delete("auth/userpass/users/ann").await.unwrap();
    refused(login(&test, "ann", "right").await, REFUSAL);
    // Nor do its tokens live longer.
    let token = auth.client_token.expose_str().unwrap();
    let renewed = test.as_token(token, Operation::Write, "auth/token/renew-self", json!({})).await;
    assert!(renewed.unwrap().is_empty());
}

#[tokio::test]
async fn a_renewal_fails_once_the_policies_differ() {
    let test = core(json!({ "token_policies": ["p1"] })).await;
    let auth = login(&test, "ann", "right").await.unwrap().auth.unwrap();
    let token = auth.client_token.expose_str().unwrap();
    let renew = async || test.as_token(token, Operation::Write, "auth/token/renew-self", json!({})).await;
    assert!(renew().await.unwrap().auth.is_some());
    write(&test, "users/ann/policies", json!({ "token_policies": ["p2"] })).await.unwrap();
    refused(renew().await, "failed to renew entry: policies have changed, not renewing");
    let outcome = write(&test, "users/none/policies", json!({ "policies": "x" })).await;
    refused(outcome, "username does not exist");
}
