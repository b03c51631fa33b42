//! What a person sees day by day: exit status, standard output and standard error, to the letter.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod shared;

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Command, Stdio},
};

use shared::{BINARY, Server};

/// Runs a line and compares all that is left of it. `#` stands for what is new each time.
#[track_caller]
fn check(server: &Server, args: &[&str], input: &str, expected: (i32, &str, &str)) {
    let ran = server.run(args, "root", input);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(ran.stdout), text(ran.stderr));
    let found = (ran.status.code().unwrap(), masked(&out), masked(&err));
    assert_eq!(found, (expected.0, masked(expected.1), masked(expected.2)), "{args:?}");
}

/// Times as `#`; their length, and so the width of a column, differs from one to the next.
fn masked(text: &str) -> String {
    let word = |word: &str| match word.len() > 20 && word.starts_with("20") && word.ends_with('Z') {
        true => "#".to_owned(),
        false => word.to_owned(),
    };
    text.split('\n')
        .map(|line| {
            line.split("  ").map(str::trim).filter(|it| !it.is_empty()).collect::<Vec<_>>().join("  ")
        })
        .map(|line| line.split(' ').map(word).collect::<Vec<_>>().join(" "))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn secrets() {
    let server = Server::start();
    let check = |args: &[&str], input: &str, expected| check(&server, args, input, expected);
    check(
        &["put", "db/password"],
        "rosebud\n",
        (
            0,
            "created_time     #\ncustom_metadata  n/a\ndeletion_time    \ndestroyed        false\nversion          1\n",
            "",
        ),
    );
    check(&["get", "db/password"], "", (0, "rosebud", ""));
    check(
        &["put", "db", "user=rails", "-"],
        "{\"port\": 5432}",
        (
            0,
            "created_time     #\ncustom_metadata  n/a\ndeletion_time    \ndestroyed        false\nversion          1\n",
            "",
        ),
    );
    check(&["get", "db"], "", (0, "port  5432\nuser  rails\n", ""));
    check(&["get", "db#port"], "", (0, "5432", ""));
    check(&["get", "-field=user", "db"], "", (0, "rails", ""));
    check(&["get", "db#none"], "", (1, "", "secret: db has no field `none`\nhint: it has: port, user\n"));
    check(&["get", "no"], "", (2, "", "secret: no secret at no\nhint: `secret ls` shows what is there\n"));
    check(&["ls"], "", (0, "db\ndb/\n", ""));
    check(&["ls", "-format=json", "db/"], "", (0, "[\n  \"password\"\n]\n", ""));
    check(&["ls", "none"], "", (2, "", "secret: nothing below secret/none\n"));
    check(
        &["history", "db"],
        "",
        (0, "VERSION  CREATED                         STATE\n1        #  live\n", ""),
    );
    check(&["put", "db"], "", (1, "", "secret: the value is empty: nothing was stored\n"));
    check(&["rm", "db"], "", (0, "", ""));
    check(
        &["get", "db"],
        "",
        (
            2,
            "",
            "secret: version 1 of db was deleted\nhint: `secret undelete --versions 1 db` brings it back\n",
        ),
    );
    check(&["undelete", "db"], "", (0, "", ""));
    check(
        &["put", "db", "novalue"],
        "",
        (1, "", "secret: a field is written name=value\nhint: name=@file and name=- read the value\n"),
    );
    check(&["immport", "x"], "", (1, "", "secret: there is no such command\nhint: did you mean import?\n"));
    check(
        &["get"],
        "",
        (1, "", "secret: <PATH> is missing\nhint: secret get <PATH> (`secret get --help` shows more)\n"),
    );
}

#[test]
fn policies_and_tokens() {
    let server = Server::start();
    let check = |args: &[&str], input: &str, expected| check(&server, args, input, expected);
    let policy = "path \"secret/data/*\" { capabilities = [\"read\"] }\npath \"secret/data/db\" { capabilities = [\"deny\"] }\n";
    check(&["policy", "write", "web", "-"], policy, (0, "", "Success! Uploaded policy: web\n"));
    check(&["policy", "read", "web"], "", (0, policy, ""));
    check(
        &["policy", "explain", "secret/data/db", "-policies=web"],
        "",
        (
            0,
            "Refused: read secret/data/db.
The rule that decides is \"secret/data/db\" [deny], line 2 of policy web.
The rule denies.

These rules match too and were passed over:
  \"secret/data/*\" [read], line 1 of policy web,
    because it has a wildcard and the other names the path.\n",
            "",
        ),
    );
    check(&["policy", "explain", "secret/data/db", "-field=allowed", "-policies=web"], "", (0, "false", ""));
    check(
        &["policy", "explain", "secret/data/x"],
        "",
        (0, "Allowed: read secret/data/x.\nThe policy root allows everything.\n", ""),
    );
    check(&["policy", "who-can", "secret/data/x"], "", (0, "root\nweb\n", ""));
    check(
        &["policy", "fmt", "-"],
        "path   \"a\" {capabilities=[\"read\"]}",
        (0, "path \"a\" {capabilities = [\"read\"]}\n", ""),
    );
    check(&["token", "capabilities", "secret/data/db"], "", (0, "root\n", ""));
    let token = server.ok(&["token", "create", "-policy=web", "-field=token"]);
    check(&["token", "capabilities", &token, "secret/data/x"], "", (0, "read\n", ""));
    check(&["token", "revoke", &token], "", (0, "", "Success! Revoked token (if it existed)\n"));
    check(&["token", "revoke"], "", (1, "", "secret: which token?\nhint: -self revokes your own\n"));
    check(&["print", "token"], "", (0, "root", ""));
    check(&["version"], "", (0, &format!("Strongroom {}\n", env!("CARGO_PKG_VERSION")), ""));
}

#[test]
fn a_pipe_that_is_closed_is_no_failure() {
    let server = Server::start();
    for number in 0..200 {
        server.ok(&["write", &format!("cubbyhole/{number:03}{}", "x".repeat(500)), "a=b"]);
    }
    let mut child = Command::new(BINARY)
        .args(["list", "cubbyhole"])
        .env_clear()
        .env("STRONGROOM_ADDR", &server.address)
        .env("VAULT_TOKEN", "root")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // As `| head -1` does. A pipe holds 64 KiB, and the list is longer.
    let mut line = String::new();
    BufReader::with_capacity(16, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("000x"), "{line}");
    let (status, mut text) = (child.wait().unwrap(), String::new());
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!((status.code(), text.as_str()), (Some(0), ""));
}

#[test]
fn completions_are_scripts_of_their_shell() {
    let server = Server::start();
    for (shell, mark) in
        [("bash", "complete -F _secret"), ("zsh", "#compdef secret"), ("fish", "complete -c secret")]
    {
        let script = server.ok(&["completion", shell]);
        assert!(script.contains(mark) && script.contains("undelete"), "{shell}");
        if shell == "bash" {
            let checked =
                Command::new("bash").args(["-n", &server.file("completion", &script)]).output().unwrap();
            assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
        }
    }
}

#[test]
fn a_called_name_changes_nothing() {
    let server = Server::start();
    for name in ["vault", "bao"] {
        let link = server.home.path().join(name);
        std::os::unix::fs::symlink(BINARY, &link).unwrap();
        let ran = Command::new(&link)
            .args(["kv", "put", "-mount=secret", "-format=json", "x", "a=b"])
            .env_clear()
            .env("VAULT_ADDR", &server.address)
            .env("VAULT_TOKEN", "root")
            .output()
            .unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
        assert!(answer["data"]["version"].is_u64(), "{name}");
    }
}

#[test]
fn stock_policies_are_there_to_be_cut_to_size() {
    let server = Server::start();
    let names = String::from_utf8(server.run(&["policy", "stock"], "", "").stdout).unwrap();
    assert_eq!(names, "application\nauditor\ndefault\nfixer\ninjector\noperator\n");
    for name in names.lines() {
        let text = String::from_utf8(server.run(&["policy", "stock", name], "", "").stdout).unwrap();
        server.ok_with(&["policy", "fmt", "-"], &text);
        assert!(server.run(&["policy", "write", name, "-"], "root", &text).status.success(), "{name}");
    }
    assert_eq!(server.run(&["policy", "stock", "none"], "", "").status.code(), Some(1));
}
