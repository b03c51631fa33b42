//! `secret server` alone: a store, an authority and a certificate in one directory, and nothing to configure.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};
use strongroom_core::request::Opened;

use crate::{
    config::{Address, Config, Listener, MinTls, Tls},
    error::ServerError,
    http::Limits,
};

/// Makes what is missing in `dir`, and answers the configuration that uses it:
///
/// ```text
/// dir/strongroom.db    the store
/// dir/tls/ca.pem       what clients trust
/// dir/tls/ca-key.pem   0600
/// dir/tls/server.pem   for localhost and loopback, made anew with each start
/// dir/tls/server-key.pem
/// dir/secret.sock      0600
/// ```
pub(crate) fn config(dir: &Path) -> Result<Config, ServerError> {
    let tls = dir.join("tls");
    DirBuilder::new().recursive(true).mode(0o700).create(&tls).map_err(|source| file_error(&tls, source))?;
    let files = Files { dir: tls };
    let issuer = files.authority()?;
    files.server(&issuer)?;
    tracing::info!(ca = %files.path("ca.pem").display(), "clients trust this certificate authority");

    let tls = Tls {
        cert_file: files.path("server.pem"),
        key_file: files.path("server-key.pem"),
        min: MinTls::default(),
        client_ca_file: None,
        require_client_cert: false,
        no_client_certs: false,
    };
    let tcp = Address::Tcp { address: "127.0.0.1:8200".to_owned(), tls: Some(tls) };
    let unix = Address::Unix { path: dir.join("secret.sock"), mode: 0o600 };
    let listeners = [tcp, unix]
        .map(|address| Listener {
            address,
            limits: Limits::default(),
            forwarded: None,
            opened: Opened::default(),
        })
        .into_iter()
        .collect();
    Ok(Config::at(dir, listeners))
}

struct Files {
    dir: PathBuf,
}

impl Files {
    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// The authority in the directory, made if there is none. Its certificate is the same with each start:
    /// clients keep it.
    fn authority(&self) -> Result<Issuer<'static, KeyPair>, ServerError> {
        let (cert, key) = (self.path("ca.pem"), self.path("ca-key.pem"));
        if cert.exists() && key.exists() {
            let pair = KeyPair::from_pem(&zeroize::Zeroizing::new(read(&key)?));
            return Ok(Issuer::new(authority_params(), pair.map_err(|_| ServerError::unusable(&key))?));
        }
        let pair = KeyPair::generate().map_err(made)?;
        let certificate = authority_params().self_signed(&pair).map_err(made)?;
        write(&key, &zeroize::Zeroizing::new(pair.serialize_pem()))?;
        write(&cert, &certificate.pem())?;
        Ok(Issuer::new(authority_params(), pair))
    }

    /// A certificate for this start: short-lived keys need no renewing on disk.
    fn server(&self, issuer: &Issuer<'static, KeyPair>) -> Result<(), ServerError> {
        let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        let mut params = CertificateParams::new(names).map_err(made)?;
        params.distinguished_name = named("strongroom");
        params.use_authority_key_identifier_extension = true;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let pair = KeyPair::generate().map_err(made)?;
        let certificate = params.signed_by(&pair, issuer).map_err(made)?;
        write(&self.path("server-key.pem"), &zeroize::Zeroizing::new(pair.serialize_pem()))?;
        write(&self.path("server.pem"), &certificate.pem())
    }
}

fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named("strongroom local authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn named(name: &str) -> DistinguishedName {
    let mut named = DistinguishedName::new();
    named.push(DnType::CommonName, name);
    named
}

/// A new file, 0600, in place of an old one.
fn write(path: &Path, text: &str) -> Result<(), ServerError> {
    let fresh = path.with_extension("new");
    let _ = fs::remove_file(&fresh);
    let written =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh).and_then(|mut it| {
            it.write_all(text.as_bytes())?;
            it.sync_all()
        });
    written.and_then(|()| fs::rename(&fresh, path)).map_err(|source| file_error(path, source))
}

fn read(path: &Path) -> Result<String, ServerError> {
    fs::read_to_string(path).map_err(|source| file_error(path, source))
}

fn file_error(path: &Path, source: std::io::Error) -> ServerError {
    ServerError::File { path: path.to_owned(), source }
}

fn made(_: rcgen::Error) -> ServerError {
    ServerError::Tls(rustls::Error::General("a certificate could not be made".to_owned()))
}
