//! Starting one that speaks Vault's API, and putting the same things into it as into the others.

use std::{fs, path::Path};

use super::{Peer, tls};
use crate::{
    Failure,
    server::{Process, Server, bound, free_port, wait_for},
    setup,
};

/// Where its listeners are.
#[derive(Clone, Copy)]
pub(super) struct Ports {
    pub(super) plain: u16,
    pub(super) tls: u16,
}

pub(super) fn start(
    peer: Peer,
    program: &Path,
    config: impl FnOnce(&Path, Ports) -> Result<String, Failure>,
) -> Result<Server, Failure> {
    let home = tempfile::Builder::new().prefix("strongroom-bench-").tempdir()?;
    let ports = Ports { plain: free_port()?, tls: free_port()? };
    tls::make(home.path())?;
    let file = home.path().join("server.hcl");
    fs::write(&file, config(home.path(), ports)?)?;
    let process = Process::spawn(
        bound(program)
            .args(["server", &format!("-config={}", file.display())])
            .current_dir(home.path())
            .env("HOME", home.path()),
    )?;
    wait_for(ports.plain)?;
    let url = format!("http://127.0.0.1:{}", ports.plain);
    let mut server = Server::new(peer, url, process, home);
    server.tls = Some(format!("https://127.0.0.1:{}", ports.tls));
    server.tokens = setup::prepare(&server.url).map_err(|error| format!("{}: {error}", peer.name()))?;
    server.filled.set(setup::KEYS);
    Ok(server)
}

/// The second listener, which both spell alike.
pub(super) fn tls_listener(home: &Path, port: u16) -> String {
    let home = home.display();
    format!(
        r#"
listener "tcp" {{
  address       = "127.0.0.1:{port}"
  tls_cert_file = "{home}/cert.pem"
  tls_key_file  = "{home}/key.pem"
}}
"#
    )
}
