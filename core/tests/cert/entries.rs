//! Entries and settings, as they are written and read back.

use super::*;

#[tokio::test]
async fn an_entry_reads_back_what_was_written() {
    let (ca, test) = (pki::root("ca"), core().await);
    entry(&test, "Web", &ca.pem(), json!({ "policies": "b,a", "ttl": "1h", "allowed_names": "*" }))
        .await
        .unwrap();
    assert_eq!(data(&test.list("auth/cert/certs/").await.unwrap())["keys"], json!(["web"]));
    let shown = data(&test.read("auth/cert/certs/web").await.unwrap());
    assert_eq!(shown["certificate"], ca.pem());
    assert_eq!(
        (&shown["display_name"], &shown["policies"], &shown["token_ttl"]),
        (&json!("web"), &json!(["a", "b"]), &json!(3600))
    );
    assert_eq!((&shown["allowed_names"], &shown["allowed_dns_sans"]), (&json!(["*"]), &Value::Null));
    // What is not named stays.
    write(&test, "certs/web", json!({ "lease": 60 })).await.unwrap();
    let shown = data(&test.read("auth/cert/certs/web").await.unwrap());
    assert_eq!((&shown["ttl"], &shown["certificate"]), (&json!(60), &json!(ca.pem())));
    test.delete("auth/cert/certs/WEB").await.unwrap();
    assert!(matches!(test.read("auth/cert/certs/web").await, Err(Error::NotFound)));
    let leaf = pki::leaf(&ca, "web", |_| {});
    assert!(!logs_in(&test, &[leaf.der()]).await);
}

#[tokio::test]
async fn settings_change_one_by_one() {
    let test = core().await;
    let config = async || data(&test.read("auth/cert/config").await.unwrap());
    let defaults = json!({
        "disable_binding": false, "enable_identity_alias_metadata": false, "ocsp_cache_size": 0,
    });
    assert_eq!(config().await, defaults);
    write(&test, "config", json!({ "disable_binding": true })).await.unwrap();
    write(&test, "config", json!({ "allow_expired_crls": true, "ocsp_cache_size": 100 })).await.unwrap();
    let expected = json!({
        "allow_expired_crls": true, "disable_binding": true, "enable_identity_alias_metadata": false,
        "ocsp_cache_size": 100,
    });
    assert_eq!(config().await, expected);
    assert!(write(&test, "config", json!({ "ocsp_cache_size": -1 })).await.is_err());
}

#[tokio::test]
async fn of_several_entries_the_first_by_name_is_taken() {
    let (ca, test) = (pki::root("ca"), core().await);
    let leaf = pki::leaf(&ca, "web", |_| {});
    for (name, pem, wants) in
        [("c", leaf.pem(), "*"), ("b", ca.pem(), "*"), ("a", ca.pem(), "db"), ("d", ca.pem(), "*")]
    {
        entry(&test, name, &pem, json!({ "allowed_common_names": wants })).await.unwrap();
    }
    let name = async |asked: &str| {
        let auth = login_as(&test, asked, &[leaf.der()]).await.unwrap().auth.unwrap();
        auth.metadata.unwrap()["cert_name"].clone()
    };
    assert_eq!(name("").await, "b");
    assert_eq!(name("D").await, "d");
    refused(login_as(&test, "a", &[leaf.der()]).await, REFUSAL);
}
