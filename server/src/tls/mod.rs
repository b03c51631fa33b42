//! TLS 1.3 and 1.2 with ECDHE and AEAD only, HTTP/2 and 1.1 by ALPN, and certificates that can be replaced
//! while connections are open. Clients are asked for a certificate, unless the listener says otherwise.

mod clients;

use std::{
    path::Path,
    sync::{Arc, PoisonError, RwLock},
};

use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier},
    sign::CertifiedKey,
};
use tokio_rustls::TlsAcceptor;

use self::clients::AnyClient;
use crate::{
    config::{MinTls, Tls},
    error::ServerError,
};

/// A listener's certificate and key, and the files that they come from.
#[derive(Debug)]
pub(crate) struct Certificates {
    tls: Tls,
    resolver: Arc<Resolver>,
}

#[derive(Debug)]
struct Resolver(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Resolver {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

impl Certificates {
    pub(crate) fn load(tls: Tls) -> Result<Arc<Self>, ServerError> {
        let current = Arc::new(certified(&tls)?);
        Ok(Arc::new(Self { tls, resolver: Arc::new(Resolver(RwLock::new(current))) }))
    }

    /// New handshakes see the new certificate; sessions go on.
    pub(crate) fn reload(&self) -> Result<(), ServerError> {
        let fresh = Arc::new(certified(&self.tls)?);
        *self.resolver.0.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    // Rule 110
    pub(crate) fn acceptor(&self) -> Result<TlsAcceptor, ServerError> {
        let versions: &[_] = match self.tls.min {
            MinTls::Tls12 => &[&rustls::version::TLS13, &rustls::version::TLS12],
            MinTls::Tls13 => &[&rustls::version::TLS13],
        };
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(versions)
            .map_err(ServerError::tls)?;
        let builder = match &self.tls.client_ca_file {
            _ if self.tls.no_client_certs => builder.with_no_client_auth(),
            Some(file) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates(file)? {
                    roots.add(certificate).map_err(|_| ServerError::unusable(file))?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                let verifier = match self.tls.require_client_cert {
                    true => verifier,
                    false => verifier.allow_unauthenticated(),
                };
                builder.with_client_cert_verifier(verifier.build().map_err(|_| ServerError::unusable(file))?)
            }
            None => builder.with_client_cert_verifier(Arc::new(AnyClient::default())),
        };
        let mut config = builder.with_cert_resolver(self.resolver.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config.ticketer = ring::Ticketer::new().map_err(ServerError::tls)?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

fn certified(tls: &Tls) -> Result<CertifiedKey, ServerError> {
    let chain = certificates(&tls.cert_file)?;
    let unusable = || ServerError::unusable(&tls.key_file);
    let key = PrivateKeyDer::from_pem_slice(&read(&tls.key_file)?).map_err(|_| unusable())?;
    CertifiedKey::from_der(chain, key, &ring::default_provider()).map_err(|_| unusable())
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, ServerError> {
    let text = read(file)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    found.ok().filter(|it| !it.is_empty()).ok_or_else(|| ServerError::unusable(file))
}

fn read(file: &Path) -> Result<zeroize::Zeroizing<Vec<u8>>, ServerError> {
    let read = std::fs::read(file).map_err(|source| ServerError::File { path: file.to_owned(), source })?;
    Ok(zeroize::Zeroizing::new(read))
}
