//! What a KV request costs inside of the process: reads and writes a second through `Core::dispatch`, by an
//! ordinary token with a policy, over the storage in memory. One thread, so a second divided by it is the
//! cost of one request.
//!
//! `cargo run --profile fast --example kv_rate [SECONDS]`
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::panic,
    reason = "a measurement that goes wrong ends"
)]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use strongroom_core::{
    crypto::SecretBytes,
    ids::{NamespaceId, RequestId},
    request::{Body, Operation, Peer, PresentedToken, Request, RequestPath},
    secrets::testing,
    testing::{TestCore, data},
};

/// Secrets that are asked in turn.
const SECRETS: usize = 1000;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let seconds = std::env::args().nth(1).and_then(|it| it.parse().ok()).unwrap_or(2.0);
    let length = Duration::from_secs_f64(seconds);
    let test = TestCore::new().await;
    let text = r#"path "secret/data/team/*" { capabilities = ["create", "read", "update"] }
        path "secret/metadata/*" { capabilities = ["list"] }"#;
    testing::policy(&test.core, "team", text).await;
    let made = test.write("auth/token/create", json!({ "policies": ["team"] })).await.unwrap();
    let token = made.auth.unwrap().client_token;

    let fields = json!({ "data": { "username": "app", "password": "p".repeat(200), "port": 5432 } });
    let paths: Vec<String> = (0..SECRETS).map(|it| format!("secret/data/team/app-{it}")).collect();
    let body = serde_json::to_vec(&fields).unwrap();
    let request = |operation, path: &str, body: &[u8]| Request {
        id: RequestId::generate().unwrap(),
        operation,
        path: RequestPath::new(NamespaceId::ROOT, path).unwrap(),
        token: Some(PresentedToken::new(SecretBytes::copy_of(token.expose()))),
        body: Body::json(SecretBytes::copy_of(body)).unwrap(),
        peer: Peer::Address(([127, 0, 0, 1], 40_000).into()),
        wrap_ttl: None,
        lease_ttl: None,
        certificates: None,
        headers: Vec::new(),
        merge_patch: false,
        opened: Default::default(),
    };

    for (name, operation, body) in [
        ("insert", Operation::Write, body.as_slice()),
        ("overwrite", Operation::Write, body.as_slice()),
        ("read", Operation::Read, &[]),
        ("make the request only", Operation::Read, &[]),
    ] {
        let started = Instant::now();
        let mut count = 0_usize;
        while if name == "insert" { count < SECRETS } else { started.elapsed() < length } {
            for path in &paths {
                let request = request(operation, path, body);
                if name.starts_with("make") {
                    black_box(request);
                } else {
                    black_box(test.core.dispatch(request).await.into_result().unwrap());
                }
            }
            count += SECRETS;
        }
        let took = started.elapsed();
        let nanos = took.as_nanos() / u128::try_from(count).unwrap();
        println!("{name:>22}: {:>9.0}/s  {nanos:>6} ns", count as f64 / took.as_secs_f64());
    }
    let read = test.core.dispatch(request(Operation::Read, &paths[7], &[])).await.into_result().unwrap();
    assert_eq!(data(&read)["data"], fields["data"]);
    assert_ne!(data(&read)["metadata"]["version"], Value::Null);
}
