//! The commands that a person types, against a server of the same binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod shared;

use std::process::Command;

use shared::{BINARY, Server};

#[test]
fn a_secret_is_stored_read_changed_and_brought_back() {
    let server = Server::start();
    // The value comes from standard input, not from the command line.
    let put = server.run(&["put", "db/password"], "root", "rosebud\n");
    assert!(put.status.success());
    assert_eq!(server.ok(&["get", "db/password"]), "rosebud");

    server.ok(&["put", "db", "user=rails", "password=one"]);
    assert_eq!(server.ok(&["get", "db#user"]), "rails");
    assert_eq!(server.ok(&["get", "-field=password", "secret/db"]), "one");
    assert_eq!(server.ok(&["ls"]), "db\ndb/\n");

    server.ok(&["put", "db", "user=rails", "password=two"]);
    assert_eq!(server.ok(&["diff", "db"]), "~ password: ******** -> ********\n");
    assert_eq!(server.ok(&["get", "-version=1", "db#password"]), "one");
    let (_, refused) = server.fails(&["put", "-cas=1", "db", "a=b"], "root");
    assert!(refused.contains("check-and-set parameter did not match"), "{refused}");

    server.ok(&["rm", "db"]);
    let (code, gone) = server.fails(&["get", "db"], "root");
    assert_eq!(code, 2);
    assert!(gone.contains("hint: `secret undelete --versions 2 db`"), "{gone}");
    server.ok(&["undelete", "db"]);
    assert_eq!(server.ok(&["get", "db#password"]), "two");
    assert_eq!(server.ok(&["history", "db"]).lines().count(), 3);
}

#[test]
fn failures_are_one_line_and_say_what_to_do() {
    let server = Server::start();
    let (code, text) = server.fails(&["get", "none"], "root");
    assert_eq!((code, text.lines().count()), (2, 2), "{text}");
    let (code, text) = server.fails(&["get", "none"], "wrong");
    assert_eq!(code, 2);
    assert!(text.starts_with("secret: permission denied\nhint: "), "{text}");
    let nowhere =
        Command::new(BINARY).args(["status", "-address=http://127.0.0.1:1"]).env_clear().output().unwrap();
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(String::from_utf8(nowhere.stderr).unwrap().contains("hint: is the server running?"));
}

#[test]
fn a_login_is_kept_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = Server::start();
    server.ok(&["auth", "enable", "userpass"]);
    server.ok(&["write", "auth/userpass/users/ann", "password=correct-horse"]);
    let login = ["login", "-method=userpass", "username=ann"];
    assert!(server.run(&login, "", "correct-horse\n").status.success());
    let kept = server.home.path().join(".vault-token");
    assert_eq!(std::fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    // Found without any variable.
    let shown = server.run(&["token", "lookup"], "", "");
    assert!(String::from_utf8(shown.stdout).unwrap().contains("userpass-ann"));
    assert!(!server.run(&login, "", "wrong\n").status.success());
}

#[test]
fn operators_see_and_set_what_there_is() {
    let server = Server::start();
    assert!(server.ok(&["status"]).contains("Sealed        false"));
    server.ok(&["mount", "enable", "-path=team", "-version=2", "kv"]);
    assert!(server.ok(&["secrets", "list"]).contains("team/"));
    server.ok(&["put", "team/x", "a=b"]);
    assert_eq!(server.ok(&["get", "team/x#a"]), "b");
    let policy = server.home.path().join("team.hcl");
    std::fs::write(&policy, "path \"team/data/*\" { capabilities = [\"read\"] }").unwrap();
    server.ok(&["policy", "write", "team", policy.to_str().unwrap()]);
    assert!(server.ok(&["policy", "list"]).contains("team\n"));
    assert_eq!(server.ok(&["policy", "read", "team"]), std::fs::read_to_string(&policy).unwrap());
    let explained = server.ok(&["policy", "explain", "team/data/x", "read", "-policies=team"]);
    assert!(explained.contains("team/data/*"), "{explained}");
    let token = server.ok(&["token", "create", "-policy=team", "-field=token"]);
    assert_eq!(String::from_utf8(server.run(&["get", "team/x#a"], &token, "").stdout).unwrap(), "b");
    assert!(!server.run(&["put", "team/x", "a=c"], &token, "").status.success());
    assert!(server.ok(&["operator", "members"]).starts_with("HOST "));
    server.ok(&["seal"]);
    assert_eq!(server.fails(&["get", "team/x"], "root").0, 2);
    assert_eq!(server.run(&["status"], "", "").status.code(), Some(2));
}
