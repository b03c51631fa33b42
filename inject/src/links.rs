//! The links through which programs see a generation.

use std::{collections::BTreeSet, os::fd::AsFd as _};

use rustix::{
    fs::{AtFlags, Dir, FileType, Stat, readlinkat, renameat, statat, symlinkat, unlinkat},
    process::geteuid,
};

use crate::{Error, Target, generation};

const DATA: &str = "..data";
/// The next `..data`, for the moment between being made and being put in its place.
const NEXT: &str = "..data_tmp";

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
}

impl Layout {
    /// Looks at what is there. What has our names and is not ours is an error: it is neither used nor removed.
    pub(crate) fn read(target: &Target) -> Result<Self, Error> {
        let mut layout = Self::default();
        let mut generations = Vec::new();
        for entry in Dir::read_from(target).map_err(Error::io("read the directory"))? {
            let entry = entry.map_err(Error::io("read the directory"))?;
            let Ok(name) = entry.file_name().to_str() else { continue };
            match name {
                "." | ".." => {}
                DATA => {
                    let points_to = ours(target, name)?.filter(|it| generation::is_name(it));
                    layout.current = Some(points_to.ok_or_else(|| Error::Foreign(name.to_owned()))?);
                }
                NEXT => {
                    ours(target, name)?.ok_or_else(|| Error::Foreign(name.to_owned()))?;
                    layout.has_next = true;
                }
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

    /// Removes the link that a crash left before it came into use.
    pub(crate) fn remove_next(&self, target: &Target) -> Result<(), Error> {
        match self.has_next {
            true => unlinkat(target, NEXT, AtFlags::empty()).map_err(Error::io("remove a link")),
            false => Ok(()),
        }
    }

    /// Removes the generations that a crash left: all that can be; answers the first failure.
    pub(crate) fn sweep(&self, target: &Target) -> Result<(), Error> {
        let mut outcome = Ok(());
        for name in &self.stale {
            outcome = outcome.and(generation::remove(target.as_fd(), name));
        }
        outcome
    }

    /// Removes the links that `wanted` does not name.
    pub(crate) fn prune(&self, target: &Target, wanted: &BTreeSet<&str>) -> Result<(), Error> {
        for name in self.links.iter().filter(|it| !wanted.contains(it.as_str())) {
            unlinkat(target, name, AtFlags::empty()).map_err(Error::io("remove a link"))?;
        }
        Ok(())
    }

    /// Nothing is current any more.
    pub(crate) fn detach(&self, target: &Target) -> Result<(), Error> {
        match self.current {
            Some(_) => unlinkat(target, DATA, AtFlags::empty()).map_err(Error::io("remove a link")),
            None => Ok(()),
        }
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
                rustix::io::Errno::EXIST => Error::Foreign((*name).to_owned()),
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
/// Makes `generation` the one that is seen: the one step that readers notice.
pub(crate) fn exchange(target: &Target, generation: &str) -> Result<(), Error> {
    symlinkat(generation, target, NEXT).map_err(Error::io("make a link"))?;
    renameat(target, NEXT, target, DATA).map_err(|error| {
        // It would only be in the way; the next injection removes it if this fails.
        let _ = unlinkat(target, NEXT, AtFlags::empty());
        Error::io("exchange the generations")(error)
    })
}

fn through_data(name: &str) -> String {
    format!("{DATA}/{name}")
}

/// Where the link `name` leads if it is a link and ours.
fn ours(target: &Target, name: &str) -> Result<Option<String>, Error> {
    let stat: Stat = match statat(target, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => stat,
        Err(rustix::io::Errno::NOENT) => return Ok(None),
        Err(error) => return Err(Error::io("look at a link")(error)),
    };
    let is_link = FileType::from_raw_mode(stat.st_mode) == FileType::Symlink;
    if !is_link || stat.st_uid != geteuid().as_raw() {
        return Ok(None);
    }
    let leads_to = readlinkat(target, name, Vec::new()).map_err(Error::io("read a link"))?;
    Ok(leads_to.into_string().ok())
}
