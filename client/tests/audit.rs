//! The audit log as a person checks and reads it: the server writes it, the command finds what was done to it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod shared;

use std::{path::PathBuf, process::Output};

use shared::Server;

/// A log of a server that has ended, with copies to tamper with.
struct Log {
    server: Server,
    key: String,
    path: PathBuf,
    lines: Vec<String>,
}

impl Log {
    fn new() -> Self {
        let server = Server::empty();
        let anonymous = |args: &[&str], input: &str| server.run(args, "", input);
        let made = anonymous(&["init", "-key-shares=1", "-key-threshold=1", "-format=json"], "");
        let made: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
        let (key, token) =
            (made["unseal_keys_b64"][0].as_str().unwrap(), made["root_token"].as_str().unwrap());
        assert!(anonymous(&["unseal"], key).status.success());
        let ok = |args: &[&str]| {
            let ran = server.run(args, token, "");
            assert!(ran.status.success(), "{args:?}: {}", String::from_utf8_lossy(&ran.stderr));
            String::from_utf8(ran.stdout).unwrap()
        };
        for number in 0..10 {
            ok(&["put", &format!("app/{number}"), "x=1"]);
            ok(&["get", &format!("app/{number}")]);
        }
        ok(&[
            "policy",
            "write",
            "none",
            &server.file("none.hcl", "path \"a\" { capabilities = [\"read\"] }"),
        ]);
        let poor = ok(&["token", "create", "-policy=none", "-display-name=poor", "-field=token"]);
        assert_eq!(server.run(&["get", "secret/app/1"], &poor, "").status.code(), Some(2));
        let key = ok(&["audit", "key"]);
        server.file("audit.json", &ok(&["audit", "key", "-format=json"]));
        let path = server.home.path().join("data/audit/audit.log");
        // While the server runs its answer is compared, too.
        let ran = server.run(&["audit", "verify", path.to_str().unwrap()], token, "");
        let text = String::from_utf8_lossy(&ran.stdout).into_owned();
        assert_eq!(ran.status.code(), Some(0), "{text}{}", String::from_utf8_lossy(&ran.stderr));
        assert!(text.contains("The end was compared"), "{text}");
        ok(&["seal"]);
        let lines = std::fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
        Self { server, key: key.trim().to_owned(), path, lines }
    }

    fn run(&self, args: &[&str]) -> Output {
        self.server.run_with(args, &[("STRONGROOM_ADDR", "http://127.0.0.1:1")], "")
    }

    /// Exit status and output for a file with these lines.
    fn verified(&self, lines: &[String]) -> (Option<i32>, String) {
        let text: String = lines.iter().map(|it| format!("{it}\n")).collect();
        self.verified_text(&text)
    }

    fn verified_text(&self, text: &str) -> (Option<i32>, String) {
        let file = self.server.file("copy.log", text);
        let ran = self.run(&["audit", "verify", "-offline", &format!("-key={}", self.key), &file]);
        let out = String::from_utf8(ran.stdout).unwrap();
        (ran.status.code(), out.replace(&file, "FILE"))
    }

    fn shown(&self, args: &[&str]) -> String {
        let ran = self.run(&[&["audit", "show"], args, &[self.path.to_str().unwrap()]].concat());
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap()
    }
}

// Rule 99: through the command that a person has.
#[test]
fn what_was_edited_deleted_moved_or_cut_off_is_named_by_file_and_line() {
    let log = Log::new();
    let (code, text) = log.verified(&log.lines);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.starts_with(&format!("Whole: {} lines in 1 file, numbers 1 to", log.lines.len())), "{text}");
    assert!(text.contains("\nAnchored: ") && text.contains("\nUnanchored: "), "{text}");

    let middle = log.lines.len() / 2;
    let line = middle + 1;
    let mut edited = log.lines.clone();
    edited[middle] = edited[middle].replacen("\"type\":\"re", "\"type\":\"xe", 1);
    assert_ne!(edited, log.lines);
    let changed = format!("FILE:{line}: the line was changed: its hash does not continue the chain\n");
    assert_eq!(log.verified(&edited), (Some(1), changed));

    let mut deleted = log.lines.clone();
    deleted.remove(middle);
    let missing =
        format!("FILE:{line}: the lines with the numbers {line} to {line} are missing before this one\n");
    assert_eq!(log.verified(&deleted), (Some(1), missing));

    let mut moved = log.lines.clone();
    moved.swap(middle, middle + 1);
    let (code, text) = log.verified(&moved);
    assert!(code == Some(1) && text.starts_with(&format!("FILE:{line}: ")), "{text}");

    let whole: String = log.lines.iter().map(|it| format!("{it}\n")).collect();
    let torn = format!("FILE:{}: the line is cut off\n", log.lines.len());
    assert_eq!(log.verified_text(&whole[..whole.len() - 9]), (Some(1), torn));

    // Whole lines that are cut off leave no trace in the file: the head that was kept elsewhere tells.
    let kept = log.lines.iter().position(|it| it.contains("\"path\":\"sys/audit-key\"")).unwrap();
    let short = log.lines[..kept - 4].iter().map(|it| format!("{it}\n")).collect::<String>();
    let file = log.server.file("short.log", &short);
    let json = format!("-key={}", log.server.home.path().join("audit.json").display());
    let ran = log.run(&["audit", "verify", "-offline", &json, &file]);
    let text = String::from_utf8(ran.stdout).unwrap();
    assert_eq!(ran.status.code(), Some(1), "{text}");
    assert!(text.starts_with(&format!("{file}:{}: the file ends with line number", kept - 3)), "{text}");
    let ran = log.run(&["audit", "verify", "-offline", &json, log.path.to_str().unwrap()]);
    assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stdout));
}

#[test]
fn what_cannot_be_checked_is_no_finding() {
    let log = Log::new();
    let file = log.path.to_str().unwrap();
    let other = "-key=0000000000000000000000000000000000000000000000000000000000000000";
    for (args, expected) in [
        (vec!["audit", "verify", file], "the key is not known"),
        (vec!["audit", "verify", "-offline", "-key=nothing", file], "-key is no key"),
        (vec!["audit", "verify", "-offline", other, "/nonexistent"], "/nonexistent: "),
        (vec!["audit", "verify", "-no-such-option", file], "there is no option"),
        (vec!["audit", "verify"], "<FILE>... is missing"),
    ] {
        let ran = log.run(&args);
        let text = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(2), "{args:?}: {text}");
        assert!(text.contains(expected), "{args:?}: {text}");
        assert_eq!(ran.stdout, b"");
    }
    // Another key: the first signature is the first thing that is wrong.
    let ran = log.run(&["audit", "verify", "-offline", other, file]);
    assert_eq!(ran.status.code(), Some(1));
    assert!(String::from_utf8(ran.stdout).unwrap().contains("the signature does not match"));
}

#[test]
fn lines_are_found_by_what_people_ask() {
    let log = Log::new();
    let rows = |args: &[&str]| log.shown(args).lines().count().saturating_sub(1);
    assert_eq!(rows(&["-path=secret/data/app/*", "-operation=read"]), 11);
    assert_eq!(rows(&["-path=secret/data/app/3"]), 2);
    assert_eq!(rows(&["-path=secret/data/app/*", "-outcome=denied"]), 1);
    assert_eq!(rows(&["-name=token-poor", "-outcome=failed", "-path=secret/data/*"]), 1);
    assert_eq!(rows(&["-path=secret/data/app/*", "-n", "3"]), 3);
    assert_eq!(rows(&["-path=secret/data/app/*", "-until=2000-01-01"]), 0);
    assert_eq!(rows(&["-path=secret/data/app/*", "-since=2000-01-01", "-outcome=ok", "-operation=read"]), 10);
    assert_eq!(rows(&["-path=secret/data/app/*", "-since=1d", "-operation=read"]), 11);
    let table = log.shown(&["-outcome=denied", "-path=secret/data/app/1"]);
    let row: Vec<&str> = table.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(row[1..], ["denied", "read", "token-poor", "127.0.0.1", "secret/data/app/1"]);
    // Requests and responses, to the byte.
    let lines = log.shown(&["-json", "-path=secret/data/app/3"]);
    assert_eq!(lines.lines().count(), 4);
    assert!(lines.lines().all(|it| log.lines.contains(&it.to_owned())));
    // Files in any order come out as they were written.
    let half = log.lines.len() / 2;
    let text = |lines: &[String]| lines.iter().map(|it| format!("{it}\n")).collect::<String>();
    let (new, old) = (
        log.server.file("a.log", &text(&log.lines[half..])),
        log.server.file("b.log", &text(&log.lines[..half])),
    );
    let ran = log.run(&["audit", "show", "-json", &new, &old]);
    assert_eq!(String::from_utf8(ran.stdout).unwrap(), text(&log.lines));
}
