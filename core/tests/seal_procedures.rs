//! What operators do together: rekeying and root tokens.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use serde_json::{Value, json};
use strongroom_core::{
    Error, Result,
    crypto::SecretBytes,
    request::{Opened, Operation, Peer},
    response::Response,
    seal::unseal::Step,
    testing::{Ask, TestCore, is_denied},
};

fn json_of(response: &Response) -> Value {
    serde_json::from_slice(response.raw.as_ref().unwrap().body.expose()).unwrap()
}

async fn put(test: &TestCore, path: &str, body: Value) -> Result<Value> {
    test.write(path, body).await.map(|it| json_of(&it))
}

async fn get(test: &TestCore, path: &str) -> Result<Value> {
    test.read(path).await.map(|it| json_of(&it))
}

fn first_share(test: &TestCore) -> String {
    data_encoding::HEXLOWER.encode(test.shares[0].expose())
}

fn message(outcome: Result<impl std::fmt::Debug>) -> String {
    outcome.unwrap_err().to_string()
}

/// Replaces the one share by `shares` of which `threshold` are needed; answers their text.
async fn rekey(test: &TestCore, old: &[String], shares: u8, threshold: u8) -> Vec<String> {
    let body = json!({"secret_shares": shares, "secret_threshold": threshold});
    let run = put(test, "sys/rekey/init", body).await.unwrap();
    let mut last = Value::Null;
    for key in old {
        let give = json!({"key": key, "nonce": run["nonce"]});
        last = put(test, "sys/rekey/update", give).await.unwrap();
    }
    assert_eq!(last["complete"], true, "{last}");
    last["keys"].as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect()
}

async fn unseal(test: &TestCore, key: &str) -> Result<Step> {
    test.core.unseal(&SecretBytes::copy_of(key.as_bytes())).await
}

// Rule 9
#[tokio::test]
async fn after_a_rekey_the_new_shares_unseal_and_the_old_ones_do_not() {
    let test = TestCore::new().await;
    let old = first_share(&test);
    let new = rekey(&test, std::slice::from_ref(&old), 3, 2).await;
    assert_eq!(new.len(), 3);
    test.read("sys/key-status").await.unwrap();
    test.core.rotate().await.unwrap();

    test.core.seal_now();
    assert!(unseal(&test, &old).await.is_err());
    assert_eq!(unseal(&test, &new[2]).await.unwrap(), Step::Progress(1));
    assert!(unseal(&test, &old).await.is_err());
    assert_eq!(unseal(&test, &new[0]).await.unwrap(), Step::Unsealed);
    test.read("sys/key-status").await.unwrap();

    let newer = rekey(&test, &new[..2], 1, 1).await;
    test.core.seal_now();
    assert!(unseal(&test, &new[0]).await.is_err());
    assert_eq!(unseal(&test, &newer[0]).await.unwrap(), Step::Unsealed);
}

#[tokio::test]
async fn a_rekey_is_described_as_vault_describes_it() {
    let test = TestCore::new().await;
    let idle = json!({
        "nonce": "", "started": false, "t": 0, "n": 0, "progress": 0, "required": 1,
        "pgp_fingerprints": null, "backup": false, "verification_required": false
    });
    assert_eq!(get(&test, "sys/rekey/init").await.unwrap(), idle);
    for (body, expected) in [
        (json!({}), "invalid rekey seal configuration: shares must be at least one"),
        (
            json!({"secret_shares": 1, "secret_threshold": 2}),
            "invalid rekey seal configuration: threshold cannot be larger than shares",
        ),
        (
            json!({"secret_shares": 2, "secret_threshold": 2, "backup": true}),
            "cannot request a backup of the new keys without providing PGP keys for encryption",
        ),
    ] {
        assert_eq!(message(put(&test, "sys/rekey/init", body).await), expected);
    }
    let body = json!({"secret_shares": 3, "secret_threshold": 2});
    let mut run = put(&test, "sys/rekey/init", body.clone()).await.unwrap();
    assert_eq!(message(put(&test, "sys/rekey/init", body).await), "rekey already in progress");
    assert_eq!((&run["started"], &run["t"], &run["n"]), (&json!(true), &json!(2), &json!(3)));
    run["nonce"] = "".into();
    run["started"] = false.into();
    (run["t"], run["n"]) = (0.into(), 0.into());
    assert_eq!(run, idle);
    assert_eq!(message(test.read("sys/rekey/backup").await), "no backed-up keys found");
    assert_eq!(message(test.read("sys/rekey-recovery-key/init").await), "recovery rekeying not supported");
    test.delete("sys/rekey/init").await.unwrap();
    assert_eq!(get(&test, "sys/rekey/init").await.unwrap(), idle);
}

// Rule 18
#[tokio::test]
async fn a_wrong_share_resets_the_progress_and_nobody_is_told_which_it_was() {
    let test = TestCore::new().await;
    let shares = rekey(&test, &[first_share(&test)], 3, 2).await;
    let run = put(&test, "sys/generate-root/attempt", json!({})).await.unwrap();
    let give = |key: &str| json!({"key": key, "nonce": run["nonce"]});

    // Right form, right set, wrong bytes: what somebody makes who has seen one share.
    let mut bytes = data_encoding::HEXLOWER.decode(shares[1].as_bytes()).unwrap();
    bytes[20] ^= 1;
    let checked = sha256_checked(&bytes[..38]);
    put(&test, "sys/generate-root/update", give(&shares[0])).await.unwrap();
    let twice = put(&test, "sys/generate-root/update", give(&shares[0])).await;
    assert_eq!(message(twice), "given key has already been provided during this generation operation");
    let refused = put(&test, "sys/generate-root/update", give(&checked)).await;
    assert_eq!(message(refused), "root generation aborted: the key is not right");
    let status = get(&test, "sys/generate-root/attempt").await.unwrap();
    assert_eq!((&status["started"], &status["progress"]), (&json!(true), &json!(0)));
    for key in [&shares[0], &shares[2]] {
        put(&test, "sys/generate-root/update", give(key)).await.unwrap();
    }
    assert_eq!(get(&test, "sys/generate-root/attempt").await.unwrap()["started"], false);
}

/// A share with the checksum that its bytes want.
fn sha256_checked(body: &[u8]) -> String {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    context.update(b"strongroom share");
    context.update(body);
    let mut bytes = body.to_vec();
    bytes.extend_from_slice(&context.finish().as_ref()[..4]);
    data_encoding::HEXLOWER.encode(&bytes)
}

#[tokio::test]
async fn a_verified_rekey_counts_once_the_new_shares_were_shown() {
    let test = TestCore::new().await;
    let old = first_share(&test);
    let body = json!({"secret_shares": 2, "secret_threshold": 2, "require_verification": true});
    let run = put(&test, "sys/rekey/init", body).await.unwrap();
    assert_eq!(run["verification_required"], true);
    assert_eq!(message(test.read("sys/rekey/verify").await), "no rekey configuration found");
    let give = json!({"key": old, "nonce": run["nonce"]});
    let made = put(&test, "sys/rekey/update", give).await.unwrap();
    assert_eq!((&made["complete"], &made["verification_required"]), (&json!(true), &json!(true)));
    let key = |at: usize, nonce: &Value| json!({"key": made["keys"][at], "nonce": nonce});

    // The old share still counts.
    let status = get(&test, "sys/rekey/init").await.unwrap();
    assert_eq!(
        (&status["started"], &status["verification_nonce"]),
        (&json!(true), &made["verification_nonce"])
    );

    let nonce = &made["verification_nonce"];
    let status = put(&test, "sys/rekey/verify", key(0, nonce)).await.unwrap();
    assert_eq!((&status["progress"], &status["t"]), (&json!(1), &json!(2)));
    let restarted = json_of(&test.delete("sys/rekey/verify").await.unwrap());
    assert_ne!(&restarted["nonce"], nonce);
    assert!(put(&test, "sys/rekey/verify", key(0, nonce)).await.is_err());
    put(&test, "sys/rekey/verify", key(1, &restarted["nonce"])).await.unwrap();
    let done = put(&test, "sys/rekey/verify", key(0, &restarted["nonce"])).await.unwrap();
    assert_eq!(done, json!({"nonce": restarted["nonce"], "complete": true}));
    assert_eq!(get(&test, "sys/rekey/init").await.unwrap()["started"], false);

    test.core.seal_now();
    assert!(unseal(&test, &old).await.is_err());
    for at in [0, 1] {
        unseal(&test, made["keys"][at].as_str().unwrap()).await.unwrap();
    }
    assert!(!test.core.is_sealed());
}

#[tokio::test]
async fn a_rekey_that_was_not_verified_changes_nothing() {
    let test = TestCore::new().await;
    let body = json!({"secret_shares": 1, "secret_threshold": 1, "require_verification": true});
    let run = put(&test, "sys/rekey/init", body).await.unwrap();
    let give = json!({"key": first_share(&test), "nonce": run["nonce"]});
    put(&test, "sys/rekey/update", give).await.unwrap();
    test.delete("sys/rekey/init").await.unwrap();
    assert!(test.read("sys/rekey/verify").await.is_err());
    test.core.seal_now();
    test.unseal().await;
    assert!(!test.core.is_sealed());
}

#[tokio::test]
async fn a_generated_root_token_has_the_announced_length_and_works() {
    let test = TestCore::new().await;
    let idle = get(&test, "sys/generate-root/attempt").await.unwrap();
    assert_eq!(idle["otp_length"], 26);
    assert_eq!(
        message(put(&test, "sys/generate-root/attempt", json!({"otp": "short"})).await),
        "OTP string has incorrect length"
    );
    let run = put(&test, "sys/generate-root/attempt", json!({})).await.unwrap();
    let otp = run["otp"].as_str().unwrap();
    assert_eq!(otp.len(), 26);
    assert_eq!(get(&test, "sys/generate-root/attempt").await.unwrap()["otp"], "");
    let second = put(&test, "sys/generate-root/attempt", json!({})).await;
    assert_eq!(message(second), "root generation already in progress for this namespace");

    let give = json!({"key": first_share(&test), "nonce": run["nonce"]});
    let done = put(&test, "sys/generate-root/update", give.clone()).await.unwrap();
    assert_eq!((&done["complete"], &done["progress"]), (&json!(true), &json!(1)));
    assert_eq!(done["encoded_token"], done["encoded_root_token"]);
    let mixed =
        data_encoding::BASE64_NOPAD.decode(done["encoded_token"].as_str().unwrap().as_bytes()).unwrap();
    let token: Vec<u8> = mixed.iter().zip(otp.as_bytes()).map(|(a, b)| a ^ b).collect();
    let token = String::from_utf8(token).unwrap();
    assert_eq!(token.len(), 26);
    test.as_token(&token, Operation::Read, "sys/key-status", Value::Null).await.unwrap();
    assert_eq!(message(put(&test, "sys/generate-root/update", give).await), "no root generation in progress");
}

// Rule 42 in spirit: whoever comes second finds nothing to finish.
#[tokio::test]
async fn two_last_shares_at_once_give_one_token() {
    let test = TestCore::new().await;
    let run = put(&test, "sys/generate-root/attempt", json!({})).await.unwrap();
    let give =
        || put(&test, "sys/generate-root/update", json!({"key": first_share(&test), "nonce": run["nonce"]}));
    let (one, two) = tokio::join!(give(), give());
    assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1);
}

// Rule 20
#[tokio::test]
async fn operators_procedures_need_a_sudo_token_or_the_local_socket() {
    let test = TestCore::new().await;
    let paths = [
        (Operation::Read, "sys/rekey/init"),
        (Operation::Write, "sys/rekey/init"),
        (Operation::Delete, "sys/rekey/init"),
        (Operation::Write, "sys/rekey/update"),
        (Operation::Read, "sys/rekey/verify"),
        (Operation::Write, "sys/rekey/verify"),
        (Operation::Delete, "sys/rekey/verify"),
        (Operation::Read, "sys/rekey/backup"),
        (Operation::Write, "sys/rekey-recovery-key/init"),
        (Operation::Write, "sys/rekey-recovery-key/update"),
        (Operation::Read, "sys/generate-root/attempt"),
        (Operation::Write, "sys/generate-root/attempt"),
        (Operation::Delete, "sys/generate-root/attempt"),
        (Operation::Write, "sys/generate-root/update"),
        (Operation::Write, "sys/seal"),
        (Operation::Write, "sys/rotate"),
        (Operation::Write, "sys/rotate/keyring"),
        (Operation::Write, "sys/rotate/config"),
        (Operation::Read, "sys/integrity"),
        (Operation::Write, "sys/integrity/check"),
        (Operation::Write, "sys/integrity/accept"),
        (Operation::Read, "sys/clock"),
        (Operation::Write, "sys/clock/confirm"),
    ];
    for (operation, path) in paths {
        for token in ["", "hvs.unknown"] {
            let asked = test.ask(Ask { token, ..Ask::new(operation, path) }).await;
            assert!(is_denied(&asked), "{operation:?} {path}: {asked:?}");
        }
    }
    assert!(!test.core.is_sealed());
    let socket = Peer::Local { uid: 0, gid: 0 };
    let ask = Ask { token: "", peer: socket.clone(), ..Ask::new(Operation::Read, "sys/rekey/init") };
    test.ask(ask).await.unwrap();
    // The socket stands for no token, and mends none.
    let ask = Ask { token: "hvs.unknown", peer: socket, ..Ask::new(Operation::Read, "sys/rekey/init") };
    assert!(is_denied(&test.ask(ask).await));
}

// Rule 20: Vault's behaviour is behind a setting of the listener, and one procedure does not open the other.
#[tokio::test]
async fn a_listener_opens_them_to_whoever_has_shares() {
    let test = TestCore::new().await;
    let ask = |operation, path, opened| Ask { token: "", opened, ..Ask::new(operation, path) };
    let root = Opened { generate_root: true, ..Opened::default() };
    let rekey = Opened { rekey: true, ..Opened::default() };
    test.ask(ask(Operation::Write, "sys/generate-root/attempt", root)).await.unwrap();
    test.ask(ask(Operation::Delete, "sys/generate-root/attempt", root)).await.unwrap();
    test.ask(ask(Operation::Read, "sys/rekey/init", rekey)).await.unwrap();
    for (path, opened) in [
        ("sys/generate-root/attempt", rekey),
        ("sys/generate-root/attempt", Opened::default()),
        ("sys/generate-root-token/attempt", root),
        ("sys/rekey/init", root),
        ("sys/rekey-recovery-key/init", root),
        ("sys/rekey/init", Opened::default()),
        ("sys/rotate", root),
        ("sys/seal", rekey),
    ] {
        assert!(is_denied(&test.ask(ask(Operation::Write, path, opened)).await), "{path} {opened:?}");
    }
    let mut limited = false;
    for _ in 0..1000 {
        let outcome = test.ask(ask(Operation::Read, "sys/rekey/init", rekey)).await;
        limited |= matches!(outcome, Err(Error::RateLimited { .. }));
    }
    assert!(limited);
}

// Rule 20: a socket that a group may open is the group's to use, not to operate.
#[tokio::test]
async fn at_the_socket_only_the_servers_own_user_and_root_are_operators() {
    let test = TestCore::new().await;
    let own = rustix::process::geteuid().as_raw();
    let from = |uid| Ask {
        token: "",
        peer: Peer::Local { uid, gid: 0 },
        ..Ask::new(Operation::Read, "sys/generate-root/attempt")
    };
    test.ask(from(own)).await.unwrap();
    test.ask(from(0)).await.unwrap();
    assert!(is_denied(&test.ask(from(own + 4_711)).await));
}

// Rule 20
#[tokio::test]
async fn a_cancel_with_another_runs_nonce_is_refused() {
    let test = TestCore::new().await;
    for path in ["sys/generate-root/attempt", "sys/rekey/init"] {
        let run = put(&test, path, json!({"secret_shares": 1, "secret_threshold": 1})).await.unwrap();
        let cancel =
            |nonce: &Value| Ask { body: json!({ "nonce": nonce }), ..Ask::new(Operation::Delete, path) };
        assert!(matches!(test.ask(cancel(&json!("other"))).await, Err(Error::Invalid(_))));
        assert_eq!(get(&test, path).await.unwrap()["started"], true);
        test.ask(cancel(&run["nonce"])).await.unwrap();
        assert_eq!(get(&test, path).await.unwrap()["started"], false);
        test.delete(path).await.unwrap();
    }
}

// Rule 21
#[tokio::test]
async fn a_seal_ends_what_operators_had_under_way() {
    let test = TestCore::new().await;
    put(&test, "sys/generate-root/attempt", json!({})).await.unwrap();
    put(&test, "sys/rekey/init", json!({"secret_shares": 1, "secret_threshold": 1})).await.unwrap();
    test.core.seal_now();
    test.unseal().await;
    assert_eq!(get(&test, "sys/generate-root/attempt").await.unwrap()["started"], false);
    assert_eq!(get(&test, "sys/rekey/init").await.unwrap()["started"], false);
}
