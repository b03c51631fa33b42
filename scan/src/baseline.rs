//! Findings that are known, so that only new ones are told.
//!
//! An entry is a place: file, blocks, name, kind, and how many there are of it. There is no value in it and no
//! hash of one, salted or not: many of these values are passwords that people made up, and whoever has the file
//! and any hash of them can try all likely ones. A thief learns which files hold credentials of which names, as
//! from a list of the files. The price: a new value in an old place is not told as new.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Component, Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{Kind, report::Hit, walk::File};

/// The one version of the format.
const VERSION: u32 = 1;
/// Larger ones are none.
const LONGEST: u64 = 64 << 20;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "the baseline is no JSON of the form that -write-baseline gives it: line {line}, column {column}"
    )]
    Malformed { line: usize, column: usize },
    #[error("the baseline is longer than 64 MiB")]
    TooLong,
    #[error("the baseline has version {0}, and this program knows version 1")]
    Version(u32),
    #[error("the baseline cannot be read: {0}")]
    Read(io::Error),
    #[error("the baseline cannot be written: {0}")]
    Write(#[from] io::Error),
}

/// What is known, and the directory that its names are relative to: wherever the scanner is called, and for
/// whichever part of a tree, an entry means the same file.
#[derive(Debug)]
pub struct Baseline {
    root: PathBuf,
    known: BTreeMap<Place, usize>,
}

#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    pub file: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    pub key: String,
    pub kind: String,
}

#[derive(Deserialize, Serialize)]
struct Document {
    version: u32,
    findings: Vec<Entry>,
}

#[derive(Deserialize, Serialize)]
struct Entry {
    #[serde(flatten)]
    place: Place,
    #[serde(default = "one", skip_serializing_if = "is_one")]
    count: usize,
}

fn one() -> usize {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_one(count: &usize) -> bool {
    *count == 1
}

/// What a baseline leaves.
#[derive(Debug, Default)]
pub struct Remains {
    pub new: Vec<Hit>,
    pub known: usize,
    /// Entries of files that were read, or are gone, that nothing answers to any more.
    pub stale: Vec<Place>,
}

impl Baseline {
    /// # Errors
    ///
    /// If there is no such file, or it is none of ours.
    pub fn read(file: &Path) -> Result<Self, Error> {
        if fs::metadata(file).map_err(Error::Read)?.len() > LONGEST {
            return Err(Error::TooLong);
        }
        let malformed =
            |error: serde_json::Error| Error::Malformed { line: error.line(), column: error.column() };
        let document: Document =
            serde_json::from_slice(&fs::read(file).map_err(Error::Read)?).map_err(malformed)?;
        if document.version != VERSION {
            return Err(Error::Version(document.version));
        }
        let mut known = BTreeMap::new();
        for entry in document.findings {
            *known.entry(entry.place).or_default() += entry.count;
        }
        Ok(Self { root: root(file), known })
    }

    /// One that knows these.
    #[must_use]
    pub fn of(hits: &[Hit], file: &Path) -> Self {
        let root = root(file);
        let mut known = BTreeMap::new();
        for hit in hits {
            *known.entry(place(hit, &root)).or_default() += 1;
        }
        Self { root, known }
    }

    /// How many findings it knows.
    #[must_use]
    pub fn count(&self) -> usize {
        self.known.values().sum()
    }

    /// How many of these findings are new to it, and how many it knows in vain: a newer one would not have them.
    #[must_use]
    pub fn against(self, newer: &Self) -> (usize, usize) {
        let missing = |a: &Self, b: &Self| -> usize {
            let more = |(place, count): (&Place, &usize)| {
                count.saturating_sub(b.known.get(place).copied().unwrap_or_default())
            };
            a.known.iter().map(more).sum()
        };
        (missing(newer, &self), missing(&self, newer))
    }

    /// Writes it beside its place and moves it there, so that no half of it is ever read.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn write(&self, file: &Path) -> Result<(), Error> {
        let entries = self.known.iter().map(|(place, count)| Entry { place: place.clone(), count: *count });
        let document = Document { version: VERSION, findings: entries.collect() };
        let mut text = serde_json::to_vec_pretty(&document).map_err(io::Error::from)?;
        text.push(b'\n');
        let name =
            file.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?.to_string_lossy();
        let beside = file.with_file_name(format!(".{name}.{}", std::process::id()));
        let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, file));
        if written.is_err() {
            // There may be none.
            let _ = fs::remove_file(&beside);
        }
        Ok(written?)
    }

    /// Takes out what is known. Of findings with one place the first ones are.
    #[must_use]
    pub fn apply<'a>(mut self, hits: Vec<Hit>, read: impl IntoIterator<Item = &'a File>) -> Remains {
        let mut remains = Remains::default();
        for hit in hits {
            match self.known.get_mut(&place(&hit, &self.root)) {
                Some(count) if *count > 0 => {
                    *count -= 1;
                    remains.known += 1;
                }
                _ => remains.new.push(hit),
            }
        }
        let read: std::collections::HashSet<_> = read.into_iter().map(|it| name(it, &self.root)).collect();
        let is_over = |it: &Place| read.contains(&it.file) || !self.root.join(&it.file).exists();
        let left = self.known.into_iter().filter(|(_, count)| *count > 0);
        remains.stale = left.map(|(place, _)| place).filter(is_over).collect();
        remains
    }
}

fn place(hit: &Hit, root: &Path) -> Place {
    let kind = Kind::name(hit.kind).to_owned();
    Place { file: name(&hit.file, root), path: hit.path.clone(), key: hit.key.clone(), kind }
}

/// The directory of the file, whose name need not be there yet.
fn root(file: &Path) -> PathBuf {
    let parent = file.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::canonicalize(parent).unwrap_or_else(|_| parent.to_owned())
}

/// Relative to the directory, with `..` where it lies elsewhere.
fn name(file: &File, root: &Path) -> String {
    let Some(absolute) = &file.absolute else { return file.name.clone() };
    let (mut here, mut there) = (root.components().peekable(), absolute.components().peekable());
    while here.peek().is_some() && here.peek() == there.peek() {
        here.next();
        there.next();
    }
    let up = here.map(|_| Component::ParentDir);
    up.chain(there).collect::<PathBuf>().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::fake;

    fn hit(dir: &Path, file: &str, key: &str, line: usize) -> Hit {
        let file = File { absolute: Some(dir.join(file)), ..File::default() };
        Hit { file: Arc::new(file), line, ..fake::hit(key) }
    }

    /// What is new and how much is stale, where the baseline knows `a` once and `b` twice in `x/f`.
    #[track_caller]
    fn check(now: &[(&str, &str, usize)], new: &[usize], stale: &[&str]) {
        let dir = tempfile::tempdir().unwrap();
        let dir = fs::canonicalize(dir.path()).unwrap();
        fs::create_dir_all(dir.join("x")).unwrap();
        fs::write(dir.join("x/f"), "").unwrap();
        let file = dir.join("baseline.json");
        let known = [hit(&dir, "x/f", "a", 1), hit(&dir, "x/f", "b", 2), hit(&dir, "x/f", "b", 3)];
        Baseline::of(&known, &file).write(&file).unwrap();
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 2, "nothing is left beside it");
        let hits: Vec<_> = now.iter().map(|(file, key, line)| hit(&dir, file, key, *line)).collect();
        let read = hits.iter().map(|it| it.file.clone()).collect::<Vec<_>>();
        let remains = Baseline::read(&file).unwrap().apply(hits, read.iter().map(|it| &**it));
        assert_eq!(remains.new.iter().map(|it| it.line).collect::<Vec<_>>(), new);
        assert_eq!(remains.stale.iter().map(|it| it.key.as_str()).collect::<Vec<_>>(), stale);
        assert_eq!(remains.known + remains.new.len(), now.len());
    }

    #[test]
    fn what_is_known_is_not_told_wherever_it_moved() {
        check(&[("x/f", "a", 1), ("x/f", "b", 2), ("x/f", "b", 3)], &[], &[]);
        check(&[("x/f", "b", 70), ("x/f", "b", 80), ("x/f", "a", 90)], &[], &[]);
        check(&[("x/f", "a", 1), ("x/f", "b", 2), ("x/f", "b", 3), ("x/f", "b", 4)], &[4], &[]);
        check(&[("x/f", "a", 1), ("x/f", "c", 2)], &[2], &["b"]);
        check(&[("x/g", "a", 1)], &[1], &[]);
        check(&[], &[], &[]);
    }

    #[test]
    fn no_value_and_no_hash_of_one_is_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("b.json");
        Baseline::of(&[hit(dir.path(), "f", "a", 1)], &file).write(&file).unwrap();
        let written: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        assert_eq!(
            written,
            serde_json::json!({ "version": 1, "findings": [{ "file": "f", "key": "a", "kind": "password" }] })
        );
    }

    #[test]
    fn what_is_no_baseline_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("b.json");
        assert!(matches!(Baseline::read(&file), Err(Error::Read(_))));
        for (text, expected) in [
            ("{", "line 1, column 1"),
            (r#"{"version": 2, "findings": []}"#, "version 2"),
            (r#"{"version": 1, "findings": [{"file": "f"}]}"#, "line 1"),
        ] {
            fs::write(&file, text).unwrap();
            assert!(Baseline::read(&file).unwrap_err().to_string().contains(expected));
        }
    }

    #[test]
    fn a_file_elsewhere_is_named_from_the_baseline() {
        let file = |path: &str| File { absolute: Some(path.into()), ..File::default() };
        let root = Path::new("/a/b");
        assert_eq!(name(&file("/a/b/c/d"), root), "c/d");
        assert_eq!(name(&file("/a/x"), root), "../x");
    }
}
