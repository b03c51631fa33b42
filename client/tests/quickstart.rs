//! `secret quickstart`, from the binary alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod running;
mod shared;

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use running::{Public, as_nobody, said, wait_for};

const ACTS: [&str; 14] = [
    "a server of its own answers",
    "a store was made",
    "the scan found 7 plaintext credentials in the job rails-app, and printed none",
    "the fix moved them into the store (4 values, each once) and rewrote the job",
    "the scan of the rewritten job is silent",
    "the task's own identity, the role and the policy that the fix wrote: DB_PASSWORD is what it was",
    "the least policy, as the fix wrote it",
    "a role for the workload",
    "a workload in its own namespace found DB_PASSWORD: 19 bytes, the right ones",
    "the same role asks for another job's secrets, and is refused",
    "the audit log knows who did it",
    "names and values none stands in the store's",
    "the audit log's chain of",
    "everything has ended",
];

/// An empty directory that everybody may write to, and a binary in another.
fn command(public: &Public, temporary: &Path) -> Command {
    let mut command = Command::new(public.binary());
    command.arg("quickstart").env_clear().env("TMPDIR", temporary).stdin(Stdio::null());
    command
}

fn temporary() -> tempfile::TempDir {
    running::directory(0o777)
}

/// Processes that run this binary.
fn running(binary: &Path) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|it| it.file_name().to_str()?.parse().ok())
        .filter(|pid: &u32| {
            let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            words.split(|it| *it == 0).next() == Some(binary.as_os_str().as_encoded_bytes())
        })
        .collect()
}

fn mounts() -> usize {
    fs::read_to_string("/proc/self/mountinfo").unwrap().lines().count()
}

#[track_caller]
fn check(command: &mut Command, public: &Public, temporary: &Path) {
    let before = mounts();
    let ran = command.output().unwrap();
    assert!(ran.status.success(), "{}", said(&ran));
    let out = String::from_utf8(ran.stdout.clone()).unwrap();
    let done: Vec<&str> = out.lines().filter_map(|it| it.strip_prefix("ok  ")).collect();
    assert_eq!(done.len(), ACTS.len(), "{out}");
    for (done, act) in done.iter().zip(ACTS) {
        assert!(done.contains(act), "{done} / {act}");
    }
    for word in ["quayside-Lantern-77", "sk_live_", "hvs."] {
        assert!(!said(&ran).contains(word), "{word}: {out}");
    }
    assert!(out.contains("What to type next:"));
    assert!(out.contains("denied, because no rule matches"), "{out}");
    assert_eq!(running(&public.binary()), Vec::<u32>::new());
    assert_eq!(mounts(), before);
    assert_eq!(fs::read_dir(temporary).unwrap().count(), 0);
}

#[test]
fn everything_is_shown_and_nothing_is_left() {
    let (public, temporary) = (Public::new(), temporary());
    check(&mut command(&public, temporary.path()), &public, temporary.path());
}

#[test]
fn an_ordinary_user_needs_nothing_more() {
    let (public, temporary) = (Public::new(), temporary());
    let mut command = command(&public, temporary.path());
    check(as_nobody(&mut command).current_dir("/"), &public, temporary.path());
}

#[test]
fn a_closed_standard_input_is_no_hindrance() {
    let (public, temporary) = (Public::new(), temporary());
    let mut sh = Command::new("sh");
    sh.args(["-c", "exec \"$0\" quickstart <&-"]).arg(public.binary());
    check(sh.env_clear().env("TMPDIR", temporary.path()), &public, temporary.path());
}

#[test]
fn what_is_kept_starts_again_without_its_values_in_sight() {
    let (public, temporary) = (Public::new(), temporary());
    let dir = temporary.path().join("kept");
    let ran = command(&public, temporary.path()).arg("--keep").arg(&dir).output().unwrap();
    assert!(ran.status.success(), "{}", said(&ran));
    let names: Vec<_> =
        ["audit.log", "data", "root.token", "server.hcl", "unseal.key"].map(String::from).into();
    for name in names {
        assert!(dir.join(&name).exists(), "{name}");
    }
    // What is there is not used, and not removed.
    let again = command(&public, temporary.path()).arg(&dir).output().unwrap();
    assert_eq!(again.status.code(), Some(1));
    assert!(said(&again).contains("is not empty"), "{}", said(&again));
    assert!(dir.join("data").exists());

    let mut server = Command::new(public.binary())
        .arg("server")
        .arg(format!("-config={}", dir.join("server.hcl").display()))
        .env_clear()
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    use std::io::{BufRead as _, BufReader};
    let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
    let ready = lines.find_map(|it| it.unwrap().strip_prefix("secret server: ready on ").map(str::to_owned));
    let read = Command::new(public.binary())
        .args(["get", "rails-app/web#DB_PASSWORD"])
        .env_clear()
        .env("VAULT_ADDR", ready.unwrap())
        .env("VAULT_TOKEN", running::read(dir.join("root.token")))
        .output();
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(said(&read.unwrap()), "quayside-Lantern-77");
}

#[test]
fn told_to_end_or_killed_it_leaves_no_server() {
    use rustix::process::{Pid, Signal, kill_process};
    let (public, temporary) = (Public::new(), temporary());
    for signal in [Signal::TERM, Signal::INT, Signal::KILL] {
        let mut command = command(&public, temporary.path());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Itself and the server.
        wait_for("no server is started", || (running(&public.binary()).len() > 1).then_some(()));
        kill_process(Pid::from_child(&child), signal).unwrap();
        let status = child.wait().unwrap();
        assert!(!status.success());
        wait_for("the server is left", || running(&public.binary()).is_empty().then_some(()));
        if signal != Signal::KILL {
            assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
        }
    }
}

#[test]
fn the_first_failure_ends_it_and_is_told() {
    let (public, temporary) = (Public::new(), temporary());
    let ran = command(&public, temporary.path()).arg("/proc/none/there").output().unwrap();
    assert_eq!(ran.status.code(), Some(1));
    assert!(said(&ran).starts_with("secret: /proc/none/there: "), "{}", said(&ran));
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
}
