//! Checks files of audit lines from outside: no store, no server, only the public key.
//!
//! The chain shows which line was changed, taken out, put in or moved; the checkpoints show that the chain is
//! the server's and not one that somebody computed anew; the head that the store keeps shows that the end is
//! still there. What follows the last checkpoint is chained but not signed yet: it is counted as such.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER;
use serde::Deserialize;

use super::chain::{self, Head, Link};
use crate::crypto::{mac::sha256, sign};

/// Lines without a checkpoint among them that are let pass: a server signs far more often.
const MAX_UNSIGNED: u64 = 100_000;

/// Files that are what the server wrote.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report {
    pub lines: u64,
    /// The number of the first line; 1 if the files go back to the beginning.
    pub first: u64,
    pub last: Head,
    /// Up to and including this line number, a checkpoint vouches for everything.
    pub anchored: u64,
    /// Lines behind the last checkpoint.
    pub unanchored: u64,
    pub checkpoints: u64,
    /// Lines that were being written when the machine stopped.
    pub recovered: u64,
    /// Numbers of the lines at which the store had got less far than at an earlier one: there it was put back to
    /// an older state, by a restore or behind the server's back.
    pub put_back: Vec<u64>,
}

/// The first thing that is wrong.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{}:{line}: {reason}", .file.display())]
pub struct Finding {
    pub file: PathBuf,
    /// From 1.
    pub line: u64,
    pub reason: Reason,
}

#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Reason {
    #[error("the line was changed: its hash does not continue the chain")]
    Changed,
    #[error("the lines with the numbers {from} to {to} are missing before this one")]
    Missing { from: u64, to: u64 },
    #[error("the line has the number {found} where {expected} follows: it was moved, repeated or put in")]
    OutOfOrder { expected: u64, found: u64 },
    #[error("not a line of an audit log")]
    NotALine,
    #[error("the line is cut off")]
    Torn,
    #[error("the file does not begin with a line that says what it continues")]
    NoBeginning,
    #[error("the signature does not match the lines since line number {since}")]
    BadSignature { since: u64 },
    #[error("no checkpoint among the last {lines} lines")]
    Unsigned { lines: u64 },
    #[error("the file ends with line number {last}, but the store knows of {expected}")]
    Truncated { last: u64, expected: u64 },
    #[error("the line is not the one that the store knows by this number")]
    NotInStore,
    #[error("there is no line")]
    Empty,
}

/// Why files are not known to be whole.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Found(#[from] Finding),
    #[error("{}: {source}", .file.display())]
    Read {
        file: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// Verifies the files of one device, in whatever order they are given: a file and those that were rotated
/// away before it.
///
/// `public_key` is the server's, 32 bytes. `head` is how far the store knows the chain, if it was asked.
pub fn verify(files: &[PathBuf], public_key: &[u8], head: Option<Head>) -> Result<Report, Failure> {
    let mut check = Check::new(public_key, head);
    for file in in_order(files)? {
        let reader = File::open(&file).map_err(|source| read(&file, source))?;
        check.file(&file, BufReader::with_capacity(1 << 18, reader))?;
    }
    Ok(check.end()?)
}

/// The files of one device as they were written, by the numbers of their first lines: rotation renames files.
pub fn in_order(files: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut ordered = Vec::with_capacity(files.len());
    for file in files {
        ordered.push((first_number(file).map_err(|source| read(file, source))?, file.clone()));
    }
    ordered.sort_by_key(|(number, _)| *number);
    Ok(ordered.into_iter().map(|(_, file)| file).collect())
}

/// As [`verify`], for one file that is read from somewhere else. `name` is what findings call it.
pub fn verify_reader(
    name: &Path,
    reader: impl BufRead,
    public_key: &[u8],
    head: Option<Head>,
) -> Result<Report, Failure> {
    let mut check = Check::new(public_key, head);
    check.file(name, reader)?;
    Ok(check.end()?)
}

fn read(file: &Path, source: io::Error) -> Failure {
    Failure::Read { file: file.to_owned(), source }
}

/// The number of the first line that has one.
fn first_number(file: &Path) -> io::Result<u64> {
    let mut reader = BufReader::new(File::open(file)?);
    let mut line = Vec::new();
    for _ in 0..3 {
        line.clear();
        reader.read_until(b'\n', &mut line)?;
        if let Some(link) = Link::parse(line.strip_suffix(b"\n").unwrap_or(&line)) {
            return Ok(link.head.seq);
        }
    }
    Ok(0)
}

struct Check<'a> {
    public_key: &'a [u8],
    /// What the store says, until it was met.
    stored: Option<Head>,
    now: Option<Head>,
    report: Report,
    /// A line that is whole but none of ours: allowed if the next one says that it was torn.
    torn: Option<(u64, Vec<u8>)>,
    /// How far the store had got when the log last said so.
    store_sequence: u64,
    at: Finding,
}

/// The fields of our own lines.
#[derive(Deserialize)]
struct Own {
    time: Option<String>,
    store: Option<String>,
    device: Option<String>,
    previous: Option<String>,
    signature: Option<String>,
    torn_bytes: Option<u64>,
    torn_sha256: Option<String>,
    store_sequence: Option<u64>,
}

impl<'a> Check<'a> {
    fn new(public_key: &'a [u8], stored: Option<Head>) -> Self {
        let report = Report {
            lines: 0,
            first: 0,
            last: Head::default(),
            anchored: 0,
            unanchored: 0,
            checkpoints: 0,
            recovered: 0,
            put_back: Vec::new(),
        };
        let at = Finding { file: PathBuf::new(), line: 0, reason: Reason::Empty };
        Self {
            public_key,
            stored: stored.filter(|it| it.seq > 0),
            now: None,
            report,
            torn: None,
            store_sequence: 0,
            at,
        }
    }

    fn file(&mut self, name: &Path, mut reader: impl BufRead) -> Result<(), Failure> {
        self.at = Finding { file: name.to_owned(), line: 0, reason: Reason::Empty };
        let mut line = Vec::new();
        loop {
            line.clear();
            if reader.read_until(b'\n', &mut line).map_err(|source| read(name, source))? == 0 {
                break;
            }
            self.at.line += 1;
            match line.strip_suffix(b"\n") {
                Some(line) => self.line(line)?,
                None => return Err(self.finding(Reason::Torn).into()),
            }
        }
        match self.torn.take() {
            Some((line, _)) => Err(Finding { line, ..self.finding(Reason::NotALine) }.into()),
            None => Ok(()),
        }
    }

    fn line(&mut self, line: &[u8]) -> Result<(), Finding> {
        let Some(link) = Link::parse(line) else {
            return match self.torn.replace((self.at.line, line.to_vec())) {
                Some((line, _)) => Err(Finding { line, ..self.finding(Reason::NotALine) }),
                None => Ok(()),
            };
        };
        let kind = kind(line).unwrap_or_default();
        let own = match kind {
            b"start" | b"recovered" | b"checkpoint" => serde_json::from_slice::<Own>(&link.body()).ok(),
            _ => None,
        };
        self.close_torn(kind, own.as_ref())?;
        let before = match self.now {
            Some(now) => now,
            None => self.beginning(kind, own.as_ref(), link.head)?,
        };
        self.continues(before, &link)?;
        if kind == b"checkpoint" {
            self.checkpoint(own.as_ref(), before)?;
        } else {
            self.report.unanchored += 1;
            if self.report.unanchored > MAX_UNSIGNED {
                return Err(self.finding(Reason::Unsigned { lines: self.report.unanchored }));
            }
        }
        if let Some(sequence) = own.as_ref().and_then(|it| it.store_sequence) {
            if sequence < self.store_sequence {
                self.report.put_back.push(link.head.seq);
            }
            self.store_sequence = sequence;
        }
        if self.stored.is_some_and(|it| it.seq == link.head.seq && it.chain != link.head.chain) {
            return Err(self.finding(Reason::NotInStore));
        }
        self.now = Some(link.head);
        self.report.lines += 1;
        self.report.last = link.head;
        Ok(())
    }

    /// A line that is none must be the one that its successor says was torn, to the byte.
    fn close_torn(&mut self, kind: &[u8], own: Option<&Own>) -> Result<(), Finding> {
        let Some((line, bytes)) = self.torn.take() else { return Ok(()) };
        let says = own.filter(|_| kind == b"recovered").is_some_and(|own| {
            own.torn_bytes == u64::try_from(bytes.len()).ok()
                && own.torn_sha256.as_deref() == Some(&HEXLOWER.encode(&sha256(&[&bytes])))
        });
        if !says {
            return Err(Finding { line, ..self.finding(Reason::NotALine) });
        }
        self.report.recovered += 1;
        Ok(())
    }

    /// What the first line of the first file continues.
    fn beginning(&mut self, kind: &[u8], own: Option<&Own>, head: Head) -> Result<Head, Finding> {
        let previous = own.filter(|_| kind != b"checkpoint").and_then(|it| it.previous.as_ref());
        let mut chain = [0; 32];
        let decoded = previous.filter(|it| it.len() == 64);
        let decoded = decoded.and_then(|it| HEXLOWER.decode_mut(it.as_bytes(), &mut chain).ok());
        match (decoded, head.seq.checked_sub(1)) {
            (Some(_), Some(seq)) => {
                self.report.first = head.seq;
                self.report.anchored = seq;
                Ok(Head { seq, chain })
            }
            _ => Err(self.finding(Reason::NoBeginning)),
        }
    }

    fn continues(&self, before: Head, link: &Link<'_>) -> Result<(), Finding> {
        let expected = before.next(&link.body_hash());
        let found = link.head.seq;
        if found > expected.seq {
            return Err(self.finding(Reason::Missing { from: expected.seq, to: found - 1 }));
        }
        if found < expected.seq {
            return Err(self.finding(Reason::OutOfOrder { expected: expected.seq, found }));
        }
        if link.head.chain != expected.chain {
            return Err(self.finding(Reason::Changed));
        }
        Ok(())
    }

    fn checkpoint(&mut self, own: Option<&Own>, before: Head) -> Result<(), Finding> {
        let valid = own.is_some_and(|own| {
            let (Some(store), Some(device), Some(time), Some(signature)) =
                (&own.store, &own.device, &own.time, &own.signature)
            else {
                return false;
            };
            let Ok(signature) = HEXLOWER.decode(signature.as_bytes()) else { return false };
            sign::verify(self.public_key, &chain::signed(store, device, time, before), &signature).is_ok()
        });
        if !valid {
            return Err(self.finding(Reason::BadSignature { since: self.report.anchored + 1 }));
        }
        self.report.anchored = before.seq;
        // The checkpoint itself is chained, and signed by the next.
        self.report.unanchored = 1;
        self.report.checkpoints += 1;
        Ok(())
    }

    fn end(mut self) -> Result<Report, Finding> {
        let Some(last) = self.now else { return Err(self.at) };
        self.at.line += 1;
        match self.stored {
            Some(stored) if stored.seq > last.seq => {
                Err(self.finding(Reason::Truncated { last: last.seq, expected: stored.seq }))
            }
            _ => Ok(self.report),
        }
    }

    fn finding(&self, reason: Reason) -> Finding {
        Finding { reason, ..self.at.clone() }
    }
}

/// The type of a line: each begins with its time, and then that.
fn kind(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"{\"time\":\"")?;
    let rest = rest.get(memchr::memchr(b'"', rest)?..)?.strip_prefix(b"\",\"type\":\"")?;
    rest.get(..memchr::memchr(b'"', rest)?)
}
