//! What the process looks like from outside, asked of a process of its own: hardening cannot be undone.

#![allow(clippy::disallowed_methods, reason = "the environment is what is tested")]

use std::{fs, process::Command};

const CHILD: &str = "STRONGROOM_TEST_CHILD";

/// Runs the test `name` of this file again in a child that does the work.
fn in_child(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture", "--test-threads=1"]).env(CHILD, "1");
    command
}

fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

fn status(field: &str) -> String {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap();
    let line = status.lines().find_map(|it| it.strip_prefix(field)).unwrap();
    line.trim().to_owned()
}

// Rule 26
#[test]
fn a_hardened_process_cannot_be_dumped_and_gains_nothing() {
    if !is_child() {
        assert!(
            in_child("a_hardened_process_cannot_be_dumped_and_gains_nothing").status().unwrap().success()
        );
        return;
    }
    let done = strongroom_process::harden();
    assert!(done.undumpable && done.no_core_files && done.no_new_privileges, "{done:?}");
    assert_eq!(status("NoNewPrivs:"), "1");
    let limits = fs::read_to_string("/proc/self/limits").unwrap();
    let core = limits.lines().find(|it| it.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().collect::<Vec<_>>()[4..6], ["0", "0"]);
    // SAFETY: reads a flag of this process.
    assert_eq!(unsafe { libc::prctl(libc::PR_GET_DUMPABLE) }, 0);
    assert_eq!(status("Umask:"), "0077");
}

// Rule 28
#[test]
fn a_token_is_gone_from_the_environment_and_from_proc() {
    let name = "a_token_is_gone_from_the_environment_and_from_proc";
    if !is_child() {
        let outcome = in_child(name).env("VAULT_TOKEN", "hvs.planted-canary").status().unwrap();
        assert!(outcome.success());
        return;
    }
    let seen = || fs::read("/proc/self/environ").unwrap();
    let holds = |environ: &[u8]| environ.windows(14).any(|it| it == b"planted-canary");
    assert!(holds(&seen()));
    assert_eq!(strongroom_process::remove_tokens(), ["VAULT_TOKEN"]);
    assert!(!holds(&seen()));
    assert_eq!(std::env::var_os("VAULT_TOKEN"), None);
}
