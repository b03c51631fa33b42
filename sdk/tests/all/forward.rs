//! What stands between a client and a server: proxies of ours, and pages of others'.

use bytes::Bytes;
use http::Request;
use serde_json::json;
use strongroom_sdk::Kind;

use crate::{
    script::{Reply, Script},
    server::{ROOT, Real},
};

#[tokio::test]
async fn a_request_is_passed_on_as_it_is() {
    let real = Real::start().await;
    let pass = async |token: Option<&str>, path: &str, body: &str| {
        let mut request = Request::put(format!("http://elsewhere{path}")).header("host", "elsewhere");
        if let Some(token) = token {
            request = request.header("x-vault-token", token);
        }
        let request = request.body(Bytes::from(body.to_owned())).unwrap();
        // The client's own token is none of the request's.
        let answer = real.root().forward(request).await.unwrap();
        (answer.status().as_u16(), answer.headers().contains_key("content-type"))
    };
    let body = r#"{"data":{"a":"b"}}"#;
    assert_eq!(pass(None, "/v1/secret/data/db", body).await, (403, true));
    assert_eq!(pass(Some(ROOT), "/v1/secret/data/db", body).await, (200, true));
    assert_eq!(pass(Some(ROOT), "/v1/sys/nothing", "").await.0, 404);
    assert!(real.root().kv("secret").get("db").await.unwrap().field("a").is_some());
}

/// A load balancer without a server behind it, a firewall: their 403 and 404 are no word on a secret.
#[tokio::test]
async fn a_page_of_something_else_is_no_refusal() {
    for (status, body, kind) in [
        (404, json!({ "errors": [] }), Kind::NotFound),
        (403, json!({ "errors": ["permission denied"] }), Kind::Denied),
        (404, json!("not found"), Kind::Unreachable),
        (403, json!({ "message": "blocked" }), Kind::Unreachable),
    ] {
        let script = Script::start(move |_, _| Some(Reply::new(status, body.clone()))).await;
        let error = script.client().kv("secret").get("db").await.unwrap_err();
        assert_eq!(error.kind(), kind, "{status}: {error}");
    }
}
