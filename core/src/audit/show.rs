//! Finds lines: who did what, when, and what came of it.
//!
//! Files are cut into pieces that are searched side by side. What a line must hold in the letter (a path's
//! beginning, a name) is looked for in the whole piece at once; only lines that hold it are parsed, and of
//! those only the fields that are asked about.

use std::{
    borrow::Cow,
    fs::File,
    io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use memchr::memmem::Finder;
use serde::Deserialize;

use super::text;
use crate::clock::Timestamp;

const PIECE: u64 = 4 << 20;

/// Pieces that each thread searches before what was found is handed on.
const PIECES_AT_ONCE: usize = 8;

/// What lines must be like; what is left empty is not asked about.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// A request path in which `*` stands for anything.
    pub path: Option<String>,
    pub display_name: Option<String>,
    pub entity_id: Option<String>,
    /// `create`, `read`, `update`, `delete`, `list`, `patch`, `scan`, `help`.
    pub operation: Option<String>,
    pub since: Option<Timestamp>,
    /// Exclusive.
    pub until: Option<Timestamp>,
    /// Only responses have one: requests are left out then.
    pub outcome: Option<Outcome>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    Denied,
    /// Any error, denials included.
    Failed,
    Succeeded,
}

/// A line that fits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Hit {
    /// Which of the files.
    pub file: usize,
    /// Where in it the line begins, in bytes.
    pub offset: u64,
    /// Without the newline.
    pub line: Vec<u8>,
}

/// All lines of `files` that fit, in the order in which they stand, searched by `threads` threads.
pub fn show(files: &[PathBuf], filter: &Filter, threads: usize) -> io::Result<Vec<Hit>> {
    let mut found = Vec::new();
    show_each(files, filter, threads, |hit| {
        found.push(hit);
        Ok(())
    })?;
    Ok(found)
}

/// As [`show`], one line after the other, so that a search that finds all of a large log needs little memory.
pub fn show_each(
    files: &[PathBuf],
    filter: &Filter,
    threads: usize,
    mut each: impl FnMut(Hit) -> io::Result<()>,
) -> io::Result<()> {
    let search = Search::new(filter);
    let threads = threads.max(1);
    let mut pieces = Vec::new();
    for (file, path) in files.iter().enumerate() {
        let len = File::open(path)?.metadata()?.len();
        pieces.extend((0..len.div_ceil(PIECE)).map(|it| (file, it * PIECE)));
    }
    // What is found in one batch is handed on before the next one is read.
    for batch in pieces.chunks(threads.saturating_mul(PIECES_AT_ONCE)) {
        search.batch(files, batch, threads)?.into_iter().try_for_each(&mut each)?;
    }
    Ok(())
}

/// The lines that begin in a piece: from the first line's beginning to the last one's end. Answers where in
/// the file that is.
fn read_piece(path: &Path, offset: u64, buffer: &mut Vec<u8>) -> io::Result<u64> {
    let file = File::open(path)?;
    let len = file.metadata()?.len();
    let end = (offset + PIECE).min(len);
    // One byte more in front tells whether a line begins here.
    let from = offset.saturating_sub(1);
    fill(&file, from, end, buffer)?;
    let skipped = match offset {
        0 => 0,
        _ => match memchr::memchr(b'\n', buffer) {
            Some(newline) => newline + 1,
            None => buffer.len(),
        },
    };
    buffer.drain(..skipped);
    let mut more = Vec::new();
    let mut at = end;
    while !buffer.is_empty() && buffer.last() != Some(&b'\n') && at < len {
        let until = (at + (64 << 10)).min(len);
        fill(&file, at, until, &mut more)?;
        let stop = memchr::memchr(b'\n', &more).map_or(more.len(), |it| it + 1);
        buffer.extend_from_slice(more.get(..stop).unwrap_or_default());
        at = until;
    }
    Ok(from + u64::try_from(skipped).unwrap_or(0))
}

fn fill(file: &File, from: u64, to: u64, buffer: &mut Vec<u8>) -> io::Result<()> {
    buffer.resize(usize::try_from(to.saturating_sub(from)).map_err(io::Error::other)?, 0);
    file.read_exact_at(buffer, from)
}

/// `2026-11-23T20:35:17`.
const SECONDS: usize = 19;

struct Search<'a> {
    filter: &'a Filter,
    /// What every line that fits holds in the letter.
    needle: Option<Finder<'static>>,
    /// The limits of time as text, to the second.
    since: Option<String>,
    until: Option<String>,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    time: Cow<'a, str>,
    #[serde(borrow)]
    auth: Option<Auth<'a>>,
    #[serde(borrow)]
    request: Option<Request<'a>>,
    #[serde(borrow)]
    error: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Auth<'a> {
    #[serde(borrow)]
    display_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    entity_id: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    path: Option<Cow<'a, str>>,
    #[serde(borrow)]
    operation: Option<Cow<'a, str>>,
}

impl<'a> Search<'a> {
    fn new(filter: &'a Filter) -> Self {
        let field = |name: &str, value: &str, open: bool| {
            let mut out = format!("\"{name}\":").into_bytes();
            text::string(&mut out, value);
            if open {
                out.pop();
            }
            Finder::new(&out).into_owned()
        };
        let part = |value: &str| {
            let mut out = Vec::new();
            text::string(&mut out, value);
            Finder::new(out.get(1..out.len().saturating_sub(1)).unwrap_or_default()).into_owned()
        };
        let of_path = |pattern: &String| match pattern.split_once('*') {
            None => Some(field("path", pattern, false)),
            Some(("", _)) => {
                pattern.split('*').max_by_key(|it| it.len()).filter(|it| !it.is_empty()).map(part)
            }
            Some((prefix, _)) => Some(field("path", prefix, true)),
        };
        let needle = filter
            .entity_id
            .as_ref()
            .map(|it| field("entity_id", it, false))
            .or_else(|| filter.path.as_ref().and_then(of_path))
            .or_else(|| filter.display_name.as_ref().map(|it| field("display_name", it, false)))
            .or_else(|| filter.operation.as_ref().map(|it| field("operation", it, false)))
            .or_else(|| match filter.outcome? {
                Outcome::Denied => Some(field("error", "permission denied", false)),
                Outcome::Failed => Some(field("error", "", true)),
                Outcome::Succeeded => None,
            });
        let seconds = |it: Timestamp| it.rfc3339().get(..SECONDS).map(str::to_owned);
        Self { filter, needle, since: filter.since.and_then(seconds), until: filter.until.and_then(seconds) }
    }

    /// What fits in some pieces, in their order.
    fn batch(&self, files: &[PathBuf], pieces: &[(usize, u64)], threads: usize) -> io::Result<Vec<Hit>> {
        let next = AtomicUsize::new(0);
        let found: Mutex<Vec<(usize, Vec<Hit>)>> = Mutex::default();
        let work = || -> io::Result<()> {
            let mut buffer = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some((file, offset)) = pieces.get(at) else { return Ok(()) };
                let Some(path) = files.get(*file) else { return Ok(()) };
                let start = read_piece(path, *offset, &mut buffer)?;
                let mut hits = Vec::new();
                self.piece(&buffer, |position, line| {
                    let offset = start + u64::try_from(position).unwrap_or(u64::MAX);
                    hits.push(Hit { file: *file, offset, line: line.to_vec() });
                });
                if !hits.is_empty() {
                    found.lock().unwrap_or_else(PoisonError::into_inner).push((at, hits));
                }
            }
        };
        std::thread::scope(|scope| {
            let workers: Vec<_> = (1..threads.min(pieces.len())).map(|_| scope.spawn(work)).collect();
            let mut outcome = work();
            for worker in workers {
                let joined = worker.join().unwrap_or_else(|_| Err(io::Error::other("a search ended early")));
                outcome = outcome.and(joined);
            }
            outcome
        })?;
        let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.sort_by_key(|(at, _)| *at);
        Ok(found.into_iter().flat_map(|(_, hits)| hits).collect())
    }

    fn piece(&self, piece: &[u8], mut hit: impl FnMut(usize, &[u8])) {
        let mut at = 0;
        while let Some(rest) = piece.get(at..).filter(|it| !it.is_empty()) {
            let found = match &self.needle {
                Some(needle) => match needle.find(rest) {
                    Some(found) => found,
                    None => break,
                },
                None => 0,
            };
            let start = memchr::memrchr(b'\n', rest.get(..found).unwrap_or_default()).map_or(0, |it| it + 1);
            let tail = rest.get(found..).unwrap_or_default();
            let end = memchr::memchr(b'\n', tail).map_or(rest.len(), |it| found + it);
            let line = rest.get(start..end).unwrap_or_default();
            if self.fits(line) {
                hit(at + start, line);
            }
            at += end + 1;
        }
    }

    fn fits(&self, line: &[u8]) -> bool {
        let filter = self.filter;
        // The order of seconds is the order of their text: most lines are settled here.
        if !self.may_be_in_time(line) {
            return false;
        }
        let Ok(line) = serde_json::from_slice::<Line<'_>>(line) else { return false };
        let auth = line.auth.as_ref();
        let request = line.request.as_ref();
        let is = |wanted: &Option<String>, found: Option<&Cow<'_, str>>| {
            wanted.as_ref().is_none_or(|wanted| found.is_some_and(|it| it == wanted))
        };
        let path = request.and_then(|it| it.path.as_deref());
        is(&filter.display_name, auth.and_then(|it| it.display_name.as_ref()))
            && is(&filter.entity_id, auth.and_then(|it| it.entity_id.as_ref()))
            && is(&filter.operation, request.and_then(|it| it.operation.as_ref()))
            && filter.path.as_ref().is_none_or(|pattern| path.is_some_and(|it| matches(pattern, it)))
            && filter.outcome.is_none_or(|it| it.is_of(&line))
            && self.is_in_time(&line.time)
    }

    fn may_be_in_time(&self, line: &[u8]) -> bool {
        if self.since.is_none() && self.until.is_none() {
            return true;
        }
        let Some(time) = line.strip_prefix(b"{\"time\":\"").and_then(|it| it.get(..SECONDS)) else {
            return false;
        };
        self.since.as_ref().is_none_or(|it| time >= it.as_bytes())
            && self.until.as_ref().is_none_or(|it| time <= it.as_bytes())
    }

    fn is_in_time(&self, time: &str) -> bool {
        if self.filter.since.is_none() && self.filter.until.is_none() {
            return true;
        }
        let Some(time) = Timestamp::parse_rfc3339(time) else { return false };
        self.filter.since.is_none_or(|it| time >= it) && self.filter.until.is_none_or(|it| time < it)
    }
}

impl Outcome {
    fn is_of(self, line: &Line<'_>) -> bool {
        let error = line.error.as_deref();
        line.kind == "response"
            && match self {
                Self::Denied => error == Some("permission denied"),
                Self::Failed => error.is_some(),
                Self::Succeeded => error.is_none(),
            }
    }
}

/// Whether `text` fits `pattern`, in which `*` stands for any text, also for none.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    let mut rest = rest;
    for part in parts {
        match rest.split_once(part) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, expected) in [
            ("a/b", "a/b", true),
            ("a/b", "a/bc", false),
            ("a/*", "a/b/c", true),
            ("*/c", "a/b/c", true),
            ("a/*/c", "a/b/c", true),
            ("a/*/c", "a/c", false),
            ("*b*b*", "abab", true),
            ("*b*b*", "aba", false),
            ("a*a", "a", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
