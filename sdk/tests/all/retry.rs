//! What is tried again, seen from the server.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use strongroom_sdk::{Client, Config, Kind};

use crate::script::{Reply, Script};

fn secret() -> Reply {
    let metadata = json!({ "version": 1, "created_time": "t", "deletion_time": "", "destroyed": false });
    Reply::ok(json!({ "data": { "data": { "password": "p" }, "metadata": metadata } }))
}

#[tokio::test]
async fn a_server_that_is_busy_twice_is_asked_a_third_time() {
    for status in [412, 429, 500, 502, 503] {
        let script = Script::start(move |earlier, _| {
            Some(if earlier < 2 {
                Reply::error(status, "later").header("retry-after", "0")
            } else {
                secret()
            })
        })
        .await;
        script.client().kv("secret").get("db").await.unwrap();
        assert_eq!(script.seen().len(), 3, "{status}");
    }
}

/// Behind these the write may have been carried out, or still be under way.
#[tokio::test]
async fn a_write_that_may_have_been_done_is_not_asked_for_twice() {
    for (status, asked) in [(500, 1), (502, 1), (504, 1), (412, 2), (429, 2), (503, 2)] {
        let script = Script::start(move |earlier, _| {
            Some(if earlier == 0 {
                Reply::error(status, "later").header("retry-after", "0")
            } else {
                Reply::ok(json!({ "data": { "version": 1, "created_time": "t", "deletion_time": "", "destroyed": false } }))
            })
        })
        .await;
        let done = script.client().kv("secret").put("db", &json!({ "a": "b" })).await;
        assert_eq!((script.seen().len(), done.is_ok()), (asked, asked == 2), "{status}");
    }
}

#[tokio::test]
async fn what_will_not_change_is_asked_once() {
    for status in [400, 403, 404, 405, 413, 501] {
        let script = Script::start(move |_, _| Some(Reply::error(status, "no"))).await;
        script.client().kv("secret").get("db").await.unwrap_err();
        assert_eq!(script.seen().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn attempts_end_and_the_last_refusal_is_the_error() {
    let script =
        Script::start(|_, _| Some(Reply::error(503, "Vault is sealed").header("retry-after", "0"))).await;
    let error = script.client().kv("secret").get("db").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Sealed);
    assert_eq!(script.seen().len(), 3);
}

#[tokio::test]
async fn a_server_says_how_long_to_wait() {
    let script = Script::start(|earlier, _| {
        Some(if earlier == 0 { Reply::error(429, "quota").header("retry-after", "1") } else { secret() })
    })
    .await;
    let began = Instant::now();
    script.client().kv("secret").get("db").await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_read_that_broke_off_is_sent_again_and_a_write_is_not() {
    let script = Script::start(|earlier, _| (earlier > 0).then(secret)).await;
    script.client().kv("secret").get("db").await.unwrap();
    assert_eq!(script.seen().len(), 2);

    let script = Script::start(|_, _| None).await;
    let error = script.client().kv("secret").put("db", &json!({ "password": "p" })).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable);
    assert_eq!(script.seen().len(), 1);
}

#[tokio::test]
async fn a_write_that_never_left_is_sent_again() {
    // Nobody listens yet: the port is taken again by the server that comes late.
    let free = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let config = Config { address: format!("http://{free}"), max_retries: 200, ..Config::default() };
    let client = Client::new(config).unwrap();
    let late = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let listener = tokio::net::TcpListener::bind(free).await.unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 4096]).await.unwrap();
        let body =
            json!({ "data": { "version": 1, "created_time": "t", "deletion_time": "", "destroyed": false } });
        let body = body.to_string();
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        tokio::io::AsyncWriteExt::write_all(&mut stream, answer.as_bytes()).await.unwrap();
        listener
    });
    let put = client.kv("secret").put("db", &json!({ "password": "p" })).await;
    assert_eq!(put.unwrap().version, 1);
    late.await.unwrap();
}

#[tokio::test]
async fn the_deadline_is_for_all_attempts_together() {
    let script = Script::start(|_, _| Some(Reply::error(503, "busy").header("retry-after", "20"))).await;
    let config = Config { deadline: Duration::from_secs(2), max_retries: 100, ..script.config() };
    let error = Client::new(config).unwrap().kv("secret").get("db").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    assert_eq!(script.seen().len(), 1, "a pause of 20 s does not fit into 2 s");
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_an_error_in_time() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let config = Config { address, timeout: Duration::from_millis(200), max_retries: 1, ..Config::default() };
    let error = Client::new(config).unwrap().kv("secret").get("db").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable);
    assert!(error.is_temporary());
}

// Rules 97, 101
#[tokio::test]
async fn no_error_tells_a_token_or_a_value() {
    let script =
        Script::start(|_, _| Some(Reply::ok(json!({ "data": { "data": 3, "password": "hunter2" } })))).await;
    let error = script.client().kv("secret").get("db").await.unwrap_err();
    let sent = script.client().kv("secret").put("db", &json!({ "password": "hunter2" })).await.unwrap_err();
    let unsendable = strongroom_sdk::SecretString::new("hvs.hunter2\n");
    let unsendable = script.client().with_token(Some(unsendable)).kv("secret").get("db").await.unwrap_err();
    for error in [error, sent, unsendable] {
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("hvs."), "{shown}");
    }
    assert_ne!(script.seen()[1].body, Value::Null);
}
