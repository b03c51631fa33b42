//! What the store keeps of audit: devices that were made over the API, and how far each chain has got.

use std::collections::BTreeMap;

use super::{
    chain::Head,
    config::{BadDevice, DeviceConfig},
};
use crate::{
    barrier::{Class, Filed, Place, Record, Root, filed},
    clock::Timestamp,
    error::Result,
    store::{Fixed, PAGE, Store},
    tx::Tx,
};

const ROOT: Root = Root::internal(15);

/// A device that was made over the API.
#[derive(Clone, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(crate) struct StoredDevice {
    #[n(0)]
    pub(crate) path: String,
    #[n(1)]
    pub(crate) kind: String,
    #[n(2)]
    pub(crate) description: String,
    #[n(3)]
    pub(crate) options: BTreeMap<String, String>,
    /// Its MAC key comes from this: a device of the same path that is made later has another.
    #[cbor(n(4), with = "crate::codec::hash")]
    pub(crate) salt: [u8; 32],
}

impl Record for StoredDevice {}

impl StoredDevice {
    pub(super) fn config(&self) -> Result<DeviceConfig, BadDevice> {
        DeviceConfig::parse(&self.kind, &self.path, &self.description, &self.options)
    }
}

/// How far a chain had got.
#[derive(Clone, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) struct StoredHead {
    #[n(0)]
    seq: u64,
    #[cbor(n(1), with = "crate::codec::hash")]
    chain: [u8; 32],
    #[cbor(n(2), with = "crate::codec::timestamp")]
    at: Timestamp,
}

impl Record for StoredHead {}

impl StoredHead {
    pub(super) fn new(head: Head, at: Timestamp) -> Self {
        Self { seq: head.seq, chain: head.chain, at }
    }

    pub(super) fn head(&self) -> Head {
        Head { seq: self.seq, chain: self.chain }
    }
}

#[derive(Debug, Default, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
struct Generation {
    #[n(0)]
    number: u64,
}

impl Record for Generation {}

pub(crate) const KINDS: &[Filed] = &[
    filed::<StoredDevice>(Class::Audit),
    filed::<StoredHead>(Class::Audit),
    filed::<Generation>(Class::Audit),
];

/// Changes with each change of the stored devices, and of the headers that lines hold.
pub(super) const fn generation() -> Fixed {
    Fixed::new(Class::Audit, ROOT, "generation")
}

pub(super) fn head_place(store: &Store, path: &str) -> Place {
    store.place(Class::Audit, ROOT, &format!("head/{}", file_name(path)))
}

pub(crate) fn device_place(store: &Store, path: &str) -> Place {
    store.place(Class::Audit, ROOT, &format!("device/{}", file_name(path)))
}

/// A device's path as one name: it may have slashes.
fn file_name(path: &str) -> String {
    path.trim_matches('/').replace('/', "\u{1f}")
}

pub(super) async fn load(store: &Store) -> Result<Vec<StoredDevice>> {
    let dir = store.dir(ROOT, "device/");
    let mut out = Vec::new();
    let mut after = None;
    loop {
        let page = store.records::<StoredDevice>(Class::Audit, dir, after, PAGE).await?;
        let full = page.len() == PAGE;
        after = page.last().map(|(place, _)| place.key);
        out.extend(page.into_iter().map(|(_, it)| it.value));
        if !full {
            return Ok(out);
        }
    }
}

pub(crate) async fn put(tx: &mut Tx, device: &StoredDevice) -> Result<()> {
    let place = device_place(tx.store(), &device.path);
    tx.put(&place, device)?;
    touch(tx).await
}

pub(crate) async fn remove(tx: &mut Tx, path: &str) -> Result<()> {
    let place = device_place(tx.store(), path);
    tx.delete(&place);
    touch(tx).await
}

/// Stages a change of what devices write: it is seen by the next request.
pub(crate) async fn touch(tx: &mut Tx) -> Result<()> {
    let generation = generation();
    let place = generation.place(tx.store()).clone();
    let old = tx.get::<Generation>(&place).await?.unwrap_or_default();
    tx.put(&place, &Generation { number: old.number + 1 })
}
