//! What lies under `sys/`: one file for each resource.

mod audit;
pub(crate) mod bootstrap;
mod seal;
mod status;

use crate::{
    engine::Engine,
    mounts::{Mount, MountClass},
    route::Tables,
};

/// All of `sys/`. While sealed, the pipeline finds the seal's own routes here.
pub(crate) const ROUTES: Tables = &[audit::ROUTES, seal::ROUTES, status::ROUTES];

pub struct System;

impl Engine for System {
    fn kind(&self) -> &'static str {
        "system"
    }

    fn class(&self) -> MountClass {
        MountClass::Secret
    }

    fn routes(&self, _mount: &Mount) -> Tables {
        ROUTES
    }

    fn is_singleton(&self) -> bool {
        true
    }

    fn summary(&self) -> &'static str {
        "The system itself: seal, mounts, policies, audit, leases."
    }
}
