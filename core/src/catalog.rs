//! Every endpoint of this build, in one list.
//!
//! From it come the OpenAPI document, the check that each endpoint refuses whom it should, and the reviewed
//! list of those that ask for no token.

use std::collections::BTreeMap;

use crate::{
    engine::{ENGINES, Engine},
    ids::{MountId, NamespaceId},
    mounts::{Config, Mount, MountClass},
    route::Tables,
};

/// Patterns, relative to `/v1/`, and operations that ask for no token. Whatever else there is needs one.
///
/// A change here is a change of the attack surface: a test compares it with the routes.
pub const UNAUTHENTICATED: &[(&str, &str)] = &[
    ("sys/generate-root/attempt", "delete"),
    ("sys/generate-root/attempt", "read"),
    ("sys/generate-root/attempt", "write"),
    ("sys/generate-root/update", "write"),
    ("sys/health", "read"),
    ("sys/init", "read"),
    ("sys/init", "write"),
    ("sys/internal/specs/openapi", "read"),
    ("sys/internal/ui/mounts", "read"),
    ("sys/internal/ui/mounts/{path...}", "read"),
    ("sys/leader", "read"),
    ("sys/rekey-recovery-key/init", "delete"),
    ("sys/rekey-recovery-key/init", "read"),
    ("sys/rekey-recovery-key/init", "write"),
    ("sys/rekey-recovery-key/update", "write"),
    ("sys/rekey-recovery-key/verify", "delete"),
    ("sys/rekey-recovery-key/verify", "read"),
    ("sys/rekey-recovery-key/verify", "write"),
    ("sys/rekey/init", "delete"),
    ("sys/rekey/init", "read"),
    ("sys/rekey/init", "write"),
    ("sys/rekey/update", "write"),
    ("sys/rekey/verify", "delete"),
    ("sys/rekey/verify", "read"),
    ("sys/rekey/verify", "write"),
    ("sys/seal-status", "read"),
    ("sys/unseal", "write"),
    ("sys/wrapping/lookup", "read"),
    ("sys/wrapping/lookup", "write"),
];

/// An engine's routes, and where they stand in the list.
pub struct Listed {
    pub engine: &'static dyn Engine,
    /// `sys/`, `auth/token/`; for what can lie anywhere, a name in braces: `{kv_mount_path}/`.
    pub prefix: String,
    pub tables: Tables,
}

/// All engines. `kv` is there twice, with versions and without.
pub fn all() -> Vec<Listed> {
    let alias = |kind: &str| kind == "kv" && ENGINES.find(MountClass::Secret, "kv-v2").is_some();
    let mut out: Vec<Listed> = ENGINES
        .all()
        .filter(|it| !alias(it.kind()))
        .map(|engine| {
            let kind = engine.kind();
            let prefix = match (engine.class(), engine.is_singleton()) {
                (MountClass::Auth, true) => format!("auth/{kind}/"),
                (MountClass::Auth, false) => format!("auth/{{{}_mount_path}}/", kind.replace('-', "_")),
                (MountClass::Secret, true) if kind == "system" => "sys/".to_owned(),
                (MountClass::Secret, true) => format!("{kind}/"),
                (MountClass::Secret, false) => format!("{{{}_mount_path}}/", kind.replace('-', "_")),
            };
            Listed { engine, prefix, tables: engine.routes(&sample(engine)) }
        })
        .collect();
    out.sort_by(|one, other| one.prefix.cmp(&other.prefix));
    out
}

/// The OpenAPI document of [`all`], as it is checked in.
pub fn openapi() -> serde_json::Value {
    let listed = all();
    let mounts = listed.iter().map(|it| (it.prefix.as_str(), it.tables));
    crate::system::openapi::document(mounts)
}

/// A mount of an engine as it is when nothing else is said.
fn sample(engine: &dyn Engine) -> Mount {
    let mut options = BTreeMap::new();
    if let Some(version) = engine.kind().strip_prefix("kv-v") {
        options.insert("version".to_owned(), version.to_owned());
    }
    Mount {
        id: MountId::internal(0),
        namespace: NamespaceId::ROOT,
        class: engine.class(),
        path: String::new(),
        kind: engine.kind().to_owned(),
        accessor: String::new(),
        description: String::new(),
        options,
        config: Config::default(),
        local: false,
        seal_wrap: false,
        external_entropy_access: false,
        tainted: false,
    }
}
