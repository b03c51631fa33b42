//! The webhook's own certificate, with an API server that has two objects, conflicts and outages: a stand-in, which
//! checks the token, resourceVersions and paths as a real one does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod room;

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU32, Ordering::Relaxed},
    },
};

use data_encoding::BASE64;
use room::{Authority, connect, settings, until};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use serde_json::{Value, json};
use strongroom_webhook::{Certificate, Kubernetes, Shared};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::oneshot,
};
use tokio_rustls::TlsAcceptor;

const NAME: &str = "strongroom-webhook.strongroom.svc";
const SECRET: &str = "/api/v1/namespaces/strongroom/secrets/strongroom-webhook-tls";
const CONFIGURATION: &str =
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/strongroom-webhook";

/// The stand-in.
struct Api {
    files: tempfile::TempDir,
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    objects: Mutex<std::collections::BTreeMap<String, Value>>,
    version: AtomicU32,
    token: Mutex<String>,
    /// Writes that somebody else is faster than.
    conflicts: AtomicU32,
    /// Everything is answered with 500.
    is_down: std::sync::atomic::AtomicBool,
    /// Writes that were taken, in their order.
    written: Mutex<Vec<String>>,
}

impl Api {
    async fn start() -> Self {
        let (authority, files, state) =
            (Authority::new(), tempfile::tempdir().unwrap(), Arc::new(State::default()));
        for (name, text) in [("token", "one\n"), ("ca.crt", &authority.pem()), ("namespace", "strongroom\n")]
        {
            std::fs::write(files.path().join(name), text).unwrap();
        }
        *state.token.lock().unwrap() = "one".to_owned();
        let hook = |name: &str| json!({ "name": name, "clientConfig": { "service": { "name": "strongroom-webhook" } }, "kept": true });
        let configuration =
            json!({ "metadata": { "name": "strongroom-webhook" }, "webhooks": [hook("a"), hook("b")] });
        state.store(CONFIGURATION, configuration);
        let (cert, key) = authority.sign();
        let chain = CertificateDer::pem_slice_iter(cert.as_bytes()).map(Result::unwrap).collect();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap())
            .unwrap();
        let (acceptor, listener) =
            (TlsAcceptor::from(Arc::new(config)), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let address = listener.local_addr().unwrap();
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, state) = (acceptor.clone(), shared.clone());
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let (mut got, mut part) = (Vec::new(), [0; 8192]);
                    let (head, body) = loop {
                        let read = stream.read(&mut part).await.unwrap_or(0);
                        got.extend_from_slice(&part[..read]);
                        let text = String::from_utf8_lossy(&got).into_owned();
                        if let Some((head, body)) = text.split_once("\r\n\r\n") {
                            let length = head
                                .to_lowercase()
                                .split("content-length: ")
                                .nth(1)
                                .map_or(0, |it| it.lines().next().unwrap().parse().unwrap());
                            if body.len() >= length {
                                break (head.to_owned(), body.to_owned());
                            }
                        }
                        if read == 0 {
                            return;
                        }
                    };
                    let (status, body) = state.answer(&head, &body);
                    let body = body.to_string();
                    let answer =
                        format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                    let _ = stream.write_all(answer.as_bytes()).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        Self { files, address, state }
    }

    fn shared(&self) -> Shared {
        Shared {
            kubernetes: Kubernetes::at("localhost", self.address.port(), self.files.path()).unwrap(),
            secret: "strongroom-webhook-tls".to_owned(),
            configuration: "strongroom-webhook".to_owned(),
            service: "strongroom-webhook".to_owned(),
        }
    }

    /// What the API server verifies the webhook with; both of its webhooks say the same.
    fn bundle(&self) -> String {
        let objects = self.state.objects.lock().unwrap();
        let hooks = objects[CONFIGURATION]["webhooks"].as_array().unwrap().clone();
        assert!(hooks.iter().all(|it| it["kept"] == true && it["clientConfig"]["service"].is_object()));
        assert_eq!(hooks[0]["clientConfig"]["caBundle"], hooks[1]["clientConfig"]["caBundle"]);
        let bundle = hooks[0]["clientConfig"]["caBundle"].as_str().unwrap_or_default().to_owned();
        String::from_utf8(BASE64.decode(bundle.as_bytes()).unwrap()).unwrap()
    }

    fn secret(&self) -> Value {
        self.state.objects.lock().unwrap().get(SECRET).cloned().unwrap_or_default()
    }
}

impl State {
    fn store(&self, path: &str, mut object: Value) {
        object["metadata"]["resourceVersion"] = (self.version.fetch_add(1, Relaxed) + 1).to_string().into();
        self.objects.lock().unwrap().insert(path.to_owned(), object);
    }

    fn answer(&self, head: &str, body: &str) -> (u16, Value) {
        let (method, path) = (head.split(' ').next().unwrap(), head.split(' ').nth(1).unwrap());
        if !head.to_lowercase().contains(&format!("authorization: bearer {}\r\n", self.token.lock().unwrap()))
        {
            return (401, json!({}));
        }
        if self.is_down.load(Relaxed) {
            return (500, json!({}));
        }
        if path == "/version" {
            return (200, json!({ "major": "1", "minor": "29+" }));
        }
        let there = self.objects.lock().unwrap().get(path).cloned();
        if method == "GET" {
            return there.map_or((404, json!({})), |it| (200, it));
        }
        let object: Value = serde_json::from_str(body).unwrap();
        // Somebody else is first: what was read is old.
        if self.conflicts.fetch_update(Relaxed, Relaxed, |it| it.checked_sub(1)).is_ok() {
            if let Some(there) = there {
                self.store(path, there);
            }
            return (409, json!({}));
        }
        match (method, there) {
            ("PUT", Some(there))
                if there["metadata"]["resourceVersion"] != object["metadata"]["resourceVersion"] =>
            {
                (409, json!({}))
            }
            ("PUT", Some(_)) => {
                self.written.lock().unwrap().push(path.to_owned());
                self.store(path, object);
                (200, json!({}))
            }
            ("POST", _) if path == SECRET.rsplit_once('/').unwrap().0 => {
                if self.objects.lock().unwrap().contains_key(SECRET) {
                    return (409, json!({}));
                }
                assert!(object["metadata"]["resourceVersion"].is_null(), "nothing is made with a version");
                self.written.lock().unwrap().push(SECRET.to_owned());
                self.store(SECRET, object);
                (201, json!({}))
            }
            _ => (404, json!({})),
        }
    }
}

/// Whether an API server with this bundle gets an answer from the webhook there.
async fn trusts(address: SocketAddr, bundle: &str) -> bool {
    !bundle.is_empty() && connect(address, NAME, bundle).await.is_ok()
}

async fn ready(address: SocketAddr, bundle: &str) -> u16 {
    let stream = connect(address, NAME, bundle).await.unwrap();
    room::exchange(stream, "GET /health/ready HTTP/1.1\r\nhost: x\r\n", b"").await.status
}

static NOW: AtomicI64 = AtomicI64::new(1_900_000_000);

async fn replica(api: &Api) -> (SocketAddr, oneshot::Sender<()>) {
    room::start(settings(&json!({})), Certificate::Own(api.shared()), |_| {}).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_share_a_certificate_and_the_api_server_learns_of_it() {
    let api = Api::start().await;
    // All three find nothing, and all want to be the one that makes it.
    api.state.conflicts.store(3, Relaxed);
    let replicas = [replica(&api).await, replica(&api).await, replica(&api).await];
    for (address, _) in &replicas {
        until("a certificate that the API server trusts", async || trusts(*address, &api.bundle()).await)
            .await;
        until("being ready", async || ready(*address, &api.bundle()).await == 204).await;
    }
    assert_eq!(api.state.conflicts.load(Relaxed), 0);
    let (bundle, secret) = (api.bundle(), api.secret());
    assert!(!trusts(replicas[0].0, &Authority::new().pem()).await);
    // The one that is started again uses what is there, and writes nothing.
    let before = api.state.written.lock().unwrap().len();
    drop(replicas);
    let (address, _stop) = replica(&api).await;
    until("the certificate that was there", async || trusts(address, &bundle).await).await;
    assert_eq!((api.bundle(), api.secret()["data"].clone()), (bundle, secret["data"].clone()));
    assert_eq!(api.state.written.lock().unwrap().len(), before);
}

#[tokio::test]
async fn the_api_server_is_told_before_an_authority_signs() {
    let (api, now) = (Api::start().await, NOW.load(Relaxed));
    let shared = api.shared();
    shared.round(now).await.unwrap();
    let first = api.bundle();
    // In the next year there is a second authority; the first still verifies.
    let late = now + 280 * 24 * 3600;
    shared.round(late).await.unwrap();
    let both = api.bundle();
    assert!(both.contains(first.trim_end()) && both.len() > first.len());
    // Before anything is signed anew the configuration is written; one that cannot be stops it.
    api.state.objects.lock().unwrap().remove(CONFIGURATION);
    let kept = api.secret();
    let much_later = now + 363 * 24 * 3600;
    let error = shared.round(much_later).await.unwrap_err().to_string();
    assert!(error.contains("404") && error.contains("MutatingWebhookConfiguration"), "{error}");
    assert_eq!(api.secret(), kept, "nothing is signed by an authority that nobody was told of");
}

#[tokio::test]
async fn outages_new_tokens_and_spoiled_secrets_are_survived() {
    let (api, now) = (Api::start().await, NOW.load(Relaxed));
    let shared = api.shared();
    let first = shared.round(now).await.unwrap();
    // Kubelet brings another token.
    *api.state.token.lock().unwrap() = "two".to_owned();
    assert!(shared.round(now).await.unwrap_err().to_string().contains("401"));
    std::fs::write(api.files.path().join("token"), "two\n").unwrap();
    assert!(shared.round(now).await.unwrap().is_same(&first));
    api.state.is_down.store(true, Relaxed);
    let error = shared.round(now).await.unwrap_err().to_string();
    assert!(error.contains("500") && !error.contains("two"), "{error}");
    api.state.is_down.store(false, Relaxed);
    // More conflicts than patience.
    api.state.objects.lock().unwrap().remove(SECRET);
    api.state.conflicts.store(1000, Relaxed);
    assert!(shared.round(now).await.unwrap_err().to_string().contains("each time"));
    api.state.conflicts.store(0, Relaxed);
    // Whoever spoils the Secret gets a new one, and the API server the new authority.
    let mut spoiled = json!({ "metadata": { "name": "strongroom-webhook-tls" } });
    spoiled["data"]["state.json"] = "bm90aGluZw==".into();
    api.state.store(SECRET, spoiled);
    let old = api.bundle();
    let second = shared.round(now).await.unwrap();
    assert!(!second.is_same(&first) && api.bundle() != old);
    // Somebody who takes the bundle away (a chart that is installed again) brings no outage for long.
    api.state.objects.lock().unwrap().get_mut(CONFIGURATION).unwrap()["webhooks"][0]["clientConfig"]["caBundle"] =
        "".into();
    assert!(shared.round(now).await.unwrap().is_same(&second));
    assert!(api.bundle().contains("BEGIN CERTIFICATE"));
}

#[tokio::test]
async fn the_clusters_version_says_how_sidecars_run() {
    let api = Api::start().await;
    let kubernetes = api.shared().kubernetes;
    let detect = |options: &mut strongroom_webhook::Options| options.detect_sidecars = Some(kubernetes);
    let (address, _stop) = room::start(settings(&json!({})), Certificate::Own(api.shared()), detect).await;
    until("the webhook", async || trusts(address, &api.bundle()).await).await;
    let (_, folder) = room::reviews().into_iter().find(|(it, _)| it == "plain").unwrap();
    let question = std::fs::read(folder.join("review.json")).unwrap();
    let head = format!(
        "POST /mutate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
        question.len()
    );
    let answer = room::exchange(connect(address, NAME, &api.bundle()).await.unwrap(), &head, &question).await;
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    let patch = room::decoded(answer["response"]["patch"].as_str().unwrap()).to_string();
    assert!(patch.contains("\"restartPolicy\":\"Always\""), "{patch}");
}
