//! What every server has: a process, a directory and a port of its own, ended and removed when dropped.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    ffi::OsStr,
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use tempfile::TempDir;

pub use crate::peers::strongroom::config as strongroom_config;
use crate::{Failure, peers::Peer, setup::Tokens};

pub struct Server {
    pub peer: Peer,
    pub url: String,
    /// The same server with TLS; none if it has no such listener.
    pub tls: Option<String>,
    pub tokens: Tokens,
    /// Keys `bench/0` to here, not included, are there.
    pub filled: Cell<u64>,
    /// Numbers of keys that were never used begin here.
    pub fresh: Cell<u64>,
    /// What workloads have prepared.
    prepared: RefCell<BTreeMap<String, String>>,
    /// Ended when this is dropped.
    _process: Process,
    /// Kept for as long as the server runs.
    home: TempDir,
}

impl Server {
    pub fn new(peer: Peer, url: String, process: Process, home: TempDir) -> Self {
        Self {
            peer,
            url,
            tls: None,
            tokens: Tokens::default(),
            filled: Cell::new(0),
            fresh: Cell::new(0),
            prepared: RefCell::default(),
            _process: process,
            home,
        }
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Makes something once, at its first use, and remembers a word about it: a token, a file's name.
    pub fn once(
        &self,
        what: &str,
        make: impl FnOnce() -> Result<String, Failure>,
    ) -> Result<String, Failure> {
        let known = self.prepared.borrow().get(what).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let made = make().map_err(|error| format!("{}, {what}: {error}", self.peer.name()))?;
        self.prepared.borrow_mut().insert(what.to_owned(), made.clone());
        Ok(made)
    }
}

/// A command that the kernel ends when this program is killed: then nothing is dropped.
pub fn bound(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]).arg(program);
    command
}

/// A child that is ended when dropped.
pub struct Process(Child);

impl Process {
    pub fn spawn(command: &mut Command) -> Result<Self, Failure> {
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Ok(Self(child.map_err(|error| format!("{program}: {error}"))?))
    }

    pub fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing else to be done about it here.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> Result<u16, Failure> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Waits until something listens.
pub fn wait_for(port: u16) -> Result<Duration, Failure> {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(30) {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Ok(start.elapsed());
        }
        sleep(Duration::from_millis(1));
    }
    Err("a server did not come up within 30 seconds".into())
}
