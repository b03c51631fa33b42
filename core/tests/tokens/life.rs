//! How long a token is good for, how often, and from where.

use super::*;

#[tokio::test]
async fn a_token_past_its_time_is_unknown() {
    let test = TestCore::new().await;
    let token = make(&test, json!({ "policies": ["default"], "ttl": "1h" })).await;
    test.clock.advance(Duration::from_secs(3599));
    assert!(is_alive(&test, &token.id).await);
    // Rule 40: in its last second it is still one that ends.
    test.clock.advance(Duration::from_millis(500));
    let shown = show(&test, &token.id).await.unwrap();
    assert_eq!(shown["ttl"], 0);
    assert!(shown["expire_time"].is_string());
    // Rule 90: nothing has swept.
    test.clock.advance(Duration::from_millis(500));
    assert!(matches!(own(&test, &token.id).await, Err(Error::Denied)));
    assert!(matches!(show(&test, &token.id).await, Err(Error::DeniedBecause(it)) if it == "bad token"));
    let by_accessor = json!({ "accessor": token.accessor });
    refused(test.write("auth/token/lookup-accessor", by_accessor.clone()).await, "invalid accessor");
    refused(test.write("auth/token/renew-accessor", by_accessor).await, "invalid accessor");
    refused(test.write("auth/token/renew", json!({ "token": token.id })).await, "token not found");
    test.write("auth/token/revoke", json!({ "token": token.id })).await.unwrap();
}

// Rule 90
#[tokio::test]
async fn turning_the_clock_back_revives_nothing() {
    let test = TestCore::new().await;
    let token = make(&test, json!({ "policies": ["default"], "ttl": "1h" })).await;
    test.clock.advance(Duration::from_secs(3600));
    // A commit takes note of the time.
    make(&test, json!({})).await;
    test.clock.step_to(strongroom_core::clock::Timestamp(0));
    assert!(!is_alive(&test, &token.id).await);
    test.write("sys/seal", Value::Null).await.unwrap();
    test.unseal().await;
    assert!(!is_alive(&test, &token.id).await);
}

#[tokio::test]
async fn a_token_is_renewed_by_itself_by_its_text_and_by_its_accessor() {
    let test = TestCore::new().await;
    let token = make(&test, json!({ "policies": ["default"], "ttl": "10m" })).await;
    let seconds = |made: &Made| made.auth.lease_duration;
    let own_renewal = made(write(&test, &token.id, "auth/token/renew-self", json!({})).await);
    assert_eq!((seconds(&own_renewal), own_renewal.id.as_str()), (600, token.id.as_str()));
    let renewed = write(&test, &token.id, "auth/token/renew-self", json!({ "increment": "1h" })).await;
    assert_eq!(seconds(&made(renewed)), 3600);
    let body = json!({ "token": token.id, "increment": 120 });
    assert_eq!(seconds(&made(test.write("auth/token/renew", body).await)), 120);
    let body = json!({ "accessor": token.accessor, "increment": "30m" });
    let by_accessor = made(test.write("auth/token/renew-accessor", body).await);
    // Rule 33: whoever has an accessor is not told the token.
    assert_eq!((seconds(&by_accessor), by_accessor.id.as_str()), (1800, ""));
    assert_eq!(by_accessor.accessor, token.accessor);

    test.clock.advance(Duration::from_secs(2));
    let body = json!({ "token": token.id, "increment": "10000h" });
    let capped = made(test.write("auth/token/renew", body).await);
    assert_eq!(seconds(&capped), 32 * DAY - 2);
    let warning =
        "TTL of \"10000h\" exceeded the effective max_ttl of \"767h59m58s\"; TTL value is capped accordingly";
    assert_eq!(capped.warnings, [warning]);
    let shown = show(&test, &token.id).await.unwrap();
    assert_eq!(shown["last_renewal_time"], 1_700_000_002);
    assert_eq!(shown["last_renewal"], "2023-11-14T22:13:22Z");
    assert_eq!(shown["creation_ttl"], 600);

    refused(test.write("auth/token/renew", json!({})).await, "missing token ID");
    refused(test.write("auth/token/renew", json!({ "token": "none" })).await, "token not found");
    refused(test.write("auth/token/renew-accessor", json!({})).await, "missing accessor");
    refused(test.write("auth/token/renew-self", json!({})).await, "lease is not renewable");
    let fixed = make(&test, json!({ "policies": ["default"], "renewable": false })).await;
    refused(write(&test, &fixed.id, "auth/token/renew-self", json!({})).await, "lease is not renewable");
}

// Rule 40
#[tokio::test]
async fn renewal_never_passes_an_explicit_maximum_and_a_period_has_none() {
    let test = TestCore::new().await;
    let body = json!({ "policies": ["default"], "ttl": "5m", "explicit_max_ttl": "20m" });
    let limited = make(&test, body).await;
    let renew =
        async |token: &str| write(&test, token, "auth/token/renew-self", json!({ "increment": "1h" })).await;
    assert_eq!(made(renew(&limited.id).await).auth.lease_duration, 1200);
    test.clock.advance(Duration::from_secs(1199));
    assert_eq!(made(renew(&limited.id).await).auth.lease_duration, 1);

    let periodic = make(&test, json!({ "policies": ["default"], "period": "10d" })).await;
    for _ in 0..9 {
        test.clock.advance(Duration::from_secs(9 * DAY));
        assert_eq!(made(renew(&periodic.id).await).auth.lease_duration, 10 * DAY);
    }
    assert_eq!(show(&test, &periodic.id).await.unwrap()["period"], 10 * DAY);
    test.clock.advance(Duration::from_secs(10 * DAY));
    assert!(renew(&periodic.id).await.is_err());
}

#[tokio::test]
async fn a_batch_token_is_all_in_itself() {
    let test = TestCore::new().await;
    let body = json!({ "type": "batch", "policies": ["default"], "ttl": "20m", "meta": { "k": "v" } });
    let batch = make(&test, body).await;
    assert!(batch.id.starts_with("hvb."));
    assert_eq!((batch.accessor.as_str(), batch.auth.renewable, batch.auth.token_type), ("", false, "batch"));
    let shown = own(&test, &batch.id).await.unwrap();
    assert_eq!(shown["type"], "batch");
    assert_eq!(shown["meta"], json!({ "k": "v" }));
    assert_eq!(
        (&shown["ttl"], &shown["renewable"], &shown["accessor"]),
        (&json!(1200), &json!(false), &json!(""))
    );
    assert_eq!(show(&test, &batch.id).await.unwrap(), shown);

    let large = json!({ "type": "batch", "policies": ["default"], "meta": { "k": "v".repeat(5000) } });
    refused(
        test.write("auth/token/create", large).await,
        "too much for a batch token, which has to fit into a header",
    );
    refused(
        write(&test, &batch.id, "auth/token/renew-self", json!({})).await,
        "batch tokens cannot be renewed",
    );
    refused(
        write(&test, &batch.id, "auth/token/revoke-self", json!({})).await,
        "batch tokens cannot be revoked",
    );
    for path in ["auth/token/revoke", "auth/token/revoke-orphan"] {
        refused(test.write(path, json!({ "token": batch.id })).await, "batch tokens cannot be revoked");
    }
    let sudo = maker(&test, "mighty", r#""create", "update", "sudo""#).await;
    let mut maker = made(write(&test, &sudo, "auth/token/create", json!({ "type": "batch" })).await);
    let outcome = write(&test, &maker.id, "auth/token/create", json!({})).await;
    refused(outcome, "batch tokens cannot create more tokens");

    // Rule 33: what was tampered with is not a token.
    let at = maker.id.len() - 20;
    let other = if maker.id.as_bytes()[at] == b'A' { "B" } else { "A" };
    maker.id.replace_range(at..=at, other);
    assert!(!is_alive(&test, &maker.id).await);
    test.clock.advance(Duration::from_secs(1200));
    assert!(!is_alive(&test, &batch.id).await);
}

// Rule 42
#[tokio::test]
async fn a_token_of_three_uses_is_good_for_three_requests() {
    let test = TestCore::new().await;
    let token = make(&test, json!({ "policies": ["default"], "num_uses": 3, "ttl": "1h" })).await;
    assert_eq!(token.auth.num_uses, 3);
    assert_eq!(own(&test, &token.id).await.unwrap()["num_uses"], 2);
    assert_eq!(show(&test, &token.id).await.unwrap()["num_uses"], 2);
    // A refused request is a use, too.
    assert!(is_denied(&test.as_token(&token.id, Operation::Read, "sys/auth", Value::Null).await));
    assert_eq!(own(&test, &token.id).await.unwrap()["num_uses"], -1);
    assert!(matches!(own(&test, &token.id).await, Err(Error::Denied)));
    assert!(!is_alive(&test, &token.id).await);
    let token = maker(&test, "plain", r#""create", "update""#).await;
    let few = made(write(&test, &token, "auth/token/create", json!({ "num_uses": 2 })).await);
    for _ in 0..2 {
        let outcome = write(&test, &few.id, "auth/token/create", json!({})).await;
        refused(outcome, "restricted use token cannot generate child tokens");
    }
}

// Rule 42, P7
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_tasks_share_ten_uses() {
    let test = Arc::new(TestCore::new().await);
    let token = make(&test, json!({ "policies": ["default"], "num_uses": 10, "ttl": "1h" })).await.id;
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let (test, token) = (test.clone(), token.clone());
            tokio::spawn(async move { own(&test, &token).await })
        })
        .collect();
    let mut passed = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => passed += 1,
            Err(error) => assert!(matches!(error, Error::Denied), "{error:?}"),
        }
    }
    assert_eq!(passed, 10);
}

// Rule 44
#[tokio::test]
async fn a_token_works_from_its_networks_only_and_so_do_its_children() {
    let test = TestCore::new().await;
    let policy = r#"path "auth/token/*" { capabilities = ["create", "update", "read"] }"#;
    test.write("sys/policies/acl/m", json!({ "policy": policy })).await.unwrap();
    let role = json!({ "token_bound_cidrs": "10.0.0.0/8, 192.0.2.7", "allowed_policies": ["m"] });
    test.write("auth/token/roles/near", role).await.unwrap();
    let token = made(test.write("auth/token/create/near", json!({})).await);
    let from = async |token: &str, peer: Peer, operation: Operation, path: &str| {
        test.ask(Ask { token, peer, body: json!({}), ..Ask::new(operation, path) }).await
    };
    let inside = || Peer::Address(([10, 1, 2, 3], 1).into());
    let outside = || Peer::Address(([11, 1, 2, 3], 1).into());
    let (read, look) = (Operation::Read, "auth/token/lookup-self");
    let shown = data(&from(&token.id, inside(), read, look).await.unwrap());
    assert_eq!(shown["bound_cidrs"], json!(["10.0.0.0/8", "192.0.2.7"]));
    let mut children = Vec::new();
    for path in ["auth/token/create", "auth/token/create-orphan"] {
        children.push(made(from(&token.id, inside(), Operation::Write, path).await).id);
    }
    for id in children.iter().chain([&token.id]) {
        assert!(from(id, inside(), read, look).await.is_ok());
        assert!(matches!(from(id, outside(), read, look).await, Err(Error::Denied)));
        assert!(matches!(from(id, Peer::Local { uid: 0, gid: 0 }, read, look).await, Err(Error::Denied)));
    }
}
