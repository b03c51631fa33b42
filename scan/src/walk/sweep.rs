//! Many files at once, and one answer.

use std::sync::{
    Condvar, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use super::{Cause, Source, Trouble, load, look, pieces};
use crate::{
    Find,
    report::{Hit, Seen},
};

/// What a long file's tree takes is many times its length: all that are read at once are no longer than one may be.
const LONG: u64 = 512 << 10;
const ROOM: u64 = load::WHOLE as u64;
/// Of a file that is read in pieces, one is held.
const PIECE: u64 = 2 * pieces::PIECE as u64;
/// Readers go down into what is nested; only what is used of it is ever taken.
pub(crate) const STACK: usize = 64 << 20;

/// What was found, in the order of the files.
#[derive(Debug, Default)]
pub struct Sweep {
    pub hits: Vec<Hit>,
    pub troubles: Vec<Trouble>,
    pub tally: Tally,
    /// Comments that allow nothing: the file as shown, and the line.
    pub idle: Vec<(String, usize)>,
}

/// How many there were of what a person may want to know.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// Read, binaries not among them.
    pub files: usize,
    pub binaries: usize,
    /// Too long to be read whole.
    pub in_pieces: usize,
    /// With more findings than are kept of one file.
    pub cut: usize,
    /// Findings that a comment allows.
    pub allowed: usize,
}

/// Reads all of them, on every processor there is.
#[must_use]
pub fn sweep(sources: &[Source], find: Find) -> Sweep {
    let next = AtomicUsize::new(0);
    let (room, done) = (Room::default(), Mutex::new(Vec::with_capacity(sources.len())));
    let work = || {
        while let Some((at, source)) = take(sources, &next) {
            let outcome = read(source, find, &room);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((at, outcome));
        }
    };
    let wanted = std::thread::available_parallelism().map_or(1, usize::from).min(sources.len());
    std::thread::scope(|scope| {
        for _ in 0..wanted {
            // Where no thread can be had, this one does the work.
            if std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).is_err() {
                work();
            }
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(at, _)| *at);
    let mut all = Sweep::default();
    all.hits.reserve_exact(done.iter().filter_map(|it| it.1.as_ref().ok()).map(|it| it.hits.len()).sum());
    for ((_, outcome), source) in done.into_iter().zip(sources) {
        match outcome {
            Ok(seen) => all.add(&source.file.shown, seen),
            Err(cause) => all.troubles.push(Trouble { file: source.file.shown.clone(), cause }),
        }
    }
    all
}

fn take<'a>(sources: &'a [Source], next: &AtomicUsize) -> Option<(usize, &'a Source)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    sources.get(at).map(|it| (at, it))
}

fn read(source: &Source, find: Find, room: &Room) -> Result<Seen, Cause> {
    let (from, len) = source.open()?;
    let needs = match len {
        // Nobody knows how long standard input is.
        u64::MAX => ROOM,
        len if len > ROOM => PIECE,
        len => len,
    };
    let _place = (needs > LONG).then(|| room.take(needs));
    let mut seen = look(find, &source.file, from, len)?;
    // It is kept until all files are read.
    seen.hits.shrink_to_fit();
    Ok(seen)
}

/// What the long files take that are read at once.
#[derive(Default)]
struct Room {
    taken: Mutex<u64>,
    freed: Condvar,
}

struct Taken<'r> {
    room: &'r Room,
    len: u64,
}

impl Room {
    /// Waits until there is room for so much.
    fn take(&self, len: u64) -> Taken<'_> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken =
            self.freed.wait_while(taken, |taken| *taken + len > ROOM).unwrap_or_else(PoisonError::into_inner);
        *taken += len;
        Taken { room: self, len }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        *self.room.taken.lock().unwrap_or_else(PoisonError::into_inner) -= self.len;
        self.room.freed.notify_all();
    }
}

impl Sweep {
    fn add(&mut self, shown: &str, mut seen: Seen) {
        self.hits.append(&mut seen.hits);
        self.count(shown, &seen);
    }

    /// All but the findings.
    pub(crate) fn count(&mut self, shown: &str, seen: &Seen) {
        self.tally.files += usize::from(!seen.binary);
        self.tally.binaries += usize::from(seen.binary);
        self.tally.in_pieces += usize::from(seen.in_pieces);
        self.tally.cut += usize::from(seen.cut);
        self.tally.allowed += seen.allowed;
        self.idle.extend(seen.idle.iter().map(|it| (shown.to_owned(), *it)));
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{fake, list};

    #[test]
    fn no_more_than_one_may_be_is_read_at_once() {
        let room = Room::default();
        let (most, now) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for len in [ROOM, ROOM / 2, ROOM / 2 + 1, LONG, LONG, ROOM] {
                let (room, most, now) = (&room, &most, &now);
                scope.spawn(move || {
                    for _ in 0..200 {
                        let taken = room.take(len);
                        let len = usize::try_from(len).unwrap();
                        most.fetch_max(now.fetch_add(len, Ordering::SeqCst) + len, Ordering::SeqCst);
                        now.fetch_sub(len, Ordering::SeqCst);
                        drop(taken);
                    }
                });
            }
        });
        assert!(most.into_inner() as u64 <= ROOM);
    }

    #[test]
    fn many_files_are_told_in_their_order() {
        let dir = tempfile::tempdir().unwrap();
        for number in 0..300 {
            fs::write(dir.path().join(format!("{number:03}")), format!("SECRET-{number}\n")).unwrap();
        }
        let listing = list(&[dir.path().to_owned()]);
        fs::remove_file(dir.path().join("007")).unwrap();
        let sweep = sweep(&listing.sources, fake::find);
        let files: Vec<_> = sweep.hits.iter().map(|it| it.file.name.clone()).collect();
        let expected: Vec<_> = (0..300).filter(|it| *it != 7).map(|number| format!("{number:03}")).collect();
        assert_eq!(files, expected);
        assert_eq!(sweep.tally, Tally { files: 299, ..Tally::default() });
        assert!(
            matches!(&sweep.troubles[..], [Trouble { file, .. }] if file.ends_with("007")),
            "what is gone is told"
        );
    }
}
