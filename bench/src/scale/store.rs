//! A server on a directory that stays: ended, killed and started again, and what can be seen of it from outside.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::Failure;
use crate::{
    server::{free_port, strongroom_config},
    setup,
};

/// A store that is unsealed by a key file, and the server that runs on it, if one does.
pub(crate) struct Store {
    program: PathBuf,
    home: TempDir,
    port: u16,
    server: Option<Child>,
    pub(crate) root: String,
}

/// How long a server may take to start, and to end.
const PATIENCE: Duration = Duration::from_secs(60);

impl Store {
    /// A new store with a running server, file audit on.
    pub(crate) fn create(program: &Path) -> Result<Self, Failure> {
        let home = tempfile::Builder::new().prefix("strongroom-scale-").tempdir()?;
        let port = free_port()?;
        let key = home.path().join("unseal.key");
        fs::write(&key, [0x5a; 32])?;
        fs::set_permissions(&key, fs::Permissions::from_mode(0o400))?;
        let seal = format!("seal \"keyfile\" {{ path = \"{}\" }}\n", key.display());
        fs::write(home.path().join("server.hcl"), strongroom_config(home.path(), port)? + &seal)?;
        let mut store = Self { program: program.to_owned(), home, port, server: None, root: String::new() };
        store.spawn()?;
        store.wait_for(&[200, 501])?;
        let init = setup::put(
            &store.url(),
            "sys/init",
            "",
            &json!({ "recovery_shares": 1, "recovery_threshold": 1 }),
        )?;
        let root = init.get("root_token").and_then(Value::as_str).ok_or("no root token")?;
        root.clone_into(&mut store.root);
        store.wait_for(&[200])?;
        Ok(store)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Starts the server, and answers how long it took from there to its first answer that it serves.
    pub(crate) fn start(&mut self) -> Result<Duration, Failure> {
        let begin = Instant::now();
        self.spawn()?;
        self.wait_for(&[200])?;
        Ok(begin.elapsed())
    }

    fn spawn(&mut self) -> Result<(), Failure> {
        let config = format!("-config={}/server.hcl", self.home.path().display());
        let log = fs::File::options().create(true).append(true).open(self.home.path().join("server.log"))?;
        let mut command = Command::new(&self.program);
        command.args(["server", &config]).current_dir(self.home.path()).env("HOME", self.home.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let server = command.spawn().map_err(|error| format!("{}: {error}", self.program.display()))?;
        self.server = Some(server);
        Ok(())
    }

    fn wait_for(&mut self, wanted: &[u16]) -> Result<(), Failure> {
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            if health(self.port).is_some_and(|it| wanted.contains(&it)) {
                return Ok(());
            }
            if let Some(server) = &mut self.server
                && let Some(status) = server.try_wait()?
            {
                return Err(format!("the server has ended: {status}").into());
            }
            // Short beside what is measured, long enough to leave the processor to the server.
            sleep(Duration::from_micros(200));
        }
        Err("the server does not serve".into())
    }

    /// Ends the server as an operator does, and waits for it.
    pub(crate) fn stop(&mut self) -> Result<(), Failure> {
        let Some(mut server) = self.server.take() else { return Ok(()) };
        let id = server.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status()?;
        let begin = Instant::now();
        while server.try_wait()?.is_none() {
            if begin.elapsed() > PATIENCE {
                server.kill()?;
                server.wait()?;
                return Err("the server did not end when it was told to".into());
            }
            sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Ends it as a crash does.
    pub(crate) fn kill(&mut self) -> Result<(), Failure> {
        if let Some(mut server) = self.server.take() {
            server.kill()?;
            server.wait()?;
        }
        Ok(())
    }

    /// Resident memory in bytes, and the most that it has been.
    pub(crate) fn memory(&self) -> Result<Memory, Failure> {
        let id = self.server.as_ref().ok_or("no server runs")?.id();
        let status = fs::read_to_string(format!("/proc/{id}/status"))?;
        let field = |name: &str| -> Result<u64, Failure> {
            let line = status.lines().find_map(|it| it.strip_prefix(name)).ok_or("no such field")?;
            let kilobytes: u64 = line.trim_start_matches(':').trim().trim_end_matches("kB").trim().parse()?;
            Ok(kilobytes * 1024)
        };
        Ok(Memory { resident: field("VmRSS")?, peak: field("VmHWM")? })
    }

    /// The database and its log, in bytes.
    pub(crate) fn disk(&self) -> u64 {
        ["strongroom.db", "strongroom.db-wal"].iter().map(|it| self.file(it)).sum()
    }

    fn file(&self, name: &str) -> u64 {
        fs::metadata(self.home.path().join("data").join(name)).map_or(0, |it| it.len())
    }

    pub(crate) fn wal(&self) -> u64 {
        self.file("strongroom.db-wal")
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Whether there are more than `number` rows of a class, as the file itself says.
    pub(crate) fn has_more_than(&self, class: u8, number: u32) -> Result<bool, Failure> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(self.home.path().join("data/strongroom.db"), flags)?;
        conn.busy_timeout(Duration::from_secs(5))?;
        let sql = "SELECT count(*) > ?3 FROM (SELECT 1 FROM rows WHERE key >= ?1 AND key < ?2 LIMIT ?3 + 1)";
        Ok(conn.query_row(sql, ([class], [class + 1], number), |row| row.get(0))?)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing else to be done about it here.
        let _ = self.kill();
    }
}

/// What a process occupies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    pub(crate) resident: u64,
    pub(crate) peak: u64,
}

/// The status of `sys/health`; none if nobody answers.
fn health(port: u16) -> Option<u16> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let request =
        format!("GET /v1/sys/health HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).ok()?;
    std::str::from_utf8(&head).ok()?.strip_prefix("HTTP/1.1 ")?.parse().ok()
}
