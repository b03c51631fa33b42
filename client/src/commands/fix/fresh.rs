//! The new text of a file, before it takes the file's place.
//!
//! It lies beside the file, under a name of its own kind. Whoever writes it holds a lock on it, which the kernel drops
//! when the process ends, however it ends. So a file of such a name that nobody has locked was left by a run that
//! was killed, and the next run takes it away.

use std::{
    ffi::OsStr,
    fs::{self, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER;
use rustix::{
    fs::{CWD, OFlags, RenameFlags, renameat_with},
    io::Errno,
};

const HEAD: &str = ".strongroom-fix-";
const TAIL: &str = ".new";
/// Bytes of the random part.
const RANDOM: usize = 8;
/// Between creating and locking, a run that cleans up may come, and take the file away.
const TRIES: usize = 5;

/// Of what holds a secret, and of what everybody may read as far as the process's mask lets them.
pub(super) const PRIVATE: u32 = 0o600;
pub(super) const PUBLIC: u32 = 0o644;

/// Taken away when dropped, unless it took its place.
pub(super) struct Fresh {
    path: PathBuf,
    file: File,
    is_placed: bool,
}

impl Fresh {
    /// Empty.
    pub(super) fn beside(path: &Path, mode: u32) -> io::Result<Self> {
        for _ in 0..TRIES {
            let path = path.with_file_name(name()?);
            let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&path)?;
            // Where the file system knows no locks nobody can take it for a dead one's either.
            let _ = file.lock();
            let is_there = file.metadata()?.nlink() > 0;
            let fresh = Self { path, file, is_placed: !is_there };
            if is_there {
                return Ok(fresh);
            }
        }
        Err(io::Error::other("another run takes its temporary files away"))
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    pub(super) fn take_place(mut self, of: &Path) -> io::Result<()> {
        fs::rename(&self.path, of)?;
        self.is_placed = true;
        Ok(())
    }

    /// The same where nothing stands; what came to be there meanwhile stays, and is an error.
    pub(super) fn take_free_place(mut self, of: &Path) -> io::Result<()> {
        match renameat_with(CWD, &self.path, CWD, of, RenameFlags::NOREPLACE) {
            Ok(()) => {
                self.is_placed = true;
                Ok(())
            }
            // Some file systems know no such rename: a second name does it, and the first one goes with the drop.
            Err(Errno::INVAL | Errno::NOSYS) => fs::hard_link(&self.path, of),
            Err(error) => Err(error.into()),
        }
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        if !self.is_placed {
            // Why it did not take its place is what is reported.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Whether a file has the name of one that a fix writes.
pub(super) fn is_one(path: &Path) -> bool {
    let middle = path.file_name().and_then(OsStr::to_str);
    let middle = middle.and_then(|it| it.strip_prefix(HEAD)).and_then(|it| it.strip_suffix(TAIL));
    middle.is_some_and(|it| it.len() == 2 * RANDOM && HEXLOWER.decode(it.as_bytes()).is_ok())
}

/// Takes away what runs left that were killed, and answers what it was.
pub(super) fn clean(folder: &Path) -> Vec<PathBuf> {
    // What cannot be read has other troubles, which are told where it is to be.
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|it| it.path()).filter(|it| is_one(it) && remove_if_dead(it).is_ok_and(|it| it)).collect()
}

fn remove_if_dead(path: &Path) -> io::Result<bool> {
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).unwrap_or_default();
    let open = |options: &mut OpenOptions| options.custom_flags(flags).open(path);
    // Over a network a lock needs a file that is open for writing; it may have got a mode that forbids this.
    let file = open(OpenOptions::new().write(true)).or_else(|_| open(OpenOptions::new().read(true)))?;
    let held = file.metadata()?;
    if !held.is_file() || held.nlink() != 1 {
        return Ok(false);
    }
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(false),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let named = fs::symlink_metadata(path)?;
    if (named.dev(), named.ino()) != (held.dev(), held.ino()) {
        return Ok(false);
    }
    fs::remove_file(path)?;
    Ok(true)
}

fn name() -> io::Result<String> {
    let mut random = [0; RANDOM];
    getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(format!("{HEAD}{}{TAIL}", HEXLOWER.encode(&random)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    // Rule 118: what a killed run left, which may be a file as it was before a fix, goes with the next run.
    #[test]
    fn what_a_dead_run_left_is_taken_away_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let fresh = Fresh::beside(&at("job.hcl"), PRIVATE).unwrap();
        let (live, dead) = (fresh.path.clone(), at(".strongroom-fix-0123456789abcdef.new"));
        let others = [
            ".strongroom-fix-0123456789abcde.new",
            ".strongroom-fix-0123456789ABCDEF.new",
            ".strongroom-fix-0123456789abcdef.new.bak",
            "strongroom-fix-0123456789abcdef.new",
            "job.hcl",
        ];
        others
            .iter()
            .chain([&".strongroom-fix-0123456789abcdef.new"])
            .for_each(|it| fs::write(at(it), "x").unwrap());
        let (link, folder, twice) = (
            at(".strongroom-fix-1111111111111111.new"),
            at(".strongroom-fix-2222222222222222.new"),
            at(".strongroom-fix-3333333333333333.new"),
        );
        symlink("job.hcl", &link).unwrap();
        fs::create_dir(&folder).unwrap();
        fs::hard_link(at("job.hcl"), &twice).unwrap();
        assert_eq!(clean(dir.path()), std::slice::from_ref(&dead));
        assert!(!dead.exists() && live.exists() && folder.exists() && twice.exists());
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(others.iter().all(|it| at(it).exists()));
        drop(fresh);
        assert!(!live.exists(), "one that takes no place goes at once");
        assert_eq!(clean(dir.path()), Vec::<PathBuf>::new());
    }
}
