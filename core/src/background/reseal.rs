//! Re-encryption: rows under older terms are written again under the active one, in the order of their keys.
//!
//! Only where it was is remembered, and only in memory: after a restart it begins anew, and passes quickly
//! over what has been done. When a pass over the whole store has met no row of an older term, those terms
//! leave the keyring.

use std::{sync::Arc, time::Duration};

use super::Next;
use crate::{
    barrier::Class,
    clock::Timestamp,
    core::{Core, Unsealed},
    error::{Error, Result},
    integrity::namespace,
    storage::{Batch, Expect, MAX_BATCH_BYTES, MAX_BATCH_OPS, Op, Priority, RowKey, StorageError},
};

/// Rows looked at in one step; fewer in tests, so that a step ends before the rows do.
const LOOKED_AT: usize = if cfg!(test) { 256 } else { 4_096 };
const PAGE: usize = 256;
/// A check and a put for each row.
const ROWS_IN_BATCH: usize = MAX_BATCH_OPS / 2;

/// A term leaves the keyring only so long after its successor came: a request that sealed a row under it just
/// before may commit later, but has long been given up by then.
const RETIRE_AFTER: Duration = Duration::from_secs(3600);

/// Where a pass is.
#[derive(Default)]
pub(super) struct Place {
    pass: Option<Walk>,
}

struct Walk {
    after: Option<RowKey>,
    since: Timestamp,
    /// The active term when it began.
    term: u32,
    /// It has met nothing under an older term.
    clean: bool,
}

/// Looks at the next rows.
pub(super) async fn step(
    core: &Core,
    open: &Arc<Unsealed>,
    now: Timestamp,
    place: &mut Place,
) -> Result<Next> {
    let status = core.term_status(open);
    if status.oldest == status.term {
        place.pass = None;
        return Ok(Next::Later);
    }
    let begin = || Walk { after: None, since: now, term: status.term, clean: true };
    if place.pass.as_ref().is_some_and(|it| it.term != status.term) {
        place.pass = None;
    }
    let walk = place.pass.get_or_insert_with(begin);
    let mut snapshot = core.storage().snapshot().await?;
    if let Some(after) = walk.after {
        snapshot.seek(after);
    }
    let mut looked_at = 0;
    while looked_at < LOOKED_AT {
        let rows = match snapshot.next(PAGE).await {
            // The snapshot was ended in favour of somebody who could not wait.
            Err(StorageError::Busy) => return Ok(Next::Soon),
            rows => rows?,
        };
        let Some(last) = rows.last().map(|it| it.key) else {
            let quiet = walk.since.since(status.installed) >= RETIRE_AFTER;
            let (clean, term) = (walk.clean, walk.term);
            place.pass = None;
            if clean && quiet {
                core.retire_terms(term).await?;
            }
            return Ok(Next::Later);
        };
        looked_at += rows.len();
        let mut batch = Batch { priority: Priority::Background, ..Batch::default() };
        for row in rows {
            let Some(class) = row.key.0.first().copied().and_then(Class::from_id) else { continue };
            if class == Class::Core {
                continue;
            }
            let sealed = open.store.barrier.reseal(class, namespace(class), &row.key, &row.name, &row.value);
            match sealed {
                Ok(None) => {}
                Ok(Some((name, value))) => {
                    walk.clean = false;
                    let size = name.len() + value.len();
                    if batch.ops.len() / 2 >= ROWS_IN_BATCH || batch.size() + size + 128 > MAX_BATCH_BYTES {
                        commit(open, std::mem::take(&mut batch)).await?;
                        batch.priority = Priority::Background;
                    }
                    batch.ops.push(Op::Check { key: row.key, expect: Expect::At(row.rev) });
                    batch.ops.push(Op::Put { key: row.key, name, value });
                }
                Err(_) => {
                    // Its term stays, whatever it is: perhaps somebody can still mend it.
                    walk.clean = false;
                    tracing::error!(class = ?class, "a row does not open and was not encrypted again");
                }
            }
        }
        if !batch.ops.is_empty() {
            commit(open, batch).await?;
        }
        walk.after = Some(last);
        tokio::task::yield_now().await;
    }
    Ok(Next::Soon)
}

/// A row that somebody else has written meanwhile is under the active term already, or the next pass finds it.
async fn commit(open: &Arc<Unsealed>, batch: Batch) -> Result<()> {
    match open.store.commit(batch)?.await.map_err(Error::from) {
        Ok(_) | Err(Error::Busy) => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        barrier::{Record, Root},
        integrity::FaultKind,
        testing::TestCore,
        tx::Attempts,
    };

    #[derive(minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
    struct Number {
        #[n(0)]
        number: u64,
    }

    impl Record for Number {}

    const MANY: u64 = 700;

    async fn write_many(open: &Arc<Unsealed>) {
        let mut numbers = (0..MANY).peekable();
        while numbers.peek().is_some() {
            let mut tx = Attempts::new(&open.store, Priority::Interactive).begin().unwrap();
            for number in numbers.by_ref().take(90) {
                let place = open.store.place(Class::Config, Root::internal(99), &format!("n/{number}"));
                tx.put(&place, &Number { number }).unwrap();
            }
            tx.commit().await.unwrap();
        }
    }

    async fn under(test: &TestCore, term: u32) -> u64 {
        let report = crate::integrity::fsck(&test.core).await.unwrap();
        // The rows that this test writes are none that the product has.
        let faults: Vec<_> = report.faults.keys().filter(|it| it.kind != FaultKind::Mistyped).collect();
        assert!(faults.is_empty(), "{faults:?}");
        report.terms.get(&term).copied().unwrap_or_default()
    }

    // Rule 9: cut short anywhere, re-encryption goes on where rows are left.
    #[tokio::test]
    async fn what_was_interrupted_is_finished_after_the_next_unseal() {
        let test = TestCore::new().await;
        write_many(&test.core.unsealed().unwrap()).await;
        test.core.rotate().await.unwrap();
        let all = under(&test, 1).await;

        let (mut place, now) = (Place::default(), test.core.now());
        let open = test.core.unsealed().unwrap();
        assert_eq!(step(&test.core, &open, now, &mut place).await.unwrap(), Next::Soon);
        let left = under(&test, 1).await;
        assert!(left > 0 && left < all, "{left} of {all}");
        drop((open, place));

        test.core.seal_now();
        test.unseal().await;
        let open = test.core.unsealed().unwrap();
        let mut place = Place::default();
        while step(&test.core, &open, now, &mut place).await.unwrap() == Next::Soon {}
        assert_eq!((under(&test, 1).await, under(&test, 2).await), (0, all));

        // Retired only once no request can hold a row of the old term.
        while step(&test.core, &open, now, &mut place).await.unwrap() == Next::Soon {}
        assert_eq!(test.core.term_status(&open).oldest, 1);
        let later = now.plus(RETIRE_AFTER);
        while step(&test.core, &open, later, &mut place).await.unwrap() == Next::Soon {}
        assert_eq!(test.core.term_status(&open).oldest, 2);
        let place = open.store.place(Class::Config, Root::internal(99), "n/77");
        assert_eq!(open.store.read::<Number>(&place).await.unwrap().unwrap().value.number, 77);
    }
}
