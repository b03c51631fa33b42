//! Every typed call, over a server and on an embedded store: the outcome is the same.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::json;
use strongroom_sdk::{
    Client, Kind, Method, SecretString,
    kv::{Expect, Settings},
    token::NewToken,
};

use crate::{embedded, server::Real};

/// Runs one scenario on both transports, with a token that may do everything.
macro_rules! both {
    ($($name:ident)*) => { $(
        mod $name {
            #[tokio::test]
            async fn over_a_server() {
                let server = super::Real::start().await;
                super::scenarios::$name(server.root()).await;
            }

            #[tokio::test]
            async fn on_an_embedded_store() {
                let (_store, root) = super::embedded::store_and_token().await;
                super::scenarios::$name(root).await;
            }
        }
    )* };
}

both! {
    secrets_are_written_read_and_removed
    secrets_have_a_history_and_settings
    writes_may_expect_a_version
    version_1_has_no_versions
    tokens_are_made_looked_up_renewed_and_ended
    answers_are_wrapped_and_taken_once
    the_server_says_how_it_is
    any_call_can_be_made
}

#[derive(Debug, Deserialize, Serialize)]
struct Database {
    user: String,
    password: SecretString,
    port: u16,
}

fn database(password: &str) -> Database {
    Database { user: "app".to_owned(), password: SecretString::new(password), port: 5432 }
}

mod scenarios {
    use super::*;

    pub async fn secrets_are_written_read_and_removed(client: Client) {
        let kv = client.kv("secret");
        assert_eq!(kv.put("team/db", &database("first")).await.unwrap().version, 1);
        assert_eq!(kv.put("team/db", &database("second")).await.unwrap().version, 2);
        let found: Database = kv.get_as("team/db").await.unwrap();
        assert_eq!((found.password.expose(), found.port), ("second", 5432));
        let first = kv.get_version("team/db", 1).await.unwrap();
        assert_eq!(first.field("password").unwrap().expose(), "first");
        assert_eq!(first.field("port").unwrap().expose(), "5432");
        assert!(first.field("absent").is_none());
        assert!(first.decode::<BTreeMap<String, u16>>().is_err_and(|it| it.kind() == Kind::Malformed));

        kv.patch("team/db", &json!({ "port": 5433, "user": null })).await.unwrap();
        let patched = kv.get("team/db").await.unwrap();
        assert_eq!(patched.fields.names(), ["password", "port"]);
        assert_eq!(patched.metadata.version, 3);

        assert_eq!(kv.list("").await.unwrap(), ["team/"]);
        assert_eq!(kv.list("team").await.unwrap(), ["db"]);
        assert!(kv.list("nobody").await.unwrap().is_empty());

        kv.delete("team/db").await.unwrap();
        assert!(kv.get("team/db").await.unwrap_err().is_not_found());
        assert!(kv.patch("team/db", &json!({ "port": 1 })).await.unwrap_err().is_not_found());
        kv.undelete("team/db", &[3]).await.unwrap();
        assert_eq!(kv.get("team/db").await.unwrap().metadata.version, 3);
        kv.delete_versions("team/db", &[1]).await.unwrap();
        assert!(kv.get_version("team/db", 1).await.unwrap_err().is_not_found());
        kv.destroy("team/db", &[2]).await.unwrap();
        kv.undelete("team/db", &[2]).await.unwrap();
        assert!(kv.get_version("team/db", 2).await.unwrap_err().is_not_found());
        kv.delete_all("team/db").await.unwrap();
        assert_eq!(kv.history("team/db").await.unwrap_err().kind(), Kind::NotFound);
    }

    pub async fn secrets_have_a_history_and_settings(client: Client) {
        let kv = client.kv("/secret/");
        for password in ["a", "b", "c"] {
            kv.put("db", &database(password)).await.unwrap();
        }
        kv.delete_versions("db", &[2]).await.unwrap();
        kv.destroy("db", &[1]).await.unwrap();
        let custom = BTreeMap::from([("owner".to_owned(), "team".to_owned())]);
        let settings =
            Settings { max_versions: Some(5), custom_metadata: Some(custom.clone()), ..Settings::default() };
        kv.configure("db", &settings).await.unwrap();
        let history = kv.history("db").await.unwrap();
        assert_eq!((history.current_version, history.max_versions), (3, 5));
        assert_eq!(history.custom_metadata, Some(custom));
        assert!(!history.cas_required);
        assert_eq!(history.versions.keys().copied().collect::<Vec<_>>(), [1, 2, 3]);
        assert!(history.versions[&1].destroyed);
        assert!(!history.versions[&2].deletion_time.is_empty());
        assert!(history.versions[&3].deletion_time.is_empty());
    }

    pub async fn writes_may_expect_a_version(client: Client) {
        let kv = client.kv("secret");
        let new = database("new");
        assert_eq!(kv.put_if("cas", &new, Expect::Absent).await.unwrap().version, 1);
        let refused = kv.put_if("cas", &new, Expect::Absent).await.unwrap_err();
        assert_eq!(refused.kind(), Kind::CasMismatch);
        assert_eq!(kv.put_if("cas", &new, Expect::Version(1)).await.unwrap().version, 2);
        let refused = kv.patch_if("cas", &json!({ "port": 1 }), Expect::Version(1)).await.unwrap_err();
        assert_eq!(refused.kind(), Kind::CasMismatch);
        let patched = kv.patch_if("cas", &json!({ "port": 1 }), Expect::Version(2)).await.unwrap();
        assert_eq!(patched.version, 3);
        assert_eq!(kv.get("cas").await.unwrap().field("port").unwrap().expose(), "1");
    }

    pub async fn version_1_has_no_versions(client: Client) {
        let mount = json!({ "type": "kv", "options": { "version": "1" } });
        client.call(Method::Post, "sys/mounts/old").json(&mount).send().await.unwrap();
        let kv = client.kv1("old");
        kv.put("a/b", &database("only")).await.unwrap();
        assert_eq!(kv.get("a/b").await.unwrap().get("password").unwrap().expose(), "only");
        assert_eq!(kv.get_as::<Database>("a/b").await.unwrap().port, 5432);
        assert_eq!(kv.list("a").await.unwrap(), ["b"]);
        assert!(kv.list("c").await.unwrap().is_empty());
        kv.delete("a/b").await.unwrap();
        assert!(kv.get("a/b").await.unwrap_err().is_not_found());
    }

    pub async fn tokens_are_made_looked_up_renewed_and_ended(client: Client) {
        let hour = Duration::from_secs(3600);
        let new = NewToken {
            policies: vec!["default".to_owned()],
            ttl: Some(hour),
            display_name: "worker".to_owned(),
            ..NewToken::default()
        };
        let made = client.tokens().create(&new).await.unwrap();
        assert!(made.renewable && (3500..=3600).contains(&made.lease_duration));
        let info = client.tokens().lookup(&made.client_token).await.unwrap();
        assert_eq!(info.policies, ["default"]);
        assert_eq!(info.display_name, "token-worker");
        let by_accessor = client.tokens().lookup_accessor(&made.accessor).await.unwrap();
        assert_eq!(by_accessor.accessor, made.accessor);
        assert_eq!(client.tokens().lookup_self().await.unwrap().policies, ["root"]);
        client.tokens().renew(&made.client_token).await.unwrap();

        let own = client.with_token(Some(made.client_token.clone()));
        let renewed = own.tokens().renew_self(Some(hour * 2)).await.unwrap();
        assert!(renewed.lease_duration > 3600, "{}", renewed.lease_duration);
        // A token's record is its lease.
        own.tokens().revoke_self().await.unwrap();
        assert!(own.tokens().lookup_self().await.unwrap_err().is_denied());

        let second = client.tokens().create(&new).await.unwrap();
        client.tokens().revoke(&second.client_token).await.unwrap();
        let third = client.tokens().create(&new).await.unwrap();
        client.tokens().revoke_accessor(&third.accessor).await.unwrap();
        for ended in [second, third] {
            assert!(client.tokens().lookup(&ended.client_token).await.is_err());
        }
        let wrapped = client.tokens().create_wrapped(&new, hour).await.unwrap();
        let taken = client.wrapping().unwrap_answer(&wrapped.token).await.unwrap().auth().unwrap();
        assert_eq!(taken.policies.unwrap(), ["default"]);
    }

    pub async fn answers_are_wrapped_and_taken_once(client: Client) {
        let minute = Duration::from_secs(60);
        let wrapped = client.wrapping().wrap(&database("handed over"), minute).await.unwrap();
        assert_eq!(wrapped.ttl, 60);
        let known = client.wrapping().lookup(&wrapped.token).await.unwrap();
        assert_eq!((known.creation_path.as_str(), known.creation_ttl), ("sys/wrapping/wrap", 60));
        let again = client.wrapping().rewrap(&wrapped.token).await.unwrap();
        let taken: Database = client.wrapping().unwrap(&again.token).await.unwrap();
        assert_eq!(taken.password.expose(), "handed over");
        for used in [wrapped, again] {
            let refused = client.wrapping().unwrap::<Database>(&used.token).await.unwrap_err();
            assert_eq!(refused.kind(), Kind::WrappingTokenUsed, "{refused}");
        }
    }

    pub async fn the_server_says_how_it_is(client: Client) {
        let health = client.sys().health().await.unwrap();
        assert!(health.initialized && !health.sealed);
        let status = client.sys().seal_status().await.unwrap();
        assert!(status.initialized && !status.sealed, "{status:?}");
        let may = client.sys().capabilities(&["secret/data/db", "sys/mounts"]).await.unwrap();
        assert_eq!(may["secret/data/db"], ["root"]);
        assert_eq!(may.len(), 2);
    }

    pub async fn any_call_can_be_made(client: Client) {
        let mounts: serde_json::Value =
            client.call(Method::Get, "sys/mounts").send().await.unwrap().data().unwrap();
        assert_eq!(mounts["secret/"]["type"], "kv");
        let nothing = client.call(Method::Get, "sys/nothing").send_any().await.unwrap();
        assert_eq!(nothing.status, 404);
        assert_eq!(client.kv("secret").get("absent").await.unwrap_err().status(), Some(404));
        let unclean = client.call(Method::Get, "sys//mounts").send().await.unwrap_err();
        assert_eq!(unclean.kind(), Kind::Config);
        client
            .call(Method::Put, "secret/data/raw")
            .raw(br#"{"data": {"n": 1.10}}"#.to_vec())
            .send()
            .await
            .unwrap();
        let raw =
            client.call(Method::Get, "secret/data/raw").query("version", "1").once().send().await.unwrap();
        assert!(std::str::from_utf8(raw.bytes()).unwrap().contains("1.10"));
        assert_eq!(client.kv("secret").get("raw").await.unwrap().fields.expose_json(), r#"{"n": 1.10}"#);
        let mine = client.token().unwrap();
        client.set_token(None);
        assert!(client.kv("secret").get("raw").await.unwrap_err().is_denied());
        client.set_token(Some(mine.clone()));
        assert_eq!(client.config().token.as_ref().unwrap().expose(), mine.expose());
        let denied = client.with_token(None).kv("secret").get("db").await.unwrap_err();
        assert_eq!(denied.kind(), Kind::Denied);
        let other =
            client.call(Method::Get, "sys/mounts").with_token(SecretString::new("hvs.no")).send().await;
        assert!(other.unwrap_err().is_denied());
    }
}

#[tokio::test]
async fn a_sealed_server_is_told_apart_from_a_broken_one() {
    let server = Real::start().await;
    let client = server.root();
    server.core.seal_now();
    assert_eq!(client.kv("secret").get("db").await.unwrap_err().kind(), Kind::Sealed);
    assert!(client.sys().health().await.unwrap().sealed);
    server.unseal().await;
    assert!(client.kv("secret").get("db").await.unwrap_err().is_not_found());
}

/// A token's record is its lease, so that this needs no other engine.
#[tokio::test]
async fn leases_are_looked_up_renewed_and_ended_by_their_ids() {
    let server = Real::start().await;
    let root = server.root();
    root.tokens()
        .create(&NewToken { ttl: Some(Duration::from_secs(600)), ..NewToken::default() })
        .await
        .unwrap();
    let folder = "sys/leases/lookup/auth/token/create";
    let ids: serde_json::Value = root.call(Method::List, folder).send().await.unwrap().data().unwrap();
    let id = format!("auth/token/create/{}", ids["keys"][0].as_str().unwrap());
    let found = root.leases().lookup(&id).await.unwrap();
    assert!(found.renewable && found.ttl <= 600 && found.id == id, "{found:?}");
    let renewed = root.leases().renew(&id, Some(Duration::from_secs(900))).await;
    // What renews a token's lease is the token's own endpoint, as in Vault.
    assert!(renewed.is_ok() || renewed.unwrap_err().kind() == Kind::Invalid);
    root.leases().revoke(&id).await.unwrap();
    assert_eq!(root.leases().lookup(&id).await.unwrap_err().kind(), Kind::Invalid);
}
