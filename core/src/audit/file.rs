//! The audit file: opened so that it is what it seems, appended to so that it stays whole.

use std::{
    fs::File,
    io,
    os::unix::fs::{DirBuilderExt as _, FileExt as _, MetadataExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use rustix::fs::{Mode, OFlags, RenameFlags};

use super::chain::{Head, Link};
use crate::{clock::Timestamp, crypto::mac::sha256};

pub(super) struct LogFile {
    path: PathBuf,
    mode: u32,
    file: Arc<File>,
    /// Up to here everything is whole lines of ours.
    len: u64,
}

/// What a file held when it was opened.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The last whole line's; `None` in an empty file, or if that line is none of ours.
    pub(super) head: Option<Head>,
    /// What follows the last whole line: it was being written when the machine stopped.
    pub(super) torn: Option<Torn>,
    /// From its first line.
    pub(super) store: Option<String>,
    pub(super) begun: Option<Timestamp>,
    pub(super) is_empty: bool,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Torn {
    pub(super) bytes: u64,
    pub(super) hash: [u8; 32],
}

/// What became of the file since the last write.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fate {
    AsLeft,
    /// Nothing points to it any more.
    Deleted,
    /// It is shorter than what was written.
    Truncated,
}

impl LogFile {
    /// Opens or makes the file, and its directory (0700). Refuses what is no regular file, links included,
    /// and a file that another process has open as its audit log.
    pub(super) fn open(path: &Path, mode: u32) -> io::Result<(Self, Found)> {
        if let Some(folder) = path.parent().filter(|it| !it.as_os_str().is_empty()) {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let flags = OFlags::RDWR
            | OFlags::APPEND
            | OFlags::CREATE
            | OFlags::CLOEXEC
            | OFlags::NOFOLLOW
            | OFlags::NOCTTY
            // Opening a pipe must not wait for its other end.
            | OFlags::NONBLOCK;
        let file = File::from(rustix::fs::open(path, flags, Mode::from_raw_mode(mode))?);
        let found = file.metadata()?;
        if !found.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive)?;
        if found.mode() & 0o7777 != mode {
            rustix::fs::fchmod(&file, Mode::from_raw_mode(mode))?;
        }
        let len = found.len();
        let state = inspect(&file, len)?;
        Ok((Self { path: path.to_owned(), mode, file: Arc::new(file), len }, state))
    }

    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let outcome = write_all(&self.file, lines);
        match &outcome {
            Ok(()) => self.len += u64::try_from(lines.len()).unwrap_or(u64::MAX),
            // Part of it may have got through (a full disk): a line that was refused must not stand.
            Err(_) => self.file.set_len(self.len)?,
        }
        outcome
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// The open file, for syncing it from elsewhere.
    pub(super) fn handle(&self) -> Arc<File> {
        self.file.clone()
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Whether nobody has touched the file since the last write.
    pub(super) fn is_as_left(&self) -> bool {
        self.file.metadata().is_ok_and(|it| it.nlink() > 0 && it.len() == self.len)
    }

    /// Looks after the file: others may rotate it.
    pub(super) fn fate(&mut self) -> io::Result<Fate> {
        let found = self.file.metadata()?;
        let fate = match found.len() {
            _ if found.nlink() == 0 => Fate::Deleted,
            len if len < self.len => Fate::Truncated,
            _ => Fate::AsLeft,
        };
        self.len = found.len();
        Ok(fate)
    }

    /// Whether the path still leads to the open file.
    pub(super) fn is_current(&self) -> bool {
        let here = self.file.metadata().map(|it| (it.dev(), it.ino()));
        let there = std::fs::symlink_metadata(&self.path).map(|it| (it.dev(), it.ino()));
        matches!((here, there), (Ok(here), Ok(there)) if here == there)
    }

    /// Puts the file aside as `path.NNN`, N being the last line's number, and opens a new one.
    pub(super) fn rotate(&self, last: u64) -> io::Result<(Self, Found)> {
        let aside = self.aside(last);
        let cwd = rustix::fs::CWD;
        rustix::fs::renameat_with(cwd, &self.path, cwd, &aside, RenameFlags::NOREPLACE)?;
        Self::open(&self.path, self.mode)
    }

    fn aside(&self, last: u64) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(format!(".{last:0width$}", width = DIGITS));
        name.into()
    }

    /// Removes the oldest of the files that were put aside, all but `keep`.
    pub(super) fn prune(&self, keep: usize) -> io::Result<()> {
        let (Some(folder), Some(name)) = (self.path.parent(), self.path.file_name()) else { return Ok(()) };
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let name = name.to_string_lossy();
        let mut old: Vec<PathBuf> = std::fs::read_dir(folder)?
            .filter_map(Result::ok)
            .filter(|it| {
                let found = it.file_name();
                let found = found.to_string_lossy();
                let tail = found.strip_prefix(&*name).and_then(|it| it.strip_prefix('.'));
                tail.is_some_and(|it| it.len() == DIGITS && it.bytes().all(|it| it.is_ascii_digit()))
            })
            .map(|it| it.path())
            .collect();
        old.sort();
        let surplus = old.len().saturating_sub(keep);
        old.into_iter().take(surplus).try_for_each(std::fs::remove_file)
    }
}

/// Digits of the number in a rotated file's name: as many as the largest has, so that names sort.
const DIGITS: usize = 20;

/// One `write(2)` if the kernel takes all of it.
fn write_all(file: &File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(file, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn inspect(file: &File, len: u64) -> io::Result<Found> {
    if len == 0 {
        return Ok(Found { is_empty: true, ..Found::default() });
    }
    let mut found = Found::default();
    #[derive(serde::Deserialize)]
    struct First {
        store: Option<String>,
        time: Option<String>,
    }
    if let Some(line) = first_line(file, len)?
        && let Ok(first) = serde_json::from_slice::<First>(&line)
    {
        found.store = first.store;
        found.begun = first.time.and_then(|it| Timestamp::parse_rfc3339(&it));
    }
    let (line, torn) = last_line(file, len)?;
    found.head = Link::parse(&line).map(|it| it.head);
    found.torn = (!torn.is_empty())
        .then(|| Torn { bytes: torn.len().try_into().unwrap_or(u64::MAX), hash: sha256(&[&torn]) });
    Ok(found)
}

/// The first line, if it is no longer than one that begins a file can be.
fn first_line(file: &File, len: u64) -> io::Result<Option<Vec<u8>>> {
    let mut head = vec![0; usize::try_from(len.min(8_192)).unwrap_or(8_192)];
    file.read_exact_at(&mut head, 0)?;
    let end = memchr::memchr(b'\n', &head);
    Ok(end.map(|end| {
        head.truncate(end);
        head
    }))
}

/// The last whole line, and what stands behind it.
fn last_line(file: &File, len: u64) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut window = 256 * 1_024;
    loop {
        let size = len.min(window);
        let mut tail = vec![0; usize::try_from(size).map_err(io::Error::other)?];
        file.read_exact_at(&mut tail, len - size)?;
        let whole = size == len;
        let end = memchr::memrchr(b'\n', &tail);
        let start = end.map(|end| memchr::memrchr(b'\n', tail.get(..end).unwrap_or_default()));
        match (end, start) {
            (Some(end), Some(Some(start))) => {
                let torn = tail.split_off(end + 1);
                tail.truncate(end);
                return Ok((tail.split_off(start + 1), torn));
            }
            (Some(end), Some(None)) if whole => {
                let torn = tail.split_off(end + 1);
                tail.truncate(end);
                return Ok((tail, torn));
            }
            (None, _) if whole => return Ok((Vec::new(), tail)),
            _ => window = window.saturating_mul(4),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn line(seq: u64) -> String {
        format!("{{\"a\":1,\"seq\":{seq},\"chain\":\"{}\"}}\n", "ab".repeat(32))
    }

    #[test]
    fn the_end_of_a_file_is_found_whatever_its_length() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/er/audit.log");
        let (mut file, found) = LogFile::open(&path, 0o600).unwrap();
        assert!(found.is_empty);
        file.append(line(1).as_bytes()).unwrap();
        file.append(format!("{{\"b\":\"{}\",{}", "x".repeat(700_000), &line(2)[1..]).as_bytes()).unwrap();
        drop(file);
        let (mut file, found) = LogFile::open(&path, 0o600).unwrap();
        assert_eq!((found.head.map(|it| it.seq), found.torn), (Some(2), None));
        file.append(b"{\"torn\":").unwrap();
        drop(file);
        let (_, found) = LogFile::open(&path, 0o600).unwrap();
        assert_eq!(found.head.map(|it| it.seq), Some(2));
        assert_eq!(found.torn, Some(Torn { bytes: 8, hash: sha256(&[b"{\"torn\":"]) }));
    }

    // Rule 95
    #[test]
    fn links_pipes_and_folders_are_refused_and_modes_are_set() {
        let dir = tempfile::tempdir().unwrap();
        let real = dir.path().join("real");
        std::fs::write(&real, "").unwrap();
        std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o777)).unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        assert!(LogFile::open(&link, 0o600).is_err());
        assert!(LogFile::open(dir.path(), 0o600).is_err());
        let pipe = dir.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        assert!(LogFile::open(&pipe, 0o600).is_err());
        let made = dir.path().join("new/audit.log");
        let _files = [LogFile::open(&real, 0o600).unwrap(), LogFile::open(&made, 0o600).unwrap()];
        let mode = |it: &Path| std::fs::metadata(it).unwrap().mode() & 0o7777;
        assert_eq!((mode(&real), mode(&made), mode(made.parent().unwrap())), (0o600, 0o600, 0o700));
    }

    #[test]
    fn two_openers_do_not_write_one_chain() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.log");
        let first = LogFile::open(&path, 0o600).unwrap();
        assert!(LogFile::open(&path, 0o600).is_err());
        drop(first);
        assert!(LogFile::open(&path, 0o600).is_ok());
    }
}
