//! What is due: bounded, resumable, in the background.
//!
//! Nothing here decides who lives. The expiry index is walked from its beginning up to now; a renewal does not
//! touch it, so that a row may be met whose lease has got more time, and is filed again. What failed has been
//! filed for later, so that it never stands in the way of what did not.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{StreamExt as _, stream};

use super::{
    Lease, State, entry, finish,
    holding::{Holding, Site},
    index::{self, Ref},
};
use crate::{
    background::Pace,
    barrier::{Class, Root},
    clock::Timestamp,
    core::Unsealed,
    error::Result,
    ids::MountId,
    mounts::MountClass,
    storage::Priority,
    store::{Ordered, PAGE, Store},
    tokens::{self, Selector, prefixes, prefixes::Force},
    tx::{Attempts, Tx},
};

/// Rows of the expiry index that one call reads.
const ROWS: usize = 256;
/// Engines that are asked at the same time: one that does not answer shall not hold up the others.
const AT_ONCE: usize = 16;
/// How long an engine may take: whatever else is due waits for it.
const DEADLINE: Duration = Duration::from_secs(10);
/// Holdings that one transaction ends: each takes at most nine operations of at most a hundred.
const HOLDINGS: usize = 10;
const NOT_LOOKED_AT: &str = "a lease that is due could not be looked at";
/// What one transaction ends of a token: each takes at most nine operations of at most a hundred.
const MARKS: usize = 8;

/// Does a bounded part of what is due. Answers whether there may be more.
pub(crate) async fn sweep(open: &Arc<Unsealed>, now: Timestamp, mut pace: Pace) -> Result<bool> {
    let store = &open.store;
    let until = Some(index::end_of(index::minute(now)));
    let troubled = Troubled::default();
    let mut after = None;
    let mut done = 0;
    // Rows that do not read must not keep the others waiting: they are passed by, however many they are.
    loop {
        let due = store.legible::<Ref>(Class::Expiry, index::expiries(store), after, until, ROWS).await?;
        if let Some(first) = due.rows.first() {
            pace.hurry_if_late(first.ordinal.number(), index::minute(now));
        }
        let (leases, holdings): (Vec<_>, Vec<_>) =
            due.rows.into_iter().partition(|it| matches!(it.value, Ref::Lease { .. }));
        let mut settled = stream::iter(leases)
            .map(async |row| settle(open, &row, &troubled, now).await)
            .buffer_unordered(AT_ONCE);
        let mut failed = None;
        while let Some(outcome) = settled.next().await {
            match outcome {
                Ok(()) => done += 1,
                // What has begun comes to its end.
                Err(error) if error.is_everywhere() => failed = Some(error),
                Err(error) => tracing::warn!(%error, "{NOT_LOOKED_AT}"),
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        // One transaction after the other: very many holdings may end in the same minute, and whoever reads
        // meanwhile comes first.
        for some in holdings.chunks(HOLDINGS) {
            done += settle_holdings(store, some, now).await?;
            pace.rest().await;
        }
        after = due.next;
        if after.is_none() || done >= ROWS {
            return Ok(after.is_some());
        }
    }
}

/// Mounts whose engines have failed in this sweep. One that does not answer shall not hold up everything that is
/// to be done in the background: after a few attempts the rest of its leases is put off.
#[derive(Default)]
struct Troubled(Mutex<BTreeMap<MountId, usize>>);

impl Troubled {
    /// Engines are not given up for one lease that cannot be revoked.
    const ATTEMPTS: usize = 3;

    fn has(&self, mount: MountId) -> bool {
        self.failures().get(&mount).is_some_and(|it| *it >= Self::ATTEMPTS)
    }

    fn failed(&self, mount: MountId) {
        *self.failures().entry(mount).or_default() += 1;
    }

    fn failures(&self) -> MutexGuard<'_, BTreeMap<MountId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn settle(open: &Arc<Unsealed>, row: &Ordered<Ref>, troubled: &Troubled, now: Timestamp) -> Result<()> {
    let Ref::Lease { tail } = &row.value else { return Ok(()) };
    let Some(mount) = is_over(&open.store, row, tail, now).await? else { return Ok(()) };
    let outcome = match troubled.has(mount) {
        true => finish::put_off(open, tail, now).await?,
        false => finish::finish(open, tail, DEADLINE, now).await?,
    };
    if let finish::Outcome::Failed(_) = outcome {
        troubled.failed(mount);
    }
    Ok(())
}

/// The mount of the lease behind a row, if it has to be revoked now. It is marked if that was not done before.
async fn is_over(
    store: &Arc<Store>,
    row: &Ordered<Ref>,
    tail: &str,
    now: Timestamp,
) -> Result<Option<MountId>> {
    let mut attempts = Attempts::new(store, Priority::Background);
    loop {
        let mut tx = attempts.begin()?;
        let over = match tx.get::<Lease>(&entry::place(store, tail)).await? {
            Some(lease) if lease.filed == row.ordinal.number() => match lease.state {
                State::Revoked => return Ok(Some(lease.mount)),
                State::Active if now < lease.expires => {
                    let minute = index::minute_after(lease.expires);
                    finish::refile(&mut tx, lease, minute)?;
                    None
                }
                // Its time is over, or it was never finished: whoever was making it has crashed.
                State::Active | State::Intended => {
                    let mount = lease.mount;
                    finish::mark(&mut tx, lease, Force::No, now)?;
                    Some(mount)
                }
            },
            _ => {
                tx.delete(&row.place);
                None
            }
        };
        if attempts.commit(tx).await? {
            return Ok(over);
        }
    }
}

/// Settles some holdings, and answers how many. One that does not read takes none of the others with it.
async fn settle_holdings(store: &Arc<Store>, rows: &[Ordered<Ref>], now: Timestamp) -> Result<usize> {
    match settle_together(store, rows, now).await {
        Err(error) if !error.is_everywhere() => {}
        settled => return settled.map(|()| rows.len()),
    }
    let mut done = 0;
    for row in rows.chunks(1) {
        match settle_together(store, row, now).await {
            Ok(()) => done += 1,
            Err(error) if error.is_everywhere() => return Err(error),
            Err(error) => tracing::warn!(%error, "{NOT_LOOKED_AT}"),
        }
    }
    Ok(done)
}

async fn settle_together(store: &Arc<Store>, rows: &[Ordered<Ref>], now: Timestamp) -> Result<()> {
    let mut attempts = Attempts::new(store, Priority::Background);
    loop {
        let mut tx = attempts.begin()?;
        let mut ended: Vec<(Root, &str)> = Vec::with_capacity(rows.len());
        for row in rows {
            let Ref::Holding { namespace, mount, path, holder } = &row.value else { continue };
            let root = Root { namespace: *namespace, mount: *mount };
            let site = Site { root, path, holder: Selector(*holder) };
            let place = site.place(store);
            match tx.get::<Holding>(&place).await? {
                Some(mut holding) if is_row_of(row, &holding) => match now < holding.expires {
                    true => {
                        holding.filed = index::minute_after(holding.expires);
                        tx.delete(&row.place);
                        tx.put(&index::expiry(store, holding.filed, holding.row_tail()), &row.value)?;
                        tx.put(&place, &holding)?;
                    }
                    false => {
                        let beside = ended.iter().filter(|it| **it == (root, path.as_str())).count();
                        site.forget_besides(&mut tx, &holding, beside).await?;
                        ended.push((root, path));
                    }
                },
                _ => tx.delete(&row.place),
            }
        }
        if attempts.commit(tx).await? {
            return Ok(());
        }
    }
}

fn is_row_of(row: &Ordered<Ref>, holding: &Holding) -> bool {
    row.ordinal == crate::barrier::Ordinal::new(holding.filed, holding.row_tail())
}

/// Stages the end of some of what a dead token has taken out. Answers whether there was anything: then it is
/// to be asked again, before the token is forgotten.
pub(crate) async fn end_with_token(tx: &mut Tx, holder: Selector, now: Timestamp) -> Result<bool> {
    let store = tx.store().clone();
    let dir = index::of_token(&store, holder);
    let rows = store.ordered::<Ref>(Class::Lease, dir, None, None, MARKS).await?;
    for row in &rows {
        tx.delete(&row.place);
        match &row.value {
            Ref::Lease { tail } => {
                if let Some(lease) = tx.get::<Lease>(&entry::place(&store, tail)).await? {
                    finish::mark(tx, lease, Force::No, now)?;
                }
            }
            Ref::Holding { namespace, mount, path, holder } => {
                let root = Root { namespace: *namespace, mount: *mount };
                let site = Site { root, path, holder: Selector(*holder) };
                if let Some(holding) = tx.get::<Holding>(&site.place(&store)).await? {
                    site.forget(tx, &holding).await?;
                }
            }
        }
    }
    Ok(!rows.is_empty())
}

/// Does everything that is due because a prefix was revoked, for a caller who waits for it. Answers how many
/// leases below the prefix could not be revoked.
pub(crate) async fn finish_below(open: &Arc<Unsealed>, prefix: &str, now: Timestamp) -> Result<usize> {
    while tokens::sweep::mark_next(&open.tokens, &open.store, now).await? {}
    while sweep(open, now, Pace::hurried()).await? {}
    let table = open.mounts.current(&open.store).await?;
    let mut left = 0;
    for mount in [MountClass::Auth, MountClass::Secret].into_iter().flat_map(|it| table.all(it)) {
        let full = mount.full_path();
        if prefixes::is_below(prefix, &full) || prefixes::is_below(&full, prefix) {
            left += failed_below(&open.store, index::made_by(&open.store, mount.id), prefix).await?;
        }
    }
    Ok(left)
}

async fn failed_below(store: &Store, dir: crate::barrier::Dir, prefix: &str) -> Result<usize> {
    let mut number = 0;
    let mut after = None;
    loop {
        let rows = store.ordered::<Ref>(Class::Lease, dir, after, None, PAGE).await?;
        after = rows.last().map(|it| it.ordinal);
        for row in &rows {
            let Ref::Lease { tail } = &row.value else { continue };
            let Some(lease) = store.read::<Lease>(&entry::place(store, tail)).await? else { continue };
            let lease = lease.value;
            let has_failed = lease.state == State::Revoked && lease.attempts > 0;
            number += usize::from(has_failed && prefixes::is_below(&lease.path, prefix));
        }
        if rows.len() < PAGE {
            return Ok(number);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test")]

    use bytes::Bytes;
    use serde_json::json;

    use super::*;
    use crate::{
        request::Operation,
        storage::{Batch, Op},
        testing::{Ask, TestCore},
    };

    // Rule 91
    #[tokio::test]
    async fn rows_that_do_not_read_are_passed_by() {
        let test = TestCore::new().await;
        let open = test.core.unsealed().unwrap();
        let token = test.token_with("path \"secret/*\" { capabilities = [\"read\"] }").await;
        for name in ["a", "b", "c"] {
            let path = format!("secret/data/{name}");
            test.write(&path, json!({ "data": { "a": "b" } })).await.unwrap();
            let lease_ttl = Some(Duration::from_secs(600));
            test.ask(Ask { token: &token, lease_ttl, ..Ask::new(Operation::Read, &path) }).await.unwrap();
        }
        let rows = async || {
            let dir = index::expiries(&open.store).key(Class::Expiry);
            let scan = crate::storage::Scan { dir, after: None, until: None, limit: PAGE, values: false };
            test.core.storage().scan(scan).await.unwrap()
        };
        let found = rows().await;
        assert_eq!(found.len(), 3);
        let ops = vec![Op::Put {
            key: found.first().unwrap().key,
            name: Bytes::new(),
            value: Bytes::from_static(&[0x5a; 100]),
        }];
        test.core.storage().commit(Batch { ops, ..Batch::default() }).await.unwrap();
        test.clock.advance(Duration::from_secs(3600));
        while sweep(&open, test.core.now(), Pace::hurried()).await.unwrap() {}
        assert_eq!(rows().await.len(), 1, "the one that does not read");
    }

    /// Rows of a class, whatever they are.
    async fn rows_of(test: &TestCore, class: Class) -> usize {
        let mut snapshot = test.core.storage().snapshot().await.unwrap();
        let rows = snapshot.next(10_000).await.unwrap();
        rows.iter().filter(|it| it.key.0.first() == Some(&class.id())).count()
    }

    #[tokio::test]
    async fn holdings_that_end_together_leave_no_row_behind() {
        let test = TestCore::new().await;
        let open = test.core.unsealed().unwrap();
        let paths = ["secret/data/a", "secret/data/b/c"];
        for path in paths {
            test.write(path, json!({ "data": { "a": "b" } })).await.unwrap();
        }
        let before = [rows_of(&test, Class::Holding).await, rows_of(&test, Class::Lease).await];
        let holders = HOLDINGS * 2 + 3;
        for _ in 0..holders {
            let token = test.token_with("path \"secret/*\" { capabilities = [\"read\"] }").await;
            for path in paths {
                let lease_ttl = Some(Duration::from_secs(600));
                let ask = Ask { token: &token, lease_ttl, ..Ask::new(Operation::Read, path) };
                test.ask(ask).await.unwrap();
            }
        }
        // With the folders of `a`, of `b`, of `b/c`.
        assert!(rows_of(&test, Class::Holding).await >= holders * 2 + 3);
        test.clock.advance(Duration::from_secs(3600));
        while sweep(&open, test.core.now(), Pace::hurried()).await.unwrap() {}
        while crate::tree::burial::run_due(&open.store).await.unwrap() {}
        assert_eq!([rows_of(&test, Class::Holding).await, rows_of(&test, Class::Lease).await], before);
    }
}
