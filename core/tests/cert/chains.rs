//! Which certificates are believed.

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    KeyPair, KeyUsagePurpose, NameConstraints, SanType,
};

use super::*;

// Rules 62 and 74: the name is the one in the certificate that has a chain.
#[tokio::test]
async fn a_certificate_of_a_trusted_authority_logs_in() {
    let ca = pki::root("ca");
    let test = core().await;
    let body = json!({ "token_policies": "p1", "token_ttl": "15m", "display_name": "shown" });
    entry(&test, "Web", &ca.pem(), body).await.unwrap();
    let leaf = pki::leaf(&ca, "web.example", |it| {
        it.serial_number = Some(77_u64.into());
        // Else it would say no key id of its own.
        it.is_ca = IsCa::ExplicitNoCa;
    });
    let auth = login(&test, &[leaf.der()]).await.unwrap();
    assert_eq!(auth.policies, ["default", "p1"]);
    assert_eq!((auth.lease_duration, auth.renewable, auth.orphan), (900, true, true));
    assert_eq!(auth.display_name, "cert-shown");
    let metadata = auth.metadata.unwrap();
    assert_eq!((metadata["cert_name"].as_str(), metadata["common_name"].as_str()), ("web", "web.example"));
    assert_eq!(metadata["serial_number"], "77");
    for id in ["authority_key_id", "subject_key_id"] {
        assert_eq!(metadata[id].split(':').filter(|it| it.len() == 2).count(), 20, "{}", metadata[id]);
    }
    // The same name, of the same authority: the same entity, whatever the entry is called.
    entry(&test, "other", &ca.pem(), json!({})).await.unwrap();
    let again = login_as(&test, "other", &[leaf.der()]).await.unwrap().auth.unwrap();
    assert!(!again.entity_id.is_empty() && again.entity_id == auth.entity_id);
    let second = pki::leaf(&ca, "db.example", |_| {});
    assert_ne!(login(&test, &[second.der()]).await.unwrap().entity_id, auth.entity_id);
}

// Rule 74: a name that is in no certificate with a chain is nobody's.
#[tokio::test]
async fn the_name_of_another_authoritys_certificate_is_worth_nothing() {
    let (ours, twin) = (pki::root("ca"), pki::root("ca"));
    let test = trusting(&ours.pem()).await;
    let good = pki::leaf(&ours, "web", |_| {});
    let copy = pki::leaf(&twin, "web", |_| {});
    assert!(logs_in(&test, &[good.der()]).await);
    assert!(!logs_in(&test, &[copy.der()]).await);
    // Sending what is trusted along makes it no better, nor does a good certificate that is not the leaf.
    assert!(!logs_in(&test, &[copy.der(), ours.der()]).await);
    assert!(!logs_in(&test, &[copy.der(), good.der()]).await);
    assert!(!logs_in(&test, &[copy.der(), twin.der(), ours.der()]).await);
}

#[tokio::test]
async fn a_certificate_without_a_common_name_has_no_entity() {
    let ca = pki::root("ca");
    let test = trusting(&ca.pem()).await;
    let leaf = pki::leaf(&ca, "", |it| it.subject_alt_names = vec![uri("spiffe://x/web")]);
    let auth = login(&test, &[leaf.der()]).await.unwrap();
    assert_eq!((auth.entity_id.as_str(), auth.metadata.unwrap()["common_name"].as_str()), ("", ""));
}

// Rule 61: and two names are none.
#[tokio::test]
async fn a_common_name_is_one_and_can_be_seen() {
    let ca = pki::root("ca");
    let test = trusting(&ca.pem()).await;
    for name in [" web", "web\u{200b}", "we\tb"] {
        assert!(!logs_in(&test, &[pki::leaf(&ca, name, |_| {}).der()]).await, "{name:?}");
    }
    let twice = pki::leaf(&ca, "web", |it| {
        let custom = rcgen::DnType::CustomDnType(vec![2, 5, 4, 3]);
        it.distinguished_name.push(custom, "admin");
    });
    assert!(!logs_in(&test, &[twice.der()]).await);
}

fn uri(text: &str) -> SanType {
    SanType::URI(text.try_into().unwrap())
}

fn dns(text: &str) -> SanType {
    SanType::DnsName(text.try_into().unwrap())
}

type Change = fn(&mut CertificateParams);

// Rule 73
#[tokio::test]
async fn a_leaf_is_a_clients_and_valid_now() {
    let ca = pki::root("ca");
    let test = trusting(&ca.pem()).await;
    let cases: &[(&str, Change, bool)] = &[
        ("good", |_| {}, true),
        ("no purpose said", |it| it.extended_key_usages.clear(), true),
        ("no usage said", |it| it.key_usages.clear(), true),
        ("expired", |it| it.not_after = pki::at(pki::NOW - 1), false),
        ("not yet valid", |it| it.not_before = pki::at(pki::NOW + 10), false),
        ("a server's", |it| it.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth], false),
        ("not for signing", |it| it.key_usages = vec![KeyUsagePurpose::KeyEncipherment], false),
        ("an authority's", |it| it.is_ca = IsCa::Ca(BasicConstraints::Unconstrained), false),
        (
            "something critical that nobody knows",
            |it| {
                let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![12, 1, b'x']);
                extension.set_criticality(true);
                it.custom_extensions = vec![extension];
            },
            false,
        ),
    ];
    for (about, change, expected) in cases {
        let leaf = pki::leaf(&ca, "web", change);
        assert_eq!(logs_in(&test, &[leaf.der()]).await, *expected, "{about}");
    }
}

// Rule 73
#[tokio::test]
async fn an_authority_in_between_is_held_to_what_it_may() {
    let ca = pki::root("ca");
    let test = trusting(&ca.pem()).await;
    let cases: &[(&str, Change, bool)] = &[
        ("good", |_| {}, true),
        ("no usage said", |it| it.key_usages.clear(), true),
        ("the flag is missing", |it| it.is_ca = IsCa::NoCa, false),
        ("the flag says no", |it| it.is_ca = IsCa::ExplicitNoCa, false),
        ("for revocation lists only", |it| it.key_usages = vec![KeyUsagePurpose::CrlSign], false),
        ("for servers only", |it| it.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth], false),
        ("expired", |it| it.not_after = pki::at(pki::NOW - 1), false),
        ("of other names", |it| it.name_constraints = Some(permitted("other.example")), false),
        ("of these names", |it| it.name_constraints = Some(permitted("web.example")), true),
        ("but not these names", |it| it.name_constraints = Some(excluded("web.example")), false),
    ];
    for (about, change, expected) in cases {
        let between = pki::below(&ca, "between", change);
        let leaf = pki::leaf(&between, "web", |it| it.subject_alt_names = vec![dns("a.web.example")]);
        let chain = [&**leaf.der(), between.der()];
        assert_eq!(logs_in(&test, &chain).await, *expected, "{about}");
        assert!(!logs_in(&test, &chain[..1]).await, "{about}: alone");
    }
}

fn permitted(name: &str) -> NameConstraints {
    let permitted_subtrees = vec![GeneralSubtree::DnsName(name.to_owned())];
    NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() }
}

fn excluded(name: &str) -> NameConstraints {
    let excluded_subtrees = vec![GeneralSubtree::DnsName(name.to_owned())];
    NameConstraints { permitted_subtrees: Vec::new(), excluded_subtrees }
}

// Rule 73
#[tokio::test]
async fn a_path_is_no_longer_than_each_authority_allows() {
    let limit =
        |most: u8| move |it: &mut CertificateParams| it.is_ca = IsCa::Ca(BasicConstraints::Constrained(most));
    // Of the root, and of the first below it: two stand between the root and the leaf.
    for (of_root, of_first, expected) in
        [(2, 1, true), (1, 1, false), (0, 1, false), (2, 0, false), (9, 9, true)]
    {
        let ca = pki::root_with("ca", limit(of_root));
        let first = pki::below(&ca, "first", limit(of_first));
        let second = pki::below(&first, "second", |_| {});
        let leaf = pki::leaf(&second, "web", |_| {});
        let test = trusting(&ca.pem()).await;
        let chain = [&**leaf.der(), second.der(), first.der()];
        assert_eq!(logs_in(&test, &chain).await, expected, "{of_root} {of_first}");
    }
}

// Rule 73
#[tokio::test]
async fn what_is_trusted_is_held_to_what_it_says_too() {
    let cases: &[(&str, Change, bool)] = &[
        ("good", |_| {}, true),
        ("expired", |it| it.not_after = pki::at(pki::NOW - 1), false),
        ("not yet valid", |it| it.not_before = pki::at(pki::NOW + 10), false),
        ("of other names", |it| it.name_constraints = Some(permitted("other.example")), false),
    ];
    for (about, change, expected) in cases {
        let ca = pki::root_with("ca", change);
        let leaf = pki::leaf(&ca, "web", |it| it.subject_alt_names = vec![dns("web.example")]);
        let test = trusting(&ca.pem()).await;
        assert_eq!(logs_in(&test, &[leaf.der()]).await, *expected, "{about}");
    }
}

#[tokio::test]
async fn an_authority_in_between_can_be_trusted_alone() {
    let ca = pki::root("ca");
    let (ours, other) = (pki::below(&ca, "ours", |_| {}), pki::below(&ca, "other", |_| {}));
    let test = trusting(&ours.pem()).await;
    let (good, bad) = (pki::leaf(&ours, "web", |_| {}), pki::leaf(&other, "web", |_| {}));
    assert!(logs_in(&test, &[good.der()]).await);
    assert!(logs_in(&test, &[good.der(), ours.der(), ca.der()]).await);
    assert!(!logs_in(&test, &[bad.der(), other.der(), ca.der()]).await);
}

// Rule 73
#[tokio::test]
async fn a_pinned_certificate_is_compared_whole() {
    let (ca, key) = (pki::root("ca"), KeyPair::generate().unwrap());
    let serial = |it: &mut CertificateParams| it.serial_number = Some(7_u64.into());
    let pinned = pki::leaf_with(&ca, "web", &key, serial);
    let test = trusting(&pinned.pem()).await;
    assert!(logs_in(&test, &[pinned.der()]).await);
    // The same key, name, authority and serial number, valid for longer.
    let renewed = pki::leaf_with(&ca, "web", &key, |it| {
        serial(it);
        it.not_after = pki::at(pki::NOW + 60 * pki::DAY);
    });
    assert!(!logs_in(&test, &[renewed.der()]).await);
    assert!(!logs_in(&test, &[renewed.der(), pinned.der()]).await);
    // It is no authority, nor is the one that issued it trusted for that.
    assert!(!logs_in(&test, &[pki::leaf(&ca, "web", |_| {}).der()]).await);
    let as_authority = pki::root_of("web", key, |it| it.is_ca = IsCa::NoCa);
    let below = pki::leaf(&as_authority, "admin", |_| {});
    assert!(!logs_in(&test, &[below.der(), pinned.der()]).await);
    test.clock.advance(std::time::Duration::from_secs(31 * 24 * 3600));
    assert!(!logs_in(&test, &[pinned.der()]).await);
}

// `openssl req -x509` makes such certificates.
#[tokio::test]
async fn an_authority_that_is_trusted_can_log_in_itself_and_no_other_can() {
    let ca = pki::root_with("web", |it| it.key_usages.clear());
    let below = pki::below(&ca, "between", |_| {});
    let test = trusting(&ca.pem()).await;
    assert!(logs_in(&test, &[ca.der()]).await);
    assert!(!logs_in(&test, &[below.der(), ca.der()]).await);
    assert!(!logs_in(&test, &[pki::root("web").der()]).await);
    for purpose in [ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth] {
        let is_clients = purpose == ExtendedKeyUsagePurpose::ClientAuth;
        let ca = pki::root_with("web", |it| it.extended_key_usages = vec![purpose]);
        let test = trusting(&ca.pem()).await;
        assert_eq!(logs_in(&test, &[ca.der()]).await, is_clients);
    }
    test.clock.advance(std::time::Duration::from_secs(31 * 24 * 3600));
    assert!(!logs_in(&test, &[ca.der()]).await);
}

// Rule 73
#[tokio::test]
async fn an_entry_pins_one_certificate_or_trusts_authorities() {
    let (ca, other, test) = (pki::root("ca"), pki::root("other"), core().await);
    let (leaf, second) = (pki::leaf(&ca, "web", |_| {}), pki::leaf(&ca, "db", |_| {}));
    let server =
        pki::leaf(&ca, "web", |it| it.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]);
    let no_signer = pki::root_with("ca", |it| it.key_usages = vec![KeyUsagePurpose::CrlSign]);
    for (about, pem, expected) in [
        ("a leaf", leaf.pem(), true),
        ("a leaf and its chain", leaf.pem() + &ca.pem(), true),
        ("authorities", ca.pem() + &other.pem(), true),
        ("two leaves", leaf.pem() + &second.pem(), false),
        ("an authority and a leaf", ca.pem() + &leaf.pem(), false),
        ("a server's", server.pem(), false),
        ("an authority that may not sign", no_signer.pem(), false),
        ("no PEM", "junk".to_owned(), false),
        ("nothing", String::new(), false),
        ("too many", ca.pem().repeat(33), false),
    ] {
        let outcome = entry(&test, &about.replace(' ', "-").to_lowercase(), &pem, json!({})).await;
        assert_eq!(outcome.is_ok(), expected, "{about}: {outcome:?}");
    }
    // The chain behind a pinned certificate is for show.
    test.delete("auth/cert/certs/authorities").await.unwrap();
    assert!(!logs_in(&test, &[second.der()]).await);
    assert!(logs_in(&test, &[leaf.der()]).await);
}
