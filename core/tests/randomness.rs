//! Without randomness from the system nothing is made that needs it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

use std::collections::{BTreeMap, HashMap};

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};
use serde_json::json;
use strongroom_core::{
    Error,
    crypto::SecretBytes,
    ids::{NamespaceId, RequestId},
    request::{Body, Operation, Peer, PresentedToken, Request, RequestPath},
    testing::{ROOT, TestCore, data},
};

/// A request whose id is drawn while there is randomness.
fn request(operation: Operation, path: &str, body: &serde_json::Value) -> Request {
    Request {
        id: RequestId::generate().unwrap(),
        operation,
        path: RequestPath::new(NamespaceId::ROOT, path).unwrap(),
        token: Some(PresentedToken::new(SecretBytes::copy_of(ROOT.as_bytes()))),
        body: Body::of(body).unwrap(),
        peer: Peer::Address(([127, 0, 0, 1], 40_000).into()),
        wrap_ttl: None,
        lease_ttl: None,
        certificates: None,
        headers: Vec::new(),
        merge_patch: false,
        opened: Default::default(),
    }
}

/// From here on the kernel has no randomness for this thread.
fn take_randomness_away() {
    let rules = BTreeMap::from([(libc::SYS_getrandom, Vec::new())]);
    let refuse = SeccompAction::Errno(u32::try_from(libc::EIO).unwrap());
    let here = std::env::consts::ARCH.try_into().unwrap();
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, here).unwrap();
    let program: BpfProgram = filter.try_into().unwrap();
    apply_filter(&program).unwrap();
    // Those that the thread has drawn already are used up first.
    assert!((0..=64).any(|_| RequestId::generate().is_err()));
}

// Rule 11
#[tokio::test]
async fn without_randomness_nothing_is_made_and_nothing_is_lost() {
    let test = TestCore::new().await;
    test.write("secret/data/kept", json!({ "data": { "a": "b" } })).await.unwrap();
    let refused = [
        ("auth/token/create", json!({ "policies": ["default"] })),
        ("secret/data/kept", json!({ "data": { "a": "other" } })),
        ("secret/data/fresh", json!({ "data": { "a": "b" } })),
        ("sys/tools/random", json!({ "bytes": 16 })),
        ("sys/rotate", json!({})),
        ("sys/mounts/fresh", json!({ "type": "kv" })),
    ]
    .map(|(path, body)| request(Operation::Write, path, &body));
    let reads = ["secret/data/kept", "secret/data/fresh", "sys/mounts"]
        .map(|path| request(Operation::Read, path, &serde_json::Value::Null));
    // The library draws the keys of its own tables once for each thread.
    drop(HashMap::from([(1, 2)]));

    take_randomness_away();
    for request in refused {
        let path = request.path.to_string();
        let outcome = test.core.dispatch(request).await.into_result();
        assert!(matches!(outcome, Err(Error::Internal(_) | Error::Barrier(_))), "{path}: {outcome:?}");
    }
    let [kept, fresh, mounts] = reads;
    let kept = data(&test.core.dispatch(kept).await.into_result().unwrap());
    assert_eq!((&kept["data"]["a"], &kept["metadata"]["version"]), (&json!("b"), &json!(1)));
    assert!(test.core.dispatch(fresh).await.into_result().is_err());
    assert_eq!(data(&test.core.dispatch(mounts).await.into_result().unwrap()).get("fresh/"), None);
}
