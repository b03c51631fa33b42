//! Whom the client trusts.

use std::{fs, path::Path};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use strongroom_sdk::{Cert, Client, Config, Kind, Method, Tls};
use strongroom_server::config::{self, MinTls};

use crate::server::Real;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// What a server at `name` needs.
fn install(dir: &Path, authority: &Authority, name: &str) -> config::Tls {
    let key = KeyPair::generate().unwrap();
    let cert = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, authority).unwrap();
    fs::write(dir.join("cert.pem"), cert.pem()).unwrap();
    fs::write(dir.join("key.pem"), key.serialize_pem()).unwrap();
    config::Tls {
        cert_file: dir.join("cert.pem"),
        key_file: dir.join("key.pem"),
        min: MinTls::Tls12,
        client_ca_file: None,
        require_client_cert: false,
        no_client_certs: false,
    }
}

#[tokio::test]
async fn only_the_pinned_authority_is_trusted() {
    let dir = tempfile::tempdir().unwrap();
    let (ours, other) = (authority(), authority());
    let server = Real::with(Some(install(dir.path(), &ours, "127.0.0.1"))).await;
    let ask = async |tls: Tls| Client::new(Config { tls, ..server.config() }).unwrap().sys().health().await;
    let pinned = |authority: &Authority| Tls { ca_pem: vec![authority.pem().into_bytes()], ..Tls::default() };
    assert!(!ask(pinned(&ours)).await.unwrap().sealed);
    for wrong in [pinned(&other), Tls::default()] {
        assert_eq!(ask(wrong).await.unwrap_err().kind(), Kind::Unreachable);
    }
    let named = Tls { server_name: Some("elsewhere.example".to_owned()), ..pinned(&ours) };
    assert_eq!(ask(named).await.unwrap_err().kind(), Kind::Unreachable);
    let anybody = Tls { skip_verify: true, ..Tls::default() };
    assert!(ask(anybody).await.is_ok());
}

#[tokio::test]
async fn a_certificate_may_be_for_another_name_if_we_say_which() {
    let dir = tempfile::tempdir().unwrap();
    let ours = authority();
    let server = Real::with(Some(install(dir.path(), &ours, "strongroom.example"))).await;
    let ask = async |server_name| {
        let tls = Tls { ca_pem: vec![ours.pem().into_bytes()], server_name, ..Tls::default() };
        Client::new(Config { tls, ..server.config() }).unwrap().sys().health().await
    };
    assert!(ask(Some("strongroom.example".to_owned())).await.is_ok());
    assert_eq!(ask(None).await.unwrap_err().kind(), Kind::Unreachable);
}

#[tokio::test]
async fn a_socket_of_this_machine_is_an_address_too() {
    let dir = tempfile::tempdir().unwrap();
    let server = Real::on_socket(&dir.path().join("secret.sock")).await;
    assert!(server.address.starts_with("unix://"));
    assert!(!server.root().sys().health().await.unwrap().sealed);
}

/// A client's certificate and its key, as PEM.
fn identity(authority: &Authority, name: &str) -> (Vec<u8>, Vec<u8>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    let cert = params.signed_by(&key, authority).unwrap();
    (cert.pem().into_bytes(), key.serialize_pem().into_bytes())
}

#[tokio::test]
async fn a_certificate_logs_in_and_another_can_take_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let ours = authority();
    let server = Real::with(Some(install(dir.path(), &ours, "127.0.0.1"))).await;
    let tls = Tls { ca_pem: vec![ours.pem().into_bytes()], ..Tls::default() };
    let root = Client::new(Config { tls: tls.clone(), ..server.config() }).unwrap();
    let enable = serde_json::json!({ "type": "cert" });
    root.call(Method::Post, "sys/auth/nodes").json(&enable).send().await.unwrap();
    for (entry, name) in [("a", "first"), ("b", "second")] {
        let entry = format!("auth/nodes/certs/{entry}");
        let json = serde_json::json!({ "certificate": ours.pem(), "allowed_common_names": name });
        root.call(Method::Put, entry).json(&json).send().await.unwrap();
    }
    let tls = Tls { client: Some(identity(&ours, "first")), ..tls };
    let client = Client::new(Config { token: None, tls, ..server.config() }).unwrap();
    let login = || Cert::new().mount("nodes");
    let session = client.login(login().name("a")).await.unwrap();
    session.tokens().renew_self(None).await.unwrap();
    assert_eq!(client.login_once(login().name("b")).await.unwrap_err().kind(), Kind::Invalid);

    let (chain, key) = identity(&ours, "second");
    client.show_certificate(chain, key).unwrap();
    assert_eq!(client.login_once(login().name("a")).await.unwrap_err().kind(), Kind::Invalid);
    client.login_once(login().name("b")).await.unwrap();
    // What was given to the one certificate is not renewed with the other.
    assert_eq!(session.tokens().renew_self(None).await.unwrap_err().kind(), Kind::Invalid);
    assert!(client.show_certificate(b"no PEM".to_vec(), b"no key".to_vec()).is_err());
}

#[test]
fn what_cannot_be_trusted_with_is_an_error_at_once() {
    let tls = Tls { ca_pem: vec![b"no certificate".to_vec()], ..Tls::default() };
    assert_eq!(Client::new(Config { tls, ..Config::default() }).err().unwrap().kind(), Kind::Config);
    let address = "ftp://127.0.0.1".to_owned();
    assert_eq!(Client::new(Config { address, ..Config::default() }).err().unwrap().kind(), Kind::Config);
}

#[test]
fn the_environment_says_where_the_server_is() {
    let said = Config::from_env(&strongroom_sdk::env::Process).unwrap();
    assert_eq!(Client::from_env().unwrap().config().address, said.address);
}
