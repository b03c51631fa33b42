//! `secret csi` as a node starts it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

const BINARY: &str = env!("CARGO_BIN_EXE_secret");

/// Ended when dropped.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn secret(args: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.args(args).env_clear().env("STRONGROOM_ADDR", "http://127.0.0.1:1").stdin(Stdio::null());
    command
}

fn ran(args: &[&str]) -> (i32, String) {
    let Output { status, stderr, .. } = secret(args).output().unwrap();
    (status.code().unwrap(), String::from_utf8(stderr).unwrap())
}

fn free_port() -> String {
    format!("127.0.0.1:{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port())
}

/// Starts a program, waits until it says that it is there, and has it end by a signal.
#[track_caller]
fn check_runs(args: &[&str], health: &str, sockets: &[&Path]) {
    let mut program = Ended(secret(args).stderr(Stdio::piped()).spawn().unwrap());
    let began = Instant::now();
    while !is_ready(health) {
        assert!(program.0.try_wait().unwrap().is_none(), "it has ended");
        assert!(began.elapsed() < Duration::from_secs(60), "it is not there");
        std::thread::sleep(Duration::from_millis(20));
    }
    for socket in sockets {
        assert_eq!(fs::symlink_metadata(socket).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let pid = rustix::process::Pid::from_child(&program.0);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let status = program.0.wait().unwrap();
    let mut said = String::new();
    program.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(status.success(), "{said}");
    assert!(said.contains("listens"), "{said}");
    assert!(sockets.iter().all(|it| !it.exists()), "its sockets go with it");
}

fn is_ready(address: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let mut said = String::new();
    let asked = stream.write_all(b"GET /health/ready HTTP/1.1\r\nhost: x\r\n\r\n");
    asked.and_then(|()| stream.read_to_string(&mut said)).is_ok() && said.starts_with("HTTP/1.1 200")
}

#[test]
fn a_node_driver_registers_itself_and_ends_by_a_signal() {
    let dir = tempfile::tempdir().unwrap();
    let kubelet = dir.path().canonicalize().unwrap().join("kubelet");
    fs::create_dir_all(kubelet.join("pods")).unwrap();
    fs::create_dir(kubelet.join("plugins_registry")).unwrap();
    let (health, at) = (free_port(), kubelet.to_str().unwrap());
    let args = ["csi", "node", "--node-id", "n1", "--kubelet-dir", at, "--health", &health];
    let socket = kubelet.join("plugins/csi.strongroom.dev/csi.sock");
    let registration = kubelet.join("plugins_registry/csi.strongroom.dev-reg.sock");
    check_runs(&args, &health, &[&socket, &registration]);

    let more = |more: &[&str]| ran(&[&args[..6], more].concat());
    for (given, expected) in [
        (&["--allow", "objects=x"][..], "--allow: no attribute of that name"),
        (&["--allow", "vaultAddress"], "--allow: write ATTRIBUTE=VALUE"),
        (&["--driver-name", "../x"], "driver-name must be"),
        (&["--lease", "0s"], "write a time of a second or more"),
        (&["--log-level", "loud"], "loud is no log level"),
        (&["--address", "nonsense"], "an address begins with"),
    ] {
        let (status, said) = more(given);
        assert!(status == 1 && said.contains(expected), "{given:?}: {status} {said}");
    }
    fs::write(&registration, "squatter").unwrap();
    let (status, said) = more(&[]);
    assert!(status == 1 && said.contains("no socket of ours"), "{status} {said}");
    assert!(ran(&["csi", "node"]).1.contains("--node-id"));
}

#[test]
fn a_provider_listens_where_the_stock_one_does() {
    let dir = tempfile::tempdir().unwrap();
    let (socket, health) = (dir.path().canonicalize().unwrap().join("vault.sock"), free_port());
    let key = dir.path().join("key");
    fs::write(&key, "k".repeat(32)).unwrap();
    let (at, key) = (format!("--endpoint={}", socket.display()), key.to_str().unwrap().to_owned());
    check_runs(
        &["csi", "provider", &at, "--health", &health, "--version-key-file", &key],
        &health,
        &[&socket],
    );
    fs::write(&key, "short").unwrap();
    let (status, said) = ran(&["csi", "provider", &at, "--health", &health, "--version-key-file", &key]);
    assert!(status == 1 && said.contains("32 bytes or more"), "{status} {said}");
}
