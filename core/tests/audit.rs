//! The audit log as somebody sees it who reads the lines.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use serde_json::{Value, json};
use strongroom_core::{
    Error, Settings,
    audit::{DeviceConfig, SinkConfig},
    request::Operation,
    storage::Memory,
    testing::{Ask, ROOT, TestCore, data},
};

async fn with(devices: Vec<DeviceConfig>) -> TestCore {
    TestCore::over(Arc::new(Memory::new()), Settings { audit: devices, ..Settings::default() }).await
}

async fn in_memory() -> TestCore {
    with(vec![DeviceConfig::memory("ring")]).await
}

async fn lines(test: &TestCore) -> Vec<String> {
    test.core.unsealed().unwrap().audit.memory().await.unwrap()
}

/// The lines of requests and responses, as trees.
async fn records(test: &TestCore) -> Vec<Value> {
    let lines = lines(test).await;
    let records = lines.iter().map(|it| serde_json::from_str::<Value>(it).unwrap());
    records.filter(|it| it["type"] == "request" || it["type"] == "response").collect()
}

fn file_lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|it| serde_json::from_str(it).unwrap()).collect()
}

#[tokio::test]
async fn a_request_leaves_two_lines_with_the_fields_that_pipelines_read() {
    let test = in_memory().await;
    let hash = test.write("sys/audit-hash/ring", json!({ "input": "hunter2" })).await.unwrap();
    let records = records(&test).await;
    assert_eq!(records.len(), 2);
    for (record, kind) in records.iter().zip(["request", "response"]) {
        assert_eq!(record["type"], kind);
        assert_eq!(record["time"], "2023-11-14T22:13:20Z");
        assert_eq!(record["request"]["operation"], "update");
        assert_eq!(record["request"]["path"], "sys/audit-hash/ring");
        assert_eq!(record["request"]["remote_address"], "127.0.0.1");
        assert_eq!(record["request"]["remote_port"], 40_000);
        assert_eq!(record["request"]["namespace"], json!({ "id": "root" }));
        assert_eq!(record["request"]["mount_point"], "sys/");
        assert_eq!(record["request"]["mount_class"], "secret");
        assert_eq!(record["request"]["data"]["input"], data(&hash)["hash"]);
        assert_eq!(record["auth"]["display_name"], "root");
        assert_eq!(record["auth"]["policies"], json!(["root"]));
        assert_eq!(record["auth"]["policy_results"]["allowed"], true);
        assert_eq!(
            record["auth"]["policy_results"]["granting_policies"],
            json!([{ "name": "root", "namespace_id": "root", "type": "acl" }])
        );
        let token = record["auth"]["client_token"].as_str().unwrap();
        assert!(token.starts_with("hmac-sha256:") && token.len() == 76);
        assert_eq!(record["request"]["client_token"], token);
    }
    assert_eq!(records[0]["request"]["id"], records[1]["request"]["id"]);
    assert!(records[0].get("response").is_none() && records[1]["response"]["data"]["hash"].is_string());
}

// Rule 100
#[tokio::test]
async fn refused_failed_and_anonymous_requests_are_recorded_and_three_are_not() {
    let test = in_memory().await;
    for path in ["sys/health", "sys/seal-status", "sys/leader"] {
        test.read(path).await.unwrap();
    }
    assert_eq!(records(&test).await.len(), 0);

    for token in ["", "hvs.nobody"] {
        let asked = test.ask(Ask { token, ..Ask::new(Operation::Read, "sys/audit") }).await;
        assert!(matches!(asked, Err(Error::Denied)));
    }
    test.read("none/x").await.unwrap_err();
    let records = records(&test).await;
    assert_eq!(records.len(), 6);
    assert_eq!(records[1]["error"], "permission denied");
    assert_eq!(records[2]["error"], "permission denied");
    assert!(records[2]["request"]["client_token"].as_str().unwrap().starts_with("hmac-sha256:"));
    assert_eq!(records[5]["error"], "not found");
    assert!(records[5]["response"]["data"]["error"].as_str().unwrap().starts_with("hmac-sha256:"));
}

#[tokio::test]
async fn what_happened_while_sealed_is_recorded_afterwards() {
    let test = in_memory().await;
    test.write("sys/seal", Value::Null).await.unwrap();
    let wrong = test.write("sys/unseal", json!({ "key": "canary-share" })).await;
    assert!(wrong.is_err());
    let share = data_encoding::BASE64.encode(test.shares[0].expose());
    test.write("sys/unseal", json!({ "key": share })).await.unwrap();
    let lines = lines(&test).await;
    let late: Vec<Value> = lines.iter().map(|it| serde_json::from_str(it).unwrap()).collect();
    let late: Vec<&Value> = late.iter().filter(|it| it["while_sealed"] == true).collect();
    assert_eq!(late.len(), 2, "{lines:?}");
    assert_eq!(late[0]["error"], "invalid request");
    assert_eq!(late[1]["request"]["path"], "sys/unseal");
    assert!(late[1].get("error").is_none());
    assert!(!lines.iter().any(|it| it.contains("canary") || it.contains(&share)));
}

// Rule 93
#[tokio::test]
async fn nothing_is_answered_if_no_device_takes_the_record() {
    let full = SinkConfig::Unchecked { path: "/dev/full".into() };
    let test = with(vec![DeviceConfig::new("full", full)]).await;
    assert!(matches!(test.read("sys/audit").await, Err(Error::Audit)));
    // What is exempt is answered.
    assert_eq!(test.read("sys/health").await.unwrap().status, Some(200));
    // A change is not made.
    assert!(matches!(test.write("sys/seal", Value::Null).await, Err(Error::Audit)));
    assert!(!test.core.is_sealed());
}

#[tokio::test]
async fn one_device_that_takes_it_is_enough() {
    let full = SinkConfig::Unchecked { path: "/dev/full".into() };
    let test = with(vec![DeviceConfig::new("full", full), DeviceConfig::memory("ring")]).await;
    assert!(test.read("sys/audit").await.is_ok());
    assert_eq!(records(&test).await.len(), 2);
}

// Rule 94
#[tokio::test]
async fn a_device_that_hangs_fails_and_the_rest_stays_responsive() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let hanging = |deadline| DeviceConfig {
        deadline,
        // Nobody reads it: opening it waits for ever.
        ..DeviceConfig::new("pipe", SinkConfig::Unchecked { path: pipe.clone() })
    };

    let test = with(vec![hanging(Duration::from_millis(100))]).await;
    assert!(matches!(test.read("sys/audit").await, Err(Error::Audit)));
    let begun = std::time::Instant::now();
    assert!(matches!(test.read("sys/audit").await, Err(Error::Audit)));
    assert!(begun.elapsed() < Duration::from_millis(80), "it is known to hang");

    let test = with(vec![hanging(Duration::from_secs(30)), DeviceConfig::memory("ring")]).await;
    let begun = std::time::Instant::now();
    assert!(test.read("sys/audit").await.is_ok());
    assert!(begun.elapsed() < Duration::from_secs(5));
    // Lets the threads end.
    let _reader = std::fs::File::open(&pipe).unwrap();
}

// Rule 96
#[tokio::test]
async fn no_planted_value_is_in_any_line() {
    let test = in_memory().await;
    let canary = |it: &str| format!("CANARY-{it}");
    let body = json!({
        "plain": canary("plain"),
        "nested": { "deep": [canary("array"), { "deeper": canary("deeper") }] },
        "escaped": "CANARY \"\\\u{1b}[2J\n",
        "number": 5,
    });
    let token = canary("token");
    for path in ["none/x", "sys/audit-hash/ring", "sys/audit/new", "auth/none/login"] {
        for token in [ROOT, &token] {
            for operation in [Operation::Write, Operation::Read, Operation::Delete, Operation::Patch] {
                let _ = test.ask(Ask { token, body: body.clone(), ..Ask::new(operation, path) }).await;
            }
        }
    }
    let accessor_path = format!("auth/token/lookup-accessor/{}", canary("accessor"));
    let token_path = format!("auth/token/lookup/hvs.{}0123456789", canary("token-in-path"));
    let _ = test.read(&accessor_path).await;
    let _ = test.read(&token_path).await;
    test.write("sys/audit-hash/ring", json!({ "input": canary("input") })).await.unwrap();

    let lines = lines(&test).await;
    assert!(lines.len() > 60);
    let leaks = |needle: &str| lines.iter().filter(|it| it.contains(needle)).count();
    assert_eq!((leaks("CANARY"), leaks(ROOT)), (0, 0));
    // The scanner finds what is there: names are clear.
    assert!(leaks("deeper") > 0 && leaks("\"number\":5") > 0);
    assert!(!lines.iter().any(|it| it.chars().any(char::is_control)));
}

#[tokio::test]
async fn a_file_is_a_chain_of_lines() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit/audit.log");
    let checkpoint_after = Duration::from_secs(3_600);
    let test = with(vec![DeviceConfig { checkpoint_after, ..DeviceConfig::file("file", &path) }]).await;
    for _ in 0..3 {
        test.read("sys/audit").await.unwrap();
    }
    let lines = file_lines(&path);
    assert_eq!(lines[0]["type"], "start");
    assert_eq!(lines[0]["previous"], "0".repeat(64));
    assert_eq!(lines.len(), 7);
    for (at, line) in lines.iter().enumerate() {
        assert_eq!(line["seq"], at + 1);
    }
}

#[tokio::test]
async fn many_at_once_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.log");
    let test = Arc::new(with(vec![DeviceConfig::file("file", &path)]).await);
    let tasks = (0..16).map(|_| {
        let test = test.clone();
        tokio::spawn(async move {
            for _ in 0..25 {
                test.read("sys/audit").await.unwrap();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let mut seen: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in file_lines(&path) {
        if let Some(id) = line["request"]["id"].as_str() {
            seen.entry(id.to_owned()).or_default().push(line["type"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(seen.len(), 400);
    assert!(seen.values().all(|it| it[..] == ["request", "response"]));
}
