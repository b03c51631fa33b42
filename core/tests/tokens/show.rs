//! What is shown of a token, and to whom.

use super::*;

#[tokio::test]
async fn accessors_are_listed_to_sudo_only() {
    let test = TestCore::new().await;
    let token = make(&test, json!({ "policies": ["default"], "ttl": "5m" })).await;
    let batch = make(&test, json!({ "type": "batch", "policies": ["default"] })).await;
    let keys = async || {
        let listed = data(&test.list("auth/token/accessors").await.unwrap());
        listed["keys"].as_array().unwrap().clone()
    };
    assert!(keys().await.contains(&json!(token.accessor)));
    assert!(!keys().await.contains(&json!(batch.accessor)));
    assert_eq!(keys().await.len(), 2);
    let plain = maker(&test, "plain", r#""list""#).await;
    let outcome = test.as_token(&plain, Operation::List, "auth/token/accessors", Value::Null).await;
    assert!(is_denied(&outcome));
    test.clock.advance(Duration::from_secs(300));
    assert!(!keys().await.contains(&json!(token.accessor)));
}

#[tokio::test]
async fn tidying_is_accepted() {
    let test = TestCore::new().await;
    let tidied = test.write("auth/token/tidy", json!({})).await.unwrap();
    assert_eq!((tidied.status, tidied.warnings.len()), (Some(202), 1));
}

// Rule 45: an accessor or a token's text grants nothing.
#[tokio::test]
async fn a_plain_token_looks_after_itself_and_nobody_else() {
    let test = TestCore::new().await;
    let body = json!({ "policies": ["default"], "ttl": "10m" });
    let a = make(&test, body.clone()).await;
    let b = make(&test, body).await;
    let of_b = json!({ "token": b.id, "accessor": b.accessor });
    for path in [
        "create",
        "create-orphan",
        "create/x",
        "lookup",
        "lookup-accessor",
        "renew",
        "renew-accessor",
        "revoke",
        "revoke-accessor",
        "revoke-orphan",
        "tidy",
        "roles/x",
    ] {
        let outcome = write(&test, &a.id, &format!("auth/token/{path}"), of_b.clone()).await;
        assert!(is_denied(&outcome), "{path}");
    }
    assert!(own(&test, &a.id).await.is_ok());
    assert!(write(&test, &a.id, "auth/token/renew-self", of_b.clone()).await.is_ok());
    write(&test, &a.id, "auth/token/revoke-self", of_b).await.unwrap();
    assert!(!is_alive(&test, &a.id).await && is_alive(&test, &b.id).await);
}

// Rule 34
#[tokio::test]
async fn nothing_that_is_stored_holds_a_token() {
    let test = TestCore::new().await;
    let open = test.core.unsealed().unwrap();
    let token = make(&test, json!({ "id": "chosen-token-id", "policies": ["default"] })).await;
    let selector = open.tokens.selector(token.id.as_bytes());
    let place = open.tokens.place(&open.store, selector);
    let found = open.store.read::<strongroom_core::tokens::Token>(&place).await.unwrap().unwrap();
    assert!(!format!("{:?}", found.value).contains("chosen-token-id"));
    assert_ne!(found.value.mac, [0; 32]);
    assert_eq!(found.value.mac, open.tokens.mac(token.id.as_bytes()));
}

#[tokio::test]
async fn the_root_token_shows_itself() {
    let test = TestCore::new().await;
    let shown = own(&test, ROOT).await.unwrap();
    assert_eq!((&shown["policies"], &shown["orphan"]), (&json!(["root"]), &json!(true)));
    assert_eq!(
        (&shown["ttl"], &shown["expire_time"], &shown["meta"]),
        (&json!(0), &Value::Null, &Value::Null)
    );
    for path in ["auth/token/lookup", "auth/token/lookup-self"] {
        let posted = test.write(path, json!({})).await.unwrap();
        assert_eq!(data(&posted), shown);
    }
}
