//! `import`: files as people have them, against a server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod shared;

use shared::Server;

const JOB: &str = r#"
job "web" {
  group "api" {
    task "app" {
      env {
        DB_PASSWORD = "rosebud"
        PORT        = "${NOMAD_PORT_http}"
        MODE        = "fast"
      }
    }
    task "side" { env { KEY = "k" } }
  }
}"#;

#[test]
fn a_job_becomes_secrets_and_prints_no_values() {
    let server = Server::start();
    let file = server.file("web.nomad.hcl", JOB);
    let planned = server.run(&["import", "-dry-run", "-prefix=nomad", &file], "root", "");
    let table = String::from_utf8(planned.stdout).unwrap();
    assert_eq!(
        table,
        "SECRET              FIELD        ACTION
nomad/web/api/app   DB_PASSWORD  added
nomad/web/api/app   PORT         left alone (interpolated)
nomad/web/api/app   MODE         added
nomad/web/api/side  KEY          added\n"
    );
    assert_eq!(server.fails(&["get", "nomad/web/api/app"], "root").0, 2, "a dry run writes nothing");

    let done = server.run(&["import", "-prefix=nomad", &file], "root", "");
    assert!(done.status.success());
    for out in [done.stdout, done.stderr, planned.stderr] {
        assert!(!String::from_utf8(out).unwrap().contains("rosebud"));
    }
    assert_eq!(server.ok(&["get", "nomad/web/api/app#DB_PASSWORD"]), "rosebud");
    assert_eq!(server.ok(&["get", "nomad/web/api/side#KEY"]), "k");
    server.ok(&["import", "-only=KEY", &file]);
    assert_eq!(server.ok(&["get", "web/api/side#KEY"]), "k");
    assert_eq!(server.fails(&["get", "web/api/app"], "root").0, 2);
}

#[test]
fn what_is_there_is_merged_never_lost() {
    let server = Server::start();
    server.ok(&["put", "web", "OLD=stays", "A=before", "B=same"]);
    let env = "export A='after'\nB=\"same\"\nC=new # comment\n";
    let done = server.ok_with(&["import", "-prefix=web", "-format=env", "-"], env);
    let actions: Vec<&str> = done.lines().skip(1).map(|it| it.split_whitespace().last().unwrap()).collect();
    assert_eq!(actions, ["changed", "unchanged", "added"]);
    for (field, expected) in [("OLD", "stays"), ("A", "after"), ("B", "same"), ("C", "new")] {
        assert_eq!(server.ok(&["get", &format!("web#{field}")]), expected);
    }
    assert_eq!(server.ok(&["get", "-version=1", "web#A"]), "before");
    // The same again changes nothing, and makes no version.
    server.ok_with(&["import", "-prefix=web", "-format=env", "-"], env);
    assert_eq!(server.ok(&["history", "web"]).lines().count(), 3);

    // Version 1 keeps no older versions.
    server.ok(&["mount", "enable", "-path=one", "-version=1", "kv"]);
    server.ok(&["put", "one/web", "A=before"]);
    let args = ["import", "-prefix=one/web", "-format=env", "-"];
    assert_eq!(server.run(&args, "root", env).status.code(), Some(1));
    assert_eq!(server.ok(&["get", "one/web#A"]), "before");
    server.ok_with(&["import", "-overwrite", "-prefix=one/web", "-format=env", "-"], env);
    assert_eq!(server.ok(&["get", "one/web#A"]), "after");
}

#[test]
fn json_is_fields_or_secrets() {
    let server = Server::start();
    server.ok_with(&["import", "-prefix=flat", "-"], r#"{"user": "u", "port": 5}"#);
    assert_eq!(server.ok(&["get", "flat#port"]), "5");
    server.ok_with(&["import", "-prefix=team", "-"], r#"{"db": {"user": "u"}, "api": {"key": "k"}}"#);
    assert_eq!(server.ok(&["get", "team/api#key"]), "k");
    let refused = server.run(&["import", "-prefix=x", "-"], "root", r#"{"a": {"b": {"hunter2": 1}}}"#);
    assert_eq!(refused.status.code(), Some(1));
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(text.contains("`a.b` is no plain value") && !text.contains("hunter2"), "{text}");
    let (code, text) = server.fails(&["import", &server.file(".env", "A=1")], "root");
    assert!(code == 1 && text.contains("hint: -prefix=PATH"), "{text}");
}
