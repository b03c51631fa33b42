//! What a snapshot says of itself in the clear, and what its parts are called.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use super::read::BadSnapshot;
use crate::{clock::Timestamp, crypto::mac::MacKey};

/// The format that this build writes, and the newest that it reads.
pub(super) const FORMAT: u32 = 1;

/// The parts, in this order and no other. The last one is what Vault's clients look for: without it they take
/// the file for cut short.
pub(super) const META: &str = "meta.json";
pub(super) const STATE: &str = "state.bin";
pub(super) const SUMS: &str = "SHA256SUMS";
pub(super) const SEALED: &str = "SHA256SUMS.sealed";

/// Bytes of the small parts, at most.
pub(super) const MAX_SMALL: u64 = 4096;
/// Bytes of `state.bin`, at most: 1 TiB.
pub(super) const MAX_STATE: u64 = 1 << 40;

/// `meta.json`. It holds no key, and nothing that the store's file does not show to whoever has it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Meta {
    pub format: u32,
    /// The version of the program that took it.
    pub version: String,
    /// The store's id.
    pub store: String,
    /// RFC 3339.
    pub created: String,
    pub rows: u64,
    /// Bytes of `state.bin`.
    pub size: u64,
    /// The anchor of the store as of then: physical commits so far, and a MAC of the head in hex. See
    /// [`Anchor`](crate::integrity::Anchor).
    pub sequence: u64,
    pub digest: String,
    /// How it is unsealed: `shamir`, `passphrase`, `keyfile`, `credential`.
    pub seal: String,
    pub shares: u8,
    pub threshold: u8,
}

impl Meta {
    /// Reads what anybody may have written: every text in it is one that can be shown.
    pub(super) fn parse(json: &[u8]) -> Result<Self, BadSnapshot> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let format: Format = serde_json::from_slice(json).map_err(|_| BadSnapshot::Meta)?;
        if format.format > FORMAT {
            return Err(BadSnapshot::TooNew(format.format));
        }
        let meta: Self = serde_json::from_slice(json).map_err(|_| BadSnapshot::Meta)?;
        let plain = |it: u8| it.is_ascii_alphanumeric() || b".+-".contains(&it);
        let sound = meta.format == FORMAT
            && (1..=32).contains(&meta.version.len())
            && meta.version.bytes().all(plain)
            && meta.store_id().is_some_and(|it| it.to_string() == meta.store)
            && meta.created.len() <= 40
            && Timestamp::parse_rfc3339(&meta.created).is_some()
            && HEXLOWER.decode(meta.digest.as_bytes()).is_ok_and(|it| it.len() == 32)
            && matches!(meta.seal.as_str(), "shamir" | "passphrase" | "keyfile" | "credential")
            && meta.size <= MAX_STATE;
        if sound { Ok(meta) } else { Err(BadSnapshot::Meta) }
    }

    pub(super) fn store_id(&self) -> Option<uuid::Uuid> {
        uuid::Uuid::parse_str(&self.store).ok()
    }
}

/// `SHA256SUMS`, as `sha256sum` writes and checks it.
pub(super) fn sums(meta: &[u8; 32], state: &[u8; 32]) -> String {
    format!("{}  {META}\n{}  {STATE}\n", HEXLOWER.encode(meta), HEXLOWER.encode(state))
}

/// `SHA256SUMS.sealed`: a MAC of the sums under a key that only the store's holders have. It shows that the
/// unsealed store itself took the snapshot, and that nothing of it was changed since.
pub(super) fn seal(key: &MacKey, sums: &str) -> String {
    format!("strongroom-1 {}\n", HEXLOWER.encode(&key.parts(&[b"sums", sums.as_bytes()])))
}
