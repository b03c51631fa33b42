//! Which leases there are, for people: what lies in a folder, and what could not be revoked.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Lease, entry,
    entry::Failure,
    find,
    index::{self, Ref},
    prefix::selector,
};
use crate::{
    barrier::Class,
    clock::Timestamp,
    core::Unsealed,
    error::Result,
    mounts::MountClass,
    store::{PAGE, Store},
};

/// What lies in `folder` (empty, or ending in a slash) among the ids of live leases and holdings, sorted. Reads
/// every lease of the mounts in question, and the holdings of the folder.
pub(crate) async fn names(open: &Unsealed, folder: &str, now: Timestamp) -> Result<BTreeSet<String>> {
    let table = open.mounts.current(&open.store).await?;
    let mut keys = BTreeSet::new();
    for mount in [MountClass::Auth, MountClass::Secret].into_iter().flat_map(|it| table.all(it)) {
        let full = mount.full_path();
        if !full.starts_with(folder) && !folder.starts_with(&full) {
            continue;
        }
        let dir = index::made_by(&open.store, mount.id);
        let mut after = None;
        loop {
            let rows = open.store.ordered::<Ref>(Class::Lease, dir, after, None, PAGE).await?;
            after = rows.last().map(|it| it.ordinal);
            for row in &rows {
                let Ref::Lease { tail } = &row.value else { continue };
                let place = entry::place(&open.store, tail);
                let Some(found) = open.store.read::<Lease>(&place).await? else { continue };
                let id = found.value.id();
                if let Some(key) = key_in(folder, &id)
                    && find::is_live(open, &found.value, now).await?
                {
                    keys.insert(key);
                }
            }
            if rows.len() < PAGE {
                break;
            }
        }
    }
    holdings(open, folder, now, &mut keys).await?;
    Ok(keys)
}

/// Of holdings below a mount's folder there is a tree; above the mounts, a mount that has any is a folder.
async fn holdings(open: &Unsealed, folder: &str, now: Timestamp, keys: &mut BTreeSet<String>) -> Result<()> {
    let table = open.mounts.current(&open.store).await?;
    for mount in table.all(MountClass::Secret) {
        let full = mount.full_path();
        let Some(mounted) = table.at(&full) else { continue };
        if let Some(within) = folder.strip_prefix(full.as_str()) {
            let dir = open.store.dir(mount.root(), within);
            let path = within.trim_end_matches('/');
            for name in open.store.names(Class::Holding, dir).await? {
                if name.ends_with('/') {
                    if is_lived_in(open, mounted, format!("{within}{name}"), now).await? {
                        keys.insert(name);
                    }
                } else if let Some(holder) = selector(&name)
                    && let Some(found) = find::holder(open, mounted, path, holder, now).await?
                {
                    keys.insert(found.holding.name());
                }
            }
        } else if let Some(key) = key_in(folder, &full)
            && is_lived_in(open, mounted, String::new(), now).await?
        {
            keys.insert(key);
        }
    }
    Ok(())
}

/// Whether there is a live holding somewhere below a folder of a mount.
async fn is_lived_in(
    open: &Unsealed,
    mounted: &std::sync::Arc<crate::mounts::Mounted>,
    folder: String,
    now: Timestamp,
) -> Result<bool> {
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        let dir = open.store.dir(mounted.mount.root(), &folder);
        let path = folder.trim_end_matches('/');
        for name in open.store.names(Class::Holding, dir).await? {
            if name.ends_with('/') {
                folders.push(format!("{folder}{name}"));
            } else if let Some(holder) = selector(&name)
                && find::holder(open, mounted, path, holder, now).await?.is_some()
            {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The part of an id, or of a mount's path, that stands in `folder`.
fn key_in(folder: &str, id: &str) -> Option<String> {
    let rest = id.strip_prefix(folder)?;
    Some(match rest.split_once('/') {
        Some((segment, _)) => format!("{segment}/"),
        None => rest.to_owned(),
    })
}

/// Leases whose revocation failed again and again: at most `limit` of them, the oldest first.
pub(crate) async fn failures(store: &Store, limit: usize) -> Result<Vec<Failure>> {
    let mut out = Vec::new();
    let mut after = None;
    while out.len() < limit {
        let number = PAGE.min(limit - out.len());
        let rows =
            store.ordered::<Failure>(Class::Queue, index::failures(store), after, None, number).await?;
        after = rows.last().map(|it| it.ordinal);
        let last = rows.len() < number;
        out.extend(rows.into_iter().map(|it| it.value));
        if last {
            break;
        }
    }
    Ok(out)
}

/// How many of those there are, by the accessor of their mount.
pub(crate) async fn count_failures(store: &Store) -> Result<BTreeMap<String, u64>> {
    let mut counts = BTreeMap::new();
    for failure in failures(store, usize::MAX).await? {
        *counts.entry(failure.accessor).or_default() += 1;
    }
    Ok(counts)
}
