#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::{
    mounts::{Mount, MountClass},
    request::Operation,
    testing::{TestCore, data, is_denied},
    tokens::prefixes::Force,
};

async fn mount(test: &TestCore) -> Mount {
    let open = test.core.unsealed().unwrap();
    let table = open.mounts.current(&open.store).await.unwrap();
    table.all(MountClass::Auth).into_iter().find(|it| it.kind == "token").unwrap().clone()
}

/// Rows of the expiry index, and of the token mount's.
async fn rows(test: &TestCore) -> (usize, usize) {
    let open = test.core.unsealed().unwrap();
    let count = async |class, dir| {
        let rows: Vec<Ordered<Row>> = open.store.ordered(class, dir, None, None, 1 << 16).await.unwrap();
        rows.len()
    };
    (
        count(Class::Expiry, index::expiries(&open.store)).await,
        count(Class::TokenIndex, index::made_by(&open.store, mount(test).await.id)).await,
    )
}

async fn records(test: &TestCore) -> usize {
    let open = test.core.unsealed().unwrap();
    open.store.names(Class::Token, open.store.dir(super::super::ROOT, "")).await.unwrap().len()
}

async fn run(test: &TestCore) {
    let open = test.core.unsealed().unwrap();
    let mut calls = 0;
    while sweep(&open, test.core.now(), Pace::hurried()).await.unwrap() {
        calls += 1;
        assert!(calls < 1000);
    }
}

async fn child(test: &TestCore, of: &str, body: Value) -> String {
    let made = test.as_token(of, Operation::Write, "auth/token/create", body).await.unwrap();
    made.auth.unwrap().client_token.expose_str().unwrap().to_owned()
}

const ROOT_TOKEN: &str = crate::testing::ROOT;

async fn is_alive(test: &TestCore, token: &str) -> bool {
    let outcome = test.write("auth/token/lookup", json!({ "token": token })).await;
    assert!(outcome.is_ok() || is_denied(&outcome), "{outcome:?}");
    outcome.is_ok()
}

#[tokio::test]
async fn a_login_writes_one_record_and_two_ordered_rows_and_the_end_removes_all() {
    let test = TestCore::new().await;
    assert_eq!((records(&test).await, rows(&test).await), (1, (0, 0)));
    let body = json!({ "ttl": "1h", "no_parent": true, "policies": ["default"] });
    child(&test, ROOT_TOKEN, body).await;
    assert_eq!((records(&test).await, rows(&test).await), (2, (1, 1)));
    run(&test).await;
    assert_eq!(records(&test).await, 2);
    test.clock.advance(Duration::from_secs(3660));
    run(&test).await;
    assert_eq!((records(&test).await, rows(&test).await), (1, (0, 0)));
}

#[tokio::test]
async fn a_renewed_token_is_met_and_filed_again() {
    let test = TestCore::new().await;
    let token = child(&test, ROOT_TOKEN, json!({ "ttl": "10m", "policies": ["default"] })).await;
    let body = json!({ "token": token, "increment": "5h" });
    test.write("auth/token/renew", body).await.unwrap();
    test.clock.advance(Duration::from_secs(3600));
    run(&test).await;
    assert!(is_alive(&test, &token).await);
    assert_eq!((records(&test).await, rows(&test).await), (2, (1, 1)));
    test.clock.advance(Duration::from_secs(5 * 3600));
    assert!(!is_alive(&test, &token).await);
    run(&test).await;
    assert_eq!((records(&test).await, rows(&test).await), (1, (0, 0)));
}

// Rule 41
#[tokio::test]
async fn a_revoked_tree_is_purged_whole_however_wide_it_is() {
    let test = TestCore::new().await;
    let top = child(&test, ROOT_TOKEN, json!({ "policies": ["root"] })).await;
    let mut leaves = Vec::new();
    for _ in 0..(2 * MARKS + 3) {
        leaves.push(child(&test, &top, json!({})).await);
    }
    let deep = child(&test, &leaves[0], json!({})).await;
    test.write("auth/token/revoke", json!({ "token": top })).await.unwrap();
    assert!(!is_alive(&test, &leaves[7]).await && !is_alive(&test, &deep).await);
    run(&test).await;
    run(&test).await;
    run(&test).await;
    assert_eq!((records(&test).await, rows(&test).await), (1, (0, 0)));
    assert!(!is_alive(&test, &leaves[7]).await && !is_alive(&test, &deep).await);
}

#[tokio::test]
async fn children_that_were_let_go_are_orphans_before_and_after_the_purge() {
    let test = TestCore::new().await;
    let top = child(&test, ROOT_TOKEN, json!({ "policies": ["root"] })).await;
    let leaf = child(&test, &top, json!({})).await;
    test.write("auth/token/revoke-orphan", json!({ "token": top })).await.unwrap();
    for _ in 0..2 {
        assert!(!is_alive(&test, &top).await);
        let shown = data(&test.write("auth/token/lookup", json!({ "token": leaf })).await.unwrap());
        assert_eq!(shown["orphan"], true);
        run(&test).await;
    }
    assert_eq!(records(&test).await, 2);
}

// Rules 41 and 91
#[tokio::test]
async fn a_revoked_prefix_ends_at_once_what_was_made_below_it_and_nothing_later() {
    let test = TestCore::new().await;
    let open = test.core.unsealed().unwrap();
    let mount = mount(&test).await;
    let mut below = Vec::new();
    for _ in 0..(MARKS + 5) {
        let made = test.write("auth/token/create-orphan", json!({ "policies": ["root"] })).await.unwrap();
        below.push(made.auth.unwrap().client_token.expose_str().unwrap().to_owned());
    }
    let child_of_one = child(&test, &below[0], json!({})).await;
    let beside = child(&test, ROOT_TOKEN, json!({})).await;

    let mut tx = Tx::new(open.store.clone());
    prefixes::revoke(&mut tx, &mount, "auth/token/create-orphan").await.unwrap();
    tx.commit().await.unwrap();
    for token in below.iter().chain([&child_of_one]) {
        assert!(!is_alive(&test, token).await);
    }
    assert!(is_alive(&test, &beside).await);
    // The clock stands still: it is not by time that the old are told from the new.
    let made = test.write("auth/token/create-orphan", json!({ "policies": ["root"] })).await.unwrap();
    let later = made.auth.unwrap().client_token.expose_str().unwrap().to_owned();
    assert!(is_alive(&test, &later).await);

    for _ in 0..3 {
        run(&test).await;
    }
    assert!(is_alive(&test, &later).await && is_alive(&test, &beside).await);
    assert_eq!(records(&test).await, 3);
    let left = open.store.read::<Prefixes>(&prefixes::place(&open.store)).await.unwrap().unwrap();
    assert!(left.value.entries.is_empty());
}

// Rules 37 and 91
#[tokio::test]
async fn a_token_ends_with_its_mount_also_if_nothing_is_stored_of_it() {
    let test = TestCore::new().await;
    let body = json!({ "type": "batch", "policies": ["default"], "no_parent": true });
    let token = child(&test, ROOT_TOKEN, body).await;
    let service = child(&test, ROOT_TOKEN, json!({})).await;
    assert!(is_alive(&test, &token).await && is_alive(&test, &service).await);
    let open = test.core.unsealed().unwrap();
    let mut tx = Tx::new(open.store.clone());
    crate::mounts::put(&mut tx, &Mount { tainted: true, ..mount(&test).await }).await.unwrap();
    tx.commit().await.unwrap();
    for token in [&token, &service] {
        let found = open.tokens.find(&open, token.as_bytes(), test.core.now()).await.unwrap();
        assert!(found.is_none());
    }
}

#[tokio::test]
async fn a_spent_token_is_purged_with_its_cubbyhole() {
    let test = TestCore::new().await;
    let token = child(&test, ROOT_TOKEN, json!({ "num_uses": 1, "ttl": "1h" })).await;
    let open = test.core.unsealed().unwrap();
    let known = open.tokens.find(&open, token.as_bytes(), test.core.now()).await.unwrap().unwrap();
    let tree = crate::tree::Tree { class: Class::Cubbyhole, root: cubbyhole::root_of(&known) };
    let mut tx = Tx::new(open.store.clone());
    for path in ["a", "b/c", "b/d/e"] {
        tree.put(&mut tx, path, &Row::of(Selector([1; 16])), true).await.unwrap();
    }
    tx.commit().await.unwrap();
    let looked = test.as_token(&token, Operation::Read, "auth/token/lookup-self", Value::Null).await.unwrap();
    assert_eq!(data(&looked)["num_uses"], -1);
    test.clock.advance(Duration::from_secs(180));
    run(&test).await;
    assert_eq!(records(&test).await, 1);
    for folder in ["", "b/", "b/d/"] {
        let dir = open.store.dir(tree.root, folder);
        assert!(open.store.is_empty(Class::Cubbyhole, dir).await.unwrap(), "{folder}");
    }
}

#[tokio::test]
async fn tokens_are_listed_as_leases_by_their_paths() {
    let test = TestCore::new().await;
    let open = test.core.unsealed().unwrap();
    let token = child(&test, ROOT_TOKEN, json!({ "ttl": "1h" })).await;
    let now = test.core.now();
    let known = open.tokens.find(&open, token.as_bytes(), now).await.unwrap().unwrap();
    let id = open.tokens.lease_id(&known).unwrap();
    let accessor = open.tokens.accessor(known.selector().unwrap());
    let name = id.strip_prefix("auth/token/create/h").unwrap();
    assert_eq!(name.len(), 64);
    assert!(!id.contains(&accessor));
    assert!(open.tokens.find_by_lease(&open, &id, now).await.unwrap().is_some());
    // Rule 45: the accessor alone does not do.
    for wrong in [accessor.clone(), format!("auth/other/{accessor}"), "auth/token/create/none".to_owned()] {
        assert!(open.tokens.find_by_lease(&open, &wrong, now).await.unwrap().is_none());
    }
    let listed = async |folder: &str| open.tokens.leases_in(&open, folder, test.core.now()).await.unwrap();
    assert_eq!(listed("").await, ["auth/"]);
    assert_eq!(listed("auth/").await, ["token/"]);
    assert_eq!(listed("auth/token/").await, ["create/"]);
    assert_eq!(listed("auth/token/create/").await, [format!("h{name}")]);
    assert!(listed("auth/none/").await.is_empty());
    let mut tx = Tx::new(open.store.clone());
    assert!(!leases::revoke_within(&open, &mut tx, "auth/none", Force::No).await.unwrap());
    assert!(leases::revoke_within(&open, &mut tx, "auth/", Force::No).await.unwrap());
    tx.commit().await.unwrap();
    assert!(listed("").await.is_empty());
    assert!(open.tokens.find_by_lease(&open, &id, now).await.unwrap().is_none());
}

#[tokio::test]
async fn what_a_replaced_token_left_is_purged_and_its_heir_stays() {
    let test = TestCore::new().await;
    let body = json!({ "id": "chosen", "ttl": "1h", "policies": ["default"] });
    child(&test, ROOT_TOKEN, body.clone()).await;
    let open = test.core.unsealed().unwrap();
    let old = open.tokens.find(&open, b"chosen", test.core.now()).await.unwrap().unwrap();
    let put = async |path| test.as_token("chosen", Operation::Write, path, json!({ "v": 1 })).await.unwrap();
    put("cubbyhole/x").await;
    test.write("auth/token/revoke", json!({ "token": "chosen" })).await.unwrap();
    test.clock.advance(Duration::from_secs(1));
    child(&test, ROOT_TOKEN, body).await;
    put("cubbyhole/y").await;
    test.clock.advance(Duration::from_secs(600));
    run(&test).await;
    let dir = open.store.dir(cubbyhole::root_of(&old), "");
    assert!(open.store.is_empty(Class::Cubbyhole, dir).await.unwrap());
    let kept = test.as_token("chosen", Operation::Read, "cubbyhole/y", Value::Null).await.unwrap();
    assert_eq!(data(&kept), json!({ "v": 1 }));
    assert_eq!((records(&test).await, rows(&test).await), (2, (1, 1)));
    assert!(open.store.is_empty(Class::Queue, index::replaced(&open.store)).await.unwrap());
}

/// Makes the row at `place` one that does not read, as a medium does that fails.
async fn spoil(test: &TestCore, place: &crate::barrier::Place) {
    use crate::storage::{Batch, DirKey, Op, Scan};
    let dir = DirKey(*place.key.0.first_chunk().unwrap());
    let scan = Scan { dir, after: None, until: Some(place.key), limit: usize::MAX, values: false };
    let name = test.core.storage().scan(scan).await.unwrap().pop().unwrap().name;
    let ops = vec![Op::Put { key: place.key, name, value: bytes::Bytes::from_static(&[0x5a; 100]) }];
    test.core.storage().commit(Batch { ops, ..Batch::default() }).await.unwrap();
}

async fn record_of(test: &TestCore, token: &str) -> crate::barrier::Place {
    let open = test.core.unsealed().unwrap();
    let known = open.tokens.find(&open, token.as_bytes(), test.core.now()).await.unwrap().unwrap();
    open.tokens.place(&open.store, Selector(known.selector))
}

// Rule 91
#[tokio::test]
async fn rows_that_do_not_read_are_passed_by_however_many_they_are() {
    let test = TestCore::new().await;
    let open = test.core.unsealed().unwrap();
    let body = |ttl: &str| json!({ "ttl": ttl, "policies": ["default"], "no_parent": true });
    for _ in 0..=ROWS {
        let token = child(&test, ROOT_TOKEN, body("1h")).await;
        spoil(&test, &record_of(&test, &token).await).await;
    }
    let due: Vec<Ordered<Row>> =
        open.store.ordered(Class::Expiry, index::expiries(&open.store), None, None, ROWS + 1).await.unwrap();
    for row in &due[..3] {
        spoil(&test, &row.place).await;
    }
    let before = records(&test).await;
    for _ in 0..3 {
        child(&test, ROOT_TOKEN, body("2h")).await;
    }
    test.clock.advance(Duration::from_secs(3 * 3600));
    run(&test).await;
    assert_eq!(records(&test).await, before);
}

// Rules 41 and 91
#[tokio::test]
async fn a_prefix_that_cannot_be_finished_holds_up_no_other_and_stays() {
    let test = TestCore::new().await;
    let open = test.core.unsealed().unwrap();
    let mount = mount(&test).await;
    let spoilt = child(&test, ROOT_TOKEN, json!({ "policies": ["default"] })).await;
    spoil(&test, &record_of(&test, &spoilt).await).await;
    let covered = child(&test, ROOT_TOKEN, json!({ "policies": ["default"] })).await;
    for (prefix, of) in [
        ("auth/token/create", mount.clone()),
        ("auth/other/login", Mount { id: crate::ids::MountId::internal(77), ..mount }),
    ] {
        let mut tx = Tx::new(open.store.clone());
        prefixes::revoke(&mut tx, &of, prefix).await.unwrap();
        tx.commit().await.unwrap();
    }
    let due = child(&test, ROOT_TOKEN, json!({ "ttl": "1h", "policies": ["default"] })).await;
    let record = record_of(&test, &due).await;
    test.clock.advance(Duration::from_secs(2 * 3600));
    for _ in 0..4 {
        run(&test).await;
    }
    assert_eq!(open.store.rev(&record).await.unwrap(), None, "what is due waits for the prefix");
    let left = open.store.read::<Prefixes>(&prefixes::place(&open.store)).await.unwrap().unwrap().value;
    let left: Vec<&str> = left.entries.iter().map(|it| it.prefix.as_str()).collect();
    assert_eq!(left, ["auth/token/create"]);
    assert!(!is_alive(&test, &covered).await);
    // And whoever waits for a prefix does not wait for ever.
    assert!(!mark_next(&open.tokens, &open.store, test.core.now()).await.unwrap());
}
