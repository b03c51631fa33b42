//! The directory it all happens in.

use std::{
    fs::{self, DirBuilder},
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use crate::failure::Failure;

/// Removed when dropped, unless it is to be kept and all went well.
#[derive(Debug)]
pub(super) struct Room {
    path: PathBuf,
    /// It was there before.
    is_given: bool,
    is_kept: bool,
}

impl Room {
    /// A directory that only we can enter: `dir`, which must be empty or not there yet, or a new one.
    pub(super) fn new(dir: Option<&Path>, is_kept: bool) -> Result<Self, Failure> {
        let Some(dir) = dir else {
            let base = std::env::temp_dir();
            let path = base.join(format!("secret-quickstart-{}", std::process::id()));
            return Self::made(path, is_kept);
        };
        let path = std::path::absolute(dir).map_err(|error| failed(dir, &error))?;
        match fs::read_dir(&path) {
            Ok(mut entries) => match entries.next() {
                None => Ok(Self { path, is_given: true, is_kept }),
                Some(_) => Err(Failure::new(format!("{} is not empty", dir.display()))),
            },
            Err(_) => Self::made(path, is_kept),
        }
    }

    fn made(path: PathBuf, is_kept: bool) -> Result<Self, Failure> {
        DirBuilder::new().mode(0o700).create(&path).map_err(|error| failed(&path, &error))?;
        Ok(Self { path, is_given: false, is_kept })
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    pub(super) fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// Makes a file that only we can read.
    pub(super) fn write(&self, name: &str, content: &[u8], mode: u32) -> Result<PathBuf, Failure> {
        let path = self.path(name);
        let mut options = fs::OpenOptions::new();
        let file = options.write(true).create_new(true).mode(mode).open(&path);
        file.and_then(|mut it| it.write_all(content)).map_err(|error| failed(&path, &error))?;
        Ok(path)
    }

    /// All went well: answers where it is if it stays.
    pub(super) fn leave(mut self) -> Result<Option<PathBuf>, Failure> {
        if self.is_kept {
            let path = std::mem::take(&mut self.path);
            return Ok(Some(path));
        }
        let path = std::mem::take(&mut self.path);
        remove(&path, self.is_given).map_err(|error| failed(&path, &error))?;
        Ok(None)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if !self.path.as_os_str().is_empty() {
            // The failure that led here is told.
            let _ = remove(&self.path, self.is_given);
        }
    }
}

/// Removes what is in the directory, and the directory if we made it.
fn remove(path: &Path, is_given: bool) -> std::io::Result<()> {
    if !is_given {
        return fs::remove_dir_all(path);
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => fs::remove_dir_all(entry.path())?,
            false => fs::remove_file(entry.path())?,
        }
    }
    Ok(())
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_leaves_what_was_there_before() {
        let base = tempfile::tempdir().unwrap();
        let room = Room::new(Some(base.path()), false).unwrap();
        room.write("file", b"x", 0o600).unwrap();
        assert!(Room::new(Some(base.path()), false).is_err(), "it is not empty");
        drop(room);
        assert_eq!(fs::read_dir(base.path()).unwrap().count(), 0);

        let fresh = base.path().join("fresh");
        Room::new(Some(&fresh), true).unwrap().leave().unwrap();
        assert!(fresh.exists());
        Room::new(Some(&fresh), false).unwrap().leave().unwrap();
        assert!(fresh.exists(), "an empty directory that was given stays");
        fs::remove_dir(&fresh).unwrap();
        Room::new(Some(&fresh), false).unwrap().leave().unwrap();
        assert!(!fresh.exists());
    }
}
