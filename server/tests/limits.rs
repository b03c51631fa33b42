//! What a peer without a token can make the server do: little, and not for long.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::time::Duration;

use common::{Options, ROOT, TestServer, is_closed, read_reply};
use strongroom_server::{Caps, http::Limits};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

fn short() -> Limits {
    Limits {
        max_body: 1000,
        head_deadline: Duration::from_secs(1),
        body_deadline: Duration::from_secs(1),
        ..Limits::default()
    }
}

// Rule 106
#[tokio::test]
async fn a_request_with_two_lengths_is_refused_and_the_connection_closed() {
    let server = TestServer::start().await;
    let head = format!("POST /v1/sys/tools/hash HTTP/1.1\r\nhost: x\r\nx-vault-token: {ROOT}\r\n");
    let smuggled = "0\r\n\r\nGET /v1/sys/health HTTP/1.1\r\nhost: x\r\n\r\n";
    for lengths in [
        "content-length: 5\r\ntransfer-encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "content-length: 5\r\ncontent-length: 6\r\n",
        "content-length: 5\r\ncontent-length: 5\r\n",
        "content-length: 5, 6\r\n",
        "content-length: +5\r\n",
        "transfer-encoding: identity\r\n",
        "transfer-encoding: chunked, gzip\r\n",
    ] {
        let mut stream = server.connect().await;
        stream.write_all(format!("{head}{lengths}\r\n{smuggled}").as_bytes()).await.unwrap();
        assert_eq!(read_reply(&mut stream).await.status, 400, "{lengths}");
        assert!(is_closed(&mut stream).await, "{lengths}");
    }
    server.stop().await;
}

// Rule 106
#[tokio::test]
async fn a_chunked_body_alone_is_taken() {
    let server = TestServer::start().await;
    let head = format!("PUT /v1/auth/token/lookup-self HTTP/1.1\r\nhost: x\r\nx-vault-token: {ROOT}\r\n");
    let reply = server.raw(format!("{head}transfer-encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n")).await;
    assert!(!matches!(reply.status, 0 | 400), "{reply:?}");
    server.stop().await;
}

// Rule 106
#[tokio::test]
async fn a_line_ends_in_one_way_also_in_a_request_sent_in_advance() {
    let server = TestServer::start().await;
    let (good, bare) =
        ("GET /v1/sys/health HTTP/1.1\r\nhost: x\r\n\r\n", "GET /v1/sys/health HTTP/1.1\nhost: x\n\n");
    let mut stream = server.connect().await;
    stream.write_all(bare.as_bytes()).await.unwrap();
    assert_eq!(read_reply(&mut stream).await.status, 400);
    assert!(is_closed(&mut stream).await);
    let mut stream = server.connect().await;
    stream.write_all(format!("{good}{bare}").as_bytes()).await.unwrap();
    let mut all = String::new();
    // The connection ends here, or this would wait for good.
    stream.read_to_string(&mut all).await.unwrap();
    let statuses: Vec<_> = all.match_indices("HTTP/1.1 ").map(|(at, _)| &all[at + 9..at + 12]).collect();
    assert_eq!(statuses, ["200", "400"]);
    server.stop().await;
}

// Rule 106
#[tokio::test]
async fn folded_and_malformed_heads_are_refused() {
    let server = TestServer::start().await;
    for head in [
        "GET /v1/sys/health HTTP/1.1\r\nhost: x\r\nx-a: b\r\n c\r\n\r\n",
        "GET /v1/sys/health HTTP/1.1\r\nhost : x\r\n\r\n",
        "GET /v1/sys/health HTTP/1.1\r\nx\0y: z\r\n\r\n",
        "GET  /v1/sys/health HTTP/1.1\r\n\r\n",
        "GET /v1/sys/health HTTP/3.7\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\x7c\x03\x03\r\n\r\n",
    ] {
        let reply = server.raw(head).await;
        assert!(matches!(reply.status, 0 | 400), "{head:?} {reply:?}");
    }
    assert_eq!(server.get("/v1/sys/health").await.status, 200);
    server.stop().await;
}

// Rule 104
#[tokio::test]
async fn heads_are_bounded_in_bytes_and_fields() {
    let server = TestServer::start().await;
    let long = format!("GET /v1/sys/health HTTP/1.1\r\nhost: x\r\nx-a: {}\r\n\r\n", "a".repeat(17 << 10));
    assert_eq!(server.raw(long).await.status, 431);
    let many: String = (0..65).map(|it| format!("x-{it}: a\r\n")).collect();
    assert_eq!(server.raw(format!("GET /v1/sys/health HTTP/1.1\r\n{many}\r\n")).await.status, 431);
    let few: String = (0..60).map(|it| format!("x-{it}: a\r\n")).collect();
    assert_eq!(server.raw(format!("GET /v1/sys/health HTTP/1.1\r\n{few}\r\n")).await.status, 200);
    server.stop().await;
}

// Rule 103
#[tokio::test]
async fn a_body_over_the_limit_is_413_whether_it_is_announced_or_not() {
    let server = TestServer::with(Options { limits: short(), ..Options::default() }).await;
    let head = "POST /v1/sys/unseal HTTP/1.1\r\nhost: x\r\n";
    let announced = format!("{head}content-length: 1001\r\n\r\n");
    assert_eq!(server.raw(announced).await.status, 413);
    let chunk = format!("3e9\r\n{}\r\n0\r\n\r\n", "a".repeat(0x3e9));
    assert_eq!(server.raw(format!("{head}transfer-encoding: chunked\r\n\r\n{chunk}")).await.status, 413);
    server.stop().await;
}

// Rules 103, 104
#[tokio::test]
async fn only_who_has_a_token_may_send_a_long_body() {
    let server = TestServer::start().await;
    let body = format!("{{\"input\":\"{}\"}}", "a".repeat(Limits::STRANGERS_BODY));
    let ask = async |token: &str, framing: &str, body: &str| {
        let mut stream = server.connect().await;
        let head =
            format!("POST /v1/sys/tools/hash HTTP/1.1\r\nhost: x\r\nx-vault-token: {token}\r\n{framing}\r\n");
        // Whoever is refused may find the connection closed while still sending.
        let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
        read_reply(&mut stream).await.status
    };
    let length = format!("content-length: {}\r\n", body.len());
    let chunked = "transfer-encoding: chunked\r\n";
    let chunks = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    for stranger in ["", "wrong", "hvs.AAAA"] {
        assert_eq!(ask(stranger, &length, "").await, 413, "{stranger}");
        assert!(matches!(ask(stranger, chunked, &chunks).await, 413 | 0), "{stranger}");
    }
    // It is read whole, and then too long for a value.
    assert!(!matches!(ask(ROOT, &length, &body).await, 413 | 0));
    assert!(!matches!(ask(ROOT, chunked, &chunks).await, 413 | 0));
    server.core.seal_now();
    assert_eq!(ask(ROOT, &length, "").await, 413);
    server.stop().await;
}

// Rule 105
#[tokio::test]
async fn nothing_is_unpacked() {
    let server = TestServer::start().await;
    let reply = server.ask("POST", "/v1/sys/tools/hash", "content-encoding: gzip\r\n", "{}").await;
    assert_eq!(reply.status, 415);
    server.stop().await;
}

// Rule 104
#[tokio::test]
async fn a_head_that_trickles_and_a_connection_that_says_nothing_are_closed() {
    let server = TestServer::with(Options { limits: short(), ..Options::default() }).await;
    let (mut silent, mut slow) = (server.connect().await, server.connect().await);
    slow.write_all(b"GET /v1/sys/health HTTP/1.1\r\nx").await.unwrap();
    assert!(is_closed(&mut slow).await);
    assert!(is_closed(&mut silent).await);
    server.stop().await;
}

// Rule 104
#[tokio::test]
async fn a_body_that_trickles_is_given_up() {
    let server = TestServer::with(Options { limits: short(), ..Options::default() }).await;
    let reply = server.raw("POST /v1/sys/unseal HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{").await;
    assert_eq!(reply.status, 408);
    server.stop().await;
}

// Rule 104
#[tokio::test]
async fn a_peer_has_only_so_many_connections() {
    let caps = Caps { per_peer: 2, total: 100 };
    let server = TestServer::with(Options { caps, ..Options::default() }).await;
    let ask = b"GET /v1/sys/health HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = server.connect().await;
        stream.write_all(ask).await.unwrap();
        assert_eq!(read_reply(&mut stream).await.status, 200);
        held.push(stream);
    }
    let mut third = server.connect().await;
    assert!(is_closed(&mut third).await);
    drop(held);
    // The places are free once the server has seen the ends.
    let mut status = 0;
    for _ in 0..100 {
        status = server.raw(ask).await.status;
        if status == 200 {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(status, 200);
    server.stop().await;
}
