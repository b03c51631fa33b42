use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{ServerConfig, server::WebPkiClientVerifier};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use super::*;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate and its key, as PEM.
fn issue(authority: &Authority, name: &str) -> (String, SecretBytes) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new([name.to_owned()]).unwrap();
    (params.signed_by(&key, authority).unwrap().pem(), SecretBytes::from(key.serialize_pem()))
}

/// A server that answers everybody the same, and keeps what it was asked.
struct Site {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
    connected: Arc<AtomicUsize>,
}

impl Site {
    /// With TLS if there is a configuration. An answer of nothing is never ended.
    async fn answering(answer: &'static str, tls: Option<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (asked, connected) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<AtomicUsize>::default());
        let site = Self { port, asked: asked.clone(), connected: connected.clone() };
        let acceptor = tls.map(|it| TlsAcceptor::from(Arc::new(it)));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connected.fetch_add(1, Ordering::Relaxed);
                let (acceptor, asked) = (acceptor.clone(), asked.clone());
                tokio::spawn(async move {
                    match acceptor {
                        None => serve(stream, answer, &asked).await,
                        Some(acceptor) => match acceptor.accept(stream).await {
                            Ok(stream) => serve(stream, answer, &asked).await,
                            Err(_) => Ok(()),
                        },
                    }
                });
            }
        });
        site
    }

    fn url(&self, scheme: &str, host: &str) -> Url {
        Url::parse(&format!("{scheme}://{host}:{}/keys?a=1", self.port)).unwrap()
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    answer: &str,
    asked: &Mutex<Vec<String>>,
) -> io::Result<()> {
    let mut text = Vec::new();
    let mut piece = [0; 4096];
    while !text.ends_with(b"\r\n\r\n") && !text.ends_with(b"}") {
        match stream.read(&mut piece).await? {
            0 => return Ok(()),
            len => text.extend(piece.iter().take(len)),
        }
    }
    asked.lock().unwrap().push(String::from_utf8_lossy(&text).into_owned());
    if answer.is_empty() {
        std::future::pending::<()>().await;
    }
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

/// TLS with a certificate of `authority` for 127.0.0.1; with a client's, if `clients` has issued it.
fn tls(authority: &Authority, clients: Option<&Authority>) -> ServerConfig {
    let (certificate, key) = issue(authority, "127.0.0.1");
    let chain = certificates(&certificate).unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.expose()).unwrap();
    let provider = Arc::new(ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(clients) => {
            let mut roots = RootCertStore::empty();
            roots.add(clients.der().clone()).unwrap();
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        }
    };
    builder.with_single_cert(chain, key).unwrap()
}

async fn outcome(call: Call<'_>) -> Result<(u16, String), CallError> {
    let reply = Https::default().ask(call).await?;
    Ok((reply.status, reply.body.expose_str().unwrap().to_owned()))
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

// Rule 80
#[tokio::test]
async fn a_server_is_who_its_authorities_say() {
    let (ours, others) = (authority(), authority());
    let site = Site::answering(OK, Some(tls(&ours, None))).await;
    let (url, pem) = (site.url("https", "127.0.0.1"), ours.pem());
    let call = Call { roots: Some(&pem), ..Call::new(&url) };
    assert_eq!(outcome(call).await, Ok((200, "{}".to_owned())));
    assert_eq!(outcome(Call { roots: Some(&others.pem()), ..call }).await, Err(CallError::Tls));
    assert_eq!(outcome(Call { roots: None, ..call }).await, Err(CallError::Tls));
    assert_eq!(outcome(Call { roots: Some("junk"), ..call }).await, Err(CallError::Roots));
    // The certificate is for another name.
    let named = site.url("https", "localhost");
    assert_eq!(outcome(Call { url: &named, ..call }).await, Err(CallError::Tls));
    assert_eq!(site.asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn we_are_who_our_certificate_says() {
    let (ours, clients, others) = (authority(), authority(), authority());
    let site = Site::answering(OK, Some(tls(&ours, Some(&clients)))).await;
    let (url, pem) = (site.url("https", "127.0.0.1"), ours.pem());
    let call = Call { roots: Some(&pem), ..Call::new(&url) };
    assert_eq!(outcome(call).await, Err(CallError::Tls));
    let as_issued = async |authority: &Authority| {
        let (certificate, key) = issue(authority, "strongroom");
        outcome(Call { identity: Some(Identity { certificate: &certificate, key: &key }), ..call }).await
    };
    assert_eq!(as_issued(&clients).await, Ok((200, "{}".to_owned())));
    assert_eq!(as_issued(&others).await, Err(CallError::Tls));
    let ((certificate, _), (_, key)) = (issue(&clients, "a"), issue(&clients, "b"));
    let mixed = Some(Identity { certificate: &certificate, key: &key });
    assert_eq!(outcome(Call { identity: mixed, ..call }).await, Err(CallError::Identity));
}

#[tokio::test]
async fn what_is_asked_is_a_plain_request() {
    let site = Site::answering(OK, None).await;
    let (url, token, body) =
        (site.url("http", "localhost"), SecretBytes::copy_of(b"t"), SecretBytes::copy_of(b"{}"));
    outcome(Call::new(&url)).await.unwrap();
    outcome(Call { bearer: Some(&token), body: Some(&body), ..Call::new(&url) }).await.unwrap();
    let asked = site.asked.lock().unwrap().clone();
    let [get, post] = asked.as_slice() else { panic!("{asked:?}") };
    assert!(get.starts_with("GET /keys?a=1 HTTP/1.1\r\n") && !get.contains("authorization"));
    assert!(get.contains(&format!("host: localhost:{}\r\n", site.port)));
    assert!(post.starts_with("POST /keys?a=1 HTTP/1.1\r\n") && post.contains("authorization: Bearer t\r\n"));
    assert!(post.contains("content-type: application/json\r\n") && post.ends_with("\r\n\r\n{}"));
    // What could not stand in a header is not sent.
    let split = SecretBytes::copy_of(b"t\r\nx: y");
    assert_eq!(outcome(Call { bearer: Some(&split), ..Call::new(&url) }).await, Err(CallError::Identity));
}

// Rule 80
#[tokio::test]
async fn an_answer_is_bounded_and_leads_nowhere_else() {
    let long = "HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n0123456789a";
    let site = Site::answering(long, None).await;
    let url = site.url("http", "127.0.0.1");
    assert_eq!(outcome(Call { most: 10, ..Call::new(&url) }).await, Err(CallError::TooLarge));
    assert!(outcome(Call { most: 11, ..Call::new(&url) }).await.is_ok());

    let chunked =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n6\r\n012345\r\n6\r\n012345\r\n0\r\n\r\n";
    let site = Site::answering(chunked, None).await;
    let url = site.url("http", "127.0.0.1");
    assert_eq!(outcome(Call { most: 11, ..Call::new(&url) }).await, Err(CallError::TooLarge));

    let site = Site::answering("", None).await;
    let url = site.url("http", "127.0.0.1");
    let call = Call { within: Duration::from_millis(300), ..Call::new(&url) };
    assert_eq!(outcome(call).await, Err(CallError::TooSlow));

    let elsewhere = Site::answering(OK, None).await;
    let redirect = format!(
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{}/\r\ncontent-length: 0\r\n\r\n",
        elsewhere.port
    );
    let site = Site::answering(redirect.leak(), None).await;
    let url = site.url("http", "127.0.0.1");
    assert_eq!(outcome(Call::new(&url)).await, Ok((302, String::new())));
    assert_eq!(elsewhere.connected.load(Ordering::Relaxed), 0);

    let site = Site::answering("canary\r\n\r\n", None).await;
    let url = site.url("http", "127.0.0.1");
    assert_eq!(outcome(Call::new(&url)).await, Err(CallError::Malformed));
}

// Rule 80: before a connection is made, and whatever the address looks like.
#[tokio::test]
async fn no_cloud_is_asked_for_its_credentials() {
    for host in
        ["169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "[fd00:ec2::254]", "0.0.0.0", "[::]"]
    {
        let url = Url::parse(&format!("https://{host}/latest/meta-data")).unwrap();
        assert_eq!(outcome(Call::new(&url)).await, Err(CallError::NoAddress), "{host}");
    }
    let nobody = Url::parse("https://nothing.invalid/").unwrap();
    assert_eq!(outcome(Call::new(&nobody)).await, Err(CallError::Unreachable));
}

#[tokio::test]
async fn the_pods_account_is_read_anew_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let https = Https { service_account: folder.path().to_owned() };
    assert!(https.service_account().await.is_none());
    std::fs::write(folder.path().join("ca.crt"), "CA").unwrap();
    for token in ["first", "second\n"] {
        std::fs::write(folder.path().join("token"), token).unwrap();
        let account = https.service_account().await.unwrap();
        assert_eq!((account.token.expose_str(), account.roots.as_str()), (Some(token.trim()), "CA"));
    }
}
