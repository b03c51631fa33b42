//! `auth/cert/`: logins with the certificate of the connection.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, unreachable_pub, reason = "a test")]

mod chains;
mod entries;
mod names;
mod pki;
mod renewal;
mod revocation;

use serde_json::{Value, json};
use strongroom_core::{
    Error, Result,
    request::{Operation, Peer},
    response::{Auth, Response},
    testing::{Ask, TestCore, check_endpoints, data},
};

/// Each endpoint, and the test that asks it.
const ENDPOINTS: &[(&str, &str)] = &[
    ("Write login", "a_certificate_of_a_trusted_authority_logs_in"),
    ("List certs", "an_entry_reads_back_what_was_written"),
    ("Read certs/{name}", "an_entry_reads_back_what_was_written"),
    ("Write certs/{name}", "an_entry_reads_back_what_was_written"),
    ("Delete certs/{name}", "an_entry_reads_back_what_was_written"),
    ("Read config", "settings_change_one_by_one"),
    ("Write config", "settings_change_one_by_one"),
    ("List crls", "a_revoked_certificate_is_dead_at_once_and_alive_without_its_list"),
    ("Read crls/{name}", "a_revoked_certificate_is_dead_at_once_and_alive_without_its_list"),
    ("Write crls/{name}", "a_revoked_certificate_is_dead_at_once_and_alive_without_its_list"),
    ("Delete crls/{name}", "a_revoked_certificate_is_dead_at_once_and_alive_without_its_list"),
];

#[test]
fn each_endpoint_has_a_test() {
    let text = concat!(
        include_str!("chains.rs"),
        include_str!("entries.rs"),
        include_str!("renewal.rs"),
        include_str!("revocation.rs")
    );
    check_endpoints("cert", ENDPOINTS, text);
}

const REFUSAL: &str = "failed to match all constraints for this login certificate";

/// A core with the method at `auth/cert/`.
async fn core() -> TestCore {
    let test = TestCore::new().await;
    test.write("sys/auth/cert", json!({ "type": "cert" })).await.unwrap();
    test
}

/// A core that trusts what is in `pem` under the name `web`.
async fn trusting(pem: &str) -> TestCore {
    let test = core().await;
    entry(&test, "web", pem, json!({})).await.unwrap();
    test
}

async fn write(test: &TestCore, path: &str, body: Value) -> Result<Response> {
    test.write(&format!("auth/cert/{path}"), body).await
}

async fn entry(test: &TestCore, name: &str, pem: &str, mut body: Value) -> Result<Response> {
    body["certificate"] = json!(pem);
    write(test, &format!("certs/{name}"), body).await
}

/// A login over a connection with these certificates, the leaf first.
async fn login_as(test: &TestCore, name: &str, chain: &[&[u8]]) -> Result<Response> {
    let path = "auth/cert/login";
    let body = if name.is_empty() { json!({}) } else { json!({ "name": name }) };
    let certificates = (!chain.is_empty()).then(|| chain.iter().map(|it| it.to_vec()).collect());
    test.ask(Ask { body, certificates, token: "", ..Ask::new(Operation::Write, path) }).await
}

async fn login(test: &TestCore, chain: &[&[u8]]) -> Result<Auth> {
    login_as(test, "", chain).await.map(|it| it.auth.unwrap())
}

#[track_caller]
fn refused<T: std::fmt::Debug>(outcome: Result<T>, message: &str) {
    match outcome {
        Err(Error::Invalid(text)) => assert_eq!(text, message),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

/// Whether the chain logs in; if not, with the one refusal that there is.
async fn logs_in(test: &TestCore, chain: &[&[u8]]) -> bool {
    match login(test, chain).await {
        Ok(_) => true,
        refusal => {
            refused(refusal, REFUSAL);
            false
        }
    }
}

// Rule 66
#[tokio::test]
async fn failed_logins_answer_alike() {
    let (ours, other) = (pki::root("ca"), pki::root("ca"));
    let test = core().await;
    entry(&test, "web", &ours.pem(), json!({ "token_bound_cidrs": "127.0.0.0/8" })).await.unwrap();
    entry(&test, "strict", &ours.pem(), json!({ "allowed_common_names": "other" })).await.unwrap();
    let (good, foreign) = (pki::leaf(&ours, "web", |_| {}), pki::leaf(&other, "web", |_| {}));
    let expired = pki::leaf(&ours, "web", |it| it.not_after = pki::at(pki::NOW - 1));
    assert!(login_as(&test, "web", &[good.der()]).await.is_ok());
    for (name, leaf) in [
        ("web", foreign.der()),
        ("web", expired.der()),
        ("", foreign.der()),
        ("nobody", good.der()),
        ("no such/name", good.der()),
        ("strict", good.der()),
    ] {
        refused(login_as(&test, name, &[leaf]).await, REFUSAL);
    }
    refused(login_as(&test, "", &[b"no certificate"]).await, REFUSAL);
    let peer = Peer::Address(([192, 0, 2, 1], 1).into());
    let certificates = Some([good.der().to_vec()].into());
    let elsewhere = Ask { certificates, peer, token: "", ..Ask::new(Operation::Write, "auth/cert/login") };
    refused(test.ask(elsewhere).await, REFUSAL);
    refused(login(&test, &[]).await, "no client certificate found");
}
