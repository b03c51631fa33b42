//! `auth/jwt/config`.

use serde_json::{Value, json};
use strongroom_core::{outbound::CallError, testing::data};

use crate::{
    core, enabled,
    issuer::{Signer, connected},
    login, refused, write,
};

const EXACTLY_ONE: &str = "exactly one of 'jwt_validation_pubkeys', 'jwks_url', 'jwks_pairs', 'oidc_discovery_url', or 'provider_config' must be set";

#[tokio::test]
async fn settings_read_back_and_replace_each_other() {
    let (test, network) = connected().await;
    network.publishes(&[&Signer::new("a", 1)]);
    assert!(test.read("auth/jwt/config").await.is_err());
    let shown = async || data(&test.read("auth/jwt/config").await.unwrap());
    let all = json!({
        "jwks_url": "https://issuer.example/keys", "jwks_ca_pem": "CA", "jwks_client_cert": "CERT",
        "jwks_client_key": "canary", "bound_issuer": "i", "default_role": "Web", "jwt_supported_algs": "EdDSA,RS256",
    });
    write(&test, "config", all).await.unwrap();
    let found = shown().await;
    assert_eq!(found["jwks_url"], "https://issuer.example/keys");
    assert_eq!((&found["jwks_ca_pem"], &found["jwks_client_cert"]), (&json!("CA"), &json!("CERT")));
    assert_eq!((&found["bound_issuer"], &found["default_role"]), (&json!("i"), &json!("web")));
    assert_eq!(found["jwt_supported_algs"], json!(["EdDSA", "RS256"]));
    // Rule 36: the key is used and never shown.
    assert!(!found.to_string().contains("canary") && found.get("jwks_client_key").is_none());

    let pairs = json!([{ "jwks_url": "https://a.example/k", "jwks_ca_pem": "A" }, { "jwks_url": "https://b.example/k" }]);
    write(&test, "config", json!({ "jwks_pairs": pairs })).await.unwrap();
    let found = shown().await;
    assert_eq!(found["jwks_pairs"][1], json!({ "jwks_url": "https://b.example/k", "jwks_ca_pem": "" }));
    assert_eq!((&found["jwks_url"], &found["bound_issuer"]), (&json!(""), &json!("")));
    assert!(found.get("jwks_client_cert").is_none());
}

#[tokio::test]
async fn half_settings_and_wrong_ones_are_refused() {
    let (test, network) = connected().await;
    network.publishes(&[&Signer::new("a", 1)]);
    let pem = Signer::new("a", 1).pem();
    let url = "https://issuer.example/keys";
    for (settings, why) in [
        (json!({}), EXACTLY_ONE),
        (json!({ "jwks_url": "" }), EXACTLY_ONE),
        (json!({ "jwks_url": url, "jwt_validation_pubkeys": [pem] }), EXACTLY_ONE),
        (json!({ "jwks_url": url, "oidc_discovery_url": url }), EXACTLY_ONE),
        (
            json!({ "jwt_validation_pubkeys": ["junk"] }),
            "error parsing public key: expected one public key or certificate as PEM",
        ),
        (
            json!({ "jwt_validation_pubkeys": [format!("{pem}{pem}")] }),
            "error parsing public key: expected one public key or certificate as PEM",
        ),
        (
            json!({ "jwt_validation_pubkeys": [pem], "jwt_supported_algs": ["ES512"] }),
            "unsupported signing algorithm: jwt_supported_algs takes RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA",
        ),
        (json!({ "jwt_validation_pubkeys": vec![&pem; 65] }), "at most 64 keys, or 16 key sets"),
        (json!({ "jwks_pairs": vec![json!({ "jwks_url": url }); 17] }), "at most 64 keys, or 16 key sets"),
        (
            json!({ "jwks_url": url, "jwks_client_cert": "CERT" }),
            "error checking jwks URL: a client certificate and its key are given together",
        ),
        (
            json!({ "jwt_validation_pubkeys": [pem], "jwks_ca_pem": "CA" }),
            "error checking jwks URL: certificates and keys are given without an address",
        ),
    ] {
        refused(write(&test, "config", settings).await, why);
    }
    for name in ["oidc_client_id", "oidc_client_secret", "oidc_response_mode", "oidc_response_types"] {
        let answer = write(&test, "config", json!({ "jwt_validation_pubkeys": [pem], name: "x" })).await;
        assert!(answer.unwrap_err().to_string().contains("logins with a browser (OIDC) are not served"));
    }
}

// Rules 80 and 97: and what `nomad setup vault` looks for is in the answer.
#[tokio::test]
async fn an_address_that_cannot_be_asked_is_not_taken() {
    let (test, network) = connected().await;
    let settings = json!({ "jwks_url": "https://issuer.example/keys" });
    let told =
        async |settings: &Value| write(&test, "config", settings.clone()).await.unwrap_err().to_string();
    network.is_down();
    assert_eq!(told(&settings).await, "error checking jwks URL: the server cannot be reached");
    network.is(|_| Ok((404, json!({ "secret": "canary" }))));
    assert_eq!(told(&settings).await, "error checking jwks URL: the server answers with status 404");
    network.is(|_| Ok((302, json!({}))));
    assert!(told(&settings).await.ends_with("the server answers with a redirect, which is not followed"));
    network.is(|_| Ok((200, json!("canary"))));
    assert_eq!(told(&settings).await, "error checking jwks URL: expected a JSON web key set");
    network.is(|_| Ok((200, json!({ "keys": [{ "kty": "oct", "k": "canary" }] }))));
    assert!(told(&settings).await.ends_with("the key set has no key that tokens could be verified with"));
    let asked = network.asked();
    for url in ["http://issuer.example/keys", "ftp://issuer.example", "https://a:b@issuer.example/"] {
        assert!(told(&json!({ "jwks_url": url })).await.starts_with("error checking jwks URL: "), "{url}");
        let pairs = json!({ "jwks_pairs": [{ "jwks_url": url }] });
        assert!(told(&pairs).await.starts_with("error checking jwks URL: "), "{url}");
        let discovery = told(&json!({ "oidc_discovery_url": url })).await;
        assert!(discovery.starts_with("error checking oidc discovery URL: "), "{url}");
    }
    assert_eq!(network.asked(), asked);
    assert!(test.read("auth/jwt/config").await.is_err());

    // Whoever wants the settings before the issuer is there is told, and gets them.
    network.is_down();
    let lenient = json!({ "jwks_url": "https://issuer.example/keys", "skip_jwks_validation": true });
    let answer = write(&test, "config", lenient).await.unwrap();
    assert_eq!(answer.warnings, ["error checking jwks URL: the server cannot be reached"]);
    assert!(test.read("auth/jwt/config").await.is_ok());
}

// Rule 80
#[tokio::test]
async fn a_store_that_was_given_no_way_out_asks_nobody() {
    let test = core().await;
    let answer = write(&test, "config", json!({ "jwks_url": "https://issuer.example/keys" })).await;
    refused(answer, "error checking jwks URL: this store reaches no other servers");
}

// Rule 80: what a document says leads to no other server.
#[tokio::test]
async fn discovery_stays_on_its_server() {
    let (test, network) = connected().await;
    let signer = Signer::new("a", 1);
    let document = |issuer: &str, keys: &str| {
        let (document, jwk) = (json!({ "issuer": issuer, "jwks_uri": keys }), signer.jwk());
        network.is(move |call| match call.url.target() {
            "/id/.well-known/openid-configuration" => Ok((200, document.clone())),
            "/id/keys" => Ok((200, json!({ "keys": [jwk] }))),
            _ => Err(CallError::Malformed),
        });
    };
    let settings = json!({ "oidc_discovery_url": "https://issuer.example/id" });
    let told = async || write(&test, "config", settings.clone()).await;
    for elsewhere in [
        "https://other.example/id/keys",
        "https://issuer.example:8443/id/keys",
        "http://issuer.example/id/keys",
        "http://127.0.0.1/id/keys",
        "https://issuer.example@other.example/id/keys",
        "/id/keys",
        "",
    ] {
        document("https://issuer.example/id", elsewhere);
        refused(
            told().await,
            "error checking oidc discovery URL: the discovery document cannot be used: its keys are not on the same server; use jwks_url",
        );
    }
    document("https://issuer.example/other", "https://issuer.example/id/keys");
    refused(
        told().await,
        "error checking oidc discovery URL: the discovery document cannot be used: it is another issuer's",
    );
    document("https://issuer.example/id", "https://issuer.example/id/keys");
    told().await.unwrap();
    login(&test, "web", &signer.good()).await.unwrap();
    assert_eq!(
        data(&test.read("auth/jwt/config").await.unwrap())["oidc_discovery_url"],
        settings["oidc_discovery_url"]
    );
}

#[tokio::test]
async fn a_client_certificate_its_key_and_own_authorities_are_used() {
    let (test, network) = connected().await;
    let signer = Signer::new("a", 1);
    let jwk = signer.jwk();
    network.is(move |call| {
        let identity = call.identity.ok_or(CallError::Tls)?;
        let is_ours = (identity.certificate, identity.key.expose_str(), call.roots)
            == ("CERT", Some("KEY"), Some("CA"));
        if is_ours { Ok((200, json!({ "keys": [jwk] }))) } else { Err(CallError::Tls) }
    });
    let url = "https://issuer.example/keys";
    let settings =
        json!({ "jwks_url": url, "jwks_ca_pem": "CA", "jwks_client_cert": "CERT", "jwks_client_key": "KEY" });
    assert!(write(&test, "config", json!({ "jwks_url": url, "jwks_ca_pem": "CA" })).await.is_err());
    write(&test, "config", settings).await.unwrap();
    login(&test, "web", &signer.good()).await.unwrap();
    // It survives sealing, as a record.
    test.core.seal_now();
    test.unseal().await;
    login(&test, "web", &signer.good()).await.unwrap();
}

#[tokio::test]
async fn a_new_mount_at_an_old_path_has_no_settings() {
    let test = core().await;
    let pem = Signer::new("a", 1).pem();
    write(&test, "config", json!({ "jwt_validation_pubkeys": [pem] })).await.unwrap();
    crate::role(&test, json!({})).await;
    login(&test, "web", &Signer::new("a", 1).good()).await.unwrap();
    test.delete("sys/auth/jwt").await.unwrap();
    let test = enabled(test).await;
    assert!(test.read("auth/jwt/config").await.is_err());
    refused(login(&test, "web", &Signer::new("a", 1).good()).await, "could not load configuration");
}
