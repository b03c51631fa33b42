//! Ourselves: as somebody would run it who has read the documents, with file audit.

use std::path::Path;

use super::{Peer, vault};
use crate::{Failure, server::Server};

pub(super) fn start(program: &Path) -> Result<Server, Failure> {
    vault::start(Peer::Strongroom, program, |home, ports| {
        Ok(config(home, ports.plain)? + &vault::tls_listener(home, ports.tls))
    })
}

pub fn config(home: &Path, port: u16) -> Result<String, Failure> {
    let home = home.display();
    Ok(format!(
        r#"
storage "sqlite" {{ path = "{home}/data" }}
listener "tcp" {{
  address     = "127.0.0.1:{port}"
  tls_disable = true
}}
audit "file" "file" {{ options {{ file_path = "{home}/audit.log" }} }}
"#
    ))
}
