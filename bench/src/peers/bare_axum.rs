//! The physical limit of an answer: axum with nothing behind it, answering the very bytes that Strongroom
//! answers to a read of each size.

use std::{fs, path::Path};

use super::Peer;
use crate::{
    Failure,
    server::{Process, Server, bound, free_port, wait_for},
    setup::{self, SIZES},
};

pub(super) fn start(program: &Path, like: &Server) -> Result<Server, Failure> {
    let home = tempfile::tempdir()?;
    let port = free_port()?;
    let mut command = bound(program);
    command.arg(format!("127.0.0.1:{port}"));
    for size in &SIZES {
        let path = format!("{}/v1/secret/data/{}/0", like.url, size.folder);
        let file = home.path().join(size.folder);
        fs::write(&file, setup::get_text(&path, &like.tokens.reader)?)?;
        command.arg(format!("/v1/secret/data/{}/", size.folder)).arg(file);
    }
    let process = Process::spawn(&mut command)?;
    wait_for(port)?;
    let mut server = Server::new(Peer::BareAxum, format!("http://127.0.0.1:{port}"), process, home);
    server.tokens = like.tokens.clone();
    server.filled.set(u64::MAX);
    Ok(server)
}
