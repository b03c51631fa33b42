//! TLS as it is spoken on a real socket, with certificates made for the test.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::{fs, path::Path, sync::Arc};

use common::{Options, TestServer};
use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    ClientConfig, ProtocolVersion, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
};
use strongroom_server::config::{MinTls, Tls};
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
    let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
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
    let name = ServerName::try_from("127.0.0.1").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, server.connect().await).await
}

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
