//! Revocation lists.

use std::time::Duration;

use data_encoding::BASE64;

use super::{
    pki::{DAY, NOW},
    *,
};

fn numbered(ca: &pki::Authority, serial: u64) -> rcgen::Certificate {
    pki::leaf(ca, "web", |it| it.serial_number = Some(serial.into()))
}

async fn revoke(test: &TestCore, name: &str, list: &rcgen::CertificateRevocationList) {
    write(test, &format!("crls/{name}"), json!({ "crl": list.pem().unwrap() })).await.unwrap();
}

// Rule 75
#[tokio::test]
async fn a_revoked_certificate_is_dead_at_once_and_alive_without_its_list() {
    let ca = pki::root("ca");
    let test = trusting(&ca.pem()).await;
    let (one, two) = (numbered(&ca, 1), numbered(&ca, 300));
    assert!(logs_in(&test, &[two.der()]).await);
    revoke(&test, "Main", &pki::crl(&ca, &[300, 7], NOW + DAY)).await;
    assert!(!logs_in(&test, &[two.der()]).await);
    assert!(logs_in(&test, &[one.der()]).await);
    assert_eq!(data(&test.list("auth/cert/crls/").await.unwrap())["keys"], json!(["main"]));
    let shown = data(&test.read("auth/cert/crls/main").await.unwrap());
    assert_eq!(shown, json!({ "serials": { "300": {}, "7": {} } }));
    test.delete("auth/cert/crls/main").await.unwrap();
    assert!(logs_in(&test, &[two.der()]).await);
    refused(test.delete("auth/cert/crls/main").await, "no such CRL main");
    refused(test.read("auth/cert/crls/main").await, "no such CRL main");
}

// Rule 75: the list is there before the first login is, also after a start.
#[tokio::test]
async fn a_list_is_known_as_soon_as_the_store_is_open() {
    let ca = pki::root("ca");
    let test = trusting(&ca.pem()).await;
    let leaf = numbered(&ca, 1);
    revoke(&test, "main", &pki::crl(&ca, &[1], NOW + DAY)).await;
    test.core.seal_now();
    test.unseal().await;
    assert!(!logs_in(&test, &[leaf.der()]).await);
}

// Rule 75: every certificate of a chain.
#[tokio::test]
async fn a_chain_is_as_good_as_each_certificate_in_it() {
    let ca = pki::root_with("ca", |it| it.serial_number = Some(2_u64.into()));
    let between = pki::below(&ca, "between", |it| it.serial_number = Some(9_u64.into()));
    let leaf = numbered(&between, 5);
    let chain = [&**leaf.der(), between.der()];
    let test = trusting(&ca.pem()).await;
    for (about, list, expected) in [
        ("nothing of it", pki::crl(&ca, &[5, 77], NOW + DAY), true),
        ("the authority in between", pki::crl(&ca, &[9], NOW + DAY), false),
        ("the leaf", pki::crl(&between, &[5], NOW + DAY), false),
        ("the same number of another authority", pki::crl(&between, &[9], NOW + DAY), true),
        ("what is trusted", pki::crl(&ca, &[2], NOW + DAY), false),
    ] {
        revoke(&test, "main", &list).await;
        assert_eq!(logs_in(&test, &chain).await, expected, "{about}");
    }
}

// Rule 75
#[tokio::test]
async fn a_pinned_certificate_can_be_revoked() {
    let ca = pki::root("ca");
    let leaf = numbered(&ca, 1);
    let test = trusting(&leaf.pem()).await;
    assert!(logs_in(&test, &[leaf.der()]).await);
    revoke(&test, "main", &pki::crl(&ca, &[1], NOW + DAY)).await;
    assert!(!logs_in(&test, &[leaf.der()]).await);
}

// Rule 75: what is not known is no.
#[tokio::test]
async fn a_list_that_has_run_out_lets_nobody_of_its_authority_in() {
    let (ca, other) = (pki::root("ca"), pki::root("other"));
    let test = trusting(&(ca.pem() + &other.pem())).await;
    let (good, bad, of_other) = (numbered(&ca, 1), numbered(&ca, 2), numbered(&other, 2));
    revoke(&test, "main", &pki::crl(&ca, &[2], NOW + DAY)).await;
    assert!(logs_in(&test, &[good.der()]).await);
    test.clock.advance(Duration::from_secs(24 * 3600 + 1));
    assert!(!logs_in(&test, &[good.der()]).await);
    assert!(logs_in(&test, &[of_other.der()]).await);
    // A newer one beside it is enough.
    revoke(&test, "newer", &pki::crl(&ca, &[], NOW + 2 * DAY)).await;
    assert!(logs_in(&test, &[good.der()]).await);
    assert!(!logs_in(&test, &[bad.der()]).await);
    test.delete("auth/cert/crls/newer").await.unwrap();
    write(&test, "config", json!({ "allow_expired_crls": true })).await.unwrap();
    assert!(logs_in(&test, &[good.der()]).await);
    assert!(!logs_in(&test, &[bad.der()]).await);
}

#[tokio::test]
async fn a_list_comes_as_pem_or_der_and_is_not_fetched() {
    let (ca, test) = (pki::root("ca"), core().await);
    let list = pki::crl(&ca, &[1], NOW + DAY);
    write(&test, "crls/der", json!({ "crl": BASE64.encode(list.der()) })).await.unwrap();
    assert_eq!(data(&test.read("auth/cert/crls/der").await.unwrap())["serials"], json!({ "1": {} }));
    let old = write(&test, "crls/old", json!({ "crl": pki::crl(&ca, &[1], NOW - 1).pem().unwrap() }))
        .await
        .unwrap();
    assert_eq!(old.warnings.len(), 1);
    refused(write(&test, "crls/x", json!({})).await, "one of 'crl' or 'url' must be provided");
    for bad in ["junk", "AQID", &ca.pem()] {
        refused(write(&test, "crls/x", json!({ "crl": bad })).await, "failed to parse CRL");
    }
    assert!(write(&test, "crls/x", json!({ "url": "http://ca.example/crl" })).await.is_err());
    assert!(
        write(&test, "crls/x", json!({ "url": "http://ca.example/crl", "crl": list.pem().unwrap() }))
            .await
            .is_err()
    );
}
