//! The unmodified `vaultrs` crate against a running server.
//!
//! It decodes strictly: a field that is absent, or null where a string is expected, fails the call. The
//! server comes from `VAULT_ADDR`, `VAULT_TOKEN` and `INTEROP_EMPTY_ADDR`. A test's name begins with the part of
//! the API that it needs, and `run.py` chooses by that.

use std::collections::HashMap;
use std::env;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use vaultrs::api::ResponseWrapper;
use vaultrs::api::kv2::requests::{ReadSecretRequest, SetSecretMetadataRequest, SetSecretRequestOptions};
use vaultrs::api::sys::requests::EnableEngineRequest;
use vaultrs::api::token::requests::{
    CreateOrphanTokenRequest, CreateTokenRequest, CreateTokenRequestBuilder,
};
use vaultrs::auth::{approle, userpass};
use vaultrs::client::{VaultClient, VaultClientSettingsBuilder};
use vaultrs::error::ClientError;
use vaultrs::sys::ServerStatus;
use vaultrs::{cubbyhole, kv1, kv2, sys, token};

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Database {
    user: String,
    password: String,
    port: u16,
}

fn database(password: &str) -> Database {
    Database { user: "app".into(), password: password.into(), port: 5432 }
}

fn unique(stem: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{stem}-rs{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

fn client_at(address: &str, token: &str) -> VaultClient {
    let settings = VaultClientSettingsBuilder::default().address(address).token(token).build().unwrap();
    VaultClient::new(settings).unwrap()
}

fn client(token: &str) -> VaultClient {
    client_at(&env::var("VAULT_ADDR").expect("VAULT_ADDR"), token)
}

fn root() -> VaultClient {
    client(&env::var("VAULT_TOKEN").expect("VAULT_TOKEN"))
}

async fn mounted(version: &str) -> String {
    let path = unique("kv");
    let options = HashMap::from([("version".to_owned(), version.to_owned())]);
    sys::mount::enable(&root(), &path, "kv", Some(EnableEngineRequest::builder().options(options)))
        .await
        .unwrap();
    path
}

/// The call must be refused with this status and with a text that people search for.
#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, ClientError>, status: u16, text: &str) {
    match result {
        Err(ClientError::APIError { code, errors }) => {
            assert_eq!(code, status, "{errors:?}");
            assert!(errors.concat().contains(text), "no {text:?} in {errors:?}");
        }
        other => panic!("status {status} expected, got {other:?}"),
    }
}

/// A deleted version: 404 with data, which this client has no name for.
#[track_caller]
fn deleted<T: std::fmt::Debug>(result: Result<T, ClientError>) {
    match result {
        Err(ClientError::RestClientError { source }) => {
            let text = format!("{source:?}");
            assert!(text.contains("code: 404") && text.contains("deletion_time"), "{text}");
        }
        other => panic!("a deleted version expected, got {other:?}"),
    }
}

#[tokio::test]
async fn core_health() {
    // OpenBao leaves out `performance_standby`, which this client insists on; with `answers = "vault"`
    // we send it.
    if env::var("INTEROP_ORACLE").is_ok() {
        sys::health(&root()).await.unwrap_err();
        return;
    }
    let health = sys::health(&root()).await.unwrap();
    assert!(health.initialized && !health.sealed && !health.standby);
    assert!(matches!(sys::status(&root()).await.unwrap(), ServerStatus::OK));
}

#[tokio::test]
async fn core_kv2() {
    let (root, mount) = (root(), mounted("2").await);
    let written = kv2::set(&root, &mount, "app/db", &database("one")).await.unwrap();
    assert_eq!((written.version, written.deletion_time.as_str()), (1, ""));
    let again = SetSecretRequestOptions { cas: 1 };
    kv2::set_with_options(&root, &mount, "app/db", &database("two"), again).await.unwrap();
    let stale = SetSecretRequestOptions { cas: 1 };
    refused(
        kv2::set_with_options(&root, &mount, "app/db", &database("x"), stale).await,
        400,
        "check-and-set parameter did not match the current version",
    );
    assert_eq!(kv2::read::<Database>(&root, &mount, "app/db").await.unwrap(), database("two"));
    assert_eq!(kv2::read_version::<Database>(&root, &mount, "app/db", 1).await.unwrap(), database("one"));
    assert_eq!(kv2::list(&root, &mount, "").await.unwrap(), ["app/"]);
    assert_eq!(kv2::list(&root, &mount, "app").await.unwrap(), ["db"]);
    refused(kv2::read::<Database>(&root, &mount, "none").await, 404, "");
    refused(kv2::list(&root, &mount, "none").await, 404, "");
}

#[tokio::test]
async fn core_kv2_removal() {
    let (root, mount) = (root(), mounted("2").await);
    for password in ["one", "two", "three"] {
        kv2::set(&root, &mount, "a", &database(password)).await.unwrap();
    }
    kv2::delete_latest(&root, &mount, "a").await.unwrap();
    deleted(kv2::read::<Database>(&root, &mount, "a").await);
    kv2::undelete_versions(&root, &mount, "a", vec![3]).await.unwrap();
    assert_eq!(kv2::read::<Database>(&root, &mount, "a").await.unwrap(), database("three"));
    kv2::delete_versions(&root, &mount, "a", vec![1]).await.unwrap();
    kv2::destroy_versions(&root, &mount, "a", vec![2]).await.unwrap();
    let metadata = kv2::read_metadata(&root, &mount, "a").await.unwrap();
    assert_eq!((metadata.current_version, metadata.versions.len()), (3, 3));
    assert!(metadata.versions["2"].destroyed && !metadata.versions["1"].deletion_time.is_empty());
    kv2::delete_metadata(&root, &mount, "a").await.unwrap();
    refused(kv2::read_metadata(&root, &mount, "a").await, 404, "");
}

#[tokio::test]
async fn core_kv2_settings_and_expiry() {
    let (root, mount) = (root(), mounted("2").await);
    let settings = kv2::config::read(&root, &mount).await.unwrap();
    assert!(!settings.cas_required);
    let mut wish = SetSecretMetadataRequest::builder();
    wish.delete_version_after("1s").max_versions(2u64);
    kv2::set_metadata(&root, &mount, "a", Some(&mut wish)).await.unwrap();
    kv2::set(&root, &mount, "a", &database("short")).await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    deleted(kv2::read::<Database>(&root, &mount, "a").await);
}

#[tokio::test]
async fn core_kv1_and_cubbyhole() {
    let (root, mount) = (root(), mounted("1").await);
    let secret = HashMap::from([("user", "app"), ("password", "one")]);
    kv1::set(&root, &mount, "app/db", &secret).await.unwrap();
    let shown: HashMap<String, String> = kv1::get(&root, &mount, "app/db").await.unwrap();
    assert_eq!(shown["password"], "one");
    assert_eq!(kv1::get_raw(&root, &mount, "app/db").await.unwrap().lease_id, "");
    assert_eq!(kv1::list(&root, &mount, "app").await.unwrap().data.keys, ["db"]);
    kv1::delete(&root, &mount, "app/db").await.unwrap();
    refused(kv1::get::<Value>(&root, &mount, "app/db").await, 404, "");

    let own = client(&token::new(&root, None).await.unwrap().client_token);
    cubbyhole::set(&own, "cubbyhole", "a", &secret).await.unwrap();
    let shown: HashMap<String, String> = cubbyhole::get(&own, "cubbyhole", "a").await.unwrap();
    assert_eq!(shown["user"], "app");
    refused(cubbyhole::get::<Value>(&root, "cubbyhole", "a").await, 404, "");
}

#[tokio::test]
async fn core_mounts() {
    let (root, mount, other) = (root(), mounted("2").await, unique("m"));
    let mounts = sys::mount::list(&root).await.unwrap();
    assert_eq!(mounts[&format!("{mount}/")].mount_type, "kv");
    let shown = sys::mount::get_configuration_of_a_secret_engine(&root, &mount).await.unwrap();
    assert_eq!(shown.options.unwrap()["version"], "2");
    refused(sys::mount::enable(&root, &mount, "kv", None).await, 400, "path is already in use");
    let moved = sys::remount::remount(&root, &mount, &other).await.unwrap();
    let mut tries = 0;
    while sys::remount::remount_status(&root, &moved.migration_id).await.unwrap().migration_info.status
        != "success"
    {
        tries += 1;
        assert!(tries < 100, "the mount did not move");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    sys::mount::disable(&root, &other).await.unwrap();
    assert!(!sys::mount::list(&root).await.unwrap().contains_key(&format!("{other}/")));
}

#[tokio::test]
async fn core_policies() {
    let (root, mount, name) = (root(), mounted("2").await, unique("policy"));
    let text = format!("path \"{mount}/data/mine\" {{ capabilities = [\"read\"] }}");
    sys::policy::set(&root, &name, &text).await.unwrap();
    assert_eq!(sys::policy::read(&root, &name).await.unwrap().rules, text);
    assert!(sys::policy::list(&root).await.unwrap().policies.contains(&name));
    refused(sys::policy::set(&root, &name, "path \"a\" {").await, 400, "");
    kv2::set(&root, &mount, "mine", &database("one")).await.unwrap();
    let made = token::new(&root, Some(&mut with_policies(&[&name]))).await.unwrap();
    let weak = client(&made.client_token);
    assert_eq!(kv2::read::<Database>(&weak, &mount, "mine").await.unwrap(), database("one"));
    refused(kv2::read::<Database>(&weak, &mount, "yours").await, 403, "permission denied");
    refused(kv2::set(&weak, &mount, "mine", &database("two")).await, 403, "permission denied");
    sys::policy::delete(&root, &name).await.unwrap();
    refused(kv2::read::<Database>(&weak, &mount, "mine").await, 403, "permission denied");
}

fn with_policies(names: &[&str]) -> CreateTokenRequestBuilder {
    let mut wish = CreateTokenRequest::builder();
    wish.policies(names.iter().map(|&it| it.to_owned()).collect::<Vec<_>>());
    wish
}

#[tokio::test]
async fn core_tokens() {
    let root = root();
    let mut wish = with_policies(&["default"]);
    wish.ttl("1h").display_name("web").meta(HashMap::from([("team".to_owned(), "db".to_owned())]));
    let made = token::new(&root, Some(&mut wish)).await.unwrap();
    assert_eq!((made.lease_duration, made.renewable, made.token_type.as_str()), (3600, true, "service"));
    let shown = token::lookup(&root, &made.client_token).await.unwrap();
    assert_eq!((shown.display_name.as_str(), shown.orphan), ("token-web", false));
    assert_eq!(token::lookup_accessor(&root, &made.accessor).await.unwrap().id, "");
    let own = client(&made.client_token);
    assert_eq!(token::lookup_self(&own).await.unwrap().accessor, made.accessor);
    assert!(token::renew_self(&own, Some("2h")).await.unwrap().lease_duration > 3600);
    token::renew(&root, &made.client_token, None).await.unwrap();
    token::renew_accessor(&root, &made.accessor, None).await.unwrap();
    token::revoke_accessor(&root, &made.accessor).await.unwrap();
    refused(token::lookup_self(&own).await, 403, "permission denied");
    refused(token::lookup(&root, &made.client_token).await, 403, "bad token");
}

#[tokio::test]
async fn core_token_trees_and_roles() {
    let root = root();
    let parent = client(&token::new(&root, None).await.unwrap().client_token);
    let child =
        client(&token::new(&parent, Some(&mut with_policies(&["default"]))).await.unwrap().client_token);
    let mut wish = CreateOrphanTokenRequest::builder();
    wish.policies(vec!["default".to_owned()]);
    let orphan = client(&token::new_orphan(&parent, Some(&mut wish)).await.unwrap().client_token);
    token::revoke_self(&parent).await.unwrap();
    refused(token::lookup_self(&child).await, 403, "permission denied");
    assert!(token::lookup_self(&orphan).await.unwrap().orphan);

    let role = unique("role");
    token::role::set(&root, &role, None).await.unwrap();
    assert!(token::role::list(&root).await.unwrap().keys.contains(&role));
    assert_eq!(token::role::read(&root, &role).await.unwrap().name, role);
    token::new_role(&root, &role, None).await.unwrap();
    token::role::delete(&root, &role).await.unwrap();
    refused(token::role::read(&root, &role).await, 404, "");
}

#[tokio::test]
async fn core_token_expiry() {
    let mut wish = with_policies(&["default"]);
    wish.ttl("1s");
    let made = client(&token::new(&root(), Some(&mut wish)).await.unwrap().client_token);
    token::lookup_self(&made).await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    refused(token::lookup_self(&made).await, 403, "permission denied");
}

#[tokio::test]
async fn logins_userpass() {
    let (root, mount, nobody) = (root(), unique("userpass"), client(""));
    sys::auth::enable(&root, &mount, "userpass", None).await.unwrap();
    assert!(sys::auth::list(&root).await.unwrap().contains_key(&format!("{mount}/")));
    userpass::user::set(&root, &mount, "ann", "correct-horse", None).await.unwrap();
    let made = userpass::login(&nobody, &mount, "ann", "correct-horse").await.unwrap();
    assert_eq!(made.metadata.unwrap()["username"], "ann");
    let wrong = userpass::login(&nobody, &mount, "ann", "wrong").await;
    refused(wrong, 400, "invalid username or password");
    userpass::user::update_password(&root, &mount, "ann", "battery-staple").await.unwrap();
    userpass::login(&nobody, &mount, "ann", "battery-staple").await.unwrap();
    userpass::user::delete(&root, &mount, "ann").await.unwrap();
    refused(userpass::user::read(&root, &mount, "ann").await, 404, "");
    sys::auth::disable(&root, &mount).await.unwrap();
    refused(token::lookup_self(&client(&made.client_token)).await, 403, "permission denied");
}

#[tokio::test]
async fn logins_approle() {
    let (root, mount, nobody) = (root(), unique("approle"), client(""));
    sys::auth::enable(&root, &mount, "approle", None).await.unwrap();
    approle::role::set(&root, &mount, "web", None).await.unwrap();
    assert_eq!(approle::role::list(&root, &mount).await.unwrap().keys, ["web"]);
    approle::role::read(&root, &mount, "web").await.unwrap();
    let role_id = approle::role::read_id(&root, &mount, "web").await.unwrap().role_id;
    let secret = approle::role::secret::generate(&root, &mount, "web", None).await.unwrap();
    let made = approle::login(&nobody, &mount, &role_id, &secret.secret_id).await.unwrap();
    token::lookup_self(&client(&made.client_token)).await.unwrap();
    approle::role::secret::read_accessor(&root, &mount, "web", &secret.secret_id_accessor).await.unwrap();
    approle::role::secret::delete(&root, &mount, "web", &secret.secret_id).await.unwrap();
    let spent = approle::login(&nobody, &mount, &role_id, &secret.secret_id).await;
    refused(spent, 400, "invalid role or secret ID");
    approle::role::delete(&root, &mount, "web").await.unwrap();
    refused(approle::role::read(&root, &mount, "web").await, 404, "");
}

#[tokio::test]
async fn wrapping_once() {
    let (root, mount) = (root(), mounted("2").await);
    kv2::set(&root, &mount, "a", &json!({ "x": 1 })).await.unwrap();
    let read = ReadSecretRequest::builder().mount(&mount).path("a").build().unwrap();
    let wrapped = read.wrap(&root).await.unwrap();
    assert_eq!(wrapped.info.creation_path, format!("{mount}/data/a"));
    assert_eq!(wrapped.lookup(&root).await.unwrap().creation_path, format!("{mount}/data/a"));
    assert_eq!(wrapped.unwrap(&root).await.unwrap().data, json!({ "x": 1 }));
    refused(wrapped.unwrap(&root).await.map(|_| ()), 400, "wrapping token is not valid or does not exist");
    assert!(matches!(wrapped.lookup(&root).await, Err(ClientError::WrapInvalidError)));
}

#[tokio::test]
async fn operator_life() {
    let address = env::var("INTEROP_EMPTY_ADDR").expect("INTEROP_EMPTY_ADDR");
    let nobody = client_at(&address, "");
    assert!(matches!(sys::status(&nobody).await.unwrap(), ServerStatus::UNINITIALIZED));
    let made = sys::start_initialization(&nobody, 3, 2, None).await.unwrap();
    assert_eq!(made.keys_base64.len(), 3);
    assert!(matches!(sys::status(&nobody).await.unwrap(), ServerStatus::SEALED));
    refused(sys::start_initialization(&nobody, 1, 1, None).await.map(|_| ()), 400, "already initialized");
    let root = client_at(&address, &made.root_token);
    refused(sys::mount::list(&root).await, 503, "sealed");
    for (number, key) in made.keys_base64.iter().take(2).enumerate() {
        let state = sys::unseal(&nobody, Some(key.clone()), None, None).await.unwrap();
        assert_eq!(state.sealed, number == 0);
    }
    sys::mount::list(&root).await.unwrap();
    sys::seal(&root).await.unwrap();
    assert!(matches!(sys::status(&nobody).await.unwrap(), ServerStatus::SEALED));
}
