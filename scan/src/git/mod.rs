//! What the commits of a repository brought, or what the next one would.

mod batch;
mod command;
mod log;

use std::{
    collections::{HashMap, HashSet},
    io,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use self::{batch::Batch, command::Repository, log::Entry};
use crate::{
    Find,
    report::{Hit, Seen},
    walk::{Cause, STACK, Sweep, Trouble, look},
};

/// Who brought a finding, and when.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Commit {
    pub id: String,
    pub author: String,
    /// RFC 3339.
    pub date: String,
}

/// What of a repository is looked at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Range {
    /// All that any branch, tag or stash leads to.
    All,
    /// As git reads it: `main..topic`, `HEAD~3..`.
    Commits(String),
    /// What the next commit would bring.
    Staged,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("git cannot be run: {0}")]
    Absent(io::Error),
    #[error("git's answer cannot be understood")]
    Garbled,
    #[error("a range of commits does not begin with a dash")]
    Range,
    /// Its own words.
    #[error("git stopped: {0}")]
    Refused(String),
}

/// What a repository's commits brought.
#[derive(Debug, Default)]
pub struct History {
    pub sweep: Sweep,
    pub commits: usize,
    /// The repository has only the newest commits: older ones were not looked at.
    pub is_shallow: bool,
}

/// A file of a commit that differs from those of the commits before.
struct Change {
    commit: Option<Arc<Commit>>,
    path: Arc<str>,
    new: usize,
    old: Vec<usize>,
}

/// The versions of files that changes name, each once.
#[derive(Default)]
struct Blobs {
    all: Vec<Blob>,
    numbers: HashMap<String, usize>,
}

struct Blob {
    id: String,
    /// The first name that it had, which tells its syntax.
    path: Arc<str>,
}

/// The findings that commits added to their files, each where it was brought first.
///
/// The files' contents are read from git's store, each version once, by way of the `git` program; nothing that
/// the repository's configuration names is started, and nothing is fetched.
///
/// # Errors
///
/// If git is not there, does not know the range, or the directory is in no repository.
pub fn history(dir: &Path, range: &Range, find: Find) -> Result<History, Error> {
    let repository = Repository::at(dir)?;
    let (mut blobs, mut changes, mut commits, mut commit) = (Blobs::default(), Vec::new(), 0, None);
    log::read(&repository, range, |entry| match entry {
        Entry::Commit(it) => {
            commits += 1;
            commit = Some(Arc::new(it));
        }
        Entry::Change { path, new, old } => {
            let path: Arc<str> = path.into();
            let old = old.into_iter().map(|it| blobs.number(it, &path)).collect();
            changes.push(Change { commit: commit.clone(), new: blobs.number(new, &path), old, path });
        }
    })?;
    let seen = scan(&repository, &blobs.all, find)?;
    let sweep = brought(&repository, &changes, &blobs, seen);
    Ok(History { sweep, commits, is_shallow: repository.is_shallow })
}

impl Blobs {
    fn number(&mut self, id: String, path: &Arc<str>) -> usize {
        let next = self.all.len();
        *self.numbers.entry(id).or_insert_with_key(|id| {
            self.all.push(Blob { id: id.clone(), path: path.clone() });
            next
        })
    }
}

/// Looks at every version, on every processor there is.
fn scan(repository: &Repository, blobs: &[Blob], find: Find) -> Result<Vec<Result<Seen, Cause>>, Error> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(blobs.len())));
    let work = |mut batch: Batch| {
        while let Some((at, blob)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| blobs.get(at).map(|blob| (at, blob)))
        {
            let file = repository.file(&blob.path);
            let outcome = batch.read(&blob.id, |from, len| look(find, &file, from, len));
            done.lock().unwrap_or_else(PoisonError::into_inner).push((at, outcome));
        }
    };
    let wanted = std::thread::available_parallelism().map_or(1, usize::from).min(blobs.len());
    std::thread::scope(|scope| {
        for _ in 0..wanted {
            let batch = Batch::start(repository)?;
            let spawned = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || work(batch));
            spawned.map_err(Error::Absent)?;
        }
        Ok(())
    })?;
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(at, _)| *at);
    Ok(done.into_iter().map(|(_, outcome)| outcome).collect())
}

/// What each change has more of than what was there before.
fn brought(
    repository: &Repository,
    changes: &[Change],
    blobs: &Blobs,
    seen: Vec<Result<Seen, Cause>>,
) -> Sweep {
    let (mut sweep, mut told) = (Sweep::default(), HashSet::new());
    let hits = |number: usize| match seen.get(number) {
        Some(Ok(seen)) => seen.hits.as_slice(),
        _ => &[],
    };
    for change in changes {
        // A version that two commits bring, on two branches say, is told of once.
        if !told.insert(change.new) {
            continue;
        }
        let file = repository.file(&change.path);
        match seen.get(change.new) {
            Some(Ok(seen)) => sweep.count(&file.shown, seen),
            Some(Err(cause)) => {
                sweep.troubles.push(Trouble { file: file.shown.clone(), cause: cause.again() });
            }
            None => {}
        }
        let mut before = HashMap::<u64, usize>::new();
        for old in &change.old {
            let mut there = HashMap::<u64, usize>::new();
            hits(*old).iter().for_each(|it| *there.entry(it.identity).or_default() += 1);
            for (identity, count) in there {
                let most = before.entry(identity).or_default();
                *most = count.max(*most);
            }
        }
        for hit in hits(change.new) {
            match before.get_mut(&hit.identity) {
                Some(count) if *count > 0 => *count -= 1,
                _ => {
                    sweep.hits.push(Hit { file: file.clone(), commit: change.commit.clone(), ..hit.clone() })
                }
            }
        }
    }
    // What was there before and cannot be read makes findings of others look new: that is told.
    let old: HashSet<usize> = changes.iter().flat_map(|it| &it.old).copied().collect();
    for number in old.difference(&told) {
        if let (Some(Err(cause)), Some(blob)) = (seen.get(*number), blobs.all.get(*number)) {
            sweep.troubles.push(Trouble { file: blob.path.to_string(), cause: cause.again() });
        }
    }
    sweep
}

#[cfg(test)]
mod tests;
