//! What lies under `sys/`: one file for each resource.

mod audit;
pub(crate) mod bootstrap;
mod clock;
mod generate_root;
mod identity;
mod integrity;
mod mounts;
mod operator;
mod policies;
mod rekey;
mod remount;
mod rotate;
mod seal;
mod status;

pub use identity::Identity;

use crate::{
    engine::{ENGINES, Engine},
    mounts::{Mount, MountClass},
    route::Tables,
};

/// All of `sys/`. While sealed, the pipeline finds the seal's own routes here.
pub(crate) const ROUTES: Tables = &[
    seal::ROUTES,
    status::ROUTES,
    audit::ROUTES,
    clock::ROUTES,
    generate_root::ROUTES,
    integrity::ROUTES,
    mounts::ROUTES,
    policies::ROUTES,
    rekey::ROUTES,
    remount::ROUTES,
    rotate::ROUTES,
    mounts::ROUTES,
    remount::ROUTES,
    policies::ROUTES,
];

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

/// The types that can be mounted, sorted.
fn mountable(class: MountClass) -> impl Iterator<Item = &'static str> {
    let mut kinds: Vec<&str> = ENGINES
        .all()
        .filter(|it| it.class() == class && !it.is_singleton())
        .map(|it| it.kind())
        .filter(|it| !it.starts_with("kv-"))
        .collect();
    kinds.sort_unstable();
    kinds.into_iter()
}

/// The version of the engines that are built in, as clients show it.
fn builtin_version() -> String {
    format!("v{}+builtin", env!("CARGO_PKG_VERSION"))
}
