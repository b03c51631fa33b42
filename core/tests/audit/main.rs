//! The audit log as somebody sees it who reads the lines.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use serde_json::{Value, json};
use strongroom_core::{
    Core, Error, Settings,
    audit::{DeviceConfig, SinkConfig},
    crypto::SecretBytes,
    request::{Operation, Peer},
    storage::Memory,
    testing::{Ask, ROOT, TestCore, data},
};

mod devices;
mod strangers;

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

/// The lines of a file as trees. What stands behind the last line end is not a line yet: its writer may
/// be in the middle of it.
fn file_lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(|it| serde_json::from_str(it).unwrap()).collect()
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

// Rules 96 and 101: whoever may tune a mount learns no credential by it.
#[tokio::test]
async fn credentials_do_not_pass_whatever_a_mount_lists() {
    let test = in_memory().await;
    for kind in ["userpass", "approle"] {
        test.write(&format!("sys/auth/{kind}"), json!({ "type": kind })).await.unwrap();
    }
    let names =
        ["token", "key", "password", "secret_id", "input", "otp", "id", "role_id", "random_bytes", "wrapped"];
    for path in ["auth/token", "sys", "auth/userpass", "auth/approle", "secret"] {
        let keys = json!({ "audit_non_hmac_request_keys": names, "audit_non_hmac_response_keys": names });
        test.write(&format!("sys/mounts/{path}/tune"), keys).await.unwrap();
    }
    let made = test.write("auth/token/create", json!({ "id": "CANARY-custom-id-of-a-token" })).await;
    let token = made.unwrap().auth.unwrap().client_token.expose_str().unwrap().to_owned();
    test.write("auth/token/lookup", json!({ "token": token })).await.unwrap();
    let _ = test.write("sys/generate-root/update", json!({ "key": "CANARY", "nonce": "n" })).await;
    let _ = test.write("sys/capabilities", json!({ "token": "CANARY", "paths": "a" })).await;
    test.write("auth/userpass/users/ann", json!({ "password": "CANARY-password" })).await.unwrap();
    test.write("auth/userpass/login/ann", json!({ "password": "CANARY-password" })).await.unwrap();
    test.write("auth/approle/role/r", json!({ "role_id": "role-in-clear" })).await.unwrap();
    let given = json!({ "secret_id": "CANARY-secret-id" });
    test.write("auth/approle/role/r/custom-secret-id", given.clone()).await.unwrap();
    test.write("auth/approle/role/r/secret-id/lookup", given).await.unwrap();
    test.write("sys/audit-hash/ring", json!({ "input": "CANARY" })).await.unwrap();
    let lines = lines(&test).await;
    assert!(lines.len() > 30);
    assert_eq!(lines.iter().find(|it| it.contains("CANARY")), None);
    // What is no credential passes, and so does what an owner's data is called.
    assert!(lines.iter().any(|it| it.contains("role-in-clear")));
    let data = json!({ "data": { "password": "in-clear" } });
    test.write("secret/data/x", data).await.unwrap();
    assert!(self::lines(&test).await.iter().any(|it| it.contains("in-clear\"")));
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

#[tokio::test]
async fn the_headers_that_were_asked_for_are_recorded() {
    let test = in_memory().await;
    let config = |name| format!("sys/config/auditing/request-headers/{name}");
    test.write(&config("X-Trace"), json!({ "hmac": false })).await.unwrap();
    test.write(&config("X-Caller"), json!({ "hmac": true })).await.unwrap();
    let headers = [("x-caller", "canary"), ("x-other", "canary"), ("x-trace", "a\"b"), ("x-trace", "c")];
    let ask = async || {
        let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        test.ask(Ask { headers, ..Ask::new(Operation::Read, "sys/mounts") }).await.unwrap();
        records(&test).await.pop().unwrap()["request"]["headers"].take()
    };
    let mut recorded = ask().await;
    let caller = recorded["x-caller"].take();
    assert_eq!(recorded, json!({ "x-caller": null, "x-trace": ["a\"b", "c"] }));
    let hash = data(&test.write("sys/audit-hash/ring", json!({ "input": "canary" })).await.unwrap());
    assert_eq!(caller, json!([hash["hash"]]));
    for name in ["X-Trace", "x-caller"] {
        test.delete(&config(name)).await.unwrap();
    }
    assert_eq!(ask().await, Value::Null);
    // Rule 96: a credential is never asked for.
    for name in ["X-Vault-Token", "Authorization", "Cookie"] {
        assert!(test.write(&config(name), json!({ "hmac": true })).await.is_err());
    }
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
