//! `sys/audit`, `sys/audit-hash`, `sys/audit-key`: the audit devices.

use std::{
    collections::BTreeMap,
    path::{Component, Path},
};

use serde::{Deserialize, Serialize};
use strongroom_api::params::{Bool, Text};

use crate::{
    audit::{self, DeviceConfig, DeviceStatus, SinkConfig, StoredDevice},
    core::Unsealed,
    dispatch::Cx,
    error::{Error, Result},
    response::Response,
    route::{Kind, Route, action, delete, field, in_tx, read},
    tx::Tx,
};

pub(crate) const ROUTES: &[Route] = &[
    Route { pattern: "audit", summary: "The audit devices.", endpoints: &[read(in_tx!(list)).sudo()] },
    Route {
        pattern: "audit/{path...}",
        summary: "Makes an audit device, where the configuration allows that, or takes one away.",
        endpoints: &[
            action(in_tx!(enable)).sudo().fields(&[
                field("type", Kind::Text),
                field("description", Kind::Text),
                field("options", Kind::Map),
                field("local", Kind::Bool),
            ]),
            delete(in_tx!(disable)).sudo(),
        ],
    },
    Route {
        pattern: "audit-hash/{path...}",
        summary: "What an audit device writes in place of a value.",
        endpoints: &[action(in_tx!(hash)).sudo().fields(&[field("input", Kind::Text)])],
    },
    Route {
        pattern: "audit-key",
        summary: "The key that signs the audit log's checkpoints, and how far each device's chain has got.",
        endpoints: &[read(in_tx!(key))],
    },
];

/// Of one device, in Vault's shape.
#[derive(Serialize)]
struct Listed<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    description: &'a str,
    options: &'a BTreeMap<String, String>,
    path: &'a str,
    local: bool,
}

async fn list(cx: &Cx<'_>, _: &mut Tx) -> Result<Response> {
    let devices = cx.open()?.audit.devices().await?;
    let listed = devices.iter().map(|it| (it.config.path.as_str(), listed(&it.config)));
    Response::repeated(&listed.collect::<BTreeMap<_, _>>())
}

fn listed(config: &DeviceConfig) -> Listed<'_> {
    Listed {
        kind: config.kind(),
        description: &config.description,
        options: &config.options,
        path: &config.path,
        local: false,
    }
}

#[derive(Deserialize)]
struct EnableFields {
    #[serde(rename = "type")]
    kind: Option<Text>,
    description: Option<Text>,
    options: Option<BTreeMap<String, Text>>,
    local: Option<Bool>,
}

async fn enable(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let fields: EnableFields = cx.fields()?;
    // Rule 95
    if !cx.core.settings().audit_by_api {
        return Err(Error::invalid("audit devices are made in the configuration file, not over the API"));
    }
    if fields.local.is_some_and(|it| it.0) {
        return Err(Error::invalid("local audit devices are not supported"));
    }
    let text = |it: Option<Text>| it.map(|it| it.0).unwrap_or_default();
    let options: BTreeMap<String, String> =
        fields.options.unwrap_or_default().into_iter().map(|(name, it)| (name, it.0)).collect();
    let (kind, description) = (text(fields.kind), text(fields.description));
    let path = cx.param("path");
    let config = DeviceConfig::parse(&kind, path, &description, &options)
        .map_err(|it| Error::invalid(it.to_string()))?;
    if existing(cx.open()?, &config.path).await?.is_some() {
        return Err(Error::invalid("path already in use"));
    }
    may_lie_there(&config, &cx.core.settings().audit_folders)?;
    audit::probe(&config).map_err(|_| Error::invalid("the audit file could not be opened for writing"))?;
    let place = audit::device_place(tx.store(), &config.path);
    if tx.get::<StoredDevice>(&place).await?.is_some() {
        return Err(Error::invalid("path already in use"));
    }
    audit::put(tx, &audit::stored_device(&kind, path, &description, &options)?).await?;
    Ok(Response::empty())
}

/// Whether a device that is asked for over the API may have its file where it says.
fn may_lie_there(config: &DeviceConfig, folders: &[std::path::PathBuf]) -> Result<()> {
    let refused = || Err(Error::invalid("the configuration does not allow an audit file there"));
    let path = match &config.sink {
        SinkConfig::Null => return Ok(()),
        SinkConfig::File { path, .. } => path,
        _ => return refused(),
    };
    let plain = path.is_absolute() && !path.components().any(|it| matches!(it, Component::ParentDir));
    let Some(folder) = path.parent().filter(|_| plain) else { return refused() };
    // What exists of the way there is resolved, so that no link leads out again.
    let Some(real) = folder.ancestors().find_map(|it| Some((it, it.canonicalize().ok()?))) else {
        return refused();
    };
    let rest = folder.strip_prefix(real.0).unwrap_or(Path::new(""));
    let folder = real.1.join(rest);
    let allowed = |it: &std::path::PathBuf| it.canonicalize().is_ok_and(|it| folder.starts_with(it));
    if folders.iter().any(allowed) { Ok(()) } else { refused() }
}

async fn disable(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let path = audit::with_slash(cx.param("path"));
    let place = audit::device_place(tx.store(), &path);
    if tx.get::<StoredDevice>(&place).await?.is_some() {
        audit::remove(tx, &path).await?;
    } else if existing(cx.open()?, &path).await?.is_some() {
        return Err(Error::invalid("this audit device stands in the configuration file"));
    }
    Ok(Response::empty())
}

#[derive(Deserialize)]
struct HashFields {
    input: Option<Text>,
}

#[derive(Serialize)]
struct Hashed {
    hash: String,
}

async fn hash(cx: &Cx<'_>, _: &mut Tx) -> Result<Response> {
    let fields: HashFields = cx.fields()?;
    let Some(input) = fields.input.filter(|it| !it.0.is_empty()) else {
        return Err(Error::invalid("the \"input\" parameter is empty"));
    };
    let path = cx.param("path");
    match cx.open()?.audit.hash(path, input.0.as_bytes()).await? {
        Some(hash) => Response::repeated(&Hashed { hash }),
        None => Err(Error::invalid(format!("unknown audit backend \"{}\"", audit::with_slash(path)))),
    }
}

#[derive(Serialize)]
struct Key {
    algorithm: &'static str,
    public_key: String,
    store: String,
    heads: BTreeMap<String, Head>,
}

#[derive(Serialize)]
struct Head {
    seq: u64,
    chain: String,
}

async fn key(cx: &Cx<'_>, _: &mut Tx) -> Result<Response> {
    let audit = &cx.open()?.audit;
    let heads = audit.devices().await?.into_iter().map(|it| {
        let head = Head { seq: it.head.seq, chain: it.head.hex() };
        (it.config.path, head)
    });
    Response::data(&Key {
        algorithm: "ed25519",
        public_key: data_encoding::HEXLOWER.encode(&audit.public_key()),
        store: audit.store_id().to_owned(),
        heads: heads.collect(),
    })
}

async fn existing(open: &Unsealed, path: &str) -> Result<Option<DeviceStatus>> {
    Ok(open.audit.devices().await?.into_iter().find(|it| it.config.path == path))
}
