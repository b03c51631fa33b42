//! A development server of the same binary, and the command run against it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    dead_code,
    reason = "a test"
)]

use std::{
    io::Write as _,
    net::{TcpListener, TcpStream},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

pub const BINARY: &str = env!("CARGO_BIN_EXE_secret");

/// A development server, ended when dropped.
pub struct Server {
    process: Child,
    pub address: String,
    pub home: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    pub fn start() -> Self {
        Self::spawn(tempfile::tempdir().unwrap(), |port| {
            vec![
                "server".to_owned(),
                "-dev".to_owned(),
                "-dev-root-token-id=root".to_owned(),
                format!("-dev-listen-address=127.0.0.1:{port}"),
            ]
        })
    }

    /// As [`Server::start`], with all that it logs in `server.log` below `home`.
    pub fn start_logging(level: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let log = std::fs::File::create(home.path().join("server.log")).unwrap();
        Self::spawn_with(home, log.into(), |port| {
            ["server", "-dev", "-dev-root-token-id=root", &format!("-log-level={level}")]
                .map(str::to_owned)
                .into_iter()
                .chain([format!("-dev-listen-address=127.0.0.1:{port}")])
                .collect()
        })
    }

    /// A server that keeps its secrets, and was never initialised. Its audit log lies below `home`.
    pub fn empty() -> Self {
        let home = tempfile::tempdir().unwrap();
        let (data, config) = (home.path().join("data"), home.path().join("server.hcl"));
        Self::spawn(home, |port| {
            let text = format!(
                "storage \"sqlite\" {{ path = {data:?} }}\nlistener \"tcp\" {{\n  address = \"127.0.0.1:{port}\"\n  \
                 tls_disable = true\n}}\n"
            );
            std::fs::write(&config, text).unwrap();
            vec!["server".to_owned(), format!("-config={}", config.display())]
        })
    }

    /// As [`Server::empty`], over TLS; the authority of its certificate is `ca.pem` below `home`.
    pub fn with_tls() -> Self {
        let home = tempfile::tempdir().unwrap();
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let file = |name: &str| home.path().join(name);
        std::fs::write(file("ca.pem"), made.cert.pem()).unwrap();
        std::fs::write(file("key.pem"), made.signing_key.serialize_pem()).unwrap();
        std::fs::set_permissions(file("key.pem"), std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .unwrap();
        let (cert, key, data, config) = (file("ca.pem"), file("key.pem"), file("data"), file("server.hcl"));
        let mut server = Self::spawn(home, |port| {
            let text = format!(
                "storage \"sqlite\" {{ path = {data:?} }}\nlistener \"tcp\" {{\n  address = \"127.0.0.1:{port}\"\n  \
                 tls_cert_file = {cert:?}\n  tls_key_file = {key:?}\n}}\n"
            );
            std::fs::write(&config, text).unwrap();
            vec!["server".to_owned(), format!("-config={}", config.display())]
        });
        server.address = server.address.replace("http:", "https:");
        server
    }

    fn spawn(home: tempfile::TempDir, args: impl FnOnce(u16) -> Vec<String>) -> Self {
        Self::spawn_with(home, Stdio::null(), args)
    }

    fn spawn_with(home: tempfile::TempDir, log: Stdio, args: impl FnOnce(u16) -> Vec<String>) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Command::new(BINARY)
            .args(args(port))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begin.elapsed() < Duration::from_secs(60), "the server does not come up");
            std::thread::sleep(Duration::from_millis(10));
        }
        Self { process, address: format!("http://127.0.0.1:{port}"), home }
    }

    /// Ends it; what was asked of it is asked of nobody.
    pub fn stop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Runs `secret` with `input` on its standard input.
    pub fn run(&self, args: &[&str], token: &str, input: &str) -> Output {
        self.run_with(args, &[("STRONGROOM_ADDR", &self.address), ("VAULT_TOKEN", token)], input)
    }

    /// Runs `secret` with these variables and no others but HOME.
    pub fn run_with(&self, args: &[&str], variables: &[(&str, &str)], input: &str) -> Output {
        let mut child = Command::new(BINARY)
            .args(args)
            .env_clear()
            .env("HOME", self.home.path())
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that fails at once may not read it.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    /// Standard output of a command that succeeds.
    #[track_caller]
    pub fn ok(&self, args: &[&str]) -> String {
        let ran = self.run(args, "root", "");
        assert!(ran.status.success(), "{args:?}: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap()
    }

    /// Exit status and standard error of a command that fails.
    #[track_caller]
    pub fn fails(&self, args: &[&str], token: &str) -> (i32, String) {
        let ran = self.run(args, token, "");
        assert!(!ran.status.success(), "{args:?}");
        (ran.status.code().unwrap(), String::from_utf8(ran.stderr).unwrap())
    }

    /// Standard output of a command that gets `input` and succeeds.
    #[track_caller]
    pub fn ok_with(&self, args: &[&str], input: &str) -> String {
        let ran = self.run(args, "root", input);
        assert!(ran.status.success(), "{args:?}: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap()
    }

    /// A file in the home directory.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.home.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}
