//! What the core is told once, when it is built.

use std::{path::PathBuf, time::Duration};

use crate::audit::DeviceConfig;

use crate::seal::Kind;

#[derive(Clone, Debug)]
pub struct Settings {
    /// What `sys/health` and `sys/seal-status` say: a version of Vault's whose clients we serve.
    pub compatible_version: String,
    pub default_lease_ttl: Duration,
    pub max_lease_ttl: Duration,
    /// Leases and holdings that one mount may have. Whoever wants one more is refused.
    pub max_leases: u64,
    /// The audit devices. None is a choice too: that nothing is recorded.
    pub audit: Vec<DeviceConfig>,
    /// Audit devices may be made over the API.
    pub audit_by_api: bool,
    /// Where the files of such devices may lie.
    pub audit_folders: Vec<PathBuf>,
    /// `-dev`: a mode for laptops.
    pub dev: bool,
    pub cluster_name: String,
    /// What `sys/init` makes a new store be unsealed with. A store that is there keeps what it was made with.
    pub seal: Kind,
    /// `sys/rekey/*` and `sys/generate-root/*` ask for no token: the shares are proof enough, as in Vault.
    /// Otherwise they ask for one with `sudo`, or for the local socket.
    pub unauthed_operator_endpoints: bool,
    /// Whose answers are given where OpenBao and Vault differ.
    pub answers: Answers,
}

/// The two dialects of one API.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Answers {
    #[default]
    OpenBao,
    /// With the fields that OpenBao has dropped: `performance_standby` in `sys/health`, without which one
    /// strict client (vaultrs) cannot read it, and the addresses in `sys/leader`.
    Vault,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            compatible_version: "1.19.5".to_owned(),
            default_lease_ttl: Duration::from_secs(768 * 3600),
            max_lease_ttl: Duration::from_secs(768 * 3600),
            max_leases: 300_000,
            audit: Vec::new(),
            audit_by_api: false,
            audit_folders: Vec::new(),
            dev: false,
            cluster_name: String::new(),
            seal: Kind::Shamir,
            unauthed_operator_endpoints: false,
            answers: Answers::default(),
        }
    }
}
