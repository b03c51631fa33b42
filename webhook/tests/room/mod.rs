//! The webhook on a port, and an API server that asks it.
#![allow(dead_code, reason = "each test uses some of it")]

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use data_encoding::BASE64;
use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use serde_json::Value;
use strongroom_agent::log::{Level, Log};
use strongroom_webhook::{Certificate, Options, Settings};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

pub(crate) const ADDRESS: &str = "https://strongroom.example:8200";
pub(crate) const IMAGE: &str = "strongroom/strongroom:1";

/// What `settings.json` of a review changes.
#[must_use]
pub(crate) fn settings(changes: &Value) -> Settings {
    let mut settings = Settings::new(ADDRESS, IMAGE);
    let list = |name: &str| -> Vec<String> {
        changes[name].as_array().into_iter().flatten().map(|it| it.as_str().unwrap().to_owned()).collect()
    };
    settings.own_namespace = Some("strongroom".to_owned());
    settings.allowed.services = list("services");
    settings.allowed.images = list("images");
    settings.allowed.tls = changes["tls"] == true;
    settings.has_shell = changes["has_shell"] == true;
    settings.authorities = changes["authorities"].as_str().map(str::to_owned);
    settings.server_name = changes["server_name"].as_str().map(str::to_owned);
    if changes["sidecars"] == "native" {
        settings.sidecars = strongroom_webhook::Sidecars::Native;
    }
    settings
}

/// An authority and what it signs, as PEM.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    #[must_use]
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    #[must_use]
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// Certificate and key for `localhost`.
    #[must_use]
    pub(crate) fn sign(&self) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &self.0).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

/// The webhook with files for its certificate, until it is dropped.
pub(crate) struct Webhook {
    pub(crate) address: SocketAddr,
    pub(crate) authority: Authority,
    pub(crate) files: tempfile::TempDir,
    stop: Option<oneshot::Sender<()>>,
    /// Stays open, as an API server's does.
    open: tokio::sync::Mutex<Option<TlsStream<TcpStream>>>,
}

impl Webhook {
    pub(crate) async fn start(settings: Settings) -> Self {
        let (authority, files) = (Authority::new(), tempfile::tempdir().unwrap());
        write(&files, &authority.sign());
        let file = |name| files.path().join(name);
        let certificate = Certificate::Files { cert: file("tls.crt"), key: file("tls.key") };
        let (address, stop) = start(settings, certificate, |_| {}).await;
        Self { address, authority, files, stop: Some(stop), open: tokio::sync::Mutex::default() }
    }

    pub(crate) async fn ask(&self, body: &[u8]) -> Value {
        let mut open = self.open.lock().await;
        if open.is_none() {
            *open = Some(connect(self.address, "localhost", &self.authority.pem()).await.unwrap());
        }
        let length = body.len();
        let head = format!(
            "POST /mutate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        );
        let answer = talk(open.as_mut().unwrap(), &head, body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        serde_json::from_slice(&answer.body).unwrap()
    }

    pub(crate) async fn post(&self, body: &[u8], kind: &str) -> Answer {
        let head = format!(
            "POST /mutate HTTP/1.1\r\nhost: x\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n",
            body.len()
        );
        self.raw(&head, body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.raw(&format!("GET {path} HTTP/1.1\r\nhost: x\r\n"), b"").await
    }

    pub(crate) async fn raw(&self, head: &str, body: &[u8]) -> Answer {
        exchange(connect(self.address, "localhost", &self.authority.pem()).await.unwrap(), head, body).await
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        let _ = self.stop.take().map(|it| it.send(()));
    }
}

pub(crate) fn write(files: &tempfile::TempDir, (cert, key): &(String, String)) {
    std::fs::write(files.path().join("tls.crt"), cert).unwrap();
    std::fs::write(files.path().join("tls.key"), key).unwrap();
}

/// Runs until the sender is dropped.
pub(crate) async fn start(
    settings: Settings,
    certificate: Certificate,
    change: impl FnOnce(&mut Options),
) -> (SocketAddr, oneshot::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let mut options = Options::new(settings, listener, certificate);
    change(&mut options);
    let (log, _flush) = Log::start(Level::Error, false);
    tokio::spawn(async move {
        strongroom_webhook::run(options, &log, async { drop(stopped.await) }).await.unwrap();
    });
    (address, stop)
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    #[must_use]
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A connection that trusts this authority alone.
pub(crate) async fn connect(
    address: SocketAddr,
    name: &str,
    authority: &str,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    for it in CertificateDer::pem_slice_iter(authority.as_bytes()) {
        roots.add(it.unwrap()).unwrap();
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(name.to_owned()).unwrap(), stream).await
}

/// One request on a connection of its own.
pub(crate) async fn exchange(mut stream: TlsStream<TcpStream>, head: &str, body: &[u8]) -> Answer {
    talk(&mut stream, &format!("{head}connection: close\r\n\r\n"), body).await
}

/// One request and its answer, which says how long it is.
async fn talk(stream: &mut TlsStream<TcpStream>, head: &str, body: &[u8]) -> Answer {
    // Whoever is refused may be answered before all is sent.
    let _ = stream.write_all(&[head.as_bytes(), body].concat()).await;
    let (mut got, mut part) = (Vec::new(), [0; 16 << 10]);
    loop {
        let read = tokio::time::timeout(Duration::from_secs(60), stream.read(&mut part)).await;
        let read = read.expect("an answer in time").unwrap_or(0);
        got.extend_from_slice(&part[..read]);
        let end = got.windows(4).position(|it| it == b"\r\n\r\n");
        let end = if read == 0 { end.or(Some(got.len())) } else { end };
        let Some(end) = end else { continue };
        let head = String::from_utf8_lossy(&got[..end]).into_owned();
        let length = head
            .to_lowercase()
            .split("content-length: ")
            .nth(1)
            .and_then(|it| it.lines().next()?.parse().ok());
        let body = got.get(end + 4..).unwrap_or_default();
        if read == 0 || body.len() >= length.unwrap_or(0) {
            let status = head.split(' ').nth(1).and_then(|it| it.parse().ok()).unwrap_or(0);
            return Answer { status, head, body: body.to_vec() };
        }
    }
}

pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !is_so().await {
        assert!(Instant::now() < end, "waited for {what} in vain");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[must_use]
pub(crate) fn json(path: &Path) -> Value {
    let text = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[must_use]
pub(crate) fn decoded(text: &str) -> Value {
    serde_json::from_slice(&BASE64.decode(text.as_bytes()).unwrap()).unwrap()
}

/// Every review, by its name.
#[must_use]
pub(crate) fn reviews() -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reviews");
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|it| it.unwrap().path())
        .map(|it| (it.file_name().unwrap().to_str().unwrap().to_owned(), it))
        .collect();
    found.sort();
    found
}
