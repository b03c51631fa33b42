//! Rows that were changed below the barrier are found. P2, rule 7.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use serde_json::{Value, json};
use strongroom_core::{
    Error, Settings,
    barrier::{BarrierError, Class},
    crypto::SecretBytes,
    integrity::{Fault, FaultKind, fsck},
    request::Operation,
    storage::{Batch, Memory, Op, Row, Storage},
    testing::{TestCore, data, is_denied},
};

struct Thief {
    test: TestCore,
    storage: Arc<Memory>,
}

impl Thief {
    async fn new() -> Self {
        let storage = Arc::new(Memory::new());
        let test = TestCore::over(storage.clone(), Settings::default()).await;
        Self { test, storage }
    }

    async fn rows(&self, class: Class) -> Vec<Row> {
        let mut snapshot = self.storage.snapshot().await.unwrap();
        let mut rows = snapshot.next(10_000).await.unwrap();
        rows.retain(|it| it.key.0[0] == class as u8);
        rows
    }

    /// Changes rows while nobody is looking.
    async fn tamper(&self, ops: Vec<Op>) {
        self.test.core.seal_now();
        self.storage.commit(Batch { ops, ..Batch::default() }).await.unwrap();
        self.test.unseal().await;
    }

    async fn delete_one(&self, class: Class) {
        let row = self.rows(class).await.pop().unwrap();
        self.tamper(vec![Op::Delete { key: row.key }]).await;
    }

    async fn faults(&self) -> Vec<(Option<Class>, FaultKind)> {
        let report = fsck(&self.test.core).await.unwrap();
        report.faults.into_keys().map(|Fault { class, kind }| (class, kind)).collect()
    }

    /// Lets the background look at every class.
    async fn verify(&self) {
        for _ in Class::ALL {
            self.test.clock.advance(Duration::from_secs(300));
            self.test.core.run_due(self.test.core.now()).await.unwrap();
        }
    }
}

fn put(key: &Row, from: &Row) -> Op {
    Op::Put { key: key.key, name: from.name.clone(), value: from.value.clone() }
}

#[tokio::test]
async fn an_untouched_store_is_clean() {
    let thief = Thief::new().await;
    for name in ["a", "b/c"] {
        let body = json!({"data": {"password": "x".repeat(100)}});
        thief.test.write(&format!("secret/data/{name}"), body).await.unwrap();
    }
    thief.verify().await;
    assert_eq!(thief.faults().await, []);
    assert_eq!(thief.test.core.refused_classes().unwrap(), []);
    let report = data(&thief.test.write("sys/integrity/check", Value::Null).await.unwrap());
    assert_eq!((&report["clean"], &report["faults"]), (&json!(true), &json!([])));
}

// Rule 7: enforcement classes before they are used.
#[tokio::test]
async fn a_deleted_mount_is_found_at_unseal_and_no_mount_is_served() {
    let thief = Thief::new().await;
    thief.delete_one(Class::Mount).await;
    assert_eq!(thief.test.core.refused_classes().unwrap(), [Class::Mount]);
    for path in ["secret/data/a", "cubbyhole/a", "auth/token/lookup-self", "sys/mounts"] {
        let asked = thief.test.read(path).await;
        assert!(
            matches!(asked, Err(Error::Barrier(BarrierError::Refused(Class::Mount)))),
            "{path} {asked:?}"
        );
    }
    assert_eq!(thief.faults().await, [(Some(Class::Mount), FaultKind::SumsDiffer)]);
    // An operator with sudo, and nobody else, can look and decide over the API.
    let status = data(&thief.test.read("sys/integrity").await.unwrap());
    assert_eq!(status["refused"], json!(["mount"]));
    let accept = json!({"class": "mount"});
    let nobody = thief.test.as_token("", Operation::Write, "sys/integrity/accept", accept.clone()).await;
    assert!(is_denied(&nobody), "{nobody:?}");
    thief.test.write("sys/integrity/accept", accept).await.unwrap();
    thief.test.read("sys/mounts").await.unwrap();
}

// Rule 7
#[tokio::test]
async fn a_deleted_policy_is_found_at_unseal() {
    let thief = Thief::new().await;
    thief.delete_one(Class::Policy).await;
    assert_eq!(thief.test.core.refused_classes().unwrap(), [Class::Policy]);
    assert_eq!(thief.faults().await, [(Some(Class::Policy), FaultKind::SumsDiffer)]);
}

// Rule 7: roles and users decide who may log in.
#[tokio::test]
async fn a_role_that_was_put_back_is_found_at_unseal() {
    let thief = Thief::new().await;
    thief.test.write("auth/token/roles/r", json!({"allowed_policies": "wide"})).await.unwrap();
    let before = thief.rows(Class::Config).await;
    thief.test.write("auth/token/roles/r", json!({"allowed_policies": "narrow"})).await.unwrap();
    let after = thief.rows(Class::Config).await;
    let wide = before.iter().zip(&after).find(|(old, new)| old.value != new.value).unwrap().0;
    thief.tamper(vec![put(wide, wide)]).await;
    assert_eq!(thief.test.core.refused_classes().unwrap(), [Class::Config]);
    let asked = thief.test.read("auth/token/roles/r").await;
    assert!(matches!(asked, Err(Error::Barrier(BarrierError::Refused(Class::Config)))), "{asked:?}");
}

// Rule 7: data in the background.
#[tokio::test]
async fn a_row_that_was_put_back_to_an_older_state_is_found_in_the_background() {
    let thief = Thief::new().await;
    thief.test.write("sys/rotate/config", json!({"interval": "24h"})).await.unwrap();
    let old = thief.rows(Class::System).await.pop().unwrap();
    thief.test.write("sys/rotate/config", json!({"interval": "48h"})).await.unwrap();
    thief.tamper(vec![put(&old, &old)]).await;
    // It opens: it was ours. Only the sums tell.
    assert_eq!(data(&thief.test.read("sys/rotate/config").await.unwrap())["interval"], "24h0m0s");
    assert_eq!(thief.faults().await, [(Some(Class::System), FaultKind::SumsDiffer)]);
    thief.verify().await;
    assert_eq!(thief.test.core.refused_classes().unwrap(), [Class::System]);
    assert!(thief.test.read("sys/rotate/config").await.is_err());
}

// Rule 4
#[tokio::test]
async fn two_rows_that_changed_places_are_found_and_do_not_open() {
    let thief = Thief::new().await;
    let rows = thief.rows(Class::Mount).await;
    assert!(rows.len() >= 2);
    thief.tamper(vec![put(&rows[0], &rows[1]), put(&rows[1], &rows[0])]).await;
    assert_eq!(thief.test.core.refused_classes().unwrap(), [Class::Mount]);
    let mut faults = thief.faults().await;
    faults.sort_by_key(|it| it.1);
    assert_eq!(
        faults,
        [(Some(Class::Mount), FaultKind::Altered), (Some(Class::Mount), FaultKind::SumsDiffer)]
    );
}

// Rule 5: a name is bound to its row.
#[tokio::test]
async fn a_name_from_another_row_is_found() {
    let thief = Thief::new().await;
    let rows = thief.rows(Class::Mount).await;
    let op = Op::Put { key: rows[0].key, name: rows[1].name.clone(), value: rows[0].value.clone() };
    thief.tamper(vec![op]).await;
    assert_eq!(thief.faults().await, [(Some(Class::Mount), FaultKind::Altered)]);
}

// Rules 7 and 10
#[tokio::test]
async fn rows_that_are_none_of_ours_are_found() {
    let thief = Thief::new().await;
    let mut row = thief.rows(Class::Policy).await.pop().unwrap();
    row.key.0[32] ^= 1;
    let foreign = Op::Put { key: row.key, name: Bytes::new(), value: Bytes::from_static(b"hello") };
    row.key.0[0] = 0xee;
    let unknown = Op::Put { key: row.key, name: Bytes::new(), value: Bytes::from_static(b"hello") };
    thief.tamper(vec![foreign, unknown]).await;
    assert_eq!(thief.test.core.refused_classes().unwrap(), [Class::Policy]);
    let mut faults = thief.faults().await;
    faults.sort_by_key(|it| it.1);
    assert_eq!(faults, [(Some(Class::Policy), FaultKind::Altered), (None, FaultKind::SumsDiffer)]);
}

// Rule 7
#[tokio::test]
async fn a_missing_head_is_a_difference_and_not_a_clean_slate() {
    let thief = Thief::new().await;
    let head = thief.rows(Class::Core).await.pop().unwrap();
    thief.tamper(vec![Op::Delete { key: head.key }]).await;
    assert!(thief.test.core.refused_classes().unwrap().contains(&Class::Mount));
}

// Rule 7: the override is explicit, and recorded.
#[tokio::test]
async fn an_operator_can_accept_what_is_there() {
    let thief = Thief::new().await;
    assert!(thief.test.core.accept_class(Class::Mount).await.is_err());
    thief.delete_one(Class::Policy).await;
    thief.test.core.seal_now();
    thief.test.unseal().await;
    assert_eq!(thief.test.core.refused_classes().unwrap(), [Class::Policy]);
    let status = data(&thief.test.read("sys/integrity").await.unwrap());
    assert_eq!(status["refused"], json!(["policy"]));
    let records = thief.rows(Class::System).await.len();
    thief.test.write("sys/integrity/accept", json!({"class": "policy"})).await.unwrap();
    assert_eq!(thief.rows(Class::System).await.len(), records + 1);
    assert_eq!(thief.test.core.refused_classes().unwrap(), []);
    thief.test.core.seal_now();
    thief.test.unseal().await;
    assert_eq!(thief.test.core.refused_classes().unwrap(), []);
    assert_eq!(thief.faults().await, []);
}

// Rule 8
#[tokio::test]
async fn a_whole_store_that_was_put_back_does_not_follow_its_anchor() {
    let thief = Thief::new().await;
    let mut snapshot = thief.storage.snapshot().await.unwrap();
    let old = snapshot.next(10_000).await.unwrap();
    for interval in ["24h", "48h"] {
        thief.test.write("sys/rotate/config", json!({ "interval": interval })).await.unwrap();
    }
    let anchor = thief.test.core.anchor().unwrap();
    assert!(thief.test.core.follows(&anchor).unwrap());
    let new = thief.rows(Class::System).await.into_iter().map(|it| Op::Delete { key: it.key });
    thief.tamper(old.iter().map(|it| put(it, it)).chain(new).collect()).await;
    assert_eq!(thief.faults().await, []);
    assert!(!thief.test.core.follows(&anchor).unwrap());
}

// Rule 9
#[tokio::test]
async fn rows_from_before_a_rekey_do_not_let_the_old_shares_in() {
    let thief = Thief::new().await;
    let test = &thief.test;
    let answer = async |path: &str, body: Value| -> Value {
        let answer = test.write(path, body).await.unwrap();
        serde_json::from_slice(answer.raw.unwrap().body.expose()).unwrap()
    };
    test.write("secret/data/before", json!({ "data": { "a": "b" } })).await.unwrap();
    let head = |it: &Row| it.key.0[32] == 4;
    let old: Vec<Row> = thief.rows(Class::Core).await.into_iter().filter(|it| !head(it)).collect();
    assert_eq!(old.len(), 2, "the seal's configuration and the keyring");

    let run = answer("sys/rekey/init", json!({ "secret_shares": 1, "secret_threshold": 1 })).await;
    let share = data_encoding::HEXLOWER.encode(test.shares[0].expose());
    let done = answer("sys/rekey/update", json!({ "nonce": run["nonce"], "key": share })).await;
    let new = SecretBytes::copy_of(done["keys"][0].as_str().unwrap().as_bytes());
    test.write("secret/data/after", json!({ "data": { "a": "b" } })).await.unwrap();
    test.core.seal_now();

    let current = thief.rows(Class::Core).await;
    let put = |rows: &[Row]| Batch {
        ops: rows
            .iter()
            .map(|it| Op::Put { key: it.key, name: it.name.clone(), value: it.value.clone() })
            .collect(),
        ..Batch::default()
    };
    thief.storage.commit(put(&old)).await.unwrap();
    let share = SecretBytes::copy_of(share.as_bytes());
    assert!(test.core.unseal(&share).await.is_err(), "the old share and the old rows open the store");
    assert!(test.core.is_sealed());
    thief.storage.commit(put(&current)).await.unwrap();
    test.core.unseal(&new).await.unwrap();
    test.read("secret/data/before").await.unwrap();
    test.read("secret/data/after").await.unwrap();
}
