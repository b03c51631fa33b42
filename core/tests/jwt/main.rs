//! `auth/jwt/`: logins with tokens that an authority has signed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod config;
mod issuer;
mod login;
mod published;
mod role;

use serde_json::{Value, json};
use strongroom_core::{
    Error, Result,
    request::Operation,
    response::Response,
    testing::{TestCore, check_endpoints},
};

/// Each endpoint, and the test that asks it.
const ENDPOINTS: &[(&str, &str)] = &[
    ("Read config", "settings_read_back_and_replace_each_other"),
    ("Write config", "settings_read_back_and_replace_each_other"),
    ("Write login", "every_algorithm_logs_in_with_its_own_kind_of_key"),
    ("List role", "roles_are_listed_and_deleted"),
    ("Read role/{name}", "a_role_reads_back_what_was_written"),
    ("Write role/{name}", "a_role_reads_back_what_was_written"),
    ("Delete role/{name}", "roles_are_listed_and_deleted"),
];

#[test]
fn each_endpoint_has_a_test() {
    let tests = [include_str!("config.rs"), include_str!("login.rs"), include_str!("role.rs")].concat();
    check_endpoints("jwt", ENDPOINTS, &tests);
}

/// The time at which a test's clock stands.
pub(crate) const NOW: i64 = 1_700_000_000;

pub(crate) const REFUSAL: &str = "error validating token";

/// A core with the method at `auth/jwt/`.
pub(crate) async fn core() -> TestCore {
    enabled(TestCore::new().await).await
}

pub(crate) async fn enabled(test: TestCore) -> TestCore {
    test.write("sys/auth/jwt", json!({ "type": "jwt" })).await.unwrap();
    test
}

pub(crate) async fn write(test: &TestCore, path: &str, body: Value) -> Result<Response> {
    test.write(&format!("auth/jwt/{path}"), body).await
}

pub(crate) async fn login(test: &TestCore, role: &str, jwt: &str) -> Result<Response> {
    test.as_token("", Operation::Write, "auth/jwt/login", json!({ "role": role, "jwt": jwt })).await
}

/// A role `web` for the audience `vault`, with `more`.
pub(crate) async fn role(test: &TestCore, more: Value) {
    let mut body = json!({ "role_type": "jwt", "user_claim": "sub", "bound_audiences": ["vault"] });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    write(test, "role/web", body).await.unwrap();
}

#[track_caller]
pub(crate) fn refused(outcome: Result<Response>, message: &str) {
    match outcome {
        Err(Error::Invalid(text)) => assert_eq!(text, message),
        other => panic!("expected a refusal, got {other:?}"),
    }
}
