//! Rules of the security standard that the command keeps, through the command itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod shared;

use std::{
    fs::File,
    io::{Read as _, Write as _},
    os::fd::AsFd as _,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use shared::{BINARY, Server};

/// Where a secret stands in what was printed or logged.
fn found<'a>(secret: &str, texts: &'a [(&'a str, String)]) -> Vec<&'a str> {
    texts.iter().filter(|(_, text)| text.contains(secret)).map(|(name, _)| *name).collect()
}

// Rules 97, 101: whatever the log level, and also when it goes wrong, no secret is said that nobody asked for.
#[test]
fn no_secret_is_printed_or_logged_at_any_level() {
    let server = Server::start_logging("trace");
    let (password, value, token, field) =
        ("canary-password-7f3a", "canary-value-91bc", "canary-token-55d0", "canary-field-0e1d");
    let loud = [
        ("STRONGROOM_ADDR", server.address.as_str()),
        ("VAULT_TOKEN", "root"),
        ("RUST_LOG", "trace"),
        ("VAULT_LOG_LEVEL", "trace"),
        ("RUST_BACKTRACE", "1"),
    ];
    let mut texts = Vec::new();
    let mut run = |name: &'static str, args: &[&str], variables: &[(&str, &str)], input: &str| {
        let ran = server.run_with(args, variables, input);
        texts.push((name, String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned()));
        ran.status.success()
    };
    let job = server.file(
        "job.hcl",
        &format!("job \"j\" {{ group \"g\" {{ task \"t\" {{ env {{ A = \"{value}\" }} }} }} }}"),
    );
    let broken = server.file("broken.env", &format!("A=1\n\"{value}\n"));
    assert!(run("put", &["put", "x"], &loud, value));
    assert!(run("put of fields", &["put", "y", "-"], &loud, &format!("{{\"f\": \"{value}\"}}")));
    assert!(run("diff", &["put", "x"], &loud, &format!("{value}2")));
    assert!(run("diff", &["diff", "x"], &loud, ""));
    assert!(run("import", &["import", "-prefix=p", &job], &loud, ""));
    assert!(!run("import of nothing", &["import", "-prefix=p", &broken], &loud, ""));
    assert!(!run("broken JSON", &["put", "x", "-"], &loud, &format!("{{\"f\": {value}}}")));
    assert!(!run("a field without name", &["put", "x", value], &loud, ""));
    assert!(!run("an argument too many", &["get", "x", value], &loud, ""));
    assert!(!run("a key that was typed", &["unseal", value], &loud, ""));
    assert!(run("auth enable", &["auth", "enable", "userpass"], &loud, ""));
    assert!(run("a user", &["write", "auth/userpass/users/ann", "password=-"], &loud, password));
    let login = ["login", "-no-store", "-field=policies", "-method=userpass", "username=ann"];
    assert!(run("login", &login, &loud, password));
    assert!(!run("a wrong login", &login, &loud, &format!("{password}x")));
    let stranger = [loud[0], ("VAULT_TOKEN", token), loud[2], loud[3]];
    assert!(!run("a token that is none", &["get", "x"], &stranger, ""));
    assert!(!run(
        "a token that cannot be sent",
        &["get", "x"],
        &[loud[0], ("VAULT_TOKEN", "canary-token-55d0\n")],
        ""
    ));
    assert!(!run("a field that is not there", &["get", &format!("x#{field}"), "-field=y"], &[loud[0]], ""));
    // The scan finds what is there: this is the one command that was asked for the value.
    assert!(run("get", &["get", "x"], &loud, ""));
    let log = std::fs::read_to_string(server.home.path().join("server.log")).unwrap();
    assert!(log.contains("TRACE") || log.contains("DEBUG"), "the log is not verbose");
    texts.push(("the server's log", log));
    assert_eq!(found(value, &texts), ["get"]);
    assert_eq!(found(password, &texts), Vec::<&str>::new());
    assert_eq!(found(token, &texts), Vec::<&str>::new());
}

// Rule 22: on a terminal a secret is asked for, and does not appear on it.
#[test]
fn a_secret_that_is_typed_is_not_shown() {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let server = Server::start();
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap();
    let end = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    let echoes = || {
        rustix::termios::tcgetattr(end.as_fd())
            .unwrap()
            .local_modes
            .contains(rustix::termios::LocalModes::ECHO)
    };
    assert!(echoes());
    let mut child = Command::new(BINARY)
        .args(["put", "typed"])
        .env_clear()
        .env("STRONGROOM_ADDR", &server.address)
        .env("VAULT_TOKEN", "root")
        .stdin(Stdio::from(end.try_clone().unwrap()))
        .stdout(Stdio::piped())
        .stderr(Stdio::from(end.try_clone().unwrap()))
        .spawn()
        .unwrap();
    let begin = Instant::now();
    while echoes() {
        assert!(begin.elapsed() < Duration::from_secs(60), "the terminal is not silenced");
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut terminal = File::from(terminal);
    terminal.write_all(b"hunter2\n").unwrap();
    assert!(child.wait().unwrap().success());
    assert!(echoes(), "the terminal is silent for ever");
    // What has been shown: the prompt and a line break.
    let mut shown = [0; 256];
    let length = terminal.read(&mut shown).unwrap();
    let shown = String::from_utf8_lossy(&shown[..length]).into_owned();
    assert!(shown.starts_with("Value of typed: ") && !shown.contains("hunter"), "{shown:?}");
    assert_eq!(server.ok(&["get", "typed"]), "hunter2");
}

// Rule 29: what is exposed for comparing is compared in constant time. The types have no `==`; this looks for
// `==` on what they expose.
#[test]
fn no_exposed_credential_is_compared_with_equals() {
    let compares = |line: &str| {
        let line = line.split("//").next().unwrap_or_default();
        ["expose()", "expose_str()", "expose_secret()"].iter().any(|it| {
            line.split(it).skip(1).any(|behind| {
                let behind = behind.trim_start().trim_start_matches([')', '?']).trim_start();
                behind.starts_with("==") || behind.starts_with("!=")
            }) || line.split(it).next().is_some_and(|before| {
                line.contains(it)
                    && (before.contains("== ") || before.contains("!= "))
                    && !before.contains("&&")
            })
        })
    };
    // The search finds what it looks for.
    assert!(compares("if a.expose() == b.expose() {") && compares("x != token.expose()"));
    assert!(!compares("if a.len() == 3 && ct_eq(b.expose(), c)") && !compares("// a.expose() == b"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (mut files, mut wrong) = (0, Vec::new());
    for member in ["api", "client", "core", "policies", "process", "sdk", "server"] {
        visit(&root.join(member).join("src"), &mut |path, text| {
            files += 1;
            // Tests know their own secrets.
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let lines = code.lines().enumerate().filter(|(_, line)| compares(line));
            wrong.extend(lines.map(|(at, line)| format!("{}:{}: {}", path.display(), at + 1, line.trim())));
        });
    }
    assert!(files > 100, "{files} files");
    assert_eq!(wrong, Vec::<String>::new());
}

fn visit(dir: &Path, each: &mut impl FnMut(&Path, &str)) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            visit(&path, each);
        } else if path.extension().is_some_and(|it| it == "rs") && !path.ends_with("tests.rs") {
            each(&path, &std::fs::read_to_string(&path).unwrap());
        }
    }
}
