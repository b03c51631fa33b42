//! `auth/approle/`: logins with a role id and a secret id.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use strongroom_core::{
    Error, Result,
    engine::ENGINES,
    ids::{MountId, NamespaceId},
    mounts::{Config, Mount, MountClass},
    request::{Operation, Peer},
    response::Response,
    testing::{Ask, TestCore, data, is_denied},
};

/// Each endpoint, and the test that asks it. A line is missing, or names no test: the build of the table fails.
const ENDPOINTS: &[(&str, &str)] = &[
    ("Write login", "a_login_gives_a_token_with_the_roles_properties"),
    ("Read login", "a_login_without_a_role_id_says_so"),
    ("List role", "roles_are_listed_by_their_folded_names"),
    ("Read role/{role_name}", "a_role_reads_back_what_was_written"),
    ("Write role/{role_name}", "a_role_reads_back_what_was_written"),
    ("Delete role/{role_name}", "a_deleted_role_leaves_no_secret_id"),
    ("Read role/{role_name}/role-id", "a_role_id_can_be_chosen_once"),
    ("Write role/{role_name}/role-id", "a_role_id_can_be_chosen_once"),
    ("List role/{role_name}/secret-id", "secret_ids_are_known_by_their_accessors"),
    ("Write role/{role_name}/secret-id", "secret_ids_are_known_by_their_accessors"),
    ("Write role/{role_name}/custom-secret-id", "a_secret_id_can_be_chosen"),
    ("Write role/{role_name}/secret-id/lookup", "secret_ids_are_known_by_their_accessors"),
    ("Write role/{role_name}/secret-id/destroy", "a_destroyed_secret_id_is_gone"),
    ("Delete role/{role_name}/secret-id/destroy", "a_destroyed_secret_id_is_gone"),
    ("Write role/{role_name}/secret-id-accessor/lookup", "secret_ids_are_known_by_their_accessors"),
    ("Write role/{role_name}/secret-id-accessor/destroy", "a_destroyed_secret_id_is_gone"),
    ("Delete role/{role_name}/secret-id-accessor/destroy", "a_destroyed_secret_id_is_gone"),
    ("Read role/{role_name}/bind-secret-id", "single_fields_are_written_read_and_reset"),
    ("Write role/{role_name}/bind-secret-id", "single_fields_are_written_read_and_reset"),
    ("Delete role/{role_name}/bind-secret-id", "single_fields_are_written_read_and_reset"),
    ("Read role/{role_name}/bound-cidr-list", "the_old_name_of_the_networks_writes_the_new_field"),
    ("Write role/{role_name}/bound-cidr-list", "the_old_name_of_the_networks_writes_the_new_field"),
    ("Delete role/{role_name}/bound-cidr-list", "the_old_name_of_the_networks_writes_the_new_field"),
    ("Read role/{role_name}/local-secret-ids", "secret_ids_are_local_from_the_beginning_or_never"),
    ("Read role/{role_name}/period", "single_fields_are_written_read_and_reset"),
    ("Write role/{role_name}/period", "single_fields_are_written_read_and_reset"),
    ("Delete role/{role_name}/period", "single_fields_are_written_read_and_reset"),
    ("Read role/{role_name}/policies", "single_fields_are_written_read_and_reset"),
    ("Write role/{role_name}/policies", "single_fields_are_written_read_and_reset"),
    ("Delete role/{role_name}/policies", "single_fields_are_written_read_and_reset"),
    ("Read role/{role_name}/secret-id-bound-cidrs", "single_fields_are_written_read_and_reset"),
    ("Write role/{role_name}/secret-id-bound-cidrs", "single_fields_are_written_read_and_reset"),
    ("Delete role/{role_name}/secret-id-bound-cidrs", "single_fields_are_written_read_and_reset"),
    ("Read role/{role_name}/secret-id-num-uses", "single_fields_are_written_read_and_reset"),
    ("Write role/{role_name}/secret-id-num-uses", "single_fields_are_written_read_and_reset"),
    ("Delete role/{role_name}/secret-id-num-uses", "single_fields_are_written_read_and_reset"),
    ("Read role/{role_name}/secret-id-ttl", "single_fields_are_written_read_and_reset"),
    ("Write role/{role_name}/secret-id-ttl", "single_fields_are_written_read_and_reset"),
    ("Delete role/{role_name}/secret-id-ttl", "single_fields_are_written_read_and_reset"),
    ("Read role/{role_name}/token-bound-cidrs", "single_fields_are_written_read_and_reset"),
    ("Write role/{role_name}/token-bound-cidrs", "single_fields_are_written_read_and_reset"),
    ("Delete role/{role_name}/token-bound-cidrs", "single_fields_are_written_read_and_reset"),
    ("Read role/{role_name}/token-max-ttl", "single_fields_are_written_read_and_reset"),
    ("Write role/{role_name}/token-max-ttl", "single_fields_are_written_read_and_reset"),
    ("Delete role/{role_name}/token-max-ttl", "single_fields_are_written_read_and_reset"),
    ("Read role/{role_name}/token-num-uses", "single_fields_are_written_read_and_reset"),
    ("Write role/{role_name}/token-num-uses", "single_fields_are_written_read_and_reset"),
    ("Delete role/{role_name}/token-num-uses", "single_fields_are_written_read_and_reset"),
    ("Read role/{role_name}/token-ttl", "single_fields_are_written_read_and_reset"),
    ("Write role/{role_name}/token-ttl", "single_fields_are_written_read_and_reset"),
    ("Delete role/{role_name}/token-ttl", "single_fields_are_written_read_and_reset"),
    ("Write tidy/secret-id", "tidying_deletes_what_has_expired"),
];

#[test]
fn each_endpoint_has_a_test() {
    let mount = Mount {
        id: MountId(uuid::Uuid::nil()),
        namespace: NamespaceId::ROOT,
        class: MountClass::Auth,
        path: "approle/".into(),
        kind: "approle".into(),
        accessor: String::new(),
        description: String::new(),
        options: Default::default(),
        config: Config::default(),
        local: false,
        seal_wrap: false,
        external_entropy_access: false,
        tainted: false,
    };
    let engine = ENGINES.find(MountClass::Auth, "approle").unwrap();
    let mut served: Vec<String> = engine
        .routes(&mount)
        .iter()
        .flat_map(|it| it.iter())
        .flat_map(|route| route.endpoints.iter().map(|it| format!("{:?} {}", it.operation, route.pattern)))
        .collect();
    let mut covered: Vec<String> = ENDPOINTS.iter().map(|it| it.0.to_owned()).collect();
    served.sort_unstable();
    covered.sort_unstable();
    assert_eq!(served, covered);
    for (endpoint, test) in ENDPOINTS {
        assert!(include_str!("approle.rs").contains(&format!("async fn {test}(")), "{endpoint}: {test}");
    }
}

/// A core with the method at `auth/approle/` and a role `web`.
async fn core(role: Value) -> TestCore {
    let test = TestCore::new().await;
    test.write("sys/auth/approle", json!({ "type": "approle" })).await.unwrap();
    test.write("auth/approle/role/web", role).await.unwrap();
    test
}

async fn read(test: &TestCore, path: &str) -> Value {
    data(&test.read(&format!("auth/approle/{path}")).await.unwrap())
}

async fn write(test: &TestCore, path: &str, body: Value) -> Result<Response> {
    test.write(&format!("auth/approle/{path}"), body).await
}

async fn role_id(test: &TestCore) -> String {
    text(&read(test, "role/web/role-id").await["role_id"])
}

/// Does what is due in the background.
async fn in_background(test: &TestCore) {
    test.core.run_due(test.core.now()).await.unwrap();
}

/// How many rows the store has.
async fn rows(test: &TestCore) -> usize {
    let mut snapshot = test.core.storage().snapshot().await.unwrap();
    snapshot.next(usize::MAX).await.unwrap().len()
}

/// A new secret id and its accessor.
async fn secret_id(test: &TestCore, body: Value) -> (String, String) {
    let made = data(&write(test, "role/web/secret-id", body).await.unwrap());
    (text(&made["secret_id"]), text(&made["secret_id_accessor"]))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

async fn login(test: &TestCore, role_id: &str, secret_id: &str) -> Result<Response> {
    let body = json!({ "role_id": role_id, "secret_id": secret_id });
    test.as_token("", Operation::Write, "auth/approle/login", body).await
}

#[track_caller]
fn refused(outcome: Result<Response>, message: &str) {
    match outcome {
        Err(Error::Invalid(text)) => assert_eq!(text, message),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

const REFUSAL: &str = "invalid role or secret ID";

#[tokio::test]
async fn a_login_gives_a_token_with_the_roles_properties() {
    let test = core(json!({ "token_policies": ["p1"], "token_ttl": "20m", "token_num_uses": 3 })).await;
    let (secret, _) = secret_id(&test, json!({ "metadata": r#"{"host": "a", "role_name": "evil"}"# })).await;
    let auth = login(&test, &role_id(&test).await, &secret).await.unwrap().auth.unwrap();
    assert_eq!(auth.policies, ["default", "p1"]);
    assert_eq!((auth.lease_duration, auth.renewable, auth.orphan, auth.num_uses), (1200, true, true, 3));
    // Rule 56: who makes a secret id does not choose the role's name.
    let metadata = auth.metadata.unwrap();
    assert_eq!((metadata["role_name"].as_str(), metadata["host"].as_str()), ("web", "a"));
    assert_eq!(auth.display_name, "approle");
    let body =
        json!({ "role_id": format!("{}\n", role_id(&test).await), "secret_id": format!(" {secret}\n") });
    test.as_token("", Operation::Write, "auth/approle/login", body).await.unwrap();
}

#[tokio::test]
async fn a_login_without_a_role_id_says_so() {
    let test = core(json!({})).await;
    let ask = |operation, body| Ask { body, token: "", ..Ask::new(operation, "auth/approle/login") };
    refused(test.ask(ask(Operation::Read, Value::Null)).await, "missing role_id");
    refused(test.ask(ask(Operation::Write, json!({}))).await, "missing role_id");
    refused(test.ask(ask(Operation::Write, json!({ "secret_id": "x" }))).await, "missing role_id");
    let outcome = test.ask(ask(Operation::Read, json!({ "role_id": "x" }))).await;
    assert!(matches!(outcome, Err(Error::UnsupportedOperation)));
}

// Rule 66
#[tokio::test]
async fn failed_logins_answer_alike() {
    let test = core(json!({ "secret_id_bound_cidrs": ["127.0.0.0/8"], "secret_id_ttl": "1m" })).await;
    write(&test, "role/other", json!({})).await.unwrap();
    let other = data(&write(&test, "role/other/secret-id", json!({})).await.unwrap());
    let id = role_id(&test).await;
    let (secret, _) = secret_id(&test, json!({})).await;
    refused(login(&test, "nobody", &secret).await, REFUSAL);
    refused(login(&test, &id, "wrong").await, REFUSAL);
    refused(login(&test, &id, &text(&other["secret_id"])).await, REFUSAL);
    let body = json!({ "role_id": id, "secret_id": secret });
    let peer = Peer::Address(([192, 0, 2, 1], 1).into());
    let far = Ask { body, peer, token: "", ..Ask::new(Operation::Write, "auth/approle/login") };
    refused(test.ask(far).await, REFUSAL);
    for id in ["nobody", &id] {
        refused(login(&test, id, "").await, "missing secret_id");
    }
    login(&test, &id, &secret).await.unwrap();
    test.clock.advance(Duration::from_secs(60));
    refused(login(&test, &id, &secret).await, REFUSAL);
}

// Rules 42 and 72
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_secret_id_for_ten_logins_is_good_for_exactly_ten() {
    let test = Arc::new(core(json!({ "secret_id_num_uses": 10 })).await);
    let id = role_id(&test).await;
    let (secret, accessor) = secret_id(&test, json!({})).await;
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let (test, id, secret) = (test.clone(), id.clone(), secret.clone());
            tokio::spawn(async move { login(&test, &id, &secret).await })
        })
        .collect();
    let mut succeeded = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => succeeded += 1,
            Err(Error::Invalid(text)) => assert_eq!(text, REFUSAL),
            Err(Error::Denied) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(succeeded, 10);
    let body = json!({ "secret_id_accessor": accessor });
    let gone = write(&test, "role/web/secret-id-accessor/lookup", body).await.unwrap();
    assert_eq!(gone.status, Some(404));
}

#[tokio::test]
async fn uses_are_counted_down_and_shown() {
    let test = core(json!({ "secret_id_num_uses": 2 })).await;
    let id = role_id(&test).await;
    let (secret, _) = secret_id(&test, json!({})).await;
    login(&test, &id, &secret).await.unwrap();
    let body = json!({ "secret_id": secret });
    let shown = data(&write(&test, "role/web/secret-id/lookup", body).await.unwrap());
    assert_eq!(shown["secret_id_num_uses"], 1);
    login(&test, &id, &secret).await.unwrap();
    refused(login(&test, &id, &secret).await, REFUSAL);
}

// Rule 67
#[tokio::test]
async fn too_many_failures_lock_a_role_id_out_whether_or_not_it_exists() {
    let test = core(json!({ "role_id": "rid" })).await;
    let (secret, _) = secret_id(&test, json!({})).await;
    for id in ["rid", "invented"] {
        for _ in 0..5 {
            refused(login(&test, id, "wrong").await, REFUSAL);
        }
        assert!(is_denied(&login(&test, id, &secret).await));
    }
    let shown = data(&test.read("sys/locked-users").await.unwrap());
    assert_eq!(shown["by_namespace"][0]["mount_accessors"][0]["alias_identifiers"], json!(["rid"]));
    test.clock.advance(Duration::from_secs(15 * 60));
    login(&test, "rid", &secret).await.unwrap();
}

#[tokio::test]
async fn roles_are_listed_by_their_folded_names() {
    let test = core(json!({})).await;
    write(&test, "role/B", json!({})).await.unwrap();
    let listed = data(&test.list("auth/approle/role").await.unwrap());
    assert_eq!(listed["keys"], json!(["b", "web"]));
    assert!(matches!(write(&test, "role/a b", json!({})).await, Err(Error::UnsupportedPath)));
}

#[tokio::test]
async fn a_role_reads_back_what_was_written() {
    let test = core(json!({})).await;
    let fresh = json!({
        "bind_secret_id": true, "local_secret_ids": false, "secret_id_bound_cidrs": null,
        "secret_id_num_uses": 0, "secret_id_ttl": 0, "token_bound_cidrs": [], "token_explicit_max_ttl": 0,
        "token_max_ttl": 0, "token_no_default_policy": false, "token_num_uses": 0, "token_period": 0,
        "token_policies": [], "token_strictly_bind_ip": false, "token_ttl": 0, "token_type": "default",
    });
    assert_eq!(read(&test, "role/web").await, fresh);
    let written = json!({
        "bind_secret_id": false, "local_secret_ids": true, "secret_id_bound_cidrs": ["127.0.0.0/8"],
        "secret_id_num_uses": 7, "secret_id_ttl": 600, "token_bound_cidrs": ["127.0.0.1"],
        "token_explicit_max_ttl": 900, "token_max_ttl": 800, "token_no_default_policy": true,
        "token_num_uses": 3, "token_period": 60, "token_policies": ["b", "a"],
        "token_strictly_bind_ip": true, "token_ttl": 70, "token_type": "service",
    });
    write(&test, "role/all", written.clone()).await.unwrap();
    assert_eq!(read(&test, "role/all").await, written);
    write(&test, "role/old", json!({ "policies": "b,A,a", "period": "1h" })).await.unwrap();
    let old = read(&test, "role/old").await;
    assert_eq!((&old["policies"], &old["token_policies"]), (&json!(["a", "b"]), &json!(["a", "b"])));
    assert_eq!((&old["period"], &old["token_period"]), (&json!(3600), &json!(3600)));
    assert!(matches!(test.read("auth/approle/role/none").await, Err(Error::NotFound)));
}

#[tokio::test]
async fn a_role_that_asks_for_nothing_is_refused() {
    let test = core(json!({})).await;
    let message = "at least one constraint should be enabled on the role";
    refused(write(&test, "role/open", json!({ "bind_secret_id": false })).await, message);
    let body = json!({ "bind_secret_id": false, "role_id": "open", "token_bound_cidrs": ["127.0.0.0/8"] });
    write(&test, "role/open", body).await.unwrap();
    refused(test.delete("auth/approle/role/open/token-bound-cidrs").await, message);
    login(&test, "open", "").await.unwrap();
    let refusal = "bind_secret_id is not set on the role";
    refused(write(&test, "role/open/secret-id", json!({})).await, refusal);
    // Rule 38
    assert!(write(&test, "role/root", json!({ "token_policies": ["root"] })).await.is_err());
}

#[tokio::test]
async fn secret_ids_are_local_from_the_beginning_or_never() {
    let test = core(json!({ "local_secret_ids": true })).await;
    assert_eq!(read(&test, "role/web/local-secret-ids").await, json!({ "local_secret_ids": true }));
    let message = "local_secret_ids can only be modified during role creation";
    refused(write(&test, "role/web", json!({ "local_secret_ids": false })).await, message);
}

#[tokio::test]
async fn a_role_id_can_be_chosen_once() {
    let test = core(json!({})).await;
    let before = role_id(&test).await;
    let (secret, _) = secret_id(&test, json!({})).await;
    refused(write(&test, "role/web/role-id", json!({})).await, "missing role_id");
    write(&test, "role/web/role-id", json!({ "role_id": "rid/1" })).await.unwrap();
    assert_eq!(role_id(&test).await, "rid/1");
    refused(login(&test, &before, &secret).await, REFUSAL);
    login(&test, "rid/1", &secret).await.unwrap();
    refused(write(&test, "role/other", json!({ "role_id": "rid/1" })).await, "role_id already in use");
    assert!(matches!(test.read("auth/approle/role/other").await, Err(Error::NotFound)));
    let outcome = write(&test, "role/none/role-id", json!({ "role_id": "x" })).await;
    assert!(matches!(outcome, Err(Error::UnsupportedPath)));
}

#[tokio::test]
async fn secret_ids_are_known_by_their_accessors() {
    let test = core(json!({ "secret_id_ttl": "10m", "secret_id_num_uses": 4 })).await;
    assert!(matches!(test.list("auth/approle/role/web/secret-id").await, Err(Error::NotFound)));
    let (secret, accessor) =
        secret_id(&test, json!({ "cidr_list": ["127.0.0.0/8"], "metadata": "a=b" })).await;
    let listed = data(&test.list("auth/approle/role/web/secret-id").await.unwrap());
    assert_eq!(listed["keys"], json!([accessor]));
    let by_secret = write(&test, "role/web/secret-id/lookup", json!({ "secret_id": secret })).await.unwrap();
    let expected = json!({
        "cidr_list": ["127.0.0.0/8"], "creation_time": "2023-11-14T22:13:20Z",
        "expiration_time": "2023-11-14T22:23:20Z", "last_updated_time": "2023-11-14T22:13:20Z",
        "metadata": { "a": "b" }, "secret_id_accessor": accessor, "secret_id_num_uses": 4,
        "secret_id_ttl": 600, "token_bound_cidrs": [],
    });
    assert_eq!(data(&by_secret), expected);
    let by_accessor = json!({ "secret_id_accessor": accessor });
    let found = write(&test, "role/web/secret-id-accessor/lookup", by_accessor.clone()).await.unwrap();
    assert_eq!(data(&found), expected);

    // Rule 72: an accessor works for its own role only.
    write(&test, "role/other", json!({})).await.unwrap();
    let elsewhere = write(&test, "role/other/secret-id-accessor/lookup", by_accessor.clone()).await.unwrap();
    assert_eq!(elsewhere.status, Some(404));
    assert!(write(&test, "role/other/secret-id-accessor/destroy", by_accessor).await.is_err());
    let body = json!({ "secret_id": secret });
    assert!(write(&test, "role/other/secret-id/lookup", body.clone()).await.unwrap().is_empty());
    write(&test, "role/other/secret-id/destroy", body).await.unwrap();
    login(&test, &role_id(&test).await, &secret).await.unwrap();

    test.clock.advance(Duration::from_secs(600));
    assert!(matches!(test.list("auth/approle/role/web/secret-id").await, Err(Error::NotFound)));
}

#[tokio::test]
async fn a_secret_id_is_within_its_roles_limits() {
    let test = core(json!({
        "secret_id_ttl": "10m", "secret_id_num_uses": 4, "secret_id_bound_cidrs": ["10.0.0.0/8"],
        "token_bound_cidrs": ["10.0.0.0/8"],
    }))
    .await;
    for body in [
        json!({ "num_uses": 0 }),
        json!({ "num_uses": 5 }),
        json!({ "num_uses": -1 }),
        json!({ "ttl": 0 }),
        json!({ "ttl": "11m" }),
        json!({ "cidr_list": ["11.0.0.0/8"] }),
        json!({ "cidr_list": ["0.0.0.0/0"] }),
        json!({ "cidr_list": ["zork"] }),
        json!({ "token_bound_cidrs": ["11.0.0.0/8"] }),
        json!({ "metadata": "zork" }),
        json!({ "metadata": "{\"a\": 1}" }),
    ] {
        let outcome = write(&test, "role/web/secret-id", body.clone()).await;
        assert!(matches!(outcome, Err(Error::Invalid(_))), "{body}");
    }
    let body =
        json!({ "num_uses": 2, "ttl": "1m", "cidr_list": ["10.1.0.0/16"], "metadata": "eyJhIjoiYiJ9" });
    write(&test, "role/web/secret-id", body).await.unwrap();
}

#[tokio::test]
async fn a_secret_id_can_be_chosen() {
    let test = core(json!({ "role_id": "rid" })).await;
    refused(write(&test, "role/web/custom-secret-id", json!({})).await, "missing secret_id");
    write(&test, "role/web/custom-secret-id", json!({ "secret_id": "abc" })).await.unwrap();
    login(&test, "rid", "abc").await.unwrap();
    let again = write(&test, "role/web/custom-secret-id", json!({ "secret_id": "abc", "ttl": "1m" })).await;
    refused(again, "failed to store secret_id: SecretID is already registered");
    let none = write(&test, "role/none/custom-secret-id", json!({ "secret_id": "abc" })).await;
    assert!(matches!(none, Err(Error::NotFoundBecause(_))));
}

#[tokio::test]
async fn a_destroyed_secret_id_is_gone() {
    let test = core(json!({ "role_id": "rid" })).await;
    for operation in [Operation::Write, Operation::Delete] {
        let (secret, accessor) = secret_id(&test, json!({})).await;
        let path = "auth/approle/role/web/secret-id/destroy";
        let by_secret = Ask { body: json!({ "secret_id": secret }), ..Ask::new(operation, path) };
        test.ask(by_secret).await.unwrap();
        refused(login(&test, "rid", &secret).await, REFUSAL);
        let found = json!({ "secret_id_accessor": accessor });
        let found = write(&test, "role/web/secret-id-accessor/lookup", found).await.unwrap();
        assert_eq!(found.status, Some(404));

        let (secret, accessor) = secret_id(&test, json!({})).await;
        let path = "auth/approle/role/web/secret-id-accessor/destroy";
        let by_accessor =
            || Ask { body: json!({ "secret_id_accessor": accessor }), ..Ask::new(operation, path) };
        test.ask(by_accessor()).await.unwrap();
        refused(login(&test, "rid", &secret).await, REFUSAL);
        assert!(test.ask(by_accessor()).await.is_err());
    }
}

#[tokio::test]
async fn a_deleted_role_leaves_no_secret_id() {
    let test = core(json!({ "role_id": "rid" })).await;
    // The folders of all roles stay.
    secret_id(&test, json!({})).await;
    test.delete("auth/approle/role/web").await.unwrap();
    in_background(&test).await;
    let without = rows(&test).await;
    write(&test, "role/web", json!({ "role_id": "rid" })).await.unwrap();
    for number in 0..120 {
        let body = json!({ "secret_id": format!("s{number}") });
        write(&test, "role/web/custom-secret-id", body).await.unwrap();
    }
    test.delete("auth/approle/role/web").await.unwrap();
    test.clock.advance(Duration::from_secs(60));
    in_background(&test).await;
    assert_eq!(rows(&test).await, without, "they are deleted in the background");
    refused(login(&test, "rid", "s1").await, REFUSAL);
    // A later role of the same names has none of them.
    write(&test, "role/web", json!({ "role_id": "rid" })).await.unwrap();
    refused(login(&test, "rid", "s1").await, REFUSAL);
    assert!(matches!(test.list("auth/approle/role/web/secret-id").await, Err(Error::NotFound)));
    test.delete("auth/approle/role/none").await.unwrap();
}

#[tokio::test]
async fn tidying_deletes_what_has_expired() {
    let test = core(json!({ "role_id": "rid", "secret_id_ttl": "1m" })).await;
    let mut accessors = Vec::new();
    for _ in 0..20 {
        accessors.push(secret_id(&test, json!({})).await);
    }
    test.clock.advance(Duration::from_secs(30));
    let (young, _) = secret_id(&test, json!({})).await;
    test.clock.advance(Duration::from_secs(30));
    let answer = write(&test, "tidy/secret-id", json!({})).await.unwrap();
    assert_eq!((answer.status, answer.warnings.len()), (Some(202), 1));
    let before = rows(&test).await;
    in_background(&test).await;
    assert_eq!(rows(&test).await, before - 2 * 20 - 1, "two rows each, and what there was to do");
    login(&test, "rid", &young).await.unwrap();
    let listed = data(&test.list("auth/approle/role/web/secret-id").await.unwrap());
    assert_eq!(listed["keys"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn single_fields_are_written_read_and_reset() {
    let test = core(json!({ "token_bound_cidrs": ["127.0.0.0/8"] })).await;
    let check = async |path: &str, body: Value, after: Value, reset: Value| {
        let path = format!("role/web/{path}");
        write(&test, &path, body).await.unwrap();
        assert_eq!(read(&test, &path).await, after, "{path}");
        test.delete(&format!("auth/approle/{path}")).await.unwrap();
        assert_eq!(read(&test, &path).await, reset, "{path}");
        let none = path.replace("web", "none");
        assert!(matches!(test.read(&format!("auth/approle/{none}")).await, Err(Error::NotFound)));
        assert!(matches!(write(&test, &none, json!({})).await, Err(Error::UnsupportedPath)));
        test.delete(&format!("auth/approle/{none}")).await.unwrap();
    };
    let one = |name: &str, value: Value| json!({ name: value });
    for (path, written, shown, reset) in [
        ("bind-secret-id", json!(false), json!(false), json!(true)),
        ("secret-id-bound-cidrs", json!("10.0.0.0/8"), json!(["10.0.0.0/8"]), Value::Null),
        ("secret-id-num-uses", json!("7"), json!(7), json!(0)),
        ("secret-id-ttl", json!("7m"), json!(420), json!(0)),
        ("token-bound-cidrs", json!(["10.0.0.1"]), json!(["10.0.0.1"]), Value::Null),
        ("token-max-ttl", json!("1h"), json!(3600), json!(0)),
        ("token-num-uses", json!(7), json!(7), json!(0)),
        ("token-ttl", json!("7m"), json!(420), json!(0)),
    ] {
        let name = path.replace('-', "_");
        check(path, one(&name, written), one(&name, shown), one(&name, reset)).await;
    }
    let period = json!({ "period": 7, "token_period": 7 });
    check("period", json!({ "period": "7s" }), period, json!({ "token_period": 0 })).await;
    let policies = json!({ "policies": ["a", "b"], "token_policies": ["a", "b"] });
    check("policies", json!({ "policies": "b,a" }), policies, json!({ "token_policies": [] })).await;

    refused(write(&test, "role/web/token-ttl", json!({})).await, "missing token_ttl");
    refused(write(&test, "role/web/policies", json!({})).await, "missing token_policies");
    let negative = json!({ "secret_id_num_uses": -1 });
    let message = "secret_id_num_uses cannot be negative";
    refused(write(&test, "role/web/secret-id-num-uses", negative).await, message);
    write(&test, "role/web/token-ttl", json!({ "token_ttl": "2h" })).await.unwrap();
    let message = "token_max_ttl should be greater than or equal to token_ttl";
    refused(write(&test, "role/web/token-max-ttl", json!({ "token_max_ttl": "1h" })).await, message);
}

#[tokio::test]
async fn the_old_name_of_the_networks_writes_the_new_field() {
    let test = core(json!({})).await;
    write(&test, "role/web/bound-cidr-list", json!({ "bound_cidr_list": "127.0.0.0/8" })).await.unwrap();
    let networks = json!({ "secret_id_bound_cidrs": ["127.0.0.0/8"] });
    assert_eq!(read(&test, "role/web/secret-id-bound-cidrs").await, networks);
    let old = test.read("auth/approle/role/web/bound-cidr-list").await.unwrap();
    assert_eq!((data(&old), old.warnings.len()), (json!({ "bound_cidr_list": null }), 1));
    test.delete("auth/approle/role/web/bound-cidr-list").await.unwrap();
    assert_eq!(read(&test, "role/web/secret-id-bound-cidrs").await, networks);
    write(&test, "role/web", json!({ "bound_cidr_list": "10.0.0.0/8" })).await.unwrap();
    assert_eq!(read(&test, "role/web").await["secret_id_bound_cidrs"], json!(["10.0.0.0/8"]));
}

#[tokio::test]
async fn a_renewal_goes_by_the_role_as_it_is_now() {
    let test = core(json!({ "role_id": "rid", "token_ttl": "10m" })).await;
    let (secret, _) = secret_id(&test, json!({})).await;
    let auth = login(&test, "rid", &secret).await.unwrap().auth.unwrap();
    let token = auth.client_token.expose_str().unwrap();
    let renew = async || {
        test.as_token(token, Operation::Write, "auth/token/renew-self", json!({ "increment": "5m" })).await
    };
    write(&test, "role/web", json!({ "token_max_ttl": "10m" })).await.unwrap();
    test.clock.advance(Duration::from_secs(480));
    assert_eq!(renew().await.unwrap().auth.unwrap().lease_duration, 120);
    test.delete("auth/approle/role/web").await.unwrap();
    refused(renew().await, "failed to renew entry: role \"web\" does not exist during renewal");
}
