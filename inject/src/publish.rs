//! One update, from the target as it is to the target with new files.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    os::fd::AsFd as _,
};

use strongroom_sdk::SecretString;
use zeroize::Zeroizing;

use crate::{
    Access, Error, FileName, Notice, Target,
    generation::{self, Generation},
    links::{Layout, NewLinks, check_exchanged, exchange},
    lock::Lock,
};

/// What is to be written: a whole generation.
#[derive(Default)]
pub struct Files(BTreeMap<FileName, Content>);

/// One file's content, and its mode where that is not the others'.
pub(crate) struct Content {
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    pub(crate) mode: Option<u32>,
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Files {
    /// Adds a file, which must not be there yet in any way.
    pub fn add(&mut self, name: FileName, content: SecretString) -> Result<(), Error> {
        let bytes = Zeroizing::new(content.expose().as_bytes().to_vec());
        self.add_bytes(name, bytes, None)
    }

    /// The same for what need not be text, and with a mode of its own: see [`Access::parse`].
    pub fn add_bytes(
        &mut self,
        name: FileName,
        bytes: Zeroizing<Vec<u8>>,
        mode: Option<u32>,
    ) -> Result<(), Error> {
        if self.0.contains_key(&name) {
            return Err(Error::Twice(name.as_str().to_owned()));
        }
        let folder = format!("{}/", name.as_str());
        let is_folder = self.0.keys().any(|it| it.as_str().starts_with(&folder));
        let is_below_file = name.ancestors().any(|it| self.0.keys().any(|known| known.as_str() == it));
        if is_folder || is_below_file {
            return Err(Error::FileAndDirectory(name.as_str().to_owned()));
        }
        self.0.insert(name, Content { bytes, mode });
        Ok(())
    }

    /// Names and contents, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&FileName, &[u8])> {
        self.0.iter().map(|(name, content)| (name, content.bytes.as_slice()))
    }

    pub(crate) fn contents(&self) -> impl Iterator<Item = (&FileName, &Content)> {
        self.0.iter()
    }

    /// For the directories: who may read any of the files may pass them all.
    pub(crate) fn widest(&self, access: &Access) -> Access {
        let modes = self.0.values().filter_map(|it| it.mode);
        access.but_mode(modes.fold(access.mode(), |all, mode| all | mode))
    }

    /// Bytes, as pages of memory and with what the file system needs for itself.
    pub fn size(&self) -> u64 {
        const PAGE: u64 = 4096;
        self.0
            .values()
            .map(|it| u64::try_from(it.bytes.len()).unwrap_or(u64::MAX / 2))
            .fold(PAGE, |sum, len| sum.saturating_add(len.div_ceil(PAGE).saturating_mul(PAGE)))
    }

    pub(crate) fn tops(&self) -> BTreeSet<&str> {
        self.0.keys().map(FileName::top).collect()
    }
}

// Rule 115
/// Puts `files` in the place of what was injected before. Whatever fails, what was there is as it was. `leftover` is
/// told what of earlier injections could not be removed: the next one tries again.
pub fn publish(
    target: &Target,
    files: &Files,
    access: &Access,
    leftover: &dyn Fn(&Error),
) -> Result<(), Error> {
    let _lock = Lock::take(target)?;
    replace(target, files, access, leftover).map(drop)
}

// Rule 115
/// As [`publish`], and then says so in `notice`: never before, and never of files that somebody has replaced since.
pub fn publish_and_tell(
    target: &Target,
    files: &Files,
    access: &Access,
    notice: &Notice,
    leftover: &dyn Fn(&Error),
) -> Result<(), Error> {
    let _lock = Lock::take(target)?;
    notice.check(target, files)?;
    let generation = replace(target, files, access, leftover)?;
    notice.tell(&generation, access).map_err(|error| Error::NotTold(Box::new(error)))
}

/// The name of the generation that is now seen.
fn replace(
    target: &Target,
    files: &Files,
    access: &Access,
    leftover: &dyn Fn(&Error),
) -> Result<String, Error> {
    let layout = Layout::read(target)?;
    layout.check()?;
    layout.remove_next(target)?;
    // Whose the old files are must not keep new ones from coming.
    layout.sweep(target).unwrap_or_else(|error| leftover(&error));
    let wanted = files.tops();
    let fresh = Generation::create(target)?;
    fresh.write(files, access)?;
    // Before the exchange, so that nothing is left that could fail after it. They lead nowhere until then.
    let links = NewLinks::create(target, &layout, &wanted)?;
    exchange(target, &layout, &fresh)?;
    let exchanged = check_exchanged(target, &fresh);
    links.keep();
    let name = fresh.keep();
    // If not, either may be seen by now: both stay, and the next injection removes the one that is not.
    exchanged?;
    // The new files are in use; what cannot be removed now is removed by the next injection.
    let _ = layout.prune(target, &wanted);
    if let Some(old) = &layout.current {
        generation::remove(target.as_fd(), old).unwrap_or_else(|error| leftover(&error));
    }
    Ok(name)
}

/// Removes all that injections have written there, and nothing else. What is in the way of a part keeps no other part
/// from being removed.
pub fn remove(target: &Target) -> Result<(), Error> {
    // Who fills the tmpfs, or lays something in the lock's place, keeps nothing there: nobody can take it now.
    let (_lock, in_the_way) = match Lock::take(target) {
        Err(Error::Full) => (None, Ok(())),
        Err(error @ Error::Foreign(_)) => (None, Err(error)),
        taken => (Some(taken?), Ok(())),
    };
    remove_all(target, &Layout::read(target)?).and(in_the_way)
}

fn remove_all(target: &Target, layout: &Layout) -> Result<(), Error> {
    let parts = [
        layout.prune(target, &BTreeSet::new()),
        layout.detach(target),
        layout.remove_next(target),
        layout.sweep(target),
        layout.current.iter().try_for_each(|it| generation::remove(target.as_fd(), it)),
        layout.check(),
    ];
    parts.into_iter().collect()
}

/// Files in a target that nobody else injects into while they are needed.
pub struct Held {
    target: Target,
    generation: String,
    /// Let go with the process, whatever ends it; the program that finds the files does not inherit it.
    _lock: Lock,
}

impl Held {
    // Rule 115
    /// As [`publish`], but others find the target busy until this is dropped.
    pub fn publish(
        target: Target,
        files: &Files,
        access: &Access,
        leftover: &dyn Fn(&Error),
    ) -> Result<Self, Error> {
        let lock = Lock::take(&target)?;
        let generation = replace(&target, files, access, leftover)?;
        Ok(Self { target, generation, _lock: lock })
    }

    /// Removes these files. Whatever somebody without regard for the lock has put in their place stays.
    pub fn remove(&self) -> Result<(), Error> {
        match Layout::read(&self.target) {
            Ok(layout) if layout.current.as_ref() == Some(&self.generation) => {
                remove_all(&self.target, &layout)
            }
            other => {
                generation::remove(self.target.as_fd(), &self.generation)?;
                other.map(drop)
            }
        }
    }
}
