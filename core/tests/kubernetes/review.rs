//! Logins that the cluster is asked about.

use serde_json::{Value, json};
use strongroom_core::{
    Error,
    testing::{TestCore, is_denied},
};

use crate::{
    HOST,
    cluster::{self, Cluster, token},
    core, login, refused, role, write,
};

/// The right token's user.
const APP: &str = "system:serviceaccount:prod:app";

/// A cluster that takes `app`'s token for `vault`, and a role for it.
async fn with(config: Value) -> (TestCore, std::sync::Arc<Cluster>, String) {
    let (test, cluster) = core().await;
    let mut settings =
        json!({ "kubernetes_host": HOST, "kubernetes_ca_cert": "CA", "token_reviewer_jwt": "reviewer" });
    settings.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    write(&test, "config", settings).await.unwrap();
    role(&test, json!({ "token_policies": ["p1"], "token_ttl": "10m" })).await;
    let jwt = token("prod", "app", "vault");
    cluster.change(|it| {
        it.reviewers = vec!["reviewer", "pod"];
        it.accounts.insert(jwt.clone(), (APP, vec!["vault"]));
    });
    (test, cluster, jwt)
}

// Rules 62 and 81
#[tokio::test]
async fn a_login_is_the_account_that_the_cluster_says() {
    let (test, cluster, jwt) = with(json!({})).await;
    let auth = login(&test, "Web", &jwt).await.unwrap().auth.unwrap();
    assert_eq!(auth.policies, ["default", "p1"]);
    assert_eq!((auth.lease_duration, auth.display_name.as_str()), (600, "kubernetes-prod-app"));
    let metadata = json!({
        "role": "web", "service_account_name": "app", "service_account_namespace": "prod",
        "service_account_secret_name": "", "service_account_uid": "u-1",
    });
    assert_eq!(serde_json::to_value(auth.metadata).unwrap(), metadata);
    let asked = cluster.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!((asked[0].bearer.as_str(), asked[0].roots.as_deref()), ("reviewer", Some("CA")));
    assert_eq!(asked[0].body["spec"], json!({ "token": jwt, "audiences": ["vault"] }));
    // What the token itself says counts for nothing.
    let dressed_up = token("prod", "app", "vault") + "A";
    cluster.change(|it| {
        drop(it.accounts.insert(dressed_up.clone(), ("system:serviceaccount:dev:other", vec!["vault"])))
    });
    assert!(is_denied(&login(&test, "web", &dressed_up).await));
}

// Rules 66 and 81
#[tokio::test]
async fn whoever_is_not_the_account_is_refused_alike() {
    let (test, cluster, jwt) = with(json!({})).await;
    for (user, audiences) in [
        ("system:serviceaccount:prod:other", vec!["vault"]),
        ("system:serviceaccount:dev:app", vec!["vault"]),
        ("system:serviceaccount:prod:app2", vec!["vault"]),
        ("system:node:app", vec!["vault"]),
        ("admin", vec!["vault"]),
        (APP, vec!["kubernetes"]),
        (APP, vec!["vault2"]),
    ] {
        cluster.change(|it| drop(it.accounts.insert(jwt.clone(), (user, audiences))));
        assert!(is_denied(&login(&test, "web", &jwt).await), "{user}");
    }
    cluster.asked();
    for malformed in ["canary", "a.b", "..", &format!("{jwt}.x"), &format!("{jwt} {jwt}")] {
        for role in ["web", "nothing"] {
            assert!(is_denied(&login(&test, role, malformed).await));
        }
    }
    assert!(cluster.asked().is_empty());
    let unknown = token("prod", "unknown", "vault");
    for role in ["web", "nothing", "no role's name"] {
        assert!(is_denied(&login(&test, role, &unknown).await));
    }
    // Who is somebody in the cluster is told that there is no such role.
    let somebody = token("prod", "somebody", "kubernetes");
    cluster.change(|it| drop(it.accounts.insert(somebody.clone(), (APP, vec!["kubernetes"]))));
    refused(login(&test, "nothing", &somebody).await, "invalid role name \"nothing\"");
    refused(login(&test, "", &somebody).await, "missing role");
    refused(login(&test, "web", "").await, "missing jwt");
}

// Rule 81: a server that does not look at audiences has not looked at this one.
#[tokio::test]
async fn an_audience_that_was_not_reviewed_is_not_believed() {
    let (test, cluster, jwt) = with(json!({})).await;
    // A file's last line end is no part of the token.
    login(&test, "web", &format!("{jwt}\n")).await.unwrap();
    cluster.change(|it| it.ignores_audiences = true);
    assert!(is_denied(&login(&test, "web", &jwt).await));
    role(&test, json!({ "audience": "" })).await;
    login(&test, "web", &jwt).await.unwrap();
}

#[tokio::test]
async fn the_cluster_is_asked_with_the_first_token_there_is() {
    let (test, cluster, jwt) = with(json!({ "token_reviewer_jwt": "" })).await;
    // The pod's own, read anew each time.
    cluster.change(|it| it.pod = Some("pod"));
    login(&test, "web", &jwt).await.unwrap();
    cluster.change(|it| {
        it.pod = Some("pod-2");
        it.reviewers = vec!["pod-2"];
    });
    login(&test, "web", &jwt).await.unwrap();
    let asked = cluster.asked();
    assert_eq!((asked[0].bearer.as_str(), asked[1].bearer.as_str()), ("pod", "pod-2"));
    // Its authorities, where none are configured.
    write(&test, "config", json!({ "kubernetes_host": HOST })).await.unwrap();
    login(&test, "web", &jwt).await.unwrap();
    assert_eq!(cluster.asked()[0].roots.as_deref(), Some("POD CA"));
    // Neither, if the configuration says so: then the token vouches for itself.
    let settings =
        json!({ "kubernetes_host": HOST, "kubernetes_ca_cert": "CA", "disable_local_ca_jwt": true });
    write(&test, "config", settings).await.unwrap();
    login(&test, "web", &jwt).await.unwrap();
    let asked = cluster.asked();
    assert_eq!((asked[0].bearer.as_str(), asked[0].roots.as_deref()), (jwt.as_str(), Some("CA")));
    assert!(is_denied(&login(&test, "web", &token("prod", "unknown", "vault")).await));
}

// Rules 80 and 97
#[tokio::test]
async fn a_cluster_that_cannot_be_asked_is_no_verdict() {
    let (test, cluster, jwt) = with(json!({})).await;
    let told = async || match login(&test, "web", &jwt).await {
        Err(Error::Unavailable(text)) => text.into_owned(),
        other => panic!("{other:?}"),
    };
    cluster.change(|it| it.is_down = true);
    assert_eq!(told().await, "the cluster cannot be asked: the server cannot be reached");
    cluster.change(|it| {
        it.is_down = false;
        it.reviewers = Vec::new();
    });
    assert_eq!(told().await, "the cluster cannot be asked: the server answers with status 401");
}

#[tokio::test]
async fn a_namespace_fits_by_its_name_or_by_its_labels() {
    let (test, cluster, jwt) = with(json!({})).await;
    let selector = json!({ "matchLabels": { "team": "blue" } }).to_string();
    role(
        &test,
        json!({ "bound_service_account_namespaces": ["stage"], "bound_service_account_namespace_selector": selector }),
    )
    .await;
    // Without the namespace, with other labels, with those.
    assert!(is_denied(&login(&test, "web", &jwt).await));
    cluster.change(|it| drop(it.labels.insert("prod", json!({ "team": "red" }))));
    assert!(is_denied(&login(&test, "web", &jwt).await));
    cluster.change(|it| drop(it.labels.insert("prod", json!({ "team": "blue", "x": "y" }))));
    cluster.asked();
    login(&test, "web", &jwt).await.unwrap();
    let asked = cluster.asked();
    assert_eq!((asked[1].path.as_str(), asked[1].bearer.as_str()), ("/api/v1/namespaces/prod", "reviewer"));
    // By its name: nobody is asked for labels.
    role(&test, json!({ "bound_service_account_namespaces": ["pro*"], "bound_service_account_namespace_selector": selector })).await;
    login(&test, "web", &jwt).await.unwrap();
    assert_eq!(cluster.asked().len(), 1);
}

#[tokio::test]
async fn an_alias_is_the_uid_or_the_name() {
    let (test, cluster, jwt) = with(json!({})).await;
    let id = async || login(&test, "web", &jwt).await.unwrap().auth.unwrap().entity_id;
    let by_uid = id().await;
    // Two accounts of one uid there are not; here it shows what the alias is made of.
    cluster.change(|it| {
        drop(it.accounts.insert(jwt.clone(), ("system:serviceaccount:prod:app2", vec!["vault"])))
    });
    role(&test, json!({ "bound_service_account_names": ["app*"] })).await;
    assert_eq!(id().await, by_uid);
    role(
        &test,
        json!({ "bound_service_account_names": ["app*"], "alias_name_source": "serviceaccount_name" }),
    )
    .await;
    assert_ne!(id().await, by_uid);
}

// Rule 77: keys in the configuration come first, and the cluster's word all the same.
#[tokio::test]
async fn with_keys_of_its_own_a_mount_asks_about_its_tokens_only() {
    let (test, cluster, jwt) = with(json!({ "pem_keys": [cluster::pem()] })).await;
    let forged = format!("{}A", &jwt[..jwt.len() - 2]);
    cluster.change(|it| drop(it.accounts.insert(forged.clone(), (APP, vec!["vault"]))));
    assert!(is_denied(&login(&test, "web", &forged).await));
    assert!(cluster.asked().is_empty());
    login(&test, "web", &jwt).await.unwrap();
    assert_eq!(cluster.asked().len(), 1);
    cluster.change(|it| drop(it.accounts.remove(&jwt)));
    assert!(is_denied(&login(&test, "web", &jwt).await));
}

// Rule 81
#[tokio::test]
async fn a_role_that_is_open_to_all_says_so_with_each_login() {
    let (test, _, jwt) = with(json!({})).await;
    assert!(login(&test, "web", &jwt).await.unwrap().warnings.is_empty());
    role(&test, json!({ "bound_service_account_names": ["*"], "bound_service_account_namespaces": ["*"] }))
        .await;
    assert_eq!(login(&test, "web", &jwt).await.unwrap().warnings.len(), 1);
}
