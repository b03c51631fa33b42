//! The blocking front: the same calls from a plain thread.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use strongroom_sdk::{
    AppRole, Kind, Method,
    blocking::Client,
    embedded::{Auditing, Builder, SecretBytes, Store, Unlock},
    kv::{Expect, Settings},
    session::State,
    token::NewToken,
    watch::Freshness,
};

use crate::{
    script::{Reply, Script},
    server::{Real, app_role},
};

/// Runs `test` on a thread without a runtime, while the server has one of its own.
fn with_server<T: Send + 'static>(
    prepare: impl AsyncFnOnce(&Real) -> T,
    test: impl FnOnce(Client, T, &Arc<Real>) + Send + 'static,
) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let server = Arc::new(runtime.block_on(Real::start()));
    let prepared = runtime.block_on(prepare(&server));
    let client = Client::new(server.config()).unwrap();
    std::thread::spawn(move || test(client, prepared, &server)).join().unwrap();
}

#[test]
fn every_call_works_from_a_plain_thread() {
    with_server(
        async |_| (),
        |client, (), _| {
            let kv = client.kv("secret");
            let fields = json!({ "password": "p", "port": 5432 });
            assert_eq!(kv.put("db", &fields).unwrap().version, 1);
            assert_eq!(kv.put_if("db", &fields, Expect::Absent).unwrap_err().kind(), Kind::CasMismatch);
            kv.patch("db", &json!({ "port": 1 })).unwrap();
            kv.patch_if("db", &json!({ "port": 2 }), Expect::Version(2)).unwrap();
            assert_eq!(kv.get("db").unwrap().field("port").unwrap().expose(), "2");
            assert_eq!(kv.get_as::<serde_json::Value>("db").unwrap()["port"], 2);
            assert_eq!(kv.get_version("db", 1).unwrap().field("port").unwrap().expose(), "5432");
            kv.delete("db").unwrap();
            kv.undelete("db", &[3]).unwrap();
            kv.delete_versions("db", &[1]).unwrap();
            kv.destroy("db", &[2]).unwrap();
            kv.configure("db", &Settings { cas_required: Some(true), ..Settings::default() }).unwrap();
            assert!(kv.history("db").unwrap().cas_required);
            assert_eq!(kv.list("").unwrap(), ["db"]);
            kv.delete_all("db").unwrap();
            assert!(kv.get("db").unwrap_err().is_not_found());

            let mount = json!({ "type": "kv", "options": { "version": "1" } });
            client.send(client.call(Method::Post, "sys/mounts/old").json(&mount)).unwrap();
            let old = client.kv1("old");
            old.put("a", &fields).unwrap();
            assert_eq!(old.get("a").unwrap().names(), ["password", "port"]);
            assert_eq!(old.get_as::<serde_json::Value>("a").unwrap()["port"], 5432);
            assert_eq!(old.list("").unwrap(), ["a"]);
            old.delete("a").unwrap();

            assert!(!client.sys().health().unwrap().sealed);
            assert!(!client.sys().seal_status().unwrap().sealed);
            assert_eq!(client.sys().capabilities(&["x"]).unwrap()["x"], ["root"]);

            let minute = Duration::from_secs(60);
            let wrapped = client.wrapping().wrap(&fields, minute).unwrap();
            assert_eq!(client.wrapping().lookup(&wrapped.token).unwrap().creation_ttl, 60);
            let again = client.wrapping().rewrap(&wrapped.token).unwrap();
            assert_eq!(client.wrapping().unwrap::<serde_json::Value>(&again.token).unwrap()["port"], 5432);
            assert!(client.wrapping().unwrap_answer(&again.token).is_err());
        },
    );
}

#[test]
fn tokens_and_leases_too() {
    with_server(
        async |_| (),
        |client, (), _| {
            let tokens = client.tokens();
            let new = NewToken { ttl: Some(Duration::from_secs(600)), ..NewToken::default() };
            let made = tokens.create(&new).unwrap();
            assert_eq!(tokens.lookup(&made.client_token).unwrap().accessor, made.accessor);
            assert_eq!(tokens.lookup_accessor(&made.accessor).unwrap().accessor, made.accessor);
            tokens.renew(&made.client_token).unwrap();
            let ids = client.send(client.call(Method::List, "sys/leases/lookup/auth/token/create")).unwrap();
            let ids: serde_json::Value = ids.data().unwrap();
            let id = format!("auth/token/create/{}", ids["keys"][0].as_str().unwrap());
            assert_eq!(client.leases().lookup(&id).unwrap().id, id);
            let _ = client.leases().renew(&id, None);
            client.leases().revoke(&id).unwrap();
            assert!(tokens.lookup(&made.client_token).is_err());
            tokens.revoke(&tokens.create(&new).unwrap().client_token).unwrap();
            tokens.revoke_accessor(&tokens.create(&new).unwrap().accessor).unwrap();
            tokens.create_wrapped(&new, Duration::from_secs(60)).unwrap();
            let own = tokens.create(&new).unwrap().client_token;
            client.set_token(Some(own.clone()));
            assert_eq!(client.token().unwrap().expose(), own.expose());
            assert_eq!(client.tokens().lookup_self().unwrap().policies, ["root"]);
            client.tokens().renew_self(None).unwrap();
            client.tokens().revoke_self().unwrap();
            assert!(client.tokens().lookup_self().unwrap_err().is_denied());
        },
    );
}

#[test]
fn a_login_and_a_watch_go_on_in_the_background() {
    let rules = r#"path "secret/*" { capabilities = ["create", "read", "update"] }"#;
    let role = json!({ "token_policies": ["app"], "token_ttl": "1h" });
    let prepare = async |server: &Real| app_role(&server.root(), rules, role).await;
    with_server(prepare, |client, (role_id, secret_id), server| {
        let login = AppRole::new(role_id).secret_id(secret_id);
        assert!(client.login_once(login.clone()).unwrap().renewable);
        let session = client.login(login).unwrap();
        assert!(matches!(session.state(), State::LoggedIn));
        session.kv("secret").put("db", &json!({ "password": "first" })).unwrap();
        let mut watch = session.kv("secret").watch("db", Duration::from_millis(50)).unwrap();
        assert!(watch.changed(Duration::from_millis(10)).unwrap().is_none());
        session.kv("secret").put("db", &json!({ "password": "second" })).unwrap();
        let seen = watch.changed(Duration::from_secs(60)).unwrap().unwrap();
        assert_eq!(seen.field("password").unwrap().expose(), "second");
        assert_eq!(watch.current().metadata.version, 2);
        assert!(matches!(watch.freshness(), Freshness::Fresh));
        assert!(watch.age() < Duration::from_secs(60));
        assert!(session.client().token().is_some());
        session.logout().unwrap();
        server.core.seal_now();
    });
}

#[test]
fn a_lease_is_ended_before_its_drop_returns() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let metadata = json!({ "version": 1, "created_time": "t", "deletion_time": "", "destroyed": false });
    let leased = json!({
        "lease_id": "secret/data/db/abc", "renewable": true, "lease_duration": 60,
        "data": { "data": { "password": "p" }, "metadata": metadata },
    });
    let script = runtime.block_on(Script::start(move |_, seen| match seen.path.as_str() {
        "/v1/secret/data/db" => Some(Reply::ok(leased.clone())),
        _ => Some(Reply::new(204, serde_json::Value::Null)),
    }));
    let client = Client::new(script.config()).unwrap();
    let minute = Duration::from_secs(60);
    let lease = client.kv("secret").get_leased("db", minute).unwrap();
    assert_eq!(lease.secret().field("password").unwrap().expose(), "p");
    assert!(lease.is_lost().is_none());
    drop(lease);
    assert_eq!(script.count("/v1/sys/leases/revoke"), 1);
    client.kv("secret").get_leased("db", minute).unwrap().release().unwrap();
    assert_eq!(script.count("/v1/sys/leases/revoke"), 2);
}

#[test]
fn the_environment_says_where_the_server_is() {
    let said = strongroom_sdk::Config::from_env(&strongroom_sdk::env::Process).unwrap();
    let token = |it: Option<strongroom_sdk::SecretString>| it.map(|it| it.expose().to_owned());
    assert_eq!(token(Client::from_env().unwrap().token()), token(said.token));
}

#[test]
fn an_embedded_store_has_a_blocking_front_too() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let builder = Builder::memory(Unlock::Key(SecretBytes::copy_of(&[7; 32])), Auditing::Nothing);
    let store = runtime.block_on(Store::open(builder)).unwrap();
    let client = Client::over(store.root()).unwrap();
    client.kv("secret").put("db", &json!({ "password": "p" })).unwrap();
    assert_eq!(client.kv("secret").get("db").unwrap().metadata.version, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_works_on_the_threads_of_another_runtime_too() {
    let server = Real::start().await;
    let client = Client::new(server.config()).unwrap();
    client.kv("secret").put("db", &json!({ "password": "p" })).unwrap();
    let aside =
        tokio::task::spawn_blocking(move || client.kv("secret").get("db").map(|it| it.metadata.version));
    assert_eq!(aside.await.unwrap().unwrap(), 1);
}
