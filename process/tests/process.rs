//! What the process looks like from outside, asked of a process of its own: hardening cannot be undone.

#![allow(clippy::disallowed_methods, reason = "the environment is what is tested")]

use std::{fs, process::Command};

use strongroom_process::Waived;

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

/// What the kernel says to a call that is none of a server's.
fn refused(outcome: libc::c_long) -> Option<i32> {
    (outcome == -1).then(|| std::io::Error::last_os_error().raw_os_error()).flatten()
}

// Rule 26
#[test]
fn a_confined_process_has_no_capabilities_and_runs_no_program() {
    let name = "a_confined_process_has_no_capabilities_and_runs_no_program";
    if !is_child() {
        assert!(in_child(name).status().unwrap().success());
        return;
    }
    assert!(Command::new("/bin/true").status().unwrap().success());
    let mut done = strongroom_process::harden();
    done.confine(Waived::Yes).unwrap();
    assert!(done.no_capabilities && done.filtered && done.failures.is_empty(), "{done:?}");
    // The test's own thread is the one that was confined, so it is the one that tries.
    for set in ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"] {
        assert_eq!(status(set), "0000000000000000", "{set}");
    }
    if rustix::process::geteuid().is_root() {
        assert_eq!(status("CapBnd:"), "0000000000000000");
    }
    assert_eq!(status("Seccomp:"), "2");

    let error = Command::new("/bin/true").status().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied);
    // SAFETY: none of these calls is let through; were one, it would act on this child alone.
    unsafe {
        let null = std::ptr::null::<libc::c_void>();
        let calls = [
            ("ptrace", libc::syscall(libc::SYS_ptrace, libc::PTRACE_TRACEME, 0, 0, 0)),
            ("unshare", libc::syscall(libc::SYS_unshare, libc::CLONE_NEWUSER)),
            ("clone", libc::syscall(libc::SYS_clone, libc::CLONE_NEWUSER | libc::SIGCHLD, 0, 0, 0, 0)),
            ("process_vm_readv", libc::syscall(libc::SYS_process_vm_readv, 1, null, 0, null, 0, 0)),
            ("keyctl", libc::syscall(libc::SYS_keyctl, 0, 0, 0, 0, 0)),
            ("bpf", libc::syscall(libc::SYS_bpf, 0, null, 0)),
            ("io_uring_setup", libc::syscall(libc::SYS_io_uring_setup, 1, null)),
            ("packets", libc::syscall(libc::SYS_socket, libc::AF_PACKET, libc::SOCK_RAW, 0)),
            ("written and run", {
                let both = libc::PROT_WRITE | libc::PROT_EXEC;
                libc::syscall(
                    libc::SYS_mmap,
                    null,
                    4096,
                    both,
                    libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                    -1,
                    0,
                )
            }),
        ];
        for (name, outcome) in calls {
            assert_eq!(refused(outcome), Some(libc::EPERM), "{name}");
        }
        #[cfg(target_arch = "x86_64")]
        {
            // The same in the kernel's second dialect: refused here, or not spoken at all.
            let dialect = libc::syscall(0x4000_0000 | 520, null, null, null);
            assert!(matches!(refused(dialect), Some(libc::EPERM | libc::ENOSYS)));
        }
    }
    // What a server does goes on: threads, the network, files.
    std::thread::spawn(|| {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        drop(std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap());
        assert!(std::net::ToSocketAddrs::to_socket_addrs("localhost:1").unwrap().next().is_some());
        fs::read("/proc/self/status").unwrap();
        assert_eq!(status("Seccomp:"), "2");
        assert!(Command::new("/bin/true").status().is_err());
    })
    .join()
    .unwrap();
}

// Rules 26, 27
#[test]
fn all_of_the_memory_is_locked_where_that_is_allowed() {
    let name = "all_of_the_memory_is_locked_where_that_is_allowed";
    if !is_child() {
        assert!(in_child(name).status().unwrap().success());
        return;
    }
    let mut done = strongroom_process::harden();
    done.confine(Waived::No).unwrap();
    let (limit, _) = libc_limit();
    let locked: u64 = status("VmLck:").trim_end_matches(" kB").trim().parse().unwrap();
    // Keys always; all of it if the limit, which root has raised, is none.
    let least = if limit == libc::RLIM_INFINITY { 1024 } else { 32 };
    assert!(locked >= least, "{locked} kB of a limit of {limit}");
    // What comes later still finds memory.
    assert_eq!(std::hint::black_box(vec![1_u8; 32 << 20]).len(), 32 << 20);
    std::thread::spawn(|| ()).join().unwrap();
}

fn libc_limit() -> (u64, u64) {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: writes the limit into a struct that is there for it.
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_MEMLOCK, &raw mut limit) }, 0);
    (limit.rlim_cur, limit.rlim_max)
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
