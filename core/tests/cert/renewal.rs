//! Renewals.

use rcgen::KeyPair;

use super::*;

async fn renew(test: &TestCore, auth: &Auth, chain: &[&[u8]]) -> Result<Response> {
    let token = auth.client_token.expose_str().unwrap();
    let certificates = (!chain.is_empty()).then(|| chain.iter().map(|it| it.to_vec()).collect());
    test.ask(Ask { token, certificates, ..Ask::new(Operation::Write, "auth/token/renew-self") }).await
}

const OTHER: &str =
    "failed to renew entry: client identity during renewal not matching client identity used during login";

// Rule 74
#[tokio::test]
async fn a_renewal_needs_the_same_certificate() {
    let (ca, key) = (pki::root("ca"), KeyPair::generate().unwrap());
    let test = trusting(&ca.pem()).await;
    let leaf = pki::leaf_with(&ca, "web", &key, |_| {});
    // Of the same name and key, and just as good for a login.
    let other = pki::leaf_with(&ca, "web", &key, |_| {});
    let auth = login(&test, &[leaf.der()]).await.unwrap();
    let renewed = renew(&test, &auth, &[leaf.der()]).await.unwrap().auth.unwrap();
    assert_eq!(renewed.metadata.unwrap()["cert_name"], "web");
    refused(renew(&test, &auth, &[other.der()]).await, OTHER);
    refused(renew(&test, &auth, &[other.der(), leaf.der()]).await, OTHER);
    refused(renew(&test, &auth, &[]).await, "no client certificate found");
    // Whoever has the token alone cannot keep it alive by its accessor or in the body either.
    let body = json!({ "token": auth.client_token.expose_str().unwrap() });
    refused(test.write("auth/token/renew", body).await, "no client certificate found");
    let by_accessor = json!({ "accessor": auth.accessor });
    refused(test.write("auth/token/renew-accessor", by_accessor).await, "no client certificate found");
    write(&test, "config", json!({ "disable_binding": true })).await.unwrap();
    assert!(renew(&test, &auth, &[]).await.unwrap().auth.is_some());
}

// Rules 74 and 75: what has become of the certificate and its entry since the login counts.
#[tokio::test]
async fn a_renewal_goes_by_what_is_trusted_now() {
    let ca = pki::root("ca");
    let test = trusting(&ca.pem()).await;
    let leaf = pki::leaf(&ca, "web", |it| it.serial_number = Some(5_u64.into()));
    let auth = login(&test, &[leaf.der()]).await.unwrap();
    let list = pki::crl(&ca, &[5], pki::NOW + pki::DAY).pem().unwrap();
    write(&test, "crls/main", json!({ "crl": list })).await.unwrap();
    refused(renew(&test, &auth, &[leaf.der()]).await, REFUSAL);
    test.delete("auth/cert/crls/main").await.unwrap();
    renew(&test, &auth, &[leaf.der()]).await.unwrap();
    write(&test, "certs/web", json!({ "allowed_common_names": "db" })).await.unwrap();
    refused(renew(&test, &auth, &[leaf.der()]).await, REFUSAL);
    write(&test, "certs/web", json!({ "allowed_common_names": "", "token_policies": "p" })).await.unwrap();
    let changed = "failed to renew entry: policies have changed, not renewing";
    refused(renew(&test, &auth, &[leaf.der()]).await, changed);
    test.delete("auth/cert/certs/web").await.unwrap();
    // Without a word, and without effect.
    assert!(renew(&test, &auth, &[leaf.der()]).await.unwrap().auth.is_none());
}
