//! `identity/`: an empty room.
//!
//! Vault and OpenBao keep entities and groups there, and clients expect the mount in `sys/mounts`. Strongroom
//! has none: the mount exists, cannot be moved or disabled, and every path in it is unknown.

use crate::{
    engine::Engine,
    mounts::{Mount, MountClass},
    route::Tables,
};

pub(crate) struct Identity;

impl Engine for Identity {
    fn kind(&self) -> &'static str {
        "identity"
    }

    fn class(&self) -> MountClass {
        MountClass::Secret
    }

    fn routes(&self, _mount: &Mount) -> Tables {
        &[]
    }

    fn is_singleton(&self) -> bool {
        true
    }

    fn summary(&self) -> &'static str {
        "Reserved for entities and groups, of which there are none."
    }
}
