//! The program that is run when a file has changed.

use std::{collections::BTreeMap, process::Stdio, time::Duration};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{process::Command, task::JoinSet};

use crate::{config::OnChange, env};

/// Between asking a program to end and ending it.
const GRACE: Duration = Duration::from_secs(5);

/// Programs that are run when files have changed: each one at a time, and once more if its file changes meanwhile.
#[derive(Default)]
pub(crate) struct Commands {
    running: JoinSet<(Vec<String>, Result<(), String>)>,
    /// By what is run; whether it is to be run again.
    known: BTreeMap<Vec<String>, (OnChange, bool)>,
}

impl Commands {
    /// Several files may have the same program: it is run once for all that change together.
    pub(crate) fn request(&mut self, wanted: Vec<OnChange>) {
        let mut fresh = BTreeMap::new();
        fresh.extend(wanted.into_iter().map(|it| (it.command.clone(), it)));
        for (key, on_change) in fresh {
            match self.known.get_mut(&key) {
                Some((_, again)) => *again = true,
                None => {
                    self.known.insert(key, (on_change.clone(), false));
                    self.start(on_change);
                }
            }
        }
    }

    /// Waits until one has ended; for ever if none runs.
    pub(crate) async fn ended(&mut self) -> Result<(), String> {
        let Some(ended) = self.running.join_next().await else { return std::future::pending().await };
        let (key, outcome) = ended.map_err(|error| error.to_string())?;
        if let Some((on_change, true)) = self.known.remove(&key) {
            self.known.insert(key.clone(), (on_change.clone(), false));
            self.start(on_change);
        }
        // A command's line may hold what only its user may see: its first word is enough to know it by.
        let name = key.first().and_then(|it| it.split_whitespace().next()).unwrap_or_default().to_owned();
        outcome.map_err(|why| format!("the command {name}: {why}"))
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.running.is_empty()
    }

    fn start(&mut self, on_change: OnChange) {
        self.running.spawn(async move {
            let outcome = run(&on_change).await;
            (on_change.command, outcome)
        });
    }
}

/// Runs it to its end, at most for as long as it may take. One word is a line for the shell.
pub(crate) async fn run(on_change: &OnChange) -> Result<(), String> {
    let mut command = match on_change.command.as_slice() {
        [] => return Ok(()),
        [line] => {
            let mut shell = Command::new("sh");
            shell.args(["-c", line]);
            shell
        }
        [program, arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments);
            command
        }
    };
    env::take_credentials_from(command.as_std_mut());
    // A group of its own: what it has started ends with it.
    command.stdin(Stdio::null()).process_group(0).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| format!("it cannot be started: {error}"))?;
    let group = child.id().and_then(|it| Pid::from_raw(i32::try_from(it).ok()?));
    match tokio::time::timeout(on_change.timeout, child.wait()).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(format!("it ended with {status}")),
        Ok(Err(error)) => Err(format!("it cannot be waited for: {error}")),
        Err(_) => {
            let end = |signal| group.is_some_and(|it| kill_process_group(it, signal).is_ok());
            end(Signal::TERM);
            if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
                end(Signal::KILL);
                let _ = child.wait().await;
            }
            Err(format!("it took longer than {} s", on_change.timeout.as_secs()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_change(command: &[&str], timeout: Duration) -> OnChange {
        OnChange { command: command.iter().map(|it| (*it).to_owned()).collect(), timeout }
    }

    #[tokio::test]
    async fn one_word_is_a_line_and_several_are_not() {
        let long = Duration::from_secs(60);
        let dir = tempfile::tempdir().unwrap();
        let line = format!("echo a > {0}/a; test -s {0}/a", dir.path().display());
        run(&on_change(&[&line], long)).await.unwrap();
        assert_eq!(std::fs::read(dir.path().join("a")).unwrap(), b"a\n");
        let file = dir.path().join("a;b").display().to_string();
        run(&on_change(&["touch", &file], long)).await.unwrap();
        assert!(dir.path().join("a;b").exists());
        assert!(run(&on_change(&["exit 3"], long)).await.unwrap_err().contains('3'));
        assert!(run(&on_change(&["/nonexistent/program", "x"], long)).await.is_err());
        run(&on_change(&[], long)).await.unwrap();
    }

    #[tokio::test]
    async fn a_file_that_changes_meanwhile_is_told_of_once_more() {
        let dir = tempfile::tempdir().unwrap();
        let (log, gate) = (dir.path().join("log"), dir.path().join("gate"));
        let line =
            format!("echo x >> {}; until test -e {}; do sleep 0.01; done", log.display(), gate.display());
        let wanted = || vec![on_change(&[&line], Duration::from_secs(60)); 3];
        let mut commands = Commands::default();
        commands.request(wanted());
        commands.request(wanted());
        commands.request(wanted());
        std::fs::write(&gate, "").unwrap();
        commands.ended().await.unwrap();
        assert!(!commands.is_idle());
        commands.ended().await.unwrap();
        assert!(commands.is_idle());
        assert_eq!(std::fs::read_to_string(&log).unwrap(), "x\nx\n");
    }

    #[tokio::test]
    async fn a_program_that_takes_too_long_is_ended_with_all_it_has_started() {
        let dir = tempfile::tempdir().unwrap();
        let pid = dir.path().join("pid");
        let line = format!("sleep 600 & echo $! > {}; wait", pid.display());
        let outcome = run(&on_change(&[&line], Duration::from_millis(500))).await;
        assert!(outcome.unwrap_err().contains("longer than"));
        let pid: i32 = std::fs::read_to_string(pid).unwrap().trim().parse().unwrap();
        let deadline = std::time::Instant::now() + Duration::from_secs(30);
        while std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|it| !it.contains(") Z ")) {
            assert!(std::time::Instant::now() < deadline, "the child of the program lives on");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
