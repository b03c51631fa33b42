//! The core's way to other servers: one connection for each question, over TLS, to an address that was looked at.
//!
//! Names are resolved once, and the connection goes to the address that was checked: a name that means another
//! address a moment later leads nowhere (rule 80). Refused whatever the configuration says: link-local addresses
//! and those where clouds answer with credentials. Private and loopback addresses are not, because the address
//! stands in a mount's configuration: whoever may write that is an operator, and clusters live on private
//! networks.

use std::{
    fs::File,
    io::{self, Read as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderValue, Method, Request, header};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
};
use strongroom_core::{
    crypto::SecretBytes,
    net::may_be_asked,
    outbound::{self, Call, CallError, Identity, Outbound, Reply, ServiceAccount, Url},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
};
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

/// Where Kubernetes puts what a pod may ask the cluster with.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Of a token or a bundle of authorities.
const MAX_FILE: u64 = 256 << 10;

/// Asks over HTTPS, and on this machine over HTTP too.
#[derive(Debug)]
pub struct Https {
    service_account: PathBuf,
}

impl Default for Https {
    fn default() -> Self {
        Self { service_account: SERVICE_ACCOUNT.into() }
    }
}

impl Outbound for Https {
    fn ask<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Reply, CallError>> {
        Box::pin(async move {
            let within = call.within.min(outbound::WITHIN);
            tokio::time::timeout(within, ask(call)).await.unwrap_or(Err(CallError::TooSlow))
        })
    }

    fn pause(&self, time: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(time))
    }

    fn service_account(&self) -> BoxFuture<'_, Option<ServiceAccount>> {
        let folder = self.service_account.clone();
        Box::pin(async move { tokio::task::spawn_blocking(move || read_account(&folder)).await.ok()? })
    }
}

async fn ask(call: Call<'_>) -> Result<Reply, CallError> {
    let request = request(&call)?;
    // Before anything is sent to anybody.
    let tls = if call.url.tls() { Some(tls(&call)?) } else { None };
    let stream = connect(call.url).await?;
    match tls {
        None => exchange(stream, request, call.most).await,
        Some((connector, name)) => {
            let stream = connector.connect(name, stream).await.map_err(|error| broken(&error))?;
            exchange(stream, request, call.most).await
        }
    }
}

fn request(call: &Call<'_>) -> Result<Request<Full<Bytes>>, CallError> {
    let (method, body) = match call.body {
        Some(body) => (Method::POST, Bytes::copy_from_slice(body.expose())),
        None => (Method::GET, Bytes::new()),
    };
    let mut request = Request::builder()
        .method(method)
        .uri(call.url.target())
        .header(header::HOST, call.url.authority())
        .header(header::ACCEPT, "application/json")
        .header(header::USER_AGENT, "strongroom")
        .header(header::CONNECTION, "close");
    if call.body.is_some() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    if let Some(token) = call.bearer {
        let text = Zeroizing::new([b"Bearer ", token.expose()].concat());
        let mut value = HeaderValue::from_bytes(&text).map_err(|_| CallError::Identity)?;
        value.set_sensitive(true);
        request = request.header(header::AUTHORIZATION, value);
    }
    request.body(Full::new(body)).map_err(|_| CallError::Malformed)
}

/// Connects to the first address of the host's that may be asked and answers.
async fn connect(url: &Url) -> Result<TcpStream, CallError> {
    let found = lookup_host((url.host(), url.port())).await.map_err(|_| CallError::Unreachable)?;
    let may = |it: &SocketAddr| {
        let address = it.ip().to_canonical();
        may_be_asked(address) && (url.tls() || address.is_loopback())
    };
    let mut outcome = Err(CallError::NoAddress);
    for address in found.filter(may) {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(_) => outcome = Err(CallError::Unreachable),
        }
    }
    outcome
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>, most: usize) -> Result<Reply, CallError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| broken(&error))?;
    // It ends with the sender and the answer, also when whoever waits gives up.
    tokio::spawn(connection);
    let answer = sender.send_request(request).await.map_err(|error| broken(&error))?;
    let status = answer.status().as_u16();
    let body = Limited::new(answer.into_body(), most.min(outbound::MOST)).collect().await;
    match body {
        Ok(body) => Ok(Reply { status, body: SecretBytes::copy_of(&body.to_bytes()) }),
        Err(error) if error.is::<LengthLimitError>() => Err(CallError::TooLarge),
        Err(error) => Err(broken(&*error)),
    }
}

/// What a connection broke of: TLS, if that is anywhere in the chain of causes.
fn broken(error: &(dyn std::error::Error + 'static)) -> CallError {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if error.is::<rustls::Error>() || inner.is_some_and(|it| it.is::<rustls::Error>()) {
            return CallError::Tls;
        }
        if error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse) {
            return CallError::Malformed;
        }
        cause = error.source();
    }
    CallError::Unreachable
}

fn tls(call: &Call<'_>) -> Result<(TlsConnector, ServerName<'static>), CallError> {
    let name = ServerName::try_from(call.url.host().to_owned()).map_err(|_| CallError::NoAddress)?;
    let roots = match call.roots {
        Some(pem) => Arc::new(roots(pem)?),
        None => machines_roots(),
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| CallError::Tls)?
        .with_root_certificates(roots);
    let config = match call.identity {
        None => builder.with_no_client_auth(),
        Some(Identity { certificate, key }) => {
            let chain = certificates(certificate).ok_or(CallError::Identity)?;
            let key = PrivateKeyDer::from_pem_slice(key.expose()).map_err(|_| CallError::Identity)?;
            builder.with_client_auth_cert(chain, key).map_err(|_| CallError::Identity)?
        }
    };
    Ok((TlsConnector::from(Arc::new(config)), name))
}

fn roots(pem: &str) -> Result<RootCertStore, CallError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem).ok_or(CallError::Roots)? {
        roots.add(certificate).map_err(|_| CallError::Roots)?;
    }
    Ok(roots)
}

/// The authorities that the machine believes: read once.
fn machines_roots() -> Arc<RootCertStore> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let read = || {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Arc::new(roots)
    };
    ROOTS.get_or_init(read).clone()
}

fn certificates(pem: &str) -> Option<Vec<CertificateDer<'static>>> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    found.ok().filter(|it| !it.is_empty())
}

fn read_account(folder: &Path) -> Option<ServiceAccount> {
    let read = |name: &str| {
        let file = File::open(folder.join(name)).ok()?;
        let len = usize::try_from(file.metadata().ok()?.len().min(MAX_FILE)).ok()?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(len + 1));
        file.take(MAX_FILE).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    };
    let token = SecretBytes::copy_of(read("token")?.trim_ascii());
    let roots = String::from_utf8(read("ca.crt")?.to_vec()).ok()?;
    (!token.is_empty()).then_some(ServiceAccount { token, roots })
}

#[cfg(test)]
mod tests;
