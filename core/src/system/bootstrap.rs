//! What a new store begins with.

use std::collections::BTreeMap;

use strongroom_policies::PolicyName;

use crate::{
    clock::Timestamp,
    engine::ENGINES,
    error::{Error, Result},
    ids::{MountId, NamespaceId},
    mounts::{self, Config, Mount, MountClass},
    policy::{self, StoredPolicy},
    tx::Tx,
};

/// Stages the mounts that are always there, `secret/`, and the default policy.
pub(crate) async fn write(tx: &mut Tx, now: Timestamp) -> Result<()> {
    for engine in ENGINES.all().filter(|it| it.is_singleton()) {
        let path = match engine.kind() {
            "system" => "sys/".to_owned(),
            kind => format!("{kind}/"),
        };
        let description = match engine.kind() {
            "system" => "system endpoints used for control, policy and debugging",
            "identity" => "identity store",
            "cubbyhole" => "per-token private secret storage",
            "token" => "token based credentials",
            _ => engine.summary(),
        };
        add(tx, engine.class(), engine.kind(), path, description, &[]).await?;
    }
    if ENGINES.find(MountClass::Secret, "kv").is_some() {
        let version = [("version", "2")];
        add(tx, MountClass::Secret, "kv", "secret/".to_owned(), "key/value secret storage", &version).await?;
    }
    for (name, text) in strongroom_policies::stock().iter().filter(|(name, _)| *name == "default") {
        let name = PolicyName::new(name).map_err(|_| Error::Internal("a stock policy has no valid name"))?;
        let stored = StoredPolicy {
            namespace: NamespaceId::ROOT,
            name: name.as_str().to_owned(),
            text: (*text).to_owned(),
            modified: now,
        };
        policy::put(tx, &name, &stored).await?;
    }
    Ok(())
}

async fn add(
    tx: &mut Tx,
    class: MountClass,
    kind: &str,
    path: String,
    description: &str,
    options: &[(&str, &str)],
) -> Result<()> {
    let headers = match kind {
        "system" => vec!["Accept".to_owned()],
        "identity" => vec!["Authorization".to_owned()],
        _ => Vec::new(),
    };
    let mut mount = Mount {
        id: MountId::generate()?,
        namespace: NamespaceId::ROOT,
        class,
        path,
        kind: kind.to_owned(),
        accessor: mounts::accessor(class, kind)?,
        description: description.to_owned(),
        options: options.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<BTreeMap<_, _>>(),
        // As Vault's clients find them.
        config: Config { passthrough_request_headers: headers, ..Config::default() },
        local: kind == "cubbyhole",
        seal_wrap: kind == "system",
        external_entropy_access: false,
        tainted: false,
    };
    let engine = ENGINES.find(class, kind).ok_or(Error::Internal("an engine is missing"))?;
    engine.enable(&mut mount, tx).await?;
    mounts::put(tx, &mount).await
}
