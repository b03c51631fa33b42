//! Logins over a real socket with keys from a real HTTPS server, which demands a client certificate and rotates
//! its keys meanwhile.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use common::TestServer;
use data_encoding::BASE64URL_NOPAD;
use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair, PublicKeyData as _, SigningKey as _};
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn issue(authority: &Authority, name: &str) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new([name.to_owned()]).unwrap();
    (params.signed_by(&key, authority).unwrap().pem(), key.serialize_pem())
}

/// A key that signs tokens.
struct Signer {
    id: String,
    pair: KeyPair,
}

impl Signer {
    fn new(id: String) -> Arc<Self> {
        Arc::new(Self { id, pair: KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap() })
    }

    fn jwk(&self) -> Value {
        json!({ "kty": "OKP", "crv": "Ed25519", "kid": self.id, "x": BASE64URL_NOPAD.encode(self.pair.der_bytes()) })
    }

    fn token(&self) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let header = json!({ "alg": "EdDSA", "kid": self.id });
        let claims = json!({ "sub": "job-1", "aud": "vault.io", "iat": now, "exp": now + 600 });
        let [header, claims] = [header, claims].map(|it| BASE64URL_NOPAD.encode(it.to_string().as_bytes()));
        let signed = format!("{header}.{claims}");
        format!("{signed}.{}", BASE64URL_NOPAD.encode(&self.pair.sign(signed.as_bytes()).unwrap()))
    }
}

/// Publishes keys over TLS, to those only whom `clients` vouches for.
struct Publisher {
    keys: Mutex<Vec<Arc<Signer>>>,
    asked: AtomicUsize,
}

impl Publisher {
    async fn start(server: &Authority, clients: &Authority, first: Arc<Signer>) -> (Arc<Self>, String) {
        let (certificate, key) = issue(server, "127.0.0.1");
        let mut roots = RootCertStore::empty();
        roots.add(clients.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
            )
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/.well-known/jwks.json", listener.local_addr().unwrap());
        let this = Arc::new(Self { keys: Mutex::new(vec![first]), asked: AtomicUsize::new(0) });
        let publisher = this.clone();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (acceptor, publisher) = (acceptor.clone(), publisher.clone());
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        let Ok(byte) = stream.read_u8().await else { return };
                        head.push(byte);
                    }
                    publisher.asked.fetch_add(1, Ordering::Relaxed);
                    let keys: Vec<Value> = publisher.keys.lock().unwrap().iter().map(|it| it.jwk()).collect();
                    let body = json!({ "keys": keys }).to_string();
                    let len = body.len();
                    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {len}\r\n\r\n{body}");
                    let _ = stream.write_all(answer.as_bytes()).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        (this, url)
    }

    /// A new key signs from now on; the one before it is still published, as its tokens are still under way.
    fn rotate(&self, id: String) {
        let mut keys = self.keys.lock().unwrap();
        let before = keys.last().cloned();
        *keys = before.into_iter().chain([Signer::new(id)]).collect();
    }

    fn token(&self) -> String {
        self.keys.lock().unwrap().last().unwrap().token()
    }
}

// Rule 80: keys come from the pinned place, and strangers cannot have it asked as often as they like.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_rotate_under_logins_and_none_fails() {
    let (ours, clients) = (authority(), authority());
    let (publisher, url) = Publisher::start(&ours, &clients, Signer::new("key-0".to_owned())).await;
    let server = Arc::new(TestServer::start().await);
    let put = async |path: &str, body: Value| server.ask("POST", path, "", &body.to_string()).await.status;
    assert_eq!(put("/v1/sys/auth/jwt-nomad", json!({ "type": "jwt" })).await, 204);
    let (certificate, key) = issue(&clients, "strongroom");
    let without = json!({ "jwks_url": url, "jwks_ca_pem": ours.pem() });
    assert_eq!(put("/v1/auth/jwt-nomad/config", without.clone()).await, 400);
    let mut config = without;
    config["jwks_client_cert"] = json!(certificate);
    config["jwks_client_key"] = json!(key);
    assert_eq!(put("/v1/auth/jwt-nomad/config", config).await, 204);
    let role = json!({ "role_type": "jwt", "user_claim": "sub", "bound_audiences": "vault.io" });
    assert_eq!(put("/v1/auth/jwt-nomad/role/web", role).await, 204);

    let asked_before = publisher.asked.load(Ordering::Relaxed);
    let (done, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let logins: Vec<_> = (0..4)
        .map(|_| {
            let (server, publisher) = (server.clone(), publisher.clone());
            let (done, stop) = (done.clone(), stop.clone());
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let body = json!({ "role": "web", "jwt": publisher.token() }).to_string();
                    let reply = server.ask("POST", "/v1/auth/jwt-nomad/login", "", &body).await;
                    assert_eq!(reply.status, 200, "{}", reply.body);
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let reach = async |count: usize| {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
        while done.load(Ordering::Relaxed) < count {
            assert!(tokio::time::Instant::now() < deadline, "{done:?} of {count} logins");
            assert!(!logins.iter().any(tokio::task::JoinHandle::is_finished), "a login failed");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let rotations = 3;
    for rotation in 1..=rotations {
        let before = done.load(Ordering::Relaxed);
        reach(before + 20).await;
        publisher.rotate(format!("key-{rotation}"));
        // Logins that were under way with the old key, and then with the new one.
        reach(before + 40).await;
    }
    stop.store(true, Ordering::Relaxed);
    for login in logins {
        login.await.unwrap();
    }
    let asked = publisher.asked.load(Ordering::Relaxed) - asked_before;
    // One to begin with and one for each new key.
    assert!((1..=1 + rotations).contains(&asked), "{asked}");
}
