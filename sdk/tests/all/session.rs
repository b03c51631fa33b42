//! Logins that are kept alive.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use serde_json::json;
use strongroom_sdk::{
    AppRole, Jwt, Kind, Kubernetes, Login, Method, SecretString, Session, Userpass, session::State,
};

use crate::{
    script::{Reply, Script},
    server::{LONG, Real, app_role, until},
};

const RULES: &str = r#"path "secret/*" { capabilities = ["create", "read", "update"] }"#;

fn role() -> serde_json::Value {
    json!({ "token_policies": ["app"], "token_ttl": "1h" })
}

#[tokio::test]
async fn an_application_logs_in_by_approle_and_out_again() {
    let server = Real::start().await;
    let (role_id, secret_id) = app_role(&server.root(), RULES, role()).await;
    let session = server.nobody().login(AppRole::new(&role_id).secret_id(secret_id.clone())).await.unwrap();
    session.kv("secret").put("db", &json!({ "password": "p" })).await.unwrap();
    assert!(matches!(session.state(), State::LoggedIn));
    let client = session.client().clone();
    session.logout().await.unwrap();
    assert!(client.token().is_none());
    assert!(client.kv("secret").get("db").await.unwrap_err().is_denied());

    let wrong = server.nobody().login(AppRole::new(&role_id).secret_id(SecretString::new("no"))).await;
    assert_eq!(wrong.err().unwrap().kind(), Kind::Invalid);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("secret-id");
    std::fs::write(&file, format!("{}\n", secret_id.expose())).unwrap();
    let by_file = AppRole::new(role_id).secret_id_file(&file).mount("/approle/");
    let auth = server.nobody().login_once(by_file.clone()).await.unwrap();
    assert!(server.nobody().login_once(by_file.mount("elsewhere")).await.is_err());
    assert_eq!(auth.policies.unwrap(), ["app", "default"]);
}

#[tokio::test]
async fn a_person_logs_in_by_password_and_a_tool_by_a_token_or_its_file() {
    let server = Real::start().await;
    let root = server.root();
    root.call(Method::Post, "sys/auth/userpass").json(&json!({ "type": "userpass" })).send().await.unwrap();
    let user = json!({ "password": "correct horse", "token_policies": ["default"] });
    root.call(Method::Put, "auth/userpass/users/ann").json(&user).send().await.unwrap();
    let session = server
        .nobody()
        .login(Userpass::new("ann", SecretString::new("correct horse")).mount("userpass"))
        .await
        .unwrap();
    assert_eq!(session.tokens().lookup_self().await.unwrap().policies, ["default"]);

    let token = session.token().unwrap();
    let by_token = server.nobody().login(token.clone()).await.unwrap();
    by_token.tokens().lookup_self().await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    std::fs::write(&file, format!("{}\n", token.expose())).unwrap();
    let by_file = server.nobody().login(Login::TokenFile(file.clone())).await.unwrap();
    by_file.tokens().lookup_self().await.unwrap();
    std::fs::write(&file, " \n").unwrap();
    let empty = server.nobody().login(Login::TokenFile(file)).await;
    assert_eq!(empty.err().unwrap().kind(), Kind::Config);
}

#[tokio::test]
async fn a_wrapped_secret_id_is_taken_once_and_remembered() {
    let server = Real::start().await;
    let root = server.root();
    let (role_id, _) = app_role(&root, RULES, role()).await;
    let minute = Duration::from_secs(60);
    let wrap = async |path: &str| {
        let call = root.call(Method::Put, path).json(&json!({ "a": "b" })).wrap(minute);
        call.send().await.unwrap().envelope().unwrap().wrap_info.unwrap().token
    };
    let token = wrap("auth/approle/role/web/secret-id").await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("wrapped");
    std::fs::write(&file, token.expose()).unwrap();
    let session = server.nobody().login(AppRole::new(&role_id).wrapped_secret_id_file(&file)).await.unwrap();
    // The token is revoked behind the session's back: it logs in again with what it remembers.
    root.tokens().revoke(&session.token().unwrap()).await.unwrap();
    until("the session logs in again", async || {
        session.kv("secret").get("x").await.unwrap_err().is_not_found()
    })
    .await;

    // Somebody else took it before us: that must not pass unnoticed.
    let used = server.nobody().login(AppRole::new(&role_id).wrapped_secret_id(token)).await;
    assert_eq!(used.err().unwrap().kind(), Kind::WrappingTokenUsed);
    // Somebody put a token of their own in its place.
    let other = wrap("sys/wrapping/wrap").await;
    let exchanged = server.nobody().login(AppRole::new(&role_id).wrapped_secret_id(other.clone())).await;
    assert_eq!(exchanged.err().unwrap().kind(), Kind::Config);
    root.wrapping().unwrap::<serde_json::Value>(&other).await.unwrap();
}

#[tokio::test]
async fn a_refusal_is_no_reason_to_log_in_again() {
    let server = Real::start().await;
    let (role_id, secret_id) = app_role(&server.root(), RULES, role()).await;
    let session = server.nobody().login(AppRole::new(role_id).secret_id(secret_id)).await.unwrap();
    let before = session.token().unwrap();
    for _ in 0..3 {
        assert!(session.call(Method::Get, "sys/mounts").send().await.unwrap_err().is_denied());
    }
    assert_eq!(session.token().unwrap().expose(), before.expose());
}

#[tokio::test]
async fn a_token_with_a_short_life_is_renewed_and_at_its_greatest_age_replaced() {
    let server = Real::start().await;
    let short = json!({ "token_policies": ["app"], "token_ttl": "2s", "token_max_ttl": "4s" });
    let (role_id, secret_id) = app_role(&server.root(), RULES, short).await;
    let session = server.nobody().login(AppRole::new(role_id).secret_id(secret_id)).await.unwrap();
    let first = session.token().unwrap();
    until("the token is replaced", async || session.token().unwrap().expose() != first.expose()).await;
    session.kv("secret").put("db", &json!({ "a": "b" })).await.unwrap();
}

/// A server whose tokens live for two seconds, and can be renewed `renewals` times.
async fn tokens_of_two_seconds(renewals: usize) -> Script {
    let logins = AtomicUsize::new(0);
    let renewed = AtomicUsize::new(0);
    let auth = |token: String, renewable: bool| {
        let auth =
            json!({ "client_token": token, "accessor": "a", "lease_duration": 2, "renewable": renewable });
        Some(Reply::ok(json!({ "auth": auth })))
    };
    Script::start(move |_, seen| match seen.path.as_str() {
        "/v1/auth/approle/login" => {
            renewed.store(0, Ordering::SeqCst);
            auth(format!("hvs.{}", logins.fetch_add(1, Ordering::SeqCst) + 1), renewals > 0)
        }
        "/v1/auth/token/renew-self" if renewed.fetch_add(1, Ordering::SeqCst) < renewals => {
            auth(seen.token.clone().unwrap(), true)
        }
        _ => Some(Reply::error(403, "permission denied")),
    })
    .await
}

#[tokio::test]
async fn a_session_renews_first_and_logs_in_when_that_is_refused() {
    let script = tokens_of_two_seconds(2).await;
    let session = script.client().login(AppRole::new("web")).await.unwrap();
    until("a second login", async || script.count("/v1/auth/approle/login") == 2).await;
    assert_eq!(script.count("/v1/auth/token/renew-self"), 3);
    until("a second token", async || session.token().unwrap().expose() == "hvs.2").await;
    // A login presents no token.
    assert!(script.seen().iter().all(|it| it.path != "/v1/auth/approle/login" || it.token.is_none()));
}

#[tokio::test]
async fn a_session_ends_with_its_last_client_and_not_before() {
    let script = tokens_of_two_seconds(0).await;
    let client = {
        let session = script.client().login(AppRole::new("web")).await.unwrap();
        session.client().clone()
    };
    until("a login without the session", async || script.count("/v1/auth/approle/login") >= 2).await;
    drop(client);
    let after = script.count("/v1/auth/approle/login");
    // Longer than a token lives: a task that was left behind would have logged in.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(script.count("/v1/auth/approle/login") <= after + 1);
}

#[tokio::test]
async fn calls_that_find_the_token_ended_log_in_once_together() {
    let revoked = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_revoked = revoked.clone();
    let logins = AtomicUsize::new(0);
    let script = Script::start(move |_, seen| {
        if seen.path == "/v1/auth/approle/login" {
            let token = format!("hvs.{}", logins.fetch_add(1, Ordering::SeqCst) + 1);
            // A life that no clock can count to its end.
            let auth = json!({ "client_token": token, "accessor": "a", "lease_duration": u64::MAX, "renewable": true });
            return Some(Reply::ok(json!({ "auth": auth })));
        }
        let is_first = seen.token.as_deref() == Some("hvs.1");
        Some(match is_first && is_revoked.load(Ordering::SeqCst) {
            true => Reply::error(403, "permission denied"),
            false => Reply::ok(json!({ "data": { "keys": ["a"] } })),
        })
    })
    .await;
    let session = script.client().login(AppRole::new("web")).await.unwrap();
    revoked.store(true, Ordering::SeqCst);
    // For some seconds after a login a refusal is taken for what it says.
    assert!(session.kv("secret").list("").await.unwrap_err().is_denied());
    let ten_succeed = async || {
        let call = |session: Session| async move { session.kv("secret").list("").await.is_ok() };
        let calls: Vec<_> = (0..10).map(|_| tokio::spawn(call(session.clone()))).collect();
        let mut all = true;
        for call in calls {
            all &= call.await.unwrap();
        }
        all
    };
    until("the session doubts its token", ten_succeed).await;
    assert_eq!(script.count("/v1/auth/approle/login"), 2);

    let client = session.with_token(session.token());
    drop(session);
    client.kv("secret").list("").await.unwrap();
}

#[tokio::test]
async fn a_session_outlives_an_outage() {
    let down = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_down = down.clone();
    let script = Script::start(move |_, _| {
        let auth =
            json!({ "client_token": "hvs.x", "accessor": "a", "lease_duration": 1, "renewable": false });
        (!is_down.load(Ordering::SeqCst)).then(|| Reply::ok(json!({ "auth": auth })))
    })
    .await;
    let mut session = script.client().login(AppRole::new("web")).await.unwrap();
    down.store(true, Ordering::SeqCst);
    let failing = async {
        while !matches!(session.changed().await, State::Failing(_)) {}
        down.store(false, Ordering::SeqCst);
        while !matches!(session.changed().await, State::LoggedIn) {}
    };
    tokio::time::timeout(LONG, failing).await.unwrap();
}

#[tokio::test]
async fn a_workload_presents_the_token_of_its_platform() {
    let answer = json!({ "auth": { "client_token": "hvs.1", "accessor": "a", "lease_duration": 60, "renewable": true } });
    let script = Script::start(move |_, _| Some(Reply::ok(answer.clone()))).await;
    let client = script.client();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    std::fs::write(&file, "first\n").unwrap();
    client.login_once(Jwt::new("", SecretString::new("given"))).await.unwrap();
    let by_file = Jwt::file("web", &file).mount("/jwt-nomad/");
    client.login_once(by_file.clone()).await.unwrap();
    // Tokens of platforms are exchanged in their place.
    std::fs::write(&file, "second\n").unwrap();
    client.login_once(by_file).await.unwrap();
    client.login_once(Kubernetes::new("web").token_file(&file)).await.unwrap();
    client.login_once(Kubernetes::new("web").mount("k8s/").token_file(&file)).await.unwrap();
    let seen: Vec<_> = script.seen().into_iter().map(|it| (it.path, it.token, it.body)).collect();
    let asked = |path: &str, body| (format!("/v1/auth/{path}/login"), None, body);
    assert_eq!(
        seen,
        [
            asked("jwt", json!({ "jwt": "given" })),
            asked("jwt-nomad", json!({ "role": "web", "jwt": "first" })),
            asked("jwt-nomad", json!({ "role": "web", "jwt": "second" })),
            asked("kubernetes", json!({ "role": "web", "jwt": "second" })),
            asked("k8s", json!({ "role": "web", "jwt": "second" })),
        ]
    );
    // Nothing is presented where there is nothing to present: every pod has one, and this is none.
    let none = client.login_once(Kubernetes::new("web")).await.unwrap_err();
    assert!(none.to_string().contains("/var/run/secrets/kubernetes.io/serviceaccount/token"), "{none}");
    assert_eq!(script.seen().len(), 5);
}
