//! What every client of the API relies on.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

mod common;

use common::{ROOT, TestServer, read_reply};
use serde_json::json;
use strongroom_server::config::{Address, Listener};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

#[tokio::test]
async fn an_answer_has_the_whole_envelope_and_the_exact_content_type() {
    let server = TestServer::start().await;
    let reply = server.get("/v1/auth/token/lookup-self").await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let order =
        ["request_id", "lease_id", "renewable", "lease_duration", "data", "wrap_info", "warnings", "auth"];
    let places: Vec<usize> = order
        .iter()
        .map(|it| reply.body.find(&format!("\"{it}\":")).unwrap_or_else(|| panic!("{it}")))
        .collect();
    assert_eq!((places[0], places[1]), (1, places[1].max(places[0] + 1)));
    let json = reply.json();
    assert_eq!(json["data"]["path"], "auth/token/create");
    assert_eq!(
        (&json["lease_id"], &json["wrap_info"], &json["auth"]),
        (&json!(""), &json!(null), &json!(null))
    );
    server.stop().await;
}

#[tokio::test]
async fn refusals_have_one_shape() {
    let server = TestServer::start().await;
    for (method, path, headers, body, status, errors) in [
        ("GET", "/v1", "", "", 404, json!([])),
        ("GET", "/v2/sys/health", "", "", 404, json!([])),
        ("FROB", "/v1/x", "", "", 405, json!([])),
        ("TRACE", "/v1/x", "", "", 405, json!([])),
        ("PUT", "/v1/sys/health", "", "{}", 405, json!([])),
        ("OPTIONS", "/v1/x", "", "", 400, json!(["cannot handle internal-only request operation"])),
        ("GET", "/v1/x?list=maybe", "", "", 400, json!([])),
        ("GET", "/v1/a/%2e%2e/b", "", "", 400, json!(["relative paths not supported"])),
        ("GET", "/v1/x", "x-vault-namespace: other\r\n", "", 404, json!(["namespace not found"])),
        (
            "PATCH",
            "/v1/x",
            "content-type: application/json\r\n",
            "{}",
            415,
            json!(["PATCH requires Content-Type of application/merge-patch+json, provided application/json"]),
        ),
        (
            "GET",
            "/v1/x",
            "x-vault-wrap-ttl: soon\r\n",
            "",
            400,
            json!(["error parsing X-Vault-Wrap-TTL header: time: invalid duration"]),
        ),
        // Of a path that begins with two slashes nothing is ours.
        ("GET", "//v1/x", "", "", 404, json!([])),
    ] {
        let reply = server.ask(method, path, headers, body).await;
        assert_eq!((reply.status, &reply.json()["errors"]), (status, &errors), "{method} {path}");
        assert_eq!(reply.header("content-type"), Some("application/json"), "{method} {path}");
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{method} {path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn whoever_asks_for_a_lease_gets_one_or_no_answer() {
    let server = TestServer::start().await;
    let put = server.ask("PUT", "/v1/secret/data/db", "", r#"{"data":{"v":"x"}}"#).await;
    assert_eq!(put.status, 200, "{put:?}");
    let read = async |headers: &str| server.ask("GET", "/v1/secret/data/db", headers, "").await;
    let leased = read("x-strongroom-lease: 1h\r\n").await.json();
    assert!(leased["lease_id"].as_str().unwrap().starts_with("secret/data/db/"), "{leased}");
    assert_eq!((&leased["lease_duration"], &leased["renewable"]), (&json!(3600), &json!(true)));
    assert_eq!(leased["data"]["data"], json!({ "v": "x" }));
    for bad in ["soon", "", "0", "0s", "-1h", "10ms", "1h, 2h", "1h\r\nx-strongroom-lease: 1h", "\u{b9}h"] {
        let reply = read(&format!("x-strongroom-lease: {bad}\r\n")).await;
        assert_eq!(reply.status, 400, "{bad} {reply:?}");
        assert!(!reply.body.contains("\"v\""), "{bad} {reply:?}");
    }
    server.stop().await;
}

// Rule 108
#[tokio::test]
async fn no_answer_is_cached_sniffed_or_shared_with_another_origin() {
    let server = TestServer::start().await;
    for (method, path) in [
        ("GET", "/v1/auth/token/lookup-self"),
        ("GET", "/v1/sys/health"),
        ("GET", "/v1/none"),
        ("OPTIONS", "/v1/x"),
    ] {
        for headers in ["", "origin: https://elsewhere.example\r\n"] {
            let reply = server.ask(method, path, headers, "").await;
            assert_eq!(reply.header("cache-control"), Some("no-store"), "{method} {path} {headers}");
            assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{method} {path} {headers}");
            assert_eq!(reply.header("access-control-allow-origin"), None, "{method} {path} {headers}");
        }
    }
    server.stop().await;
}

// Rule 108
#[tokio::test]
async fn a_page_in_a_browser_reaches_the_server_only_by_its_own_name() {
    let server = TestServer::start().await;
    let ask = async |host: &str, origin: &str| {
        let token = format!("x-vault-token: {ROOT}\r\n");
        let head = format!("GET /v1/sys/mounts HTTP/1.1\r\n{host}{origin}{token}\r\n");
        server.raw(head).await.status
    };
    let page = "origin: http://rebound.example:8200\r\n";
    assert_eq!(ask("host: rebound.example:8200\r\n", page).await, 403);
    assert_eq!(ask("", page).await, 403);
    assert_eq!(ask("host: 127.0.0.1:8200\r\n", page).await, 403);
    assert_eq!(ask("host: 127.0.0.1:8200\r\n", "origin: null\r\n").await, 403);
    assert_eq!(ask("host: 127.0.0.1:8200\r\n", "origin: http://127.0.0.1:8200\r\n").await, 200);
    assert_eq!(ask("host: localhost\r\n", "origin: http://localhost\r\n").await, 200);
    assert_eq!(ask("host: rebound.example:8200\r\n", "").await, 200);
    server.stop().await;
}

// Rule 46
#[tokio::test]
async fn a_raw_dot_segment_is_redirected_before_anything_is_done() {
    let server = TestServer::start().await;
    for (path, target) in [
        ("/v1/secret//a", "/v1/secret/a"),
        ("/v1/secret/../sys/seal", "/v1/sys/seal"),
        ("/v1/./a?x=%31", "/v1/a?x=%31"),
        ("/v1/../v1/a", "/v1/a"),
    ] {
        let reply = server.raw(format!("PUT {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")).await;
        assert_eq!((reply.status, reply.header("location")), (307, Some(target)), "{path}");
    }
    assert!(!server.core.is_sealed());
    server.stop().await;
}

// Rule 35
#[tokio::test]
async fn a_token_comes_in_one_of_two_headers_and_says_one_thing() {
    let server = TestServer::start().await;
    let ask = async |headers: &str| {
        let request = format!("GET /v1/auth/token/lookup-self HTTP/1.1\r\nhost: x\r\n{headers}\r\n");
        server.raw(request).await.status
    };
    assert_eq!(ask("").await, 403);
    assert_eq!(ask(&format!("X-Vault-Token: {ROOT}\r\n")).await, 200);
    assert_eq!(ask(&format!("Authorization: Bearer {ROOT}\r\n")).await, 200);
    assert_eq!(ask(&format!("Authorization: bearer {ROOT}\r\n")).await, 403);
    assert_eq!(ask(&format!("X-Vault-Token: {ROOT}\r\nAuthorization: Bearer wrong\r\n")).await, 200);
    assert_eq!(ask(&format!("X-Vault-Token: wrong\r\nAuthorization: Bearer {ROOT}\r\n")).await, 403);
    assert_eq!(ask(&format!("X-Vault-Token: {ROOT}\r\nX-Vault-Token: {ROOT}\r\n")).await, 200);
    assert_eq!(ask(&format!("X-Vault-Token: {ROOT}\r\nX-Vault-Token: other\r\n")).await, 400);
    assert_eq!(ask(&format!("Cookie: token={ROOT}\r\n")).await, 403);
    let query = format!("GET /v1/auth/token/lookup-self?token={ROOT} HTTP/1.1\r\nhost: x\r\n\r\n");
    assert_eq!(server.raw(query).await.status, 403);
    server.stop().await;
}

// Rule 50
#[tokio::test]
async fn no_header_changes_the_method() {
    let server = TestServer::start().await;
    let reply = server.ask("POST", "/v1/sys/health", "x-http-method-override: GET\r\n", "").await;
    assert_eq!(reply.status, 405);
    server.stop().await;
}

#[tokio::test]
async fn head_answers_as_get_without_a_body() {
    let server = TestServer::start().await;
    let mut stream = server.connect().await;
    stream.write_all(b"HEAD /v1/sys/health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut all = String::new();
    stream.read_to_string(&mut all).await.unwrap();
    assert!(all.starts_with("HTTP/1.1 200"), "{all}");
    assert!(all.ends_with("\r\n\r\n"), "{all}");
    server.stop().await;
}

#[tokio::test]
async fn one_connection_serves_many_requests_also_in_advance() {
    let server = TestServer::start().await;
    let mut stream = server.connect().await;
    let one = "GET /v1/sys/seal-status HTTP/1.1\r\nhost: x\r\n\r\n";
    stream.write_all(format!("{one}{one}").as_bytes()).await.unwrap();
    stream.write_all(one.as_bytes()).await.unwrap();
    let mut answers = 0;
    let mut seen = Vec::new();
    while answers < 3 {
        let mut chunk = [0; 4096];
        let read = stream.read(&mut chunk).await.unwrap();
        assert_ne!(read, 0);
        seen.extend_from_slice(&chunk[..read]);
        answers = String::from_utf8_lossy(&seen).matches("HTTP/1.1 200").count();
    }
    server.stop().await;
}

#[tokio::test]
async fn the_unix_socket_serves_the_same_and_is_its_owners() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.sock");
    let listener = Listener {
        address: Address::Unix { path: path.clone(), mode: 0o600 },
        limits: Default::default(),
        forwarded: None,
        opened: Default::default(),
    };
    let server = TestServer::with(common::Options { also: vec![listener], ..Default::default() }).await;
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let mut stream = tokio::net::UnixStream::connect(&path).await.unwrap();
    stream.write_all(b"GET /v1/sys/health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut all = String::new();
    stream.read_to_string(&mut all).await.unwrap();
    assert!(all.starts_with("HTTP/1.1 200"), "{all}");
    server.stop().await;
    assert!(!path.exists());
}

#[tokio::test]
async fn a_server_that_ends_lets_the_request_under_way_finish_and_seals() {
    let server = TestServer::start().await;
    let (mut busy, mut idle) = (server.connect().await, server.connect().await);
    idle.write_all(b"GET /v1/sys/health HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert_eq!(read_reply(&mut idle).await.status, 200);
    let head = format!(
        "PUT /v1/sys/tools/nothing HTTP/1.1\r\nhost: x\r\nx-vault-token: {ROOT}\r\ncontent-length: 2\r\n\r\n{{"
    );
    busy.write_all(head.as_bytes()).await.unwrap();
    // The head has arrived once a second connection has been answered after it.
    let health = server.get("/v1/sys/health").await;
    assert_eq!(health.status, 200);
    let core = server.core.clone();
    let ending = server.begin_stop();
    assert!(common::is_closed(&mut idle).await);
    busy.write_all(b"}").await.unwrap();
    assert_ne!(read_reply(&mut busy).await.status, 0);
    ending.await.unwrap().unwrap();
    assert!(core.is_sealed());
}
