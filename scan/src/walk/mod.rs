//! Which files are read, and what each is called.
//!
//! Hidden files are read and `.git` is not. Ignore files that stand in the tree (`.gitignore`, `.ignore`) are
//! respected for what is found below a path, and not for the path itself. What stands outside of the tree (a
//! person's own list of ignored names) is not looked at, so that a tree has the same findings on each machine.
//! No link below a path is followed; a path that is a link was given by name, and is.

mod ignored;
mod load;
mod pieces;
mod sweep;

use std::{
    collections::HashSet,
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use ignore::WalkBuilder;

pub(crate) use load::look;
pub(crate) use sweep::STACK;
pub use sweep::{Sweep, Tally, sweep};

/// A file, as it is told of.
#[derive(Debug, Default, Eq, PartialEq)]
pub struct File {
    /// Relative to the one directory that was given; else as `shown`.
    pub name: String,
    /// As the path was typed, so that an editor finds it.
    pub shown: String,
    /// Absolute, where there is such a thing.
    pub absolute: Option<PathBuf>,
}

/// A file that is to be read.
#[derive(Clone, Debug)]
pub struct Source {
    pub file: Arc<File>,
    way: Way,
}

#[derive(Clone, Debug)]
enum Way {
    /// Given by name: a link is followed.
    Given(PathBuf),
    Stdin,
    Walked(PathBuf),
}

impl Source {
    /// Standard input, under a name that tells its syntax.
    #[must_use]
    pub fn stdin(name: &str) -> Self {
        let absolute = std::path::absolute(name).ok();
        let file = Arc::new(File { name: name.to_owned(), shown: name.to_owned(), absolute });
        Self { file, way: Way::Stdin }
    }

    /// Its bytes, and about how many there are.
    fn open(&self) -> Result<(Box<dyn io::Read>, u64), Cause> {
        let (path, follow) = match &self.way {
            Way::Given(path) => (path, true),
            Way::Walked(path) => (path, false),
            Way::Stdin => return Ok((Box::new(io::stdin()), u64::MAX)),
        };
        let (file, len) = load::open(path, follow)?;
        // What somebody goes on writing has no end; what the kernel makes up as it is read has no length.
        let enough = if len == 0 { load::WHOLE as u64 } else { len };
        Ok((Box::new(file.take(enough)), len))
    }
}

/// Something that was to be read and was not.
#[derive(Debug)]
pub struct Trouble {
    /// As it was typed.
    pub file: String,
    pub cause: Cause,
}

#[derive(Debug, thiserror::Error)]
pub enum Cause {
    #[error("the scanner failed on it: a defect, which is worth a report")]
    Failed,
    #[error("cannot be read: {0}")]
    Read(#[from] io::Error),
    #[error("is neither a file nor a directory, and is not opened")]
    Special,
}

impl Cause {
    /// The same once more: an error of the system's has no copy.
    pub(crate) fn again(&self) -> Self {
        match self {
            Self::Failed => Self::Failed,
            Self::Read(error) => Self::Read(io::Error::new(error.kind(), error.to_string())),
            Self::Special => Self::Special,
        }
    }
}

/// What was found below the paths.
#[derive(Debug, Default)]
pub struct Listing {
    /// In the order of their names, each once.
    pub sources: Vec<Source>,
    pub troubles: Vec<Trouble>,
    /// Links that were not followed.
    pub links: usize,
    /// Pipes, sockets and devices, which are never opened.
    pub special: usize,
    /// Files that ignore files name and that often hold secrets, as they would be typed.
    pub ignored: Vec<String>,
}

/// The files at and below the paths.
#[must_use]
pub fn list(paths: &[PathBuf]) -> Listing {
    let mut listing = Listing::default();
    for path in paths {
        match fs::metadata(path) {
            Ok(it) if it.is_dir() => listing.directory(path, paths.len() == 1),
            Ok(it) if it.is_file() => {
                let shown = shown(path);
                let absolute = fs::canonicalize(path).ok();
                let file = Arc::new(File { name: shown.clone(), shown, absolute });
                listing.sources.push(Source { file, way: Way::Given(path.clone()) });
            }
            Ok(_) => listing.troubles.push(Trouble { file: shown(path), cause: Cause::Special }),
            Err(error) => listing.troubles.push(Trouble { file: shown(path), cause: error.into() }),
        }
    }
    listing.sources.sort_by(|a, b| (&a.file.name, &a.file.shown).cmp(&(&b.file.name, &b.file.shown)));
    let mut seen = HashSet::new();
    // Below one path nothing stands twice: no link is followed.
    if paths.len() > 1 {
        listing.sources.retain(|it| it.file.absolute.as_ref().is_none_or(|path| seen.insert(path.clone())));
    } else if !listing.ignored.is_empty() {
        seen.extend(listing.sources.iter().filter_map(|it| it.file.absolute.clone()));
    }
    listing.ignored.retain(|it| fs::canonicalize(it).is_ok_and(|path| seen.insert(path)));
    listing.ignored.sort();
    listing
}

impl Listing {
    fn directory(&mut self, root: &Path, alone: bool) {
        let absolute = fs::canonicalize(root).ok();
        for entry in walk(root) {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.trouble(error, root);
                    continue;
                }
            };
            match entry.file_type() {
                Some(it) if it.is_dir() => {
                    self.ignored.extend(ignored::suspects(entry.path()).map(|it| shown(&it)));
                }
                Some(it) if it.is_file() => {
                    let below = entry.path().strip_prefix(root).unwrap_or(entry.path());
                    let shown = shown(entry.path());
                    let file = File {
                        name: if alone { below.to_string_lossy().into_owned() } else { shown.clone() },
                        shown,
                        absolute: absolute.as_ref().map(|it| it.join(below)),
                    };
                    self.sources.push(Source { file: Arc::new(file), way: Way::Walked(entry.into_path()) });
                }
                Some(it) if it.is_symlink() => self.links += 1,
                _ => self.special += 1,
            }
        }
    }

    fn trouble(&mut self, error: ignore::Error, root: &Path) {
        let path = path_of(&error).unwrap_or(root);
        let file = shown(path);
        let cause = match error.into_io_error() {
            // The walk's own text would name the path once more.
            Some(it) if it.kind() == io::ErrorKind::PermissionDenied => it.kind().into(),
            Some(it) => it,
            None => io::Error::other("it cannot be listed"),
        };
        self.troubles.push(Trouble { file, cause: cause.into() });
    }
}

fn walk(root: &Path) -> ignore::Walk {
    let mut builder = WalkBuilder::new(root);
    builder.hidden(false).follow_links(false).parents(true).ignore(true);
    builder.git_ignore(true).require_git(false).git_global(false).git_exclude(false);
    builder.filter_entry(|it| it.file_name() != ".git");
    builder.build()
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        _ => None,
    }
}

/// As typed, without `./` before it.
fn shown(path: &Path) -> String {
    let path = path.strip_prefix(".").ok().filter(|it| !it.as_os_str().is_empty()).unwrap_or(path);
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A tree with one file of each sort, and which of them are read.
    #[track_caller]
    fn check(files: &[(&str, &str)], given: &[&str], expected: &[&str]) -> Listing {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            match text.strip_prefix("-> ") {
                Some(target) => symlink(target, path).unwrap(),
                None => fs::write(path, text).unwrap(),
            }
        }
        let listing = list(&given.iter().map(|it| dir.path().join(it)).collect::<Vec<_>>());
        let base = format!("{}/", dir.path().display());
        let names: Vec<_> = listing.sources.iter().map(|it| it.file.name.replace(&base, "")).collect();
        assert_eq!(names, expected);
        listing
    }

    #[test]
    fn hidden_files_are_read_and_gits_own_are_not() {
        check(&[(".env", ""), (".git/config", ""), ("a/.git", ""), ("a/b", "")], &[""], &[".env", "a/b"]);
    }

    #[test]
    fn ignore_files_hold_for_what_is_below_and_not_for_what_is_named() {
        let files =
            [(".gitignore", "/out\n*.log\n"), (".ignore", "x\n"), ("a.log", ""), ("x", ""), ("out/y", "")];
        check(&files, &[""], &[".gitignore", ".ignore"]);
        check(&files, &["a.log", "out"], &["a.log", "out/y"]);
        check(&files, &["out"], &["y"]);
    }

    #[test]
    fn an_ignored_file_that_often_holds_secrets_is_told_of_unless_it_is_named() {
        let files = [
            (".gitignore", ".env\n*.log\n/out\n"),
            (".env", ""),
            (".env.local", ""),
            ("a.log", ""),
            ("a/.env", ""),
            ("out/.env", ""),
        ];
        let told = |given: &[&str], read: &[&str]| -> Vec<String> {
            let ignored = check(&files, given, read).ignored.into_iter();
            ignored.map(|it| Path::new(&it).file_name().unwrap().to_string_lossy().into_owned()).collect()
        };
        assert_eq!(told(&[""], &[".env.local", ".gitignore"]), [".env", ".env"]);
        assert_eq!(told(&["", ".env"], &[".env", ".env.local", ".gitignore"]), [".env"]);
    }

    #[test]
    fn no_link_in_a_tree_is_followed_and_a_given_one_is() {
        let files = [("a/b", ""), ("a/loop", "-> ../a"), ("a/away", "-> /etc/passwd"), ("c", "-> a/b")];
        assert_eq!(check(&files, &[""], &["a/b"]).links, 3);
        check(&files, &["c"], &["c"]);
        check(&files, &["a/b", "c", "a"], &["a/b"]);
    }

    #[test]
    fn what_is_not_there_or_no_file_is_told() {
        let listing = check(&[], &["gone"], &[]);
        assert!(matches!(listing.troubles[..], [Trouble { cause: Cause::Read(_), .. }]));
        let special = list(&["/dev/null".into()]);
        assert!(matches!(special.troubles[..], [Trouble { cause: Cause::Special, .. }]));
    }
}
