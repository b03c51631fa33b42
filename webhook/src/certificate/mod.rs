//! The server's certificate: from files, or one that the webhook makes for itself and shares with its replicas.

mod authority;
mod pem;
pub(crate) mod shared;

use std::{
    path::Path,
    sync::{Arc, PoisonError, RwLock},
};

use rustls::{
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use zeroize::Zeroizing;

use crate::Error;

/// A chain and its key, ready for handshakes.
#[derive(Clone, Debug)]
pub struct Material(Arc<CertifiedKey>);

impl Material {
    /// From PEM files.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, or in which there is no certificate or key that fit each other.
    pub fn load(cert: &Path, key: &Path) -> Result<Self, Error> {
        let read = |path: &Path| {
            let text = std::fs::read(path).map(Zeroizing::new);
            text.map_err(|source| Error::File { path: path.to_owned(), source })
        };
        Self::parse(&read(cert)?, &read(key)?).ok_or_else(|| Error::Unusable(cert.to_owned()))
    }

    fn parse(cert: &[u8], key: &[u8]) -> Option<Self> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(cert).collect::<Result<_, _>>().ok()?;
        let key = PrivateKeyDer::from_pem_slice(key).ok()?;
        let made = CertifiedKey::from_der(chain, key, &rustls::crypto::ring::default_provider()).ok()?;
        made.keys_match().ok()?;
        Some(Self(Arc::new(made)))
    }

    /// Whether both are the same certificate.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.0.cert == other.0.cert
    }
}

/// What handshakes are answered with; exchanged while connections are open.
#[derive(Debug, Default)]
pub(crate) struct Current(RwLock<Option<Material>>);

impl Current {
    /// Whether it is another one than before.
    pub(crate) fn set(&self, fresh: Material) -> bool {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let is_new = current.as_ref().is_none_or(|it| !it.is_same(&fresh));
        *current = Some(fresh);
        is_new
    }

    pub(crate) fn is_there(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(|it| it.0.clone())
    }
}
