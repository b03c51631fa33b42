//! `auth/jwt/login`, with keys that stand in the configuration.

use std::time::Duration;

use serde_json::{Value, json};
use strongroom_core::{
    Error,
    request::{Operation, Peer},
    testing::{Ask, TestCore, data},
};

use crate::{
    NOW, REFUSAL, core,
    issuer::{Signer, claims},
    login, refused, role, write,
};

fn tokens() -> Value {
    serde_json::from_str(include_str!("tokens.json")).unwrap()
}

/// A core that takes the tokens of a signer, and a role `web` with `more`.
async fn with(more: Value) -> (TestCore, Signer) {
    let (test, signer) = (core().await, Signer::new("a", 1));
    write(&test, "config", json!({ "jwt_validation_pubkeys": [signer.pem()] })).await.unwrap();
    role(&test, more).await;
    (test, signer)
}

/// The claims of a token that is good, with some of them changed; null takes one away.
fn changed(change: Value) -> Value {
    let mut all = claims();
    for (name, value) in change.as_object().unwrap() {
        match value {
            Value::Null => drop(all.as_object_mut().unwrap().remove(name)),
            value => all[name] = value.clone(),
        }
    }
    all
}

// Rule 77
#[tokio::test]
async fn every_algorithm_logs_in_with_its_own_kind_of_key() {
    let (test, tokens) = (core().await, tokens());
    role(&test, json!({})).await;
    let all = tokens["good"].as_array().unwrap();
    assert_eq!(all.len(), 9);
    for key in all {
        // So many failures of one network are limited.
        test.clock.advance(Duration::from_secs(10));
        // As a public key and as a certificate.
        for form in ["pem", "certificate"] {
            write(&test, "config", json!({ "jwt_validation_pubkeys": [key[form]] })).await.unwrap();
            for token in all {
                let outcome = login(&test, "web", token["token"].as_str().unwrap()).await;
                // The three of RS and PS share a key: what it may be used for is the configuration's to say.
                let fits = key["jwk"]["x"] == token["jwk"]["x"];
                match fits {
                    true => assert!(outcome.is_ok(), "{} {}", key["alg"], token["alg"]),
                    false => refused(outcome, REFUSAL),
                }
            }
        }
        // An algorithm that is not configured is refused, although the key fits.
        let settings = json!({ "jwt_validation_pubkeys": [key["pem"]], "jwt_supported_algs": [key["alg"]] });
        write(&test, "config", settings).await.unwrap();
        for token in all {
            let is_taken = login(&test, "web", token["token"].as_str().unwrap()).await.is_ok();
            assert_eq!(is_taken, token["alg"] == key["alg"], "{} {}", key["alg"], token["alg"]);
        }
    }
}

// Rule 77
#[tokio::test]
async fn a_key_that_is_too_short_or_of_another_kind_is_none() {
    let (test, tokens) = (core().await, tokens());
    for key in tokens["unsupported"].as_array().unwrap() {
        for form in ["pem", "certificate"] {
            let answer = write(&test, "config", json!({ "jwt_validation_pubkeys": [key[form]] })).await;
            refused(
                answer,
                "error parsing public key: a key is RSA of 2048 to 8192 bits, P-256, P-384 or Ed25519",
            );
        }
    }
}

// Rule 77: a public key is no secret to sign with.
#[tokio::test]
async fn a_token_cannot_choose_how_it_is_verified() {
    let (test, signer) = with(json!({})).await;
    let all = tokens();
    let rsa = &all["good"][0];
    write(&test, "config", json!({ "jwt_validation_pubkeys": [signer.pem(), rsa["pem"]] })).await.unwrap();
    refused(login(&test, "web", all["confused"][0].as_str().unwrap()).await, REFUSAL);
    let claims = claims().to_string();
    for header in [
        json!({ "alg": "none" }),
        json!({ "alg": "HS256" }),
        json!({ "alg": "RS256" }),
        json!({ "alg": "ES256" }),
        json!({ "alg": "EdDSA", "jku": "https://issuer.example/keys" }),
        json!({ "alg": "EdDSA", "jwk": signer.jwk() }),
        json!({ "alg": "EdDSA", "x5u": "https://issuer.example/chain" }),
        json!({ "alg": "EdDSA", "x5c": [] }),
        json!({ "alg": "EdDSA", "crit": ["exp"] }),
        json!({ "alg": "EdDSA", "b64": true }),
        json!({}),
    ] {
        refused(login(&test, "web", &signer.sign_text(&header.to_string(), &claims)).await, REFUSAL);
    }
    let twice = r#"{"alg":"EdDSA","alg":"EdDSA"}"#;
    refused(login(&test, "web", &signer.sign_text(twice, &claims)).await, REFUSAL);
    // The header that all of these differ from.
    login(&test, "web", &signer.sign_text(r#"{"alg":"EdDSA"}"#, &claims)).await.unwrap();
    // Without a signature, with a part of one, and with one of another token.
    let good = signer.good();
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (other, _) = signer
        .sign(&changed(json!({ "sub": "user-2" })))
        .rsplit_once('.')
        .map(|it| (it.0.to_owned(), it.1.to_owned()))
        .unwrap();
    for bad in [
        signed.to_owned(),
        format!("{signed}."),
        format!("{signed}.{}", &signature[..40]),
        format!("{other}.{signature}"),
    ] {
        refused(login(&test, "web", &bad).await, REFUSAL);
    }
}

#[tokio::test]
async fn a_login_gives_a_token_with_the_roles_properties() {
    let more = json!({
        "token_policies": ["p1"], "token_ttl": "10m", "user_claim": "/job/id", "user_claim_json_pointer": true,
        "claim_mappings": { "nomad_namespace": "namespace", "/job/index": "index", "/job/tags": "tags", "missing": "none" },
    });
    let (test, signer) = with(more).await;
    let job = json!({ "nomad_namespace": "prod", "job": { "id": "shop", "index": 3, "tags": ["a", "b"] } });
    let auth = login(&test, "WEB", &signer.sign(&changed(job))).await.unwrap().auth.unwrap();
    assert_eq!(auth.policies, ["default", "p1"]);
    assert_eq!((auth.lease_duration, auth.renewable, auth.orphan), (600, true, true));
    assert_eq!(auth.display_name, "jwt-shop");
    let metadata = json!({ "role": "web", "namespace": "prod", "index": "3", "tags": "[\"a\",\"b\"]" });
    assert_eq!(serde_json::to_value(auth.metadata).unwrap(), metadata);
    assert!(!auth.entity_id.is_empty());
}

#[tokio::test]
async fn the_default_role_is_taken_where_none_is_named() {
    let (test, signer) = with(json!({})).await;
    let jwt = signer.good();
    let unnamed = async || test.as_token("", Operation::Write, "auth/jwt/login", json!({ "jwt": jwt })).await;
    refused(unnamed().await, "missing role");
    refused(login(&test, "web", "").await, "missing token");
    let settings = json!({ "jwt_validation_pubkeys": [signer.pem()], "default_role": "web" });
    write(&test, "config", settings).await.unwrap();
    unnamed().await.unwrap();
}

// Rules 66 and 97: whoever has no token of the authority's learns nothing of the roles, and gets nothing back.
#[tokio::test]
async fn without_the_authoritys_signature_every_login_fails_alike() {
    let (test, signer) = with(json!({ "token_bound_cidrs": ["127.0.0.0/8"] })).await;
    let forged = Signer::new("a", 2);
    for role in ["web", "nothing", "no role's name"] {
        for jwt in ["canary", "a.b.c", &forged.good(), &forged.sign(&changed(json!({ "exp": 1 })))] {
            refused(login(&test, role, jwt).await, REFUSAL);
        }
    }
    // From elsewhere, with a token that is good.
    let peer = Peer::Address(([192, 0, 2, 1], 1).into());
    let body = json!({ "role": "web", "jwt": signer.good() });
    let ask = Ask { token: "", body, peer, ..Ask::new(Operation::Write, "auth/jwt/login") };
    refused(test.ask(ask).await, REFUSAL);
    login(&test, "web", &signer.good()).await.unwrap();
    refused(login(&test, "nothing", &signer.good()).await, "role \"nothing\" could not be found");
    refused(login(&test, "canary canary", &signer.good()).await, "role \"\" could not be found");
}

// Rule 78
#[tokio::test]
async fn a_token_is_good_for_its_time_only_and_says_when_that_is() {
    let (test, signer) = with(json!({})).await;
    let check = async |change: Value, expected: &str| match expected {
        "" => drop(login(&test, "web", &signer.sign(&changed(change))).await.unwrap()),
        why => {
            let outcome = login(&test, "web", &signer.sign(&changed(change))).await;
            refused(outcome, &format!("{REFUSAL}: {why}"));
        }
    };
    let expired = "invalid expiration time (exp) claim: token is expired";
    let malformed = "a time of the token is malformed";
    check(json!({}), "").await;
    check(json!({ "exp": NOW - 61 }), expired).await;
    check(json!({ "exp": NOW - 59 }), "").await;
    check(json!({ "exp": null, "iat": NOW - 300 }), expired).await;
    check(json!({ "exp": null, "iat": NOW - 100 }), "").await;
    check(json!({ "nbf": NOW + 61 }), "invalid not before (nbf) claim: token not yet valid").await;
    check(
        json!({ "nbf": NOW, "iat": NOW + 61 }),
        "invalid issued at (iat) claim: token issued in the future",
    )
    .await;
    let unbounded = "the token has no expiration time (exp), not before (nbf) or issued at (iat) claim";
    check(json!({ "exp": null, "iat": null }), unbounded).await;
    for bad in [json!("4070908800"), json!(true), json!([NOW]), json!({}), json!(-5), json!(1e300)] {
        for name in ["exp", "nbf", "iat"] {
            check(json!({ name: bad }), malformed).await;
        }
    }
    // Text that is not what it looks like, or not the same to everybody.
    let header = r#"{"alg":"EdDSA"}"#;
    for claims in [
        format!(r#"{{"sub":"user-1","aud":"vault","exp":{},"exp":{}}}"#, NOW - 999, NOW + 999),
        format!(r#"{{"sub":"user-1","sub":"user-2","aud":"vault","exp":{}}}"#, NOW + 999),
        r#"{"sub":"user-1","aud":"vault","exp":1e999}"#.to_owned(),
        r#"{"sub":"user-1","aud":"vault","exp":NaN}"#.to_owned(),
        "[]".to_owned(),
        String::new(),
    ] {
        refused(login(&test, "web", &signer.sign_text(header, &claims)).await, REFUSAL);
    }
    let null = format!(r#"{{"sub":"user-1","aud":"vault","exp":null,"iat":{NOW}}}"#);
    refused(login(&test, "web", &signer.sign_text(header, &null)).await, &format!("{REFUSAL}: {malformed}"));
}

// Rule 78
#[tokio::test]
async fn a_token_that_was_good_is_dead_when_its_time_is_over() {
    let (test, signer) = with(json!({})).await;
    let jwt = signer.sign(&changed(json!({ "exp": NOW + 600 })));
    login(&test, "web", &jwt).await.unwrap();
    test.clock.advance(Duration::from_secs(661));
    let outcome = login(&test, "web", &jwt).await;
    refused(outcome, &format!("{REFUSAL}: invalid expiration time (exp) claim: token is expired"));
}

// Rule 79
#[tokio::test]
async fn an_audience_is_asked_for_by_the_role_and_the_token_alike() {
    let (test, signer) = with(json!({ "bound_subject": "user-1" })).await;
    write(&test, "role/open", json!({ "user_claim": "sub", "bound_subject": "user-1" })).await.unwrap();
    let with = |aud: Value| signer.sign(&changed(json!({ "aud": aud })));
    let mismatch = format!(
        "{REFUSAL}: invalid audience (aud) claim: audience claim does not match any expected audience"
    );
    for good in [json!("vault"), json!(["vault"]), json!(["other", "vault"])] {
        login(&test, "web", &with(good.clone())).await.unwrap();
        let unasked = "audience claim found in JWT but no audiences bound to the role";
        refused(login(&test, "open", &with(good)).await, unasked);
    }
    for bad in [json!("vault2"), json!("vaul"), json!(["Vault"]), json!(null)] {
        refused(login(&test, "web", &with(bad)).await, &mismatch);
    }
    for malformed in [json!(1), json!([]), json!(["vault", 1]), json!({ "vault": 1 }), json!("")] {
        for role in ["web", "open"] {
            let answer = login(&test, role, &with(malformed.clone())).await;
            refused(answer, &format!("{REFUSAL}: invalid audience (aud) claim"));
        }
    }
    login(&test, "open", &with(json!(null))).await.unwrap();
}

// Rule 79
#[tokio::test]
async fn bound_claims_are_the_same_value_of_the_same_type() {
    let bound = json!({ "level": 3, "/org/team": ["blue", "red"], "flag": true });
    let (test, signer) = with(json!({ "bound_claims": bound })).await;
    let check = async |change: Value, expected: &str| {
        let mut all = changed(json!({ "level": 3, "org": { "team": "blue" }, "flag": true }));
        for (name, value) in change.as_object().unwrap() {
            all[name] = value.clone();
        }
        let outcome = login(&test, "web", &signer.sign(&all)).await;
        match expected {
            "" => drop(outcome.unwrap()),
            why => refused(outcome, &format!("error validating claims: claim {why}")),
        }
    };
    let differs = "does not match any associated bound claim values";
    check(json!({}), "").await;
    check(json!({ "level": [1, 3], "org": { "team": ["green", "red"] } }), "").await;
    check(json!({ "level": "3" }), &format!("\"level\" {differs}")).await;
    check(json!({ "level": 3.5 }), &format!("\"level\" {differs}")).await;
    check(json!({ "level": { "3": 3 } }), &format!("\"level\" {differs}")).await;
    check(json!({ "level": null }), "\"level\" is missing").await;
    check(json!({ "flag": "true" }), &format!("\"flag\" {differs}")).await;
    check(json!({ "org": { "team": "blu" } }), &format!("\"/org/team\" {differs}")).await;
    check(json!({ "org": "blue" }), "\"/org/team\" is missing").await;
}

#[tokio::test]
async fn issuer_and_subject_are_who_they_must_be() {
    let (test, signer) = with(json!({ "bound_subject": "user-1" })).await;
    let settings =
        json!({ "jwt_validation_pubkeys": [signer.pem()], "bound_issuer": "https://issuer.example" });
    write(&test, "config", settings).await.unwrap();
    login(&test, "web", &signer.good()).await.unwrap();
    for iss in
        [json!("https://issuer.example/"), json!("https://other.example"), json!(null), json!(1), json!([])]
    {
        let outcome = login(&test, "web", &signer.sign(&changed(json!({ "iss": iss })))).await;
        refused(outcome, &format!("{REFUSAL}: invalid issuer (iss) claim"));
    }
    for sub in [json!("user-2"), json!("USER-1"), json!(null), json!(1), json!(["user-1"])] {
        let outcome = login(&test, "web", &signer.sign(&changed(json!({ "sub": sub })))).await;
        refused(outcome, &format!("{REFUSAL}: invalid subject (sub) claim"));
    }
}

// Rules 61 and 62: who it is comes from the claim, and is plain text.
#[tokio::test]
async fn a_login_is_who_the_claim_says_or_nobody() {
    let (test, signer) = with(json!({ "user_claim": "user" })).await;
    let with = |user: Value| signer.sign(&changed(json!({ "user": user })));
    let id =
        async |user: &str| login(&test, "web", &with(json!(user))).await.unwrap().auth.unwrap().entity_id;
    assert_eq!(id("ann").await, id("ann").await);
    assert_ne!(id("ann").await, id("bob").await);
    refused(login(&test, "web", &with(json!(null))).await, "claim \"user\" not found in token");
    for bad in [json!(""), json!(7), json!(["ann"]), json!("ann "), json!("an\u{200b}n"), json!("a\nb")] {
        refused(login(&test, "web", &with(bad)).await, "claim \"user\" is no plain text");
    }
}

#[tokio::test]
async fn groups_are_a_list_of_names_that_the_token_must_have() {
    let (test, signer) = with(json!({ "groups_claim": "/org/groups" })).await;
    let with = |groups: Value| signer.sign(&changed(json!({ "org": { "groups": groups } })));
    login(&test, "web", &with(json!(["dev", "ops"]))).await.unwrap();
    login(&test, "web", &with(json!("dev"))).await.unwrap();
    login(&test, "web", &with(json!([]))).await.unwrap();
    let missing = "failed to fetch groups: \"/org/groups\" claim not found in token";
    refused(login(&test, "web", &signer.good()).await, missing);
    let malformed = "failed to fetch groups: \"/org/groups\" claim could not be converted to string list";
    for bad in [json!([1]), json!({ "a": 1 }), json!([["dev"]]), json!(["dev", ""])] {
        refused(login(&test, "web", &with(bad)).await, malformed);
    }
}

#[tokio::test]
async fn metadata_cannot_be_made_of_what_is_no_value() {
    let (test, signer) = with(json!({ "claim_mappings": { "thing": "thing" } })).await;
    let outcome = login(&test, "web", &signer.sign(&changed(json!({ "thing": { "a": 1 } })))).await;
    refused(outcome, "error converting claim \"thing\" to string");
}

#[tokio::test]
async fn a_renewal_goes_by_the_role_as_it_is_now() {
    let (test, signer) = with(json!({ "token_ttl": "10m", "token_period": "10m" })).await;
    let auth = login(&test, "web", &signer.good()).await.unwrap().auth.unwrap();
    let token = auth.client_token.expose_str().unwrap().to_owned();
    let renew = async || test.as_token(&token, Operation::Write, "auth/token/renew-self", json!({})).await;
    role(&test, json!({ "token_period": "20m" })).await;
    assert_eq!(renew().await.unwrap().auth.unwrap().lease_duration, 1200);
    test.delete("auth/jwt/role/web").await.unwrap();
    let why = "failed to validate role \"web\" during renewal: role could not be found";
    match renew().await {
        Err(Error::Invalid(text)) => assert_eq!(text, why),
        other => panic!("{other:?}"),
    }
    assert!(data(&test.read("auth/jwt/config").await.unwrap()).is_object());
}
