//! A store's life: made, sealed, unsealed, asked.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use std::sync::Arc;

use strongroom_core::{
    Core, Error, Settings,
    clock::SystemClock,
    crypto::SecretBytes,
    request::Operation,
    seal::{init::Plan, unseal::Step},
    storage::Memory,
    testing::{Ask, ROOT, TestCore},
};

fn text(share: &SecretBytes) -> SecretBytes {
    SecretBytes::from(data_encoding::BASE64.encode(share.expose()))
}

#[tokio::test]
async fn a_threshold_of_shares_unseals() {
    let core = Core::new(Arc::new(Memory::new()), Arc::new(SystemClock::default()), Settings::default());
    assert!(!core.is_initialized().await.unwrap());
    let made = core.init(Plan::Shamir { shares: 3, threshold: 2 }, None).await.unwrap();
    assert!(core.is_sealed());
    assert!(core.init(Plan::Shamir { shares: 1, threshold: 1 }, None).await.is_err());

    assert_eq!(core.unseal(&text(&made.shares[0])).await.unwrap(), Step::Progress(1));
    // Rule 18: the same share counts once.
    assert_eq!(core.unseal(&text(&made.shares[0])).await.unwrap(), Step::Progress(1));
    assert_eq!(core.unseal(&text(&made.shares[2])).await.unwrap(), Step::Unsealed);
}

// Rule 21
#[tokio::test]
async fn a_sealed_store_answers_nothing_but_its_status() {
    let test = TestCore::new().await;
    assert_eq!(test.read("sys/health").await.unwrap().status, Some(200));
    test.write("sys/seal", serde_json::Value::Null).await.unwrap();
    assert!(test.core.is_sealed());
    assert!(matches!(test.read("secret/x").await, Err(Error::Sealed)));
    assert_eq!(test.read("sys/health").await.unwrap().status, Some(503));
    test.unseal().await;
    assert_eq!(test.read("sys/health").await.unwrap().status, Some(200));
}

#[tokio::test]
async fn nobody_gets_in_without_a_token() {
    let test = TestCore::new().await;
    for token in ["", "hvs.wrong", "root", &ROOT[1..]] {
        for path in ["sys/seal", "none/x", "auth/none/x"] {
            let asked = test.ask(Ask { token, ..Ask::new(Operation::Write, path) }).await;
            assert!(matches!(asked, Err(Error::Denied)), "{token} {path}");
        }
    }
    assert!(matches!(test.read("none/x").await, Err(Error::NotFoundBecause(_))));
}
