//! Taking a snapshot while everything goes on.

use std::io::{self, BufWriter, Seek as _, Write};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::{
    archive::{Archive, Parts},
    meta::{self, FORMAT, MAX_STATE, Meta},
    rows::{self, MAGIC},
};
use crate::{
    barrier::{
        Barrier,
        head::{HEAD_KEY, HeadKeeper},
        keyring::Purpose,
    },
    core::{Core, Unsealed},
    crypto::mac::{MacKey, Sha256, sha256},
    error::{Error, Result},
    response::Stream,
    seal::config::{CONFIG_KEY, SealConfig},
    storage::StorageError,
};

/// Snapshots at the same time, for as long as their clients take to fetch them.
static AT_ONCE: Semaphore = Semaphore::const_new(2);
/// Rows read at a time: some may be a mebibyte long.
const PAGE: usize = 64;
/// A view of the store may be ended by a destroy that waits for it: then another one is begun.
const ATTEMPTS: u32 = 5;

/// A copy of all rows as of one moment.
struct Copy {
    parts: Parts,
    meta: Meta,
}

impl Core {
    /// The whole store as of now, as a file to be sent. Whoever calls this has had it recorded.
    pub(crate) async fn take_snapshot(&self, open: &Unsealed) -> Result<Stream> {
        let busy = || Error::RateLimited { path: "sys/storage/raft/snapshot".to_owned(), retry_after: 5 };
        let permit = AT_ONCE.try_acquire().map_err(|_| busy())?;
        let mut attempt = 1;
        let copy = loop {
            match self.copy(&open.store.barrier).await {
                Err(Error::Busy) if attempt < ATTEMPTS => attempt += 1,
                outcome => break outcome?,
            }
        };
        tracing::info!(rows = copy.meta.rows, bytes = copy.meta.size, "a snapshot was taken");
        let archive = Archive::new(copy.parts);
        Ok(Stream::new("application/gzip", Limited { archive, _permit: permit }))
    }

    async fn copy(&self, barrier: &Barrier) -> Result<Copy> {
        let scratch = self.storage().scratch()?;
        let room = scratch.room.min(MAX_STATE);
        let mut snapshot = self.storage().snapshot().await?;
        let out = Hashing { out: scratch.file, hash: Sha256::new() };
        let mut out = BufWriter::with_capacity(256 << 10, out);
        let (mut size, mut count) = (MAGIC.len() as u64, 0_u64);
        out.write_all(MAGIC).map_err(unwritten)?;
        let (mut config, mut head) = (None, None);
        loop {
            let page = snapshot.next(PAGE).await?;
            if page.is_empty() {
                break;
            }
            for row in page {
                // What is not ours would be refused on its way back: rather know it now.
                if let Err(why) = rows::shape(&row) {
                    tracing::error!(why, "a row cannot be backed up: see `secret fsck`");
                    return Err(Error::Internal("a row of the store is damaged"));
                }
                size += rows::write(&row, &mut out).map_err(unwritten)?;
                count += 1;
                match row.key {
                    CONFIG_KEY => config = SealConfig::read(&row.value),
                    HEAD_KEY => head = Some(HeadKeeper::open(barrier, &row.value)?),
                    _ => {}
                }
            }
            if size > room {
                return Err(Error::Internal("the medium has no room for a snapshot"));
            }
            tokio::task::yield_now().await;
        }
        drop(snapshot);
        let Hashing { out: mut state, hash } =
            out.into_inner().map_err(|error| unwritten(error.into_error()))?;
        state.rewind().map_err(unwritten)?;
        let missing = || Error::Internal("a row of the core is missing");
        let (config, head) = (config.ok_or_else(missing)?, head.ok_or_else(missing)?);
        let created = self.now();
        let meta = Meta {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            store: config.store_id().0.to_string(),
            created: created.rfc3339(),
            rows: count,
            size,
            sequence: head.sequence,
            digest: data_encoding::HEXLOWER.encode(&barrier.digest().anchor(&head)),
            seal: config.kind.name().to_owned(),
            shares: config.shares,
            threshold: config.threshold,
        };
        let json = serde_json::to_vec_pretty(&meta).map_err(|_| Error::Internal("no meta.json"))?;
        let sums = meta::sums(&sha256(&[&json]), &hash.finish());
        let sealed = meta::seal(&MacKey::new(&barrier.purpose(Purpose::Snapshot)?), &sums);
        let created = u64::try_from(created.unix_seconds()).unwrap_or(0);
        Ok(Copy { parts: Parts { meta: json, state, size, sums, sealed, created }, meta })
    }
}

fn unwritten(error: io::Error) -> Error {
    Error::Storage(StorageError::Io(Box::new(error)))
}

struct Hashing<W> {
    out: W,
    hash: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.hash.update(bytes.get(..count).unwrap_or_default());
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// An archive that gives its place back when it is sent, or given up.
struct Limited {
    archive: Archive,
    _permit: SemaphorePermit<'static>,
}

impl Iterator for Limited {
    type Item = io::Result<bytes::Bytes>;

    fn next(&mut self) -> Option<Self::Item> {
        self.archive.next()
    }
}
