//! The acts, in their order.

use std::{
    collections::BTreeMap,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde::Deserialize;
use serde_json::{Value, json};
use strongroom_core::audit::Head;
use strongroom_sdk::{Client, Config, Error, Method, SecretString};

use super::{
    check,
    cure::{self, Cured, NAME, PASSWORD},
    ok,
    room::Room,
    server::Server,
    show, witness,
    workload::{self, Report},
};
use crate::failure::Failure;

/// Another job's secret, which the workload must not read.
const FOREIGN: &str = "billing/worker";

/// Everything, from nothing to the server's end.
pub(super) async fn all(room: &Room) -> Result<(), Failure> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::new(format!("this program is not to be found: {error}")))?;
    let (server, client) = open(room, &program).await?;
    let cured = cure::cure(room, &program, &server.address, &client).await?;
    cure::render(room, &program, &server.address, &cured)?;
    let credentials = grant(room, &client, &cured).await?;
    work(&program, &server.address, &credentials, &cured)?;
    refuse(&client, &server.address, &credentials).await?;
    let (public_key, head) = look_at_audit(room, &client, &cured).await?;
    search(room, &cured)?;
    if room.is_kept()
        && let Some(token) = client.token()
    {
        room.write("root.token", token.expose().as_bytes(), 0o600)?;
    }
    server.stop()?;
    let lines = witness::verified(&room.path("audit.log"), &public_key, head)?;
    ok(&format!("the audit log's chain of {lines} lines is whole; with one character changed it is not"))
}

/// A server with a store on disk, made and opened by a key file.
async fn open(room: &Room, program: &Path) -> Result<(Server, Client), Failure> {
    let mut key = [0; 32];
    rustix::rand::getrandom(&mut key, rustix::rand::GetRandomFlags::empty())
        .map_err(|error| Failure::new(format!("no random bytes: {error}")))?;
    let key = room.write("unseal.key", &key, 0o400)?;
    let (data, audit) = (room.path("data"), room.path("audit.log"));
    let quoted = |path: &Path| strongroom_hcl::quote(&path.to_string_lossy());
    let config = format!(
        "storage \"sqlite\" {{ path = {} }}\n\n\
         # Without TLS, because nothing leaves this machine. Port 0: one that is free.\n\
         listener \"tcp\" {{\n  address     = \"127.0.0.1:0\"\n  tls_disable = true\n}}\n\n\
         seal \"keyfile\" {{ path = {} }}\n\n\
         audit \"file\" \"main\" {{ options {{ file_path = {} }} }}\n",
        quoted(&data),
        quoted(&key),
        quoted(&audit),
    );
    let server = Server::start(program, &room.write("server.hcl", config.as_bytes(), 0o600)?)?;
    ok(&format!("a server of its own answers on {}", server.address))?;

    let client = Client::new(Config { address: server.address.clone(), ..Config::default() })?;
    #[derive(Deserialize)]
    struct Made {
        root_token: SecretString,
    }
    let body = json!({ "recovery_shares": 1, "recovery_threshold": 1 });
    let made: Made = client.call(Method::Put, "sys/init").anonymous().json(&body).send().await?.json()?;
    client.set_token(Some(made.root_token));
    let status: Value = client.call(Method::Get, "sys/seal-status").anonymous().send().await?.json()?;
    check(status.get("sealed") == Some(&Value::Bool(false)), "the store is sealed")?;
    ok("a store was made; a key file beside it opens it")?;
    Ok((server, client))
}

/// Files with the credentials of a role that may read one secret.
struct Credentials {
    role_id: PathBuf,
    secret_id: PathBuf,
}

async fn grant(room: &Room, client: &Client, cured: &Cured) -> Result<Credentials, Failure> {
    let policy: Value = client.call(Method::Get, format!("sys/policies/acl/{NAME}")).send().await?.data()?;
    let policy = policy.get("policy").and_then(Value::as_str).unwrap_or_default();
    let (path, ..) = cured.password()?;
    check(
        policy.contains(&format!("path \"secret/data/{path}\"")),
        "the policy has not the password's path",
    )?;
    check(!policy.contains('*'), "the policy has more than the job's paths")?;
    ok("the least policy, as the fix wrote it: the job's own paths, read only")?;
    show(policy)?;

    client.kv("secret").put(FOREIGN, &json!({ "token": "of another job" })).await?;
    client.call(Method::Put, "sys/auth/approle").json(&json!({ "type": "approle" })).send().await?;
    let role = json!({ "token_policies": [NAME], "token_ttl": "1m", "token_no_default_policy": true });
    client.call(Method::Put, "auth/approle/role/puma").json(&role).send().await?;
    #[derive(Deserialize)]
    struct RoleId {
        role_id: SecretString,
    }
    #[derive(Deserialize)]
    struct SecretId {
        secret_id: SecretString,
    }
    let id: RoleId = client.call(Method::Get, "auth/approle/role/puma/role-id").send().await?.data()?;
    let secret: SecretId =
        client.call(Method::Put, "auth/approle/role/puma/secret-id").send().await?.data()?;
    let credentials = Credentials {
        role_id: room.write("role-id", id.role_id.expose().as_bytes(), 0o400)?,
        secret_id: room.write("secret-id", secret.secret_id.expose().as_bytes(), 0o400)?,
    };
    ok("a role for the workload; its credentials are two files, and it has no token")?;
    Ok(credentials)
}

/// Runs the workload and believes nothing but what it found.
fn work(program: &Path, address: &str, credentials: &Credentials, cured: &Cured) -> Result<(), Failure> {
    let (path, field, password) = cured.password()?;
    let failed = |error: std::io::Error| Failure::new(format!("the workload cannot be run: {error}"));
    let mut command = Command::new(program);
    command
        .arg("run")
        .args(["--map", &format!("{path}#{field}={}", workload::FILE)])
        .arg(format!("--role-id-file={}", credentials.role_id.display()))
        .arg(format!("--secret-id-file={}", credentials.secret_id.display()))
        .arg("--")
        .arg(program)
        .args(["quickstart", "--as-workload"])
        .env_clear()
        .env("STRONGROOM_ADDR", address)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = strongroom_process::with_no_signal_blocked(&mut command).spawn().map_err(failed)?;
    if let Some(mut pipe) = child.stdin.take() {
        // If it ended already, its own words say why.
        let _ = pipe.write_all(password.expose().as_bytes());
    }
    let ran = child.wait_with_output().map_err(failed)?;
    let words = String::from_utf8_lossy(&ran.stderr).trim().to_owned();
    check(ran.status.success(), &format!("the workload failed: {words}"))?;
    let report: Report =
        serde_json::from_slice(&ran.stdout).map_err(|_| Failure::new("the workload said something else"))?;
    check(report.is_right, "the workload did not find the password")?;
    check(report.is_in_memory, "the workload's secrets lie on a disk")?;
    check(report.mode == "0400", "others may read the workload's secrets")?;
    check(report.credentials == 0, "the workload has a credential in its environment")?;
    check(report.is_parent_closed, "the workload can read the environment that a token stood in")?;
    check(report.files <= 3, "the workload inherited open files")?;
    check(report.namespace != workload::namespace(), "the workload is not in a namespace of its own")?;
    check(!Path::new(&report.path).exists(), "the workload's secrets are to be seen from outside")?;
    ok(&format!("a workload in its own namespace found {PASSWORD}: {} bytes, the right ones", report.bytes))?;
    show(&format!(
        "{} on a tmpfs, mode {}; no token, no open files; from here there is no such file",
        report.path, report.mode
    ))?;
    if !words.is_empty() {
        show(&words)?;
    }
    Ok(())
}

/// The workload's role asks for what is not its own.
async fn refuse(client: &Client, address: &str, credentials: &Credentials) -> Result<(), Failure> {
    let workload = Client::new(Config { address: address.to_owned(), ..Config::default() })?;
    let read = |path: &Path| {
        std::fs::read_to_string(path)
            .map(SecretString::new)
            .map_err(|error| Failure::new(format!("{}: {error}", path.display())))
    };
    let (role_id, secret_id) = (read(&credentials.role_id)?, read(&credentials.secret_id)?);
    let body = json!({ "role_id": role_id.expose(), "secret_id": secret_id.expose() });
    let login = workload.call(Method::Put, "auth/approle/login").anonymous().json(&body).send().await?;
    workload.set_token(login.envelope()?.auth.map(|it| it.client_token));
    let path = format!("secret/data/{FOREIGN}");
    match workload.call(Method::Get, path.clone()).send().await {
        Err(Error::Api { status: 403, .. }) => {}
        _ => return Err(Failure::new("the workload read what is not its own")),
    }
    ok("the same role asks for another job's secrets, and is refused")?;
    let question = json!({ "path": path, "operation": "read", "policies": [NAME] });
    let answer = client.call(Method::Put, "sys/policies/explain").json(&question).send().await?;
    let explained: Explained = answer.data()?;
    check(!explained.allowed, "the explanation says that it was allowed")?;
    show(&format!("$ secret policy explain {path} read --policies {NAME}"))?;
    show(&format!("{} {}: denied, because {}", explained.operation, explained.path, explained.reason))?;
    for rule in &explained.passed_over {
        show(&format!("passed over: {} {}", rule.path, rule.reason))?;
    }
    Ok(())
}

#[derive(Deserialize)]
struct Explained {
    path: String,
    operation: String,
    allowed: bool,
    reason: String,
    passed_over: Vec<PassedOver>,
}

#[derive(Deserialize)]
struct PassedOver {
    path: String,
    reason: String,
}

/// Who did what. Answers what the log can be verified with: the public key, and how far the store knows it.
async fn look_at_audit(room: &Room, client: &Client, cured: &Cured) -> Result<(Vec<u8>, Head), Failure> {
    let (own, ..) = cured.password()?;
    let mut lines = Vec::new();
    for path in [own, FOREIGN] {
        lines.extend(witness::audit_lines(&room.path("audit.log"), &format!("secret/data/{path}"))?);
    }
    let has = |words: &[&str]| lines.iter().any(|line| words.iter().all(|it| line.contains(it)));
    check(has(&["create", own, "ok"]), "the audit log has no line for the fix")?;
    check(has(&["approle", "read", own, "ok"]), "the audit log has no line for the workload's read")?;
    check(has(&["jwt", "read", own, "ok"]), "the audit log has no line for the task's read")?;
    check(
        has(&["approle", "read", FOREIGN, "permission denied"]),
        "the audit log has no line for the refusal",
    )?;
    ok("the audit log knows who did it")?;
    lines.iter().try_for_each(|it| show(it))?;

    #[derive(Deserialize)]
    struct Key {
        public_key: String,
        heads: BTreeMap<String, Seen>,
    }
    #[derive(Deserialize)]
    struct Seen {
        seq: u64,
        chain: String,
    }
    let key: Key = client.call(Method::Get, "sys/audit-key").send().await?.data()?;
    let no_key = || Failure::new("the server answers no key for its audit log");
    let head = key.heads.get("main/").ok_or_else(no_key)?;
    let chain = hex(&head.chain).and_then(|it| it.try_into().ok()).ok_or_else(no_key)?;
    Ok((hex(&key.public_key).ok_or_else(no_key)?, Head { seq: head.seq, chain }))
}

/// Neither names nor values stand in the store's files, while the server has them open.
fn search(room: &Room, cured: &Cured) -> Result<(), Failure> {
    let mut words = witness::Words::default();
    for ((path, field), value) in &cured.values {
        words.add(path);
        path.split('/').for_each(|it| words.add(it));
        words.add(field);
        words.add(value.expose());
    }
    let data = room.path("data");
    check(words.would_be_found(&data, &room.path("planted"))?, "the search does not find what is there")?;
    let (found, bytes) = words.found_in(&data)?;
    check(found == 0, "a name or a value stands in the store's files")?;
    ok(&format!(
        "of {} names and values none stands in the store's {} KiB; planted there, each is found",
        words.len(),
        bytes / 1024
    ))
}

fn hex(text: &str) -> Option<Vec<u8>> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}
