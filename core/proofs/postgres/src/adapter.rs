//! The trait on two tables.
//!
//! A commit is one transaction. It locks its keys first, also those that have no row yet (advisory locks, in key
//! order, so that no two commits wait for each other), and takes its revision after that: so a row's revision
//! never goes back, on however many nodes the commits run.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use strongroom_core::storage::{
    Batch, Change, CommitError, KEY_LEN, Op, Pending, Record, Remote, Rev, Row, RowKey, Scan, Snapshot,
    Storage, StorageError, Witness,
};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_postgres::{Client, NoTls, Transaction};

const SCHEMA: &str = "
    CREATE TABLE rows (key bytea PRIMARY KEY, rev bigint NOT NULL, name bytea NOT NULL, value bytea NOT NULL);
    CREATE SEQUENCE revs AS bigint;
";
const RANGE: &str =
    "SELECT key, rev, name, value FROM rows WHERE key > $1 AND key <= $2 ORDER BY key LIMIT $3";
const NAMES: &str =
    "SELECT key, rev, name, ''::bytea FROM rows WHERE key > $1 AND key <= $2 ORDER BY key LIMIT $3";

pub struct Postgres {
    config: String,
    reader: Client,
    jobs: mpsc::Sender<Job>,
    witness: Mutex<Option<Arc<dyn Witness>>>,
    closing: AtomicBool,
    closed: watch::Sender<bool>,
}

enum Job {
    Commit(Batch, Option<Arc<dyn Witness>>, oneshot::Sender<Result<Rev, CommitError>>),
    Settled(oneshot::Sender<()>),
}

impl Postgres {
    pub async fn open(config: &str) -> Result<Self, StorageError> {
        let (reader, mut writer) = (connect(config).await?, connect(config).await?);
        writer.batch_execute(SCHEMA).await.map_err(failed)?;
        let (jobs, mut queue) = mpsc::channel(1024);
        tokio::spawn(async move {
            while let Some(job) = queue.recv().await {
                match job {
                    Job::Commit(batch, witness, answer) => {
                        drop(answer.send(commit(&mut writer, batch, witness).await));
                    }
                    Job::Settled(answer) => drop(answer.send(())),
                }
            }
        });
        let closed = watch::channel(false).0;
        let config = config.to_owned();
        Ok(Self { config, reader, jobs, witness: Mutex::default(), closing: AtomicBool::new(false), closed })
    }

    fn is_open(&self) -> Result<(), StorageError> {
        if self.closing.load(Ordering::Acquire) { Err(StorageError::Closed) } else { Ok(()) }
    }
}

impl Storage for Postgres {
    fn get(&self, key: RowKey) -> Pending<'_, Result<Option<Record>, StorageError>> {
        Pending::Waiting(Box::pin(async move {
            self.is_open()?;
            let sql = "SELECT rev, value FROM rows WHERE key = $1";
            let row = self.reader.query_opt(sql, &[&key.0.as_slice()]).await.map_err(failed)?;
            row.map(|it| Ok(Record { rev: rev(&it, 0)?, value: bytes(&it, 1)? })).transpose()
        }))
    }

    fn scan(&self, scan: Scan) -> Pending<'_, Result<Vec<Row>, StorageError>> {
        Pending::Waiting(Box::pin(async move {
            self.is_open()?;
            let (after, until) = scan.bounds();
            let after = after.map_or(scan.dir.0.to_vec(), |it| it.0.to_vec());
            range(&self.reader, after, until, scan.limit, scan.values).await
        }))
    }

    fn commit(&self, batch: Batch) -> Pending<'_, Result<Rev, CommitError>> {
        if let Err(error) = batch.check() {
            return Pending::ready(Err(error));
        }
        if let Err(error) = self.is_open() {
            return Pending::ready(Err(error.into()));
        }
        let (answer, answered) = oneshot::channel();
        let witness = self.witness.lock().unwrap().clone();
        if self.jobs.try_send(Job::Commit(batch, witness, answer)).is_err() {
            return Pending::ready(Err(StorageError::Busy.into()));
        }
        Pending::Waiting(Box::pin(async { answered.await.unwrap_or(Err(StorageError::Closed.into())) }))
    }

    fn settled(&self) -> Pending<'_, Result<(), StorageError>> {
        Pending::Waiting(Box::pin(async move {
            self.is_open()?;
            let (answer, answered) = oneshot::channel();
            self.jobs.send(Job::Settled(answer)).await.map_err(|_| StorageError::Closed)?;
            answered.await.map_err(|_| StorageError::Closed)
        }))
    }

    fn attach(&self, witness: Option<Arc<dyn Witness>>) {
        *self.witness.lock().unwrap() = witness;
    }

    fn changes(&self) -> Pending<'_, Result<Remote, StorageError>> {
        let mut closed = self.closed.subscribe();
        Pending::Waiting(Box::pin(async move {
            drop(closed.wait_for(|it| *it).await);
            Err(StorageError::Closed)
        }))
    }

    fn snapshot(&self) -> Pending<'_, Result<Box<dyn Snapshot>, StorageError>> {
        Pending::Waiting(Box::pin(async move {
            self.is_open()?;
            let client = connect(&self.config).await?;
            let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1 FROM rows LIMIT 1";
            client.batch_execute(begin).await.map_err(failed)?;
            Ok(Box::new(View { client, after: Vec::new() }) as Box<dyn Snapshot>)
        }))
    }

    fn close(&self) -> Pending<'_, Result<(), StorageError>> {
        self.closing.store(true, Ordering::Release);
        Pending::Waiting(Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            if self.jobs.send(Job::Settled(answer)).await.is_ok() {
                drop(answered.await);
            }
            self.closed.send_replace(true);
            Ok(())
        }))
    }
}

struct View {
    client: Client,
    after: Vec<u8>,
}

impl Snapshot for View {
    fn next(&mut self, limit: usize) -> Pending<'_, Result<Vec<Row>, StorageError>> {
        Pending::Waiting(Box::pin(async move {
            let last = RowKey([u8::MAX; KEY_LEN]);
            let rows = range(&self.client, self.after.clone(), last, limit, true).await?;
            if let Some(row) = rows.last() {
                self.after = row.key.0.to_vec();
            }
            Ok(rows)
        }))
    }

    fn seek(&mut self, after: RowKey) {
        self.after = after.0.to_vec();
    }
}

async fn connect(config: &str) -> Result<Client, StorageError> {
    let (client, connection) = tokio_postgres::connect(config, NoTls).await.map_err(failed)?;
    tokio::spawn(async move { drop(connection.await) });
    Ok(client)
}

async fn range(
    client: &Client,
    after: Vec<u8>,
    until: RowKey,
    limit: usize,
    values: bool,
) -> Result<Vec<Row>, StorageError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let sql = if values { RANGE } else { NAMES };
    let rows = client.query(sql, &[&after, &until.0.as_slice(), &limit]).await.map_err(failed)?;
    rows.iter()
        .map(|it| Ok(Row { key: key(it, 0)?, rev: rev(it, 1)?, name: bytes(it, 2)?, value: bytes(it, 3)? }))
        .collect()
}

async fn commit(
    client: &mut Client,
    batch: Batch,
    witness: Option<Arc<dyn Witness>>,
) -> Result<Rev, CommitError> {
    let transaction = client.transaction().await.map_err(failed)?;
    let mut keys: Vec<RowKey> = batch.ops.iter().map(|it| *it.key()).collect();
    keys.sort_unstable();
    keys.dedup();
    let keys: Vec<&[u8]> = keys.iter().map(|it| it.0.as_slice()).collect();
    // Ordered in a subquery, or the locks might be taken in any order.
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended(encode(key, 'hex'), 0)) \
                FROM (SELECT unnest($1::bytea[]) AS key ORDER BY 1) AS keys";
    transaction.query(lock, &[&keys]).await.map_err(failed)?;
    let current = "SELECT key, rev, value FROM rows WHERE key = ANY($1)";
    let mut rows = std::collections::BTreeMap::new();
    for row in transaction.query(current, &[&keys]).await.map_err(failed)? {
        rows.insert(key(&row, 0)?, Record { rev: rev(&row, 1)?, value: bytes(&row, 2)? });
    }
    for op in &batch.ops {
        if let Op::Check { key, expect } = op
            && !expect.holds(rows.get(key).map(|it| it.rev))
        {
            return Err(CommitError::Conflict);
        }
    }
    let next = transaction.query_one("SELECT nextval('revs')", &[]).await.map_err(failed)?;
    let next = rev(&next, 0)?;
    for op in &batch.ops {
        match op {
            Op::Check { .. } => {}
            Op::Put { key, name, value } => put(&transaction, key, next, name, value).await?,
            Op::Delete { key } => {
                let sql = "DELETE FROM rows WHERE key = $1";
                transaction.execute(sql, &[&key.0.as_slice()]).await.map_err(failed)?;
            }
        }
    }
    let Some(witness) = witness else {
        transaction.commit().await.map_err(failed)?;
        return Ok(next);
    };
    let changes: Vec<Change<'_>> = batch
        .ops
        .iter()
        .filter_map(|op| {
            let (key, new) = match op {
                Op::Check { .. } => return None,
                Op::Put { key, value, .. } => (key, Some(value.as_ref())),
                Op::Delete { key } => (key, None),
            };
            let old = rows.get(key).map(|it| it.value.as_ref());
            (old.is_some() || new.is_some()).then_some(Change { key, old, new })
        })
        .collect();
    let end = async {
        let head = catch_unwind(AssertUnwindSafe(|| witness.advance(&changes)))
            .map_err(|_| StorageError::Io("the witness panicked".into()))??;
        put(&transaction, &head.key, next, &[], &head.value).await?;
        transaction.commit().await.map_err(failed)
    };
    let answer = end.await;
    witness.settle(answer.is_ok());
    Ok(answer.map(|()| next)?)
}

async fn put(
    transaction: &Transaction<'_>,
    key: &RowKey,
    rev: Rev,
    name: &[u8],
    value: &[u8],
) -> Result<(), StorageError> {
    let sql = "INSERT INTO rows (key, rev, name, value) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (key) DO UPDATE SET rev = excluded.rev, name = excluded.name, value = excluded.value";
    let rev = i64::try_from(rev.0).map_err(|_| StorageError::Damaged("a revision is too large"))?;
    transaction.execute(sql, &[&key.0.as_slice(), &rev, &name, &value]).await.map_err(failed)?;
    Ok(())
}

fn key(row: &tokio_postgres::Row, index: usize) -> Result<RowKey, StorageError> {
    let bytes: &[u8] = row.try_get(index).map_err(failed)?;
    bytes.try_into().map(RowKey).map_err(|_| StorageError::Damaged("a key has a wrong length"))
}

fn rev(row: &tokio_postgres::Row, index: usize) -> Result<Rev, StorageError> {
    let rev: i64 = row.try_get(index).map_err(failed)?;
    u64::try_from(rev).map(Rev).map_err(|_| StorageError::Damaged("a revision is negative"))
}

fn bytes(row: &tokio_postgres::Row, index: usize) -> Result<Bytes, StorageError> {
    row.try_get(index).map(Bytes::copy_from_slice).map_err(failed)
}

fn failed(error: tokio_postgres::Error) -> StorageError {
    StorageError::Io(Box::new(error))
}
