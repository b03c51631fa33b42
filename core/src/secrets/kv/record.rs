//! What is stored of a secret.
//!
//! ```text
//! Class::Kv         tree         Head: settings, version table, current version (up to 32 KiB)
//! Class::KvVersion  time ‖ rnd   Value: a version that was displaced; or Page: the oldest of the table
//! Class::KvChunk    time ‖ rnd   Value: a piece of a version over 32 KiB
//! Class::Config     config       MountSettings
//! ```
//!
//! Rows of versions and chunks lie in the mount's own folder and are named by ordinals, so that they are
//! written one behind the other: a write touches one random row, the head. Which secret such a row belongs to
//! is written in the head alone.

use std::time::Duration;

use crate::{
    barrier::{Class, Filed, Record, Root, filed, record},
    clock::Timestamp,
    crypto::SecretBytes,
    ids::{MountId, NamespaceId},
    leases::Held,
};

/// A secret.
#[derive(minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) struct Head {
    /// The current version. None while there is only metadata.
    #[n(0)]
    pub(super) latest: Option<Entry>,
    /// `custom_metadata` as a JSON object.
    #[n(1)]
    pub(super) custom: Option<String>,
    /// The current version's data as the JSON that came; empty if it lies elsewhere or is gone.
    #[cbor(n(2), with = "crate::codec::secret")]
    pub(super) data: SecretBytes,
    /// The versions before the current one, ascending, without those in `pages`.
    #[cbor(n(3), with = "packed")]
    pub(super) older: Vec<Entry>,
    /// The oldest versions, ascending.
    #[n(4)]
    pub(super) pages: Vec<PageRef>,
    #[n(5)]
    pub(super) settings: Settings,
    #[cbor(n(6), with = "crate::codec::timestamp")]
    pub(super) created: Timestamp,
    #[cbor(n(7), with = "crate::codec::timestamp")]
    pub(super) updated: Timestamp,
    /// The oldest version that is kept; zero as long as none had to go.
    #[n(8)]
    pub(super) oldest: u64,
    /// Counts the writes of metadata.
    #[n(9)]
    pub(super) metadata_version: u64,
    /// Version 1: seconds that the data says it may be kept. None: the mount's default.
    #[n(10)]
    pub(super) lease: Option<u64>,
}

impl Record for Head {}

/// A head without its table: what reading the current version takes.
#[derive(minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) struct Latest {
    #[n(0)]
    pub(super) latest: Option<Entry>,
    #[n(1)]
    pub(super) custom: Option<String>,
    #[cbor(n(2), with = "crate::codec::secret")]
    pub(super) data: SecretBytes,
    #[n(10)]
    pub(super) lease: Option<u64>,
}

impl Record for Latest {}

/// What can be set of a secret.
#[derive(Clone, Debug, Default, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) struct Settings {
    /// Zero: the mount's.
    #[n(0)]
    pub(super) max_versions: u32,
    #[n(1)]
    pub(super) cas_required: bool,
    /// Zero: the mount's.
    #[cbor(n(2), with = "crate::codec::seconds")]
    pub(super) delete_version_after: Duration,
    #[n(3)]
    pub(super) metadata_cas_required: bool,
}

/// What can be set of a mount.
#[derive(Clone, Debug, Default, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) struct MountSettings {
    #[n(0)]
    pub(super) max_versions: u32,
    #[n(1)]
    pub(super) cas_required: bool,
    #[cbor(n(2), with = "crate::codec::seconds")]
    pub(super) delete_version_after: Duration,
    #[n(3)]
    pub(super) metadata_cas_required: bool,
    /// No version of the mount expires, whatever the secrets say.
    #[n(4)]
    pub(super) never_delete: bool,
}

impl Record for MountSettings {}

/// One version.
#[derive(Clone, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) struct Entry {
    #[n(0)]
    pub(super) version: u64,
    #[cbor(n(1), with = "crate::codec::timestamp")]
    pub(super) created: Timestamp,
    /// When it was deleted, or will be.
    #[cbor(n(2), with = "crate::codec::maybe_timestamp")]
    pub(super) deleted: Option<Timestamp>,
    #[n(3)]
    pub(super) destroyed: bool,
    #[n(4)]
    pub(super) body: Body,
}

/// Where a version's data lies.
#[derive(Clone, Copy, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) enum Body {
    /// Nowhere: destroyed.
    #[n(0)]
    Gone,
    /// In the head.
    #[n(1)]
    Head,
    /// In a row of `Class::KvVersion`.
    #[n(2)]
    Row(#[cbor(n(0), with = "crate::codec::selector")] [u8; 16]),
    /// In `count` rows of `Class::KvChunk`: the last byte of the ordinal counts them.
    #[n(3)]
    Chunks {
        #[cbor(n(0), with = "crate::codec::selector")]
        first: [u8; 16],
        #[n(1)]
        count: u8,
        /// Bytes together.
        #[n(2)]
        len: u32,
    },
}

/// A displaced version, or a chunk.
#[derive(minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) struct Value {
    #[cbor(n(0), with = "crate::codec::secret")]
    pub(super) data: SecretBytes,
}

impl Record for Value {}

/// Versions that no longer fit into the head.
#[derive(minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) struct Page {
    #[n(0)]
    pub(super) entries: Vec<Entry>,
}

impl Record for Page {}

/// Where a page lies, in `Class::KvVersion`, and what is on it.
#[derive(Clone, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) struct PageRef {
    #[cbor(n(0), with = "crate::codec::selector")]
    pub(super) ordinal: [u8; 16],
    #[n(1)]
    pub(super) first: u64,
    #[n(2)]
    pub(super) last: u64,
    #[n(3)]
    pub(super) count: u32,
}

/// Rows that nothing refers to any more, to be deleted in the background.
#[derive(Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) struct Work {
    #[cbor(n(0), with = "crate::codec::namespace")]
    pub(super) namespace: NamespaceId,
    #[cbor(n(1), with = "crate::codec::mount_id")]
    pub(super) mount: MountId,
    #[n(2)]
    pub(super) bodies: Vec<Body>,
    #[n(3)]
    pub(super) pages: Vec<PageRef>,
}

impl Record for Work {}

pub(crate) const KINDS: &[Filed] = &[
    filed::<Head>(Class::Kv),
    filed::<MountSettings>(Class::Config),
    filed::<Value>(Class::KvVersion),
    filed::<Page>(Class::KvVersion),
    filed::<Value>(Class::KvChunk),
    filed::<Work>(Class::Queue),
];

/// The rows without which a secret is not whole, of those that are no row of its own: their ordinals. Of the
/// versions on a page some may be gone already.
pub(crate) fn outside(head: &[u8]) -> Vec<(Class, [u8; 16])> {
    let Ok(head) = record::decode::<Head>(head) else { return Vec::new() };
    let mut rows: Vec<_> = head.pages.iter().map(|it| (Class::KvVersion, it.ordinal)).collect();
    for entry in head.older.iter().chain(&head.latest) {
        match entry.body {
            Body::Gone | Body::Head => {}
            Body::Row(ordinal) => rows.push((Class::KvVersion, ordinal)),
            Body::Chunks { first, count, .. } => rows.extend((0..count).map(|index| {
                let mut ordinal = first;
                if let Some(last) = ordinal.last_mut() {
                    *last = index;
                }
                (Class::KvChunk, ordinal)
            })),
        }
    }
    rows
}

impl Work {
    pub(super) fn new(root: Root) -> Self {
        Self { namespace: root.namespace, mount: root.mount, bodies: Vec::new(), pages: Vec::new() }
    }

    pub(super) fn root(&self) -> Root {
        Root { namespace: self.namespace, mount: self.mount }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bodies.is_empty() && self.pages.is_empty()
    }
}

impl Head {
    /// A secret without a version.
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            latest: None,
            custom: None,
            data: SecretBytes::default(),
            older: Vec::new(),
            pages: Vec::new(),
            settings: Settings::default(),
            created: now,
            updated: now,
            oldest: 0,
            metadata_version: 0,
            lease: None,
        }
    }

    /// The number of the current version; zero if there is none.
    pub(super) fn current(&self) -> u64 {
        self.latest.as_ref().map_or(0, |it| it.version)
    }
}

impl Entry {
    /// What a lease of it holds.
    pub(super) fn held(&self) -> Held {
        Held { version: self.version, written: self.created }
    }

    /// Whether it may be read: neither destroyed nor deleted, nor past the time at which it was to be.
    pub(super) fn is_live(&self, now: Timestamp) -> bool {
        !self.destroyed && self.deleted.is_none_or(|it| now < it)
    }
}

/// A list as a byte string, so that who does not need it skips it in one step.
mod packed {
    use minicbor::{CborLen, Decode as _, Decoder, Encode as _, Encoder};

    use super::Entry;

    pub(super) fn encode<C, W: minicbor::encode::Write>(
        entries: &Vec<Entry>,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes_len(inner_len(entries, ctx))?;
        entries.encode(e, ctx)
    }

    pub(super) fn decode<C>(d: &mut Decoder<'_>, ctx: &mut C) -> Result<Vec<Entry>, minicbor::decode::Error> {
        Vec::decode(&mut Decoder::new(d.bytes()?), ctx)
    }

    pub(super) fn cbor_len<C>(entries: &Vec<Entry>, ctx: &mut C) -> usize {
        let inner = inner_len(entries, ctx);
        inner.cbor_len(ctx) + usize::try_from(inner).unwrap_or(usize::MAX)
    }

    fn inner_len<C>(entries: &Vec<Entry>, ctx: &mut C) -> u64 {
        u64::try_from(entries.cbor_len(ctx)).unwrap_or(u64::MAX)
    }
}
