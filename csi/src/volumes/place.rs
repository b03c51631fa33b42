//! Where kubelet wants a volume, and what is there.

use std::{
    fs,
    os::{
        fd::{AsFd as _, AsRawFd as _, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
    path::{Component, Path, PathBuf},
};

use rustix::{
    fs::{
        AtFlags, CWD, Dir, Mode, OFlags, ResolveFlags, StatVfs, StatxAttributes, StatxFlags, fchmod,
        fstatvfs, mkdirat, openat2, statx, unlinkat,
    },
    io::Errno,
    mount::{UnmountFlags, unmount},
};
use strongroom_inject::{Target, Tmpfs};

use crate::Error;

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
/// Never through a link, and never upwards; what is mounted on the way belongs to kubelet.
const BENEATH: ResolveFlags =
    ResolveFlags::BENEATH.union(ResolveFlags::NO_SYMLINKS).union(ResolveFlags::NO_MAGICLINKS);
/// What may be mounted over one another by us, before something is wrong.
const STACKED: usize = 8;

/// The directory that holds a directory for each pod, opened once.
pub(crate) struct Pods {
    /// As kubelet calls it, and as it is called without links.
    names: [PathBuf; 2],
    root: OwnedFd,
    /// What the table of mounts says of ours.
    source: String,
}

/// A target path that may be one: below the pods' root, in the pod's own directory.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Place {
    /// From the pods' root.
    path: PathBuf,
}

/// What is at a place.
pub(crate) enum Found {
    /// Nothing, or not even the directory above.
    Nothing,
    /// A directory with nothing mounted over it.
    Folder(OwnedFd),
    /// A tmpfs that we have mounted, or somebody of our name.
    Ours(OwnedFd),
    /// Something else.
    Foreign,
}

impl Pods {
    pub(crate) fn open(kubelet: &Path, source: &str) -> Result<Self, Error> {
        let given = kubelet.join("pods");
        let real = given.canonicalize().map_err(Error::io("find the directory of the pods"))?;
        let root = rustix::fs::open(&real, DIRECTORY, Mode::empty());
        let root = root.map_err(Error::io("open the directory of the pods"))?;
        Ok(Self { names: [given, real], root, source: source.to_owned() })
    }

    // Rule 120
    /// The place that a target path means, if it lies in the directory of the pod with this uid.
    pub(crate) fn place(&self, target: &str, uid: &str) -> Result<Place, Error> {
        let place = self.any_place(target)?;
        match place.path.starts_with(uid) && !uid.contains('/') {
            true => Ok(place),
            false => Err(Error::Target("is not below the directory of this pod")),
        }
    }

    // Rule 120
    /// The same for whatever pod: to take away what is there.
    pub(crate) fn any_place(&self, target: &str) -> Result<Place, Error> {
        if target.len() > 4096 || target.chars().any(char::is_control) {
            return Err(Error::Target("is too long or has control characters"));
        }
        let below = self.names.iter().find_map(|it| Path::new(target).strip_prefix(it).ok());
        let path = below.ok_or(Error::Target("is not below kubelet's directory of pods"))?;
        // As it was written: `components` would hide dots and double slashes.
        let is_plain = |it: &[u8]| !matches!(it, b"" | b"." | b"..");
        let written = path.as_os_str().as_bytes();
        if !written.split(|it| *it == b'/').all(is_plain) || path.components().count() < 2 {
            return Err(Error::Target("is not written plainly"));
        }
        let is_normal = path.components().all(|it| matches!(it, Component::Normal(_)));
        is_normal.then(|| Place { path: path.to_owned() }).ok_or(Error::Target("is not written plainly"))
    }

    /// The directory above, and the name in it.
    fn parent<'a>(&self, place: &'a Place) -> Result<Option<(OwnedFd, &'a Path)>, Error> {
        let (Some(parent), Some(name)) = (place.path.parent(), place.path.file_name()) else {
            return Err(Error::Target("is not written plainly"));
        };
        match openat2(&self.root, parent, DIRECTORY, Mode::empty(), BENEATH) {
            Ok(opened) => Ok(Some((opened, Path::new(name)))),
            Err(Errno::NOENT) => Ok(None),
            Err(Errno::LOOP | Errno::NOTDIR | Errno::XDEV) => {
                Err(Error::Target("has a link on its way, or something that is no directory"))
            }
            Err(error) => Err(Error::io("open the target path")(error)),
        }
    }

    pub(crate) fn look(&self, place: &Place) -> Result<Found, Error> {
        let Some((parent, name)) = self.parent(place)? else { return Ok(Found::Nothing) };
        let opened = match openat2(&parent, name, DIRECTORY, Mode::empty(), BENEATH) {
            Ok(opened) => opened,
            Err(Errno::NOENT) => return Ok(Found::Nothing),
            Err(Errno::LOOP | Errno::NOTDIR) => return Ok(Found::Foreign),
            Err(error) => return Err(Error::io("open the target path")(error)),
        };
        match mount_of(&opened)? {
            None => Ok(Found::Folder(opened)),
            Some(mount) if self.is_ours(mount)? => Ok(Found::Ours(opened)),
            Some(_) => Ok(Found::Foreign),
        }
    }

    // Rule 125
    /// By the table of mounts (proc_pid_mountinfo(5)): a tmpfs that bears our name.
    fn is_ours(&self, mount: u64) -> Result<bool, Error> {
        let table =
            fs::read_to_string("/proc/self/mountinfo").map_err(Error::io("read the table of mounts"))?;
        let line = table.lines().find(|it| it.split(' ').next() == Some(&mount.to_string()));
        let of = line.and_then(|it| it.rsplit_once(" - ")).map(|(_, rest)| rest.split(' '));
        Ok(of.is_some_and(|mut it| it.next() == Some("tmpfs") && it.next() == Some(&self.source)))
    }

    /// Makes the target's directory where nothing is yet. Kubelet has made the one above.
    pub(crate) fn make(&self, place: &Place) -> Result<OwnedFd, Error> {
        let (parent, name) = self.parent(place)?.ok_or(Error::Target("has no directory above it"))?;
        match mkdirat(&parent, name, Mode::from_raw_mode(0o750)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(Error::io("make the target path")(error)),
        }
        let made = openat2(&parent, name, DIRECTORY, Mode::empty(), BENEATH);
        let made = made.map_err(Error::io("open the target path"))?;
        // The umask has taken from it.
        fchmod(&made, Mode::from_raw_mode(0o750)).map_err(Error::io("open the target path"))?;
        Ok(made)
    }

    /// Mounts a tmpfs that is whole already.
    pub(crate) fn attach(&self, tmpfs: &Tmpfs, over: &OwnedFd) -> Result<(), Error> {
        let mut entries = Dir::read_from(over).map_err(Error::io("read the target path"))?;
        let is_empty = entries.all(|it| it.is_ok_and(|it| matches!(it.file_name().to_bytes(), b"." | b"..")));
        match is_empty {
            true => Ok(tmpfs.attach(over)?),
            false => Err(Error::Target("holds something already")),
        }
    }

    // Rule 125
    /// Takes away what we have mounted, and the directory. What is gone already is no error.
    pub(crate) fn clear(&self, place: &Place) -> Result<(), Error> {
        for _ in 0..STACKED {
            match self.look(place)? {
                Found::Nothing => return Ok(()),
                Found::Foreign => {
                    return Err(Error::Volume("not ours: something else is at its target path"));
                }
                Found::Folder(folder) => {
                    drop(folder);
                    return self.remove(place);
                }
                Found::Ours(root) => {
                    // Whoever has it mounted somewhere else finds nothing in it either.
                    if let Ok(target) =
                        root.try_clone().map_err(Error::io("open it")).and_then(|it| Ok(Target::of(it)?))
                    {
                        let _ = strongroom_inject::remove(&target);
                    }
                    // What was opened, and not what the path leads to by now.
                    let opened = format!("/proc/self/fd/{}", root.as_raw_fd());
                    unmount(opened.as_str(), UnmountFlags::DETACH)
                        .map_err(Error::io("unmount the volume"))?;
                }
            }
        }
        Err(Error::Volume("mounted over and over"))
    }

    fn remove(&self, place: &Place) -> Result<(), Error> {
        let Some((parent, name)) = self.parent(place)? else { return Ok(()) };
        match unlinkat(parent.as_fd(), name, AtFlags::REMOVEDIR) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(Errno::NOTEMPTY | Errno::EXIST) => {
                Err(Error::Volume("not ours alone: its target path holds something"))
            }
            Err(error) => Err(Error::io("remove the target path")(error)),
        }
    }

    /// How full it is.
    pub(crate) fn room(&self, place: &Place) -> Result<Option<StatVfs>, Error> {
        match self.look(place)? {
            Found::Ours(root) => fstatvfs(&root).map(Some).map_err(Error::io("look at the volume")),
            _ => Ok(None),
        }
    }
}

/// Which mount this directory is the root of, if it is one.
fn mount_of(dir: &OwnedFd) -> Result<Option<u64>, Error> {
    let seen = statx(dir, "", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID);
    let seen = seen.map_err(Error::io("look at the target path"))?;
    Ok(seen.stx_attributes.contains(StatxAttributes::MOUNT_ROOT).then_some(seen.stx_mnt_id))
}

/// Opens a directory of ours, made if it is not there, which nobody else may enter.
pub(crate) fn own_directory(path: &Path) -> Result<OwnedFd, Error> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(Error::io("make a directory"))?;
    let opened = openat2(CWD, path, DIRECTORY | OFlags::NOFOLLOW, Mode::empty(), ResolveFlags::NO_MAGICLINKS);
    let opened = opened.map_err(Error::io("open a directory"))?;
    let stat = rustix::fs::fstat(&opened).map_err(Error::io("look at a directory"))?;
    match stat.st_uid == rustix::process::geteuid().as_raw() {
        true => {
            fchmod(&opened, Mode::RWXU).map_err(Error::io("close a directory to others"))?;
            Ok(opened)
        }
        false => Err(Error::NotOurSocket(path.display().to_string())),
    }
}
