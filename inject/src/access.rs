//! Whose the files are.

use std::path::Path;

use rustix::fs::{Gid, Mode, Uid};

use crate::Error;

/// Owner, group and mode of the files; the directories' follow from them.
#[derive(Clone, Copy, Debug)]
pub struct Access {
    /// None: whoever writes them.
    pub(crate) owner: Option<Uid>,
    pub(crate) group: Option<Gid>,
    pub(crate) mode: Mode,
    /// What is made in the directories later gets the group too.
    is_shared: bool,
}

impl Default for Access {
    fn default() -> Self {
        Self { owner: None, group: None, mode: Mode::RUSR, is_shared: false }
    }
}

impl Access {
    /// Names of the machine's users and groups or their numbers, and an octal mode.
    pub fn parse(owner: Option<&str>, group: Option<&str>, mode: &str) -> Result<Self, Error> {
        let (owner, group) = Self::ids(owner, group)?;
        Ok(Self {
            owner: owner.map(Uid::from_raw),
            group: group.map(Gid::from_raw),
            mode: Mode::from_raw_mode(Self::bits(mode)?),
            is_shared: false,
        })
    }

    /// An octal mode that its owner can read and nobody else can write.
    pub fn bits(mode: &str) -> Result<u32, Error> {
        let bits = u32::from_str_radix(mode, 8).ok().filter(|it| it & !0o744 == 0 && it & 0o400 != 0);
        bits.ok_or_else(|| Error::Mode(mode.to_owned()))
    }

    /// The numbers of a user and a group, each a name or a number.
    pub fn ids(owner: Option<&str>, group: Option<&str>) -> Result<(Option<u32>, Option<u32>), Error> {
        let owner = owner.map(|it| find(it, Path::new("/etc/passwd"))).transpose()?;
        Ok((owner, group.map(|it| find(it, Path::new("/etc/group"))).transpose()?))
    }

    /// By numbers alone: nobody asks the files of this machine, where those who asked live on another.
    pub fn by_number(owner: Option<u32>, group: Option<u32>, mode: &str) -> Result<Self, Error> {
        let text = |id: Option<u32>| id.map(|it| it.to_string());
        Self::parse(text(owner).as_deref(), text(group).as_deref(), mode)
    }

    /// As kubelet does for `fsGroup`: everything is this group's, which may read it, and the directories hand the
    /// group on to what is made in them.
    pub fn shared_with(self, group: &str) -> Result<Self, Error> {
        let group = find(group, Path::new("/etc/group"))?;
        Ok(Self { group: Some(Gid::from_raw(group)), mode: self.mode | Mode::RGRP, is_shared: true, ..self })
    }

    /// Ours, with a mode that was checked.
    pub(crate) fn with_bits(mode: Mode) -> Self {
        Self { mode, ..Self::default() }
    }

    /// The same for files of another mode, which somebody has chosen already.
    #[must_use]
    pub fn but_mode(&self, mode: u32) -> Self {
        Self { mode: Mode::from_raw_mode(mode & 0o744), ..*self }
    }

    /// The files' mode.
    #[must_use]
    pub fn mode(&self) -> u32 {
        self.mode.as_raw_mode()
    }

    /// For the directories in a generation: whoever may read the files may list and pass them.
    pub(crate) fn folder_mode(&self) -> Mode {
        let read = self.mode.as_raw_mode() & 0o444;
        Mode::from_raw_mode(read | read >> 2 | self.set_gid())
    }

    /// For the generation itself, which stays ours: nobody else may change what it holds.
    pub(crate) fn generation_mode(&self) -> Mode {
        let others = self.folder_mode().as_raw_mode() & 0o055;
        // The owner of the files is one of the others here, and passes without listing.
        let owner = if self.owner.is_some() { 0o011 } else { 0 };
        Mode::from_raw_mode(0o700 | others | owner | self.set_gid())
    }

    fn set_gid(&self) -> u32 {
        if self.is_shared { 0o2000 } else { 0 }
    }
}

/// A number, or the number of a name in a file of the form of /etc/passwd and /etc/group. Other directories of
/// users are not asked: a container has none.
fn find(name: &str, file: &Path) -> Result<u32, Error> {
    // The highest means "leave as it is" to the kernel.
    let number = |text: &str| text.parse::<u32>().ok().filter(|it| *it != u32::MAX);
    if let Some(number) = number(name).filter(|_| name.bytes().all(|it| it.is_ascii_digit())) {
        return Ok(number);
    }
    let lines = std::fs::read_to_string(file).unwrap_or_default();
    let found = lines.lines().find_map(|line| {
        let mut fields = line.split(':');
        let is_it = fields.next() == Some(name);
        fields.nth(1).filter(|_| is_it).and_then(number)
    });
    found.ok_or_else(|| Error::Unknown { user: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_names_or_numbers() {
        let access = Access::parse(Some("root"), Some("7"), "0440").unwrap();
        assert_eq!((access.owner, access.group), (Some(Uid::from_raw(0)), Some(Gid::from_raw(7))));
        assert!(Access::parse(Some("nobody-of-that-name"), None, "0400").is_err());
        for number in ["4294967295", "+7", "-1", ""] {
            assert!(Access::parse(Some(number), None, "0400").is_err(), "{number}");
        }
    }

    #[test]
    fn directories_open_to_whom_the_files_are() {
        for (owner, mode, folder, generation) in [
            (None, "0400", 0o500, 0o700),
            (None, "440", 0o550, 0o750),
            (None, "0644", 0o555, 0o755),
            (Some("7"), "0400", 0o500, 0o711),
            (Some("7"), "0440", 0o550, 0o751),
        ] {
            let access = Access::parse(owner, None, mode).unwrap();
            assert_eq!(access.folder_mode().as_raw_mode(), folder, "{mode}");
            assert_eq!(access.generation_mode().as_raw_mode(), generation, "{mode}");
        }
    }

    #[test]
    fn a_group_for_all_reads_all() {
        for (owner, mode, file, folder, generation) in [
            (None, "0400", 0o440, 0o2550, 0o2750),
            (None, "0600", 0o640, 0o2550, 0o2750),
            (None, "0444", 0o444, 0o2555, 0o2755),
            (Some("7"), "0400", 0o440, 0o2550, 0o2751),
        ] {
            let access = Access::parse(owner, None, mode).unwrap().shared_with("8").unwrap();
            assert_eq!(access.group, Some(Gid::from_raw(8)));
            let modes = [access.mode, access.folder_mode(), access.generation_mode()];
            assert_eq!(modes.map(|it| it.as_raw_mode()), [file, folder, generation], "{mode}");
        }
        assert!(Access::default().shared_with("no-group-of-that-name").is_err());
    }

    #[test]
    fn nobody_but_the_owner_may_write() {
        for mode in ["0420", "0402", "0666", "4400", "01400", "x", "", "0000", "0040", "0411"] {
            assert!(Access::parse(None, None, mode).is_err(), "{mode}");
        }
    }
}
