//! `auth/token/`: tokens that make, show, renew and end tokens.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use strongroom_core::{
    Error, Result,
    request::{Operation, Peer},
    response::{Auth, Response},
    testing::{Ask, ROOT, TestCore, data, is_denied},
};

const DAY: u64 = 86_400;

/// What clients see of a token.
struct Made {
    id: String,
    accessor: String,
    auth: Auth,
    warnings: Vec<String>,
}

fn made(response: Result<Response>) -> Made {
    let response = response.unwrap();
    let auth = response.auth.unwrap();
    Made {
        id: auth.client_token.expose_str().unwrap().to_owned(),
        accessor: auth.accessor.clone(),
        auth,
        warnings: response.warnings,
    }
}

async fn make(test: &TestCore, body: Value) -> Made {
    made(test.write("auth/token/create", body).await)
}

async fn write(test: &TestCore, token: &str, path: &str, body: Value) -> Result<Response> {
    test.as_token(token, Operation::Write, path, body).await
}

async fn own(test: &TestCore, token: &str) -> Result<Value> {
    let response = test.as_token(token, Operation::Read, "auth/token/lookup-self", Value::Null).await?;
    Ok(data(&response))
}

async fn show(test: &TestCore, token: &str) -> Result<Value> {
    Ok(data(&test.write("auth/token/lookup", json!({ "token": token })).await?))
}

async fn is_alive(test: &TestCore, token: &str) -> bool {
    let outcome = show(test, token).await;
    assert!(outcome.is_ok() || is_denied(&outcome), "{outcome:?}");
    outcome.is_ok()
}

#[track_caller]
fn refused<T: std::fmt::Debug>(outcome: Result<T>, message: &str) {
    match outcome {
        Err(Error::Invalid(text)) => assert_eq!(text, message),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

/// A token with a policy of its own on the token endpoints, and `default`.
async fn maker(test: &TestCore, name: &str, capabilities: &str) -> String {
    let policy = format!("path \"auth/token/*\" {{ capabilities = [{capabilities}] }}");
    test.write(&format!("sys/policies/acl/{name}"), json!({ "policy": policy })).await.unwrap();
    make(test, json!({ "policies": [name, "extra"], "ttl": "1h" })).await.id
}

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

#[tokio::test]
async fn a_role_is_written_read_listed_used_and_deleted() {
    let test = TestCore::new().await;
    assert!(matches!(test.list("auth/token/roles").await, Err(Error::NotFound)));
    let body = json!({
        "allowed_policies": ["p1", "p2"], "orphan": true, "token_period": "1h",
        "path_suffix": "suffix", "renewable": false,
    });
    assert!(test.write("auth/token/roles/one", body).await.unwrap().is_empty());
    assert_eq!(
        data(&test.read("auth/token/roles/one").await.unwrap()),
        json!({
            "allowed_entity_aliases": null, "allowed_policies": ["p1", "p2"], "allowed_policies_glob": [],
            "disallowed_policies": [], "disallowed_policies_glob": [], "explicit_max_ttl": 0, "name": "one",
            "orphan": true, "path_suffix": "suffix", "period": 0, "renewable": false,
            "token_explicit_max_ttl": 0, "token_no_default_policy": false, "token_period": 3600,
            "token_type": "default-service",
        })
    );
    assert_eq!(data(&test.list("auth/token/roles").await.unwrap()), json!({ "keys": ["one"] }));

    let token = made(test.write("auth/token/create/one", json!({ "policies": ["p1"] })).await);
    assert_eq!(token.auth.policies, ["default", "p1"]);
    assert_eq!((token.auth.renewable, token.auth.orphan, token.auth.lease_duration), (false, true, 3600));
    let shown = show(&test, &token.id).await.unwrap();
    assert_eq!((&shown["path"], &shown["role"]), (&json!("auth/token/create/one/suffix"), &json!("one")));
    let all = made(test.write("auth/token/create/one", json!({})).await);
    assert_eq!(all.auth.policies, ["default", "p1", "p2"]);
    refused(
        test.write("auth/token/create/one", json!({ "policies": ["p3"] })).await,
        "token policies ([\"default\" \"p3\"]) must be subset of the role's allowed policies ([\"default\" \"p1\" \"p2\"]) or glob policies ([])",
    );
    test.delete("auth/token/roles/one").await.unwrap();
    assert!(matches!(test.read("auth/token/roles/one").await, Err(Error::NotFound)));
    refused(test.write("auth/token/create/one", json!({})).await, "unknown role one");
}

#[tokio::test]
async fn a_role_limits_policies_uses_and_time() {
    let test = TestCore::new().await;
    let body = json!({
        "disallowed_policies": ["bad"], "allowed_policies_glob": ["good-*"],
        "disallowed_policies_glob": ["good-not-*"], "token_explicit_max_ttl": "2h", "token_num_uses": 4,
    });
    test.write("auth/token/roles/rules", body).await.unwrap();
    let create = async |body: Value| test.write("auth/token/create/rules", body).await;
    let good = made(create(json!({ "policies": ["good-one"] })).await);
    assert_eq!(good.auth.policies, ["default", "good-one"]);
    assert_eq!((good.auth.num_uses, good.auth.lease_duration), (4, 7200));
    let uses = async |asked: i64| {
        made(create(json!({ "policies": ["good-one"], "num_uses": asked })).await).auth.num_uses
    };
    assert_eq!((uses(2).await, uses(9).await), (2, 4));
    let shorter = made(create(json!({ "policies": ["good-one"], "explicit_max_ttl": "1h" })).await);
    assert_eq!(
        shorter.warnings.first().unwrap(),
        "Explicit max TTL specified both during creation call and in role; using the lesser value of 3600 seconds"
    );
    refused(
        create(json!({ "policies": ["good-not-this"] })).await,
        "token policy \"good-not-this\" is disallowed by this role",
    );
    for name in ["bad", "else"] {
        assert!(matches!(create(json!({ "policies": [name] })).await, Err(Error::Invalid(_))));
    }
}

#[tokio::test]
async fn renewal_goes_by_the_role_as_it_is_now() {
    let test = TestCore::new().await;
    let path = "auth/token/roles/now";
    test.write(path, json!({ "token_period": "15m", "allowed_policies": ["default"] })).await.unwrap();
    let token = made(test.write("auth/token/create/now", json!({ "ttl": "3h" })).await);
    assert_eq!(token.auth.lease_duration, 900);
    let renew = async || write(&test, &token.id, "auth/token/renew-self", json!({ "increment": "1h" })).await;
    assert_eq!(made(renew().await).auth.lease_duration, 900);
    test.write(path, json!({ "token_period": "20m" })).await.unwrap();
    assert_eq!(made(renew().await).auth.lease_duration, 1200);
    test.delete(path).await.unwrap();
    refused(renew().await, "original token role \"now\" could not be found, not renewing");
}

#[tokio::test]
async fn a_role_that_cannot_work_is_refused() {
    let test = TestCore::new().await;
    let suffix = "given role path suffix contains invalid characters; must match \\w[\\w-.]+\\w";
    let batch = "'token_type' cannot be 'batch' when role is set to generate ";
    for (body, message) in [
        (json!({ "path_suffix": "a b" }), suffix.to_owned()),
        (json!({ "path_suffix": "a/b" }), suffix.to_owned()),
        (json!({ "path_suffix": "../b" }), suffix.to_owned()),
        (json!({ "token_type": "batch" }), format!("{batch}non-orphan tokens")),
        (json!({ "token_type": "batch", "orphan": true }), format!("{batch}renewable tokens")),
        (
            json!({ "token_type": "batch", "orphan": true, "renewable": false, "period": "1h" }),
            format!("{batch}periodic tokens"),
        ),
        (
            json!({ "token_type": "batch", "orphan": true, "renewable": false, "explicit_max_ttl": 5 }),
            format!("{batch}tokens with an explicit max TTL"),
        ),
    ] {
        refused(test.write("auth/token/roles/no", body).await, &message);
    }
    for body in [
        json!({ "token_type": "nope" }),
        json!({ "token_type": "default" }),
        json!({ "token_bound_cidrs": "zz" }),
        json!({ "token_num_uses": -5 }),
        json!({ "token_period": "-5" }),
    ] {
        let outcome = test.write("auth/token/roles/no", body.clone()).await;
        assert!(matches!(outcome, Err(Error::Invalid(_))), "{body}");
    }
    assert!(matches!(test.read("auth/token/roles/no").await, Err(Error::NotFound)));
    let warned =
        test.write("auth/token/roles/long", json!({ "token_explicit_max_ttl": "10000h" })).await.unwrap();
    assert_eq!(warned.warnings.len(), 1);
}

#[tokio::test]
async fn old_names_of_a_roles_fields_are_read_back_under_both() {
    let test = TestCore::new().await;
    let path = "auth/token/roles/old";
    test.write(path, json!({ "period": "10m", "bound_cidrs": "10.0.0.0/8" })).await.unwrap();
    let shown = data(&test.read(path).await.unwrap());
    assert_eq!((&shown["period"], &shown["token_period"]), (&json!(600), &json!(600)));
    assert_eq!(
        (&shown["bound_cidrs"], &shown["token_bound_cidrs"]),
        (&json!(["10.0.0.0/8"]), &json!(["10.0.0.0/8"]))
    );
    test.write(path, json!({ "token_period": "30m" })).await.unwrap();
    let shown = data(&test.read(path).await.unwrap());
    assert_eq!((&shown["period"], &shown["token_period"]), (&json!(0), &json!(1800)));
}

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
