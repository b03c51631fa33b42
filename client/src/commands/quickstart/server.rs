//! A server of this binary, in a process of its own.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::failure::Failure;

const PATIENCE: Duration = Duration::from_secs(30);
/// What a server says of itself when it answers.
const READY: &str = "secret server: ready on ";

/// Ended when dropped.
pub(super) struct Server {
    process: Child,
    pub(super) address: String,
}

impl Server {
    /// Starts it and waits until it says where it answers.
    pub(super) fn start(program: &Path, config: &Path) -> Result<Self, Failure> {
        let mut command = Command::new(program);
        command
            .arg("server")
            .arg(format!("--config={}", config.display()))
            // An ordinary user may lock little memory, and the example's secrets are none.
            .arg("--disable-mlock")
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        strongroom_process::with_no_signal_blocked(strongroom_process::end_with_parent(&mut command));
        let process = command.spawn();
        let process = process.map_err(|error| Failure::new(format!("the server cannot start: {error}")))?;
        let mut server = Self { process, address: String::new() };
        let lines = server.lines();
        let begun = Instant::now();
        let mut said = Vec::new();
        while server.address.is_empty() {
            match lines.recv_timeout(PATIENCE.saturating_sub(begun.elapsed())) {
                Ok(line) => match line.strip_prefix(READY) {
                    Some(address) => server.address = address.to_owned(),
                    None => said.push(line),
                },
                Err(why) => {
                    let why = match why {
                        RecvTimeoutError::Timeout => "does not come up",
                        RecvTimeoutError::Disconnected => "ended at once",
                    };
                    return Err(Failure::new(format!("the server {why}: {}", said.join("; "))));
                }
            }
        }
        Ok(server)
    }

    /// What it says, line by line. It is read to its end, so that the server never waits for a reader.
    fn lines(&mut self) -> Receiver<String> {
        let (send, lines) = channel();
        if let Some(output) = self.process.stderr.take() {
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    // Nobody listens after it is ready.
                    let _ = send.send(line);
                }
            });
        }
        lines
    }

    /// Tells it to end, and waits until it has.
    pub(super) fn stop(mut self) -> Result<(), Failure> {
        let failed = |error: std::io::Error| Failure::new(format!("the server cannot be ended: {error}"));
        kill_process(Pid::from_child(&self.process), Signal::TERM).map_err(|error| failed(error.into()))?;
        let begun = Instant::now();
        loop {
            match self.process.try_wait().map_err(failed)? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(Failure::new(format!("the server ended with {status}"))),
                None if begun.elapsed() > PATIENCE => return Err(Failure::new("the server does not end")),
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
