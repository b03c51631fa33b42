//! What a token was limited to when it was made, and what nobody can talk away afterwards.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use std::time::Duration;

use serde_json::{Value, json};
use strongroom_core::{
    Error, Result,
    request::Operation,
    testing::{TestCore, data},
};

async fn login(test: &TestCore, path: &str) -> String {
    let answer = test.as_token("", Operation::Write, path, json!({ "password": "correct-horse" })).await;
    answer.unwrap().auth.unwrap().client_token.expose_str().unwrap().to_owned()
}

async fn user(test: &TestCore, fields: Value) {
    let mut body = json!({ "password": "correct-horse" });
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    test.write("auth/userpass/users/ann", body).await.unwrap();
}

async fn with_userpass() -> TestCore {
    let test = TestCore::new().await;
    test.write("sys/auth/userpass", json!({ "type": "userpass" })).await.unwrap();
    test
}

async fn own(test: &TestCore, token: &str) -> Result<Value> {
    test.as_token(token, Operation::Read, "auth/token/lookup-self", Value::Null).await.map(|it| data(&it))
}

// Rules 42 and 43
#[tokio::test]
async fn a_roles_limit_of_uses_is_not_shed_by_asking_for_a_batch_token() {
    let test = TestCore::new().await;
    test.write("auth/token/roles/once", json!({ "token_num_uses": 1 })).await.unwrap();
    let asked = test.write("auth/token/create/once", json!({ "type": "batch" })).await;
    assert!(matches!(asked, Err(Error::Invalid(_))), "{asked:?}");
    test.write("auth/token/create/once", json!({})).await.unwrap();
}

// Rule 40
#[tokio::test]
async fn an_end_that_a_token_was_made_with_outlives_its_users_settings() {
    let test = with_userpass().await;
    user(&test, json!({ "token_explicit_max_ttl": "1h", "token_ttl": "30m" })).await;
    let token = login(&test, "auth/userpass/login/ann").await;
    user(&test, json!({ "token_explicit_max_ttl": 0 })).await;
    test.clock.advance(Duration::from_secs(20 * 60));
    let renew = json!({ "increment": "10h" });
    let renewed = test.as_token(&token, Operation::Write, "auth/token/renew-self", renew).await.unwrap();
    assert!(renewed.auth.unwrap().lease_duration <= 40 * 60);
    test.clock.advance(Duration::from_secs(41 * 60));
    assert!(own(&test, &token).await.is_err());
}

// Rules 6 and 62: a token is found below the path of its user, however that was typed.
#[tokio::test]
async fn revoking_a_users_tokens_ends_those_of_every_spelling() {
    let test = with_userpass().await;
    user(&test, json!({})).await;
    let tokens = [
        login(&test, "auth/userpass/login/ann").await,
        login(&test, "auth/userpass/login/ANN").await,
        login(&test, "auth/userpass/login/Ann/").await,
    ];
    for token in &tokens {
        assert_eq!(own(&test, token).await.unwrap()["path"], "auth/userpass/login/ann");
    }
    test.write("sys/leases/revoke-prefix/auth/userpass/login/ann", json!({})).await.unwrap();
    for token in &tokens {
        assert!(own(&test, token).await.is_err());
    }
}

// Rules 41 and 91
#[tokio::test]
async fn a_batch_token_stays_dead_when_its_prefix_has_been_swept() {
    let test = with_userpass().await;
    user(&test, json!({ "token_type": "batch" })).await;
    let token = login(&test, "auth/userpass/login/ann").await;
    own(&test, &token).await.unwrap();
    test.write("sys/leases/revoke-prefix/auth/userpass/login/ann", json!({})).await.unwrap();
    assert!(own(&test, &token).await.is_err());
    for _ in 0..5 {
        test.clock.advance(Duration::from_secs(60));
        test.core.run_due(test.core.now()).await.unwrap();
        assert!(own(&test, &token).await.is_err(), "it has come back to life");
    }
    let later = login(&test, "auth/userpass/login/ann").await;
    own(&test, &later).await.unwrap();
}

// Rules 90 and 91: how long a token may live is what was so when it was made.
#[tokio::test]
async fn a_revoked_batch_token_stays_dead_although_a_maximum_was_lowered() {
    let test = with_userpass().await;
    let hours = |it: u64| Duration::from_secs(it * 3600);
    test.write("sys/auth/userpass/tune", json!({ "max_lease_ttl": "2000h" })).await.unwrap();
    user(&test, json!({ "token_type": "batch", "token_ttl": "2000h" })).await;
    let [revoked, other] = [login(&test, "auth/userpass/login/ann").await, {
        let body = json!({ "password": "correct-horse", "token_type": "batch", "token_ttl": "2000h" });
        test.write("auth/userpass/users/bob", body).await.unwrap();
        login(&test, "auth/userpass/login/bob").await
    }];
    test.write("sys/auth/userpass/tune", json!({ "max_lease_ttl": "1h" })).await.unwrap();
    test.write("sys/leases/revoke-prefix/auth/userpass/login/ann", json!({})).await.unwrap();
    for _ in 0..19 {
        test.clock.advance(hours(100));
        test.core.run_due(test.core.now()).await.unwrap();
        assert!(own(&test, &revoked).await.is_err(), "it has come back to life");
        own(&test, &other).await.unwrap();
    }
}

// Rule 41
#[tokio::test]
async fn a_batch_token_does_not_come_back_with_its_parents_id() {
    let test = TestCore::new().await;
    let parent = json!({ "id": "chosen-by-hand", "policies": ["default"] });
    test.write("auth/token/create", parent.clone()).await.unwrap();
    let body = json!({ "type": "batch", "policies": ["default"] });
    test.write(
        "sys/policies/acl/maker",
        json!({
            "policy": "path \"auth/token/create\" { capabilities = [\"update\"] }"
        }),
    )
    .await
    .unwrap();
    test.write("auth/token/revoke", json!({ "token": "chosen-by-hand" })).await.unwrap();
    let parent = json!({ "id": "chosen-by-hand", "policies": ["default", "maker"] });
    test.clock.advance(Duration::from_secs(2));
    test.write("auth/token/create", parent.clone()).await.unwrap();
    let made = test.as_token("chosen-by-hand", Operation::Write, "auth/token/create", body).await.unwrap();
    let child = made.auth.unwrap().client_token.expose_str().unwrap().to_owned();
    own(&test, &child).await.unwrap();
    test.write("auth/token/revoke", json!({ "token": "chosen-by-hand" })).await.unwrap();
    assert!(own(&test, &child).await.is_err());
    test.clock.advance(Duration::from_secs(2));
    test.write("auth/token/create", parent).await.unwrap();
    assert!(own(&test, &child).await.is_err(), "it has come back to life");
}
