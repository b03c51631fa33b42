//! Revoking all leases below a path, at once, however many there are.
//!
//! It is the mechanism of tokens ([`crate::tokens::prefixes`]), and the same record: each lease knows how many
//! prefixes had been revoked when it was made. Here stands what the sweeper does about it.

use std::sync::Arc;

use super::{
    Lease, entry, finish,
    holding::{Holding, Site},
    index::{self, Ref},
};
use crate::{
    barrier::{Class, Root},
    clock::Timestamp,
    core::Unsealed,
    error::Result,
    ids::{MountId, NamespaceId},
    mounts::MountClass,
    storage::Priority,
    store::Store,
    tokens::{
        Epoch, Selector,
        prefixes::{self, Entry, Force},
    },
    tx::{Attempts, Tx},
};

/// Leases that one transaction marks: each takes five operations of at most a hundred.
const MARKS: usize = 12;

/// Whether a holding was revoked by a prefix that the sweeper has not come to the end of.
pub(crate) async fn covers_holding(
    open: &Unsealed,
    mount: MountId,
    path: &str,
    epoch: Epoch,
) -> Result<bool> {
    let revoked = prefixes::revoked(&open.store).await?;
    Ok(revoked.is_some_and(|it| it.covers_holding(mount, path, epoch)))
}

/// The same of a lease.
pub(crate) async fn covers(open: &Unsealed, lease: &Lease) -> Result<bool> {
    let revoked = prefixes::revoked(&open.store).await?;
    Ok(revoked.is_some_and(|it| it.covers_lease(lease.mount, &lease.path, lease.epoch)))
}

/// Stages the revocation of everything that was handed out below `prefix`, tokens, leases and holdings, by
/// whichever mounts lie there. Answers whether there is any such mount.
pub async fn revoke_within(open: &Unsealed, tx: &mut Tx, prefix: &str, force: Force) -> Result<bool> {
    let mounts = open.mounts.current(tx.store()).await?;
    let mut any = false;
    for class in [MountClass::Auth, MountClass::Secret] {
        for mount in mounts.all(class) {
            let full = mount.full_path();
            if !prefixes::is_below(prefix, &full) && !prefixes::is_below(&full, prefix) {
                continue;
            }
            let within = prefix.trim_end_matches('/').strip_prefix(full.as_str()).unwrap_or_default();
            prefixes::file(tx, mount, prefix, Some(within), force).await?;
            any = true;
        }
    }
    Ok(any)
}

/// Marks the next leases that a revoked prefix covers, and moves that on. Answers whether that were all.
pub(crate) async fn mark_next(tx: &mut Tx, revoked: &mut Entry, now: Timestamp) -> Result<bool> {
    let store = tx.store().clone();
    let dir = index::made_by(&store, revoked.mount);
    let rows = store.ordered::<Ref>(Class::Lease, dir, revoked.progress(), None, MARKS).await?;
    for row in &rows {
        let Ref::Lease { tail } = &row.value else { continue };
        let Some(lease) = tx.get::<Lease>(&entry::place(&store, tail)).await? else { continue };
        if revoked.covers_lease(lease.mount, &lease.path, lease.epoch) {
            finish::mark(tx, lease, revoked.force.unwrap_or(Force::No), now)?;
        }
    }
    revoked.done = rows.last().map(|it| it.ordinal.0);
    Ok(rows.len() < MARKS)
}

/// Deletes at most `budget` holdings that a revoked prefix covers. Answers whether that were all.
pub(crate) async fn forget_holdings(store: &Arc<Store>, entry: &Entry, mut budget: usize) -> Result<bool> {
    let Some(within) = &entry.holdings else { return Ok(true) };
    let root = Root { namespace: NamespaceId::ROOT, mount: entry.mount };
    let mut folders = vec![if within.is_empty() { String::new() } else { format!("{within}/") }];
    while let Some(folder) = folders.pop() {
        let dir = store.dir(root, &folder);
        let path = folder.trim_end_matches('/');
        for name in store.names(Class::Holding, dir).await? {
            if name.ends_with('/') {
                folders.push(format!("{folder}{name}"));
                continue;
            }
            let Some(holder) = selector(&name) else { continue };
            let site = Site { root, path, holder };
            if forget_covered(store, entry, &site).await? {
                budget = budget.saturating_sub(1);
                if budget == 0 {
                    return Ok(false);
                }
            }
        }
    }
    Ok(true)
}

async fn forget_covered(store: &Arc<Store>, entry: &Entry, site: &Site<'_>) -> Result<bool> {
    let mut attempts = Attempts::new(store, Priority::Background);
    loop {
        let mut tx = attempts.begin()?;
        let found = tx.get::<Holding>(&site.place(store)).await?;
        let covers = |it: &Holding| entry.covers_holding(entry.mount, site.path, it.epoch);
        let Some(found) = found.filter(covers) else { return Ok(false) };
        site.forget(&mut tx, &found).await?;
        if attempts.commit(tx).await? {
            return Ok(true);
        }
    }
}

/// The holder that a row of the tree of holdings is named after.
pub(crate) fn selector(name: &str) -> Option<Selector> {
    let bytes = data_encoding::HEXLOWER.decode(name.as_bytes()).ok()?;
    bytes.try_into().ok().map(Selector)
}
