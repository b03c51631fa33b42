//! `secret run`: what the program finds, what it does not find, and that it is as if nobody stood in front of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod running;
mod shared;

use std::{
    path::Path,
    process::{Command, Stdio},
};

use running::{Commands as _, Program, Public, as_nobody, is_root, said, wait_for};
use rustix::process::Signal;
use shared::{BINARY, Server};

fn server() -> Server {
    let server = Server::start();
    server.ok(&["put", "db", "user=rails", "password=rosebud"]);
    server
}

/// `secret run --map db -- sh -c SCRIPT`, as an ordinary user.
fn shell(server: &Server, public: &Public, script: &str) -> Command {
    let mut command = server.command(["run", "--map", "db", "--", "sh", "-c", script]);
    let mut moved = Command::new(public.binary());
    moved.args(command.get_args()).env_clear();
    moved.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command = moved;
    as_nobody(&mut command);
    command
}

/// The script's standard output, as an ordinary user and then as whoever runs the test.
#[track_caller]
fn both(server: &Server, public: &Public, script: &str) -> Vec<String> {
    let own = server.command(["run", "--map", "db", "--", "sh", "-c", script]);
    [shell(server, public, script), own]
        .into_iter()
        .map(|mut command| {
            let ran = command.stdin(Stdio::null()).output().unwrap();
            assert!(ran.status.success(), "{}", said(&ran));
            String::from_utf8(ran.stdout).unwrap()
        })
        .collect()
}

// Rule 112
#[test]
fn a_program_finds_its_secrets_on_a_tmpfs_of_its_own() {
    let (server, public) = (server(), Public::new());
    let look = "cat $SECRETS_DIR/db/user $SECRETS_DIR/db/password; stat -f -c ' %T' $SECRETS_DIR; \
                stat -Lc %a $SECRETS_DIR/db/password; grep \" $SECRETS_DIR \" /proc/self/mountinfo; \
                (: > $SECRETS_DIR/new) 2>/dev/null || echo closed";
    for seen in both(&server, &public, look) {
        let lines: Vec<&str> = seen.lines().collect();
        assert_eq!(lines[..2], ["railsrosebud tmpfs", "400"], "{seen}");
        assert!(lines[2].contains("ro,nosuid,nodev,noexec"), "{seen}");
        assert!(lines[2].contains("size=1024k"), "{seen}");
        assert_eq!(lines[3], "closed", "{seen}");
    }
}

// Rule 112: the mount is the program's, and nobody's when it has ended.
#[test]
fn nobody_else_sees_them() {
    let (server, public) = (server(), Public::new());
    let mut command = shell(&server, &public, "echo $SECRETS_DIR; cat $SECRETS_DIR/db/user; echo; read end");
    let mut program = Program::start(command.stdin(Stdio::piped()));
    let (dir, user) = (program.says(), program.says());
    assert_eq!(user, "rails");
    // The directory it is mounted over is there, empty.
    assert!(!Path::new(&dir).join("db").exists());
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!mounts.contains(&dir), "{mounts}");
    drop(program.process.stdin.take());
    program.ends();
    assert!(!Path::new(&dir).exists(), "{dir} is left");
}

// Rule 117
#[test]
fn a_program_gets_neither_token_nor_files() {
    let (server, public) = (server(), Public::new());
    let look = "env | grep -E 'TOKEN|SECRET_ID|PASSWORD'; \
                for it in 0 1 2 3 4 5 6 7 8 9 10 11 12; do [ -e /proc/$$/fd/$it ] && echo $it; done; \
                tr '\\0' '\\n' < /proc/$PPID/environ 2>/dev/null | grep -E '=(canary|root)$'; echo end";
    let nobody = shell(&server, &public, look);
    let own = server.command(["run", "--map", "db", "--", "sh", "-c", look]);
    for command in [nobody, own] {
        // Descriptors that whoever started us forgot to close.
        let mut sh = Command::new("sh");
        sh.args(["-c", "exec 7</dev/null 9</etc/passwd; exec \"$@\"", "sh"]);
        sh.arg(command.get_program()).args(command.get_args());
        sh.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        for name in ["BAO_TOKEN", "STRONGROOM_TOKEN", "VAULT_SECRET_ID", "VAULT_DEV_ROOT_TOKEN_ID"] {
            sh.env(name, if name == "STRONGROOM_TOKEN" { "root" } else { "canary" });
        }
        if command.get_program() == public.binary() {
            as_nobody(&mut sh);
        }
        let ran = sh.stdin(Stdio::null()).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&ran.stdout), "0\n1\n2\nend\n", "{}", said(&ran));
    }
}

// Rules 26, 117: the program has the same user as the process that read the secrets.
#[test]
fn a_program_cannot_look_into_what_started_it() {
    let (server, public) = (server(), Public::new());
    let look = "cat /proc/$PPID/environ >/dev/null && echo environ; \
                head -c 1 /proc/$PPID/mem >/dev/null && echo mem; ls /proc/$PPID/fd && echo fd; \
                cat /proc/$$/environ >/dev/null && echo own";
    let ran = shell(&server, &public, look).stdin(Stdio::null()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ran.stdout), "own\n", "{}", said(&ran));
}

// Rule 117: root can look into every process. What started the program has forgotten the token by then.
#[test]
fn a_token_is_forgotten_before_the_program_starts() {
    let server = server();
    let token = server.ok(&["token", "create", "-field=token"]);
    let (secret, kept) = (token.trim_start_matches("hvs.").to_owned(), "SEARCHED_FOR=kept-on-purpose");
    let mut command = server.command(["run", "--map", "db", "--", "sh", "-c", "echo ready; read end"]);
    command.env("VAULT_TOKEN", &token).env("SEARCHED_FOR", "kept-on-purpose");
    let mut program = Program::start(command.stdin(Stdio::piped()));
    assert_eq!(program.says(), "ready");
    match memory_holds(program.process.id(), &[&secret, "rosebud", kept]) {
        Some(found) => assert_eq!(found, [false, false, true]),
        // Whoever is not root is kept out, which another test shows.
        None => assert!(!is_root()),
    }
    drop(program.process.stdin.take());
    program.ends();
}

/// Which of the words stand in the memory of a process; none if it is closed to us.
fn memory_holds(pid: u32, words: &[&str]) -> Option<Vec<bool>> {
    use std::os::unix::fs::FileExt as _;
    let memory = std::fs::File::open(format!("/proc/{pid}/mem")).ok()?;
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).ok()?;
    let mut found = vec![false; words.len()];
    for map in maps.lines().filter(|it| it.split(' ').nth(1).is_some_and(|it| it.starts_with("rw"))) {
        let (from, to) = map.split(' ').next()?.split_once('-')?;
        let [from, to] = [from, to].map(|it| u64::from_str_radix(it, 16).unwrap());
        let mut content = vec![0; usize::try_from(to - from).unwrap()];
        // Some are the kernel's own.
        if memory.read_exact_at(&mut content, from).is_err() {
            continue;
        }
        for (found, word) in found.iter_mut().zip(words) {
            *found |= content.windows(word.len()).any(|it| it == word.as_bytes());
        }
    }
    Some(found)
}

// Rule 117
#[test]
fn variables_are_given_to_whoever_asks_for_them() {
    let server = server();
    let run = |map: &[&str]| {
        let mut command = server.command(["run", "--env"]);
        command.args(map.iter().flat_map(|it| ["--map", it]));
        command.args(["--", "sh", "-c", "echo $PGUSER,$DB_PASSWORD,$password,$SECRETS_DIR,$VAULT_TOKEN"]);
        let ran = command.stdin(Stdio::null()).output().unwrap();
        (ran.status.code(), said(&ran))
    };
    assert_eq!(run(&["db#user=PGUSER"]), (Some(0), "rails,,,,\n".to_owned()));
    assert_eq!(run(&["db#user=PGUSER", "db"]), (Some(0), "rails,rosebud,,,\n".to_owned()));
    server.ok(&["put", "ld", "preload=/tmp/x.so"]);
    let (code, text) = run(&["ld"]);
    assert_eq!(code, Some(125), "{text}");
    assert!(text.contains("LD_PRELOAD would change which programs run"), "{text}");
    server.ok(&["put", "other/db", "PASSWORD=exchanged"]);
    let (code, text) = run(&["db", "other/db"]);
    assert_eq!(code, Some(125), "{text}");
    assert!(text.contains("two secrets would be the variable DB_PASSWORD"), "{text}");
}

// Rule 117: whoever may write a secret does not thereby choose what the program executes.
#[test]
fn a_field_is_never_a_whole_variable() {
    let server = server();
    let fields = ["BASH_ENV=/tmp/x", "NODE_OPTIONS=-r/tmp/x", "PATH=/tmp", "PERL5OPT=-Mx", "user=rails"];
    server.ok(&[&["put", "apps/shop"], &fields[..]].concat());
    let ran = server.command(["run", "--env", "--map", "apps/shop", "--", "/usr/bin/env"]).output().unwrap();
    assert!(ran.status.success(), "{}", said(&ran));
    let seen = said(&ran);
    for field in fields {
        assert!(!seen.lines().any(|it| it == field), "{seen}");
        let (name, value) = field.split_once('=').unwrap();
        let own = format!("SHOP_{}={value}", name.to_uppercase());
        assert!(seen.lines().any(|it| it == own), "{seen}");
    }
}

#[test]
fn the_exit_code_is_the_programs() {
    let (server, public) = (server(), Public::new());
    for (script, code) in [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137), ("kill -TERM $$", 143)] {
        assert_eq!(shell(&server, &public, script).status().unwrap().code(), Some(code), "{script}");
    }
    let run = |more: &[&str]| {
        let ran = server.command(["run"]).args(more).stdin(Stdio::null()).output().unwrap();
        (ran.status.code(), said(&ran))
    };
    assert_eq!(run(&["--map", "db", "--", "/nonexistent"]).0, Some(127));
    assert_eq!(run(&["--map", "db", "--", "/etc/passwd"]).0, Some(126));
    assert_eq!(run(&["--map", "none", "--", "true"]), (Some(125), "secret: no secret at none\n".to_owned()));
    assert_eq!(run(&["--map", "db", "--at", "/nonexistent", "--", "true"]).0, Some(125));
    assert_eq!(run(&["--map", "db"]).0, Some(1));
    let (code, text) = run(&["--map", "db", "--tmpfs", env!("CARGO_MANIFEST_DIR"), "--", "true"]);
    assert_eq!(code, Some(125));
    assert!(text.contains("not a tmpfs"), "{text}");
}

#[test]
fn signals_are_passed_on() {
    let (server, public) = (server(), Public::new());
    let wait = "while :; do sleep 0.02; done";
    for (signal, name) in [
        (Signal::TERM, "TERM"),
        (Signal::INT, "INT"),
        (Signal::HUP, "HUP"),
        (Signal::QUIT, "QUIT"),
        (Signal::USR1, "USR1"),
        (Signal::USR2, "USR2"),
        (Signal::WINCH, "WINCH"),
        (Signal::TSTP, "TSTP"),
        (Signal::CONT, "CONT"),
        (Signal::ALARM, "ALRM"),
    ] {
        let script = format!("trap 'echo got {name}; exit 3' {name}; echo ready; {wait}");
        let mut program = Program::start(&mut shell(&server, &public, &script));
        assert_eq!(program.says(), "ready");
        program.send(signal);
        assert_eq!(program.says(), format!("got {name}"));
        assert_eq!(program.ends(), Some(3), "{name}");
    }
    // One that it does not handle ends it, and us as if it had ended us.
    let mut program = Program::start(&mut shell(&server, &public, "echo ready; exec sleep 60"));
    assert_eq!(program.says(), "ready");
    program.send(Signal::TERM);
    assert_eq!(program.ends(), Some(143));
}

#[test]
fn a_program_begins_with_all_signals() {
    const LOOK: [&str; 4] = ["grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"];
    let server = server();
    let run = server.command(["run", "--map", "db", "--"].iter().chain(&LOOK));
    // A shell that ignores something starts it, or starts the same without us.
    let look = |before: &str, is_run: bool| {
        let mut sh = Command::new("sh");
        sh.args(["-c", &format!("{before}; exec \"$@\""), "sh"]);
        match is_run {
            true => sh.arg(run.get_program()).args(run.get_args()),
            false => sh.args(LOOK),
        };
        sh.env_clear().envs(run.get_envs().filter_map(|(name, value)| Some((name, value?))));
        String::from_utf8(sh.output().unwrap().stdout).unwrap()
    };
    // What `nohup` asks for is the program's to have.
    for before in [":", "trap '' HUP"] {
        let seen = look(before, true);
        assert_eq!(seen, look(before, false), "{before}");
        assert!(seen.starts_with("SigBlk:\t0000000000000000\n"), "{seen}");
    }
    // But an ignored end of children is ours to notice.
    assert_eq!(look("trap '' CHLD", true), look(":", false));
}

#[test]
fn told_to_end_before_the_program_starts_it_ends() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new(BINARY);
    command.args(["run", "--map", "db", "--timeout=60s", "--", "true"]).env_clear();
    command.env("STRONGROOM_ADDR", format!("http://127.0.0.1:{port}")).env("VAULT_TOKEN", "root");
    let program = Program::start(&mut command);
    let status = format!("/proc/{}/status", program.process.id());
    // It waits for a server, with its signals taken.
    wait_for("it does not take its signals", || {
        let status = std::fs::read_to_string(&status).ok()?;
        let blocked = status.lines().find_map(|it| it.strip_prefix("SigBlk:"))?.trim().to_owned();
        u64::from_str_radix(&blocked, 16).ok().filter(|it| it & (1 << 14) != 0)
    });
    program.send(Signal::TERM);
    assert_eq!(program.ends(), Some(143));
}

/// Runs `script` under `secret run` as PID 1 of a namespace of its own.
fn as_init(server: &Server, script: &str) -> Option<Command> {
    let run = server.command(["run", "--map", "db", "--", "sh", "-c", script]);
    let mut unshare = Command::new("unshare");
    unshare.args(["--pid", "--fork", "--mount-proc", "--kill-child"]);
    if !is_root() {
        unshare.args(["--user", "--map-root-user"]);
    }
    let can = Command::new("unshare").args(unshare.get_args()).arg("true").status();
    if !can.is_ok_and(|it| it.success()) {
        assert_ne!(running::ci().as_deref(), Some("true"), "no PID namespace can be had");
        return None;
    }
    unshare.arg(run.get_program()).args(run.get_args());
    unshare.env_clear().envs(run.get_envs().filter_map(|(name, value)| Some((name, value?))));
    Some(unshare)
}

#[test]
fn as_pid_1_it_passes_signals_on_and_leaves_no_zombies() {
    let server = server();
    // The kernel drops what PID 1 does not handle: from within, `kill -TERM 1` would do nothing.
    let script =
        "echo pid $PPID; trap 'echo got TERM; exit 5' TERM; kill -TERM 1; while :; do sleep 0.02; done";
    let Some(mut init) = as_init(&server, script) else { return };
    let ran = init.stdin(Stdio::null()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ran.stdout), "pid 1\ngot TERM\n", "{}", said(&ran));
    assert_eq!(ran.status.code(), Some(5));

    // An orphan: its parent ends at once, and PID 1 inherits it and its end.
    let script = "sh -c 'sleep 0.05 & echo $!' > /tmp/orphan-$$; read pid < /tmp/orphan-$$; rm /tmp/orphan-$$; \
                  tries=0; while [ -e /proc/$pid ] && [ $tries -lt 1500 ]; do sleep 0.02; tries=$((tries+1)); done; \
                  [ -e /proc/$pid ] && cat /proc/$pid/status || echo gone";
    let ran = as_init(&server, script).unwrap().stdin(Stdio::null()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ran.stdout), "gone\n", "{}", said(&ran));
}

/// Runs a command in a terminal of its own, whose keys are the standard input; none if there is no `script`.
fn in_terminal(command: &Command) -> Option<Program> {
    if Command::new("script").arg("--version").stdout(Stdio::null()).status().is_err() {
        assert_ne!(running::ci().as_deref(), Some("true"), "there is no `script` to make a terminal");
        return None;
    }
    let words: Vec<String> = [command.get_program()]
        .into_iter()
        .chain(command.get_args())
        .map(|it| format!("'{}'", it.to_str().unwrap().replace('\'', "'\\''")))
        .collect();
    let mut terminal = Command::new("script");
    terminal.args(["--quiet", "--return", "--command", &format!("exec {}", words.join(" ")), "/dev/null"]);
    terminal.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    Some(Program::start(terminal.env("SHELL", "/bin/sh").env("TERM", "dumb").stdin(Stdio::piped())))
}

// What the terminal sends reaches the whole foreground group: passed on, it would arrive twice.
#[test]
fn a_terminals_signal_arrives_once() {
    let server = server();
    let script = "n=0; trap 'n=$((n+1)); echo int $n' INT; trap 'echo sum $n; exit 4' TERM; echo ready; \
                  while :; do sleep 0.02; done";
    let run = server.command(["run", "--map", "db", "--", "sh", "-c", script]);
    let Some(mut program) = in_terminal(&run) else { return };
    program.says_at_last("ready");
    for number in 1..=3 {
        program.types("\x03");
        program.says_at_last(&format!("int {number}"));
    }
    // Everything that was sent has arrived when the next thing has: nothing came twice.
    let outer = program.process.id();
    let children = std::fs::read_to_string(format!("/proc/{outer}/task/{outer}/children")).unwrap();
    let own = children.split_whitespace().next().unwrap().parse().unwrap();
    rustix::process::kill_process(rustix::process::Pid::from_raw(own).unwrap(), Signal::TERM).unwrap();
    program.says_at_last("sum 3");
    assert_eq!(program.ends(), Some(4));
}

#[test]
fn job_control_works_as_without_us() {
    let server = server();
    let Some(mut shell) = in_terminal(&with_environment(&server, "bash", &["--norc", "-i"])) else { return };
    // What the terminal echoes has the quotes; what the program says has not.
    let run = format!("{} run --map db -- sh -c 'echo star\"\"ted; exec sleep 600'", BINARY);
    shell.types(&format!("{run}\n"));
    shell.says_at_last("started");
    shell.types("\x1a");
    shell.says_at_last("Stopped");
    // Continued, it is in the foreground again, and ends like anything that Ctrl-C ends.
    shell.types("fg; echo code:$?\n");
    shell.says_at_last("sleep 600");
    let is_running = || {
        let jobs = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|it| {
            let words = std::fs::read(it.path().join("cmdline")).ok()?;
            let state = std::fs::read_to_string(it.path().join("stat")).ok()?;
            Some((words, state))
        });
        let own = [BINARY.as_bytes(), b"run"].join(&0);
        let mut states = jobs.filter(|(words, _)| words.starts_with(&own)).map(|(_, state)| state);
        states.all(|it| !it.contains(") T ")).then_some(())
    };
    wait_for("it is not continued", is_running);
    shell.types("\x03");
    shell.says_at_last("code:130");
    shell.types("exit 6\n");
    assert_eq!(shell.ends(), Some(6));
}

/// Any program with the environment that knows the server.
fn with_environment(server: &Server, program: &str, args: &[&str]) -> Command {
    let known = server.command([""]);
    let mut command = Command::new(program);
    command.args(args).env_clear();
    command.envs(known.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

#[test]
fn a_tmpfs_that_is_there_is_used_and_left_clean() {
    let (server, dir) = (server(), running::tmpfs());
    let path = dir.path().to_str().unwrap();
    let ran = server
        .command(["run", "--map", "db", "--tmpfs", path, "--", "sh", "-c", "cat $SECRETS_DIR/db/password"])
        .output()
        .unwrap();
    assert_eq!(said(&ran), "rosebud");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    // The program sees a mount over a directory of its own choice, and what it holds there otherwise does not.
    std::fs::write(dir.path().join("other"), "x").unwrap();
    let ran = server
        .command([
            "run",
            "--map",
            "db#user=u",
            "--at",
            path,
            "--",
            "sh",
            "-c",
            "ls $SECRETS_DIR; cat $SECRETS_DIR/u",
        ])
        .output()
        .unwrap();
    assert_eq!(said(&ran), "u\nrails");
    assert!(dir.path().join("other").exists());
}

// Rule 115: whoever ends first does not take the other's secrets along.
#[test]
fn a_tmpfs_is_one_programs_at_a_time() {
    let (server, dir) = (server(), running::tmpfs());
    let path = dir.path().to_str().unwrap();
    let run = |script| server.command(["run", "--map", "db", "--tmpfs", path, "--", "sh", "-c", script]);
    let script = "echo ready; read go; cat $SECRETS_DIR/db/user; echo; read end";
    let mut first = Program::start(run(script).stdin(Stdio::piped()));
    assert_eq!(first.says(), "ready");
    let second = run("echo second").stdin(Stdio::null()).output().unwrap();
    assert_eq!(second.status.code(), Some(125), "{}", said(&second));
    for args in [&["db#user=other"][..], &["--remove"]] {
        let ran = server.command(["inject", "--to", path]).args(args).output().unwrap();
        assert_eq!(ran.status.code(), Some(1), "{}", said(&ran));
        assert!(said(&ran).contains("a program under `secret run` has its secrets there"), "{}", said(&ran));
    }
    first.types("go\n");
    assert_eq!(first.says(), "rails");
    drop(first.process.stdin.take());
    // A shell's `read` finds the end of its input.
    assert_eq!(first.ends(), Some(1));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    assert_eq!(said(&run("echo second").output().unwrap()), "second\n");
}
