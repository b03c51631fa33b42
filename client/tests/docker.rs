//! Docker's side of `docker-credential-strongroom`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod shared;

use std::{
    io::Write as _,
    os::unix::process::CommandExt as _,
    process::{Command, Stdio},
};

use shared::{BINARY, Server};

/// Calls the helper as Docker does. Answers its exit status and what it printed.
fn docker(server: &Server, word: &str, input: &str) -> (i32, String) {
    let mut child = Command::new(BINARY)
        .arg0("docker-credential-strongroom")
        .arg(word)
        .env_clear()
        .envs([("STRONGROOM_ADDR", server.address.as_str()), ("VAULT_TOKEN", "root")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let ran = child.wait_with_output().unwrap();
    (ran.status.code().unwrap(), String::from_utf8(ran.stdout).unwrap().trim_end().to_owned())
}

#[test]
fn docker_logs_in_and_out() {
    let server = Server::start();
    let none = (1, "credentials not found in native keychain".to_owned());
    assert_eq!(docker(&server, "list", ""), (0, "{}".to_owned()));
    assert_eq!(docker(&server, "get", "https://index.docker.io/v1/"), none);
    let login = r#"{"ServerURL":"https://index.docker.io/v1/","Username":"ann","Secret":"rosebud"}"#;
    assert_eq!(docker(&server, "store", login), (0, String::new()));
    assert_eq!(docker(&server, "get", "https://index.docker.io/v1/\n"), (0, login.to_owned()));
    assert_eq!(docker(&server, "store", &login.replace("index.docker.io/v1/", "ghcr.io")).0, 0);
    let listed = r#"{"https://ghcr.io":"ann","https://index.docker.io/v1/":"ann"}"#;
    assert_eq!(docker(&server, "list", ""), (0, listed.to_owned()));
    assert_eq!(docker(&server, "erase", "https://ghcr.io"), (0, String::new()));
    assert_eq!(docker(&server, "get", "https://ghcr.io"), none);
    // A failure is told where Docker looks for it, without what was typed.
    let (code, said) = docker(&server, "store", "rosebud");
    assert!(code == 1 && !said.is_empty() && !said.contains("rosebud"), "{said}");
    assert!(docker(&server, "version", "").1.contains(env!("CARGO_PKG_VERSION")));
}
