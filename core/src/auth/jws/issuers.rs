//! Who signs tokens, mount by mount: their keys as they were last known.

use std::sync::Arc;

use quick_cache::sync::Cache;

use super::{KeySet, Published};
use crate::{error::Result, ids::MountId, storage::Rev};

/// Mounts whose keys are kept at a time.
const KEPT: usize = 1_024;

/// Belongs to the unsealed store: sealing drops all of it.
pub(crate) struct Issuers(Cache<MountId, Arc<Issuer>>);

/// The keys of one mount's issuer, for as long as the mount's configuration is the same.
#[derive(Debug)]
pub(crate) struct Issuer {
    /// Of the configuration that it was made of.
    pub(crate) rev: Rev,
    /// What the configuration itself holds.
    pub(crate) fixed: KeySet,
    /// What is published where the configuration says.
    pub(crate) published: Published,
}

impl Default for Issuers {
    fn default() -> Self {
        Self(Cache::new(KEPT))
    }
}

impl Issuers {
    /// The issuer that the configuration at `rev` names. `fixed` reads the keys in it, once.
    pub(crate) fn of(
        &self,
        mount: MountId,
        rev: Rev,
        fixed: impl FnOnce() -> Result<KeySet>,
    ) -> Result<Arc<Issuer>> {
        if let Some(known) = self.0.get(&mount).filter(|it| it.rev == rev) {
            return Ok(known);
        }
        let issuer = Arc::new(Issuer { rev, fixed: fixed()?, published: Published::default() });
        self.0.insert(mount, issuer.clone());
        Ok(issuer)
    }
}
