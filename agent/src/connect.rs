//! The clients of the server that the configuration names; what it leaves out is the environment's.

use std::path::Path;

use strongroom_sdk::{Client, Config, Error, env};

use crate::config::{Method, MethodKind, Server};

/// For one answer: values of KV have a mebibyte at most.
const LARGEST: usize = 4 << 20;

/// For what the agent asks itself: with the certificate that its login goes by, which is nobody else's.
pub(crate) fn for_itself(server: &Server, method: Option<&Method>) -> Result<Client, Error> {
    let Some(MethodKind::Cert { ca_cert, identity, .. }) = method.map(|it| &it.kind) else {
        return connect(server, method);
    };
    let mut server = server.clone();
    server.ca_cert = ca_cert.clone().or(server.ca_cert);
    if let Some((cert, key)) = identity.clone() {
        (server.client_cert, server.client_key) = (Some(cert), Some(key));
    }
    connect(&server, method)
}

/// For what others ask through it.
pub(crate) fn connect(server: &Server, method: Option<&Method>) -> Result<Client, Error> {
    let mut config = Config::from_env(&env::Process)?;
    // Whoever started the agent is not who it asks as.
    config.token = None;
    if let Some(address) = &server.address {
        config.address.clone_from(address);
    }
    config.namespace =
        method.and_then(|it| it.namespace.clone()).or(server.namespace.clone()).or(config.namespace);
    if let Some(retries) = server.retries {
        config.max_retries = retries;
    }
    config.max_answer = LARGEST;
    let tls = &mut config.tls;
    if let Some(file) = &server.ca_cert {
        tls.ca_pem = vec![read(file)?];
    } else if let Some(dir) = &server.ca_path {
        let entries = std::fs::read_dir(dir).map_err(|error| unreadable(dir, &error))?;
        let files = entries.flatten().map(|it| it.path()).filter(|it| it.is_file());
        tls.ca_pem = files.map(|it| read(&it)).collect::<Result<_, _>>()?;
    }
    if let (Some(cert), Some(key)) = (&server.client_cert, &server.client_key) {
        tls.client = Some((read(cert)?, read(key)?));
    }
    tls.skip_verify = server.tls_skip_verify.unwrap_or(tls.skip_verify);
    tls.server_name = server.tls_server_name.clone().or(tls.server_name.take());
    Client::new(config)
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|error| unreadable(path, &error))
}

pub(crate) fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::Config(format!("cannot read {}: {error}", path.display()))
}
