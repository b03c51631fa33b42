//! A version's data: put where it belongs by its size, fetched from wherever it lies.

use super::record::{Body, Value};
use crate::{
    barrier::{Class, Ordinal, Place, Root},
    clock::Timestamp,
    crypto::{SecretBytes, random},
    error::{Error, Result},
    store::Store,
    tx::Tx,
};

/// The largest data of one version, in bytes of JSON.
///
/// A write is one batch of at most 1 MiB. This much always fits beside the rest of it: the version that is
/// displaced (32 KiB), the head with its table and metadata, and the envelopes.
pub const MAX_DATA: usize = 960 << 10;

/// Data up to this size stays in its record.
const INLINE: usize = 32 << 10;
/// Bytes in a chunk: with its envelope just below 64 KiB, and padded by next to nothing.
const CHUNK: usize = (64 << 10) - 128;

/// Where new data is put: in the head it is part of, or in chunks that are staged here.
pub(super) fn store(
    tx: &mut Tx,
    root: Root,
    now: Timestamp,
    data: SecretBytes,
) -> Result<(Body, SecretBytes)> {
    if data.len() > MAX_DATA {
        return Err(Error::TooLarge);
    }
    if data.len() <= INLINE {
        return Ok((Body::Head, data));
    }
    let first = ordinal(now)?;
    let mut count = 0;
    for piece in data.expose().chunks(CHUNK) {
        let place = chunk(tx.store(), root, first, count);
        tx.put(&place, &Value { data: SecretBytes::copy_of(piece) })?;
        count += 1;
    }
    let len = u32::try_from(data.len()).map_err(|_| Error::TooLarge)?;
    Ok((Body::Chunks { first, count, len }, SecretBytes::default()))
}

/// Stages the row of a version that leaves the head.
pub(super) fn displace(tx: &mut Tx, root: Root, now: Timestamp, data: SecretBytes) -> Result<Body> {
    let ordinal = ordinal(now)?;
    let place = row(tx.store(), root, ordinal);
    tx.put(&place, &Value { data })?;
    Ok(Body::Row(ordinal))
}

/// The data of a version that lies outside of the head. None if its rows are gone: then the head has changed
/// since it was read.
pub(super) async fn fetch(tx: &Tx, root: Root, body: Body) -> Result<Option<SecretBytes>> {
    match body {
        Body::Gone | Body::Head => Ok(Some(SecretBytes::default())),
        Body::Row(ordinal) => {
            let value = tx.peek::<Value>(&row(tx.store(), root, ordinal)).await?;
            Ok(value.map(|it| it.data))
        }
        Body::Chunks { first, count, len } => {
            let mut out = Vec::with_capacity(usize::try_from(len).map_err(|_| Error::TooLarge)?);
            for index in 0..count {
                match tx.peek::<Value>(&chunk(tx.store(), root, first, index)).await? {
                    Some(piece) => out.extend_from_slice(piece.data.expose()),
                    None => {
                        drop(SecretBytes::new(out));
                        return Ok(None);
                    }
                }
            }
            Ok(Some(SecretBytes::new(out)))
        }
    }
}

/// The rows that hold it.
pub(super) fn places(store: &Store, root: Root, body: Body) -> Vec<Place> {
    match body {
        Body::Gone | Body::Head => Vec::new(),
        Body::Row(ordinal) => vec![row(store, root, ordinal)],
        Body::Chunks { first, count, .. } => {
            (0..count).map(|index| chunk(store, root, first, index)).collect()
        }
    }
}

/// The row of a displaced version or a page.
pub(super) fn row(store: &Store, root: Root, ordinal: [u8; 16]) -> Place {
    store.dir(root, "").at(Class::KvVersion, Ordinal(ordinal))
}

fn chunk(store: &Store, root: Root, first: [u8; 16], index: u8) -> Place {
    let mut ordinal = first;
    if let Some(last) = ordinal.last_mut() {
        *last = index;
    }
    store.dir(root, "").at(Class::KvChunk, Ordinal(ordinal))
}

/// A fresh ordinal: rows that are written later come later.
pub(super) fn ordinal(now: Timestamp) -> Result<[u8; 16]> {
    Ok(Ordinal::new(u64::try_from(now.0).unwrap_or(0), random::bytes()?).0)
}
