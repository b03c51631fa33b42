//! The audit log as somebody sees it who reads the lines.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use serde_json::{Value, json};
use strongroom_core::{
    Core, Error, Settings,
    audit::{DeviceConfig, SinkConfig},
    crypto::SecretBytes,
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
        assert_eq!(record["auth"]["display_name"], "token");
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

/// A whole day of requests with planted values in each kind of field, and none of them in the lines.
// Rule 96, rule 36
#[tokio::test]
async fn secrets_logins_and_tokens_leave_no_trace_of_what_they_hold() {
    let test = in_memory().await;
    test.write("secret/data/app", json!({ "data": { "password": "CANARY-kv", "list": ["CANARY-list"] } }))
        .await
        .unwrap();
    test.read("secret/data/app").await.unwrap();
    let patch = json!({ "data": { "password": "CANARY-patched" } });
    test.ask(Ask { body: patch, ..Ask::new(Operation::Patch, "secret/data/app") }).await.unwrap();
    let made =
        test.write("auth/token/create", json!({ "policies": ["default"], "ttl": "1h" })).await.unwrap();
    let auth = made.auth.unwrap();
    let token = auth.client_token.expose_str().unwrap().to_owned();
    test.as_token(&token, Operation::Read, "auth/token/lookup-self", Value::Null).await.unwrap();
    let _ = test.as_token(&token, Operation::Read, "secret/data/app", Value::Null).await;
    test.write("auth/token/lookup-accessor", json!({ "accessor": auth.accessor })).await.unwrap();
    test.write("auth/token/revoke", json!({ "token": token })).await.unwrap();
    let _ = test.as_token(&token, Operation::Read, "auth/token/lookup-self", Value::Null).await;

    let lines = lines(&test).await;
    assert!(lines.len() > 16);
    for canary in ["CANARY", &token, &auth.accessor, ROOT] {
        assert!(!lines.iter().any(|it| it.contains(canary)), "{canary}");
    }
    let records = records(&test).await;
    let of = |id: usize| records[id]["request"]["client_token"].as_str().unwrap().to_owned();
    // The same token is the same MAC, so that somebody's requests can be followed.
    assert_eq!(of(0), of(1));
    let ring = |it: &str| json!({ "input": it });
    let hash = test.write("sys/audit-hash/ring", ring(ROOT)).await.unwrap();
    assert_eq!(data(&hash)["hash"], of(0));
    let hash = test.write("sys/audit-hash/ring", ring("CANARY-kv")).await.unwrap();
    assert_eq!(data(&hash)["hash"], records[0]["request"]["data"]["data"]["password"]);
    assert_eq!(data(&hash)["hash"], records[3]["response"]["data"]["data"]["password"]);
}

#[tokio::test]
async fn a_first_write_is_a_creation_and_a_second_an_update() {
    let test = in_memory().await;
    for _ in 0..2 {
        test.write("secret/data/app", json!({ "data": { "a": "b" } })).await.unwrap();
    }
    let operations: Vec<_> =
        records(&test).await.iter().map(|it| it["request"]["operation"].clone()).collect();
    assert_eq!(operations, ["create", "create", "update", "update"]);
}

#[tokio::test]
async fn a_mount_names_fields_that_stay_clear() {
    let test = in_memory().await;
    let tune = json!({ "audit_non_hmac_request_keys": ["user"], "audit_non_hmac_response_keys": ["user", "version"] });
    test.write("sys/mounts/secret/tune", tune).await.unwrap();
    test.write("secret/data/app", json!({ "data": { "user": "ann", "password": "CANARY" } })).await.unwrap();
    test.read("secret/data/app").await.unwrap();
    let records = records(&test).await;
    assert_eq!(records[2]["request"]["data"]["data"]["user"], "ann");
    assert_eq!(records.last().unwrap()["response"]["data"]["data"]["user"], "ann");
    assert!(!records.iter().any(|it| it.to_string().contains("CANARY")));
}

async fn by_api(folders: Vec<std::path::PathBuf>) -> TestCore {
    let settings = Settings {
        audit: vec![DeviceConfig::memory("ring")],
        audit_by_api: true,
        audit_folders: folders,
        ..Settings::default()
    };
    TestCore::over(Arc::new(Memory::new()), settings).await
}

// Rule 95
#[tokio::test]
async fn devices_are_made_over_the_api_only_where_the_configuration_lets_them() {
    let dir = tempfile::tempdir().unwrap();
    let file = |it: &Path| json!({ "type": "file", "options": { "file_path": it } });
    let allowed = dir.path().join("allowed");
    std::fs::create_dir(&allowed).unwrap();
    std::os::unix::fs::symlink(dir.path(), allowed.join("out")).unwrap();

    let closed = in_memory().await;
    assert!(closed.write("sys/audit/a", file(Path::new("/dev/null"))).await.is_err());

    let test = by_api(vec![allowed.clone()]).await;
    let escapes = [
        dir.path().join("audit.log"),
        allowed.join("../audit.log"),
        allowed.join("out/audit.log"),
        "relative/audit.log".into(),
        "stdout".into(),
        "/dev/stderr".into(),
    ];
    for path in &escapes {
        assert!(test.write("sys/audit/a", file(path)).await.is_err(), "{}", path.display());
    }
    let path = allowed.join("deep/audit.log");
    test.write("sys/audit/a", file(&path)).await.unwrap();
    test.write("sys/audit/b", file(Path::new("/dev/null"))).await.unwrap();
    assert!(test.write("sys/audit/a", file(&path)).await.is_err(), "it is taken");
    let listed = data(&test.read("sys/audit").await.unwrap());
    assert_eq!(listed["a/"]["type"], "file");
    assert_eq!(listed["a/"]["options"]["file_path"], path.to_str().unwrap());
    // One acceptance is enough for an answer: of two devices, the other may still be writing.
    for _ in 0..500 {
        if file_lines(&path).len() >= 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(file_lines(&path).len() >= 3);

    // They are there again after a restart, with the same MAC key.
    let hash = json!({ "input": "x" });
    let before = data(&test.write("sys/audit-hash/a", hash.clone()).await.unwrap());
    test.write("sys/seal", Value::Null).await.unwrap();
    test.unseal().await;
    assert_eq!(data(&test.write("sys/audit-hash/a", hash.clone()).await.unwrap()), before);
    // Rule 98: and each device has its own.
    assert_ne!(data(&test.write("sys/audit-hash/b", hash.clone()).await.unwrap()), before);

    test.delete("sys/audit/a").await.unwrap();
    assert!(data(&test.read("sys/audit").await.unwrap()).get("a/").is_none());
    test.write("sys/audit/a", file(&path)).await.unwrap();
    assert_ne!(data(&test.write("sys/audit-hash/a", hash).await.unwrap()), before);
    assert!(test.delete("sys/audit/ring").await.is_err(), "it stands in the configuration file");
}

// Rule 98
#[tokio::test]
async fn whoever_asks_for_hashes_needs_sudo_and_is_recorded() {
    let test = in_memory().await;
    let token = test.token_with("path \"sys/audit*\" { capabilities = [\"read\", \"update\"] }").await;
    let input = json!({ "input": "x" });
    let refused = test.as_token(&token, Operation::Write, "sys/audit-hash/ring", input).await;
    assert!(matches!(refused, Err(Error::Denied)));
    assert!(matches!(
        test.as_token(&token, Operation::Read, "sys/audit", Value::Null).await,
        Err(Error::Denied)
    ));
    assert!(test.as_token(&token, Operation::Read, "sys/audit-key", Value::Null).await.is_ok());
    let last = records(&test).await;
    let last = last.iter().rfind(|it| it["request"]["path"] == "sys/audit-hash/ring").unwrap();
    assert_eq!(last["auth"]["policy_results"]["allowed"], false);
}

// Rule 93
#[tokio::test]
async fn a_disk_that_has_room_again_is_written_to_again() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("target");
    std::os::unix::fs::symlink("/dev/full", &target).unwrap();
    let device = DeviceConfig::new("file", SinkConfig::Unchecked { path: target.clone() });
    let test = with(vec![device]).await;
    assert!(matches!(test.write("secret/data/app", json!({ "data": {} })).await, Err(Error::Audit)));
    // The disk has room again: a new file stands where the full one was.
    std::fs::remove_file(&target).unwrap();
    std::fs::write(&target, "").unwrap();
    test.write("secret/data/app", json!({ "data": { "a": 1 } })).await.unwrap();
    let lines = file_lines(&target);
    let created = lines.iter().find(|it| it["request"]["path"] == "secret/data/app").unwrap();
    assert_eq!(created["request"]["operation"], "create", "nothing was done without a record");
}

/// The same store in a process of its own, with other devices.
async fn restarted(test: &TestCore, devices: Vec<DeviceConfig>) -> TestCore {
    test.core.seal_now();
    let settings = Settings { audit: devices, ..Settings::default() };
    let core = Core::new(test.core.storage().clone(), test.clock.clone(), settings);
    let shares = test.shares.iter().map(|it| SecretBytes::copy_of(it.expose())).collect();
    let test = TestCore { core: Arc::new(core), clock: test.clock.clone(), shares };
    test.unseal().await;
    test
}

// Rules 42 and 93: a use is taken off before the handler runs, and after the request is on record.
#[tokio::test]
async fn nothing_is_taken_or_counted_without_a_record() {
    let test = in_memory().await;
    let body = json!({ "num_uses": 3, "policies": ["root"] });
    let token = test.write("auth/token/create", body).await.unwrap().auth.unwrap().client_token;
    let token = token.expose_str().unwrap();
    test.write("sys/auth/userpass", json!({ "type": "userpass" })).await.unwrap();
    test.write("auth/userpass/users/ann", json!({ "password": "right" })).await.unwrap();
    let guess = async |test: &TestCore, password: &str| {
        let path = "auth/userpass/login/ann";
        test.as_token("", Operation::Write, path, json!({ "password": password })).await
    };

    let full = SinkConfig::Unchecked { path: "/dev/full".into() };
    let test = restarted(&test, vec![DeviceConfig::new("full", full)]).await;
    for _ in 0..6 {
        let asked = test.as_token(token, Operation::Read, "sys/mounts", Value::Null).await;
        assert!(matches!(asked, Err(Error::Audit)));
        assert!(matches!(guess(&test, "wrong").await, Err(Error::Audit)));
    }

    let test = restarted(&test, vec![DeviceConfig::memory("ring")]).await;
    guess(&test, "right").await.unwrap();
    test.as_token(token, Operation::Read, "sys/mounts", Value::Null).await.unwrap();
    let lines = records(&test).await;
    let mine: Vec<&Value> = lines.iter().filter(|it| it["request"]["path"] == "sys/mounts").collect();
    let uses: Vec<&Value> = mine.iter().map(|it| &it["auth"]["remaining_uses"]).collect();
    assert_eq!(uses, [3, 2], "as the request came, and as it left");
}

// Rules 42 and 93: the use is gone whatever becomes of the request.
#[tokio::test]
async fn a_refused_request_takes_a_use() {
    let test = in_memory().await;
    let body = json!({ "num_uses": 2, "policies": ["default"] });
    let token = test.write("auth/token/create", body).await.unwrap().auth.unwrap().client_token;
    let ask =
        async |path| test.as_token(token.expose_str().unwrap(), Operation::Read, path, Value::Null).await;
    assert!(matches!(ask("sys/mounts").await, Err(Error::Denied)));
    ask("auth/token/lookup-self").await.unwrap();
    assert!(matches!(ask("auth/token/lookup-self").await, Err(Error::Denied)), "it was spent");
}

// Rule 93
#[tokio::test]
async fn an_answer_that_could_not_be_recorded_is_told_of_later() {
    use std::{io::Read as _, os::unix::fs::OpenOptionsExt as _};
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let nonblock = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap();
    let mut reader = std::fs::OpenOptions::new().read(true).custom_flags(nonblock).open(&pipe).unwrap();

    let sink = SinkConfig::Unchecked { path: pipe.clone() };
    let device = DeviceConfig { deadline: Duration::from_millis(300), ..DeviceConfig::new("pipe", sink) };
    let test = with(vec![device]).await;
    // A pipe holds 64 KiB: the request's line, but not the response's, which says the same again.
    let fields: serde_json::Map<String, Value> = (0..450).map(|it| (format!("f{it}"), json!("x"))).collect();
    let asked = test.write("secret/data/app", json!({ "data": fields })).await;
    assert!(matches!(asked, Err(Error::Audit)));

    let mut text = String::new();
    for _ in 0..500 {
        let mut bytes = [0; 65_536];
        match reader.read(&mut bytes) {
            Ok(count) => text.push_str(std::str::from_utf8(&bytes[..count]).unwrap()),
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock),
        }
        if text.contains("response_unrecorded") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let lines: Vec<Value> = text.lines().filter_map(|it| serde_json::from_str(it).ok()).collect();
    let request = lines.iter().find(|it| it["type"] == "request").unwrap();
    let late = lines.iter().find(|it| it["type"] == "response_unrecorded").unwrap();
    assert_eq!(late["request"]["id"], request["request"]["id"]);
}

// As in Vault: the lease's id in the clear, so that a lease can be followed, and nothing else of it. It shows
// no accessor in another dress.
#[tokio::test]
async fn a_leased_read_shows_its_lease() {
    let test = in_memory().await;
    test.write("secret/data/db", json!({ "data": { "v": "planted" } })).await.unwrap();
    let ask = Ask { lease_ttl: Some(Duration::from_secs(60)), ..Ask::new(Operation::Read, "secret/data/db") };
    let lease = test.ask(ask).await.unwrap().lease.unwrap();
    test.read("secret/data/db").await.unwrap();
    let records = records(&test).await;
    let response = |from_end: usize| records[records.len() - from_end]["response"].clone();
    assert_eq!(response(3)["secret"], json!({ "lease_id": lease.id }));
    assert!(response(1).get("secret").is_none());
    assert!(!lines(&test).await.join("").contains("planted"));
}
