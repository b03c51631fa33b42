//! The API server, asked for three objects: a small client with the pod's own token, which is read anew each time.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

use crate::{Error, env, error::Kube, json::Json as _, pod::TOKENS};

/// For one request, with its connection.
const PATIENCE: Duration = Duration::from_secs(10);
/// An object of Kubernetes is smaller.
const LARGEST: usize = 4 << 20;

/// Where the API server is, and who we are.
#[derive(Clone, Debug)]
pub struct Kubernetes {
    host: String,
    port: u16,
    /// Holds `token`, `ca.crt` and `namespace`.
    account: PathBuf,
    namespace: String,
}

/// Whether something was written, or somebody else was first.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Written {
    Done,
    Conflict,
}

impl Kubernetes {
    /// As a pod finds it.
    ///
    /// # Errors
    ///
    /// This is no pod, or one without a service account.
    pub fn of_this_pod() -> Result<Self, Error> {
        let (host, port) = env::api_server().ok_or(Error::NoCluster("KUBERNETES_SERVICE_HOST"))?;
        Self::at(host, port, Path::new(TOKENS))
    }

    /// # Errors
    ///
    /// The account's directory has no namespace.
    pub fn at(host: impl Into<String>, port: u16, account: &Path) -> Result<Self, Error> {
        let path = account.join("namespace");
        let namespace = std::fs::read_to_string(&path).map_err(|source| Error::File { path, source })?;
        Ok(Self {
            host: host.into(),
            port,
            account: account.to_owned(),
            namespace: namespace.trim().to_owned(),
        })
    }

    /// The pod's own.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Whether init containers may be sidecars there: since 1.29.
    pub(crate) async fn knows_native_sidecars(&self) -> Result<bool, Error> {
        let version = self.get("/version", "the request for its version").await?.unwrap_or_default();
        let number = |key: &str| {
            let text = version.at(key).as_str().unwrap_or_default();
            text.trim_end_matches(|it: char| !it.is_ascii_digit()).parse::<u32>().ok()
        };
        match (number("major"), number("minor")) {
            (Some(major), Some(minor)) => Ok((major, minor) >= (1, 29)),
            _ => Err(Kube::Malformed("a version").into()),
        }
    }

    /// An object, if it is there.
    pub(crate) async fn get(&self, path: &str, what: &'static str) -> Result<Option<Value>, Error> {
        let (status, body) = self.ask(Method::GET, path, None).await?;
        match status {
            StatusCode::OK => {
                let object = serde_json::from_slice(&body);
                Ok(Some(object.map_err(|_| Kube::Malformed("an object"))?))
            }
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(Kube::Status { status: status.as_u16(), what }.into()),
        }
    }

    /// With the resourceVersion that was read.
    pub(crate) async fn put(&self, path: &str, object: &Value, what: &'static str) -> Result<Written, Error> {
        self.write(Method::PUT, path, object, what).await
    }

    pub(crate) async fn post(
        &self,
        path: &str,
        object: &Value,
        what: &'static str,
    ) -> Result<Written, Error> {
        self.write(Method::POST, path, object, what).await
    }

    async fn write(
        &self,
        method: Method,
        path: &str,
        object: &Value,
        what: &'static str,
    ) -> Result<Written, Error> {
        match self.ask(method.clone(), path, Some(object)).await?.0 {
            StatusCode::OK | StatusCode::CREATED => Ok(Written::Done),
            StatusCode::CONFLICT => Ok(Written::Conflict),
            // It was removed since.
            StatusCode::NOT_FOUND if method == Method::PUT => Ok(Written::Conflict),
            status => Err(Kube::Status { status: status.as_u16(), what }.into()),
        }
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        object: Option<&Value>,
    ) -> Result<(StatusCode, Zeroizing<Vec<u8>>), Error> {
        let asked = tokio::time::timeout(PATIENCE, self.exchange(method, path, object));
        asked.await.map_err(|_| Kube::Unreachable("no answer in time".to_owned()))?
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        object: Option<&Value>,
    ) -> Result<(StatusCode, Zeroizing<Vec<u8>>), Error> {
        let token = Zeroizing::new(self.file("token")?);
        let token = std::str::from_utf8(&token).unwrap_or_default().trim();
        let mut bearer = header::HeaderValue::from_str(&Zeroizing::new(format!("Bearer {token}")))
            .map_err(|_| Error::Unusable(self.account.join("token")))?;
        bearer.set_sensitive(true);
        let body = object.map(Value::to_string).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.host)
            .header(header::AUTHORIZATION, bearer)
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, "strongroom-webhook")
            .body(Full::new(Bytes::from(body)))
            .map_err(|_| Kube::Malformed("a path"))?;
        let unreachable = |error: &dyn std::fmt::Display| Kube::Unreachable(error.to_string());
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(self.connect().await?)).await.map_err(|it| unreachable(&it))?;
        let connection = tokio::spawn(connection);
        let answer = sender.send_request(request).await.map_err(|it| unreachable(&it))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), LARGEST).collect().await;
        connection.abort();
        let body = body.map_err(|_| Kube::Malformed("an answer of at most 4 MiB"))?;
        Ok((status, Zeroizing::new(body.to_bytes().to_vec())))
    }

    async fn connect(&self) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Error> {
        let mut roots = RootCertStore::empty();
        let authorities = self.file("ca.crt")?;
        for it in CertificateDer::pem_slice_iter(&authorities) {
            let added = it.ok().map(|it| roots.add(it));
            added.and_then(Result::ok).ok_or_else(|| Error::Unusable(self.account.join("ca.crt")))?;
        }
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = self.host.trim_matches(['[', ']']).to_owned();
        let unreachable = |error: std::io::Error| Kube::Unreachable(error.to_string());
        let stream = TcpStream::connect((name.as_str(), self.port)).await.map_err(unreachable)?;
        let name = ServerName::try_from(name).map_err(|_| Kube::Malformed("a host"))?;
        Ok(TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(unreachable)?)
    }

    fn file(&self, name: &str) -> Result<Vec<u8>, Error> {
        let path = self.account.join(name);
        std::fs::read(&path).map_err(|source| Error::File { path, source })
    }
}
