//! How long an answer takes tells nothing: measured in turns, so that the machine's moods meet both sides alike.
//!
//! What is asserted is gross, because the machine may be busy; the figures are printed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test"
)]

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use strongroom_core::{
    request::Operation,
    testing::{ROOT, TestCore},
};

/// The middle of what each of two questions took, asked in turns; after some that do not count.
async fn medians<A, B>(
    rounds: usize,
    mut one: impl FnMut() -> A,
    mut other: impl FnMut() -> B,
) -> [Duration; 2]
where
    A: Future<Output = ()>,
    B: Future<Output = ()>,
{
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..rounds + rounds / 10 {
        // Whoever is second may find the caches warm, so they take turns in that too.
        for at in if round % 2 == 0 { [0, 1] } else { [1, 0] } {
            let began = Instant::now();
            match at {
                0 => one().await,
                _ => other().await,
            }
            if round >= rounds / 10 {
                times[at].push(began.elapsed());
            }
        }
    }
    times.map(|mut it| {
        it.sort_unstable();
        it[it.len() / 2]
    })
}

#[track_caller]
fn check_alike(what: &str, [one, other]: [Duration; 2]) {
    println!("{what}: {one:?} and {other:?}");
    let (less, more) = (one.min(other), one.max(other));
    assert!(more < less * 2 + Duration::from_micros(20), "{what}: {one:?} and {other:?}");
}

/// As `core/src/tokens/format.rs` has it.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}

// Rules 33, 139
#[tokio::test]
async fn a_token_that_is_nearly_right_takes_as_long_as_one_that_is_invented() {
    let test = TestCore::new().await;
    let auth =
        test.write("auth/token/create", json!({ "policies": ["default"] })).await.unwrap().auth.unwrap();
    let real = auth.client_token.expose_str().unwrap().to_owned();
    // `hvs.` and selector, verifier and checksum: the first has the selector of a token that exists.
    let mut bytes = data_encoding::BASE64URL_NOPAD.decode(&real.as_bytes()[4..]).unwrap();
    let mut with_its_checksum = |change: fn(&mut [u8])| {
        change(&mut bytes[..48]);
        let checksum = crc32(&bytes[..48]).to_be_bytes();
        bytes[48..].copy_from_slice(&checksum);
        format!("hvs.{}", data_encoding::BASE64URL_NOPAD.encode(&bytes))
    };
    assert_eq!(with_its_checksum(|_| ()), real);
    let nearly = with_its_checksum(|it| it[20] ^= 1);
    let invented = with_its_checksum(|it| it[..16].fill(0x5A));
    let ask = async |token: &str| {
        let outcome = test.as_token(token, Operation::Read, "auth/token/lookup-self", Value::Null).await;
        assert!(outcome.is_err());
    };
    check_alike("token", medians(400, || ask(&nearly), || ask(&invented)).await);
}

// Rules 66, 139
#[tokio::test]
async fn a_user_who_exists_is_refused_as_slowly_as_one_who_does_not() {
    let test = TestCore::new().await;
    test.write("sys/auth/userpass", json!({ "type": "userpass" })).await.unwrap();
    let off = json!({ "user_lockout_config": { "lockout_disable": true } });
    test.write("sys/auth/userpass/tune", off).await.unwrap();
    test.write("auth/userpass/users/known", json!({ "password": "right" })).await.unwrap();
    let ask = async |name: &str| {
        let path = format!("auth/userpass/login/{name}");
        let body = json!({ "password": "wrong" });
        assert!(test.as_token("", Operation::Write, &path, body).await.is_err());
    };
    check_alike("login", medians(15, || ask("known"), || ask("unknown")).await);
}

// Rules 60, 139
#[tokio::test]
async fn a_secret_that_exists_is_denied_as_slowly_as_one_that_does_not() {
    let test = TestCore::new().await;
    test.write("secret/data/there", json!({ "data": { "a": "b" } })).await.unwrap();
    let token = test.token_with("path \"secret/data/own\" { capabilities = [\"read\"] }").await;
    assert_ne!(token, ROOT);
    let ask = async |path: &str| {
        assert!(test.as_token(&token, Operation::Read, path, Value::Null).await.is_err());
    };
    check_alike("denial", medians(400, || ask("secret/data/there"), || ask("secret/data/other")).await);
}
