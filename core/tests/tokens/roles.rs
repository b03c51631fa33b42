//! `auth/token/roles`.

use super::*;

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
