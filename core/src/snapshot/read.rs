//! Reading a snapshot: from the first byte to the last, trusting nothing in it.

use std::{
    fmt::Debug,
    io::{self, BufRead as _, BufReader, Read},
};

use bytes::Bytes;
use data_encoding::HEXLOWER;
use flate2::bufread::GzDecoder;

use super::{
    meta::{self, MAX_SMALL, META, Meta, SEALED, STATE, SUMS},
    rows::{self, MAGIC},
};
use crate::{
    barrier::{KEYRING_KEY, head::HEAD_KEY},
    crypto::mac::{Sha256, sha256},
    seal::config::{CONFIG_KEY, SealConfig},
    storage::{Row, StorageError},
};

/// Why a file is no snapshot that can be put back. One line each, and nothing of what the file holds.
#[derive(Debug, thiserror::Error)]
pub enum BadSnapshot {
    #[error("the file is not a snapshot")]
    NotOne,
    #[error("the snapshot is cut short")]
    CutShort,
    #[error("the snapshot is damaged: its container does not read")]
    Container,
    #[error("the snapshot is damaged: it must hold {0} where it holds something else")]
    Part(&'static str),
    #[error("the snapshot is damaged: meta.json does not read")]
    Meta,
    #[error("the snapshot was written by a newer version (format {0})")]
    TooNew(u32),
    #[error("the snapshot is damaged: row {number}: {why}")]
    Row { number: u64, why: &'static str },
    #[error("the snapshot is damaged: {0}")]
    Core(&'static str),
    #[error("the snapshot is damaged: the hashes do not match")]
    Hashes,
    #[error("the snapshot is damaged: something follows its end")]
    Behind,
    #[error("the snapshot could not be read")]
    Io(#[source] io::Error),
    /// Whoever takes the rows could not.
    #[error(transparent)]
    Taker(StorageError),
}

impl From<io::Error> for BadSnapshot {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::CutShort,
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other => {
                Self::Container
            }
            _ => Self::Io(error),
        }
    }
}

/// What a whole and well-formed snapshot holds besides its rows.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) meta: Meta,
    pub(super) config: SealConfig,
    pub(super) keyring: Bytes,
    pub(super) head: Bytes,
    pub(super) sums: String,
    pub(super) sealed: String,
}

/// Reads all of a file and checks everything that can be checked without keys: the container, the hashes, the
/// shape and order of the rows, and that those of the core are there.
pub fn inspect(source: impl Read) -> Result<Meta, BadSnapshot> {
    read(source, &mut |_| Ok(())).map(|it| it.meta)
}

/// As [`inspect`]; each row is given to `take` as it is read, before the whole is known to be sound.
pub(super) fn read(
    source: impl Read,
    take: &mut dyn FnMut(Row) -> Result<(), StorageError>,
) -> Result<Contents, BadSnapshot> {
    let mut source = BufReader::with_capacity(64 << 10, source);
    if !source.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
        return Err(BadSnapshot::NotOne);
    }
    let mut archive = tar::Archive::new(GzDecoder::new(source));
    let contents = parts(&mut archive, take)?;
    // The checksum of gzip lies behind the last byte.
    let mut unpacked = archive.into_inner();
    let mut rest = Vec::new();
    unpacked.by_ref().take(MAX_SMALL * 4).read_to_end(&mut rest)?;
    if rest.iter().any(|it| *it != 0) || unpacked.read(&mut [0])? != 0 {
        return Err(BadSnapshot::Behind);
    }
    if !unpacked.into_inner().fill_buf()?.is_empty() {
        return Err(BadSnapshot::Behind);
    }
    Ok(contents)
}

fn parts<R: Read>(
    archive: &mut tar::Archive<R>,
    take: &mut dyn FnMut(Row) -> Result<(), StorageError>,
) -> Result<Contents, BadSnapshot> {
    // Raw: nothing in the container may make the reader gather what we have not asked for.
    let mut entries = archive.entries()?.raw(true);
    let mut next = |name: &'static str| match entries.next() {
        None => Err(BadSnapshot::CutShort),
        Some(entry) => {
            let entry = entry?;
            let is_it = entry.path_bytes().as_ref() == name.as_bytes()
                && entry.header().entry_type() == tar::EntryType::Regular;
            if is_it { Ok(entry) } else { Err(BadSnapshot::Part(name)) }
        }
    };
    let json = small(next(META)?, META)?;
    let meta = Meta::parse(&json)?;
    let entry = next(STATE)?;
    if entry.size() != meta.size {
        return Err(BadSnapshot::Part(STATE));
    }
    let (core, state) = state(entry, &meta, take)?;
    let sums = meta::sums(&sha256(&[&json]), &state);
    if small(next(SUMS)?, SUMS)? != sums.as_bytes() {
        return Err(BadSnapshot::Hashes);
    }
    let sealed = String::from_utf8(small(next(SEALED)?, SEALED)?).map_err(|_| BadSnapshot::Part(SEALED))?;
    let is_mac = sealed.strip_prefix("strongroom-1 ").and_then(|it| it.strip_suffix('\n'));
    if !is_mac.is_some_and(|it| HEXLOWER.decode(it.as_bytes()).is_ok_and(|it| it.len() == 32)) {
        return Err(BadSnapshot::Part(SEALED));
    }
    if entries.next().is_some() {
        return Err(BadSnapshot::Behind);
    }
    let (config, keyring, head) = core.whole(&meta)?;
    Ok(Contents { meta, config, keyring, head, sums, sealed })
}

fn small(entry: tar::Entry<'_, impl Read>, name: &'static str) -> Result<Vec<u8>, BadSnapshot> {
    let size = entry.size();
    if size == 0 || size > MAX_SMALL {
        return Err(BadSnapshot::Part(name));
    }
    let mut bytes = Vec::new();
    entry.take(size).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == size { Ok(bytes) } else { Err(BadSnapshot::CutShort) }
}

/// Reads the rows; answers the core's own and the hash of all.
fn state(
    source: impl Read,
    meta: &Meta,
    take: &mut dyn FnMut(Row) -> Result<(), StorageError>,
) -> Result<(CoreRows, [u8; 32]), BadSnapshot> {
    let mut source = BufReader::with_capacity(64 << 10, Hashed { source, hash: Sha256::new() });
    let mut magic = [0; MAGIC.len()];
    source.read_exact(&mut magic)?;
    if magic != MAGIC {
        return Err(BadSnapshot::Part(STATE));
    }
    let mut core = CoreRows::default();
    let mut last = None;
    for number in 1..=meta.rows {
        let row = rows::read(&mut source, number, last.as_ref())?;
        last = Some(row.key);
        core.keep(&row);
        take(row).map_err(BadSnapshot::Taker)?;
    }
    if source.read(&mut [0])? != 0 {
        return Err(BadSnapshot::Core("there are more rows than it says"));
    }
    Ok((core, source.into_inner().hash.finish()))
}

struct Hashed<R> {
    source: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(out)?;
        self.hash.update(out.get(..count).unwrap_or_default());
        Ok(count)
    }
}

/// The rows without which nothing opens.
#[derive(Default)]
struct CoreRows {
    config: Option<Bytes>,
    keyring: Option<Bytes>,
    head: Option<Bytes>,
}

impl CoreRows {
    fn keep(&mut self, row: &Row) {
        let slot = match row.key {
            CONFIG_KEY => &mut self.config,
            KEYRING_KEY => &mut self.keyring,
            HEAD_KEY => &mut self.head,
            _ => return,
        };
        *slot = Some(row.value.clone());
    }

    fn whole(self, meta: &Meta) -> Result<(SealConfig, Bytes, Bytes), BadSnapshot> {
        let config = self.config.ok_or(BadSnapshot::Core("the seal's configuration is missing"))?;
        let config =
            SealConfig::read(&config).ok_or(BadSnapshot::Core("the seal's configuration cannot be used"))?;
        let says = config.store_id().0.to_string() == meta.store
            && config.kind.name() == meta.seal
            && (config.shares, config.threshold) == (meta.shares, meta.threshold);
        if !says {
            return Err(BadSnapshot::Core("meta.json is of another store"));
        }
        let keyring = self.keyring.ok_or(BadSnapshot::Core("the keyring is missing"))?;
        let head = self.head.ok_or(BadSnapshot::Core("the head is missing"))?;
        Ok((config, keyring, head))
    }
}
