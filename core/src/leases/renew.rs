//! More time: for a holding as much as a read would get, for a lease up to its maximum.

use std::time::Duration;

use super::{Effect, Lease, Leasing, entry, find::Holder, finish, holding, holding::Holding, index};
use crate::{
    dispatch::Cx,
    error::{Error, Result},
    response::{self, Response},
    tokens::{
        Token,
        ttl::{self, Limits, Wanted},
    },
    tx::Tx,
};

/// Stages a holding's new end. Whoever renews what is no longer the current version is told so.
pub(crate) async fn holding(
    cx: &Cx<'_>,
    tx: &mut Tx,
    holder: &Holder,
    increment: Duration,
) -> Result<Response> {
    let open = cx.open()?;
    let place = holder.place(tx.store());
    let token = open.tokens.place(tx.store(), holder.selector());
    let token = tx.cached::<Token>(&token).await?.filter(|it| it.is_live(cx.now));
    let found = tx.get::<Holding>(&place).await?;
    let (Some(mut found), Some(token)) = (found, token) else { return Err(not_found()) };
    if found.serial != holder.holding.serial || !found.is_of(&token, cx.now) {
        return Err(not_found());
    }
    let asked = if increment.is_zero() { found.granted } else { increment };
    let mount = &holder.mounted.mount;
    found.expires = holding::until(mount, cx.core.settings(), &token, asked, cx.now);
    found.granted = asked;
    found.renewed = Some(cx.now);
    tx.put(&place, &found)?;
    let lease = found.answer(&holder.full_path(), cx.now);
    let response = Response { lease: Some(lease), ..Response::default() };
    let current = holder.mounted.engine.current(mount, tx, &holder.path, cx.now).await?;
    Ok(match current {
        Some(current) if current == found.held() => response,
        Some(current) if current.version != found.version => {
            response.warn(format!("The secret has changed: version {} is current.", current.version))
        }
        Some(_) => response.warn("The secret has changed."),
        None => response.warn("The secret is gone."),
    })
}

/// Stages a lease's new end, and what its engine has to do about it.
pub(crate) async fn lease(cx: &Cx<'_>, tx: &mut Tx, known: &Lease, increment: Duration) -> Result<Response> {
    let place = entry::place(tx.store(), &known.tail);
    let found = tx.get::<Lease>(&place).await?.filter(|it| it.is_active(cx.now));
    let mut lease = found.ok_or_else(not_found)?;
    if !lease.renewable {
        return Err(Error::invalid("lease is not renewable"));
    }
    let mounts = cx.open()?.mounts.checked(tx).await?;
    let (owner, _) = mounts.owner(&lease.path).ok_or_else(not_found)?;
    let limits = Limits::of(&owner.mount.config, cx.core.settings());
    let wanted = Wanted {
        ttl: if increment.is_zero() { lease.granted } else { increment },
        max_ttl: lease.max_ttl,
        ..Wanted::default()
    };
    // Rule 40: whatever is asked, not past the maximum from its making.
    let given = ttl::give(limits, wanted, lease.issued, cx.now)?;
    let before = lease.expires;
    lease.granted = given.ttl;
    lease.expires = cx.now.plus(given.ttl);
    lease.renewed = Some(cx.now);
    let shown = response::Lease { id: lease.id(), renewable: true, duration: given.ttl };
    let leasing = Leasing::Then(Effect::Extend { tail: lease.tail.clone(), before });
    // A later end is met by the sweeper at the earlier one.
    let looked_at = lease.filed.min(index::minute_after(lease.expires));
    finish::refile(tx, lease, looked_at)?;
    let mut response = Response { lease: Some(shown), leasing: Some(leasing), ..Response::default() };
    response.warnings.extend(given.warning);
    Ok(response)
}

pub(crate) fn not_found() -> Error {
    Error::invalid("lease not found")
}
