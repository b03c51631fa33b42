//! OpenBao with its durable storage (raft, one node) and file audit; all else as it comes.

use std::{fs, path::Path};

use super::{Peer, vault};
use crate::{
    Failure,
    server::{Server, free_port},
};

pub(super) fn start(program: &Path) -> Result<Server, Failure> {
    vault::start(Peer::OpenBao, program, |home, ports| {
        Ok(config(home, ports.plain)? + &vault::tls_listener(home, ports.tls))
    })
}

fn config(home: &Path, port: u16) -> Result<String, Failure> {
    fs::create_dir(home.join("data"))?;
    let cluster = free_port()?;
    let home = home.display();
    Ok(format!(
        r#"
storage "raft" {{
  path    = "{home}/data"
  node_id = "one"
}}
listener "tcp" {{
  address     = "127.0.0.1:{port}"
  tls_disable = true
}}
api_addr     = "http://127.0.0.1:{port}"
cluster_addr = "http://127.0.0.1:{cluster}"
audit "file" "file" {{
  description = "benchmark"
  options {{ file_path = "{home}/audit.log" }}
}}
"#
    ))
}
