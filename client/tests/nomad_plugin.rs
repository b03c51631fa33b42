//! Nomad's side of the plugin: how it is called, what it prints, and what a job's author can do to it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod shared;

use std::{
    fs::Permissions,
    io::Read as _,
    net::TcpListener,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use shared::{BINARY, Server};

/// A node: its folder of plugins, with the settings beside the link.
struct Node {
    dir: tempfile::TempDir,
}

impl Node {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("secrets")).unwrap();
        symlink(BINARY, dir.path().join("secrets/strongroom")).unwrap();
        Self { dir }
    }

    fn plugin(&self) -> PathBuf {
        self.dir.path().join("secrets/strongroom")
    }

    /// A file that root alone reads.
    fn private(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        set_mode(&path, 0o600);
        path
    }

    /// Settings of a node that logs in by AppRole.
    fn settle(&self, server: &Server, more: &str) {
        let field = |args: &[&str]| server.ok(args);
        let role_id =
            self.private("role-id", &field(&["read", "-field=role_id", "auth/approle/role/node/role-id"]));
        let made = field(&["write", "-f", "-field=secret_id", "auth/approle/role/node/secret-id"]);
        let secret_id = self.private("secret-id", &made);
        let auth =
            format!("auth \"approle\" {{ role_id_file = {role_id:?} secret_id_file = {secret_id:?} }}");
        self.private("secrets/strongroom.hcl", &format!("address = {:?}\n{auth}\n{more}\n", server.address));
    }

    /// As Nomad starts it, for the job `shop` in `eu`. Answers what it printed.
    #[track_caller]
    fn fetch(&self, path: &str, variables: &[(&str, &str)]) -> Value {
        let ran = Command::new(self.plugin())
            .args(["fetch", path])
            .env_clear()
            .envs(variables.iter().copied())
            .envs([("CPI_OPERATION", "fetch"), ("NOMAD_NAMESPACE", "eu"), ("NOMAD_JOB_ID", "shop")])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        // Nomad 2.0.6 panics on a word there.
        assert_eq!(String::from_utf8_lossy(&ran.stderr), "");
        assert!(ran.status.success(), "{path}");
        let said: Value = serde_json::from_slice(&ran.stdout).unwrap();
        assert!(said["result"].is_null() != said["error"].is_null(), "{said}");
        said
    }

    #[track_caller]
    fn refuses(&self, path: &str, expected: &str) {
        let said = self.fetch(path, &[]);
        let error = said["error"].as_str().unwrap_or_default();
        assert!(error.contains(expected), "{path}: {said}");
    }
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A server with secrets of three jobs, and a node that may read all of them.
fn server() -> Server {
    let server = Server::start();
    server.ok_with(
        &["put", "eu/shop", "-"],
        r#"{"user": "ann", "port": 5432, "on": true, "list": [1, "a"], "gone": null}"#,
    );
    server.ok(&["put", "eu/shop/db", "password=first"]);
    server.ok(&["put", "eu/shop/db", "password=second"]);
    server.ok(&["put", "us/shop", "user=bob"]);
    server.ok(&["put", "shared/smtp", "host=mail"]);
    let policy = server.file(
        "node.hcl",
        "path \"secret/data/*\" { capabilities = [\"read\"] }\n\
         path \"auth/token/create/nomad\" { capabilities = [\"update\"] }",
    );
    server.ok(&["policy", "write", "node", &policy]);
    server.ok(&["auth", "enable", "approle"]);
    server.ok(&["write", "auth/approle/role/node", "token_policies=node", "token_ttl=5m"]);
    server
}

#[test]
fn a_job_gets_its_secrets_as_text() {
    let (server, node) = (server(), Node::new());
    let ran = Command::new(node.plugin())
        .arg("fingerprint")
        .env_clear()
        .env("CPI_OPERATION", "fingerprint")
        .output();
    let ran = ran.unwrap();
    assert!(ran.status.success() && ran.stderr.is_empty());
    let said: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(said, json!({ "type": "secrets", "version": env!("CARGO_PKG_VERSION") }));
    node.settle(&server, "");
    let all = json!({ "user": "ann", "port": "5432", "on": "true", "list": "[1,\"a\"]", "gone": "null" });
    let cases = [
        ("eu/shop", all.clone()),
        ("secret/data/eu/shop", all.clone()),
        ("secret/eu/shop", all),
        ("eu/shop#user", json!({ "user": "ann" })),
        ("eu/shop/db", json!({ "password": "second" })),
        ("eu/shop/db?version=1", json!({ "password": "first" })),
        ("secret/data/eu/shop/db?version=1#password", json!({ "password": "first" })),
    ];
    for (path, expected) in cases {
        assert_eq!(node.fetch(path, &[]), json!({ "result": expected, "error": null }), "{path}");
    }
    server.ok(&["mount", "enable", "-path=old", "-version=1", "kv"]);
    server.ok(&["put", "old/eu/shop", "a=b"]);
    server.ok_with(&["policy", "write", "node", "-"], "path \"*\" { capabilities = [\"read\", \"update\"] }");
    node.settle(&server, "paths = [\"old/{{namespace}}/{{job}}\"]");
    assert_eq!(node.fetch("old/eu/shop", &[]), json!({ "result": { "a": "b" }, "error": null }));
    node.refuses("old/eu/shop?version=1", "has no versions");
}

// Rules 22, 97, 123: a job's author chooses the path and most variables, and gets nothing by that.
#[test]
fn a_job_gets_no_more_than_its_own() {
    let (server, node) = (server(), Node::new());
    node.refuses("eu/shop", "secrets/strongroom.hcl: cannot be read");
    node.settle(&server, "");
    for path in
        ["us/shop", "secret/data/us/shop", "shared/smtp", "eu", "eu/shopping", "secret/metadata/eu/shop"]
    {
        node.refuses(path, "this job may not read that secret");
    }
    for path in ["eu/shop/../../us/shop", "eu/shop%2f..%2fx", "/eu/shop", "--config=/etc/passwd/", ""] {
        node.refuses(path, "the path is not plain");
    }
    node.refuses("--config=x", "this job may not read that secret");
    node.refuses("eu/shop?list=true", "version=N");
    node.refuses("eu/shop/nothing", "there is no such secret");
    node.refuses("eu/shop#nothing", "no such field");
    server.ok(&["rm", "eu/shop/db"]);
    node.refuses("eu/shop/db", "that version was deleted");
    // Whoever it is asked for, asked from and trusted by is not the job's to say.
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let there = format!("http://{}", trap.local_addr().unwrap());
    let hostile = [
        ("STRONGROOM_ADDR", there.as_str()),
        ("VAULT_ADDR", &there),
        ("BAO_ADDR", &there),
        ("VAULT_TOKEN", "hvs.other"),
        ("VAULT_NAMESPACE", "other"),
        ("VAULT_SKIP_VERIFY", "true"),
        ("VAULT_FORMAT", "yaml"),
        ("STRONGROOM_MOUNT", "other"),
        ("HTTP_PROXY", &there),
        ("HOME", "/nonexistent"),
        ("SSL_CERT_FILE", "/nonexistent"),
        ("RUST_LOG", "trace"),
        ("RUST_BACKTRACE", "full"),
    ];
    let said = node.fetch("eu/shop#user", &hostile);
    assert_eq!(said, json!({ "result": { "user": "ann" }, "error": null }));
    assert!(trap.accept().is_err(), "a variable of the job says whom to ask");
    let tls = Server::with_tls();
    let (token, authority) = (node.private("token", "hvs.x"), tls.home.path().join("ca.pem"));
    let auth = format!("auth \"token\" {{ token_file = {token:?} }}");
    let asked = |more: &str| {
        node.private("secrets/strongroom.hcl", &format!("address = {:?}\n{auth}\n{more}", tls.address));
        node.fetch("eu/shop", &[("SSL_CERT_FILE", authority.to_str().unwrap())])["error"].to_string()
    };
    let trusted = asked(&format!("ca_cert = {authority:?}"));
    assert!(trusted.contains("sealed"), "{trusted}");
    let untrusted = asked("");
    assert!(untrusted.contains("UnknownIssuer"), "a variable of the job says whom to trust: {untrusted}");
    node.settle(&server, "");
    // Settings and credentials that others can touch are not used.
    let settings = node.dir.path().join("secrets/strongroom.hcl");
    for (file, mode) in [(&settings, 0o644), (&settings, 0o620), (&node.dir.path().join("secret-id"), 0o640)]
    {
        set_mode(file, mode);
        node.refuses("eu/shop", "may be read or written by others");
        set_mode(file, 0o600);
    }
    set_mode(&node.dir.path().join("secrets"), 0o777);
    node.refuses("eu/shop", "a directory that others may write to");
}

#[test]
fn a_server_can_hold_each_job_to_a_policy_of_its_own() {
    let (server, node) = (server(), Node::new());
    server.ok(&["write", "auth/token/roles/nomad", "allowed_policies_glob=nomad/*", "renewable=false"]);
    node.settle(&server, "token_role = \"nomad\"\npaths = [\"*\"]");
    node.refuses("eu/shop#user", "permission denied");
    let rules = "path \"secret/data/eu/shop\" { capabilities = [\"read\"] }";
    server.ok_with(&["policy", "write", "nomad/eu/shop", "-"], rules);
    assert_eq!(node.fetch("eu/shop#user", &[])["result"], json!({ "user": "ann" }));
    node.refuses("us/shop", "permission denied");
    // The node itself need not read anything.
    let no_more = "path \"auth/token/create/nomad\" { capabilities = [\"update\"] }";
    server.ok_with(&["policy", "write", "node", "-"], no_more);
    assert_eq!(node.fetch("eu/shop#user", &[])["result"], json!({ "user": "ann" }));
    // No token is left: root's own is there.
    let left: Vec<String> =
        serde_json::from_str(&server.ok(&["list", "-format=json", "auth/token/accessors"])).unwrap();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn nomad_does_not_wait_for_a_server_that_does_not_answer() {
    let node = Node::new();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let token = node.private("token", "hvs.x");
    let settings = |timeout: &str| {
        let address = format!("http://{}", silent.local_addr().unwrap());
        let auth = format!("auth \"token\" {{ token_file = {token:?} }}");
        node.private(
            "secrets/strongroom.hcl",
            &format!("address = {address:?}\n{auth}\ntimeout = {timeout:?}"),
        );
    };
    settings("1s");
    node.refuses("eu/shop", "within 1 s");
    settings("50s");
    let mut child = Command::new(node.plugin())
        .args(["fetch", "eu/shop"])
        .env_clear()
        .envs([("NOMAD_NAMESPACE", "eu"), ("NOMAD_JOB_ID", "shop")])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It has asked, and waits.
    drop(silent.accept().unwrap().0.peek(&mut [0; 1]));
    let _connection = silent.accept();
    let begin = Instant::now();
    strongroom_end(child.id());
    let status = child.wait().unwrap();
    assert!(begin.elapsed() < Duration::from_secs(20), "it does not end");
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(status.success() && said.contains("Nomad ended the plugin"), "{status} {said}");
    said.clear();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(said, "");
}

/// SIGTERM, as Nomad sends it when time is up.
fn strongroom_end(pid: u32) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
}
