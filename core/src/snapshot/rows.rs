//! `state.bin`: one row after the other, as the storage has them.
//!
//! ```text
//! "strongroom snapshot 1\n" { key(33) length(4) name length(4) value }*
//! ```
//!
//! In the order of their keys, each key once. Revisions are the storage's own affair and are not kept.

use std::io::{self, Read, Write};

use super::read::BadSnapshot;
use crate::{
    barrier::{Class, KEYRING_KEY, envelope, head::HEAD_KEY},
    seal::config::CONFIG_KEY,
    storage::{KEY_LEN, MAX_BATCH_BYTES, Row, RowKey},
};

pub(super) const MAGIC: &[u8] = b"strongroom snapshot 1\n";

/// Bytes of a row's name and value, at most: it came in a batch.
const MAX_PART: usize = MAX_BATCH_BYTES;

pub(super) fn write(row: &Row, out: &mut impl Write) -> io::Result<u64> {
    out.write_all(&row.key.0)?;
    for part in [&row.name, &row.value] {
        let length = u32::try_from(part.len()).map_err(io::Error::other)?;
        out.write_all(&length.to_be_bytes())?;
        out.write_all(part)?;
    }
    Ok((KEY_LEN + 8 + row.name.len() + row.value.len()) as u64)
}

/// Reads row number `number` (from 1), which must have the shape of one and lie behind `after`.
pub(super) fn read(source: &mut impl Read, number: u64, after: Option<&RowKey>) -> Result<Row, BadSnapshot> {
    let refuse = |why| BadSnapshot::Row { number, why };
    let mut key = [0; KEY_LEN];
    source.read_exact(&mut key)?;
    let key = RowKey(key);
    if after.is_some_and(|after| key <= *after) {
        return Err(refuse("its key is not behind the one before"));
    }
    let mut part = || {
        let mut length = [0; 4];
        source.read_exact(&mut length)?;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if length > MAX_PART {
            return Err(refuse("it is longer than a row can be"));
        }
        let mut bytes = vec![0; length];
        source.read_exact(&mut bytes)?;
        Ok(bytes.into())
    };
    let (name, value) = (part()?, part()?);
    let row = Row { key, name, value, rev: crate::storage::Rev(0) };
    shape(&row).map_err(refuse)?;
    Ok(row)
}

/// What can be said of a row without any key: which class it is of, and whether its parts look like what we
/// write.
pub(crate) fn shape(row: &Row) -> Result<Class, &'static str> {
    let class = row.key.0.first().and_then(|id| Class::from_id(*id)).ok_or("its class is unknown")?;
    if class == Class::Core {
        return match row.key {
            CONFIG_KEY if row.name.is_empty() => Ok(class),
            KEYRING_KEY | HEAD_KEY if row.name.is_empty() && envelope::is_shaped(&row.value) => Ok(class),
            CONFIG_KEY | KEYRING_KEY | HEAD_KEY => Err("a row of the core is not what it must be"),
            _ => Err("it is none of the core's rows"),
        };
    }
    if !envelope::is_shaped(&row.value) {
        return Err("its value is not encrypted as ours are");
    }
    if !row.name.is_empty() && !envelope::is_shaped(&row.name) {
        return Err("its name is not encrypted as ours are");
    }
    Ok(class)
}
