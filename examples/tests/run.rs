//! Both examples, started as a person would start them and asked over HTTP.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use strongroom_core::crypto::SecretBytes;
use strongroom_sdk::{Client, Config, SecretString};
use strongroom_server::{Dev, DevOptions, EarlySockets};

const LONG: Duration = Duration::from_secs(60);

/// An example that runs, and ends with the test.
struct App {
    child: Child,
    address: String,
}

impl App {
    fn start(mut command: Command) -> Self {
        let command = command.env("LISTEN", "127.0.0.1:0").env("POLL_EVERY", "1").stdin(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap().to_owned();
        Self { child, address }
    }

    /// The status and the body of `/health`.
    fn health(&self) -> (u16, Value) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        (status, serde_json::from_str(body).unwrap())
    }

    #[track_caller]
    fn until(&self, what: &str, is_so: impl Fn(u16, &Value) -> bool) {
        let end = Instant::now() + LONG;
        loop {
            let (status, health) = self.health();
            if is_so(status, &health) {
                return;
            }
            assert!(Instant::now() < end, "{what}: {status} {health}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn example(binary: &str, dir: &Path) -> Command {
    let mut command = Command::new(binary);
    command.current_dir(dir).env_clear().env("HOME", dir);
    command
}

#[test]
fn the_web_app_takes_its_password_and_sees_it_change() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let root_token = Some(SecretBytes::copy_of(b"root"));
    let early = EarlySockets::default();
    let options = DevOptions { address: ([127, 0, 0, 1], 0).into(), root_token, more: Vec::new(), early };
    let dev = runtime.block_on(Dev::start(options)).unwrap();
    let (core, key) = (dev.server.core().clone(), dev.unseal_key);
    let address = format!("http://{}", dev.server.local_addr().unwrap());
    runtime.spawn(dev.server.run(std::future::pending()));

    let mut setup = example(env!("CARGO_BIN_EXE_setup"), dir.path());
    let setup = setup.arg("login").env("STRONGROOM_ADDR", &address).env("STRONGROOM_TOKEN", "root");
    assert!(setup.status().unwrap().success());
    let mut command = example(env!("CARGO_BIN_EXE_web-app"), dir.path());
    command.env("STRONGROOM_ADDR", &address);
    command.env("ROLE_ID_FILE", "login/role-id").env("SECRET_ID_FILE", "login/secret-id");
    let app = App::start(command);
    let (status, health) = app.health();
    assert_eq!((status, &health["password_version"]), (200, &json!(1)), "{health}");

    let token = Some(SecretString::new("root"));
    let operator = Client::new(Config { address, token, ..Config::default() }).unwrap();
    let another = json!({ "user": "app", "password": "hunter2" });
    runtime.block_on(operator.kv("secret").put(strongroom_examples::SECRET, &another)).unwrap();
    app.until("the new password", |status, it| status == 200 && it["password_version"] == 2);
    assert!(!app.health().1.to_string().contains("hunter2"));

    // While the server is sealed it goes on with what it has, and says so.
    core.seal_now();
    app.until("it notices", |status, it| status == 503 && it["password_version"] == 2);
    runtime.block_on(core.unseal(&key)).unwrap();
    app.until("it is well again", |status, _| status == 200);
}

#[test]
fn the_embedded_web_app_keeps_its_store_and_replaces_its_password() {
    let dir = tempfile::tempdir().unwrap();
    let start = |rotate: &str| {
        let mut command = example(env!("CARGO_BIN_EXE_web-app-embedded"), dir.path());
        command.env("DATA_DIR", "data").env("KEY_FILE", "app.key").env("AUDIT_FILE", "audit.log");
        App::start({
            command.env("ROTATE_EVERY", rotate);
            command
        })
    };
    let app = start("1");
    app.until("a third password", |status, it| status == 200 && it["password_version"].as_u64() >= Some(3));
    // Killed, not ended: what it was told is kept.
    drop(app);
    let app = start("3600");
    let (status, health) = app.health();
    assert_eq!(status, 200);
    assert!(health["password_version"].as_u64() >= Some(3), "{health}");
    let log = std::fs::read_to_string(dir.path().join("audit.log")).unwrap();
    assert!(log.contains("secret/data/app/database"));
}
