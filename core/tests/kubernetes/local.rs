//! Logins whose tokens are verified here.

use serde_json::{Value, json};
use strongroom_core::{
    Error,
    testing::{TestCore, is_denied},
};

use crate::{
    HOST, NOW,
    cluster::{self, Cluster, signed, token},
    core, login, role, write,
};

async fn with(config: Value) -> (TestCore, std::sync::Arc<Cluster>) {
    let (test, cluster) = core().await;
    let mut settings = json!({
        "kubernetes_host": HOST, "kubernetes_ca_cert": "CA", "token_reviewer_jwt": "reviewer", "verify": "local",
    });
    settings.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    write(&test, "config", settings).await.unwrap();
    role(&test, json!({})).await;
    cluster.change(|it| it.reviewers = vec!["reviewer"]);
    (test, cluster)
}

#[tokio::test]
async fn the_clusters_published_keys_verify_its_tokens() {
    let (test, cluster) = with(json!({})).await;
    let jwt = token("prod", "app", "vault");
    for _ in 0..10 {
        let auth = login(&test, "web", &jwt).await.unwrap().auth.unwrap();
        assert_eq!(auth.metadata.unwrap()["service_account_uid"], "u-1");
    }
    let asked = cluster.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!((asked[0].path.as_str(), asked[0].bearer.as_str()), ("/openid/v1/jwks", "reviewer"));
}

#[tokio::test]
async fn keys_of_the_configuration_verify_without_asking_anybody() {
    let (test, cluster) = with(json!({ "pem_keys": [cluster::pem()] })).await;
    cluster.change(|it| it.is_down = true);
    login(&test, "web", &token("prod", "app", "vault")).await.unwrap();
    assert!(cluster.asked().is_empty());
    let (test, cluster) = with(json!({})).await;
    cluster.change(|it| it.is_down = true);
    assert!(matches!(login(&test, "web", &token("prod", "app", "vault")).await, Err(Error::Unavailable(_))));
}

// Rules 78, 79 and 81
#[tokio::test]
async fn a_token_is_held_against_all_that_the_cluster_would_look_at() {
    let (test, _) =
        with(json!({ "pem_keys": [cluster::pem()], "issuer": "https://kubernetes.default.svc" })).await;
    let claims = |change: Value| {
        let mut all = json!({
            "iss": "https://kubernetes.default.svc", "aud": ["vault"], "exp": NOW + 3600, "iat": NOW,
            "sub": "system:serviceaccount:prod:app",
            "kubernetes.io": { "namespace": "prod", "serviceaccount": { "name": "app", "uid": "u-1" } },
        });
        for (name, value) in change.as_object().unwrap() {
            all[name] = value.clone();
        }
        all
    };
    login(&test, "web", &signed(&claims(json!({})))).await.unwrap();
    for change in [
        json!({ "aud": ["kubernetes"] }),
        json!({ "aud": [] }),
        json!({ "aud": null }),
        json!({ "iss": "https://other.example" }),
        json!({ "iss": 1 }),
        json!({ "exp": NOW - 61 }),
        json!({ "exp": "never" }),
        json!({ "nbf": NOW + 61 }),
        json!({ "sub": "system:serviceaccount:dev:app" }),
        json!({ "sub": "app" }),
        json!({ "kubernetes.io": { "namespace": "dev", "serviceaccount": { "name": "app", "uid": "u-1" } } }),
        json!({ "kubernetes.io": {} }),
    ] {
        assert!(is_denied(&login(&test, "web", &signed(&claims(change.clone()))).await), "{change}");
    }
    // Without an audience in the role, a token for anybody would be one for us.
    role(&test, json!({ "audience": "" })).await;
    assert!(is_denied(&login(&test, "web", &signed(&claims(json!({})))).await));
}
