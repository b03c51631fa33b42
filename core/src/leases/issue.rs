//! Filing a lease that an engine hands out.

use super::{
    Effect, Lease, NewLease, Outside, State, entry, holding, id,
    index::{self, Ref},
    quota::{self, Quota},
};
use crate::{
    clock::Timestamp,
    dispatch::Cx,
    error::{Error, Result},
    response::{self, Response},
    tokens::{
        Token, TokenKind, prefixes,
        ttl::{self, Limits, Wanted},
    },
    tx::Tx,
};

/// A lease that is not active after so many minutes never will be: whoever was making it has given up.
const PATIENCE: u64 = 5;

/// Stages a lease, and answers what is to be done when it is committed.
pub(super) async fn file(
    cx: &Cx<'_>,
    tx: &mut Tx,
    response: &mut Response,
    new: NewLease,
) -> Result<Option<Effect>> {
    let mount = cx.mount()?;
    let limits = Limits::of(&mount.config, cx.core.settings());
    let wanted = Wanted { ttl: new.ttl, max_ttl: new.max_ttl, ..Wanted::default() };
    let given = ttl::give(limits, wanted, cx.now, cx.now)?;
    holding::still_there(cx.open()?, tx, mount).await?;
    let holder = holder(cx, tx).await?;
    let batch_ends = cx.caller.token().filter(|it| it.kind == TokenKind::Batch).and_then(|it| it.expires);
    let expires = cx.now.plus(given.ttl);
    let (state, looked_at) = match new.outside {
        Outside::Nothing => (State::Active, index::minute_after(expires)),
        Outside::Something => (State::Intended, index::minute(cx.now) + PATIENCE),
    };
    let mut lease = Lease {
        namespace: mount.namespace,
        mount: mount.id,
        path: cx.request.path.as_str().trim_end_matches('/').to_owned(),
        tail: id::tail()?,
        holder: holder.as_ref().map(|it| it.selector),
        holder_made: holder.as_ref().map_or(Timestamp::default(), |it| it.created),
        issued: cx.now,
        // Of a batch token nothing is stored that could end the lease with it, but its time is known.
        expires: batch_ends.map_or(expires, |it| it.min(expires)),
        granted: given.ttl,
        max_ttl: new.max_ttl,
        renewable: new.renewable && batch_ends.is_none(),
        renewed: None,
        state,
        epoch: prefixes::epoch(tx).await?,
        filed: looked_at,
        attempts: 0,
        force: false,
        data: new.data,
    };
    if state == State::Active {
        lease.filed = index::minute_after(lease.expires);
    }
    let quota = Quota { limit: cx.core.settings().max_leases, path: cx.request.path.as_str() };
    quota::take(tx, mount.root(), lease.row_tail(), &quota).await?;
    let store = tx.store().clone();
    let row = Ref::Lease { tail: lease.tail.clone() };
    tx.put(&index::expiry(&store, lease.filed, lease.row_tail()), &row)?;
    tx.put(&index::made(&store, &lease), &row)?;
    if let Some(holder) = lease.holder() {
        tx.put(&index::token(&store, holder, lease.ordinal()), &row)?;
    }
    tx.put(&entry::place(&store, &lease.tail), &lease)?;
    response.warnings.extend(given.warning);
    response.lease = Some(response::Lease {
        id: lease.id(),
        renewable: lease.renewable,
        duration: lease.expires.since(cx.now),
    });
    Ok((state == State::Intended).then_some(Effect::Issue { tail: lease.tail }))
}

/// The token that takes the lease out, as it is at the commit. Rule 41: it cannot be revoked in between.
async fn holder(cx: &Cx<'_>, tx: &mut Tx) -> Result<Option<Token>> {
    let Some(token) = cx.caller.token() else { return Ok(None) };
    let Some(selector) = token.selector() else { return Ok(None) };
    let place = cx.open()?.tokens.place(tx.store(), selector);
    let current = tx.get::<Token>(&place).await?;
    let stands = |it: &Token| it.created == token.created && it.is_live_but_for_uses(cx.now);
    current.filter(stands).map(Some).ok_or(Error::Denied)
}
