//! Keys that an authority publishes: fetched, kept, and fetched again.

use std::{sync::atomic::Ordering, time::Duration};

use serde_json::json;
use strongroom_core::{Error, outbound::CallError, testing::TestCore};

use crate::{
    REFUSAL,
    issuer::{Network, Signer, claims, connected},
    login, refused, write,
};

const MINUTE: Duration = Duration::from_secs(60);

/// A core whose authority publishes the key `a`, and how often it was asked until now.
async fn with_a() -> (TestCore, std::sync::Arc<Network>, Signer) {
    let (test, network) = connected().await;
    let a = Signer::new("a", 1);
    network.publishes(&[&a]);
    write(&test, "config", json!({ "jwks_url": "https://issuer.example/keys" })).await.unwrap();
    login(&test, "web", &a.good()).await.unwrap();
    network.asked.store(0, Ordering::Relaxed);
    (test, network, a)
}

// Rule 77: the name that a token gives its key chooses among those that are published, and no more.
#[tokio::test]
async fn a_key_is_found_by_its_name_and_by_nothing_else() {
    let (test, network, a) = with_a().await;
    let disguised = Signer::new("a", 2);
    refused(login(&test, "web", &disguised.good()).await, REFUSAL);
    assert_eq!(network.asked(), 0);
    // Another name for the right key is another key.
    let header = json!({ "alg": "EdDSA", "kid": "b" }).to_string();
    refused(login(&test, "web", &a.sign_text(&header, &claims().to_string())).await, REFUSAL);
    // None at all: each that could have signed it is tried.
    login(&test, "web", &a.sign_text(r#"{"alg":"EdDSA"}"#, &claims().to_string())).await.unwrap();
}

#[tokio::test]
async fn keys_that_are_for_something_else_are_not_used() {
    let (test, network, a) = with_a().await;
    for change in [
        json!({ "use": "enc" }),
        json!({ "key_ops": ["sign"] }),
        json!({ "alg": "ES256" }),
        json!({ "alg": "HS256" }),
        json!({ "crv": "X25519" }),
        json!({ "kty": "oct", "k": "AAAA" }),
        json!({ "x": "AAAA" }),
        json!({ "kid": 7 }),
    ] {
        let mut jwk = a.jwk();
        jwk.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let set = json!({ "keys": [jwk, Signer::new("b", 2).jwk(), { "kty": "new" }, 7] });
        network.is(move |_| Ok((200, set.clone())));
        write(&test, "config", json!({ "jwks_url": "https://issuer.example/keys" })).await.unwrap();
        refused(login(&test, "web", &a.good()).await, REFUSAL);
        login(&test, "web", &Signer::new("b", 2).good()).await.unwrap();
        test.clock.advance(MINUTE);
    }
}

#[tokio::test]
async fn keys_are_kept_and_a_new_one_is_fetched_with_its_first_token() {
    let (test, network, a) = with_a().await;
    for _ in 0..50 {
        login(&test, "web", &a.good()).await.unwrap();
    }
    assert_eq!(network.asked(), 0);
    test.clock.advance(MINUTE);
    let b = Signer::new("b", 2);
    network.publishes(&[&a, &b]);
    login(&test, "web", &b.good()).await.unwrap();
    login(&test, "web", &a.good()).await.unwrap();
    assert_eq!(network.asked(), 1);
    // What is withdrawn is gone with the next fetch, which is due after five minutes.
    network.publishes(&[&b]);
    login(&test, "web", &a.good()).await.unwrap();
    test.clock.advance(5 * MINUTE);
    refused(login(&test, "web", &a.good()).await, REFUSAL);
    login(&test, "web", &b.good()).await.unwrap();
    assert_eq!(network.asked(), 2);
}

#[tokio::test]
async fn a_new_key_is_taken_at_once_after_another_fetch() {
    let (test, network, a) = with_a().await;
    let (b, c) = (Signer::new("b", 2), Signer::new("c", 3));
    network.publishes(&[&a, &b]);
    login(&test, "web", &b.good()).await.unwrap();
    // Some seconds lie between two fetches: who comes in between waits, and is not refused.
    network.publishes(&[&b, &c]);
    login(&test, "web", &c.good()).await.unwrap();
    assert_eq!(network.asked(), 2);
    assert!(network.paused.load(Ordering::Relaxed) <= 6_000_000_000);
}

// Rule 80: strangers cannot have the authority asked as often as they like, and refuse nobody else by trying.
#[tokio::test]
async fn made_up_keys_are_looked_for_together_and_once() {
    let (test, network, a) = with_a().await;
    let names: Vec<String> = (0..200).map(|it| format!("made-up-{it}")).collect();
    let forged = |name: &str| {
        let header = json!({ "alg": "EdDSA", "kid": name }).to_string();
        Signer::new("x", 9).sign_text(&header, &claims().to_string())
    };
    let b = Signer::new("b", 2);
    network.publishes(&[&a, &b]);
    // Those of one network are counted: fewer than would be limited for failing.
    let strangers = futures_util::future::join_all(names[..90].iter().map(|it| {
        let jwt = forged(it);
        let test = &test;
        async move { login(test, "web", &jwt).await }
    }));
    let good = b.good();
    let (strangers, friend) = tokio::join!(strangers, login(&test, "web", &good));
    friend.unwrap();
    for outcome in strangers {
        refused(outcome, REFUSAL);
    }
    // One for whoever came first, one for all who came while that was under way.
    assert!(network.asked() <= 2, "{}", network.asked());
    let before = network.asked();
    refused(login(&test, "web", &forged(&names[0])).await, REFUSAL);
    assert_eq!(network.asked(), before);
}

#[tokio::test]
async fn old_keys_serve_for_an_hour_while_the_authority_is_away() {
    let (test, network, a) = with_a().await;
    network.is_down();
    for _ in 0..11 {
        test.clock.advance(5 * MINUTE);
        login(&test, "web", &a.good()).await.unwrap();
    }
    assert!(network.asked() >= 10);
    // A new key cannot be known: nothing is wrong with the token, and it can be tried again.
    match login(&test, "web", &Signer::new("b", 2).good()).await {
        Err(Error::Unavailable(text)) => {
            assert_eq!(text, "the keys of the issuer cannot be read: the server cannot be reached");
        }
        other => panic!("{other:?}"),
    }
    test.clock.advance(5 * MINUTE);
    assert!(matches!(login(&test, "web", &a.good()).await, Err(Error::Unavailable(_))));
    network.publishes(&[&a]);
    test.clock.advance(MINUTE);
    login(&test, "web", &a.good()).await.unwrap();
}

#[tokio::test]
async fn an_authority_that_fails_is_not_asked_for_each_who_comes() {
    let (test, network) = connected().await;
    let a = Signer::new("a", 1);
    network.is(|_| Err(CallError::TooSlow));
    let settings = json!({ "jwks_url": "https://issuer.example/keys", "skip_jwks_validation": true });
    write(&test, "config", settings).await.unwrap();
    network.asked.store(0, Ordering::Relaxed);
    for _ in 0..50 {
        assert!(matches!(login(&test, "web", &a.good()).await, Err(Error::Unavailable(_))));
    }
    assert_eq!(network.asked(), 1);
    network.publishes(&[&a]);
    test.clock.advance(Duration::from_secs(3));
    login(&test, "web", &a.good()).await.unwrap();
}

// Rule 21
#[tokio::test]
async fn keys_are_forgotten_when_the_store_is_sealed_or_told_of_others() {
    let (test, network, a) = with_a().await;
    test.core.seal_now();
    test.unseal().await;
    login(&test, "web", &a.good()).await.unwrap();
    assert_eq!(network.asked(), 1);
    network.publishes(&[&Signer::new("a", 2)]);
    write(&test, "config", json!({ "jwks_url": "https://other.example/keys" })).await.unwrap();
    refused(login(&test, "web", &a.good()).await, REFUSAL);
    login(&test, "web", &Signer::new("a", 2).good()).await.unwrap();
}

#[tokio::test]
async fn one_of_several_authorities_may_be_away() {
    let (test, network) = connected().await;
    let (a, b) = (Signer::new("a", 1), Signer::new("b", 2));
    let sets = [json!({ "keys": [a.jwk()] }), json!({ "keys": [b.jwk()] })];
    let [at_a, at_b] = sets.clone();
    network.is(move |call| match call.url.host() {
        "a.example" => Ok((200, at_a.clone())),
        _ => Ok((200, at_b.clone())),
    });
    let pairs = json!([{ "jwks_url": "https://a.example/k" }, { "jwks_url": "https://b.example/k" }]);
    write(&test, "config", json!({ "jwks_pairs": pairs })).await.unwrap();
    login(&test, "web", &a.good()).await.unwrap();
    login(&test, "web", &b.good()).await.unwrap();
    let [at_a, _] = sets;
    network.is(move |call| match call.url.host() {
        "a.example" => Ok((200, at_a.clone())),
        _ => Err(CallError::Unreachable),
    });
    test.clock.advance(5 * MINUTE);
    login(&test, "web", &a.good()).await.unwrap();
}

// Rule 78: a set that not everybody reads alike is none.
#[tokio::test]
async fn a_set_with_repeated_names_or_too_many_keys_is_refused() {
    let (test, network) = connected().await;
    let told = async || {
        write(&test, "config", json!({ "jwks_url": "https://issuer.example/keys" }))
            .await
            .unwrap_err()
            .to_string()
    };
    let many: Vec<_> = (0..65).map(|it| Signer::new("a", it).jwk()).collect();
    network.is(move |_| Ok((200, json!({ "keys": many }))));
    assert_eq!(told().await, "error checking jwks URL: the key set has more than 64 keys");
    network.is(|_| Ok((200, json!({ "keys": {} }))));
    assert_eq!(told().await, "error checking jwks URL: expected a JSON web key set");
}
