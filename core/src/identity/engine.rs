//! `identity/`: what operators do with entities and groups.

use super::{aliases, entities, group_aliases, groups, lookup, merge};
use crate::{
    engine::Engine,
    mounts::{Mount, MountClass},
    route::Tables,
};

const ROUTES: Tables = &[
    merge::ROUTES,
    entities::ROUTES,
    aliases::ROUTES,
    aliases::OLD,
    aliases::OLDER,
    groups::ROUTES,
    group_aliases::ROUTES,
    lookup::ROUTES,
];

pub(crate) struct Identity;

impl Engine for Identity {
    fn kind(&self) -> &'static str {
        "identity"
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
        "Who is behind logins: entities, their aliases, and groups of them."
    }
}
