//! Every variable that the command honours, in each of its three spellings, and which of them wins.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod shared;

use shared::Server;

/// Exit status, standard output and standard error.
fn run(server: &Server, args: &[&str], variables: &[(&str, &str)]) -> (i32, String, String) {
    let ran = server.run_with(args, variables, "");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (ran.status.code().unwrap(), text(ran.stdout), text(ran.stderr))
}

const SPELLINGS: [&str; 3] = ["STRONGROOM", "BAO", "VAULT"];

#[test]
fn address_token_and_format_have_three_spellings() {
    let server = Server::start();
    for prefix in SPELLINGS {
        let names = ["ADDR", "TOKEN", "FORMAT"].map(|it| format!("{prefix}_{it}"));
        let variables = [(&*names[0], &*server.address), (&*names[1], "root"), (&*names[2], "json")];
        let (code, out, err) = run(&server, &["policy", "list"], &variables);
        assert_eq!(code, 0, "{prefix}: {err}");
        assert!(out.starts_with("[\n"), "{prefix}: {out}");
    }
}

#[test]
fn what_is_typed_comes_first_then_ours_then_baos_then_vaults() {
    let server = Server::start();
    let there = server.address.as_str();
    let nowhere = "http://127.0.0.1:1";
    let reached = |args: &[&str], variables: &[(&str, &str)]| {
        run(&server, &[&["status"], args].concat(), variables).0 == 0
    };
    assert!(reached(&[], &[("STRONGROOM_ADDR", there), ("BAO_ADDR", nowhere), ("VAULT_ADDR", nowhere)]));
    assert!(reached(&[], &[("BAO_ADDR", there), ("VAULT_ADDR", nowhere)]));
    assert!(!reached(&[], &[("BAO_ADDR", nowhere), ("VAULT_ADDR", there)]));
    assert!(reached(&[&format!("-address={there}")], &[("STRONGROOM_ADDR", nowhere)]));
    let json = [("STRONGROOM_ADDR", there), ("VAULT_TOKEN", "root"), ("STRONGROOM_FORMAT", "json")];
    assert!(!run(&server, &["policy", "list", "-format=table"], &json).1.contains('['));
    // A variable comes before the file that `login` leaves.
    server.file(".vault-token", "root\n");
    assert_eq!(run(&server, &["print", "token"], &[("VAULT_ADDR", there)]).1, "root");
    assert_eq!(
        run(&server, &["print", "token"], &[("VAULT_ADDR", there), ("BAO_TOKEN", "other")]).1,
        "other"
    );
}

#[test]
fn the_mount_can_be_another_one() {
    let server = Server::start();
    server.ok(&["mount", "enable", "-path=team", "-version=2", "kv"]);
    server.ok(&["put", "team/x", "a=1"]);
    server.ok(&["put", "secret/x", "a=2"]);
    let with = |mount: &'static str| {
        [("VAULT_ADDR", server.address.as_str()), ("VAULT_TOKEN", "root"), ("STRONGROOM_MOUNT", mount)]
    };
    assert_eq!(run(&server, &["get", "x#a"], &with("team")).1, "1");
    assert_eq!(run(&server, &["get", "x#a"], &with("team/")).1, "1");
    assert_eq!(run(&server, &["get", "x#a", "-mount=secret"], &with("team")).1, "2");
    assert_eq!(run(&server, &["get", "secret/x#a"], &with("team")).1, "2");
}

#[test]
fn every_variable_about_the_connection_is_read() {
    let server = Server::start();
    let pem = server.file("ca.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let https = "https://127.0.0.1:1";
    // What cannot be used is said, which shows that it was looked at.
    for prefix in SPELLINGS {
        for (name, value, expected) in [
            ("CACERT", "/nonexistent", "cannot read /nonexistent"),
            ("CAPATH", "/nonexistent", "cannot read /nonexistent"),
            ("CACERT_BYTES", "no certificate", "certificate"),
            ("CLIENT_TIMEOUT", "never", "CLIENT_TIMEOUT is not a duration"),
            ("MAX_RETRIES", "many", "MAX_RETRIES is not a number"),
            ("TLS_SERVER_NAME", "not a name", "name"),
            ("FORMAT", "hunter2", "the output format is none of"),
        ] {
            let variable = format!("{prefix}_{name}");
            let (code, out, err) = run(&server, &["status"], &[("VAULT_ADDR", https), (&variable, value)]);
            assert_eq!((code, out.as_str()), (1, ""), "{variable}: {err}");
            assert!(err.to_lowercase().contains(&expected.to_lowercase()), "{variable}: {err}");
        }
        let (cert, key) = (format!("{prefix}_CLIENT_CERT"), format!("{prefix}_CLIENT_KEY"));
        let variables = [("VAULT_ADDR", https), (&*cert, "/nonexistent"), (&*key, pem.as_str())];
        assert!(run(&server, &["status"], &variables).2.contains("cannot read /nonexistent"), "{cert}");
        let variables = [("VAULT_ADDR", https), (&*cert, pem.as_str()), (&*key, "/nonexistent")];
        assert!(run(&server, &["status"], &variables).2.contains("cannot read /nonexistent"), "{key}");
        let namespace = format!("{prefix}_NAMESPACE");
        let variables =
            [("VAULT_ADDR", server.address.as_str()), ("VAULT_TOKEN", "root"), (&*namespace, "none")];
        assert_ne!(run(&server, &["read", "sys/mounts"], &variables).0, 0, "{namespace}");
    }
}

#[test]
fn nobody_is_trusted_unless_that_is_said() {
    // A server with a certificate of its own authority.
    let server = Server::with_tls();
    let (address, ca) = (server.address.as_str(), server.home.path().join("ca.pem"));
    let ca = ca.to_str().unwrap();
    let pem = std::fs::read_to_string(ca).unwrap();
    let dir = server.home.path().join("authorities");
    std::fs::create_dir(&dir).unwrap();
    std::fs::copy(ca, dir.join("ours.pem")).unwrap();
    // Sealed is an answer; nobody trusted is none.
    let code = |args: &[&str], variables: &[(&str, &str)]| {
        run(&server, &[&["status"], args].concat(), &[&[("VAULT_ADDR", address)], variables].concat())
    };
    let (status, _, err) = code(&[], &[]);
    assert_eq!(status, 1);
    assert!(err.contains("hint: name the server's CA"), "{err}");
    for prefix in SPELLINGS {
        let name = |it: &str| format!("{prefix}_{it}");
        assert_eq!(code(&[], &[(&name("CACERT"), ca)]).0, 2, "{prefix}");
        assert_eq!(code(&[], &[(&name("CACERT_BYTES"), &pem)]).0, 2, "{prefix}");
        assert_eq!(code(&[], &[(&name("CAPATH"), dir.to_str().unwrap())]).0, 2, "{prefix}");
        assert_eq!(code(&[], &[(&name("SKIP_VERIFY"), "true")]).0, 2, "{prefix}");
        assert_eq!(code(&[], &[(&name("SKIP_VERIFY"), "false")]).0, 1, "{prefix}");
        let wrong = [(&*name("CACERT"), ca), (&*name("TLS_SERVER_NAME"), "other.example")];
        assert_eq!(code(&[], &wrong).0, 1, "{prefix}");
        let right = [(&*name("CACERT"), ca), (&*name("TLS_SERVER_NAME"), "localhost")];
        assert_eq!(code(&[], &right).0, 2, "{prefix}");
    }
    assert_eq!(code(&[&format!("-ca-cert={ca}")], &[]).0, 2);
    assert_eq!(code(&[&format!("-ca-path={}", dir.display())], &[]).0, 2);
    assert_eq!(code(&["-tls-skip-verify"], &[]).0, 2);
}
