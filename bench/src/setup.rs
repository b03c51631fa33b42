//! Makes two servers alike: the same mounts, policy, tokens and secrets.

use std::{thread::sleep, time::Duration};

use serde_json::{Value, json};

use crate::{
    Failure,
    workload::{KEYS, Tokens, secret},
};

const POLICY: &str = r#"
path "secret/data/bench/*"     { capabilities = ["create", "read", "update"] }
path "secret/metadata/bench/*" { capabilities = ["list", "read"] }
path "secret/data/other/*"     { capabilities = ["read"] }
path "auth/token/lookup-self"  { capabilities = ["read"] }
"#;

/// Initialises and unseals the server at `url`, and fills it.
pub fn prepare(url: &str) -> Result<Tokens, Failure> {
    let init = put(url, "sys/init", "", &json!({ "secret_shares": 1, "secret_threshold": 1 }))?;
    let share = text(&init, "/keys_base64/0")?;
    let root = text(&init, "/root_token")?;
    put(url, "sys/unseal", "", &json!({ "key": share }))?;
    wait_until_active(url)?;

    if get_text(&format!("{url}/v1/sys/mounts/secret"), &root).is_err() {
        let mount = json!({ "type": "kv", "options": { "version": "2" } });
        put(url, "sys/mounts/secret", &root, &mount)?;
    }
    put(url, "sys/policies/acl/bench", &root, &json!({ "policy": POLICY }))?;
    let token = json!({ "policies": ["bench"], "ttl": "24h" });
    let reader = text(&put(url, "auth/token/create", &root, &token)?, "/auth/client_token")?;
    for key in 0..KEYS {
        retry(|| put(url, &format!("secret/data/bench/{key}"), &root, &secret()))?;
    }
    let approle = prepare_approle(url, &root).ok();
    Ok(Tokens { root, reader, approle })
}

/// A role to log in with: the body of its login.
fn prepare_approle(url: &str, root: &str) -> Result<String, Failure> {
    put(url, "sys/auth/approle", root, &json!({ "type": "approle" }))?;
    let role = json!({ "token_policies": ["bench"], "token_ttl": "1h", "secret_id_num_uses": 0 });
    put(url, "auth/approle/role/bench", root, &role)?;
    let role_id: Value =
        serde_json::from_str(&get_text(&format!("{url}/v1/auth/approle/role/bench/role-id"), root)?)?;
    let secret_id = put(url, "auth/approle/role/bench/secret-id", root, &json!({}))?;
    let login = json!({
        "role_id": text(&role_id, "/data/role_id")?,
        "secret_id": text(&secret_id, "/data/secret_id")?,
    });
    Ok(login.to_string())
}

/// A fresh KV v2 mount and a fresh leader take a moment with some servers.
fn retry<T>(mut attempt: impl FnMut() -> Result<T, Failure>) -> Result<T, Failure> {
    for _ in 0..50 {
        if let Ok(done) = attempt() {
            return Ok(done);
        }
        sleep(Duration::from_millis(100));
    }
    attempt()
}

fn wait_until_active(url: &str) -> Result<(), Failure> {
    retry(|| get_text(&format!("{url}/v1/sys/health"), "")).map(|_| ())
}

pub fn put(url: &str, path: &str, token: &str, body: &Value) -> Result<Value, Failure> {
    let request = ureq::put(format!("{url}/v1/{path}")).header("X-Vault-Token", token);
    let mut answer = request.send_json(body).map_err(|error| format!("{path}: {error}"))?;
    let text = answer.body_mut().read_to_string()?;
    Ok(if text.is_empty() { Value::Null } else { serde_json::from_str(&text)? })
}

pub fn get_text(url: &str, token: &str) -> Result<String, Failure> {
    let answer = ureq::get(url).header("X-Vault-Token", token).call();
    Ok(answer.map_err(|error| format!("{url}: {error}"))?.body_mut().read_to_string()?)
}

fn text(value: &Value, pointer: &str) -> Result<String, Failure> {
    let found = value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    found.ok_or_else(|| format!("no {pointer} in an answer").into())
}
