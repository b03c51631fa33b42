//! `auth/kubernetes/`: logins of pods.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod cluster;
mod local;
mod review;

use std::sync::Arc;

use cluster::Cluster;
use serde_json::{Value, json};
use strongroom_core::{
    Core, Error, Result, Settings,
    request::Operation,
    response::Response,
    storage::Memory,
    testing::{TestCore, check_endpoints, data},
};

/// Each endpoint, and the test that asks it.
const ENDPOINTS: &[(&str, &str)] = &[
    ("Read config", "settings_read_back_without_the_reviewers_token"),
    ("Write config", "settings_read_back_without_the_reviewers_token"),
    ("Write login", "a_login_is_the_account_that_the_cluster_says"),
    ("List role", "a_role_reads_back_is_listed_and_deleted"),
    ("Read role/{name}", "a_role_reads_back_is_listed_and_deleted"),
    ("Write role/{name}", "a_role_reads_back_is_listed_and_deleted"),
    ("Delete role/{name}", "a_role_reads_back_is_listed_and_deleted"),
];

#[test]
fn each_endpoint_has_a_test() {
    check_endpoints("kubernetes", ENDPOINTS, concat!(include_str!("main.rs"), include_str!("review.rs")));
}

pub(crate) const NOW: i64 = 1_700_000_000;
pub(crate) const HOST: &str = "https://10.0.0.1:6443";

/// A core that reaches a cluster, with the method at `auth/kubernetes/`.
pub(crate) async fn core() -> (TestCore, Arc<Cluster>) {
    let cluster = cluster::shared();
    let reach = cluster.clone();
    let with = move |core: Core| core.with_outbound(reach);
    let test = TestCore::made(Arc::new(Memory::new()), Settings::default(), with).await;
    test.write("sys/auth/kubernetes", json!({ "type": "kubernetes" })).await.unwrap();
    (test, cluster)
}

pub(crate) async fn write(test: &TestCore, path: &str, body: Value) -> Result<Response> {
    test.write(&format!("auth/kubernetes/{path}"), body).await
}

/// A role `web` for the account `app` in `prod` and the audience `vault`, with `more`.
pub(crate) async fn role(test: &TestCore, more: Value) {
    let mut body = json!({
        "bound_service_account_names": ["app"], "bound_service_account_namespaces": ["prod"], "audience": "vault",
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    write(test, "role/web", body).await.unwrap();
}

pub(crate) async fn login(test: &TestCore, role: &str, jwt: &str) -> Result<Response> {
    test.as_token("", Operation::Write, "auth/kubernetes/login", json!({ "role": role, "jwt": jwt })).await
}

#[track_caller]
pub(crate) fn refused(outcome: Result<Response>, message: &str) {
    match outcome {
        Err(Error::Invalid(text)) => assert_eq!(text, message),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[tokio::test]
async fn settings_read_back_without_the_reviewers_token() {
    let (test, _) = core().await;
    assert!(test.read("auth/kubernetes/config").await.is_err());
    let pem = cluster::pem();
    let all = json!({
        "kubernetes_host": HOST, "kubernetes_ca_cert": "CA\n", "token_reviewer_jwt": "canary", "pem_keys": [pem],
        "issuer": "i", "disable_local_ca_jwt": true, "disable_iss_validation": false, "verify": "local",
    });
    write(&test, "config", all).await.unwrap();
    let shown = json!({
        "kubernetes_host": HOST, "kubernetes_ca_cert": "CA\n", "token_reviewer_jwt_set": true, "pem_keys": [pem],
        "issuer": "i", "disable_local_ca_jwt": true, "disable_iss_validation": false, "verify": "local",
    });
    assert_eq!(data(&test.read("auth/kubernetes/config").await.unwrap()), shown);
    write(&test, "config", json!({ "kubernetes_host": HOST })).await.unwrap();
    assert_eq!(data(&test.read("auth/kubernetes/config").await.unwrap())["token_reviewer_jwt_set"], false);

    let scheme = "kubernetes_host: an address begins with https://, or with http:// on this machine";
    let plain = "kubernetes_host: http:// is for this machine alone: others are asked over https://";
    for (settings, why) in [
        (json!({}), "no host provided"),
        // Rule 80
        (json!({ "kubernetes_host": "10.0.0.1:6443" }), scheme),
        (json!({ "kubernetes_host": "http://10.0.0.1:6443" }), plain),
        (
            json!({ "kubernetes_host": HOST, "disable_local_ca_jwt": true }),
            "kubernetes_ca_cert must be given when disable_local_ca_jwt is true",
        ),
        (
            json!({ "kubernetes_host": HOST, "pem_keys": ["junk"] }),
            "error parsing public key: expected one public key or certificate as PEM",
        ),
        (json!({ "kubernetes_host": HOST, "verify": "never" }), "'verify' is 'review' or 'local'"),
    ] {
        refused(write(&test, "config", settings).await, why);
    }
}

// Rule 81
#[tokio::test]
async fn a_role_reads_back_is_listed_and_deleted() {
    let (test, _) = core().await;
    assert!(test.list("auth/kubernetes/role").await.is_err());
    let selector = r#"{"matchLabels":{"team":"blue"}}"#;
    let more = json!({
        "bound_service_account_namespace_selector": selector, "alias_name_source": "serviceaccount_name",
        "token_ttl": "1h", "token_policies": ["p1"],
    });
    role(&test, more).await;
    let answer = test.read("auth/kubernetes/role/WEB").await.unwrap();
    let found = data(&answer);
    for (name, value) in json!({
        "bound_service_account_names": ["app"], "bound_service_account_namespaces": ["prod"], "audience": "vault",
        "bound_service_account_namespace_selector": selector, "alias_name_source": "serviceaccount_name",
        "token_ttl": 3600, "token_policies": ["p1"],
    })
    .as_object()
    .unwrap()
    {
        assert_eq!(found.get(name), Some(value), "{name}");
    }
    assert!(answer.warnings.is_empty());
    // One that is open to all can be written, as in Vault, and says so.
    let all = json!({ "bound_service_account_names": "*", "bound_service_account_namespaces": "*" });
    write(&test, "role/all", all).await.unwrap();
    assert_eq!(test.read("auth/kubernetes/role/all").await.unwrap().warnings.len(), 1);
    assert_eq!(data(&test.list("auth/kubernetes/role").await.unwrap()), json!({ "keys": ["all", "web"] }));
    test.delete("auth/kubernetes/role/web").await.unwrap();
    assert!(test.read("auth/kubernetes/role/web").await.is_err());
}

#[tokio::test]
async fn a_role_that_is_for_nobody_or_for_everybody_by_mistake_is_refused() {
    let (test, _) = core().await;
    let both = |names: Value, spaces: Value| json!({ "bound_service_account_names": names, "bound_service_account_namespaces": spaces });
    let spaces = "\"bound_service_account_namespaces\" can not be empty if \"bound_service_account_namespace_selector\" is not set";
    let mixed = "\"*\" stands alone: it cannot be mixed with other values";
    for (body, why) in [
        (both(json!([]), json!(["prod"])), "\"bound_service_account_names\" can not be empty"),
        (both(json!(["app"]), json!([])), spaces),
        (both(json!(["app", "*"]), json!(["prod"])), mixed),
        (both(json!(["app"]), json!(["prod", "*"])), mixed),
    ] {
        refused(write(&test, "role/bad", body).await, why);
    }
    let source = "'alias_name_source' is 'serviceaccount_uid' or 'serviceaccount_name'";
    let mut body = both(json!("app"), json!("prod"));
    body["alias_name_source"] = json!("pod");
    refused(write(&test, "role/bad", body.clone()).await, source);
    body["alias_name_source"] = json!("");
    body["bound_service_account_namespace_selector"] = json!("team=blue");
    assert!(write(&test, "role/bad", body).await.unwrap_err().to_string().contains("LabelSelector as JSON"));
}
