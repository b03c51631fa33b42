//! The version table: what a write adds and prunes, and how a version is found.
//!
//! The head holds the newest versions. When it has [`MAX_IN_HEAD`] of them the oldest half moves to a page.
//! `max_versions` is kept exactly for readers; the rows of versions that fell out of a page are deleted with
//! the next move, so that a write does not rewrite a page each time.

use super::{
    body,
    purge::Discard,
    record::{Body, Entry, Head, MountSettings, Page, PageRef},
};
use crate::{
    barrier::Root,
    clock::Timestamp,
    crypto::SecretBytes,
    error::{Error, Result},
    tx::Tx,
};

/// Versions in a head, the current one not counted.
const MAX_IN_HEAD: usize = 63;
/// Versions that move to a page at a time.
const MOVED: usize = 32;
/// Versions on a page.
const PAGE_LEN: u32 = 512;
/// Versions that are kept where neither the mount nor the secret says how many.
const DEFAULT_MAX_VERSIONS: u32 = 10;

/// Makes `data` the current version, moves the one before it aside, and drops what is one too many. Answers
/// the rows to be rid of, which are to be staged behind the head.
pub(super) async fn add(
    tx: &mut Tx,
    root: Root,
    head: &mut Head,
    mount: &MountSettings,
    data: SecretBytes,
    now: Timestamp,
) -> Result<Discard> {
    let version = head.current() + 1;
    let (new_body, inline) = body::store(tx, root, now, data)?;
    let displaced = std::mem::replace(&mut head.data, inline);
    let deleted = expiry(head, mount, now);
    let entry = Entry { version, created: now, deleted, destroyed: false, body: new_body };
    if let Some(mut old) = head.latest.replace(entry) {
        if matches!(old.body, Body::Head) {
            old.body = body::displace(tx, root, now, displaced)?;
        }
        head.older.push(old);
    }
    head.updated = now;
    let mut discard = Discard::new(root);
    prune(head, mount, &mut discard);
    if head.older.len() > MAX_IN_HEAD {
        spill(tx, root, head, now, &mut discard).await?;
    }
    Ok(discard)
}

/// When a version that is made or restored now will end.
pub(super) fn expiry(head: &Head, mount: &MountSettings, now: Timestamp) -> Option<Timestamp> {
    if mount.never_delete {
        return None;
    }
    let limits = [head.settings.delete_version_after, mount.delete_version_after];
    limits.into_iter().filter(|it| !it.is_zero()).min().map(|it| now.plus(it))
}

/// The version called `version`, wherever its entry lies.
pub(super) async fn find(tx: &Tx, root: Root, head: &Head, version: u64) -> Result<Option<Entry>> {
    if version < head.oldest {
        return Ok(None);
    }
    if let Some(latest) = head.latest.as_ref().filter(|it| it.version == version) {
        return Ok(Some(latest.clone()));
    }
    if let Some(entry) = head.older.iter().find(|it| it.version == version) {
        return Ok(Some(entry.clone()));
    }
    let Some(page) = head.pages.iter().find(|it| (it.first..=it.last).contains(&version)) else {
        return Ok(None);
    };
    let page = tx.peek::<Page>(&body::row(tx.store(), root, page.ordinal)).await?;
    Ok(page.and_then(|it| it.entries.into_iter().find(|it| it.version == version)))
}

/// All versions that are kept, ascending.
pub(super) async fn all(tx: &Tx, root: Root, head: &Head) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for page in &head.pages {
        let page = tx.peek::<Page>(&body::row(tx.store(), root, page.ordinal)).await?;
        entries.extend(page.into_iter().flat_map(|it| it.entries));
    }
    entries.retain(|it| it.version >= head.oldest);
    entries.extend(head.older.iter().chain(&head.latest).cloned());
    Ok(entries)
}

/// Changes each of `versions` that there is. Pages that change are staged; the head is the caller's to stage.
/// Answers whether anything changed.
pub(super) async fn change(
    tx: &mut Tx,
    root: Root,
    head: &mut Head,
    versions: &[u64],
    mut change: impl FnMut(&mut Entry) -> bool,
) -> Result<bool> {
    let wanted = |it: &Entry| versions.contains(&it.version);
    let mut changed = false;
    for entry in head.older.iter_mut().chain(&mut head.latest).filter(|it| wanted(it)) {
        changed |= change(entry);
    }
    for page in &head.pages {
        let oldest = head.oldest;
        let inside = |it: &u64| *it >= oldest && (page.first..=page.last).contains(it);
        if !versions.iter().any(inside) {
            continue;
        }
        if !tx.has_room(8) {
            return Err(Error::invalid("too many versions for one request"));
        }
        let place = body::row(tx.store(), root, page.ordinal);
        let Some(mut found) = tx.get::<Page>(&place).await? else { continue };
        let mut touched = false;
        for entry in found.entries.iter_mut().filter(|it| it.version >= oldest && wanted(it)) {
            touched |= change(entry);
        }
        if touched {
            tx.put(&place, &found)?;
            changed = true;
        }
    }
    Ok(changed)
}

fn prune(head: &mut Head, mount: &MountSettings, discard: &mut Discard) {
    let keep = match head.settings.max_versions.max(mount.max_versions) {
        0 => DEFAULT_MAX_VERSIONS,
        keep => keep,
    };
    let Some(oldest) = (head.current() + 1).checked_sub(u64::from(keep)).filter(|it| *it > 0) else { return };
    head.oldest = oldest.max(head.oldest);
    let oldest = head.oldest;
    let kept = head.older.iter().position(|it| it.version >= oldest).unwrap_or(head.older.len());
    head.older.drain(..kept).for_each(|it| discard.body(it.body));
    let kept = head.pages.iter().position(|it| it.last >= oldest).unwrap_or(head.pages.len());
    head.pages.drain(..kept).for_each(|it| discard.page(it));
}

/// Moves the oldest entries of the head to a page, and clears the first page of what was pruned.
async fn spill(
    tx: &mut Tx,
    root: Root,
    head: &mut Head,
    now: Timestamp,
    discard: &mut Discard,
) -> Result<()> {
    let moved: Vec<Entry> = head.older.drain(..MOVED.min(head.older.len())).collect();
    let last = moved.last().map_or(0, |it| it.version);
    let count = u32::try_from(moved.len()).unwrap_or(u32::MAX);
    match head.pages.last_mut().filter(|it| it.count + count <= PAGE_LEN) {
        Some(page) => {
            let place = body::row(tx.store(), root, page.ordinal);
            let mut found =
                tx.get::<Page>(&place).await?.ok_or(Error::Internal("a page of versions is missing"))?;
            found.entries.extend(moved);
            page.last = last;
            page.count += count;
            tx.put(&place, &found)?;
        }
        None => {
            let ordinal = body::ordinal(now)?;
            let first = moved.first().map_or(0, |it| it.version);
            let place = body::row(tx.store(), root, ordinal);
            tx.put(&place, &Page { entries: moved })?;
            head.pages.push(PageRef { ordinal, first, last, count });
        }
    }
    let oldest = head.oldest;
    let Some(page) = head.pages.first_mut().filter(|it| it.first < oldest) else { return Ok(()) };
    let place = body::row(tx.store(), root, page.ordinal);
    let mut found = tx.get::<Page>(&place).await?.ok_or(Error::Internal("a page of versions is missing"))?;
    let kept = found.entries.iter().position(|it| it.version >= oldest).unwrap_or(found.entries.len());
    found.entries.drain(..kept).for_each(|it| discard.body(it.body));
    page.first = oldest;
    page.count = u32::try_from(found.entries.len()).unwrap_or(u32::MAX);
    tx.put(&place, &found)
}
