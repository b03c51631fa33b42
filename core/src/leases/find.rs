//! From an id to the live lease that it names.

use std::sync::Arc;

use super::{
    Lease, entry,
    holding::{self, Holding},
    id::Id,
    prefix,
};
use crate::{
    clock::Timestamp,
    core::Unsealed,
    crypto::equal,
    error::Result,
    mounts::Mounted,
    store::Store,
    tokens::{Selector, Token},
};

/// Something that ends.
pub(crate) enum Found {
    Token(Arc<Token>),
    Holding(Box<Holder>),
    Lease(Box<Lease>),
}

/// A live holding, with all that it takes to say who holds what.
pub(crate) struct Holder {
    pub(crate) holding: Arc<Holding>,
    pub(crate) token: Arc<Token>,
    pub(crate) mounted: Arc<Mounted>,
    /// Relative to the mount.
    pub(crate) path: String,
}

impl Holder {
    pub(crate) fn selector(&self) -> Selector {
        Selector(self.token.selector)
    }

    /// The request path of what is held.
    pub(crate) fn full_path(&self) -> String {
        format!("{}{}", self.mounted.mount.full_path(), self.path)
    }

    pub(crate) fn place(&self, store: &Store) -> crate::barrier::Place {
        holding::place(store, self.mounted.mount.root(), &self.path, self.selector())
    }
}

impl Found {
    /// The token that it belongs to.
    pub(crate) fn owner(&self) -> Option<Selector> {
        match self {
            Self::Token(token) => token.selector(),
            Self::Holding(holder) => Some(holder.selector()),
            Self::Lease(lease) => lease.holder(),
        }
    }
}

/// The live lease with this id. Expired is dead, whatever is still stored.
pub(crate) async fn find(open: &Unsealed, lease_id: &str, now: Timestamp) -> Result<Option<Found>> {
    match Id::parse(lease_id) {
        None => Ok(open.tokens.find_by_lease(open, lease_id, now).await?.map(Found::Token)),
        Some(Id::Lease { path, tail }) => {
            let found = lease(open, tail, now).await?.filter(|it| it.path == path);
            Ok(found.map(|it| Found::Lease(Box::new(it))))
        }
        Some(Id::Holding { path, handle, serial }) => {
            let table = open.mounts.current(&open.store).await?;
            let Some((mounted, path)) = table.owner(path) else { return Ok(None) };
            let selector = open.leases.holder(mounted.mount.id, path, handle);
            let found = holder(open, mounted, path, selector, now).await?;
            let found = found.filter(|it| equal(&it.holding.serial, &serial));
            Ok(found.map(|it| Found::Holding(Box::new(it))))
        }
    }
}

/// A token's live holding of what lies at `path` in a mount.
pub(crate) async fn holder(
    open: &Unsealed,
    mounted: &Arc<Mounted>,
    path: &str,
    selector: Selector,
    now: Timestamp,
) -> Result<Option<Holder>> {
    let store = &open.store;
    let place = holding::place(store, mounted.mount.root(), path, selector);
    let Some(holding) = store.cached::<Holding>(&place).await?.map(|it| it.value) else { return Ok(None) };
    let Some(token) = store.cached::<Token>(&open.tokens.place(store, selector)).await? else {
        return Ok(None);
    };
    let token = token.value;
    // Rule 90
    if !holding.is_of(&token, now)
        || !open.tokens.is_live(open, &token, now).await?
        || prefix::covers_holding(open, mounted.mount.id, path, holding.epoch).await?
    {
        return Ok(None);
    }
    Ok(Some(Holder { holding, token, mounted: mounted.clone(), path: path.to_owned() }))
}

/// The live lease with this tail.
async fn lease(open: &Unsealed, tail: &str, now: Timestamp) -> Result<Option<Lease>> {
    let store = &open.store;
    let Some(found) = store.read::<Lease>(&entry::place(store, tail)).await? else { return Ok(None) };
    let lease = found.value;
    Ok(if is_live(open, &lease, now).await? { Some(lease) } else { None })
}

/// Whether a lease has neither ended nor been revoked, by itself, with its token, or with its mount.
pub(crate) async fn is_live(open: &Unsealed, lease: &Lease, now: Timestamp) -> Result<bool> {
    // Rule 90
    if !lease.is_active(now) || prefix::covers(open, lease).await? {
        return Ok(false);
    }
    let table = open.mounts.current(&open.store).await?;
    let owner = table.owner(&lease.path).map(|(mounted, _)| &mounted.mount);
    if !owner.is_some_and(|it| it.id == lease.mount && !it.tainted) {
        return Ok(false);
    }
    let Some(holder) = lease.holder() else { return Ok(true) };
    let place = open.tokens.place(&open.store, holder);
    let Some(token) = open.store.cached::<Token>(&place).await? else { return Ok(false) };
    Ok(token.value.created == lease.holder_made && open.tokens.is_live(open, &token.value, now).await?)
}
