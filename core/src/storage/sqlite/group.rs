//! One physical commit: many batches in one transaction of SQLite.
//!
//! Each batch's checks are made against the state that the batches before it have left, and all of them
//! before its first change: a batch whose check fails has changed nothing, and the others go on.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use bytes::Bytes;
use foldhash::fast::RandomState;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use super::{error::Failure, schema::INLINE};
use crate::storage::{
    Batch, Change, CommitError, HeadRow, Op, Record, Rev, RowKey, Unwitnessed, Witness, cache::Cache,
};

/// Commits the batches together and answers for each what became of it. A failure is everyone's: nothing of
/// any batch was changed.
pub(super) fn commit(
    conn: &mut Connection,
    cache: &Cache,
    batches: &[&Batch],
    witness: Option<&Arc<dyn Witness>>,
) -> Result<Vec<Result<Rev, CommitError>>, Failure> {
    let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut group = Group::new(&transaction, cache, witness.is_some())?;
    let mut answers = Vec::with_capacity(batches.len());
    for batch in batches {
        answers.push(group.apply(batch)?);
    }
    if answers.iter().all(Result::is_err) {
        // Nothing was changed: no head, and nothing to wait for.
        return Ok(answers);
    }
    let mut verdict = Verdict { witness, committed: false };
    let head = verdict.advance(&group.changes)?;
    let rows = group.finish(head)?;
    seal(transaction, cache, &rows)?;
    verdict.committed = true;
    Ok(answers)
}

/// Makes the transaction durable, then visible in memory.
fn seal(transaction: Transaction<'_>, cache: &Cache, rows: &Rows) -> Result<(), Failure> {
    let changed = || rows.iter().filter(|(_, slot)| slot.changed);
    let mut marks = Marks { cache, keys: changed().map(|(key, _)| *key).collect(), published: false };
    cache.mark(marks.keys.iter());
    transaction.commit()?;
    for (key, slot) in changed() {
        cache.publish(key, slot.row.as_ref().map(Stored::record).as_ref());
    }
    marks.published = true;
    Ok(())
}

/// What this physical commit has looked at or changed, as it stands now.
type Rows = HashMap<RowKey, Slot, RandomState>;

#[derive(Default)]
struct Slot {
    row: Option<Stored>,
    changed: bool,
}

struct Stored {
    rev: Rev,
    /// Where a long value lies.
    big: Option<i64>,
    /// Not loaded if long, or if nobody asks for it.
    value: Option<Bytes>,
}

impl Stored {
    /// As the cache has the row; nothing if it is long, for where it lies is known to the medium alone. Only this thread
    /// changes rows, and the cache shows what it has committed.
    fn of(row: Option<Record>) -> Option<Option<Self>> {
        match row {
            None => Some(None),
            Some(it) if it.value.len() <= INLINE => {
                Some(Some(Self { rev: it.rev, big: None, value: Some(it.value) }))
            }
            Some(_) => None,
        }
    }

    fn record(&self) -> Record {
        Record { value: self.value.clone().unwrap_or_default(), rev: self.rev }
    }
}

struct Changed {
    key: RowKey,
    old: Option<Bytes>,
    new: Option<Bytes>,
}

struct Group<'a> {
    conn: &'a Connection,
    cache: &'a Cache,
    /// The last revision given out.
    rev: u64,
    rows: Rows,
    /// Kept only for a witness.
    changes: Vec<Changed>,
    witnessed: bool,
}

impl<'a> Group<'a> {
    fn new(conn: &'a Connection, cache: &'a Cache, witnessed: bool) -> Result<Self, Failure> {
        let rev: i64 =
            conn.prepare_cached("SELECT rev FROM meta WHERE id = 1")?.query_row([], |it| it.get(0))?;
        let rev = u64::try_from(rev).map_err(|_| Failure::Damaged("the last revision is negative"))?;
        Ok(Self { conn, cache, rev, rows: Rows::default(), changes: Vec::new(), witnessed })
    }

    fn apply(&mut self, batch: &Batch) -> Result<Result<Rev, CommitError>, Failure> {
        for op in &batch.ops {
            if let Op::Check { key, expect } = op {
                let rev = self.slot(key)?.row.as_ref().map(|it| it.rev);
                if !expect.holds(rev) {
                    return Ok(Err(CommitError::Conflict));
                }
            }
        }
        // The column is signed.
        let next = self.rev.checked_add(1).filter(|it| i64::try_from(*it).is_ok());
        self.rev = next.ok_or(Failure::Exhausted)?;
        for op in &batch.ops {
            match op {
                Op::Check { .. } => {}
                Op::Put { key, name, value } => self.change(key, Some((name, value)))?,
                Op::Delete { key } => self.change(key, None)?,
            }
        }
        Ok(Ok(Rev(self.rev)))
    }

    /// The row as the batches so far have left it.
    fn slot(&mut self, key: &RowKey) -> Result<&mut Slot, Failure> {
        match self.rows.entry(*key) {
            Entry::Occupied(slot) => Ok(slot.into_mut()),
            Entry::Vacant(slot) => {
                let row = match self.cache.peek(key).and_then(Stored::of) {
                    Some(row) => row,
                    None => load(self.conn, key, self.witnessed)?,
                };
                Ok(slot.insert(Slot { row, changed: false }))
            }
        }
    }

    fn change(&mut self, key: &RowKey, new: Option<(&Bytes, &Bytes)>) -> Result<(), Failure> {
        let (conn, rev, witnessed) = (self.conn, Rev(self.rev), self.witnessed);
        let slot = self.slot(key)?;
        let old = slot.row.take();
        let value = new.map(|(_, value)| value.clone());
        if old.is_none() && new.is_none() {
            return Ok(());
        }
        slot.changed = true;
        let was_big = old.as_ref().and_then(|it| it.big);
        let before = match &old {
            Some(Stored { value: None, big: Some(id), .. }) if witnessed => Some(load_big(conn, *id)?),
            Some(old) => old.value.clone(),
            None => None,
        };
        match new {
            Some((name, value)) => {
                let big = store_big(conn, was_big, value)?;
                let inline = big.is_none().then_some(&**value);
                store(conn, old.is_some(), (key, rev, name, inline, big))?;
                slot.row = Some(Stored { rev, big, value: Some(value.clone()) });
            }
            None => {
                store_big(conn, was_big, &[])?;
                conn.prepare_cached("DELETE FROM rows WHERE key = ?1")?.execute([key.0.as_slice()])?;
            }
        }
        if witnessed {
            self.changes.push(Changed { key: *key, old: before, new: value });
        }
        Ok(())
    }

    /// Writes the head and the last revision: the end of the transaction.
    fn finish(mut self, head: Option<HeadRow>) -> Result<Rows, Failure> {
        if let Some(HeadRow { key, value }) = head {
            self.witnessed = false;
            self.change(&key, Some((&Bytes::new(), &value)))?;
        }
        let rev = i64::try_from(self.rev).map_err(|_| Failure::Exhausted)?;
        self.conn.prepare_cached("UPDATE meta SET rev = ?1 WHERE id = 1")?.execute([rev])?;
        Ok(self.rows)
    }
}

fn load(conn: &Connection, key: &RowKey, value: bool) -> Result<Option<Stored>, Failure> {
    let mut statement = conn.prepare_cached("SELECT rev, big, value FROM rows WHERE key = ?1")?;
    let mut rows = statement.query([key.0.as_slice()])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let rev: i64 = row.get(0)?;
    let rev = u64::try_from(rev).map_err(|_| Failure::Damaged("a revision is not a positive number"))?;
    let big: Option<i64> = row.get(1)?;
    let value = if value && big.is_none() {
        let bytes = row.get_ref(2)?.as_blob().map_err(|_| Failure::Damaged("a row has no value"))?;
        Some(Bytes::copy_from_slice(bytes))
    } else {
        None
    };
    Ok(Some(Stored { rev: Rev(rev), big, value }))
}

fn load_big(conn: &Connection, id: i64) -> Result<Bytes, Failure> {
    let mut statement = conn.prepare_cached("SELECT value FROM big WHERE id = ?1")?;
    let value: Option<Vec<u8>> = statement.query_row([id], |it| it.get(0)).optional()?;
    value.map(Bytes::from).ok_or(Failure::Damaged("a row has no value"))
}

/// Puts a long value where the row's long value was, if it had one: a value of the same length, such as the
/// head's, overwrites its own pages. Answers where it lies; nowhere if it is not long.
fn store_big(conn: &Connection, was: Option<i64>, value: &[u8]) -> Result<Option<i64>, Failure> {
    let is_long = value.len() > INLINE;
    match (was, is_long) {
        (None, false) => Ok(None),
        (None, true) => {
            Ok(Some(conn.prepare_cached("INSERT INTO big (value) VALUES (?1)")?.insert([value])?))
        }
        (Some(id), false) => {
            conn.prepare_cached("DELETE FROM big WHERE id = ?1")?.execute([id])?;
            Ok(None)
        }
        (Some(id), true) => {
            let mut statement = conn.prepare_cached("UPDATE big SET value = ?2 WHERE id = ?1")?;
            found_one(statement.execute((id, value))?)?;
            Ok(Some(id))
        }
    }
}

/// A row that is not there yet.
pub(super) fn insert(
    conn: &Connection,
    key: &RowKey,
    rev: Rev,
    name: &[u8],
    value: &[u8],
) -> Result<(), Failure> {
    let big = store_big(conn, None, value)?;
    let inline = big.is_none().then_some(value);
    store(conn, false, (key, rev, name, inline, big))
}

type Columns<'a> = (&'a RowKey, Rev, &'a [u8], Option<&'a [u8]>, Option<i64>);

fn store(conn: &Connection, exists: bool, (key, rev, name, inline, big): Columns<'_>) -> Result<(), Failure> {
    const INSERT: &str = "INSERT INTO rows (key, rev, name, value, big) VALUES (?1, ?2, ?3, ?4, ?5)";
    const UPDATE: &str = "UPDATE rows SET rev = ?2, name = ?3, value = ?4, big = ?5 WHERE key = ?1";
    let rev = i64::try_from(rev.0).map_err(|_| Failure::Exhausted)?;
    let mut statement = conn.prepare_cached(if exists { UPDATE } else { INSERT })?;
    found_one(statement.execute((key.0.as_slice(), rev, name, inline, big))?)
}

fn found_one(rows: usize) -> Result<(), Failure> {
    if rows == 1 { Ok(()) } else { Err(Failure::Damaged("a row is not where it was found")) }
}

/// Tells the witness how it ended, also if a write fails or something panics in between.
struct Verdict<'a> {
    witness: Option<&'a Arc<dyn Witness>>,
    committed: bool,
}

impl Verdict<'_> {
    /// Nothing if there is no witness.
    fn advance(&self, changes: &[Changed]) -> Result<Option<HeadRow>, Unwitnessed> {
        let Some(witness) = self.witness else { return Ok(None) };
        let changes = changes.iter();
        let changes =
            changes.map(|it| Change { key: &it.key, old: it.old.as_deref(), new: it.new.as_deref() });
        witness.advance(&changes.collect::<Vec<_>>()).map(Some)
    }
}

impl Drop for Verdict<'_> {
    fn drop(&mut self) {
        if let Some(witness) = self.witness {
            witness.settle(self.committed);
        }
    }
}

/// Takes the marks away if the commit failed: the medium knows what is there.
struct Marks<'a> {
    cache: &'a Cache,
    keys: Vec<RowKey>,
    published: bool,
}

impl Drop for Marks<'_> {
    fn drop(&mut self) {
        if !self.published {
            self.keys.iter().for_each(|key| self.cache.forget(key));
        }
    }
}
