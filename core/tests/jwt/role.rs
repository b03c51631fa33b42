//! `auth/jwt/role`.

use serde_json::{Value, json};
use strongroom_core::testing::data;

use crate::{core, refused, write};

#[tokio::test]
async fn a_role_reads_back_what_was_written() {
    let test = core().await;
    let role = json!({
        "role_type": "jwt", "user_claim": "/nomad_job_id", "user_claim_json_pointer": true,
        "bound_audiences": "vault.io,other", "bound_subject": "s", "bound_claims_type": "glob",
        "bound_claims": { "a": "x*", "b": ["y", "z"], "c": ["one"] },
        "claim_mappings": { "nomad_namespace": "nomad_namespace", "/nomad_task": "task" }, "groups_claim": "/g",
        "clock_skew_leeway": "1m", "expiration_leeway": -1, "not_before_leeway": "-30s", "max_age": 60,
        "verbose_oidc_logging": true, "token_type": "service", "token_period": "30m", "token_policies": ["p1"],
    });
    write(&test, "role/Nomad", role).await.unwrap();
    let found = data(&test.read("auth/jwt/role/nomad").await.unwrap());
    for (name, value) in json!({
        "allowed_redirect_uris": null, "bound_audiences": ["vault.io", "other"], "bound_subject": "s",
        "bound_claims": { "a": "x*", "b": ["y", "z"], "c": ["one"] }, "bound_claims_type": "glob",
        "claim_mappings": { "nomad_namespace": "nomad_namespace", "/nomad_task": "task" }, "groups_claim": "/g",
        "clock_skew_leeway": 60, "expiration_leeway": -1, "not_before_leeway": -30, "max_age": 60,
        "oidc_scopes": null, "role_type": "jwt", "user_claim": "/nomad_job_id", "user_claim_json_pointer": true,
        "verbose_oidc_logging": true, "token_type": "service", "token_period": 1800, "token_policies": ["p1"],
    })
    .as_object()
    .unwrap()
    {
        assert_eq!(found.get(name), Some(value), "{name}");
    }
    // What is not named stays.
    write(&test, "role/nomad", json!({ "bound_subject": "t", "claim_mappings": "a=b,c=d" })).await.unwrap();
    let found = data(&test.read("auth/jwt/role/nomad").await.unwrap());
    assert_eq!(
        (&found["bound_subject"], &found["bound_audiences"]),
        (&json!("t"), &json!(["vault.io", "other"]))
    );
    assert_eq!(found["claim_mappings"], json!({ "a": "b", "c": "d" }));
}

#[tokio::test]
async fn roles_are_listed_and_deleted() {
    let test = core().await;
    assert!(test.list("auth/jwt/role").await.is_err());
    crate::role(&test, json!({})).await;
    assert_eq!(data(&test.list("auth/jwt/role").await.unwrap()), json!({ "keys": ["web"] }));
    test.delete("auth/jwt/role/web").await.unwrap();
    assert!(test.read("auth/jwt/role/web").await.is_err());
    test.delete("auth/jwt/role/web").await.unwrap();
}

// Rule 69
#[tokio::test]
async fn a_role_that_could_mean_something_else_is_refused() {
    let test = core().await;
    let check = async |change: Value, why: &str| {
        let mut role = json!({ "user_claim": "sub", "bound_audiences": ["vault"] });
        for (name, value) in change.as_object().unwrap() {
            role[name] = value.clone();
        }
        refused(write(&test, "role/web", role).await, why);
    };
    check(json!({ "user_claim": "" }), "a user claim must be defined on the role").await;
    let unbound = "must have at least one bound constraint when creating/updating a role";
    check(json!({ "bound_audiences": [] }), unbound).await;
    check(json!({ "role_type": "paper" }), "invalid 'role_type': paper").await;
    let oidc = "'role_type' oidc, the login with a browser, is not served: only 'jwt' is";
    check(json!({ "role_type": "oidc" }), oidc).await;
    let browsers =
        "logins with a browser are not served: allowed_redirect_uris and oidc_scopes must be empty";
    check(json!({ "allowed_redirect_uris": ["https://a.example"] }), browsers).await;
    check(json!({ "oidc_scopes": ["openid"] }), browsers).await;
    let templates = "policies whose names are made of claims are not served: token_policies_template_claims must be false";
    check(json!({ "token_policies_template_claims": true }), templates).await;
    check(json!({ "bound_claims_type": "regex" }), "invalid 'bound_claims_type': it is 'string' or 'glob'")
        .await;
    let bound = "a bound claim is text, a number or a boolean, or a list of these; with globs it is text";
    check(json!({ "bound_claims": { "a": null } }), bound).await;
    check(json!({ "bound_claims": { "a": [] } }), bound).await;
    check(json!({ "bound_claims": { "a": { "b": "c" } } }), bound).await;
    check(json!({ "bound_claims": { "a": 1 }, "bound_claims_type": "glob" }), bound).await;
    let reserved = "metadata key \"role\" is reserved and may not be a mapping destination";
    check(json!({ "claim_mappings": { "sub": "role" } }), reserved).await;
    check(
        json!({ "claim_mappings": { "a": "x", "b": "x" } }),
        "multiple claims are mapped to one metadata key",
    )
    .await;
    for (field, value) in [
        ("bound_claims", json!("a")),
        ("bound_claims", json!([1])),
        ("claim_mappings", json!({ "a": ["b"] })),
        ("claim_mappings", json!("a")),
        ("bound_audiences", json!({})),
        ("user_claim", json!(["sub"])),
        ("user_claim_json_pointer", json!("perhaps")),
        ("clock_skew_leeway", json!("soon")),
        ("clock_skew_leeway", json!("--5")),
    ] {
        let answer =
            write(&test, "role/bad", json!({ "user_claim": "sub", "bound_subject": "a", field: value }))
                .await;
        let told = answer.unwrap_err().to_string();
        assert!(
            told.starts_with(&format!("error converting input for field \"{field}\"")),
            "{field}: {told}"
        );
    }
}

#[tokio::test]
async fn patterns_and_plain_texts_are_not_taken_for_each_other() {
    let test = core().await;
    crate::role(&test, json!({ "bound_claims": { "a": "x*" } })).await;
    let answer = write(&test, "role/web", json!({ "bound_claims_type": "glob" })).await;
    refused(answer, "'bound_claims_type' changes together with 'bound_claims'");
    let both = json!({ "bound_claims_type": "glob", "bound_claims": { "a": "x*" } });
    write(&test, "role/web", both).await.unwrap();
}
