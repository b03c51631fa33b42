//! Purging what is dead: bounded, resumable, in the background.
//!
//! Nothing here decides who lives: what has ended was dead when it ended. The expiry index is walked from its
//! beginning up to now, so that neither start-up nor a call costs more than what is due. Each row's work is
//! one transaction that leaves the store whole; after a crash the same row is met again.
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
    barrier::Class,
    clock::Timestamp,
    error::Result,
    leases,
    secrets::cubbyhole,
    storage::Priority,
    store::{Ordered, Store},
    tx::{Attempts, Tx},
};

/// Rows of the expiry index that one call reads, and transactions that it makes for them.
const ROWS: usize = 256;
/// Tokens that one transaction marks: each takes four operations of at most a hundred.
const MARKS: usize = 16;

/// Does a bounded part of what is due. Answers whether there may be more.
pub(crate) async fn sweep(tokens: &Tokens, store: &Arc<Store>, now: Timestamp) -> Result<bool> {
    let mut more = match store.read::<Prefixes>(&prefixes::place(store)).await? {
        Some(found) if !found.value.entries.is_empty() => mark_next(tokens, store, now).await?,
        _ => false,
    };
    more |= bury_replaced(store).await?;
    let until = Some(index::end_of(index::minute(now)));
    let due = store.ordered::<Row>(Class::Expiry, index::expiries(store), None, until, ROWS).await?;
    more |= due.len() == ROWS;
    let mut steps = 0;
    for row in due {
        let mut done = false;
        while !done {
            if steps == ROWS {
                return Ok(true);
            }
            steps += 1;
            done = settle(tokens, store, &row, now).await?;
        }
    }
    Ok(more)
}

/// Purges what is left of tokens whose ids were given away. Answers whether there may be more.
async fn bury_replaced(store: &Arc<Store>) -> Result<bool> {
    let dir = index::replaced(store);
    let due = store.ordered::<Token>(Class::Queue, dir, None, None, MARKS).await?;
    for old in &due {
        cubbyhole::purge(store, &old.value).await?;
        let mut attempts = Attempts::new(store, Priority::Background);
        loop {
            let mut tx = attempts.begin()?;
            tx.delete(&old.place);
            if attempts.commit(tx).await? {
                break;
            }
        }
    }
    Ok(due.len() == MARKS)
}

/// Marks the next tokens and leases that a revoked prefix covers. Answers whether a prefix is left.
pub(crate) async fn mark_next(tokens: &Tokens, store: &Arc<Store>, now: Timestamp) -> Result<bool> {
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

/// Does one step of what a row of the expiry index asks for. Answers whether that was the last one.
async fn settle(tokens: &Tokens, store: &Arc<Store>, row: &Ordered<Row>, now: Timestamp) -> Result<bool> {
    let selector = row.value.selector();
    let mut attempts = Attempts::new(store, Priority::Background);
    loop {
        let mut tx = attempts.begin()?;
        let place = tokens.place(store, selector);
        let done = match tx.get::<Token>(&place).await? {
            Some(token) if token.filed != Some(row.ordinal.number()) => {
                tx.delete(&row.place);
                true
            }
            None => {
                tx.delete(&row.place);
                true
            }
            Some(mut token) if token.is_live(now) => {
                match token.expires {
                    Some(expires) => tokens.refile(&mut tx, &mut token, index::minute_after(expires))?,
                    None => {
                        token.filed = None;
                        tx.delete(&row.place);
                        tx.put(&place, &token)?;
                    }
                }
                true
            }
            Some(token) => purge(tokens, &mut tx, &token, row, now).await?,
        };
        if attempts.commit(tx).await? {
            return Ok(done);
        }
    }
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
