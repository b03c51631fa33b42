//! Makes two servers alike: the same mounts, policy, tokens and secrets.

use std::{thread::sleep, time::Duration};

use serde_json::{Value, json};

use crate::{
    Failure,
    load::{
        request::{Keys, Request},
        wrk,
    },
    server::Server,
};

/// What a server's clients present.
#[derive(Clone, Default)]
pub struct Tokens {
    pub root: String,
    pub reader: String,
    /// The bodies of logins.
    pub approle: String,
    pub jwt: String,
}

/// Secrets that reads are spread over.
pub const KEYS: u64 = 1_000;

/// Secrets of a size: the folder, the bytes of the value, and how many.
pub struct Size {
    pub folder: &'static str,
    pub bytes: usize,
    pub keys: u64,
}

pub const SIZES: [Size; 3] = [
    Size { folder: "bench", bytes: 100, keys: KEYS },
    Size { folder: "kb10", bytes: 10_000, keys: 100 },
    // The most that both take: 960 KiB here, an entry of raft of 1 MiB there.
    Size { folder: "mb1", bytes: 980_000, keys: 10 },
];

const POLICY: &str = r#"
path "secret/data/*"           { capabilities = ["create", "read", "update"] }
path "secret/metadata/*"       { capabilities = ["list", "read"] }
path "secret/other/*"          { capabilities = ["read"] }
path "auth/token/lookup-self"  { capabilities = ["read"] }
path "auth/token/create"       { capabilities = ["update"] }
path "sys/leases/renew"        { capabilities = ["update"] }
"#;

/// The body of a write whose secret is so long.
pub fn secret(bytes: usize) -> String {
    let begin = "benchmark-value-with-some-length-to-it-";
    let filled: String = begin.chars().chain("0123456789".chars().cycle()).take(bytes).collect();
    let value = if bytes <= 100 { "benchmark-value-with-some-length-to-it-0123456789" } else { &filled };
    json!({ "data": { "username": "rails", "password": value } }).to_string()
}

/// Initialises and unseals the server at `url`, and fills it.
pub fn prepare(url: &str) -> Result<Tokens, Failure> {
    let init = put(url, "sys/init", "", &json!({ "secret_shares": 1, "secret_threshold": 1 }))?;
    let share = text(&init, "/keys_base64/0")?;
    let root = text(&init, "/root_token")?;
    put(url, "sys/unseal", "", &json!({ "key": share }))?;
    retry(|| get_text(&format!("{url}/v1/sys/health"), ""))?;

    if get_text(&format!("{url}/v1/sys/mounts/secret"), &root).is_err() {
        let mount = json!({ "type": "kv", "options": { "version": "2" } });
        put(url, "sys/mounts/secret", &root, &mount)?;
    }
    put(url, "sys/policies/acl/bench", &root, &json!({ "policy": POLICY }))?;
    let reader = token(url, &root, &["bench"])?;
    for size in &SIZES {
        let body: Value = serde_json::from_str(&secret(size.bytes))?;
        for key in 0..size.keys {
            retry(|| put(url, &format!("secret/data/{}/{key}", size.folder), &root, &body))?;
        }
    }
    let approle = prepare_approle(url, &root)?;
    let jwt = prepare_jwt(url, &root)?;
    Ok(Tokens { root, reader, approle, jwt })
}

/// A token with these policies, which outlives the run.
pub fn token(url: &str, root: &str, policies: &[&str]) -> Result<String, Failure> {
    let body = json!({ "policies": policies, "ttl": "240h" });
    text(&put(url, "auth/token/create", root, &body)?, "/auth/client_token")
}

/// A role to log in with: the body of its login.
fn prepare_approle(url: &str, root: &str) -> Result<String, Failure> {
    put(url, "sys/auth/approle", root, &json!({ "type": "approle" }))?;
    // A day: nothing expires while other things are measured.
    let role = json!({ "token_policies": ["bench"], "token_ttl": "24h", "secret_id_num_uses": 0 });
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

/// The same for a token that somebody else has signed, with RS256.
fn prepare_jwt(url: &str, root: &str) -> Result<String, Failure> {
    let tokens: Value = serde_json::from_str(include_str!("../../core/tests/jwt/tokens.json"))?;
    let signed = |field: &str| text(&tokens, &format!("/good/0/{field}"));
    put(url, "sys/auth/jwt", root, &json!({ "type": "jwt" }))?;
    put(url, "auth/jwt/config", root, &json!({ "jwt_validation_pubkeys": [signed("pem")?] }))?;
    let role = json!({
        "role_type": "jwt", "user_claim": "sub", "bound_audiences": ["vault"], "token_policies": ["bench"], "token_ttl": "24h",
    });
    put(url, "auth/jwt/role/bench", root, &role)?;
    Ok(json!({ "role": "bench", "jwt": signed("token")? }).to_string())
}

/// Sees to it that keys 0 to `keys` are there.
pub fn fill(server: &Server, keys: u64) -> Result<(), Failure> {
    let from = server.filled.get();
    if from >= keys {
        return Ok(());
    }
    fill_folder(server, "bench", from, keys)?;
    server.filled.set(keys);
    Ok(())
}

/// The same for any folder, from a key on. The first and the last ones are looked at.
pub fn fill_folder(server: &Server, folder: &str, from: u64, keys: u64) -> Result<(), Failure> {
    let path = format!("/v1/secret/data/{folder}/%d");
    let request = Request::post(path, &server.tokens.root, "created_time", secret(100)).over(Keys::One);
    wrk::fill(&server.url, request, from, keys)?;
    for key in std::iter::once(from).chain(keys.saturating_sub(64).max(from)..keys) {
        get_text(&format!("{}/v1/secret/data/{folder}/{key}", server.url), &server.tokens.root)?;
    }
    Ok(())
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

/// A read with a lease.
pub fn get_leased(url: &str, token: &str) -> Result<Value, Failure> {
    let request = ureq::get(url).header("X-Vault-Token", token).header("X-Strongroom-Lease", "24h");
    let answer = request.call().map_err(|error| format!("{url}: {error}"))?.body_mut().read_to_string()?;
    Ok(serde_json::from_str(&answer)?)
}

pub fn text(value: &Value, pointer: &str) -> Result<String, Failure> {
    let found = value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    found.ok_or_else(|| format!("no {pointer} in an answer").into())
}
