//! The contents of versions, one after the other from one process.

use std::{
    io::{self, BufRead as _, BufReader, Read, Write as _},
    process::{ChildStdin, ChildStdout, Stdio},
};

use super::{
    Error,
    command::{Repository, Running},
};
use crate::{report::Seen, walk::Cause};

pub(super) struct Batch {
    // Closed before the process is waited for.
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    _running: Running,
}

impl Batch {
    pub(super) fn start(repository: &Repository) -> Result<Self, Error> {
        let mut running = Running::start(repository.git(&["cat-file", "--batch"]).stdin(Stdio::piped()))?;
        let (to, from) = (running.child.stdin.take(), running.child.stdout.take());
        let (Some(to), Some(from)) = (to, from) else { return Err(Error::Garbled) };
        Ok(Self { to, from: BufReader::new(from), _running: running })
    }

    /// Lets `look` read a version of so many bytes, and reads over what it leaves.
    pub(super) fn read(
        &mut self,
        id: &str,
        look: impl FnOnce(&mut dyn Read, u64) -> Result<Seen, Cause>,
    ) -> Result<Seen, Cause> {
        self.to.write_all(format!("{id}\n").as_bytes())?;
        self.to.flush()?;
        let mut head = String::new();
        self.from.read_line(&mut head)?;
        let size = head.trim_end().rsplit(' ').next().and_then(|it| it.parse().ok());
        let Some(size) = size else {
            return Err(io::Error::new(io::ErrorKind::NotFound, "git's store does not have it").into());
        };
        let mut content = self.from.by_ref().take(size);
        let outcome = look(&mut content, size);
        io::copy(&mut content, &mut io::sink())?;
        self.from.read_exact(&mut [0])?;
        outcome
    }
}
