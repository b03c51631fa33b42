//! `identity/`: entities, their aliases and groups, and what they do to tokens.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use std::sync::Arc;

use serde_json::{Value, json};
use strongroom_core::{
    Error, Result,
    request::Operation,
    response::{Auth, Response},
    testing::{TestCore, check_endpoints, data, is_denied},
};

mod aliases;
mod entities;
mod groups;
mod merging;
mod tokens;

/// Each endpoint, and the test that asks it. A line is missing, or names no test: the check fails.
const ENDPOINTS: &[(&str, &str)] = &[
    ("Write entity/merge", "a_merged_entity_lives_on_in_the_other"),
    ("Write entity", "an_entity_reads_back_what_was_written"),
    ("Write entity/batch-delete", "entities_are_deleted_together"),
    ("List entity/id", "entities_are_listed_by_id_and_name"),
    ("Read entity/id/{id}", "an_entity_reads_back_what_was_written"),
    ("Write entity/id/{id}", "an_entity_can_be_renamed_to_a_free_name"),
    ("Delete entity/id/{id}", "a_deleted_entity_ends_its_tokens"),
    ("List entity/name", "entities_are_listed_by_id_and_name"),
    ("Read entity/name/{name...}", "a_name_has_one_spelling"),
    ("Write entity/name/{name...}", "a_name_has_one_spelling"),
    ("Delete entity/name/{name...}", "a_name_has_one_spelling"),
    ("Write entity-alias", "an_alias_ties_a_login_to_an_entity"),
    ("List entity-alias/id", "aliases_are_listed"),
    ("Read entity-alias/id/{id}", "an_alias_ties_a_login_to_an_entity"),
    ("Write entity-alias/id/{id}", "a_renamed_alias_forgets_what_was_said_of_the_other_name"),
    ("Delete entity-alias/id/{id}", "a_deleted_alias_unties_the_login"),
    ("Write alias", "the_old_spelling_of_aliases_does_the_same"),
    ("List alias/id", "the_old_spelling_of_aliases_does_the_same"),
    ("Read alias/id/{id}", "the_old_spelling_of_aliases_does_the_same"),
    ("Write alias/id/{id}", "the_old_spelling_of_aliases_does_the_same"),
    ("Delete alias/id/{id}", "the_old_spelling_of_aliases_does_the_same"),
    ("Write persona", "the_old_spelling_of_aliases_does_the_same"),
    ("List persona/id", "the_old_spelling_of_aliases_does_the_same"),
    ("Read persona/id/{id}", "the_old_spelling_of_aliases_does_the_same"),
    ("Write persona/id/{id}", "the_old_spelling_of_aliases_does_the_same"),
    ("Delete persona/id/{id}", "the_old_spelling_of_aliases_does_the_same"),
    ("Write group", "a_groups_policies_reach_its_members_and_those_of_its_members"),
    ("List group/id", "groups_are_listed_by_id_and_name"),
    ("Read group/id/{id}", "a_group_reads_back_what_was_written"),
    ("Write group/id/{id}", "no_group_is_within_itself"),
    ("Delete group/id/{id}", "a_deleted_group_is_in_no_other"),
    ("List group/name", "groups_are_listed_by_id_and_name"),
    ("Read group/name/{name...}", "a_group_reads_back_what_was_written"),
    ("Write group/name/{name...}", "a_group_reads_back_what_was_written"),
    ("Delete group/name/{name...}", "a_deleted_group_is_in_no_other"),
    ("Write group-alias", "an_external_group_has_an_alias"),
    ("List group-alias/id", "an_external_group_has_an_alias"),
    ("Read group-alias/id/{id}", "an_external_group_has_an_alias"),
    ("Write group-alias/id/{id}", "an_external_group_has_an_alias"),
    ("Delete group-alias/id/{id}", "an_external_group_has_an_alias"),
    ("Write lookup/entity", "an_entity_is_found_by_whatever_is_known"),
    ("Write lookup/group", "a_group_is_found_by_whatever_is_known"),
];

#[test]
fn each_endpoint_has_a_test() {
    let text = concat!(
        include_str!("aliases.rs"),
        include_str!("entities.rs"),
        include_str!("groups.rs"),
        include_str!("merging.rs"),
        include_str!("tokens.rs"),
    );
    check_endpoints("identity", ENDPOINTS, text);
}

/// A core with `userpass` at `auth/up/` and at `auth/other/`, the user `ann` at both, `kv` at `kv/`.
async fn core() -> TestCore {
    let test = TestCore::new().await;
    for mount in ["up", "other"] {
        write(&test, &format!("sys/auth/{mount}"), json!({ "type": "userpass" })).await;
        write(&test, &format!("auth/{mount}/users/ann"), json!({ "password": "right" })).await;
    }
    write(&test, "sys/mounts/kv", json!({ "type": "kv" })).await;
    write(&test, "kv/a", json!({ "x": 1 })).await;
    policy(&test, "reads", r#"path "kv/*" { capabilities = ["read"] }"#).await;
    test
}

/// Writes, and answers the data of the answer; null for none.
async fn write(test: &TestCore, path: &str, body: Value) -> Value {
    let response = test.write(path, body).await.unwrap_or_else(|error| panic!("{path}: {error}"));
    if response.data.is_some() { data(&response) } else { Value::Null }
}

async fn policy(test: &TestCore, name: &str, text: &str) {
    write(test, &format!("sys/policies/acl/{name}"), json!({ "policy": text })).await;
}

/// Makes an entity or a group, and answers its id.
async fn make(test: &TestCore, what: &str, body: Value) -> String {
    text(&write(test, &format!("identity/{what}"), body).await["id"])
}

async fn show(test: &TestCore, what: &str, id: &str) -> Value {
    data(&test.read(&format!("identity/{what}/id/{id}")).await.unwrap())
}

async fn accessor(test: &TestCore, mount: &str) -> String {
    text(&data(&test.read(&format!("sys/auth/{mount}")).await.unwrap())["accessor"])
}

async fn try_login(test: &TestCore, mount: &str, name: &str) -> Result<Response> {
    let path = format!("auth/{mount}/login/{name}");
    test.as_token("", Operation::Write, &path, json!({ "password": "right" })).await
}

async fn login(test: &TestCore, mount: &str) -> Auth {
    try_login(test, mount, "ann").await.unwrap().auth.unwrap()
}

fn token(auth: &Auth) -> &str {
    auth.client_token.expose_str().unwrap()
}

/// Whether a token may read the secret that the policy `reads` is about.
async fn reads(test: &TestCore, token: &str) -> bool {
    let outcome = test.as_token(token, Operation::Read, "kv/a", Value::Null).await;
    assert!(outcome.is_ok() || is_denied(&outcome), "{outcome:?}");
    outcome.is_ok()
}

/// Whether a token is good for anything.
async fn is_good(test: &TestCore, token: &str) -> bool {
    let outcome = test.as_token(token, Operation::Read, "auth/token/lookup-self", Value::Null).await;
    assert!(outcome.is_ok() || is_denied(&outcome), "{outcome:?}");
    outcome.is_ok()
}

#[track_caller]
fn refused(outcome: Result<Response>, message: &str) {
    match outcome {
        Err(Error::Invalid(text)) => assert_eq!(text, message),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[track_caller]
fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
