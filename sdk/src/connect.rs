//! From an address to a stream: TCP, TLS or a Unix socket.

use std::{
    future::Future,
    io,
    path::PathBuf,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use hyper_util::{
    client::legacy::connect::{Connected, Connection},
    rt::TokioIo,
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, UnixStream},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{Error, config::Tls};

/// Where to connect, taken apart once.
#[derive(Clone)]
pub(crate) enum Target {
    Plain { host: String, port: u16 },
    Tls { host: String, port: u16, name: ServerName<'static>, connector: TlsConnector },
    Unix(PathBuf),
}

impl Target {
    pub(crate) fn parse(address: &str, tls: &Tls) -> Result<Self, Error> {
        if let Some(path) = address.strip_prefix("unix://") {
            return Ok(Self::Unix(PathBuf::from(path)));
        }
        let uri: http::Uri =
            address.parse().map_err(|_| Error::Config(format!("not an address: {address}")))?;
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        match uri.scheme_str() {
            Some("http") => Ok(Self::Plain { host, port: uri.port_u16().unwrap_or(80) }),
            Some("https") => {
                let wanted = tls.server_name.clone().unwrap_or_else(|| host.clone());
                let name = ServerName::try_from(wanted)
                    .map_err(|_| Error::Config("the server's name is not valid".to_owned()))?;
                let connector = TlsConnector::from(Arc::new(client_config(tls)?));
                Ok(Self::Tls { host, port: uri.port_u16().unwrap_or(443), name, connector })
            }
            _ => {
                Err(Error::Config(format!("an address begins with https://, http:// or unix://: {address}")))
            }
        }
    }

    async fn connect(self) -> io::Result<Stream> {
        Ok(match self {
            Self::Plain { host, port } => Stream::Plain(tcp(&host, port).await?),
            Self::Tls { host, port, name, connector } => {
                Stream::Tls(Box::new(connector.connect(name, tcp(&host, port).await?).await?))
            }
            Self::Unix(path) => Stream::Unix(UnixStream::connect(path).await?),
        })
    }
}

async fn tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn client_config(tls: &Tls) -> Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Config(error.to_string()))?;
    let builder = if tls.skip_verify {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(unverified::Anybody::default()))
    } else {
        builder.with_root_certificates(roots(tls)?)
    };
    match &tls.client {
        None => Ok(builder.with_no_client_auth()),
        Some((cert, key)) => {
            let chain = certificates(cert)?;
            let key = PrivateKeyDer::from_pem_slice(key)
                .map_err(|_| Error::Config("the client's key is not PEM".to_owned()))?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|_| Error::Config("the client's key does not fit its certificate".to_owned()))
        }
    }
}

fn roots(tls: &Tls) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    if tls.ca_pem.is_empty() {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return Ok(roots);
    }
    for pem in &tls.ca_pem {
        for certificate in certificates(pem)? {
            roots
                .add(certificate)
                .map_err(|_| Error::Config("the CA certificate cannot be used".to_owned()))?;
        }
    }
    Ok(roots)
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(Error::Config("no certificate in the PEM".to_owned())),
    }
}

/// What `skip_verify` asks for.
mod unverified {
    use rustls::{
        DigitallySignedStruct, Error, SignatureScheme,
        client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
        pki_types::{CertificateDer, ServerName, UnixTime},
    };

    #[derive(Debug)]
    pub(super) struct Anybody(CryptoProvider);

    impl Default for Anybody {
        fn default() -> Self {
            Self(ring::default_provider())
        }
    }

    impl ServerCertVerifier for Anybody {
        fn verify_server_cert(
            &self,
            _: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            _: &ServerName<'_>,
            _: &[u8],
            _: UnixTime,
        ) -> Result<ServerCertVerified, Error> {
            Ok(ServerCertVerified::assertion())
        }

        fn verify_tls12_signature(
            &self,
            message: &[u8],
            cert: &CertificateDer<'_>,
            dss: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            cert: &CertificateDer<'_>,
            dss: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.0.signature_verification_algorithms.supported_schemes()
        }
    }
}

pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    Unix(UnixStream),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

macro_rules! each {
    ($self:expr, $stream:ident => $call:expr) => {
        match $self.get_mut() {
            Stream::Plain($stream) => $call,
            Stream::Tls($stream) => $call,
            Stream::Unix($stream) => $call,
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        each!(self, it => Pin::new(it).poll_read(cx, out))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        each!(self, it => Pin::new(it).poll_write(cx, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, it => Pin::new(it).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, it => Pin::new(it).poll_shutdown(cx))
    }
}

/// Connects to one target, whatever address a request names.
#[derive(Clone)]
pub(crate) struct Connector(pub(crate) Target);

impl tower::Service<http::Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TokioIo<Stream>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Uri) -> Self::Future {
        let target = self.0.clone();
        Box::pin(async move { target.connect().await.map(TokioIo::new) })
    }
}
