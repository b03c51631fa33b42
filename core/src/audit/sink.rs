//! Where lines end up: a file, standard output, memory, or nowhere.

use std::{
    collections::VecDeque,
    io::{self, Write as _},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use super::{config::SinkConfig, file::LogFile};

pub(super) enum Sink {
    File(LogFile),
    Memory(Arc<Ring>),
    Null,
    Stdout,
    #[cfg(any(test, feature = "testing"))]
    Unchecked(std::fs::File),
}

/// The last lines, in memory.
#[derive(Default)]
pub(super) struct Ring {
    lines: Mutex<VecDeque<Vec<u8>>>,
    capacity: usize,
}

impl Ring {
    pub(super) fn new(capacity: usize) -> Self {
        Self { lines: Mutex::default(), capacity }
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(|it| String::from_utf8_lossy(it).into_owned()).collect()
    }

    fn append(&self, bytes: &[u8]) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        for line in bytes.split_inclusive(|it| *it == b'\n') {
            if lines.len() >= self.capacity {
                lines.pop_front();
            }
            lines.push_back(line.strip_suffix(b"\n").unwrap_or(line).to_vec());
        }
    }
}

impl Sink {
    /// Opens what has no chain to go on with; files are opened by [`LogFile::open`].
    pub(super) fn open(config: &SinkConfig, ring: &Arc<Ring>) -> io::Result<Self> {
        Ok(match config {
            SinkConfig::File { path, mode } => Self::File(LogFile::open(path, *mode)?.0),
            SinkConfig::Memory { .. } => Self::Memory(ring.clone()),
            SinkConfig::Null => Self::Null,
            SinkConfig::Stdout => Self::Stdout,
            #[cfg(any(test, feature = "testing"))]
            SinkConfig::Unchecked { path } => {
                Self::Unchecked(std::fs::OpenOptions::new().append(true).open(path)?)
            }
        })
    }

    /// Appends whole lines, all of them or, as far as anybody can tell afterwards, none.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        match self {
            Self::File(file) => file.append(lines),
            Self::Memory(ring) => {
                ring.append(lines);
                Ok(())
            }
            Self::Null => Ok(()),
            Self::Stdout => {
                let mut out = io::stdout().lock();
                out.write_all(lines)?;
                out.flush()
            }
            #[cfg(any(test, feature = "testing"))]
            Self::Unchecked(file) => file.write_all(lines),
        }
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        match self {
            Self::File(file) => file.sync(),
            _ => Ok(()),
        }
    }
}

/// Bytes that are free for an ordinary user on the file system of `path`; `None` where nobody can tell.
pub(super) fn free_space(path: &Path) -> Option<u64> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}
