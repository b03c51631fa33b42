//! Files beside those that are fixed: what stands there, and how they are written and put back.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use strongroom_fix::Plan;

use super::{
    fresh::{Fresh, PUBLIC},
    replace::Original,
};
use crate::failure::Failure;

/// A longer one is not completed: nobody wrote so much of this kind.
const LONGEST: u64 = 256 << 10;

/// What stands there, or will when those files are fixed that were planned before.
#[derive(Default)]
pub(super) struct Neighbours {
    planned: BTreeMap<PathBuf, String>,
}

impl Neighbours {
    /// What the plan would complete, by name.
    pub(super) fn of(&self, file: &Original, plan: &Plan) -> BTreeMap<String, Option<String>> {
        let there = plan.beside.iter().filter_map(|it| {
            let path = file.beside(&it.name);
            let text = self.planned.get(&path).cloned().map(Some).or_else(|| read(&path))?;
            Some((it.name.clone(), text))
        });
        there.collect()
    }

    /// The next file's plan finds what this one makes.
    pub(super) fn take(&mut self, file: &Original, plan: &Plan) {
        self.planned.extend(plan.beside.iter().map(|it| (file.beside(&it.name), it.text.clone())));
    }
}

/// `None` if nothing is there, `Some(None)` if it is no file that could be completed.
pub(super) fn read(path: &Path) -> Option<Option<String>> {
    let about = fs::symlink_metadata(path).ok()?;
    let is_plain = about.is_file() && about.nlink() == 1 && about.len() <= LONGEST;
    Some(if is_plain { fs::read_to_string(path).ok() } else { None })
}

/// Writes a new file, or the completed text in place of what was planned from.
pub(super) fn write(path: &Path, before: Option<&str>, text: &str) -> Result<(), Failure> {
    match before {
        None => create(path, text),
        Some(before) => replace(path, before, text),
    }
}

/// Puts back what a fix completed, or takes away what it made.
pub(super) fn restore(path: &Path, now: &str, before: Option<&str>) -> Result<(), Failure> {
    match before {
        Some(before) => replace(path, now, before),
        None => fs::remove_file(path)
            .map_err(|error| Failure::new(format!("cannot remove {}: {error}", path.display()))),
    }
}

fn replace(path: &Path, before: &str, text: &str) -> Result<(), Failure> {
    let shown = path.display().to_string();
    let changed = || Failure::new(format!("{shown} was changed meanwhile")).hint("run it again");
    let there = Original::read(&shown, path)?.filter(|it| *it.text == before).ok_or_else(changed)?;
    if text == before { Ok(()) } else { there.replace(text) }
}

/// A new file, there as a whole or not at all; one that is there with the same text is as good.
fn create(path: &Path, text: &str) -> Result<(), Failure> {
    let shown = path.display();
    match written(path, text).and_then(|it| it.take_free_place(path)) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match fs::read(path) {
            Ok(there) if there == text.as_bytes() => Ok(()),
            _ => Err(Failure::new(format!("{shown} came to be meanwhile")).hint("run it again")),
        },
        outcome => outcome.map_err(|error| Failure::new(format!("cannot write {shown}: {error}"))),
    }
}

fn written(path: &Path, text: &str) -> io::Result<Fresh> {
    let fresh = Fresh::beside(path, PUBLIC)?;
    fresh.file().write_all(text.as_bytes())?;
    fresh.file().sync_all()?;
    Ok(fresh)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    // Rule 118: half of one would stop the next run.
    #[test]
    fn a_new_file_is_there_as_a_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let text = "kind: SecretProviderClass\n".repeat(8_000);
        for at in 0..50 {
            let file = dir.path().join(format!("{at}.yaml"));
            let seen = std::thread::scope(|scope| {
                let reader = scope.spawn(|| {
                    loop {
                        if let Ok(seen) = fs::read_to_string(&file) {
                            return seen;
                        }
                    }
                });
                write(&file, None, &text).unwrap();
                reader.join().unwrap()
            });
            assert!(seen == text, "{} bytes of {}", seen.len(), text.len());
            assert_eq!(fs::metadata(&file).unwrap().mode() & 0o733, 0o600, "the mask decides about the rest");
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 50, "nothing else is left");
    }

    #[test]
    fn a_file_that_is_not_as_it_was_planned_from_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("class.yaml");
        write(&file, None, "a").unwrap();
        write(&file, None, "a").unwrap();
        assert!(write(&file, None, "b").unwrap_err().message().contains("came to be meanwhile"));
        write(&file, Some("a"), "a b").unwrap();
        assert!(write(&file, Some("a"), "c").unwrap_err().message().contains("changed meanwhile"));
        assert!(restore(&file, "a", Some("")).unwrap_err().message().contains("changed meanwhile"));
        restore(&file, "a b", Some("a")).unwrap();
        assert_eq!(read(&file), Some(Some("a".to_owned())));
        restore(&file, "a", None).unwrap();
        assert_eq!(read(&file), None);
    }

    #[test]
    fn only_a_plain_text_of_its_own_is_completed() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("text"), "a").unwrap();
        assert_eq!(read(&at("text")), Some(Some("a".to_owned())));
        symlink("text", at("link")).unwrap();
        fs::create_dir(at("folder")).unwrap();
        fs::write(at("binary"), [0xff]).unwrap();
        fs::write(at("long"), "a".repeat(300 << 10)).unwrap();
        fs::write(at("twice"), "a").unwrap();
        fs::hard_link(at("twice"), at("other")).unwrap();
        for name in ["link", "folder", "binary", "long", "twice"] {
            assert_eq!(read(&at(name)), Some(None), "{name}");
        }
    }
}
