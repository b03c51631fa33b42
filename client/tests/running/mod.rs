//! Ways to run the binary: as somebody else, in front of a program, in a terminal.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use crate::shared::{BINARY, Server};

/// Whoever nobody else is.
pub const NOBODY: u32 = 65534;

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Polls until `what` answers something.
#[track_caller]
pub fn wait_for<T>(why: &str, mut what: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = what() {
            return found;
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "{why}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A process that is ended when dropped.
pub struct Ended(pub Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub trait Commands {
    /// A command with an environment that knows the server and its root token.
    fn command<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command;
}

impl Commands for Server {
    fn command<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(BINARY);
        command.args(args).env_clear().env("PATH", "/usr/bin:/bin");
        command.env("STRONGROOM_ADDR", &self.address).env("VAULT_TOKEN", "root");
        command
    }
}

/// What a command wrote, both ways; not what it says of the machine on which the test happens to run.
pub fn said(ran: &Output) -> String {
    let errors = String::from_utf8_lossy(&ran.stderr);
    let errors = errors.split_inclusive('\n').filter(|it| !it.starts_with(SWAP));
    format!("{}{}", String::from_utf8_lossy(&ran.stdout), errors.collect::<String>())
}

/// How the warning begins where there is swap.
pub const SWAP: &str = "warning: the machine has swap";

/// A new directory of that mode, whatever the umask.
pub fn directory(mode: u32) -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(mode)).unwrap();
    dir
}

/// The binary where everybody can execute it.
pub struct Public {
    dir: tempfile::TempDir,
}

impl Public {
    pub fn new() -> Self {
        let dir = directory(0o755);
        let copy = dir.path().join("secret");
        // By another process: a file that we had open for writing, or a child of another test, cannot be executed.
        let copied = std::fs::hard_link(BINARY, &copy).is_ok()
            || Command::new("cp").arg(BINARY).arg(&copy).status().unwrap().success();
        assert!(copied);
        Self { dir }
    }

    pub fn binary(&self) -> PathBuf {
        self.dir.path().join("secret")
    }
}

/// Has a command run as an ordinary user, whoever runs the test.
pub fn as_nobody(command: &mut Command) -> &mut Command {
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// A program under `secret run` that says something and goes on.
pub struct Program {
    pub process: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Program {
    pub fn start(command: &mut Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines }
    }

    /// The next line that it says.
    #[track_caller]
    pub fn says(&mut self) -> String {
        self.lines.next().expect("it says nothing more").unwrap()
    }

    /// Waits until it says something with these words.
    #[track_caller]
    pub fn says_at_last(&mut self, words: &str) {
        while !self.says().contains(words) {}
    }

    pub fn types(&mut self, keys: &str) {
        use std::io::Write as _;
        self.process.stdin.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    pub fn send(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.process), signal).unwrap();
    }

    /// Its exit code.
    pub fn ends(mut self) -> Option<i32> {
        // To the end: who writes to a pipe that nobody reads is ended by that.
        self.lines.by_ref().for_each(drop);
        self.process.wait().unwrap().code()
    }
}

/// A directory on a tmpfs that every Linux has.
pub fn tmpfs() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap()
}

pub fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[allow(clippy::disallowed_methods, reason = "the one place of the tests")]
pub fn ci() -> Option<String> {
    std::env::var("CI").ok()
}
