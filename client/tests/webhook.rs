//! `secret webhook` as a program: a question over TLS is answered, and a signal ends it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod shared;

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Command, Stdio},
    sync::Arc,
};

use rustix::process::{Pid, Signal, kill_process};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, pki_types::ServerName};
use shared::BINARY;

const QUESTION: &str = include_str!("../../webhook/tests/reviews/plain/review.json");

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.arg("webhook").args(args).env_clear().stdin(Stdio::null()).stderr(Stdio::piped());
    command
}

#[test]
fn a_pod_that_asks_gets_an_agent_of_what_the_operator_says() {
    let dir = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (cert, key) = (file("tls.crt", &made.cert.pem()), file("tls.key", &made.signing_key.serialize_pem()));
    let authorities = file("ca.crt", "the authority\n");
    let mut webhook = command(&[
        "-address=https://strongroom.example:8200",
        &format!("-ca-cert={authorities}"),
        "--image=registry.example/agent:7",
        "--auth-path=auth/west",
        "--audience=strongroom",
        "--sidecars=native",
        "--listen=127.0.0.1:0",
        &format!("--tls-cert-file={cert}"),
        &format!("--tls-key-file={key}"),
    ])
    .spawn()
    .unwrap();
    let mut lines = BufReader::new(webhook.stderr.take().unwrap()).lines().map(Result::unwrap);
    let listening = lines.find(|it| it.contains("listening on ")).unwrap();
    assert!(listening.contains("webhook: "), "{listening}");
    let address = listening.rsplit(' ').next().unwrap();

    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(address).unwrap());
    let length = QUESTION.len();
    write!(stream, "POST /mutate HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{QUESTION}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with("HTTP/1.1 200") && head.contains("content-type: application/json\r\n"),
        "{head}"
    );
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    let patch = body["response"]["patch"].as_str().unwrap();
    let patch = String::from_utf8(data_encoding::BASE64.decode(patch.as_bytes()).unwrap()).unwrap();
    for part in [
        "https://strongroom.example:8200",
        "the authority",
        "registry.example/agent:7",
        "\"audience\":\"strongroom\"",
        "\"restartPolicy\":\"Always\"",
    ] {
        assert!(patch.contains(part), "{part}: {patch}");
    }
    kill_process(Pid::from_child(&webhook), Signal::TERM).unwrap();
    assert_eq!(webhook.wait().unwrap().code(), Some(0));
}

#[test]
fn what_would_be_wrong_with_every_pod_ends_it_at_once() {
    let address = "-address=https://strongroom.example:8200";
    for (args, why) in [
        (vec![], "which server"),
        (vec![address], "KUBERNETES_SERVICE_HOST"),
        (
            vec![address, "--tls-cert-file=/nowhere", "--tls-key-file=/nowhere", "--listen=127.0.0.1:0"],
            "/nowhere",
        ),
        (
            vec!["-address=unix:///run/x", "--tls-cert-file=x", "--tls-key-file=x", "--listen=127.0.0.1:0"],
            "https://",
        ),
        (vec![address, "--log-level=loud"], "log level"),
        (vec![address, "-ca-cert=/nowhere"], "/nowhere"),
        (vec![address, "--sidecars=none"], "sidecars"),
    ] {
        let ended = command(&args).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(!ended.status.success() && said.contains(why), "{args:?}: {said}");
    }
}
