//! Who holds which version of what: the question of whoever rotates a secret.
//!
//! The tree of holdings is walked from a path down, folder by folder, in the order of names, so that a page
//! begins where the last one ended. A caller is shown the holders of those secrets only that it may ask for by
//! themselves.

use std::{sync::Arc, vec};

use data_encoding::HEXLOWER;

use super::{
    Held,
    find::{self, Holder},
    holding::row_path,
    prefix::selector,
};
use crate::{
    barrier::Class,
    clock::Timestamp,
    core::Unsealed,
    error::{Error, Result},
    mounts::{Mount, MountClass, Mounted, Table},
    tokens::Selector,
    tx::Tx,
};

/// Rows that are looked at for one page, the dead among them.
const LOOKED_AT: usize = 20_000;

/// One page.
#[derive(Default)]
pub(crate) struct Page {
    pub(crate) holders: Vec<Seen>,
    /// Where it ended, if there may be more.
    pub(crate) next: Option<String>,
}

/// A holder, and what there would be to hold now.
pub(crate) struct Seen {
    pub(crate) holder: Holder,
    pub(crate) current: Option<Held>,
}

impl Seen {
    /// The holder does not have what a read would give.
    pub(crate) fn is_stale(&self) -> bool {
        self.current != Some(self.holder.holding.held())
    }
}

/// What is wanted.
pub(crate) struct Ask<'a> {
    /// Of a secret, a folder, a mount, or above mounts; empty for all.
    pub(crate) path: &'a str,
    /// Behind which row, as [`Page::next`] said.
    pub(crate) after: Option<&'a str>,
    pub(crate) limit: usize,
    pub(crate) now: Timestamp,
}

/// The next holders at `ask.path` and below it. `may` says of a request path whether the caller may ask for it.
pub(crate) async fn page(
    open: &Unsealed,
    tx: &Tx,
    ask: Ask<'_>,
    may: impl Fn(&str) -> bool + Send + Sync,
) -> Result<Page> {
    let table = open.mounts.current(&open.store).await?;
    let row =
        |it| row_at(open, &table, it).ok_or_else(|| Error::invalid("after is no earlier answer's next"));
    let after = ask.after.map(row).transpose()?;
    let mut walk = Walk { open, tx, ask, may: &may, left: LOOKED_AT, page: Page::default() };
    for (mounted, within) in places(&table, walk.ask.path) {
        let full = mounted.mount.full_path();
        // Mounts come in the order of their paths.
        let after = match after.as_deref() {
            Some(after) if !after.starts_with(&full) && full.as_str() < after => continue,
            after => after.and_then(|it| it.strip_prefix(full.as_str())),
        };
        if !walk.mount(&mounted, &within, after).await? {
            break;
        }
    }
    Ok(walk.page)
}

/// Where a page ended, for whoever asks for the next one: the row, without its holder's name.
fn cursor(open: &Unsealed, mounted: &Mounted, path: &str, holder: Selector) -> String {
    let handle = open.leases.handle(mounted.mount.id, path, holder);
    format!("{}{path}/{}", mounted.mount.full_path(), HEXLOWER.encode(&handle))
}

/// The row that a [`cursor`] stands for, as a path.
fn row_at(open: &Unsealed, table: &Table, cursor: &str) -> Option<String> {
    let (path, handle) = cursor.rsplit_once('/')?;
    let handle = HEXLOWER.decode(handle.as_bytes()).ok()?.try_into().ok()?;
    let (mounted, within) = table.owner(path)?;
    let holder = open.leases.holder(mounted.mount.id, within, handle);
    Some(row_path(path, holder))
}

/// The mounts that a path lies in or that lie below it, with the rest of the path.
fn places(table: &Table, path: &str) -> Vec<(Arc<Mounted>, String)> {
    let path = path.trim_end_matches('/');
    if let Some((mounted, within)) = table.owner(path)
        && mounted.mount.class == MountClass::Secret
    {
        return vec![(mounted.clone(), within.to_owned())];
    }
    let folder = if path.is_empty() { String::new() } else { format!("{path}/") };
    let below = table.all(MountClass::Secret).into_iter().map(Mount::full_path);
    below
        .filter(|it| it.starts_with(&folder))
        .filter_map(|it| table.at(&it).map(|mounted| (mounted.clone(), String::new())))
        .collect()
}

struct Walk<'a, M> {
    open: &'a Unsealed,
    tx: &'a Tx,
    ask: Ask<'a>,
    may: &'a M,
    /// Rows that may still be looked at.
    left: usize,
    page: Page,
}

/// A folder that is being walked through: what is left of its names.
struct Folder {
    path: String,
    names: vec::IntoIter<String>,
    shown: bool,
    current: Option<Held>,
}

impl<M: Fn(&str) -> bool + Send + Sync> Walk<'_, M> {
    /// Goes through a mount from `within` down. Answers false when the page is full.
    async fn mount(&mut self, mounted: &Arc<Mounted>, within: &str, after: Option<&str>) -> Result<bool> {
        let folder = if within.is_empty() { String::new() } else { format!("{within}/") };
        let mut stack = vec![self.folder(mounted, folder, after).await?];
        while let Some(folder) = stack.last_mut() {
            let Some(name) = folder.names.next() else {
                stack.pop();
                continue;
            };
            if name.ends_with('/') {
                let path = format!("{}{name}", folder.path);
                let below = self.folder(mounted, path, after).await?;
                stack.push(below);
                continue;
            }
            if !folder.shown {
                continue;
            }
            let (path, current) = (folder.path.trim_end_matches('/'), folder.current);
            let Some(selector) = selector(&name) else { continue };
            if let Some(holder) = find::holder(self.open, mounted, path, selector, self.ask.now).await? {
                self.page.holders.push(Seen { holder, current });
            }
            self.left = self.left.saturating_sub(1);
            if self.page.holders.len() >= self.ask.limit || self.left == 0 {
                self.page.next = Some(cursor(self.open, mounted, path, selector));
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A folder's names in their order, without what lies before `after`.
    async fn folder(&self, mounted: &Arc<Mounted>, path: String, after: Option<&str>) -> Result<Folder> {
        let dir = self.open.store.dir(mounted.mount.root(), &path);
        let mut names = self.open.store.names(Class::Holding, dir).await?;
        if let Some(rest) = after.and_then(|it| it.strip_prefix(path.as_str())) {
            let at = rest.find('/').map_or(rest.len(), |it| it + 1);
            let (next, _) = rest.split_at(at);
            names.retain(|it| it.as_str() > next || it.ends_with('/') && it == next);
        }
        let secret = path.trim_end_matches('/');
        let has_holders = names.iter().any(|it| !it.ends_with('/'));
        let shown = has_holders && (self.may)(&format!("{}{secret}", mounted.mount.full_path()));
        let current = match shown {
            true => mounted.engine.current(&mounted.mount, self.tx, secret, self.ask.now).await?,
            false => None,
        };
        Ok(Folder { path, names: names.into_iter(), shown, current })
    }
}
