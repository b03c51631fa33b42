//! How tokens end, and what ends with them.

use super::*;

// Rule 41
#[tokio::test]
async fn a_revoked_token_takes_everything_below_it_along_at_once() {
    let test = TestCore::new().await;
    let a = make(&test, json!({ "ttl": "1h" })).await;
    let b = made(write(&test, &a.id, "auth/token/create", json!({ "ttl": "50m" })).await);
    let c = made(write(&test, &b.id, "auth/token/create", json!({ "ttl": "40m" })).await);
    let batch = json!({ "type": "batch", "policies": ["default"] });
    let d = made(write(&test, &c.id, "auth/token/create", batch.clone()).await);
    let orphan = made(write(&test, &c.id, "auth/token/create-orphan", batch).await);
    test.write("auth/token/revoke", json!({ "token": a.id })).await.unwrap();
    for dead in [&a, &b, &c, &d] {
        assert!(!is_alive(&test, &dead.id).await);
        assert!(matches!(own(&test, &dead.id).await, Err(Error::Denied)));
    }
    refused(
        test.write("auth/token/lookup-accessor", json!({ "accessor": c.accessor })).await,
        "invalid accessor",
    );
    assert!(is_alive(&test, &orphan.id).await);
    test.write("auth/token/revoke", json!({ "token": b.id })).await.unwrap();
}

#[tokio::test]
async fn a_token_may_be_ended_without_its_children() {
    let test = TestCore::new().await;
    let a = make(&test, json!({ "ttl": "1h" })).await;
    let b = made(write(&test, &a.id, "auth/token/create", json!({ "ttl": "50m" })).await);
    let c = made(write(&test, &b.id, "auth/token/create", json!({ "ttl": "40m" })).await);
    assert_eq!(show(&test, &b.id).await.unwrap()["orphan"], false);
    test.write("auth/token/revoke-orphan", json!({ "token": a.id })).await.unwrap();
    assert!(!is_alive(&test, &a.id).await);
    assert_eq!(own(&test, &b.id).await.unwrap()["orphan"], true);
    assert_eq!(own(&test, &c.id).await.unwrap()["orphan"], false);

    let path = "auth/token/revoke-orphan";
    refused(test.write(path, json!({ "token": "none" })).await, "token to revoke not found");
    refused(test.write(path, json!({})).await, "missing token ID");
    let plain = maker(&test, "plain", r#""update""#).await;
    let outcome = write(&test, &plain, path, json!({ "token": c.id })).await;
    refused(outcome, "root or sudo privileges required to revoke and orphan");
}

#[tokio::test]
async fn a_token_is_ended_by_its_text_by_its_accessor_and_by_itself() {
    let test = TestCore::new().await;
    let body = json!({ "policies": ["default"], "ttl": "10m" });
    let [a, b, c] =
        [make(&test, body.clone()).await, make(&test, body.clone()).await, make(&test, body).await];
    assert!(test.write("auth/token/revoke", json!({ "token": a.id })).await.unwrap().is_empty());
    let by_accessor = json!({ "accessor": b.accessor });
    assert!(test.write("auth/token/revoke-accessor", by_accessor.clone()).await.unwrap().is_empty());
    assert!(write(&test, &c.id, "auth/token/revoke-self", json!({})).await.unwrap().is_empty());
    for dead in [&a, &b, &c] {
        assert!(!is_alive(&test, &dead.id).await);
    }
    assert!(is_denied(&write(&test, &c.id, "auth/token/revoke-self", json!({})).await));
    let again = test.write("auth/token/revoke-accessor", by_accessor).await.unwrap();
    assert_eq!(again.warnings, ["No token found with this accessor"]);
    assert!(test.write("auth/token/revoke", json!({ "token": "none" })).await.unwrap().is_empty());
    refused(test.write("auth/token/revoke", json!({})).await, "missing token ID");
    refused(test.write("auth/token/revoke-accessor", json!({})).await, "missing accessor");
}

// Rule 41
#[tokio::test]
async fn a_batch_token_ends_with_its_parent() {
    let test = TestCore::new().await;
    let parent = maker(&test, "plain", r#""create", "update""#).await;
    let batch = made(write(&test, &parent, "auth/token/create", json!({ "type": "batch" })).await);
    assert!(is_alive(&test, &batch.id).await);
    test.write("auth/token/revoke", json!({ "token": parent })).await.unwrap();
    assert!(!is_alive(&test, &batch.id).await);
}

// Rule 41
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_child_slips_past_the_revocation_of_its_parent() {
    let test = Arc::new(TestCore::new().await);
    for round in 0..20 {
        let parent = make(&test, json!({ "policies": ["root"] })).await.id;
        let making: Vec<_> = (0..8)
            .map(|_| {
                let (test, parent) = (test.clone(), parent.clone());
                tokio::spawn(async move {
                    let outcome = write(&test, &parent, "auth/token/create", json!({ "ttl": "1h" })).await;
                    outcome.ok().map(|it| made(Ok(it)).id)
                })
            })
            .collect();
        if round % 2 == 0 {
            tokio::task::yield_now().await;
        }
        test.write("auth/token/revoke", json!({ "token": parent })).await.unwrap();
        for task in making {
            if let Some(child) = task.await.unwrap() {
                assert!(!is_alive(&test, &child).await);
            }
        }
    }
}

// Rule 41
#[tokio::test]
async fn tokens_outlive_a_restart_and_revocations_do_too() {
    let test = TestCore::new().await;
    let kept = make(&test, json!({ "policies": ["default"], "ttl": "1h" })).await;
    let batch = make(&test, json!({ "policies": ["default"], "type": "batch" })).await;
    let gone = make(&test, json!({ "policies": ["default"], "ttl": "1h" })).await;
    test.write("auth/token/revoke", json!({ "token": gone.id })).await.unwrap();
    test.write("sys/seal", Value::Null).await.unwrap();
    assert!(matches!(own(&test, &kept.id).await, Err(Error::Sealed)));
    test.unseal().await;
    for (token, alive) in [(&kept, true), (&batch, true), (&gone, false)] {
        assert_eq!(is_alive(&test, &token.id).await, alive);
    }
}
