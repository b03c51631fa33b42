//! One file that says that all others are in place, for programs that watch no more than one.

use std::path::Path;

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{Access, Error, Files, Medium, Missing, Single, Target};

/// Its one line is the name of what is in place and the time since when: `..2026_11_25_18_50_29.1d5f3a0c92be
/// 2026-11-25T18:50:29Z`. It is replaced as a whole, and only after what it names is there.
#[derive(Debug)]
pub struct Notice {
    place: Single,
}

impl Notice {
    // Rules 112, 113, 114
    /// A file in memory, in a directory that is there. Before anything is written, so that what is wrong with it is
    /// told while nothing has changed.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let place = Single::open(path, Medium::Memory, Missing::Refuse)?;
        place.is_replaceable()?;
        Ok(Self { place })
    }

    /// Says that `name` is in place, now. Whoever publishes generations leaves that to [`crate::publish_and_tell`],
    /// which lets nobody come between.
    pub fn tell(&self, name: &str, access: &Access) -> Result<(), Error> {
        let now = OffsetDateTime::now_utc();
        let now = now.replace_nanosecond(0).unwrap_or(now).format(&Rfc3339).unwrap_or_default();
        self.place.replace(format!("{name} {now}\n").as_bytes(), access)
    }

    /// Nothing is in place any more: before it is removed.
    pub fn remove(&self) -> Result<(), Error> {
        self.place.remove()
    }

    /// Whether it can be where it is to be, beside `files` in `target`.
    pub(crate) fn check(&self, target: &Target, files: &Files) -> Result<(), Error> {
        self.place.is_replaceable()?;
        match self.place.is_in(target)? && files.tops().contains(self.place.name()) {
            true => Err(Error::Taken(self.place.name().to_owned())),
            false => Ok(()),
        }
    }
}
