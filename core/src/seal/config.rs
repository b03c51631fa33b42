//! What a store says of itself in the clear: which store it is, who may read it, and how it is unsealed.

use std::sync::Arc;

use bytes::Bytes;

use crate::{
    barrier::{Malformed, core_key},
    crypto::password::Cost,
    error::{Error, Result},
    ids::StoreId,
    storage::{Batch, Expect, Op, Rev, RowKey, Storage, StorageError},
};

/// The format that this build writes, and the newest that it reads.
pub const FORMAT: u32 = 1;

/// KiB that deriving the key from a passphrase may take: 4 GiB.
const MAX_MEMORY: u32 = 4 << 20;

pub(crate) const CONFIG_KEY: RowKey = core_key(1);

/// How the unseal key comes about.
#[derive(Clone, Copy, Debug, Eq, PartialEq, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
#[cbor(index_only)]
pub enum Kind {
    #[n(0)]
    Shamir,
    #[n(1)]
    Passphrase,
    #[n(2)]
    KeyFile,
    /// A systemd credential.
    #[n(3)]
    Credential,
}

impl Kind {
    /// As `sys/seal-status` calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shamir => "shamir",
            Self::Passphrase => "passphrase",
            Self::KeyFile => "keyfile",
            Self::Credential => "credential",
        }
    }

    /// Whether the server can unseal itself when it starts; `init` then answers recovery keys.
    pub const fn is_unattended(self) -> bool {
        matches!(self, Self::KeyFile | Self::Credential)
    }
}

/// The stored head of a store.
#[derive(Clone, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub struct SealConfig {
    /// A binary that reads no format so new refuses the store.
    #[n(0)]
    pub min_reader: u32,
    /// A binary that writes no format so new opens it for reading only.
    #[n(1)]
    pub min_writer: u32,
    #[cbor(n(2), with = "minicbor::bytes")]
    pub store: [u8; 16],
    #[n(3)]
    pub kind: Kind,
    #[n(4)]
    pub shares: u8,
    #[n(5)]
    pub threshold: u8,
    /// Which set the shares belong to: changes with each rekey.
    #[cbor(n(6), with = "minicbor::bytes")]
    pub set: [u8; 4],
    #[n(7)]
    pub passphrase: Option<PassphraseParams>,
    /// The root key, sealed under the unseal key.
    #[cbor(n(8), with = "minicbor::bytes")]
    pub root: Vec<u8>,
    /// With an unattended seal: the same root key, sealed under the recovery shares.
    #[n(9)]
    pub recovery: Option<Recovery>,
}

/// Argon2id's salt and cost.
#[derive(Clone, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub struct PassphraseParams {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub salt: [u8; 16],
    #[n(1)]
    pub memory: u32,
    #[n(2)]
    pub passes: u32,
    #[n(3)]
    pub lanes: u32,
}

impl PassphraseParams {
    pub(crate) fn cost(&self) -> Cost {
        Cost { memory: self.memory, passes: self.passes, lanes: self.lanes }
    }
}

#[derive(Clone, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub struct Recovery {
    #[n(0)]
    pub shares: u8,
    #[n(1)]
    pub threshold: u8,
    #[cbor(n(2), with = "minicbor::bytes")]
    pub set: [u8; 4],
    #[cbor(n(3), with = "minicbor::bytes")]
    pub root: Vec<u8>,
}

impl SealConfig {
    /// Reads what a row from elsewhere says, if this build can use it and nothing in it is out of bounds: the
    /// costs of a passphrase are paid by whoever tries it.
    pub(crate) fn read(value: &[u8]) -> Option<Self> {
        let config: Self = minicbor::decode(value).ok()?;
        let bounded = |it: &PassphraseParams| {
            it.memory <= MAX_MEMORY && (1..=64).contains(&it.passes) && (1..=64).contains(&it.lanes)
        };
        let holds = |shares: u8, threshold: u8, root: &[u8]| {
            threshold >= 1 && threshold <= shares && root.len() == super::wrap::LEN
        };
        let sound = config.min_reader <= FORMAT
            && holds(config.shares, config.threshold, &config.root)
            && config.passphrase.is_some() == (config.kind == Kind::Passphrase)
            && config.passphrase.iter().all(bounded)
            && config.recovery.is_some() == config.kind.is_unattended()
            && config.recovery.iter().all(|it| holds(it.shares, it.threshold, &it.root));
        sound.then_some(config)
    }

    pub fn store_id(&self) -> StoreId {
        StoreId(uuid::Uuid::from_bytes(self.store))
    }
}

/// The configuration as found.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) config: SealConfig,
    pub(crate) rev: Rev,
}

pub(crate) async fn load(storage: &Arc<dyn Storage>) -> Result<Option<Stored>> {
    let Some(record) = storage.get(CONFIG_KEY).await? else { return Ok(None) };
    let config: SealConfig = minicbor::decode(&record.value).map_err(|_| Malformed)?;
    if config.min_reader > FORMAT {
        return Err(Error::Storage(StorageError::TooNew(config.min_reader)));
    }
    Ok(Some(Stored { config, rev: record.rev }))
}

/// The changes that write the configuration, and what else shall change with it, if nobody was faster.
pub(crate) fn ops(config: &SealConfig, expect: Expect, others: Vec<(RowKey, Vec<u8>)>) -> Result<Vec<Op>> {
    let value = minicbor::to_vec(config).map_err(|_| Malformed)?;
    let mut ops = vec![
        Op::Check { key: CONFIG_KEY, expect },
        Op::Put { key: CONFIG_KEY, name: Bytes::new(), value: value.into() },
    ];
    ops.extend(others.into_iter().map(|(key, value)| Op::Put {
        key,
        name: Bytes::new(),
        value: value.into(),
    }));
    Ok(ops)
}

/// Replaces the configuration `stored`, and what else shall change with it. What it was before is gone from
/// the medium when this answers: with old shares it would still be a way in.
pub(crate) async fn replace(
    storage: &Arc<dyn Storage>,
    stored: &Stored,
    config: &SealConfig,
    others: Vec<(RowKey, Vec<u8>)>,
) -> Result<()> {
    let ops = ops(config, Expect::At(stored.rev), others)?;
    storage.commit(Batch { ops, scrub: true, ..Batch::default() }).await?;
    Ok(())
}
