//! The program of `exec`: started with its secrets as variables, and started again when they have changed.

use std::{collections::BTreeMap, io, process::ExitStatus, time::Duration};

use rustix::process::{Pid, Signal, kill_process};
use strongroom_sdk::SecretString;
use tokio::process::{Child as Process, Command};

use crate::config::Exec;

/// Between asking it to end and ending it: as Vault's agent.
const GRACE: Duration = Duration::from_secs(30);

/// The variables that it is given beside the agent's own.
pub(crate) type Variables = BTreeMap<String, SecretString>;

pub(crate) struct Child {
    exec: Exec,
    stop: Signal,
    process: Option<Process>,
}

impl Child {
    /// Not started yet.
    pub(crate) fn new(exec: Exec) -> Result<Self, String> {
        let stop = signal(&exec.stop_signal).ok_or_else(|| format!("{} is no signal", exec.stop_signal))?;
        Ok(Self { exec, stop, process: None })
    }

    pub(crate) fn is_running(&self) -> bool {
        self.process.is_some()
    }

    /// Starts it; if it runs, it is ended first.
    pub(crate) async fn start(&mut self, variables: &Variables) -> io::Result<()> {
        self.stop().await;
        let (program, arguments) = self.exec.command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = Command::new(program);
        command.args(arguments);
        crate::env::take_credentials_from(command.as_std_mut());
        // What a template has made stays, whatever it is called.
        command.envs(variables.iter().map(|(name, value)| (name, value.expose())));
        // With us it would lose its secrets, and whoever restarts us would start it twice.
        command.kill_on_drop(true);
        self.process = Some(command.spawn()?);
        Ok(())
    }

    /// Waits until it ends by itself; for ever if it does not run.
    pub(crate) async fn ended(&mut self) -> io::Result<ExitStatus> {
        match &mut self.process {
            Some(process) => {
                let status = process.wait().await?;
                self.process = None;
                Ok(status)
            }
            None => std::future::pending().await,
        }
    }

    /// Passes a signal on.
    pub(crate) fn send(&self, signal: Signal) {
        if let Some(pid) = self.process.as_ref().and_then(pid) {
            // It may have ended in between.
            let _ = kill_process(pid, signal);
        }
    }

    /// Asks it to end, and ends it if it does not. Answers its status if it ran.
    pub(crate) async fn stop(&mut self) -> Option<ExitStatus> {
        self.send(self.stop);
        let process = self.process.as_mut()?;
        let ended = match tokio::time::timeout(GRACE, process.wait()).await {
            Ok(ended) => ended,
            Err(_) => {
                let _ = process.start_kill();
                process.wait().await
            }
        };
        self.process = None;
        ended.ok()
    }
}

fn pid(process: &Process) -> Option<Pid> {
    Pid::from_raw(i32::try_from(process.id()?).ok()?)
}

/// A signal by its name, with or without `SIG`.
pub(crate) fn signal(name: &str) -> Option<Signal> {
    let upper = name.to_ascii_uppercase();
    Some(match upper.strip_prefix("SIG").unwrap_or(&upper) {
        "ABRT" => Signal::ABORT,
        "ALRM" => Signal::ALARM,
        "CONT" => Signal::CONT,
        "HUP" => Signal::HUP,
        "INT" => Signal::INT,
        "KILL" => Signal::KILL,
        "QUIT" => Signal::QUIT,
        "TERM" => Signal::TERM,
        "USR1" => Signal::USR1,
        "USR2" => Signal::USR2,
        "WINCH" => Signal::WINCH,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;
    use crate::config::Restart;

    fn child(line: &str, stop_signal: &str) -> Child {
        let command = ["sh", "-c", line].map(str::to_owned).to_vec();
        Child::new(Exec { command, restart: Restart::Always, stop_signal: stop_signal.to_owned() }).unwrap()
    }

    async fn content(path: &std::path::Path) -> String {
        let deadline = std::time::Instant::now() + Duration::from_secs(30);
        loop {
            match std::fs::read_to_string(path) {
                Ok(text) if text.ends_with('\n') => return text,
                _ if std::time::Instant::now() > deadline => panic!("{} is not written", path.display()),
                _ => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    }

    #[tokio::test]
    async fn it_is_started_again_with_new_variables() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        let mut child = child(&format!("echo $PASSWORD >> {}; exec sleep 600", out.display()), "SIGTERM");
        let with = |value: &str| Variables::from([("PASSWORD".to_owned(), SecretString::new(value))]);
        child.start(&with("one")).await.unwrap();
        assert_eq!(content(&out).await, "one\n");
        std::fs::remove_file(&out).unwrap();
        child.start(&with("two")).await.unwrap();
        assert_eq!(content(&out).await, "two\n");
        assert!(child.is_running());
        assert_eq!(child.stop().await.and_then(|it| it.signal()), Some(15));
        assert!(!child.is_running());
    }

    #[tokio::test]
    async fn its_own_end_is_seen() {
        let mut child = child("exit 7", "TERM");
        child.start(&Variables::new()).await.unwrap();
        assert_eq!(child.ended().await.unwrap().code(), Some(7));
        assert!(!child.is_running());
    }

    #[test]
    fn signals_have_names() {
        assert_eq!(signal("SIGTERM"), Some(Signal::TERM));
        assert_eq!(signal("hup"), Some(Signal::HUP));
        assert_eq!(signal("SIGNONSENSE"), None);
    }
}
