//! The `git` program, started so that a repository of somebody else's can do nothing.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    thread::JoinHandle,
};

use super::Error;
use crate::{report::plain, walk::File};

/// What a repository's own configuration may say, and is not heard on: each would start a program, ask a
/// network, or leave something out.
const UNHEARD: [&str; 16] = [
    "core.alternateRefsCommand=",
    "core.askPass=",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "core.sshCommand=false",
    "credential.helper=",
    "diff.external=",
    "diff.ignoreSubmodules=all",
    "diff.orderFile=/dev/null",
    "diff.relative=false",
    "gpg.program=false",
    "i18n.logOutputEncoding=UTF-8",
    "log.follow=false",
    "log.showRoot=true",
    "protocol.allow=never",
];
/// What of git's own words is passed on.
const WORDS: usize = 200;

/// Where a repository is.
#[derive(Debug)]
pub(super) struct Repository {
    dir: PathBuf,
    /// The directory that its names are relative to, if its files are there.
    top: Option<PathBuf>,
    /// Only what lies below this is looked at.
    pub(super) prefix: String,
    pub(super) is_shallow: bool,
}

impl Repository {
    pub(super) fn at(dir: &Path) -> Result<Self, Error> {
        let mut repository =
            Self { dir: dir.to_owned(), top: None, prefix: String::new(), is_shallow: false };
        let facts = repository.ask(&["rev-parse", "--is-inside-work-tree", "--is-shallow-repository"])?;
        repository.is_shallow = facts.lines().nth(1) == Some("true");
        if facts.starts_with("true") {
            let top = repository.ask(&["rev-parse", "--show-toplevel"])?;
            repository.top = Some(PathBuf::from(one_line(&top)));
            repository.prefix = one_line(&repository.ask(&["rev-parse", "--show-prefix"])?).to_owned();
        }
        Ok(repository)
    }

    pub(super) fn file(&self, path: &str) -> Arc<File> {
        let absolute = self.top.as_ref().map(|it| it.join(path));
        Arc::new(File { name: path.to_owned(), shown: path.to_owned(), absolute })
    }

    /// A command that reads, and whose output is taken.
    pub(super) fn git(&self, args: &[&str]) -> Command {
        let mut git = Command::new("git");
        git.arg("-C").arg(&self.dir).args(["--no-pager", "--literal-pathspecs"]);
        for setting in UNHEARD {
            git.args(["-c", setting]);
        }
        // Replaced commits and grafts would hide what is there.
        git.env("GIT_NO_REPLACE_OBJECTS", "1").env("GIT_GRAFT_FILE", "/dev/null");
        git.env("GIT_NO_LAZY_FETCH", "1").env("GIT_OPTIONAL_LOCKS", "0").env("GIT_TERMINAL_PROMPT", "0");
        git.env("LC_ALL", "C").env_remove("GIT_EXTERNAL_DIFF").env_remove("GIT_DIFF_OPTS");
        git.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        git
    }

    fn ask(&self, args: &[&str]) -> Result<String, Error> {
        let mut running = Running::start(&mut self.git(args))?;
        let mut answer = String::new();
        if let Some(mut out) = running.child.stdout.take() {
            out.read_to_string(&mut answer).map_err(|_| Error::Garbled)?;
        }
        running.end()?;
        Ok(answer)
    }
}

fn one_line(answer: &str) -> &str {
    answer.strip_suffix('\n').unwrap_or(answer)
}

/// A command that runs, and what it says of errors.
pub(super) struct Running {
    pub(super) child: Child,
    said: Option<JoinHandle<String>>,
}

impl Running {
    pub(super) fn start(command: &mut Command) -> Result<Self, Error> {
        let mut child = command.spawn().map_err(Error::Absent)?;
        let errors = child.stderr.take();
        let said = errors.map(|mut from| {
            std::thread::spawn(move || {
                let mut said = Vec::new();
                // What cannot be read is not passed on.
                let _ = from.by_ref().take(4096).read_to_end(&mut said);
                let _ = std::io::copy(&mut from, &mut std::io::sink());
                String::from_utf8_lossy(&said).into_owned()
            })
        });
        Ok(Self { child, said })
    }

    /// Waits for its end, which is to be a good one.
    pub(super) fn end(mut self) -> Result<(), Error> {
        let status = self.child.wait().map_err(Error::Absent)?;
        let said = self.said.take().and_then(|it| it.join().ok()).unwrap_or_default();
        if status.success() {
            return Ok(());
        }
        let line = said.lines().find(|it| it.starts_with("fatal: ")).or_else(|| said.lines().next());
        let line = plain(line.unwrap_or("it did not say why").trim_start_matches("fatal: "));
        Err(Error::Refused(line.chars().take(WORDS).collect()))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
