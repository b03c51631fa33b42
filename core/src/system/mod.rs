//! What lies under `sys/`: one file for each resource.

mod audit;
pub(crate) mod bootstrap;
mod capabilities;
mod clock;
mod explain;
mod generate_root;
pub(crate) mod help;
mod holdings;
mod info;
mod integrity;
mod leases;
mod mounts;
pub(crate) mod openapi;
mod operator;
mod policies;
mod rekey;
mod remount;
mod rotate;
mod seal;
pub mod settings;
mod snapshot;
mod status;
mod tools;
mod ui;
mod wrapping;

use crate::{
    barrier::Filed,
    engine::{ENGINES, Engine},
    mounts::{Mount, MountClass},
    route::Tables,
};

/// All of `sys/`. While sealed, the pipeline finds the seal's own routes here.
pub(crate) const ROUTES: Tables = &[
    seal::ROUTES,
    status::ROUTES,
    audit::ROUTES,
    capabilities::ROUTES,
    clock::ROUTES,
    explain::ROUTES,
    generate_root::ROUTES,
    info::ROUTES,
    integrity::ROUTES,
    holdings::ROUTES,
    leases::ROUTES,
    mounts::ROUTES,
    openapi::ROUTES,
    policies::ROUTES,
    rekey::ROUTES,
    remount::ROUTES,
    rotate::ROUTES,
    settings::ROUTES,
    snapshot::ROUTES,
    tools::ROUTES,
    ui::ROUTES,
    wrapping::ROUTES,
    crate::auth::lockout::ROUTES,
];

pub(crate) const KINDS: &[&[Filed]] = &[remount::KINDS, settings::KINDS];

pub(crate) struct System;

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

    fn folded(&self) -> &'static [&'static str] {
        // Names of headers come back as they were typed: clients look for them so.
        &["name"]
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
