//! Mounts and policies for tests of engines, put where `sys/` would put them.
#![allow(clippy::missing_panics_doc, clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use std::sync::Arc;

use strongroom_policies::PolicyName;

use crate::{
    Core,
    engine::ENGINES,
    ids::{MountId, NamespaceId},
    mounts::{self, Config, Mount, MountClass},
    policy::{self, StoredPolicy},
    tx::Tx,
};

/// Mounts the engine `kind` at `path`, which ends in a slash.
pub async fn mount(core: &Arc<Core>, path: &str, kind: &str, options: &[(&str, &str)]) -> Mount {
    let open = core.unsealed().unwrap();
    let mut mount = Mount {
        id: MountId::generate().unwrap(),
        namespace: NamespaceId::ROOT,
        class: MountClass::Secret,
        path: path.to_owned(),
        kind: kind.to_owned(),
        accessor: mounts::accessor(MountClass::Secret, kind).unwrap(),
        description: String::new(),
        options: options.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        config: Config::default(),
        local: false,
        seal_wrap: false,
        external_entropy_access: false,
        tainted: false,
    };
    let mut tx = Tx::new(open.store.clone());
    let engine = ENGINES.find(MountClass::Secret, kind).unwrap();
    engine.enable(&mut mount, &mut tx).await.unwrap();
    mounts::put(&mut tx, &mount).await.unwrap();
    tx.commit().await.unwrap();
    mount
}

/// Writes a policy.
pub async fn policy(core: &Arc<Core>, name: &str, text: &str) {
    let open = core.unsealed().unwrap();
    let mut tx = Tx::new(open.store.clone());
    let name = PolicyName::new(name).unwrap();
    let stored = StoredPolicy {
        namespace: NamespaceId::ROOT,
        name: name.as_str().to_owned(),
        text: text.to_owned(),
        modified: core.now(),
    };
    policy::put(&mut tx, &name, &stored).await.unwrap();
    tx.commit().await.unwrap();
}

/// Removes a token's record as its purge does in the end, and leaves its cubbyhole where it is.
pub async fn forget_token(core: &Arc<Core>, token: &str) {
    let open = core.unsealed().unwrap();
    let mut tx = Tx::new(open.store.clone());
    tx.delete(&open.tokens.place(&open.store, open.tokens.selector(token.as_bytes())));
    tx.commit().await.unwrap();
}
