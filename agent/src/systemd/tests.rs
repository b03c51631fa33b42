//! systemd's side of the socket, played.

use std::{
    io::Read as _,
    os::unix::net::UnixStream as Plain,
    path::{Path, PathBuf},
};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, connect, socket};

use super::*;

struct Store;

impl Lookup for Store {
    async fn find(&self, wanted: &Wanted) -> Result<SecretString, Error> {
        match (wanted.unit.as_str(), wanted.credential.as_str()) {
            ("shop.service", "db") => Ok(SecretString::new("rosebud")),
            ("shop.service", "large") => Ok(SecretString::new("x".repeat(LARGEST + 1))),
            ("shop.service", "full") => Ok(SecretString::new("x".repeat(LARGEST))),
            _ => Err(Error::Server(strongroom_sdk::Error::Api { status: 404, errors: Vec::new() })),
        }
    }
}

/// Reads as systemd does: to the end, or until it is too much.
fn load(path: &Path, name: Option<&str>) -> Result<Vec<u8>, &'static str> {
    let own = socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
    if let Some(name) = name {
        bind(&own, &SocketAddrUnix::new_abstract_name(name.as_bytes()).unwrap()).unwrap();
    }
    connect(&own, &SocketAddrUnix::new(path).unwrap()).unwrap();
    let mut content = Vec::new();
    let mut stream = Plain::from(own).take(LARGEST as u64 + 1);
    stream.read_to_end(&mut content).unwrap();
    if content.len() > LARGEST { Err("too large") } else { Ok(content) }
}

struct Server {
    path: PathBuf,
    _dir: tempfile::TempDir,
}

fn start(owner: u32) -> Server {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("creds.sock");
    let listener = UnixListener::bind(&path).unwrap();
    tokio::spawn(serve(listener, owner, Arc::new(Store), Log::quiet()));
    Server { path, _dir: dir }
}

async fn ask(server: &Server, name: Option<&'static str>) -> Result<Vec<u8>, &'static str> {
    let path = server.path.clone();
    tokio::task::spawn_blocking(move || load(&path, name)).await.unwrap()
}

#[tokio::test]
async fn a_unit_gets_its_credential() {
    let server = start(rustix::process::geteuid().as_raw());
    assert_eq!(ask(&server, Some("a1b2c3/unit/shop.service/db")).await.unwrap(), b"rosebud");
    assert_eq!(ask(&server, Some("a1b2c4/unit/shop.service/full")).await.unwrap().len(), LARGEST);
}

#[tokio::test]
async fn what_cannot_be_answered_makes_the_unit_fail() {
    let server = start(rustix::process::geteuid().as_raw());
    for name in [
        Some("b1/unit/shop.service/large"),
        Some("b2/unit/shop.service/missing"),
        Some("b3/unit/other.service/db"),
        Some("b4/nothing"),
        None,
    ] {
        assert_eq!(ask(&server, name).await, Err("too large"), "{name:?}");
    }
    // And the next one is answered as before.
    assert_eq!(ask(&server, Some("b5/unit/shop.service/db")).await.unwrap(), b"rosebud");
}

#[tokio::test]
async fn a_unit_that_does_not_read_holds_up_nobody() {
    let server = start(rustix::process::geteuid().as_raw());
    let silent: Vec<_> = (0..8).map(|_| Plain::connect(&server.path).unwrap()).collect();
    assert_eq!(ask(&server, Some("c1/unit/shop.service/db")).await.unwrap(), b"rosebud");
    drop(silent);
}
