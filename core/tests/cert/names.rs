//! What an entry asks of names and extensions.

use rcgen::{CustomExtension, DnType, SanType};

use super::*;

fn full(ca: &pki::Authority) -> rcgen::Certificate {
    pki::leaf(ca, "web.example", |it| {
        it.distinguished_name.push(DnType::OrganizationalUnitName, "ops");
        it.subject_alt_names = vec![
            SanType::DnsName("a.example".try_into().unwrap()),
            SanType::Rfc822Name("ann@mail.example".try_into().unwrap()),
            SanType::URI("spiffe://x/web".try_into().unwrap()),
        ];
        let text = [&[12, 5][..], b"hello"].concat();
        it.custom_extensions = vec![
            CustomExtension::from_oid_content(&[1, 2, 3, 4], text),
            CustomExtension::from_oid_content(&[1, 2, 3, 5], vec![2, 1, 7]),
        ];
    })
}

#[tokio::test]
async fn a_leaf_has_what_its_entry_asks_for() {
    let (ca, test) = (pki::root("ca"), core().await);
    let leaf = full(&ca);
    for (field, value, expected) in [
        ("allowed_common_names", "web.example", true),
        ("allowed_common_names", "other,web.*", true),
        ("allowed_common_names", "WEB.example", false),
        ("allowed_common_names", "a.example", false),
        ("allowed_dns_sans", "*.example", true),
        ("allowed_dns_sans", "web.example", false),
        ("allowed_email_sans", "*@mail.example", true),
        ("allowed_email_sans", "bob@mail.example", false),
        ("allowed_uri_sans", "spiffe://x/*", true),
        ("allowed_uri_sans", "spiffe://y/*", false),
        ("allowed_organizational_units", "op*", true),
        ("allowed_organizational_units", "dev", false),
        ("allowed_names", "web.example", true),
        ("allowed_names", "a.example", true),
        ("allowed_names", "ann@*", true),
        ("allowed_names", "spiffe://*", false),
        ("required_extensions", "1.2.3.4:hel*", true),
        ("required_extensions", "1.2.3.4:hello,hex:1.2.3.5:020107", true),
        ("required_extensions", "hex:1.2.3.4:0C05*", true),
        ("required_extensions", "1.2.3.4:hello,1.2.3.6:*", false),
        ("required_extensions", "1.2.3.4:HELLO", false),
        // No string.
        ("required_extensions", "1.2.3.5:*", false),
    ] {
        test.delete("auth/cert/certs/web").await.unwrap();
        entry(&test, "web", &ca.pem(), json!({ field: value })).await.unwrap();
        assert_eq!(logs_in(&test, &[leaf.der()]).await, expected, "{field} {value}");
    }
    // All fields hold at once, also for a certificate that is pinned.
    let both = json!({ "allowed_common_names": "web.example", "allowed_dns_sans": "other" });
    for pem in [ca.pem(), leaf.pem()] {
        entry(&test, "web", &pem, both.clone()).await.unwrap();
        assert!(!logs_in(&test, &[leaf.der()]).await);
    }
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused_when_it_is_written() {
    let (ca, test) = (pki::root("ca"), core().await);
    for (field, value) in [
        ("required_extensions", json!("1.2.3.4")),
        ("required_extensions", json!("name:x")),
        ("allowed_metadata_extensions", json!("name")),
        ("allowed_dns_sans", json!("a".repeat(33 << 10))),
        ("ocsp_enabled", json!(true)),
        ("ocsp_servers_override", json!(["http://ocsp.example"])),
        ("token_policies", json!("root")),
    ] {
        assert!(entry(&test, "web", &ca.pem(), json!({ field: value })).await.is_err(), "{field}");
    }
    let defaults = json!({ "ocsp_enabled": false, "ocsp_fail_open": false, "ocsp_servers_override": [] });
    entry(&test, "web", &ca.pem(), defaults).await.unwrap();
}

#[tokio::test]
async fn extensions_become_metadata_where_the_entry_says_so() {
    let (ca, test) = (pki::root("ca"), core().await);
    let body = json!({ "allowed_metadata_extensions": ["1.2.3.4", "1.2.3.5", "1.2.3.6"] });
    entry(&test, "web", &ca.pem(), body).await.unwrap();
    let metadata = login(&test, &[full(&ca).der()]).await.unwrap().metadata.unwrap();
    assert_eq!((metadata["1-2-3-4"].as_str(), metadata["1-2-3-5"].as_str()), ("hello", ""));
    assert!(!metadata.contains_key("1-2-3-6"));
}
