//! Keeps others like us out of a target.

use std::{
    fs::File,
    os::fd::{AsFd as _, OwnedFd},
};

use rustix::{
    fs::{
        AtFlags, FileType, FlockOperation, Mode, OFlags, Stat, fchmod, flock, fstat, openat2, statat,
        unlinkat,
    },
    io::Errno,
    process::geteuid,
};

use crate::{Error, Target, target::WITHIN};

/// There while somebody is at work. The directory itself could be locked by everybody who may list it, and so for
/// ever: this file can be opened by its owner alone.
const NAME: &str = "..lock";

/// Whoever removes the file just when we open it has let go; more often than this it is no accident.
const ATTEMPTS: u32 = 64;

/// Until it is dropped, and after a crash no longer than that: what is left then is a file that nobody has locked.
pub(crate) struct Lock {
    folder: OwnedFd,
    _file: File,
}

impl Lock {
    pub(crate) fn take(target: &Target) -> Result<Self, Error> {
        let folder = target.as_fd().try_clone_to_owned().map_err(Error::io("open it"))?;
        for _ in 0..ATTEMPTS {
            let Some(file) = open(&folder)? else { continue };
            let stat = fstat(&file).map_err(Error::io("look at the lock"))?;
            is_ours(&stat)?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => return Err(Error::Busy),
                Err(error) => return Err(Error::io("lock it")(error)),
            }
            // Who had it before us has removed it meanwhile, and a third one made the next.
            let there = statat(&folder, NAME, AtFlags::SYMLINK_NOFOLLOW);
            if there.is_ok_and(|it| (it.st_dev, it.st_ino) == (stat.st_dev, stat.st_ino)) {
                return Ok(Self { folder, _file: file });
            }
        }
        Err(Error::Busy)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While it is still locked, so that nobody holds it without being seen. A file that is left does no harm.
        let _ = unlinkat(&self.folder, NAME, AtFlags::empty());
    }
}

/// Makes the file, or opens the one that is there; nothing if it was removed in between.
fn open(folder: &OwnedFd) -> Result<Option<File>, Error> {
    // Not to write: that would keep the file system from being made read-only.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let mode = Mode::RUSR | Mode::WUSR;
    match openat2(folder, NAME, flags | OFlags::CREATE | OFlags::EXCL, mode, WITHIN) {
        Ok(made) => {
            // The umask may have taken from it.
            fchmod(&made, mode).map_err(Error::io("lock it"))?;
            return Ok(Some(File::from(made)));
        }
        Err(Errno::EXIST) => {}
        Err(error) => return Err(Error::io("lock it")(error)),
    }
    match openat2(folder, NAME, flags, Mode::empty(), WITHIN) {
        Ok(opened) => Ok(Some(File::from(opened))),
        Err(Errno::NOENT) => Ok(None),
        Err(Errno::ACCESS | Errno::ISDIR | Errno::LOOP | Errno::NXIO | Errno::XDEV) => {
            Err(Error::Foreign(NAME.to_owned()))
        }
        Err(error) => Err(Error::io("lock it")(error)),
    }
}

/// A file that nobody else can open. It may have lost its name already.
fn is_ours(stat: &Stat) -> Result<(), Error> {
    let is_regular = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    let is_private = stat.st_uid == geteuid().as_raw() && stat.st_mode & 0o077 == 0;
    match is_regular && is_private && stat.st_nlink <= 1 {
        true => Ok(()),
        false => Err(Error::Foreign(NAME.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn target() -> (tempfile::TempDir, Target) {
        let dir = tempfile::tempdir_in("/dev/shm").unwrap();
        let target = Target::open(&dir.path().canonicalize().unwrap()).unwrap();
        (dir, target)
    }

    #[test]
    fn one_at_a_time_has_it_and_leaves_nothing() {
        let (dir, target) = target();
        let lock = Lock::take(&target).unwrap();
        assert!(matches!(Lock::take(&target), Err(Error::Busy)));
        drop(lock);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        // Left by a crash.
        std::fs::write(dir.path().join(NAME), "").unwrap();
        std::fs::set_permissions(dir.path().join(NAME), std::fs::Permissions::from_mode(0o600)).unwrap();
        drop(Lock::take(&target).unwrap());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn two_never_have_it_at_once() {
        let (_dir, target) = target();
        let (held, taken) = (std::sync::atomic::AtomicU32::new(0), std::sync::atomic::AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..2000 {
                        let Ok(_lock) = Lock::take(&target) else { continue };
                        assert_eq!(held.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                        taken.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                        held.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(taken.into_inner() > 100);
    }

    // Rule 115: who may only look at the directory cannot keep new files from coming.
    #[test]
    fn a_reader_keeps_nobody_out() {
        let (dir, target) = target();
        let reader = File::open(dir.path()).unwrap();
        flock(&reader, FlockOperation::LockExclusive).unwrap();
        drop(Lock::take(&target).unwrap());
    }

    // Rule 114
    #[test]
    fn a_lock_that_others_can_open_is_none() {
        let (dir, target) = target();
        let at = dir.path().join(NAME);
        let plant = |mode: u32| {
            std::fs::write(&at, "").unwrap();
            std::fs::set_permissions(&at, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        let fifo = || {
            rustix::fs::mknodat(rustix::fs::CWD, &at, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap()
        };
        let plants: [&dyn Fn(); 6] = [
            &|| plant(0o644),
            &|| plant(0o620),
            &fifo,
            &|| symlink("nothing", &at).unwrap(),
            &|| std::fs::create_dir(&at).unwrap(),
            &|| {
                plant(0o600);
                std::fs::hard_link(&at, dir.path().join("kept")).unwrap();
            },
        ];
        for make in plants {
            make();
            assert!(matches!(Lock::take(&target), Err(Error::Foreign(_))));
            assert!(at.symlink_metadata().is_ok() && !dir.path().join("nothing").exists());
            std::fs::remove_file(&at).or_else(|_| std::fs::remove_dir(&at)).unwrap();
        }
    }
}
