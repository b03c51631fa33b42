//! One file at a path of its own, exchanged whole: what a template becomes, a token's sink.

use std::{
    fs::File,
    io::Read as _,
    os::fd::{AsFd as _, OwnedFd},
    path::{Component, Path},
};

use rustix::{
    fs::{
        AtFlags, Dir, FileType, FlockOperation, Mode, OFlags, Stat, flock, fstat, mkdirat, openat2, renameat,
        statat, unlinkat,
    },
    io::Errno,
    process::geteuid,
};
use zeroize::Zeroizing;

use crate::{
    Access, Error, FileName, Target,
    file::{create, fill, is_plain},
    generation,
    target::{BENEATH, DIRECTORY, directory},
};

/// Files that are larger are not looked at: they are other than what is to be written.
const LARGEST: u64 = 64 << 20;

/// A directory of more entries is not searched to its end: who fills it must not keep us there.
const MOST: usize = 1 << 16;

type Content = Zeroizing<Vec<u8>>;

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
    /// For everybody to pass, as Vault's agent makes them.
    Create,
    /// For those who may read files of this mode, and nobody else.
    CreateFor(u32),
    Refuse,
}

impl Single {
    // Rules 112, 113, 114
    /// Opens the directory of `path`, through no symbolic link.
    pub fn open(path: &Path, medium: Medium, missing: Missing) -> Result<Self, Error> {
        let name = path.file_name().and_then(|it| it.to_str()).ok_or(Error::NoName)?.to_owned();
        FileName::parse(&name)?;
        let parent = path.parent().unwrap_or(Path::new("/"));
        let folder = match directory(parent) {
            Err(Errno::NOENT) => match missing {
                Missing::Create => make(parent, medium, 0o755)?,
                Missing::CreateFor(mode) => make(parent, medium, folder_mode(mode))?,
                Missing::Refuse => return Err(Error::open(Errno::NOENT)),
            },
            opened => opened.map_err(Error::open)?,
        };
        if medium == Medium::Memory {
            Target::check(folder.as_fd())?;
        }
        Ok(Self { folder, name })
    }

    /// What the file holds now; nothing if there is none, or something else of that name.
    pub fn content(&self) -> Result<Option<Content>, Error> {
        Ok(self.look()?.map(|(content, _)| content))
    }

    /// Whether [`Single::replace`] would change nothing: the content is there, and who may read it.
    pub fn holds(&self, content: &[u8], access: &Access) -> Result<bool, Error> {
        Ok(self.look()?.is_some_and(|(there, stat)| {
            there.as_slice() == content
                && stat.st_mode & 0o7777 == access.mode.as_raw_mode()
                && stat.st_uid == access.owner.unwrap_or_else(geteuid).as_raw()
                && access.group.is_none_or(|it| stat.st_gid == it.as_raw())
        }))
    }

    /// The mode of the file that is there, if it is one that [`Single::replace`] could have written there with this
    /// `access`: what somebody else has put there says nothing about who may read ours.
    pub fn mode(&self, access: &Access) -> Option<u32> {
        let stat = statat(&self.folder, self.name.as_str(), AtFlags::SYMLINK_NOFOLLOW).ok()?;
        let is_plain = is_regular(&stat) && stat.st_nlink == 1;
        (is_plain && belongs(&stat, access)).then_some(stat.st_mode & 0o777)
    }

    /// Whether there is something of that name.
    pub fn is_there(&self) -> bool {
        statat(&self.folder, self.name.as_str(), AtFlags::SYMLINK_NOFOLLOW).is_ok()
    }

    // Rules 114, 115, 118
    /// Writes a new file and puts it in the place of the old one, which whoever has it open goes on reading. Something
    /// else than a plain file of one name in its place is refused.
    pub fn replace(&self, content: &[u8], access: &Access) -> Result<(), Error> {
        self.is_replaceable()?;
        self.sweep(access);
        let fresh = format!(".{}", generation::fresh_name()?.trim_start_matches('.'));
        let file = create(self.folder.as_fd(), &fresh)?;
        let written = self.write(&file, &fresh, content, access);
        if written.is_err() {
            // The failure is told; what is left has no name that anybody opens.
            let _ = unlinkat(&self.folder, fresh.as_str(), AtFlags::empty());
        }
        written
    }

    /// Keeps what is there beside it, as `NAME.bak`.
    pub fn back_up(&self) -> Result<(), Error> {
        let Some((content, stat)) = self.look()? else { return Ok(()) };
        let folder = self.folder.try_clone().map_err(Error::io("open a directory"))?;
        let beside = Self { folder, name: format!("{}.bak", self.name) };
        let mode = Mode::from_raw_mode(stat.st_mode & 0o744 | 0o400);
        beside.replace(&content, &Access::with_bits(mode))
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

    /// Removes the file, if what has its name is one.
    pub fn remove(&self) -> Result<(), Error> {
        self.sweep(&Access::default());
        match self.is_replaceable() {
            // Who has another name for it keeps it: that is no reason to keep it here as well.
            Ok(()) | Err(Error::NotPlain) => {}
            Err(error) => return Err(error),
        }
        match unlinkat(&self.folder, self.name.as_str(), AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(Error::io("remove the file")(error)),
        }
    }

    fn write(&self, file: &File, fresh: &str, content: &[u8], access: &Access) -> Result<(), Error> {
        // As long as it is locked it is nobody's leftover. Where there are no locks, no leftover is ever removed.
        let _ = flock(file, FlockOperation::NonBlockingLockExclusive);
        fill(file, content, access)?;
        // What is in its place after a power failure is whole as well; in memory this does nothing.
        file.sync_all().map_err(Error::io("write a file"))?;
        renameat(&self.folder, fresh, &self.folder, self.name.as_str())
            .map_err(Error::io("put the new file in its place"))?;
        // Names can be exchanged by whoever may write here: what has it now must be what was written.
        let (ours, there) = (fstat(file).map_err(Error::io("look at a file"))?, self.stat()?);
        match there.is_some_and(|it| (it.st_dev, it.st_ino) == (ours.st_dev, ours.st_ino)) {
            true => Ok(()),
            false => Err(Error::Contested(self.name.clone())),
        }
    }

    /// Nothing, or a plain file. A link, a FIFO, a device or a directory has another meaning to somebody.
    pub(crate) fn is_replaceable(&self) -> Result<(), Error> {
        match self.stat()? {
            Some(stat) if !is_regular(&stat) => Err(Error::Foreign(self.name.clone())),
            Some(stat) if stat.st_nlink != 1 => Err(Error::NotPlain),
            _ => Ok(()),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it lies in this directory itself.
    pub(crate) fn is_in(&self, target: &Target) -> Result<bool, Error> {
        let look = |dir| fstat(dir).map_err(Error::io("look at a directory"));
        let (own, other) = (look(self.folder.as_fd())?, look(target.as_fd())?);
        Ok((own.st_dev, own.st_ino) == (other.st_dev, other.st_ino))
    }

    fn stat(&self) -> Result<Option<Stat>, Error> {
        match statat(&self.folder, self.name.as_str(), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(Error::io("look at the old file")(error)),
        }
    }

    /// The plain file that is there.
    fn look(&self) -> Result<Option<(Content, Stat)>, Error> {
        let Some(file) = open_plain(&self.folder, &self.name)? else { return Ok(None) };
        let stat = fstat(&file).map_err(Error::io("look at a file"))?;
        let Some(length) = u64::try_from(stat.st_size).ok().filter(|it| *it <= LARGEST) else {
            return Ok(None);
        };
        let mut content = Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or_default() + 1));
        file.take(LARGEST).read_to_end(&mut content).map_err(Error::io("read the old file"))?;
        Ok(Some((content, stat)))
    }

    // Rule 118
    /// Removes what a writer that was killed had not yet put in its place: nobody opens it, but it holds a secret.
    /// What fails here is tried again the next time.
    fn sweep(&self, access: &Access) {
        let Ok(entries) = Dir::read_from(&self.folder) else { return };
        for entry in entries.take(MOST).map_while(Result::ok) {
            let Ok(name) = entry.file_name().to_str() else { continue };
            if !name.strip_prefix('.').is_some_and(|it| generation::is_name(&format!("..{it}"))) {
                continue;
            }
            let Ok(Some(file)) = open_plain(&self.folder, name) else { continue };
            let is_ours = fstat(&file).is_ok_and(|it| belongs(&it, access));
            if is_ours && flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
                let _ = unlinkat(&self.folder, name, AtFlags::empty());
            }
        }
    }
}

impl Access {
    /// As [`Access::parse`], with a mode that is a number already.
    pub fn with_mode(owner: Option<&str>, group: Option<&str>, mode: u32) -> Result<Self, Error> {
        Self::parse(owner, group, &format!("{mode:04o}"))
    }
}

/// Opens a file to read it, if it is a plain one of one name: nothing that would have us wait.
fn open_plain(folder: &OwnedFd, name: &str) -> Result<Option<File>, Error> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    match openat2(folder, name, flags, Mode::empty(), BENEATH).map(File::from) {
        Ok(file) => Ok(is_plain(&file).is_ok().then_some(file)),
        Err(Errno::NOENT | Errno::LOOP | Errno::NXIO) => Ok(None),
        Err(error) => Err(Error::io("read the old file")(error)),
    }
}

fn is_regular(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
}

/// To us, or to whom we give files.
fn belongs(stat: &Stat, access: &Access) -> bool {
    stat.st_uid == geteuid().as_raw() || access.owner.is_some_and(|it| it.as_raw() == stat.st_uid)
}

/// Makes what is missing of a directory, one after the other, each below what was opened before it.
fn make(path: &Path, medium: Medium, mode: u32) -> Result<OwnedFd, Error> {
    // Where that leads depends on directories that are not there yet.
    if path.components().any(|it| it == Component::ParentDir) {
        return Err(Error::Upwards);
    }
    let mut at = directory(Path::new(if path.is_absolute() { "/" } else { "." })).map_err(Error::open)?;
    for part in path.components() {
        let Component::Normal(name) = part else { continue };
        at = match openat2(&at, name, DIRECTORY, Mode::empty(), BENEATH) {
            Err(Errno::NOENT) => {
                // Not on a disk, where nothing is to be written anyway.
                if medium == Medium::Memory {
                    Target::check(at.as_fd())?;
                }
                make_one(&at, name, mode)?
            }
            opened => opened.map_err(Error::open)?,
        };
    }
    Ok(at)
}

/// Whoever may read a file of that mode may pass and list its directory.
fn folder_mode(mode: u32) -> u32 {
    let read = mode & 0o044;
    0o700 | read | read >> 2
}

fn make_one(at: &OwnedFd, name: &std::ffi::OsStr, mode: u32) -> Result<OwnedFd, Error> {
    let is_new = match mkdirat(at, name, Mode::from_raw_mode(mode)) {
        Ok(()) => true,
        // Another of our files needs it too.
        Err(Errno::EXIST) => false,
        Err(error) => return Err(Error::io("make a directory")(error)),
    };
    let made = openat2(at, name, DIRECTORY, Mode::empty(), BENEATH).map_err(Error::open)?;
    match is_new && !is_ours_alone(&made)? {
        true => Err(Error::Contested(name.to_string_lossy().into_owned())),
        false => Ok(made),
    }
}

/// Else it is not the one that was just made.
fn is_ours_alone(dir: &OwnedFd) -> Result<bool, Error> {
    let stat = fstat(dir).map_err(Error::io("look at a directory"))?;
    Ok(stat.st_uid == geteuid().as_raw() && stat.st_mode & 0o022 == 0)
}

#[cfg(test)]
mod tests {
    use std::{
        os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
        path::PathBuf,
    };

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
        let mode = Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, base.join("fifo"), FileType::Fifo, mode, 0).unwrap();
        for name in ["link", "folder", "fifo"] {
            let single = any(&base.join(name)).unwrap();
            assert!(matches!(single.replace(b"x", &access(0o600)), Err(Error::Foreign(_))), "{name}");
            assert_eq!(single.content().unwrap(), None, "{name}");
        }
        assert!(matches!(any(&base.join("folder-link/x")), Err(Error::Link)));
        assert!(matches!(any(Path::new("/")), Err(Error::NoName)));
        // Who has a second name for it would go on reading the old one, and the writer would not know.
        std::fs::hard_link(base.join("victim"), base.join("second")).unwrap();
        let single = any(&base.join("second")).unwrap();
        assert!(matches!(single.replace(b"new", &access(0o600)), Err(Error::NotPlain)));
        assert_eq!((single.content().unwrap(), single.mode(&access(0o600))), (None, None));
        assert_eq!(std::fs::read(base.join("victim")).unwrap(), b"untouched");
        // What is to be gone is gone all the same; only what is no file is not ours to remove.
        single.remove().unwrap();
        assert!(matches!(any(&base.join("link")).unwrap().remove(), Err(Error::Foreign(_))));
        assert_eq!(std::fs::metadata(base.join("victim")).unwrap().nlink(), 1);
    }

    // Rule 114
    #[test]
    fn a_name_is_a_plain_one() {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap();
        for name in ["..data", "...", "a\nb", "..2026_11_25_18_50_29.1d5f3a000000"] {
            assert!(matches!(any(&base.join(name)), Err(Error::Name(_))), "{name:?}");
        }
        for path in [base.join(".."), base.join("a/.."), PathBuf::from("")] {
            assert!(matches!(any(&path), Err(Error::NoName)), "{}", path.display());
        }
    }

    // Rule 113: `a/..` is not the directory above `a` where `a` is not there yet, or is a link by then.
    #[test]
    fn what_is_to_be_made_does_not_lead_upwards() {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap();
        for path in ["new/../token", "new/../../token", "new/a/../b/token"] {
            let made = Single::open(&base.join(path), Medium::Any, Missing::Create);
            assert!(matches!(made, Err(Error::Upwards)), "{path}");
        }
        assert!(!base.join("new").exists());
        let made = Single::open(&base.join("new/b/token"), Medium::Any, Missing::Create).unwrap();
        // Nor is a directory that others may write to the one that we have made.
        assert!(is_ours_alone(&made.folder).unwrap());
        std::fs::set_permissions(base.join("new/b"), std::fs::Permissions::from_mode(0o775)).unwrap();
        assert!(!is_ours_alone(&made.folder).unwrap());
    }

    #[test]
    fn what_is_there_is_known_by_content_and_readers() {
        let dir = tempfile::tempdir().unwrap();
        let single = any(&dir.path().canonicalize().unwrap().join("token")).unwrap();
        assert!(!single.holds(b"", &access(0o600)).unwrap());
        single.replace(b"one", &access(0o600)).unwrap();
        assert!(single.holds(b"one", &access(0o600)).unwrap());
        assert!(!single.holds(b"two", &access(0o600)).unwrap());
        assert!(!single.holds(b"one", &access(0o640)).unwrap());
        let gid = rustix::process::getegid().as_raw();
        for (group, is_same) in [(gid, true), (gid + 1, false)] {
            let access = Access::with_mode(None, Some(&group.to_string()), 0o600).unwrap();
            assert_eq!(single.holds(b"one", &access).unwrap(), is_same);
        }
        assert_eq!(single.mode(&access(0o400)), Some(0o600));
    }

    // Rule 118: a mode that somebody else has chosen is not kept.
    #[test]
    fn the_mode_of_another_ones_file_is_no_answer() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().canonicalize().unwrap().join("token");
        std::fs::write(&path, "bait").unwrap();
        let single = any(&path).unwrap();
        assert!(single.mode(&access(0o600)).is_some());
        // As if it were another's: only root could make it one.
        let mut stat = single.stat().unwrap().unwrap();
        stat.st_uid += 1;
        assert!(!belongs(&stat, &access(0o600)));
        let theirs = Access::with_mode(Some(&stat.st_uid.to_string()), None, 0o600).unwrap();
        assert!(belongs(&stat, &theirs));
        if geteuid().is_root() && std::os::unix::fs::chown(&path, Some(65534), None).is_ok() {
            assert_eq!(single.mode(&access(0o600)), None);
            single.replace(b"ours", &access(0o600)).unwrap();
            assert_eq!(single.mode(&access(0o600)), Some(0o600));
        }
    }

    // Rule 118
    #[test]
    fn what_a_killed_writer_left_is_removed_by_the_next() {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap();
        let (left, busy, other) =
            (".2026_11_25_18_50_29.1d5f3a000000", ".2026_11_25_18_50_29.1d5f3a000001", ".2026_11_25.conf");
        for name in [left, busy, other] {
            std::fs::write(base.join(name), "secret").unwrap();
        }
        let writing = File::open(base.join(busy)).unwrap();
        flock(&writing, FlockOperation::LockExclusive).unwrap();
        let single = any(&base.join("token")).unwrap();
        single.replace(b"one", &access(0o600)).unwrap();
        assert_eq!([left, busy, other].map(|it| base.join(it).exists()), [false, true, true]);
        drop(writing);
        single.remove().unwrap();
        assert_eq!([busy, other].map(|it| base.join(it).exists()), [false, true]);
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
