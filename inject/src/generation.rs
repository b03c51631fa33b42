//! A directory with the files of one moment.

use std::{
    collections::BTreeMap,
    ffi::{CStr, CString},
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
};

use rustix::{
    fs::{
        AtFlags, Dir, FileType, Mode, RenameFlags, fchmod, fchown, fstat, openat2, renameat_with, statat,
        unlinkat,
    },
    io::Errno,
    process::geteuid,
};
use time::OffsetDateTime;

use crate::{
    Access, Error, Files, Target, file,
    target::{DIRECTORY, WITHIN},
};

/// Removed when dropped, unless it is kept: of a generation that is not whole nothing remains.
pub(crate) struct Generation<'t> {
    target: &'t Target,
    name: String,
    dir: OwnedFd,
    is_kept: bool,
}

impl<'t> Generation<'t> {
    /// An empty one that only we can enter.
    pub(crate) fn create(target: &'t Target) -> Result<Self, Error> {
        let name = fresh_name()?;
        let dir = file::create_folder(target.as_fd(), &name)?;
        Ok(Self { target, name, dir, is_kept: false })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Writes all files, then opens the directories to their readers.
    pub(crate) fn write(&self, files: &Files, access: &Access) -> Result<(), Error> {
        let mut folders: BTreeMap<&str, OwnedFd> = BTreeMap::new();
        for (name, content) in files.contents() {
            let (segments, own) = name.split();
            let mut parent = "";
            for (path, segment) in name.ancestors().zip(segments) {
                if !folders.contains_key(path) {
                    let made = file::create_folder(self.folder(&folders, parent), segment)?;
                    folders.insert(path, made);
                }
                parent = path;
            }
            let file = file::create(self.folder(&folders, parent), own)?;
            let own = content.mode.map_or(*access, |mode| access.but_mode(mode));
            file::fill(&file, &content.bytes, &own)?;
        }
        let access = files.widest(access);
        for folder in folders.values() {
            file::open_to_readers(folder, &access)?;
        }
        // It stays ours, so that nobody else changes what it holds.
        fchown(&self.dir, None, access.group).map_err(Error::io("give a directory to its group"))?;
        fchmod(&self.dir, access.generation_mode()).map_err(Error::io("set a directory's mode"))
    }

    /// The directory at `path`, or the generation's own.
    fn folder<'a>(&'a self, folders: &'a BTreeMap<&str, OwnedFd>, path: &str) -> BorrowedFd<'a> {
        folders.get(path).unwrap_or(&self.dir).as_fd()
    }

    #[cfg(test)]
    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.dir.as_fd()
    }

    /// Whether its name still leads to it.
    pub(crate) fn is_in_place(&self) -> Result<bool, Error> {
        let own = fstat(&self.dir).map_err(Error::io("look at a directory"))?;
        let there = statat(self.target, self.name.as_str(), AtFlags::SYMLINK_NOFOLLOW);
        Ok(there.is_ok_and(|it| (it.st_dev, it.st_ino) == (own.st_dev, own.st_ino)))
    }

    /// It is whole, and in use: by this name.
    pub(crate) fn keep(mut self) -> String {
        self.is_kept = true;
        std::mem::take(&mut self.name)
    }
}

impl Drop for Generation<'_> {
    fn drop(&mut self) {
        if !self.is_kept {
            // As it was opened: somebody may have moved it. The failure that led here is told; what is left is
            // removed by the next injection.
            let _ = clear(&self.dir);
            let _ = unlinkat(self.target, &self.name, AtFlags::REMOVEDIR);
        }
    }
}

/// Two dots, which no file of a secret begins with, then the time as kubelet writes it, and something random.
pub(crate) fn fresh_name() -> Result<String, Error> {
    let now = OffsetDateTime::now_utc();
    let (date, time) = (now.date(), now.time());
    let mut bytes = [0; 6];
    let read = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty());
    read.map_err(Error::io("get random bytes"))?;
    let digits: String = bytes.iter().map(|it| format!("{it:02x}")).collect();
    Ok(format!(
        "..{:04}_{:02}_{:02}_{:02}_{:02}_{:02}.{digits}",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second(),
    ))
}

/// Whether `name` is one that [`fresh_name`] makes.
pub(crate) fn is_name(name: &str) -> bool {
    let Some((time, digits)) = name.strip_prefix("..").and_then(|it| it.split_once('.')) else {
        return false;
    };
    time.len() == 19
        && time.bytes().all(|it| it.is_ascii_digit() || it == b'_')
        && digits.len() == 12
        && digits.bytes().all(|it| it.is_ascii_hexdigit())
}

/// Removes the directory `name` with all that is in it, if it is ours. Nothing is followed out of it.
pub(crate) fn remove(dir: BorrowedFd<'_>, name: &str) -> Result<(), Error> {
    let opened = match openat2(dir, name, DIRECTORY, Mode::empty(), WITHIN) {
        Ok(opened) => opened,
        Err(Errno::NOENT) => return Ok(()),
        Err(Errno::LOOP | Errno::NOTDIR | Errno::XDEV) => return Err(Error::Foreign(name.to_owned())),
        Err(error) => return Err(Error::io("open a directory")(error)),
    };
    let stat = fstat(&opened).map_err(Error::io("look at a directory"))?;
    if stat.st_uid != geteuid().as_raw() {
        return Err(Error::Foreign(name.to_owned()));
    }
    clear(&opened)?;
    unlinkat(dir, name, AtFlags::REMOVEDIR).map_err(Error::io("remove a directory"))
}

// Rule 115
/// Empties a directory whose parts belong to somebody who may have put anything there. Directories are moved up
/// to the root before they are looked into: so few descriptors are open, however deep they were.
fn clear(root: &OwnedFd) -> Result<(), Error> {
    let mut steps = Steps(0);
    let mut waiting = Vec::new();
    empty(root, &mut steps, |_, name| {
        waiting.push(name.to_owned());
        Ok(())
    })?;
    while let Some(name) = waiting.pop() {
        let dir = file::open_folder(root.as_fd(), name.as_c_str())?;
        empty(&dir, &mut steps, |steps, inner| {
            loop {
                let up = CString::new(format!("..{}", steps.next()?)).unwrap_or_default();
                match renameat_with(&dir, inner, root, up.as_c_str(), RenameFlags::NOREPLACE) {
                    Ok(()) => {
                        waiting.push(up);
                        return Ok(());
                    }
                    // Left by a removal that was not finished; it waits already.
                    Err(Errno::EXIST) => {}
                    Err(error) => return Err(Error::io("move a directory")(error)),
                }
            }
        })?;
        unlinkat(root, name.as_c_str(), AtFlags::REMOVEDIR).map_err(Error::io("remove a directory"))?;
    }
    Ok(())
}

/// How much was removed.
struct Steps(u32);

impl Steps {
    /// The next one, if it is not too many: the rest is left to the next time. Who makes files as fast as they are
    /// removed must not keep us here.
    fn next(&mut self) -> Result<u32, Error> {
        const MOST: u32 = 1 << 18;
        self.0 = self.0.checked_add(1).filter(|it| *it < MOST).ok_or(Error::TooMany)?;
        Ok(self.0)
    }
}

/// Removes the files of `dir`; `each` is told the directories, by their names as they are: not all are UTF-8.
fn empty(
    dir: &OwnedFd,
    steps: &mut Steps,
    mut each: impl FnMut(&mut Steps, &CStr) -> Result<(), Error>,
) -> Result<(), Error> {
    // So that its owner adds nothing more.
    match fchown(dir, Some(geteuid()), None) {
        Ok(()) | Err(Errno::PERM) => {}
        Err(error) => return Err(Error::io("take a directory")(error)),
    }
    // Directories in use have no right to write, not even ours.
    match fchmod(dir, Mode::RWXU) {
        Ok(()) | Err(Errno::PERM) => {}
        Err(error) => return Err(Error::io("open a directory")(error)),
    }
    for entry in Dir::read_from(dir).map_err(Error::io("read a directory"))? {
        let entry = entry.map_err(Error::io("read a directory"))?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        steps.next()?;
        match unlinkat(dir, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(Errno::ISDIR) if entry.file_type() == FileType::Directory => {
                // What is moved gets another parent, for which it must be ours to write to.
                if let Ok(inner) = file::open_folder(dir.as_fd(), name) {
                    let _ = fchmod(&inner, Mode::RWXU);
                }
                each(steps, name)?;
            }
            Err(error) => return Err(Error::io("remove a file")(error)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generations_are_told_by_their_name() {
        let name = fresh_name().unwrap();
        assert!(is_name(&name), "{name}");
        for other in
            ["..data", "..data_tmp", "..2026_11_25", "..", "db", "..2026_11_25_18_50_29.x", "..\u{e9}"]
        {
            assert!(!is_name(other), "{other}");
        }
    }
}
