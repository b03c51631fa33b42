//! `secret rotate`, against a server of the same binary: what is stored, who has it, and what a hook that fails
//! leaves behind.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test"
)]

mod running;
mod shared;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Stdio},
};

use running::{Commands as _, Ended, said, tmpfs, wait_for};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use shared::Server;

const OLD: &str = "rosebud-old-value";
const PORT: &str = "12345678901234567890123";

/// A server with a secret whose port no float can hold.
fn server() -> Server {
    let server = Server::start();
    let data = format!(r#"{{"user":"rails","password":"{OLD}","port":{PORT}}}"#);
    assert!(
        request(&server, "PUT db", "root", "", &format!(r#"{{"data":{data}}}"#)).contains(r#""version":1"#)
    );
    server
}

/// What is answered to a request (`GET db`), as it stands on the wire.
fn request(server: &Server, what: &str, token: &str, header: &str, body: &str) -> String {
    use std::io::{Read as _, Write as _};
    let (method, path) = what.split_once(' ').unwrap();
    let mut stream = std::net::TcpStream::connect(server.address.trim_start_matches("http://")).unwrap();
    write!(
        stream,
        "{method} /v1/secret/data/{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-vault-token: {token}\r\n\
         {header}content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn version(server: &Server) -> u64 {
    json(&server.ok(&["get", "-format=json", "db"]))["metadata"]["version"].as_u64().unwrap()
}

fn password(server: &Server) -> String {
    server.ok(&["get", "db#password"])
}

/// A token with these rules and the default policy.
fn token(server: &Server, rules: &str) -> String {
    let file = server.file("policy.hcl", rules);
    server.ok(&["policy", "write", "rotator", &file]);
    server.ok(&["token", "create", "-policy=rotator", "-field=token"])
}

/// A hook in the home directory: a shell script that knows where that is.
fn hook(server: &Server, name: &str, script: &str) -> String {
    let home = server.home.path().display();
    let secret = format!("STRONGROOM_ADDR={} VAULT_TOKEN=root {}", server.address, shared::BINARY);
    let path =
        server.file(name, &format!("#!/bin/sh\nHOME={home}\nsecret() {{ {secret} \"$@\"; }}\n{script}\n"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn seen(server: &Server, name: &str) -> String {
    fs::read_to_string(server.home.path().join(name)).unwrap()
}

/// Exit status and what it says of a rotation by root.
fn rotate(server: &Server, args: &[&str]) -> (i32, String) {
    let ran = server.command([&["rotate"], args].concat()).stdin(Stdio::null()).output().unwrap();
    (ran.status.code().unwrap(), said(&ran))
}

/// One that goes on.
fn rotating(server: &Server, args: &[&str]) -> Child {
    let mut command = server.command([&["rotate"], args].concat());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Reads a secret with a lease.
fn hold(server: &Server, path: &str, token: &str) {
    let answer = request(server, &format!("GET {path}"), token, "x-strongroom-lease: 1h\r\n", "");
    assert!(answer.contains("\"lease_id\":\"secret/data/"), "{answer}");
}

// Rule 97
#[test]
fn one_field_gets_a_new_value_that_nobody_is_shown() {
    let server = server();
    // Who may patch sends the field alone, who may update sends all of them: nothing else changes either way.
    let mut all = vec![OLD.to_owned()];
    for (at, capability) in [(2, "patch"), (3, "update")] {
        let rules = format!("path \"secret/data/db\" {{ capabilities = [\"read\", \"{capability}\"] }}");
        let ran = server.run(&["rotate", "db#password"], &token(&server, &rules), "");
        let text = said(&ran);
        assert_eq!(ran.status.code(), Some(0), "{text}");
        assert!(
            text.contains(&format!("Success! secret/db#password has a new value: version {at}\n")),
            "{text}"
        );
        let now = json(&server.ok(&["get", "-format=json", "db"]));
        assert_eq!(
            (&now["metadata"]["version"], &now["data"]["user"]),
            (&Value::from(at), &Value::from("rails"))
        );
        assert!(request(&server, "GET db", "root", "", "").contains(PORT));
        let new = password(&server);
        assert!(new.len() == 32 && new.chars().all(|it| it.is_ascii_alphanumeric()), "{new}");
        assert!(all.iter().all(|it| *it != new && !text.contains(it.as_str())) && !text.contains(&new));
        all.push(new);
    }
    let report = json(&server.ok(&["rotate", "-format=json", "db#password"]));
    assert_eq!((&report["version"], &report["changed"]), (&4.into(), &true.into()));
    assert_eq!((&report["path"], &report["holders"]), (&"secret/db".into(), &json("[]")));
    assert_eq!(server.ok(&["rotate", "-field=version", "db#password"]), "5");
}

#[test]
fn a_value_is_made_by_rules_or_given() {
    let server = server();
    server.ok(&["rotate", "-length=20", "-chars=lower", "-symbols=!#", "-exclude=abc", "db#password"]);
    let new = password(&server);
    assert_eq!(new.len(), 20);
    assert!(
        new.chars().all(|it| it.is_ascii_lowercase() && !"abc".contains(it) || "!#".contains(it)),
        "{new}"
    );
    assert!(new.contains(['!', '#']), "{new}");

    let line = server.file("line", "from a file\n");
    let pem = server.file("pem", "-----BEGIN\nx\n-----END\n");
    for (from, input, expected) in [
        (line.as_str(), "", "from a file"),
        (&pem, "", "-----BEGIN\nx\n-----END\n"),
        ("-", "from a pipe\n", "from a pipe"),
    ] {
        server.ok_with(&["rotate", &format!("-value-from={from}"), "db#password"], input);
        assert_eq!(password(&server), expected);
    }
    // The only field, and the one that is called so.
    server.ok(&["put", "one", "key=a"]);
    server.ok(&["put", "two", "value=a", "other=a"]);
    server.ok(&["rotate", "one"]);
    server.ok(&["rotate", "two"]);
    assert_eq!((server.ok(&["get", "one#key"]).len(), server.ok(&["get", "two#value"]).len()), (32, 32));
    assert_eq!(server.ok(&["get", "two#other"]), "a");
}

// Rule 97
#[test]
fn what_cannot_be_is_said_and_changes_nothing() {
    let server = server();
    server.ok(&["mount", "enable", "-path=old", "-version=1", "kv"]);
    server.ok(&["put", "old/db", "password=one"]);
    server.ok(&["put", "gone", "password=one"]);
    server.ok(&["put", "taken", "value=one"]);
    server.ok(&["put", "taken.rotation", "value=somebody's"]);
    server.ok(&["rm", "gone"]);
    let same = server.file("same", OLD);
    let same = format!("-value-from={same}");
    for (args, code, why) in [
        (&["db"][..], 1, "which field of db? write PATH#FIELD\nhint: it has: password, port, user"),
        (&["db#passwort"], 1, "db has no field `passwort`"),
        (&["db#port"], 1, "the field `port` is no text"),
        (&["none#password"], 2, "no secret at none"),
        (&["gone#password"], 2, "version 1 of gone was deleted"),
        (&["old/db#password"], 1, "version 2 of the KV engine"),
        (&["secret/"], 1, "which secret?"),
        (
            &["-length=10", "db#password"],
            1,
            "10 characters of lower, upper, digits (59 bits): that can be guessed",
        ),
        (&["-length=0", "db#password"], 1, "--length: a number from 1 to 4096"),
        (
            &["-chars=digits", "-exclude=0123456789", "db#password"],
            1,
            "no character is left of the class digits",
        ),
        (&["-value-from=/nonexistent", "db#password"], 1, "cannot read /nonexistent"),
        (&["-value-from=-", "db#password"], 1, "the new value is empty"),
        (&[&same, "db#password"], 1, "that is the value that is there"),
        (&[&same, "-length=40", "db#password"], 1, "does not go with"),
        (&["-wait=soon", "db#password"], 1, "--wait: not a span of time"),
        (&["-resume", "db#password"], 1, "no rotation was begun: nothing is kept at secret/db.rotation"),
        (&["-resume", "taken"], 2, "what lies at secret/taken.rotation is not of a rotation"),
        (&["-abandon", "taken"], 2, "what lies at secret/taken.rotation is not of a rotation"),
        (&["taken", "--", "true"], 4, "another rotation is under way or was not finished"),
        (&["-abandon", "db#password"], 0, "nothing was kept at secret/db.rotation"),
    ] {
        let (status, text) = rotate(&server, args);
        assert!(status == code && text.contains(why) && !text.contains(OLD), "{args:?}: {status} {text}");
    }
    assert_eq!((version(&server), password(&server).as_str()), (1, OLD));
    let (code, text) = rotate(&server, &["-dry-run", "db#password", "--", "/nonexistent"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains(
        "secret/db#password would have a new value as version 2, when the hook has set it at its origin: 32 \
             characters of lower, upper, digits (190 bits)\n"
    ));
    assert_eq!((version(&server), server.ok(&["ls"]).contains("db.rotation")), (1, false));
}

#[test]
fn rotations_at_the_same_time_do_not_overwrite_each_other() {
    let server = server();
    let all: Vec<Child> = (0..8).map(|_| rotating(&server, &["db#password"])).collect();
    let codes: Vec<(i32, String)> = all
        .into_iter()
        .map(|it| it.wait_with_output().unwrap())
        .map(|it| (it.status.code().unwrap(), said(&it)))
        .collect();
    let done = codes.iter().filter(|(code, _)| *code == 0).count();
    let refused =
        |text: &str| text.contains("somebody else has just given it a new value: nothing was stored");
    assert!(codes.iter().all(|(code, text)| *code == 0 || *code == 2 && refused(text)), "{codes:?}");
    // Whoever was told of a success has a version of its own.
    assert!(done > 0);
    assert_eq!(version(&server), 1 + u64::try_from(done).unwrap());
}

// Rule 117
#[test]
fn a_hook_is_told_on_its_standard_input_and_nowhere_else() {
    let server = server();
    let script = "cat > $HOME/told; env > $HOME/env; ls /proc/self/fd > $HOME/files; cat /proc/$$/cmdline > $HOME/args
echo to standard output; secret get -field=value db.rotation > $HOME/kept; secret get db#password > $HOME/stored";
    let ran = server
        .command([
            "rotate",
            "-format=json",
            "db#password",
            "--",
            &hook(&server, "hook", script),
            "an argument",
        ])
        .env("STRONGROOM_TOKEN", "root")
        .env("KEPT", "as it is")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(ran.status.code(), Some(0), "{}", said(&ran));
    let (told, new) = (json(&seen(&server, "told")), password(&server));
    assert_eq!((&told["path"], &told["field"]), (&"secret/db".into(), &"password".into()));
    assert_eq!((&told["old"], &told["new"]), (&OLD.into(), &new.as_str().into()));
    assert_eq!((&told["secret"]["user"], &told["resumed"]), (&"rails".into(), &false.into()));
    assert!(seen(&server, "told").contains(PORT));
    // While it runs the secret has the old value, and the new one is kept; then it is not any more.
    assert_eq!((seen(&server, "stored").as_str(), seen(&server, "kept")), (OLD, new.clone()));
    assert!(!server.ok(&["ls"]).contains("rotation"));
    let (environment, arguments) = (seen(&server, "env"), seen(&server, "args"));
    assert!(environment.contains("KEPT=as it is") && !environment.contains("TOKEN"), "{environment}");
    assert!(arguments.contains("an argument"));
    for text in [environment, arguments, said(&ran)] {
        assert!(!text.contains(OLD) && !text.contains(&new));
    }
    // The standard three, and the directory that is listed.
    assert_eq!(seen(&server, "files").lines().collect::<Vec<_>>(), ["0", "1", "2", "3"]);
    // Its output does not get among ours.
    assert_eq!(json(&String::from_utf8(ran.stdout).unwrap())["version"], 2);
    assert!(String::from_utf8(ran.stderr).unwrap().contains("to standard output\n"));
}

#[test]
fn a_hook_that_does_not_read_keeps_nobody_waiting() {
    let server = server();
    // More than a pipe holds.
    let large = server.file("large", &"x".repeat(300_000));
    server.ok(&["put", "db", "password=one", &format!("large=@{large}")]);
    assert_eq!(rotate(&server, &["db#password", "--", "true"]).0, 0);
    // Nor does whatever it leaves behind with its standard input, for half a minute.
    let script = "(for i in $(seq 600); do test -e $HOME/go && exit; sleep 0.05; done; touch $HOME/late) <&0 >&- 2>&- &";
    assert_eq!(rotate(&server, &["db#password", "--", &hook(&server, "leaves", script)]).0, 0);
    assert!(!server.home.path().join("late").exists());
    fs::write(server.home.path().join("go"), "").unwrap();
    assert_eq!(rotate(&server, &["db#password", "--", &hook(&server, "reads", "cat > $HOME/told")]).0, 0);
    assert!(json(&seen(&server, "told"))["secret"]["large"].as_str().unwrap().len() == 300_000);
}

// Rule 22
#[test]
fn a_value_that_is_typed_is_asked_for_twice_and_not_shown() {
    use rustix::{
        pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
        termios::{LocalModes, tcgetattr},
    };
    use std::io::{Read as _, Write as _};
    let server = server();
    for (typed, code, stored) in
        [(["hunter2", "hunter2"], 0, "hunter2"), (["hunter3", "hunter4"], 1, "hunter2")]
    {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap();
        let end = fs::File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        let mut command = server.command(["rotate", "-value-from=-", "db#password"]);
        let child = command.stdin(Stdio::from(end.try_clone().unwrap())).stderr(end.try_clone().unwrap());
        let mut child = child.stdout(Stdio::null()).spawn().unwrap();
        let mut terminal = fs::File::from(terminal);
        let mut shown = String::new();
        for (prompt, value) in ["The new value: ", "The same again: "].into_iter().zip(typed) {
            while !shown.contains(prompt) {
                let mut some = [0; 256];
                let length = terminal.read(&mut some).unwrap();
                shown.push_str(std::str::from_utf8(&some[..length]).unwrap());
            }
            wait_for("the terminal is not silenced", || {
                (!tcgetattr(&end).unwrap().local_modes.contains(LocalModes::ECHO)).then_some(())
            });
            terminal.write_all(format!("{value}\n").as_bytes()).unwrap();
        }
        assert_eq!(child.wait().unwrap().code(), Some(code));
        let mut rest = [0; 1024];
        let length = terminal.read(&mut rest).unwrap();
        shown.push_str(std::str::from_utf8(&rest[..length]).unwrap());
        assert!(!shown.contains("hunter"), "{shown}");
        assert_eq!(password(&server), stored);
    }
}

/// A rotation whose hook fails ends with 4; the secret is as it was, another one is refused, and `-resume` with a
/// hook that works gives origin and secret the value that the first hook had.
#[track_caller]
fn check_unfinished(server: &Server, (code, text): &(i32, String), why: &str, stored: u64) {
    assert!(*code == 4 && text.contains(why), "{code} {text}");
    assert_eq!(version(server), stored, "{text}");
    let (code, text) = rotate(server, &["db#password", "--", "true"]);
    assert!(code == 4 && text.contains("another rotation is under way or was not finished"), "{code} {text}");
    let kept = server.ok(&["get", "-field=value", "db.rotation"]);
    let good = hook(server, "good", "cat > $HOME/told");
    let (code, text) = rotate(server, &["-resume", "db", "--", &good]);
    assert!(code == 0 && !text.contains(&kept), "{text}");
    let told = json(&seen(server, "told"));
    assert_eq!((&told["new"], &told["resumed"]), (&kept.as_str().into(), &true.into()));
    assert_eq!((password(server), version(server)), (kept, stored + 1));
    assert!(!server.ok(&["ls"]).contains("rotation"));
}

#[test]
fn a_rotation_that_a_hook_fails_is_gone_on_with() {
    let server = server();
    // What was not started has changed nothing.
    let file = server.file("plain", "no program");
    for program in ["/nonexistent/hook", &file] {
        let (code, text) = rotate(&server, &["db#password", "--", program]);
        assert!(code == 1 && text.contains("the hook cannot be started: "), "{code} {text}");
        assert!(text.contains("nothing was changed") && !server.ok(&["ls"]).contains("rotation"), "{text}");
    }
    assert_eq!((version(&server), password(&server).as_str()), (1, OLD));

    let run =
        |name: &str, script: &str| rotate(&server, &["db#password", "--", &hook(&server, name, script)]);
    // Before and after it has set the value: nobody can tell.
    check_unfinished(&server, &run("fails", "exit 7"), "the hook failed: it ended with exit status 7", 1);
    check_unfinished(&server, &run("late", "cat > $HOME/x; exit 1"), "secret/db is as it was\nhint: ", 2);
    check_unfinished(&server, &run("killed", "kill -9 $$"), "signal 9 ended it", 3);
    // Set, and then the secret cannot be had: somebody else was there, or it is gone.
    let other = run("other", "secret put -patch db password=by-hand");
    check_unfinished(&server, &other, "somebody else has given the field another value meanwhile", 5);
    let gone = run("gone", "secret rm db");
    assert!(gone.0 == 4 && gone.1.contains("version 6 of db was deleted"), "{gone:?}");
    server.ok(&["undelete", "db"]);
    check_unfinished(&server, &gone, "the origin has the new value, and the secret has not", 6);
    // What is kept may have been deleted by somebody, or by itself: it is not in the way for ever.
    assert_eq!(run("fails", "exit 7").0, 4);
    server.ok(&["rm", "db.rotation"]);
    assert_eq!((run("fails", "exit 7").0, rotate(&server, &["-resume", "db"]).0), (4, 1));
    assert_eq!(rotate(&server, &["-abandon", "db"]).0, 0);
    // Without a hook somebody has seen to the origin; abandoned, nothing is kept.
    for (args, next, stored) in [(["-resume", "db#password"], 8, 8), (["-abandon", "db#password"], 9, 8)] {
        assert_eq!(run("fails", "exit 7").0, 4);
        let (code, text) = rotate(&server, &["-resume", "-dry-run", "db"]);
        assert!(
            code == 0
                && text.contains(&format!("would have a new value as version {next}: the one that is kept")),
            "{text}"
        );
        let (code, text) = rotate(&server, &["-resume", "db#user"]);
        assert!(code == 1 && text.contains("is of the field `password`"), "{text}");
        assert_eq!(rotate(&server, &args).0, 0);
        assert_eq!(version(&server), stored);
        assert!(!server.ok(&["ls"]).contains("rotation"));
    }
}

// What is kept is older than what a rotation without a hook would store: resumed, it would take its place.
#[test]
fn a_rotation_that_was_begun_is_not_passed_over() {
    let server = server();
    assert_eq!(rotate(&server, &["db#password", "--", "false"]).0, 4);
    for args in [&["db#password"][..], &["-dry-run", "db#password"]] {
        let (code, text) = rotate(&server, args);
        assert!(
            code == 4
                && text.contains("was not finished: its value is kept at secret/db.rotation\nhint: ")
                && text.contains("-resume secret/db ")
                && text.contains("-abandon secret/db"),
            "{code} {text}"
        );
        assert_eq!((version(&server), password(&server).as_str()), (1, OLD));
    }
    // Another field of the secret is another matter.
    assert_eq!(rotate(&server, &["db#user"]).0, 0);
    let kept = server.ok(&["get", "-field=value", "db.rotation"]);
    assert_eq!(rotate(&server, &["-resume", "db", "--", "true"]).0, 0);
    assert_eq!((version(&server), password(&server)), (3, kept));
    assert_eq!(rotate(&server, &["db#password"]).0, 0);
}

#[test]
fn a_rotation_that_was_killed_is_gone_on_with() {
    let server = server();
    let script = "cat > $HOME/first; touch $HOME/running; until test -e $HOME/go; do sleep 0.01; done";
    let slow = hook(&server, "slow", script);
    let exists = |name: &str| server.home.path().join(name).exists().then_some(());
    let killed = Ended(rotating(&server, &["db#password", "--", &slow]));
    wait_for("the hook does not run", || exists("running"));
    kill_process(Pid::from_child(&killed.0), Signal::KILL).unwrap();
    drop(killed);
    fs::write(server.home.path().join("go"), "").unwrap();
    check_unfinished(&server, &(4, String::new()), "", 1);
    assert_eq!(json(&seen(&server, "first"))["new"], password(&server));

    // Killed when the secret had it already: what is left is to forget it.
    server.ok(&["put", "db.rotation", "field=password", &format!("value={}", password(&server))]);
    assert_eq!(rotate(&server, &["-resume", "db", "--", &hook(&server, "again", "touch $HOME/ran")]).0, 0);
    assert_eq!((version(&server), exists("ran")), (2, None));
    assert!(!server.ok(&["ls"]).contains("rotation"));
}

#[test]
fn of_two_rotations_with_hooks_one_waits_for_nobody() {
    let server = server();
    let script = "cat > $HOME/first; touch $HOME/running; until test -e $HOME/go; do sleep 0.01; done
secret put -patch db user=by-hand";
    let slow = hook(&server, "slow", script);
    let first = rotating(&server, &["db#password", "--", &slow]);
    wait_for("the hook does not run", || server.home.path().join("running").exists().then_some(()));
    let (code, text) = rotate(&server, &["db#password", "--", &hook(&server, "second", "touch $HOME/ran")]);
    assert!(code == 4 && text.contains("another rotation is under way"), "{code} {text}");
    assert!(!server.home.path().join("ran").exists());
    fs::write(server.home.path().join("go"), "").unwrap();
    let first = first.wait_with_output().unwrap();
    assert_eq!(first.status.code(), Some(0), "{}", said(&first));
    // What somebody else wrote meanwhile into another field stays.
    assert_eq!((server.ok(&["get", "db#user"]).as_str(), version(&server)), ("by-hand", 3));
    assert_eq!(json(&seen(&server, "first"))["new"], password(&server));
}

#[test]
fn waiting_ends_when_everybody_has_read_the_new_value() {
    let (server, dir) = (server(), tmpfs());
    // What lies below a folder of the same name does not count.
    server.ok(&["put", "db/other", "x=y"]);
    hold(&server, "db/other", "root");
    server.ok(&["put", "db/other", "x=z"]);
    let _agent = agent(&server, dir.path());
    let rendered = |expected: &str| {
        let file = dir.path().join("password");
        wait_for("not rendered", || fs::read_to_string(&file).ok().filter(|it| it == expected));
    };
    rendered(OLD);
    let report = json(&server.ok(&["rotate", "-dry-run", "-format=json", "db#password"]));
    assert_eq!(
        (&report["holders"][0]["version"], &report["changed"]),
        (&1.into(), &false.into()),
        "{report}"
    );
    let (code, text) = rotate(&server, &["-wait=60s", "db#password"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("waiting for 1 holder to read version 2"), "{text}");
    assert!(text.contains("nobody holds a lease of the old value\nwhoever reads without a lease"), "{text}");
    rendered(&password(&server));
}

/// An agent that holds the secret, and looks for a new version each second.
fn agent(server: &Server, dir: &Path) -> Ended {
    let token = server.file("token", &server.ok(&["token", "create", "-policy=root", "-field=token"]));
    let text = format!(
        "auto_auth {{ method \"token_file\" {{ config = {{ token_file_path = \"{token}\" }} }} }}
template_config {{ static_secret_render_interval = \"1s\" }}
path \"secret/db\" {{ hold = \"1h\" }}
template {{
  contents = \"{{{{ with secret \\\"secret/db\\\" }}}}{{{{ .Data.data.password }}}}{{{{ end }}}}\"
  destination = \"{}/password\"
}}
",
        dir.display()
    );
    let file = server.file("agent.hcl", &text);
    let mut command = server.command(["agent", &format!("-config={file}")]);
    Ended(command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

#[test]
fn whoever_is_behind_when_the_time_is_over_is_named() {
    let server = server();
    let slow = server.ok(&["token", "create", "-policy=root", "-display-name=slow", "-field=token"]);
    hold(&server, "db", &slow);
    let (code, text) = rotate(&server, &["-wait=1s", "db#password"]);
    assert_eq!(code, 3, "{text}");
    let row = text.lines().find(|it| it.starts_with("secret/data/db ")).unwrap();
    assert_eq!(row.split_whitespace().collect::<Vec<_>>()[1..4], ["token-slow", "1", "yes"], "{text}");
    // It is stored all the same; and without -wait being behind is no failure.
    assert_eq!(version(&server), 2);
    let (code, text) = rotate(&server, &["db#password"]);
    assert!(code == 0 && text.contains("token-slow"), "{text}");
    // Whoever has what is current when it changes is behind then.
    hold(&server, "db", &slow);
    let waiting = rotating(&server, &["-wait=60s", "db#password"]);
    wait_for("not stored", || (version(&server) == 4).then_some(()));
    hold(&server, "db", &slow);
    let waited = waiting.wait_with_output().unwrap();
    assert_eq!(waited.status.code(), Some(0), "{}", said(&waited));
    // There is no new version to be read any more: nobody can be waited for.
    let waiting = rotating(&server, &["-wait=60s", "db#password"]);
    wait_for("not stored", || (version(&server) == 5).then_some(()));
    server.ok(&["rm", "db"]);
    let waited = waiting.wait_with_output().unwrap();
    assert_eq!(waited.status.code(), Some(3), "{}", said(&waited));
    assert!(said(&waited).contains("somebody has deleted the secret"), "{}", said(&waited));
}

#[test]
fn what_may_not_be_is_refused_before_anything_is_done() {
    let server = server();
    let mark = hook(&server, "mark", "touch $HOME/ran");
    let read = "path \"secret/data/db\" { capabilities = [\"read\"] }\n";
    let write = "path \"secret/data/db\" { capabilities = [\"read\", \"update\"] }\n";
    let keep = "path \"secret/data/db.rotation\" { capabilities = [\"create\", \"read\"] }\n";
    let forget = "path \"secret/metadata/db.rotation\" { capabilities = [\"delete\"] }\n";
    let holders = "path \"sys/leases/holdings/secret/data/db\" { capabilities = [\"read\"] }\n";
    // Whoever may not ask what it may do does without.
    let blind = "path \"sys/capabilities-self\" { capabilities = [\"deny\"] }\n";
    let (plain, hooked, wait) =
        (&["db#password"][..], &["db#password", "--", &mark][..], &["-wait=1s", "db#password"][..]);
    for (rules, args, code, says) in [
        ("path \"x\" { capabilities = [\"deny\"] }".to_owned(), plain, 2, "permission denied"),
        (read.to_owned(), plain, 2, "your token may not update or patch secret/data/db: nothing was changed"),
        (write.to_owned(), hooked, 2, "your token may not delete secret/metadata/db.rotation"),
        (format!("{write}{forget}"), hooked, 2, "your token may not create secret/data/db.rotation"),
        (write.to_owned(), wait, 2, "-wait is not possible: your token may not see who holds it; nothing"),
        (format!("{write}{blind}"), plain, 0, "has a new value"),
        (format!("{write}{holders}"), wait, 0, "nobody holds a lease of the old value"),
        (
            write.to_owned(),
            plain,
            0,
            "who has the old value is not known: your token may not see who holds it",
        ),
        (format!("{write}{keep}{forget}{holders}"), hooked, 0, "nobody holds a lease"),
    ] {
        let (before, token) = (version(&server), token(&server, &rules));
        let ran = server.run(&[&["rotate"], args].concat(), &token, "");
        let text = said(&ran);
        assert!(ran.status.code() == Some(code) && text.contains(says), "{rules}{args:?}: {text}");
        assert_eq!(version(&server), if code == 0 { before + 1 } else { before }, "{rules}{args:?}");
        let ran = server.home.path().join("ran");
        assert_eq!(ran.exists(), code == 0 && args == hooked);
        let _ = fs::remove_file(ran);
    }
}

#[test]
fn the_policy_of_the_guide_is_enough() {
    let server = server();
    let guide = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/rotation.md")).unwrap();
    let rules: Vec<&str> = guide.lines().filter(|it| it.trim_start().starts_with("path \"")).collect();
    assert_eq!(rules.len(), 4, "{rules:?}");
    let token = token(&server, &rules.join("\n").replace("apps/shop/db", "db"));
    for (args, code) in [
        (&["-wait=1s", "db#password"][..], 0),
        (&["-wait=1s", "db#password", "--", "true"], 0),
        (&["db#password", "--", "false"], 4),
        (&["-resume", "-wait=1s", "db", "--", "true"], 0),
        (&["db#password", "--", "false"], 4),
        (&["-abandon", "db"], 0),
    ] {
        let ran = server.run(&[&["rotate"], args].concat(), &token, "");
        assert_eq!(ran.status.code(), Some(code), "{args:?}: {}", said(&ran));
    }
    assert_eq!(version(&server), 4);
    // And it reads and writes nothing else.
    for args in [&["get", "other"][..], &["put", "other", "a=b"], &["put", "db", "user=other"]] {
        assert_eq!(server.run(args, &token, "").status.code(), Some(2), "{args:?}");
    }
}
