//! TLS as it is spoken on a real socket, with certificates made for the test.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::{fs, path::Path, sync::Arc};

use common::{Options, ROOT, TestServer};
use rcgen::{CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::{
    ClientConfig, HandshakeKind, ProtocolVersion, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
};
use strongroom_server::{
    config::{Forwarded, MinTls, Tls},
    http::{Decoder, VouchedCertificate},
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::{TlsConnector, client::TlsStream};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate for 127.0.0.1 and its key, as PEM.
fn issue(authority: &Authority) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "web");
    (params.signed_by(&key, authority).unwrap().pem(), key.serialize_pem())
}

fn install(dir: &Path, (cert, key): (String, String)) -> Tls {
    fs::write(dir.join("cert.pem"), cert).unwrap();
    fs::write(dir.join("key.pem"), key).unwrap();
    Tls {
        cert_file: dir.join("cert.pem"),
        key_file: dir.join("key.pem"),
        min: MinTls::Tls12,
        client_ca_file: None,
        require_client_cert: false,
        no_client_certs: false,
    }
}

/// How a test's client differs from the usual one.
#[derive(Clone, Default)]
struct Client {
    only_tls12: bool,
    alpn: Option<&'static [u8]>,
    identity: Option<(String, String)>,
}

async fn connect(
    server: &TestServer,
    authority: &Authority,
    client: Client,
) -> std::io::Result<TlsStream<tokio::net::TcpStream>> {
    connect_with(server, config(authority, client)).await
}

/// Connections of one configuration take up each other's sessions.
async fn connect_with(
    server: &TestServer,
    config: Arc<ClientConfig>,
) -> std::io::Result<TlsStream<tokio::net::TcpStream>> {
    let name = ServerName::try_from("127.0.0.1").unwrap();
    TlsConnector::from(config).connect(name, server.connect().await).await
}

fn config(authority: &Authority, client: Client) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let versions: &[_] =
        if client.only_tls12 { &[&rustls::version::TLS12] } else { rustls::DEFAULT_VERSIONS };
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match client.identity {
        Some((cert, key)) => {
            let chain = vec![CertificateDer::from_pem_slice(cert.as_bytes()).unwrap()];
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols.extend(client.alpn.map(<[u8]>::to_vec));
    Arc::new(config)
}

/// A server where whoever has a certificate of `authority` may log in.
async fn trusting(tls: Tls, authority: &Authority) -> TestServer {
    let server = server(tls).await;
    let mut stream = connect(&server, authority, Client::default()).await.unwrap();
    assert_eq!(post(&mut stream, "sys/auth/cert", r#"{"type":"cert"}"#).await.0, 204);
    let mut stream = connect(&server, authority, Client::default()).await.unwrap();
    let entry = serde_json::json!({ "certificate": authority.pem() }).to_string();
    assert_eq!(post(&mut stream, "auth/cert/certs/web", &entry).await.0, 204);
    server
}

/// A write as root, and the connection's end: its status and body.
async fn post(stream: &mut TlsStream<tokio::net::TcpStream>, path: &str, body: &str) -> (u16, String) {
    let len = body.len();
    let ask = format!(
        "POST /v1/{path} HTTP/1.1\r\nhost: x\r\nx-vault-token: {ROOT}\r\nconnection: close\r\n\
         content-length: {len}\r\n\r\n{body}"
    );
    stream.write_all(ask.as_bytes()).await.unwrap();
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all).await;
    let all = String::from_utf8_lossy(&all).into_owned();
    let (head, body) = all.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// How a login with the certificate of the connection ends: by the name in it, or by the refusal.
async fn login(stream: &mut TlsStream<tokio::net::TcpStream>) -> Result<String, String> {
    let (status, body) = post(stream, "auth/cert/login", "{}").await;
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    match status {
        200 => Ok(body["auth"]["metadata"]["common_name"].as_str().unwrap().to_owned()),
        _ => Err(body["errors"][0].as_str().unwrap().to_owned()),
    }
}

const NO_CERTIFICATE: &str = "no client certificate found";

/// The status line of an answer; an error or an end without one is empty.
async fn health(stream: &mut TlsStream<tokio::net::TcpStream>) -> String {
    let ask = b"GET /v1/sys/health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    if stream.write_all(ask).await.is_err() {
        return String::new();
    }
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all).await;
    String::from_utf8_lossy(&all).lines().next().unwrap_or_default().to_owned()
}

async fn server(tls: Tls) -> TestServer {
    TestServer::with(Options { tls: Some(tls), ..Options::default() }).await
}

// Rule 110
#[tokio::test]
async fn both_versions_are_spoken_and_the_older_can_be_turned_off() {
    let (dir, authority) = (tempfile::tempdir().unwrap(), authority());
    let tls = install(dir.path(), issue(&authority));
    let both = server(tls.clone()).await;
    let older = Client { only_tls12: true, ..Client::default() };
    let mut stream = connect(&both, &authority, Client::default()).await.unwrap();
    assert_eq!(stream.get_ref().1.protocol_version(), Some(ProtocolVersion::TLSv1_3));
    assert_eq!(health(&mut stream).await, "HTTP/1.1 200 OK");
    let mut stream = connect(&both, &authority, older.clone()).await.unwrap();
    assert_eq!(stream.get_ref().1.protocol_version(), Some(ProtocolVersion::TLSv1_2));
    assert_eq!(health(&mut stream).await, "HTTP/1.1 200 OK");
    drop(stream);
    both.stop().await;

    let newer = server(Tls { min: MinTls::Tls13, ..tls }).await;
    assert!(connect(&newer, &authority, older).await.is_err());
    assert!(connect(&newer, &authority, Client::default()).await.is_ok());
}

// Rule 110
#[tokio::test]
async fn plain_http_gets_nothing_on_a_tls_port() {
    let (dir, authority) = (tempfile::tempdir().unwrap(), authority());
    let server = server(install(dir.path(), issue(&authority))).await;
    let reply = server.get("/v1/sys/health").await;
    assert_eq!(reply.status, 0, "{reply:?}");
}

#[tokio::test]
async fn http2_is_agreed_on_by_alpn_and_answers() {
    let (dir, authority) = (tempfile::tempdir().unwrap(), authority());
    let server = server(install(dir.path(), issue(&authority))).await;
    let client = Client { alpn: Some(b"h2"), ..Client::default() };
    let stream = connect(&server, &authority, client).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
    let io = hyper_util::rt::TokioIo::new(stream);
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, io).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::get("https://127.0.0.1/v1/sys/health");
    let request = request.body(http_body_util::Empty::<bytes::Bytes>::new()).unwrap();
    let answer = sender.send_request(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/json");
}

#[tokio::test]
async fn a_client_certificate_is_required_only_where_the_listener_says_so() {
    let (dir, authority, others) = (tempfile::tempdir().unwrap(), authority(), authority());
    fs::write(dir.path().join("ca.pem"), authority.pem()).unwrap();
    let client_ca_file = Some(dir.path().join("ca.pem"));
    let asks = Tls { client_ca_file, ..install(dir.path(), issue(&authority)) };
    let lenient = server(asks.clone()).await;
    let mut stream = connect(&lenient, &authority, Client::default()).await.unwrap();
    assert_eq!(health(&mut stream).await, "HTTP/1.1 200 OK");

    let strict = server(Tls { require_client_cert: true, ..asks }).await;
    let with = |identity| Client { identity: Some(identity), ..Client::default() };
    for (client, expected) in
        [(with(issue(&authority)), "HTTP/1.1 200 OK"), (with(issue(&others)), ""), (Client::default(), "")]
    {
        // TLS 1.3 tells a client of its refusal only when it reads.
        let status = match connect(&strict, &authority, client).await {
            Ok(mut stream) => health(&mut stream).await,
            Err(_) => String::new(),
        };
        assert_eq!(status, expected);
    }
}

// Rule 110
#[tokio::test]
async fn a_new_certificate_is_shown_after_a_reload_and_a_bad_one_is_not() {
    let (dir, old, new) = (tempfile::tempdir().unwrap(), authority(), authority());
    let tls = install(dir.path(), issue(&old));
    let server = server(tls).await;
    assert!(connect(&server, &old, Client::default()).await.is_ok());

    fs::write(dir.path().join("cert.pem"), "no certificate").unwrap();
    server.reloader.reload();
    assert!(connect(&server, &old, Client::default()).await.is_ok());

    install(dir.path(), issue(&new));
    server.reloader.reload();
    assert!(connect(&server, &new, Client::default()).await.is_ok());
    assert!(connect(&server, &old, Client::default()).await.is_err());
}

// Rule 76: a certificate comes from the connection, and a header says nothing.
#[tokio::test]
async fn a_clients_certificate_is_asked_for_and_only_its_own_counts() {
    let (dir, authority, others) = (tempfile::tempdir().unwrap(), authority(), authority());
    let tls = install(dir.path(), issue(&authority));
    let server = trusting(tls.clone(), &authority).await;
    let with = |identity, only_tls12| Client { identity, only_tls12, ..Client::default() };
    for only_tls12 in [false, true] {
        // Whoever has none, or one that nobody knows, is served as before.
        for identity in [None, Some(issue(&others)), Some(issue(&authority))] {
            let mut stream = connect(&server, &authority, with(identity, only_tls12)).await.unwrap();
            assert_eq!(health(&mut stream).await, "HTTP/1.1 200 OK");
        }
        let mut stream =
            connect(&server, &authority, with(Some(issue(&authority)), only_tls12)).await.unwrap();
        assert_eq!(login(&mut stream).await.as_deref(), Ok("web"));
        let mut stream = connect(&server, &authority, with(Some(issue(&others)), only_tls12)).await.unwrap();
        assert!(login(&mut stream).await.unwrap_err().starts_with("failed to match all constraints"));
        let mut stream = connect(&server, &authority, with(None, only_tls12)).await.unwrap();
        assert_eq!(login(&mut stream).await.unwrap_err(), NO_CERTIFICATE);
    }
    let deaf = trusting(Tls { no_client_certs: true, ..tls }, &authority).await;
    let mut stream = connect(&deaf, &authority, with(Some(issue(&authority)), false)).await.unwrap();
    assert_eq!(login(&mut stream).await.unwrap_err(), NO_CERTIFICATE);
}

#[tokio::test]
async fn a_session_that_is_taken_up_again_has_the_certificate_of_its_client() {
    let (dir, authority) = (tempfile::tempdir().unwrap(), authority());
    let server = trusting(install(dir.path(), issue(&authority)), &authority).await;
    for only_tls12 in [false, true] {
        for (identity, expected) in [(Some(issue(&authority)), Ok("web")), (None, Err(NO_CERTIFICATE))] {
            let config = config(&authority, Client { only_tls12, identity, alpn: None });
            for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
                let mut stream = connect_with(&server, config.clone()).await.unwrap();
                let outcome = login(&mut stream).await;
                assert_eq!(stream.get_ref().1.handshake_kind(), Some(kind), "{only_tls12}");
                assert_eq!(outcome.as_deref().map_err(String::as_str), expected, "{kind:?}");
            }
        }
    }
}

#[tokio::test]
async fn each_request_of_a_connection_of_http2_has_its_certificate() {
    let (dir, authority) = (tempfile::tempdir().unwrap(), authority());
    let server = trusting(install(dir.path(), issue(&authority)), &authority).await;
    let client = Client { alpn: Some(b"h2"), identity: Some(issue(&authority)), ..Client::default() };
    let io = hyper_util::rt::TokioIo::new(connect(&server, &authority, client).await.unwrap());
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, io).await.unwrap();
    tokio::spawn(connection);
    for _ in 0..2 {
        let request = http::Request::put("https://127.0.0.1/v1/auth/cert/login");
        let request = request.body(http_body_util::Empty::<bytes::Bytes>::new()).unwrap();
        assert_eq!(sender.send_request(request).await.unwrap().status(), 200);
    }
}

// Rule 76
#[tokio::test]
async fn a_proxy_passes_its_clients_certificate_on_and_nobody_else_does() {
    let authority = authority();
    let behind = async |proxies: &str| {
        let header = http::HeaderName::from_static("client-cert");
        let forwarded = Forwarded {
            authorized: vec![proxies.parse().unwrap()],
            hop_skips: 0,
            reject_not_present: false,
            reject_not_authorized: false,
            certificate: Some(VouchedCertificate { header, decoders: vec![Decoder::Rfc9440] }),
        };
        let server = TestServer::with(Options { forwarded: Some(forwarded), ..Options::default() }).await;
        server.ask("POST", "/v1/sys/auth/cert", "", r#"{"type":"cert"}"#).await;
        let entry = serde_json::json!({ "certificate": authority.pem() }).to_string();
        assert_eq!(server.ask("POST", "/v1/auth/cert/certs/web", "", &entry).await.status, 204);
        server
    };
    let der = CertificateDer::from_pem_slice(issue(&authority).0.as_bytes()).unwrap();
    let header = format!("client-cert: :{}:\r\n", data_encoding::BASE64.encode(&der));
    let login = async |server: &TestServer, header: &str| {
        server.ask("POST", "/v1/auth/cert/login", header, "{}").await.status
    };
    let proxied = behind("127.0.0.0/8").await;
    assert_eq!(login(&proxied, &header).await, 200);
    assert_eq!(login(&proxied, "").await, 400);
    // A header of the client's own before the proxy's.
    assert_eq!(login(&proxied, &format!("{header}{header}")).await, 400);
    let direct = behind("192.0.2.0/24").await;
    assert_eq!(login(&direct, &header).await, 400);
    assert_eq!(direct.ask("GET", "/v1/sys/health", &header, "").await.status, 400);
    assert_eq!(direct.get("/v1/sys/health").await.status, 200);
}
