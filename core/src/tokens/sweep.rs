//! Purging what is dead: bounded, resumable, in the background.
//!
//! Nothing here decides who lives: what has ended was dead when it ended. The expiry index is walked from its
//! beginning up to now, so that neither start-up nor a call costs more than what is due. Each row's work is
//! one transaction that leaves the store whole; after a crash the same row is met again. A row that does not read
//! is passed by.
//!
//! A renewal does not touch the index. The sweeper meets the old row, sees that the token lives on, and
//! files it under its new minute.

use std::sync::Arc;

use super::{
    Selector, State, Token, Tokens,
    index::{self, Row},
    prefixes::{self, Entry, Phase, Prefixes},
    swept::{self, Swept},
};
use crate::{
    background::Pace,
    barrier::Class,
    clock::Timestamp,
    core::Unsealed,
    error::{Error, Result},
    leases,
    secrets::cubbyhole,
    storage::Priority,
    store::{Ordered, Store},
    tx::{Attempts, Tx},
};

/// Rows of the expiry index that one call reads, and transactions that it makes for them.
const ROWS: usize = 256;
/// Tokens without anything of their own that one transaction settles: each takes at most five operations of at most
/// a hundred.
const BARE: usize = 16;
/// Tokens that one transaction marks: each takes four operations of at most a hundred.
const MARKS: usize = 16;

/// Does a bounded part of what is due. Answers whether there may be more.
pub(crate) async fn sweep(open: &Arc<Unsealed>, now: Timestamp, mut pace: Pace) -> Result<bool> {
    let (tokens, store) = (&open.tokens, &open.store);
    // Whatever becomes of the one, the others are done.
    let or_none = |what: Result<bool>| match what {
        Err(error) if !matches!(error, Error::Sealed) => {
            tracing::warn!(%error, "some of what has ended could not be swept");
            Ok(false)
        }
        what => what,
    };
    let mut more = or_none(mark_next(tokens, store, now).await)?;
    more |= or_none(bury_replaced(store).await)?;
    let until = Some(index::end_of(index::minute(now)));
    let mut after = None;
    let mut steps = 0;
    loop {
        let due = store.legible::<Row>(Class::Expiry, index::expiries(store), after, until, ROWS).await?;
        if let Some(first) = due.rows.first() {
            pace.hurry_if_late(first.ordinal.number(), index::minute(now));
        }
        let mut left = Vec::new();
        for some in due.rows.chunks(BARE) {
            let rest = settle_bare(tokens, store, some, now).await?;
            steps += some.len() - rest.len();
            left.extend(rest);
            pace.rest().await;
        }
        for row in left {
            loop {
                match settle(tokens, store, row, now).await {
                    Err(error) if error.is_everywhere() => return Err(error),
                    Err(error) => {
                        tracing::warn!(%error, "a token that is due could not be looked at");
                        break;
                    }
                    Ok(done) => {
                        steps += 1;
                        pace.rest().await;
                        if steps >= ROWS {
                            return Ok(true);
                        }
                        if done {
                            break;
                        }
                    }
                }
            }
        }
        after = due.next;
        if after.is_none() || steps >= ROWS {
            return Ok(more || after.is_some());
        }
    }
}

/// Purges what is left of tokens whose ids were given away. Answers whether there may be more.
async fn bury_replaced(store: &Arc<Store>) -> Result<bool> {
    let dir = index::replaced(store);
    let mut after = None;
    let mut buried = 0;
    loop {
        let due = store.legible::<Token>(Class::Queue, dir, after, None, MARKS).await?;
        for old in &due.rows {
            match bury(store, old).await {
                Ok(()) => buried += 1,
                Err(error) if error.is_everywhere() => return Err(error),
                Err(error) => tracing::warn!(%error, "what a replaced token left could not be purged"),
            }
        }
        after = due.next;
        if after.is_none() || buried >= MARKS {
            return Ok(after.is_some());
        }
    }
}

async fn bury(store: &Arc<Store>, old: &Ordered<Token>) -> Result<()> {
    cubbyhole::purge(store, &old.value).await?;
    let mut attempts = Attempts::new(store, Priority::Background);
    loop {
        let mut tx = attempts.begin()?;
        tx.delete(&old.place);
        if attempts.commit(tx).await? {
            return Ok(());
        }
    }
}

/// Marks the next tokens and leases that a revoked prefix covers. Answers whether something was done and a prefix
/// is left.
///
/// One that fails goes behind the others. It is kept, so that what it covers is dead all the same.
pub(crate) async fn mark_next(tokens: &Tokens, store: &Arc<Store>, now: Timestamp) -> Result<bool> {
    let revoked = store.read::<Prefixes>(&prefixes::place(store)).await?;
    for _ in 0..revoked.map_or(0, |it| it.value.entries.len()) {
        match mark_first(tokens, store, now).await {
            Err(error) if error.is_everywhere() && !matches!(error, Error::Barrier(_)) => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "what a revoked prefix covers could not be marked");
                put_last(store).await?;
            }
            left => return left,
        }
    }
    Ok(false)
}

/// Puts the first of the revoked prefixes behind the others.
async fn put_last(store: &Arc<Store>) -> Result<()> {
    let mut attempts = Attempts::new(store, Priority::Background);
    loop {
        let mut tx = attempts.begin()?;
        let place = prefixes::place(store);
        let mut all = tx.get::<Prefixes>(&place).await?.unwrap_or_default();
        if all.entries.len() < 2 {
            return Ok(());
        }
        all.entries.rotate_left(1);
        tx.put(&place, &all)?;
        if attempts.commit(tx).await? {
            return Ok(());
        }
    }
}

async fn mark_first(tokens: &Tokens, store: &Arc<Store>, now: Timestamp) -> Result<bool> {
    let mut attempts = Attempts::new(store, Priority::Background);
    loop {
        let mut tx = attempts.begin()?;
        let place = prefixes::place(store);
        let mut all = tx.get::<Prefixes>(&place).await?.unwrap_or_default();
        let Some(entry) = all.entries.first_mut() else { return Ok(false) };
        let (finished, next) = match entry.phase.unwrap_or(Phase::Tokens) {
            Phase::Tokens => (mark_tokens(tokens, &mut tx, entry, now).await?, Some(Phase::Leases)),
            Phase::Leases => (leases::prefix::mark_next(&mut tx, entry, now).await?, Some(Phase::Holdings)),
            // In transactions of their own: what is gone is met no more.
            Phase::Holdings => (leases::prefix::forget_holdings(store, entry, ROWS).await?, None),
        };
        match (finished, next) {
            (false, _) => {}
            (true, Some(phase)) => (entry.phase, entry.done) = (Some(phase), None),
            (true, None) => {
                let entry = all.entries.remove(0);
                swept::keep(store, all.swept.get_or_insert_default(), Swept::of(&entry)).await?;
            }
        }
        tx.put(&place, &all)?;
        let left = !all.entries.is_empty();
        if attempts.commit(tx).await? {
            return Ok(left);
        }
    }
}

/// Marks the next tokens that `entry` covers, and moves it on. Answers whether that were all.
async fn mark_tokens(tokens: &Tokens, tx: &mut Tx, entry: &mut Entry, now: Timestamp) -> Result<bool> {
    let store = tx.store().clone();
    let dir = index::made_by(&store, entry.mount);
    let rows = store.ordered::<Row>(Class::TokenIndex, dir, entry.progress(), None, MARKS).await?;
    for row in &rows {
        let place = tokens.place(&store, row.value.selector());
        if let Some(token) = tx.get::<Token>(&place).await?
            && entry.covers(&token)
        {
            tokens.revoke(tx, token, now)?;
        }
    }
    entry.done = rows.last().map(|it| it.ordinal.0);
    Ok(rows.len() < MARKS)
}

/// Settles, in one transaction, those of some rows that ask for one step, as nearly all do. Answers the others.
async fn settle_bare<'r>(
    tokens: &Tokens,
    store: &Arc<Store>,
    rows: &'r [Ordered<Row>],
    now: Timestamp,
) -> Result<Vec<&'r Ordered<Row>>> {
    let mut attempts = Attempts::new(store, Priority::Background);
    let settled = async {
        loop {
            let mut tx = attempts.begin()?;
            let mut left = Vec::new();
            for row in rows {
                match is_bare(tokens, store, row, now).await? {
                    true => _ = stage(tokens, &mut tx, row, now).await?,
                    false => left.push(row),
                }
            }
            if attempts.commit(tx).await? {
                return Ok::<_, Error>(left);
            }
        }
    };
    match settled.await {
        Err(error) if error.is_everywhere() => Err(error),
        // One that does not read takes none of the others with it.
        Err(_) => Ok(rows.iter().collect()),
        settled => settled,
    }
}

/// Whether a row asks for one step: its token lives on or is gone, or is dead and has taken nothing out.
async fn is_bare(tokens: &Tokens, store: &Arc<Store>, row: &Ordered<Row>, now: Timestamp) -> Result<bool> {
    let selector = row.value.selector();
    let Some(token) = store.read::<Token>(&tokens.place(store, selector)).await? else { return Ok(true) };
    Ok(token.value.is_live(now)
        || store.is_empty(Class::Lease, leases::index::of_token(store, selector)).await?
            && store.is_empty(Class::TokenIndex, index::children(store, selector)).await?)
}

/// Does one step of what a row of the expiry index asks for. Answers whether that was the last one.
async fn settle(tokens: &Tokens, store: &Arc<Store>, row: &Ordered<Row>, now: Timestamp) -> Result<bool> {
    let mut attempts = Attempts::new(store, Priority::Background);
    loop {
        let mut tx = attempts.begin()?;
        let done = stage(tokens, &mut tx, row, now).await?;
        if attempts.commit(tx).await? {
            return Ok(done);
        }
    }
}

/// Stages one step, and answers whether it is the last one.
async fn stage(tokens: &Tokens, tx: &mut Tx, row: &Ordered<Row>, now: Timestamp) -> Result<bool> {
    let place = tokens.place(tx.store(), row.value.selector());
    match tx.get::<Token>(&place).await? {
        Some(token) if token.filed != Some(row.ordinal.number()) => tx.delete(&row.place),
        None => tx.delete(&row.place),
        Some(mut token) if token.is_live(now) => match token.expires {
            Some(expires) => tokens.refile(tx, &mut token, index::minute_after(expires))?,
            None => {
                token.filed = None;
                tx.delete(&row.place);
                tx.put(&place, &token)?;
            }
        },
        Some(token) => return purge(tokens, tx, &token, row, now).await,
    }
    Ok(true)
}

/// Stages the end of a dead token's rows, or, while it has children, the end of some of those.
async fn purge(
    tokens: &Tokens,
    tx: &mut Tx,
    token: &Token,
    row: &Ordered<Row>,
    now: Timestamp,
) -> Result<bool> {
    let store = tx.store().clone();
    let selector = Selector(token.selector);
    if leases::sweep::end_with_token(tx, selector, now).await? {
        return Ok(false);
    }
    let dir = index::children(&store, selector);
    let children = store.ordered::<Row>(Class::TokenIndex, dir, None, None, MARKS).await?;
    for child in &children {
        let place = tokens.place(&store, child.value.selector());
        tx.delete(&child.place);
        let Some(mut record) = tx.get::<Token>(&place).await? else { continue };
        if token.state == State::Released {
            record.parent = None;
            tx.put(&place, &record)?;
        } else {
            tokens.revoke(tx, record, now)?;
        }
    }
    if children.len() == MARKS {
        return Ok(false);
    }
    cubbyhole::purge(&store, token).await?;
    let place = tokens.place(&store, selector);
    tx.delete(&place);
    tx.delete(&row.place);
    let beside = [index::path(&store, token), index::child(&store, token)];
    beside.iter().flatten().for_each(|it| tx.delete(it));
    Ok(true)
}

#[cfg(test)]
mod tests;
