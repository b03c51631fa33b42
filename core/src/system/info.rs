//! What clients ask about the installation: versions, nodes, built-in engines, namespaces.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    dispatch::Cx,
    error::{Error, Result},
    mounts::MountClass,
    response::Response,
    route::{Route, in_tx, list, read},
    tx::Tx,
};

pub(crate) const ROUTES: &[Route] = &[
    Route { pattern: "ha-status", summary: "The nodes: this one.", endpoints: &[read(in_tx!(ha_status))] },
    Route {
        pattern: "host-info",
        summary: "The machine, as far as it is shown: its time.",
        endpoints: &[read(in_tx!(host_info))],
    },
    Route {
        pattern: "namespaces",
        summary: "Child namespaces, of which there are none.",
        endpoints: &[list(in_tx!(no_namespaces))],
    },
    Route {
        pattern: "plugins/catalog",
        summary: "The engines of this build.",
        endpoints: &[read(in_tx!(catalog))],
    },
    Route {
        pattern: "plugins/catalog/{type}",
        summary: "The engines of one kind.",
        endpoints: &[list(in_tx!(catalog_of)).sudo()],
    },
    Route {
        pattern: "plugins/catalog/{type}/{name}",
        summary: "One of them.",
        endpoints: &[read(in_tx!(plugin)).sudo()],
    },
    Route {
        pattern: "version-history",
        summary: "The version that runs.",
        endpoints: &[list(in_tx!(versions))],
    },
];

#[derive(Serialize)]
struct HaStatus {
    nodes: [Node; 1],
}

#[derive(Serialize)]
struct Node {
    hostname: &'static str,
    api_address: &'static str,
    cluster_address: &'static str,
    active_node: bool,
    last_echo: Option<()>,
    version: String,
}

async fn ha_status(cx: &Cx<'_>, _tx: &mut Tx) -> Result<Response> {
    let version = cx.core.settings().compatible_version.clone();
    let node = Node {
        hostname: "",
        api_address: "",
        cluster_address: "",
        active_node: true,
        last_echo: None,
        version,
    };
    Response::repeated(&HaStatus { nodes: [node] })
}

#[derive(Serialize)]
struct HostInfo {
    timestamp: String,
}

async fn host_info(cx: &Cx<'_>, _tx: &mut Tx) -> Result<Response> {
    Response::data(&HostInfo { timestamp: cx.now.rfc3339() })
}

async fn no_namespaces(_cx: &Cx<'_>, _tx: &mut Tx) -> Result<Response> {
    Err(Error::NotFound)
}

#[derive(Serialize)]
struct Catalog {
    auth: Vec<&'static str>,
    database: Vec<&'static str>,
    secret: Vec<&'static str>,
    detailed: Vec<Detail>,
}

#[derive(Serialize)]
struct Detail {
    builtin: bool,
    deprecation_status: &'static str,
    name: &'static str,
    #[serde(rename = "type")]
    class: &'static str,
    version: String,
}

async fn catalog(_cx: &Cx<'_>, _tx: &mut Tx) -> Result<Response> {
    let detail = |class: MountClass| {
        super::mountable(class).map(move |name| Detail {
            builtin: true,
            deprecation_status: "supported",
            name,
            class: class.name(),
            version: super::builtin_version(),
        })
    };
    Response::data(&Catalog {
        auth: super::mountable(MountClass::Auth).collect(),
        database: Vec::new(),
        secret: super::mountable(MountClass::Secret).collect(),
        detailed: detail(MountClass::Auth).chain(detail(MountClass::Secret)).collect(),
    })
}

fn class(cx: &Cx<'_>) -> Result<Option<MountClass>> {
    match cx.param("type") {
        "auth" => Ok(Some(MountClass::Auth)),
        "secret" => Ok(Some(MountClass::Secret)),
        "database" => Ok(None),
        _ => Err(Error::UnsupportedOperation),
    }
}

async fn catalog_of(cx: &Cx<'_>, _tx: &mut Tx) -> Result<Response> {
    let names = class(cx)?.map(|class| super::mountable(class).map(str::to_owned).collect::<Vec<_>>());
    Response::keys(&names.unwrap_or_default())
}

#[derive(Serialize)]
struct Plugin {
    args: Option<()>,
    builtin: bool,
    command: &'static str,
    deprecation_status: &'static str,
    name: &'static str,
    sha256: &'static str,
    version: String,
}

async fn plugin(cx: &Cx<'_>, _tx: &mut Tx) -> Result<Response> {
    let class = class(cx)?.ok_or(Error::NotFound)?;
    let name = super::mountable(class).find(|it| *it == cx.param("name")).ok_or(Error::NotFound)?;
    Response::data(&Plugin {
        args: None,
        builtin: true,
        command: "",
        deprecation_status: "supported",
        name,
        sha256: "",
        version: super::builtin_version(),
    })
}

#[derive(Serialize)]
struct Versions {
    keys: Vec<String>,
    key_info: BTreeMap<String, Version>,
}

#[derive(Serialize)]
struct Version {
    previous_version: Option<()>,
    timestamp_installed: Option<()>,
    build_date: &'static str,
}

async fn versions(cx: &Cx<'_>, _tx: &mut Tx) -> Result<Response> {
    let version = cx.core.settings().compatible_version.clone();
    let info = Version { previous_version: None, timestamp_installed: None, build_date: "" };
    Response::data(&Versions { keys: vec![version.clone()], key_info: BTreeMap::from([(version, info)]) })
}
