//! `secret lease`, against a server of the same binary.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_secret");

/// A development server, ended when dropped.
struct Server {
    process: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    /// Ready when this answers: the root token is printed only then.
    fn start() -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut process = Command::new(BINARY)
            .args(["server", "-dev", "-dev-root-token-id=root"])
            .arg(format!("-dev-listen-address=127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let mut line = String::new();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            line.clear();
            assert!(log.read_line(&mut line).unwrap() > 0, "the server has ended");
        }
        // It writes on.
        std::thread::spawn(move || log.read_to_end(&mut Vec::new()));
        Self { process, address: format!("127.0.0.1:{port}") }
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(BINARY);
        command.args(args).env_clear().env("VAULT_TOKEN", "root").stdin(Stdio::null());
        command.env("STRONGROOM_ADDR", format!("http://{}", self.address)).output().unwrap()
    }

    /// Standard output and standard error of a command that succeeds.
    #[track_caller]
    fn ok(&self, args: &[&str]) -> (String, String) {
        let ran = self.run(args);
        let error = String::from_utf8(ran.stderr).unwrap();
        assert!(ran.status.success(), "{args:?}: {error}");
        (String::from_utf8(ran.stdout).unwrap(), error)
    }

    /// The id of the lease that a read is given.
    fn read_leased(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "GET /v1/{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-vault-token: root\r\nx-strongroom-lease: 1h\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let body: Value = serde_json::from_str(body).unwrap();
        body["lease_id"].as_str().unwrap().to_owned()
    }
}

#[test]
fn whoever_rotates_asks_who_holds_what() {
    let server = Server::start();
    server.ok(&["put", "app/db", "password=one"]);
    server.ok(&["put", "other", "password=one"]);
    let id = server.read_leased("secret/data/app/db");
    server.read_leased("secret/data/other");

    let (table, _) = server.ok(&["lease", "list", "app/db"]);
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 2, "{table}");
    assert!(lines[0].starts_with("path"), "{table}");
    let cells: Vec<&str> = lines[1].split_whitespace().collect();
    assert_eq!(cells[..4], ["secret/data/app/db", "token", "1", "no"], "{table}");

    server.ok(&["put", "app/db", "password=two"]);
    let (table, _) = server.ok(&["lease", "list", "app/"]);
    assert!(table.contains("yes (2 is current)"), "{table}");
    assert_eq!(server.ok(&["lease", "list"]).0.lines().count(), 3);
    assert_eq!(server.ok(&["lease", "list", "-stale"]).0.lines().count(), 2);
    // As typed, and as it stands in the list and in policies.
    for path in ["secret/data/app/db", "app/db"] {
        assert_eq!(server.ok(&["lease", "list", path]).0.lines().count(), 2, "{path}");
    }
    let (json, _) = server.ok(&["lease", "list", "-format=json", "secret/app/db"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json[0]["lease_id"], &json[0]["stale"]), (&Value::from(id), &Value::from(true)));
    // Having read it again nobody is behind.
    server.read_leased("secret/data/app/db");
    assert_eq!(
        server.ok(&["lease", "list", "-stale"]),
        (String::new(), "nobody holds anything at any path\n".to_owned())
    );
}

#[test]
fn a_lease_is_looked_up_renewed_and_revoked_as_in_vault() {
    let server = Server::start();
    server.ok(&["put", "db", "password=one"]);
    let id = server.read_leased("secret/data/db");
    assert!(server.ok(&["lease", "lookup", &id]).0.contains("secret/data/db"));
    let (renewed, _) = server.ok(&["lease", "renew", "-increment=2h", "-format=json", &id]);
    let renewed: Value = serde_json::from_str(&renewed).unwrap();
    assert_eq!((&renewed["lease_id"], &renewed["lease_duration"]), (&Value::from(&*id), &Value::from(7200)));
    let (out, said) = server.ok(&["lease", "revoke", &id]);
    assert_eq!((out.as_str(), said.trim()), ("", "All revocation operations queued successfully!"));
    assert_eq!(server.run(&["lease", "lookup", &id]).status.code(), Some(2));

    server.read_leased("secret/data/db");
    let (_, said) = server.ok(&["lease", "revoke", "-prefix", "-sync", "secret/data"]);
    assert_eq!(said.trim(), "Success! Revoked any leases with prefix: secret/data");
    assert_eq!(server.ok(&["lease", "list", "db"]).0, "");
    assert!(!server.run(&["lease", "revoke", "-force", "x"]).status.success(), "-force needs -prefix");
    let (_, said) = server.ok(&["lease", "revoke", "-force", "-prefix", "secret/data"]);
    assert!(said.contains("Success! Force revoked any leases with prefix: secret/data"), "{said}");
}
