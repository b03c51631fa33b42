//! Init, unseal and seal, over the API.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use std::sync::Arc;

use serde_json::{Value, json};
use strongroom_core::{
    Core, Error, Result, Settings,
    clock::{ManualClock, Timestamp},
    crypto::SecretBytes,
    ids::{NamespaceId, RequestId},
    request::{Body, Operation, Peer, PresentedToken, Request, RequestPath},
    response::Response,
    seal::{Kind, init::Plan, unseal::Step},
    storage::Memory,
    testing::TestCore,
};

fn local() -> Peer {
    Peer::Address(([127, 0, 0, 1], 1).into())
}

fn stranger() -> Peer {
    Peer::Address(([198, 51, 100, 7], 1).into())
}

fn fresh(settings: Settings) -> Core {
    let clock = Arc::new(ManualClock::starting_at(Timestamp(1_700_000_000_000_000_000)));
    Core::new(Arc::new(Memory::new()), clock, settings)
}

async fn ask(core: &Core, peer: Peer, operation: Operation, path: &str, body: Value) -> Result<Response> {
    ask_as(core, "", peer, operation, path, body).await
}

async fn ask_as(
    core: &Core,
    token: &str,
    peer: Peer,
    operation: Operation,
    path: &str,
    body: Value,
) -> Result<Response> {
    let request = Request {
        id: RequestId::generate()?,
        operation,
        path: RequestPath::new(NamespaceId::ROOT, path)?,
        token: (!token.is_empty()).then(|| PresentedToken::new(SecretBytes::copy_of(token.as_bytes()))),
        body: if body.is_null() { Body::default() } else { Body::of(&body)? },
        peer,
        wrap_ttl: None,
        lease_ttl: None,
        certificates: None,
        headers: Vec::new(),
        merge_patch: false,
        opened: Default::default(),
    };
    core.dispatch(request).await.into_result()
}

fn json_of(response: &Response) -> Value {
    serde_json::from_slice(response.raw.as_ref().unwrap().body.expose()).unwrap()
}

async fn put(core: &Core, path: &str, body: Value) -> Result<Value> {
    ask(core, local(), Operation::Write, path, body).await.map(|it| json_of(&it))
}

fn message(outcome: Result<impl std::fmt::Debug>) -> String {
    outcome.unwrap_err().to_string()
}

#[tokio::test]
async fn init_takes_what_vault_takes_and_says_what_is_wrong() {
    let core = fresh(Settings::default());
    for (body, expected) in [
        (json!({}), "invalid seal configuration: shares must be at least one"),
        (
            json!({"secret_shares": -1, "secret_threshold": -1}),
            "invalid seal configuration: shares must be at least one",
        ),
        (json!({"secret_shares": 1}), "invalid seal configuration: threshold must be at least one"),
        (
            json!({"secret_shares": 1, "secret_threshold": 2}),
            "invalid seal configuration: threshold cannot be larger than shares",
        ),
        (
            json!({"secret_shares": 2, "secret_threshold": 1}),
            "invalid seal configuration: threshold must be greater than one for multiple shares",
        ),
        (
            json!({"secret_shares": 256, "secret_threshold": 2}),
            "invalid seal configuration: shares must be less than 256",
        ),
        (
            json!({"secret_shares": 1, "secret_threshold": 1, "recovery_shares": 1, "recovery_threshold": 1}),
            "parameters recovery_shares,recovery_threshold not applicable to seal type shamir",
        ),
        (
            json!({"secret_shares": 1, "secret_threshold": 1, "passphrase": "x"}),
            "parameters passphrase not applicable to seal type shamir",
        ),
        (
            json!({"secret_shares": 1, "secret_threshold": 1, "pgp_keys": ["x"]}),
            "PGP keys are not supported: keys are answered as they are",
        ),
    ] {
        assert_eq!(message(put(&core, "sys/init", body.clone()).await), expected, "{body}");
        assert!(!core.is_initialized().await.unwrap());
    }
    let made = put(&core, "sys/init", json!({"secret_shares": 255, "secret_threshold": 3})).await.unwrap();
    assert_eq!(made["keys"].as_array().unwrap().len(), 255);
    let hex = data_encoding::HEXLOWER.decode(made["keys"][7].as_str().unwrap().as_bytes()).unwrap();
    assert_eq!(data_encoding::BASE64.encode(&hex), made["keys_base64"][7].as_str().unwrap());
    assert!(made.get("recovery_keys").is_none());
    let again = put(&core, "sys/init", json!({"secret_shares": 1, "secret_threshold": 1})).await;
    assert_eq!(message(again), "Vault is already initialized");
}

// Rule 16
#[tokio::test]
async fn a_stranger_cannot_make_the_store_his() {
    let core = fresh(Settings::default());
    let plan = json!({"secret_shares": 1, "secret_threshold": 1});
    let asked = ask(&core, stranger(), Operation::Write, "sys/init", plan.clone()).await;
    assert!(matches!(asked, Err(Error::DeniedBecause(_))));

    core.require_bootstrap_secret(SecretBytes::copy_of(b"from the machine's console"));
    let with = |secret: &str| {
        let mut plan = plan.clone();
        plan["bootstrap_secret"] = secret.into();
        plan
    };
    let asked = ask(&core, stranger(), Operation::Write, "sys/init", with("a guess")).await;
    assert!(matches!(asked, Err(Error::DeniedBecause(_))));
    let asked =
        ask(&core, stranger(), Operation::Write, "sys/init", with("from the machine's console")).await;
    assert!(asked.is_ok());
}

// Rules 16 and 131
#[tokio::test]
async fn two_inits_at_once_give_one_store() {
    let core = Arc::new(fresh(Settings::default()));
    let plan = || Plan::Shamir { shares: 1, threshold: 1 };
    let (one, two) = tokio::join!(core.init(plan(), None), core.init(plan(), None));
    assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1);
    let made = one.or(two).unwrap();
    let share = SecretBytes::from(data_encoding::HEXLOWER.encode(made.shares[0].expose()));
    assert_eq!(core.unseal(&share).await.unwrap(), Step::Unsealed);
    assert!(core.refused_classes().unwrap().is_empty());
    let report = strongroom_core::integrity::fsck(&core).await.unwrap();
    assert!(report.is_clean(), "{:?}", report.faults);
}

#[tokio::test]
async fn unsealing_goes_share_by_share_and_can_be_begun_anew() {
    let core = fresh(Settings::default());
    let missing = put(&core, "sys/unseal", json!({"key": "abcd"})).await;
    assert_eq!(message(missing), "Vault is not initialized");
    let made = put(&core, "sys/init", json!({"secret_shares": 3, "secret_threshold": 2})).await.unwrap();
    let key = |at: usize| json!({ "key": made["keys"][at] });

    let status = put(&core, "sys/unseal", key(0)).await.unwrap();
    assert_eq!((&status["progress"], &status["sealed"]), (&json!(1), &json!(true)));
    assert_ne!(status["nonce"], "");
    let status = put(&core, "sys/unseal", key(0)).await.unwrap();
    assert_eq!(status["progress"], 1);
    let status = put(&core, "sys/unseal", json!({"reset": true})).await.unwrap();
    assert_eq!((&status["progress"], &status["nonce"]), (&json!(0), &json!("")));

    for body in [json!({}), json!({"key": ""}), json!({"key": "zz"}), json!({"key": "ab".repeat(4096)})] {
        assert!(matches!(put(&core, "sys/unseal", body).await, Err(Error::Invalid(_))));
    }
    let migrate = json!({"key": made["keys"][0], "migrate": true});
    assert_eq!(
        message(put(&core, "sys/unseal", migrate).await),
        "can't perform a seal migration, no migration seal found"
    );

    put(&core, "sys/unseal", key(0)).await.unwrap();
    let status = put(&core, "sys/unseal", json!({"key": made["keys_base64"][2]})).await.unwrap();
    assert_eq!((&status["sealed"], &status["t"], &status["n"]), (&json!(false), &json!(2), &json!(3)));
}

// Rule 19
#[tokio::test]
async fn unseal_attempts_are_limited_and_remembered_for_the_audit_log() {
    let core = fresh(Settings::default());
    core.init(Plan::Shamir { shares: 3, threshold: 2 }, None).await.unwrap();
    let mut refused = 0;
    for _ in 0..300 {
        let body = json!({"key": "00".repeat(42)});
        let asked = ask(&core, stranger(), Operation::Write, "sys/unseal", body).await;
        refused += usize::from(matches!(asked, Err(Error::RateLimited { .. })));
    }
    assert!(refused >= 250);
    assert!(core.unseal_progress().0 == 0);
    let attempts = core.take_unseal_attempts();
    assert!(!attempts.is_empty() && attempts.iter().all(|it| it.step.is_none() && it.peer == stranger()));
    let reset = ask(&core, stranger(), Operation::Write, "sys/unseal", json!({"reset": true})).await;
    assert!(matches!(reset, Err(Error::RateLimited { .. })));
}

// Rule 19: who has given nothing takes nothing back.
#[tokio::test]
async fn a_stranger_cannot_reset_what_others_gave() {
    let core = fresh(Settings::default());
    let made = core.init(Plan::Shamir { shares: 3, threshold: 2 }, None).await.unwrap();
    let share = |at: usize| data_encoding::HEXLOWER.encode(made.shares[at].expose());
    let reset =
        async |peer: Peer| ask(&core, peer, Operation::Write, "sys/unseal", json!({"reset": true})).await;
    // While there is nothing to forget, nothing is refused.
    reset(stranger()).await.unwrap();
    put(&core, "sys/unseal", json!({"key": share(0)})).await.unwrap();
    assert!(matches!(reset(stranger()).await, Err(Error::DeniedBecause(_))));
    assert_eq!(core.unseal_progress().0, 1);
    reset(local()).await.unwrap();
    assert_eq!(core.unseal_progress().0, 0);
    // Whoever gave one over the network may take it back.
    ask(&core, stranger(), Operation::Write, "sys/unseal", json!({"key": share(0)})).await.unwrap();
    reset(stranger()).await.unwrap();
    assert_eq!(core.unseal_progress().0, 0);
}

// Rule 21
#[tokio::test]
async fn after_a_seal_every_request_for_data_is_refused() {
    let test = TestCore::new().await;
    test.read("sys/key-status").await.unwrap();
    let held = test.core.unsealed().unwrap();
    test.write("sys/seal", Value::Null).await.unwrap();
    for path in
        ["sys/key-status", "secret/data/x", "sys/rekey/init", "sys/generate-root/attempt", "sys/mounts"]
    {
        assert!(matches!(test.read(path).await, Err(Error::Sealed)), "{path}");
    }
    for path in ["sys/rotate", "sys/rekey/init", "sys/generate-root/attempt"] {
        assert!(matches!(test.write(path, Value::Null).await, Err(Error::Sealed)), "{path}");
    }
    drop(held);
    test.unseal().await;
    test.read("sys/key-status").await.unwrap();
}

// Rule 23
#[tokio::test]
async fn a_passphrase_unseals_and_a_weak_one_is_refused() {
    let core = fresh(Settings { seal: Kind::Passphrase, ..Settings::default() });
    for weak in [json!({}), json!({"passphrase": "short"}), json!({"passphrase": "aaaaaaaaaaaaaaaaaaa"})] {
        assert!(matches!(put(&core, "sys/init", weak).await, Err(Error::Invalid(_))));
    }
    let wrong = json!({"passphrase": "correct horse battery", "secret_shares": 1, "secret_threshold": 1});
    assert_eq!(
        message(put(&core, "sys/init", wrong).await),
        "parameters secret_shares,secret_threshold not applicable to seal type passphrase"
    );
    let made = put(&core, "sys/init", json!({"passphrase": "correct horse battery"})).await.unwrap();
    assert_eq!(made["keys"], json!([]));
    assert!(!made["root_token"].as_str().unwrap().is_empty());
    assert!(put(&core, "sys/unseal", json!({"key": "correct horse batterx"})).await.is_err());
    assert!(core.is_sealed());
    let status = put(&core, "sys/unseal", json!({"key": "correct horse battery"})).await.unwrap();
    assert_eq!((&status["sealed"], &status["type"]), (&json!(false), &json!("passphrase")));
}

#[tokio::test]
async fn an_unattended_seal_answers_recovery_keys_and_opens_by_its_key() {
    let core = fresh(Settings { seal: Kind::KeyFile, ..Settings::default() });
    let plan = json!({"recovery_shares": 3, "recovery_threshold": 2});
    assert!(put(&core, "sys/init", plan.clone()).await.is_err());
    let key = SecretBytes::copy_of(&[7; 32]);
    assert!(core.provide_unattended_key(&SecretBytes::copy_of(&[7; 31])).is_err());
    core.provide_unattended_key(&key).unwrap();
    assert_eq!(
        message(put(&core, "sys/init", json!({"secret_shares": 1, "secret_threshold": 1})).await),
        "parameters secret_shares,secret_threshold not applicable to seal type keyfile"
    );
    let made = put(&core, "sys/init", plan).await.unwrap();
    assert_eq!(made["keys"], json!([]));
    assert_eq!(made["recovery_keys"].as_array().unwrap().len(), 3);
    assert_eq!(made["recovery_keys_base64"].as_array().unwrap().len(), 3);
    assert!(!core.is_sealed());

    core.seal_now();
    assert!(put(&core, "sys/unseal", json!({"key": made["recovery_keys"][0]})).await.is_err());
    assert!(core.unseal_unattended(&SecretBytes::copy_of(&[8; 32])).await.is_err());
    core.unseal_unattended(&key).await.unwrap();
    let status = ask(&core, local(), Operation::Read, "sys/seal-status", Value::Null).await.unwrap();
    let status = json_of(&status);
    assert_eq!((&status["recovery_seal"], &status["t"], &status["n"]), (&json!(true), &json!(2), &json!(3)));

    // The recovery shares decide; they are replaced by themselves.
    let token = made["root_token"].as_str().unwrap();
    let asked = |operation, path: &'static str, body| ask_as(&core, token, local(), operation, path, body);
    assert!(asked(Operation::Read, "sys/rekey/init", Value::Null).await.is_err());
    let new = json!({"secret_shares": 1, "secret_threshold": 1});
    let run = json_of(&asked(Operation::Write, "sys/rekey-recovery-key/init", new).await.unwrap());
    let mut last = Value::Null;
    for at in [0, 2] {
        let give = json!({"key": made["recovery_keys"][at], "nonce": run["nonce"]});
        last = json_of(&asked(Operation::Write, "sys/rekey-recovery-key/update", give).await.unwrap());
    }
    assert_eq!(last["complete"], true);
    let run = json_of(&asked(Operation::Write, "sys/generate-root/attempt", json!({})).await.unwrap());
    let old = json!({"key": made["recovery_keys"][0], "nonce": run["nonce"]});
    assert!(asked(Operation::Write, "sys/generate-root/update", old).await.is_err());
    let give = json!({"key": last["keys"][0], "nonce": run["nonce"]});
    let done = json_of(&asked(Operation::Write, "sys/generate-root/update", give).await.unwrap());
    assert_eq!(done["complete"], true);
    core.seal_now();
    core.unseal_unattended(&key).await.unwrap();
}

// Rule 21: what was handed over before the seal is witnessed, what comes after is refused.
#[tokio::test]
async fn sealing_under_load_leaves_a_store_whose_digest_is_right() {
    let test = Arc::new(TestCore::new().await);
    let writer = {
        let test = test.clone();
        tokio::spawn(async move {
            let mut written = 0;
            for number in 0..2000_u32 {
                let body = json!({"interval": format!("{}h", 24 + number % 50)});
                written += u32::from(test.write("sys/rotate/config", body).await.is_ok());
                tokio::task::yield_now().await;
            }
            written
        })
    };
    for _ in 0..20 {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        test.core.seal_now();
        test.unseal().await;
    }
    assert!(writer.await.unwrap() > 0);
    let report = strongroom_core::integrity::fsck(&test.core).await.unwrap();
    assert!(report.is_clean(), "{:?}", report.faults);
}
