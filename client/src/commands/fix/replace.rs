//! The file itself: read once, replaced whole.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read as _, Write as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{Access, AtFlags, CWD, accessat},
    io::Errno,
    process::geteuid,
};
use strongroom_scan::plain;
use zeroize::Zeroizing;

use super::{
    attributes,
    fresh::{Fresh, PRIVATE},
};
use crate::{failure::Failure, output::note};

/// What is longer is read by its lines and not by its structure: nothing could be put in its place for certain.
pub(super) const LONGEST: u64 = 4 << 20;

/// A file as it was when it was read.
pub(super) struct Original {
    /// As it was given.
    pub(super) name: String,
    pub(super) text: Zeroizing<String>,
    /// Where it really lies: a link stays a link.
    path: PathBuf,
    metadata: Metadata,
}

impl Original {
    /// `None` for what is no text, or too much of it: it is not fixed.
    pub(super) fn read(name: &str, path: &Path) -> Result<Option<Self>, Failure> {
        let failed = |error: io::Error| Failure::new(format!("cannot read {name}: {error}"));
        let path = path.canonicalize().map_err(failed)?;
        let metadata = fs::metadata(&path).map_err(failed)?;
        if !metadata.is_file() {
            return Err(Failure::new(format!("{name} is no regular file")));
        }
        if metadata.len() > LONGEST {
            return Ok(None);
        }
        let bytes = Zeroizing::new(fs::read(&path).map_err(failed)?);
        let Ok(text) = std::str::from_utf8(&bytes) else { return Ok(None) };
        Ok(Some(Self { text: Zeroizing::new(text.to_owned()), name: name.to_owned(), path, metadata }))
    }

    /// A path beside it, and nowhere else: the name may come from the store.
    pub(super) fn beside(&self, name: &str) -> PathBuf {
        self.path.with_file_name(Path::new(name).file_name().unwrap_or_default())
    }

    /// The path by which the store knows it again.
    pub(super) fn place(&self) -> String {
        self.path.to_string_lossy().into_owned()
    }

    /// Under another name the file would stay as it is, with all that stands in it.
    pub(super) fn refuse_other_names(&self) -> Result<(), Failure> {
        match self.metadata.nlink() {
            0 | 1 => Ok(()),
            links => Err(Failure::new(format!(
                "{} has {links} names (hard links), and under the others the credentials would stay",
                plain(&self.name)
            ))
            .hint("remove the others, or replace the file by a copy of itself, and run again")),
        }
    }

    /// Whether a new file could take its place: asked before anything is stored, and nothing is written for it.
    pub(super) fn refuse_unwritable(&self) -> Result<(), Failure> {
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        let may = |path: &Path, what| accessat(CWD, path, what, AtFlags::EACCESS);
        let why = match (may(folder, Access::WRITE_OK | Access::EXEC_OK), may(&self.path, Access::WRITE_OK)) {
            (Err(error), _) => format!("its folder is not writable ({})", io::Error::from(error)),
            // Its own mode may forbid writing: it is not written to. Then it is one that nobody may replace.
            (_, Err(error @ (Errno::PERM | Errno::ROFS))) => io::Error::from(error).to_string(),
            _ if self.is_stuck(folder) => {
                "others' files of its folder stay (it is sticky, as /tmp)".to_owned()
            }
            _ => return Ok(()),
        };
        Err(Failure::new(format!("{} cannot be replaced: {why}", plain(&self.name)))
            .hint("a new file takes its place: run it as whoever may write there, or leave the file out"))
    }

    /// Where a folder is sticky a file is replaced by its owner, the folder's, or root.
    fn is_stuck(&self, folder: &Path) -> bool {
        let me = geteuid();
        let is_mine = |uid: u32| me.is_root() || me.as_raw() == uid;
        fs::metadata(folder)
            .is_ok_and(|it| it.mode() & 0o1000 != 0 && !is_mine(it.uid()) && !is_mine(self.metadata.uid()))
    }

    /// A whole new file takes its place, with all its attributes. No copy of the old one is left.
    pub(super) fn replace(&self, text: &str) -> Result<(), Failure> {
        let failed = |error: io::Error| Failure::new(format!("cannot write {}: {error}", self.name));
        let mut there = File::open(&self.path).map_err(failed)?;
        let mut now = Zeroizing::new(Vec::with_capacity(self.text.len() + 1));
        there.read_to_end(&mut now).map_err(failed)?;
        if *now != *self.text.as_bytes() {
            return Err(Failure::new(format!(
                "{} was changed meanwhile, and is left as it is now",
                self.name
            ))
            .hint("run it again"));
        }
        let fresh = Fresh::beside(&self.path, PRIVATE).map_err(failed)?;
        fresh.file().write_all(text.as_bytes()).map_err(failed)?;
        for lost in attributes::copy(&there, fresh.file()).map_err(failed)? {
            note(&format!(
                "{}: only the system gives the attribute {lost}: it may be another one now",
                plain(&self.name)
            ));
        }
        fresh.file().sync_all().map_err(failed)?;
        fresh.take_place(&self.path).map_err(failed)?;
        sync_folder(&self.path).map_err(failed)
    }
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn original(path: &Path) -> Original {
        Original::read("job.hcl", path).unwrap().unwrap()
    }

    // Rule 118
    #[test]
    fn a_file_is_replaced_whole_with_its_mode_and_nothing_is_left_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("job.hcl");
        fs::write(&file, "old secret").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        let held = File::open(&file).unwrap();
        original(&file).replace("new").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o640);
        assert_eq!(io::read_to_string(held).unwrap(), "old secret", "the old file was not written to");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    // Rule 118
    #[test]
    fn what_was_changed_meanwhile_is_left_alone_and_a_link_stays_one() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("job.hcl"), dir.path().join("link"));
        fs::write(&file, "old").unwrap();
        symlink("job.hcl", &link).unwrap();
        let read = original(&link);
        fs::write(&file, "other").unwrap();
        assert!(read.replace("new").unwrap_err().message().contains("changed meanwhile"));
        assert_eq!(fs::read_to_string(&file).unwrap(), "other");
        original(&link).replace("new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
    }

    // Rule 118
    #[test]
    fn a_file_with_a_second_name_is_refused_and_no_name_leads_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        let (file, other) = (dir.path().join("job.hcl"), dir.path().join("other"));
        fs::write(&file, "old").unwrap();
        original(&file).refuse_other_names().unwrap();
        fs::hard_link(&file, &other).unwrap();
        assert!(original(&file).refuse_other_names().unwrap_err().message().contains("2 names"));
        let dir = dir.path().canonicalize().unwrap();
        for (name, expected) in
            [("a.yaml", "a.yaml"), ("../../a.yaml", "a.yaml"), ("/etc/a.yaml", "a.yaml"), ("..", "")]
        {
            assert_eq!(original(&file).beside(name), dir.join(expected));
        }
    }
}
