//! One mount.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    barrier::{Record, Root},
    ids::{MountId, NamespaceId},
};

/// What a mount is to the router.
#[derive(
    Clone,
    Copy,
    Debug,
    Eq,
    Hash,
    Ord,
    PartialEq,
    PartialOrd,
    minicbor::CborLen,
    minicbor::Decode,
    minicbor::Encode,
)]
#[cbor(index_only)]
pub enum MountClass {
    /// Below `auth/`.
    #[n(0)]
    Auth,
    /// Everything else, `sys/` and `cubbyhole/` included.
    #[n(1)]
    Secret,
}

impl MountClass {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Secret => "secret",
        }
    }
}

/// An engine at a path.
#[derive(Clone, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub struct Mount {
    #[cbor(n(0), with = "crate::codec::mount_id")]
    pub id: MountId,
    #[cbor(n(1), with = "crate::codec::namespace")]
    pub namespace: NamespaceId,
    #[n(2)]
    pub class: MountClass,
    /// With a trailing slash and, for auth methods, without `auth/`: `secret/`, `approle/`.
    #[n(3)]
    pub path: String,
    /// The engine: `kv`, `approle`.
    #[n(4)]
    pub kind: String,
    #[n(5)]
    pub accessor: String,
    #[n(6)]
    pub description: String,
    #[n(7)]
    pub options: BTreeMap<String, String>,
    #[n(8)]
    pub config: Config,
    #[n(9)]
    pub local: bool,
    #[n(10)]
    pub seal_wrap: bool,
    #[n(11)]
    pub external_entropy_access: bool,
    /// Being disabled: answers nothing while its records are purged.
    #[n(12)]
    pub tainted: bool,
}

impl Record for Mount {}

/// What `tune` sets.
#[derive(Clone, Debug, Default, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub struct Config {
    #[cbor(n(0), with = "crate::codec::seconds")]
    /// Zero: the system's.
    pub default_lease_ttl: Duration,
    #[cbor(n(1), with = "crate::codec::seconds")]
    /// Zero: the system's.
    pub max_lease_ttl: Duration,
    #[n(2)]
    pub force_no_cache: bool,
    #[n(3)]
    /// Empty or `unauth`.
    pub listing_visibility: String,
    #[n(4)]
    pub audit_non_hmac_request_keys: Vec<String>,
    #[n(5)]
    pub audit_non_hmac_response_keys: Vec<String>,
    #[n(6)]
    pub passthrough_request_headers: Vec<String>,
    #[n(7)]
    pub allowed_response_headers: Vec<String>,
    #[n(8)]
    /// Auth methods: `default-service`, `default-batch`, `service`, `batch`; empty for engines.
    pub token_type: String,
    #[n(9)]
    pub user_lockout: Option<UserLockout>,
}

/// What `tune` sets about failed logins.
#[derive(Clone, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub struct UserLockout {
    #[n(0)]
    pub threshold: u64,
    #[cbor(n(1), with = "crate::codec::seconds")]
    pub duration: Duration,
    #[cbor(n(2), with = "crate::codec::seconds")]
    pub counter_reset: Duration,
    #[n(3)]
    pub disable: bool,
}

impl Mount {
    /// Where its records are filed.
    pub fn root(&self) -> Root {
        Root { namespace: self.namespace, mount: self.id }
    }

    /// The whole path: `secret/`, `auth/approle/`.
    pub fn full_path(&self) -> String {
        match self.class {
            MountClass::Auth => format!("auth/{}", self.path),
            MountClass::Secret => self.path.clone(),
        }
    }
}
