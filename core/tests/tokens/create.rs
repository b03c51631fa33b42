//! What a token that is made may be, and who may make it.

use super::*;

#[tokio::test]
async fn a_plain_child_is_as_asked() {
    let test = TestCore::new().await;
    let body =
        json!({ "policies": ["p1", "default"], "ttl": "1h", "display_name": "by hand!", "meta": { "a": 1 } });
    let made = make(&test, body).await;
    assert!(made.id.starts_with("hvs."));
    assert_eq!(made.auth.policies, ["default", "p1"]);
    assert_eq!(made.auth.token_policies, ["default", "p1"]);
    assert_eq!((made.auth.lease_duration, made.auth.renewable, made.auth.orphan), (3600, true, false));
    assert_eq!(made.auth.token_type, "service");
    assert_eq!(made.warnings, ["Policy \"p1\" does not exist"]);

    test.clock.advance(Duration::from_secs(60));
    let shown = own(&test, &made.id).await;
    // The default policy lets a token look at itself.
    let shown = shown.unwrap();
    assert_eq!(
        shown,
        json!({
            "accessor": made.accessor, "creation_time": 1_700_000_000, "creation_ttl": 3600,
            "display_name": "token-by-hand", "entity_id": "", "expire_time": "2023-11-14T23:13:20Z",
            "explicit_max_ttl": 0, "id": made.id, "issue_time": "2023-11-14T22:13:20Z", "meta": { "a": "1" },
            "num_uses": 0, "orphan": false, "path": "auth/token/create", "policies": ["default", "p1"],
            "renewable": true, "ttl": 3540, "type": "service",
        })
    );
    assert_eq!(show(&test, &made.id).await.unwrap(), shown);
    let query =
        test.ask(Ask { body: json!({ "token": made.id }), ..Ask::new(Operation::Read, "auth/token/lookup") });
    assert_eq!(data(&query.await.unwrap()), shown);
    let by_accessor =
        test.write("auth/token/lookup-accessor", json!({ "accessor": made.accessor })).await.unwrap();
    // Rule 33: an accessor shows the token's record, and never the token.
    assert_eq!(data(&by_accessor)["id"], "");
    assert_eq!(data(&by_accessor)["accessor"], json!(made.accessor));
}

#[tokio::test]
async fn requests_that_make_no_sense_are_refused() {
    let test = TestCore::new().await;
    let cases = [
        (json!({ "num_uses": -1 }), "number of uses cannot be negative"),
        (json!({ "type": "paper" }), "invalid 'token_type' value"),
        (json!({ "type": "batch", "period": "1h" }), "batch tokens cannot have \"period\" set"),
        (json!({ "type": "batch", "num_uses": 2 }), "batch tokens cannot have \"num_uses\" set"),
        (
            json!({ "type": "batch", "explicit_max_ttl": 9 }),
            "batch tokens cannot have \"explicit_max_ttl\" set",
        ),
        (json!({ "type": "batch" }), "batch tokens cannot be root tokens"),
        (json!({ "id": "s.x" }), "custom token ID cannot have the 's.' prefix"),
        (json!({ "id": "hvs.x" }), "custom token ID cannot have a '.' in the value"),
        (json!({ "entity_alias": "x" }), "'entity_alias' is only allowed in combination with token role"),
        (json!({ "policies": ["response-wrapping"] }), "cannot assign policy \"response-wrapping\""),
    ];
    for (body, message) in cases {
        refused(test.write("auth/token/create", body).await, message);
    }
    for body in [
        json!({ "ttl": "soon" }),
        json!({ "ttl": "-1h" }),
        json!({ "period": {} }),
        json!({ "renewable": "maybe" }),
        json!({ "meta": "a" }),
        json!({ "policies": [{}] }),
    ] {
        let outcome = test.write("auth/token/create", body.clone()).await;
        assert!(matches!(outcome, Err(Error::Invalid(_))), "{body} {outcome:?}");
    }
    let odd = make(&test, json!({ "colour": "red", "ttl": "5m" })).await;
    assert_eq!(odd.warnings, ["Endpoint ignored these unrecognized parameters: [colour]"]);
}

#[tokio::test]
async fn an_id_that_was_chosen_is_taken_for_as_long_as_it_means_somebody() {
    let test = TestCore::new().await;
    let chosen = make(&test, json!({ "id": "my-token", "policies": ["root"] })).await;
    assert_eq!(chosen.id, "my-token");
    let again = || test.write("auth/token/create", json!({ "id": "my-token", "policies": ["default"] }));
    let taken = "cannot create a token with a duplicate ID";
    refused(again().await, taken);
    test.clock.advance(Duration::from_secs(1));
    let child = made(write(&test, "my-token", "auth/token/create", json!({})).await);
    test.write("auth/token/revoke", json!({ "token": "my-token" })).await.unwrap();
    // Rule 41: a child that was not purged yet would come back to life with it.
    refused(again().await, taken);
    assert!(!is_alive(&test, "my-token").await && !is_alive(&test, &child.id).await);

    make(&test, json!({ "id": "childless", "policies": ["root"] })).await;
    test.write("auth/token/revoke", json!({ "token": "childless" })).await.unwrap();
    test.clock.advance(Duration::from_secs(1));
    let body = json!({ "id": "childless", "policies": ["default"] });
    assert_eq!(make(&test, body).await.auth.policies, ["default"]);
    assert_eq!(own(&test, "childless").await.unwrap()["policies"], json!(["default"]));
}

// Rule 39
#[tokio::test]
async fn only_what_one_has_is_handed_on() {
    let test = TestCore::new().await;
    let plain = maker(&test, "plain", r#""create", "update""#).await;
    let subset = "child policies must be subset of parent";
    for (body, message) in [
        (json!({ "policies": ["other"] }), subset),
        (json!({ "policies": ["extra", "other"] }), subset),
        (json!({ "policies": ["root"] }), subset),
        (json!({ "policies": ["root"], "no_parent": true }), subset),
        (json!({ "no_parent": true }), "root or sudo privileges required to create orphan token"),
        (json!({ "id": "mine" }), "root or sudo privileges required to specify token id"),
        (json!({ "period": "1h" }), "root or sudo privileges required to create periodic token"),
    ] {
        refused(write(&test, &plain, "auth/token/create", body).await, message);
    }
    let path = "auth/token/create-orphan";
    refused(write(&test, &plain, path, json!({ "policies": ["other"] })).await, subset);
    let orphan = made(write(&test, &plain, path, json!({ "policies": ["extra"] })).await);
    assert!(orphan.auth.orphan);

    let policies =
        async |body: Value| made(write(&test, &plain, "auth/token/create", body).await).auth.policies;
    assert_eq!(policies(json!({})).await, ["default", "extra", "plain"]);
    assert_eq!(policies(json!({ "policies": ["extra"] })).await, ["default", "extra"]);
    assert_eq!(policies(json!({ "policies": ["Extra", "extra", ""] })).await, ["default", "extra"]);
    assert_eq!(policies(json!({ "no_default_policy": true })).await, ["extra", "plain"]);
    let spartan = made(write(&test, &plain, "auth/token/create", json!({ "no_default_policy": true })).await);
    // `default` is not added behind the back of a parent that does not have it.
    let child = made(write(&test, &spartan.id, "auth/token/create", json!({ "policies": ["extra"] })).await);
    assert_eq!(child.auth.policies, ["extra"]);
}

// Rule 39
#[tokio::test]
async fn sudo_on_the_path_lifts_the_limits_but_not_to_root() {
    let test = TestCore::new().await;
    let sudo = maker(&test, "mighty", r#""create", "update", "sudo""#).await;
    let ok = async |body: Value| made(write(&test, &sudo, "auth/token/create", body).await);
    assert_eq!(ok(json!({ "policies": ["other"] })).await.auth.policies, ["default", "other"]);
    assert!(ok(json!({ "no_parent": true })).await.auth.orphan);
    assert_eq!(ok(json!({ "id": "chosen" })).await.id, "chosen");
    assert_eq!(ok(json!({ "period": "1h" })).await.auth.lease_duration, 3600);
    // Rule 38
    for path in ["auth/token/create", "auth/token/create-orphan"] {
        for name in ["root", "Root", "ROOT"] {
            let outcome = write(&test, &sudo, path, json!({ "policies": ["a", name] })).await;
            refused(outcome, "root tokens may not be created without parent token being root");
        }
    }
}

// Rule 38
#[tokio::test]
async fn no_spelling_and_no_role_makes_a_root_token() {
    let test = TestCore::new().await;
    for name in [" root", "root ", "ro\u{200b}ot", "root\u{0}", "root\t"] {
        let outcome = test.write("auth/token/create", json!({ "policies": [name] })).await;
        assert!(matches!(outcome, Err(Error::Invalid(_))), "{name:?} {outcome:?}");
    }
    for body in [
        json!({ "allowed_policies": ["root"] }),
        json!({ "allowed_policies": "a,ROOT" }),
        json!({ "allowed_policies": [" root "] }),
    ] {
        let outcome = test.write("auth/token/roles/bad", body).await;
        assert!(matches!(outcome, Err(Error::Invalid(_))), "{outcome:?}");
    }
    test.write("auth/token/roles/any", json!({ "allowed_policies_glob": ["*"] })).await.unwrap();
    test.write("auth/token/roles/not", json!({ "disallowed_policies": ["x"] })).await.unwrap();
    let sudo = maker(&test, "mighty", r#""create", "update", "sudo""#).await;
    for role in ["any", "not"] {
        let path = format!("auth/token/create/{role}");
        let outcome = write(&test, &sudo, &path, json!({ "policies": ["root"] })).await;
        refused(outcome, "root tokens may not be created without parent token being root");
    }
}

// Rule 40
#[tokio::test]
async fn only_an_endless_root_token_makes_another() {
    let test = TestCore::new().await;
    let endless = make(&test, json!({ "policies": ["root", "x"] })).await;
    assert_eq!((endless.auth.lease_duration, endless.auth.renewable), (0, false));
    assert_eq!(endless.auth.policies, ["root"]);
    assert_eq!(show(&test, &endless.id).await.unwrap()["expire_time"], Value::Null);
    let finite = make(&test, json!({ "ttl": "1h" })).await;
    assert_eq!(finite.auth.policies, ["root"]);
    let outcome = write(&test, &finite.id, "auth/token/create", json!({})).await;
    refused(outcome, "expiring root tokens cannot create non-expiring root tokens");
    let child = made(write(&test, &finite.id, "auth/token/create", json!({ "ttl": "10m" })).await);
    assert_eq!(child.auth.lease_duration, 600);
    let bounded = make(&test, json!({ "explicit_max_ttl": "2h" })).await;
    assert_eq!(bounded.auth.lease_duration, 7200);
    refused(test.write("auth/token/renew", json!({ "token": endless.id })).await, "lease is not renewable");
}

#[tokio::test]
async fn a_chain_of_tokens_has_a_longest_length() {
    let test = TestCore::new().await;
    let mut token = make(&test, json!({ "policies": ["root"] })).await.id;
    let mut length = 2;
    loop {
        match write(&test, &token, "auth/token/create", json!({})).await {
            Ok(response) => token = made(Ok(response)).id,
            Err(error) => {
                assert_eq!(error.to_string(), "the token has too many ancestors to make another");
                break;
            }
        }
        length += 1;
        assert!(is_alive(&test, &token).await, "what can be made can be used");
        assert!(length < 1000);
    }
    assert_eq!(length, 64);
}

#[tokio::test]
async fn whoever_holds_the_root_handle_makes_orphans_and_has_no_token_to_show() {
    let test = TestCore::new().await;
    let ask = |operation, path| Ask {
        token: "",
        peer: Peer::Embedded,
        body: json!({}),
        ..Ask::new(operation, path)
    };
    let token = made(test.ask(ask(Operation::Write, "auth/token/create")).await);
    assert_eq!((token.auth.orphan, token.auth.policies.as_slice()), (true, &["root".to_owned()][..]));
    for path in ["auth/token/renew-self", "auth/token/revoke-self", "auth/token/lookup"] {
        refused(test.ask(ask(Operation::Write, path)).await, "missing client token");
    }
}
