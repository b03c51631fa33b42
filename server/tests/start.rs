//! From files to a server that answers, and back.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::{fs, net::SocketAddr, os::unix::fs::PermissionsExt as _, path::Path};

use common::{Reply, read_reply};
use strongroom_server::{ServerError, config::Config, start};
use tokio::{io::AsyncWriteExt as _, net::TcpStream, sync::oneshot, task::JoinHandle};

struct Running {
    address: SocketAddr,
    end: oneshot::Sender<()>,
    task: JoinHandle<Result<(), ServerError>>,
}

fn config(dir: &Path, more: &str) -> Config {
    let (file, data) = (dir.join("server.hcl"), dir.join("data"));
    let text = format!(
        "storage \"sqlite\" {{ path = \"{}\" }}\nlistener \"tcp\" {{ address = \"127.0.0.1:0\"\n tls_disable = \"true\" }}\n{more}",
        data.display()
    );
    fs::write(&file, text).unwrap();
    Config::load(&[file]).unwrap()
}

async fn run(config: Config) -> Running {
    let server = start(config).await.unwrap();
    let address = server.local_addr().unwrap();
    let (end, ended) = oneshot::channel::<()>();
    let task = tokio::spawn(server.run(async move {
        let _ = ended.await;
    }));
    Running { address, end, task }
}

impl Running {
    async fn ask(&self, method: &str, path: &str, body: &str) -> Reply {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request =
            format!("{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(request.as_bytes()).await.unwrap();
        read_reply(&mut stream).await
    }

    async fn stop(self) {
        self.end.send(()).unwrap();
        self.task.await.unwrap().unwrap();
    }
}

// Rule 110: a server behind a proxy starts, and says what it is.
#[tokio::test]
async fn plaintext_beyond_loopback_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let more = "listener \"tcp\" { address = \"0.0.0.0:0\"\n tls_disable = true }";
    let server = start(config(dir.path(), more)).await.unwrap();
    assert_eq!(server.addresses().len(), 2);
    assert_eq!(server.exposed(), ["http://0.0.0.0:0"]);
}

#[tokio::test]
async fn a_store_with_shares_is_made_closed_and_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    let server = run(config(dir.path(), "")).await;
    assert_eq!(server.ask("GET", "/v1/sys/health", "").await.status, 501);
    let made = server.ask("PUT", "/v1/sys/init", r#"{"secret_shares": 1, "secret_threshold": 1}"#).await;
    assert_eq!(made.status, 200, "{made:?}");
    let key = made.json()["keys_base64"][0].as_str().unwrap().to_owned();
    assert_eq!(server.ask("GET", "/v1/sys/health", "").await.status, 503);
    assert!(matches!(start(config(dir.path(), "")).await, Err(ServerError::Storage(_))));
    server.stop().await;

    let server = run(config(dir.path(), "")).await;
    assert_eq!(server.ask("GET", "/v1/sys/health", "").await.status, 503);
    let opened = server.ask("PUT", "/v1/sys/unseal", &format!(r#"{{"key": "{key}"}}"#)).await;
    assert_eq!(opened.json()["sealed"], false);
    assert_eq!(server.ask("GET", "/v1/sys/health", "").await.status, 200);
    assert_eq!(fs::metadata(dir.path().join("data")).unwrap().permissions().mode() & 0o777, 0o700);
    server.stop().await;
}

#[tokio::test]
async fn with_a_key_file_the_server_opens_its_store_itself() {
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("key");
    fs::write(&key, [7; 32]).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o400)).unwrap();
    let seal = format!("seal \"keyfile\" {{ path = \"{}\" }}", key.display());

    let server = run(config(dir.path(), &seal)).await;
    let made = server.ask("PUT", "/v1/sys/init", r#"{"recovery_shares": 1, "recovery_threshold": 1}"#).await;
    assert_eq!(made.status, 200, "{made:?}");
    assert_eq!(made.json()["recovery_keys"].as_array().unwrap().len(), 1);
    assert_eq!(server.ask("GET", "/v1/sys/health", "").await.status, 200);
    server.stop().await;

    let server = run(config(dir.path(), &seal)).await;
    assert_eq!(server.ask("GET", "/v1/sys/health", "").await.status, 200);
    server.stop().await;

    fs::remove_file(&key).unwrap();
    fs::write(&key, [8; 32]).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o400)).unwrap();
    assert!(matches!(start(config(dir.path(), &seal)).await, Err(ServerError::Core(_))));
}

#[tokio::test]
async fn a_certificate_that_is_missing_stops_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let more = "listener \"tcp\" { address = \"127.0.0.1:0\"\n tls_cert_file = \"/nowhere/c\"\n tls_key_file = \"/nowhere/k\" }";
    let error = start(config(dir.path(), more)).await.err().unwrap();
    assert_eq!(error.to_string(), "cannot read /nowhere/c: No such file or directory (os error 2)");
}

/// Root may write nearly anywhere: but not make files among those of the kernel.
#[tokio::test]
async fn a_server_whose_log_cannot_be_written_does_not_start() {
    let dir = tempfile::tempdir().unwrap();
    let audit = |path: &str| {
        config(dir.path(), &format!("audit \"file\" \"main\" {{ options {{ file_path = \"{path}\" }} }}"))
    };
    for nowhere in ["/proc/none/audit.log", "/sys/kernel/audit.log"] {
        let Err(refused) = start(audit(nowhere)).await else { panic!("it starts with {nowhere}") };
        assert!(refused.to_string().starts_with(&format!("the audit log cannot be written to {nowhere}")));
    }
    let log = dir.path().join("logs/audit.log");
    run(audit(log.to_str().unwrap())).await.stop().await;
}
