//! The links through which programs see a generation.

use std::{collections::BTreeSet, os::fd::AsFd as _};

use rustix::{
    fs::{
        AtFlags, Dir, FileType, Mode, OFlags, RenameFlags, fstat, openat2, readlinkat, renameat_with,
        symlinkat, unlinkat,
    },
    io::Errno,
    process::geteuid,
};

use crate::{
    Error, Target,
    generation::{self, Generation},
    target::WITHIN,
};

const DATA: &str = "..data";
/// The next `..data`, for the moment between being made and being put in its place.
const NEXT: &str = "..data_tmp";
/// Entries of a target that are looked at. Whoever fills it, or renames in it while we read, must not keep us there.
const MOST: usize = 1 << 16;

/// What an injection before this one left in the target.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    /// What `..data` points to.
    pub(crate) current: Option<String>,
    /// Names that programs open.
    links: BTreeSet<String>,
    /// Generations besides the current one: half-written, or not yet removed when we were killed.
    stale: Vec<String>,
    has_next: bool,
    /// What has a name of ours and is not ours.
    foreign: Option<String>,
    /// There is more than was looked at.
    is_partial: bool,
}

impl Layout {
    /// Looks at what is there. What has our names and is not ours is neither used nor removed.
    pub(crate) fn read(target: &Target) -> Result<Self, Error> {
        let mut layout = Self::default();
        let mut generations = Vec::new();
        for (at, entry) in Dir::read_from(target).map_err(Error::io("read the directory"))?.enumerate() {
            if at >= MOST {
                return Self::of_current(target);
            }
            let entry = entry.map_err(Error::io("read the directory"))?;
            let Ok(name) = entry.file_name().to_str() else { continue };
            match name {
                "." | ".." => {}
                DATA => match current(target)? {
                    Some(points_to) => layout.current = Some(points_to),
                    None => layout.foreign = Some(name.to_owned()),
                },
                NEXT => match ours(target, name)? {
                    Some(_) => layout.has_next = true,
                    None => layout.foreign = Some(name.to_owned()),
                },
                name if generation::is_name(name) => generations.push(name.to_owned()),
                name => {
                    if ours(target, name)?.is_some_and(|it| it == through_data(name)) {
                        layout.links.insert(name.to_owned());
                    }
                }
            }
        }
        layout.stale = generations.into_iter().filter(|it| layout.current.as_ref() != Some(it)).collect();
        Ok(layout)
    }

    /// What is in use, which can be found without looking at all that is there.
    fn of_current(target: &Target) -> Result<Self, Error> {
        Ok(Self { current: current(target)?, is_partial: true, ..Self::default() })
    }

    /// Whether all that has our names is ours, as far as can be seen.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match &self.foreign {
            Some(name) => Err(Error::Foreign(name.clone())),
            None if self.is_partial => Err(Error::TooMany),
            None => Ok(()),
        }
    }

    /// Removes the link that a crash left before it came into use.
    pub(crate) fn remove_next(&self, target: &Target) -> Result<(), Error> {
        if self.has_next { unlink(target, NEXT) } else { Ok(()) }
    }

    /// Removes the generations that a crash left: all that can be; answers the first failure.
    pub(crate) fn sweep(&self, target: &Target) -> Result<(), Error> {
        let mut outcome = Ok(());
        for name in &self.stale {
            outcome = outcome.and(generation::remove(target.as_fd(), name));
        }
        outcome
    }

    /// Removes the links that `wanted` does not name: all that can be; answers the first failure.
    pub(crate) fn prune(&self, target: &Target, wanted: &BTreeSet<&str>) -> Result<(), Error> {
        let mut outcome = Ok(());
        for name in self.links.iter().filter(|it| !wanted.contains(it.as_str())) {
            outcome = outcome.and(unlink(target, name));
        }
        outcome
    }

    /// Nothing is current any more.
    pub(crate) fn detach(&self, target: &Target) -> Result<(), Error> {
        if self.current.is_some() { unlink(target, DATA) } else { Ok(()) }
    }
}

/// Links that were made for a generation which is not in use yet. Removed when dropped, unless it came into
/// use: until then they lead nowhere.
pub(crate) struct NewLinks<'t> {
    target: &'t Target,
    names: Vec<String>,
}

impl<'t> NewLinks<'t> {
    pub(crate) fn create(
        target: &'t Target,
        layout: &Layout,
        wanted: &BTreeSet<&str>,
    ) -> Result<Self, Error> {
        let mut made = Self { target, names: Vec::new() };
        for name in wanted.iter().filter(|it| !layout.links.contains(**it)) {
            symlinkat(through_data(name), target, *name).map_err(|error| match error {
                Errno::EXIST => Error::Foreign((*name).to_owned()),
                error => Error::io("make a link")(error),
            })?;
            made.names.push((*name).to_owned());
        }
        Ok(made)
    }

    pub(crate) fn keep(mut self) {
        self.names.clear();
    }
}

impl Drop for NewLinks<'_> {
    fn drop(&mut self) {
        for name in &self.names {
            // The failure that led here is told; what is left leads nowhere.
            let _ = unlinkat(self.target, name, AtFlags::empty());
        }
    }
}

// Rule 115
/// Makes `fresh` the one that is seen: the one step that readers notice.
pub(crate) fn exchange(target: &Target, layout: &Layout, fresh: &Generation<'_>) -> Result<(), Error> {
    symlinkat(fresh.name(), target, NEXT).map_err(Error::io("make a link"))?;
    // What was not there when we looked is not ours to replace.
    let flags = if layout.current.is_some() { RenameFlags::empty() } else { RenameFlags::NOREPLACE };
    renameat_with(target, NEXT, target, DATA, flags).map_err(|error| {
        // It would only be in the way; the next injection removes it if this fails.
        let _ = unlinkat(target, NEXT, AtFlags::empty());
        match error {
            Errno::EXIST | Errno::ISDIR => Error::Foreign(DATA.to_owned()),
            error => Error::io("exchange the generations")(error),
        }
    })
}

/// Whether `fresh` is what is seen. Whoever may write to the target can exchange the link before it is in its place,
/// or what it leads to.
pub(crate) fn check_exchanged(target: &Target, fresh: &Generation<'_>) -> Result<(), Error> {
    let points_to = ours(target, DATA)?;
    match points_to.as_deref() == Some(fresh.name()) && fresh.is_in_place()? {
        true => Ok(()),
        false => Err(Error::Contested(DATA.to_owned())),
    }
}

fn through_data(name: &str) -> String {
    format!("{DATA}/{name}")
}

/// The generation that is in use.
fn current(target: &Target) -> Result<Option<String>, Error> {
    Ok(ours(target, DATA)?.filter(|it| generation::is_name(it)))
}

/// Removes a link, if it is still there.
fn unlink(target: &Target, name: &str) -> Result<(), Error> {
    match unlinkat(target, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(Error::io("remove a link")(error)),
    }
}

// Rule 113
/// Where the link `name` leads if it is a link and ours. It is opened itself, so that what is looked at is what is
/// read.
fn ours(target: &Target, name: &str) -> Result<Option<String>, Error> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let link = match openat2(target, name, flags, Mode::empty(), WITHIN) {
        Ok(link) => link,
        // Gone, or something was mounted over it.
        Err(Errno::NOENT | Errno::XDEV) => return Ok(None),
        Err(error) => return Err(Error::io("look at a link")(error)),
    };
    let stat = fstat(&link).map_err(Error::io("look at a link"))?;
    let is_link = FileType::from_raw_mode(stat.st_mode) == FileType::Symlink;
    if !is_link || stat.st_uid != geteuid().as_raw() {
        return Ok(None);
    }
    let leads_to = readlinkat(&link, "", Vec::new()).map_err(Error::io("read a link"))?;
    Ok(leads_to.into_string().ok())
}
