//! The checker: a sound store, a damaged one, and one that it cannot look at.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod stored;

use std::{fs, os::unix::fs::FileExt as _, path::Path};

use stored::{Server, run, text};

/// Exit status, standard output, standard error.
#[track_caller]
fn check(args: &[&str], input: &str, expected: i32) -> (String, String) {
    let ran = run(&[&["fsck"], args].concat(), &[], input);
    let (out, error) = (String::from_utf8(ran.stdout).unwrap(), String::from_utf8(ran.stderr).unwrap());
    assert_eq!(ran.status.code(), Some(expected), "{args:?}: {out}{error}");
    (out, error)
}

/// A store with something in it, stopped: its directory and its share.
fn stopped(dir: &Path) -> String {
    let server = Server::start(dir, "");
    let (share, root) = server.init();
    server.ok(&["put", "a", "value=one"], &root);
    server.ok(&["put", "b", &format!("value={}", "x".repeat(100_000))], &root);
    server.ok(&["policy", "list"], &root);
    let ran = server.run(&["fsck"], &root, "");
    assert_eq!(ran.status.code(), Some(0));
    assert_eq!(server.run(&["fsck"], "wrong", "").status.code(), Some(2));
    let (_, error) = check(&[text(&dir.join("data"))], "", 2);
    assert!(error.contains("in use by process") && error.contains("hint"), "{error}");
    share
}

// Rule 7
#[test]
fn a_sound_store_has_no_findings_and_what_cannot_be_looked_at_says_so() {
    let temp = tempfile::tempdir().unwrap();
    let share = stopped(temp.path());
    let data = temp.path().join("data");
    let (out, error) = check(&[text(&data)], "", 0);
    assert!(out.is_empty() && error.contains("only the structure"), "{error}");
    let (out, error) = check(&["-unseal", text(&data)], &share, 0);
    assert!(out.is_empty() && !error.contains("structure"), "{error}");
    let config = format!("-config={}", temp.path().join("server.hcl").display());
    check(&["-unseal", &config], &share, 0);
    // Rule 22: without the right keys it does not say that all is well.
    check(&["-unseal", text(&data)], "", 2);
    check(&["-unseal", text(&data)], "AQAAAA==", 2);
    check(&[text(temp.path())], "", 2);
    assert!(!temp.path().join("strongroom.db").exists(), "a store was made");
    check(&["-unseal"], "", 2);
    // It has changed nothing that a server would miss.
    let server = Server::start(temp.path(), "");
    server.unseal(&share);
}

/// Changes rows below the server, as somebody with the file can.
fn tamper(data: &Path, sql: &str) {
    let conn = rusqlite::Connection::open(data.join("strongroom.db")).unwrap();
    assert!(conn.execute(sql, []).unwrap() > 0, "nothing was changed");
}

// Rule 7: a line for each finding, and which keys are needed to see it.
#[test]
fn each_kind_of_damage_is_a_line_of_its_own() {
    for (sql, without_keys, with_keys) in [
        // A policy is gone: only the digest tells.
        (
            "DELETE FROM rows WHERE key = (SELECT max(key) FROM rows WHERE substr(key,1,1) = x'02')",
            "",
            "policy: the digest differs",
        ),
        // A bit of a mount.
        (
            "UPDATE rows SET value = CAST(substr(value, 1, length(value) - 1) || x'00' AS BLOB) WHERE key = (SELECT min(key) FROM rows WHERE substr(key,1,1) = x'01')",
            "",
            "mount: 1: rows that do not open",
        ),
        (
            "UPDATE rows SET value = x'68656c6c6f' WHERE key = (SELECT min(key) FROM rows WHERE substr(key,1,1) = x'08')",
            "kv: 1: rows that do not look like ours",
            "kv: 1: rows that do not open",
        ),
        (
            "UPDATE rows SET key = CAST(x'ee' || substr(key, 2) AS BLOB) WHERE key = (SELECT min(key) FROM rows WHERE substr(key,1,1) = x'08')",
            "unknown: 1: rows that do not look like ours",
            "kv: the digest differs",
        ),
        (
            "DELETE FROM big",
            "file: rows whose long value is missing",
            "file: rows whose long value is missing",
        ),
        ("UPDATE meta SET rev = 1", "file: rows with a later revision", "file: rows with a later revision"),
        // A head in the place of another.
        (
            "UPDATE rows SET value = (SELECT value FROM rows r WHERE substr(r.key,1,1) = x'08' AND r.key <> rows.key) WHERE substr(key,1,1) = x'08'",
            "",
            "kv: 1: rows that do not open",
        ),
    ] {
        let temp = tempfile::tempdir().unwrap();
        let share = stopped(temp.path());
        let data = temp.path().join("data");
        tamper(&data, sql);
        let (out, _) = check(&[text(&data)], "", i32::from(!without_keys.is_empty()));
        assert!(out.contains(without_keys), "{sql}: {out}");
        // What is needed to open the store may be damaged itself: then it could not look.
        if !sql.contains("big") {
            let (out, _) = check(&["-unseal", text(&data)], &share, 1);
            assert!(out.contains(with_keys), "{sql}: {out}");
        }
    }
}

#[test]
fn a_file_that_sqlite_finds_malformed_is_a_finding() {
    let temp = tempfile::tempdir().unwrap();
    stopped(temp.path());
    // What lies in the log would heal the file.
    check(&[text(&temp.path().join("data"))], "", 0);
    let file = temp.path().join("data/strongroom.db");
    let pages = fs::metadata(&file).unwrap().len() / 4096;
    let open = fs::OpenOptions::new().write(true).open(&file).unwrap();
    for page in 4..pages {
        open.write_all_at(&[0xa5; 64], page * 4096).unwrap();
    }
    let (out, _) = check(&[text(&temp.path().join("data"))], "", 1);
    assert!(out.starts_with("file: "), "{out}");
}

// Rule 7: the override is explicit, recorded in the store, and works for what the API needs itself.
#[test]
fn a_class_can_be_accepted_while_the_server_is_stopped() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path(), "");
    let (share, root) = server.init();
    server.ok(&["mount", "enable", "-path=gone", "kv"], &root);
    drop(server);
    let data = temp.path().join("data");
    let latest = "SELECT key FROM rows WHERE substr(key,1,1) = x'01' ORDER BY rev DESC LIMIT 1";
    tamper(&data, &format!("DELETE FROM rows WHERE key = ({latest})"));
    let server = Server::start(temp.path(), "");
    server.unseal(&share);
    let refused = server.fails(&["get", "a"], &root);
    assert!(refused.contains("internal error"), "a table is served that does not add up: {refused}");
    drop(server);
    let (_, error) = check(&["-unseal", "-accept=kv", text(&data)], &share, 2);
    assert!(error.contains("is being served"), "{error}");
    check(&["-unseal", "-accept=mount", text(&data)], &share, 0);
    let server = Server::start(temp.path(), "");
    server.unseal(&share);
    server.ok(&["mount", "list"], &root);
}
