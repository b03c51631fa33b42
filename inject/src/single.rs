//! One file at a path of its own, exchanged whole: what a template becomes, a token's sink.

use std::{
    fs::File,
    io::Read as _,
    os::fd::{AsFd as _, OwnedFd},
    path::{Component, Path},
};

use rustix::{
    fs::{AtFlags, Mode, OFlags, fstat, mkdirat, openat2, renameat, statat, unlinkat},
    io::Errno,
};
use zeroize::Zeroizing;

use crate::{
    Access, Error, Target,
    file::{create, is_plain},
    generation,
    target::{BENEATH, DIRECTORY, directory},
};

/// Files that are larger are not looked at: they are other than what is to be written.
const LARGEST: u64 = 64 << 20;

/// Where files may lie.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Medium {
    /// A tmpfs or a ramfs, and nowhere else.
    Memory,
    /// Also a disk: for tokens that an orchestrator expects there, and for whoever says so.
    Any,
}

/// A place for a file: its directory, opened, and its name.
#[derive(Debug)]
pub struct Single {
    folder: OwnedFd,
    name: String,
}

/// Directories that are not there yet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Missing {
    Create,
    Refuse,
}

impl Single {
    // Rules 112, 113
    /// Opens the directory of `path`, through no symbolic link.
    pub fn open(path: &Path, medium: Medium, missing: Missing) -> Result<Self, Error> {
        let name = path.file_name().and_then(|it| it.to_str()).ok_or(Error::NoName)?.to_owned();
        let parent = path.parent().unwrap_or(Path::new("/"));
        let folder = match directory(parent) {
            Err(Errno::NOENT) if missing == Missing::Create => make(parent, medium)?,
            opened => opened.map_err(Error::open)?,
        };
        if medium == Medium::Memory {
            Target::check(folder.as_fd())?;
        }
        Ok(Self { folder, name })
    }

    /// What the file holds now; nothing if there is none, or something else of that name.
    pub fn content(&self) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match openat2(&self.folder, self.name.as_str(), flags, Mode::empty(), BENEATH) {
            Ok(file) => File::from(file),
            Err(Errno::NOENT | Errno::LOOP | Errno::NXIO) => return Ok(None),
            Err(error) => return Err(Error::io("read the old file")(error)),
        };
        let length = fstat(&file).map_err(Error::io("look at a file"))?.st_size;
        if is_plain(&file).is_err() || u64::try_from(length).map_or(true, |it| it > LARGEST) {
            return Ok(None);
        }
        let mut content = Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or_default() + 1));
        file.take(LARGEST).read_to_end(&mut content).map_err(Error::io("read the old file"))?;
        Ok(Some(content))
    }

    /// The mode of the file that is there.
    pub fn mode(&self) -> Option<u32> {
        let stat = statat(&self.folder, self.name.as_str(), AtFlags::SYMLINK_NOFOLLOW).ok()?;
        Some(stat.st_mode & 0o777)
    }

    /// The mode that somebody has given to a file of ours: one of another user would open what is written to whom it
    /// pleases.
    pub fn kept_mode(&self, access: &Access) -> Option<u32> {
        let stat = statat(&self.folder, self.name.as_str(), AtFlags::SYMLINK_NOFOLLOW).ok()?;
        let owner = access.owner.unwrap_or_else(rustix::process::geteuid);
        (stat.st_uid == owner.as_raw()).then_some(stat.st_mode & 0o777)
    }

    // Rules 114, 115, 118
    /// Writes a new file and puts it in the place of the old one, which whoever has it open goes on reading. Something
    /// else than a file of ours in its place is refused.
    pub fn replace(&self, content: &[u8], access: &Access) -> Result<(), Error> {
        self.is_replaceable()?;
        let fresh = format!(".{}", generation::fresh_name()?.trim_start_matches('.'));
        let written = create(self.folder.as_fd(), &fresh, content, access)
            .and_then(|()| self.rename(&fresh).map_err(Error::io("put the new file in its place")));
        if written.is_err() {
            // The failure is told; what is left has no name that anybody opens.
            let _ = unlinkat(&self.folder, fresh.as_str(), AtFlags::empty());
        }
        written
    }

    /// Keeps what is there beside it, as `NAME.bak`.
    pub fn back_up(&self) -> Result<(), Error> {
        let Some(content) = self.content()? else { return Ok(()) };
        let mode = self.mode().unwrap_or(0o400) & 0o744 | 0o400;
        let folder = self.folder.try_clone().map_err(Error::io("open a directory"))?;
        let beside = Self { folder, name: format!("{}.bak", self.name) };
        beside.replace(&content, &Access { mode: Mode::from_raw_mode(mode), ..Access::default() })
    }

    /// Whether a file may be made there.
    pub fn is_writable(&self) -> bool {
        rustix::fs::accessat(
            &self.folder,
            ".",
            rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK,
            AtFlags::EACCESS,
        )
        .is_ok()
    }

    pub fn remove(&self) -> Result<(), Error> {
        match unlinkat(&self.folder, self.name.as_str(), AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(Error::io("remove the file")(error)),
        }
    }

    fn rename(&self, fresh: &str) -> Result<(), Errno> {
        renameat(&self.folder, fresh, &self.folder, self.name.as_str())
    }

    /// Nothing, or a plain file. A link, a FIFO, a device or a directory has another meaning to somebody.
    fn is_replaceable(&self) -> Result<(), Error> {
        match statat(&self.folder, self.name.as_str(), AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(Error::io("look at the old file")(error)),
            Ok(stat) => match rustix::fs::FileType::from_raw_mode(stat.st_mode) {
                rustix::fs::FileType::RegularFile => Ok(()),
                _ => Err(Error::Foreign(self.name.clone())),
            },
        }
    }
}

impl Access {
    /// As [`Access::parse`], with a mode that is a number already.
    pub fn with_mode(owner: Option<&str>, group: Option<&str>, mode: u32) -> Result<Self, Error> {
        Self::parse(owner, group, &format!("{mode:04o}"))
    }

    /// The same for files of another mode, which somebody has chosen already.
    #[must_use]
    pub fn but_mode(&self, mode: u32) -> Self {
        Self { mode: Mode::from_raw_mode(mode & 0o777), ..*self }
    }

    /// The files' mode.
    #[must_use]
    pub fn mode(&self) -> u32 {
        self.mode.as_raw_mode()
    }
}

/// Makes what is missing of a directory, one after the other, each below what was opened before it.
fn make(path: &Path, medium: Medium) -> Result<OwnedFd, Error> {
    let mut at = directory(Path::new(if path.is_absolute() { "/" } else { "." })).map_err(Error::open)?;
    for part in path.components() {
        let Component::Normal(name) = part else { continue };
        let next = match openat2(&at, name, DIRECTORY, Mode::empty(), BENEATH) {
            Err(Errno::NOENT) => {
                // Not on a disk, where nothing is to be written anyway.
                if medium == Medium::Memory {
                    Target::check(at.as_fd())?;
                }
                match mkdirat(&at, name, Mode::from_raw_mode(0o755)) {
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(error) => return Err(Error::io("make a directory")(error)),
                }
                openat2(&at, name, DIRECTORY, Mode::empty(), BENEATH)
            }
            opened => opened,
        };
        at = next.map_err(Error::open)?;
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    use super::*;

    fn access(mode: u32) -> Access {
        Access::with_mode(None, None, mode).unwrap()
    }

    fn any(path: &Path) -> Result<Single, Error> {
        Single::open(path, Medium::Any, Missing::Refuse)
    }

    // Rules 115, 118
    #[test]
    fn a_file_is_exchanged_whole_and_leaves_nothing_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().canonicalize().unwrap().join("token");
        let single = any(&path).unwrap();
        assert_eq!(single.content().unwrap(), None);
        single.replace(b"one", &access(0o600)).unwrap();
        let first = File::open(&path).unwrap();
        single.replace(b"two", &access(0o640)).unwrap();
        assert_eq!(single.content().unwrap().unwrap().as_slice(), b"two");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        // Whoever had the old one open still has all of it.
        assert_eq!(std::io::read_to_string(first).unwrap(), "one");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        single.back_up().unwrap();
        single.replace(b"three", &access(0o600)).unwrap();
        assert_eq!(std::fs::read(dir.path().join("token.bak")).unwrap(), b"two");
        single.remove().unwrap();
        assert!(!path.exists());
        single.remove().unwrap();
    }

    // Rules 113, 114, 118
    #[test]
    fn what_is_no_file_of_ours_is_refused_and_untouched() {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap();
        std::fs::write(base.join("victim"), "untouched").unwrap();
        symlink("victim", base.join("link")).unwrap();
        symlink(&base, base.join("folder-link")).unwrap();
        std::fs::create_dir(base.join("folder")).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            base.join("fifo"),
            rustix::fs::FileType::Fifo,
            Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        for name in ["link", "folder", "fifo"] {
            let single = any(&base.join(name)).unwrap();
            assert!(matches!(single.replace(b"x", &access(0o600)), Err(Error::Foreign(_))), "{name}");
            assert_eq!(single.content().unwrap(), None, "{name}");
        }
        assert!(matches!(any(&base.join("folder-link/x")), Err(Error::Link)));
        assert!(matches!(any(Path::new("/")), Err(Error::NoName)));
        assert_eq!(std::fs::read(base.join("victim")).unwrap(), b"untouched");
        // A second name keeps the old content, and does not get the new one.
        std::fs::hard_link(base.join("victim"), base.join("second")).unwrap();
        any(&base.join("victim")).unwrap().replace(b"new", &access(0o600)).unwrap();
        assert_eq!(std::fs::read(base.join("second")).unwrap(), b"untouched");
        assert_eq!(std::fs::metadata(base.join("victim")).unwrap().nlink(), 1);
    }

    // Rule 112
    #[test]
    fn on_a_disk_nothing_is_made_that_was_to_lie_in_memory() {
        let dir = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        let path = dir.path().canonicalize().unwrap().join("a/b/token");
        let in_memory = |missing| Single::open(&path, Medium::Memory, missing);
        assert!(matches!(in_memory(Missing::Create), Err(Error::NotInMemory)));
        assert!(in_memory(Missing::Refuse).is_err());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        let single = Single::open(&path, Medium::Any, Missing::Create).unwrap();
        single.replace(b"x", &access(0o600)).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"x");
    }
}
