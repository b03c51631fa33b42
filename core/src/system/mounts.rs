//! `sys/mounts`, `sys/auth`: enabling, reading, tuning, disabling.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strongroom_api::params::{Bool, Text};

use crate::{
    dispatch::Cx,
    engine::ENGINES,
    error::{Error, Result},
    ids::{MountId, NamespaceId},
    mounts::{self, Config, ConfigView, Mount, MountClass, MountPath, TuneView, Tuning},
    purge,
    response::Response,
    route::{Field, Kind, Route, action, delete, field, in_tx, read},
    tokens::prefixes,
    tx::Tx,
};

const ENABLE: &[Field] = &[
    field("type", Kind::Text),
    field("description", Kind::Text),
    field("config", Kind::Map),
    field("options", Kind::Map),
    field("local", Kind::Bool),
    field("seal_wrap", Kind::Bool),
    field("external_entropy_access", Kind::Bool),
    field("plugin_name", Kind::Text),
    field("plugin_version", Kind::Text),
];

const TUNE: &[Field] = &[
    field("default_lease_ttl", Kind::Duration),
    field("max_lease_ttl", Kind::Duration),
    field("description", Kind::Text),
    field("options", Kind::Map),
    field("listing_visibility", Kind::Text),
    field("audit_non_hmac_request_keys", Kind::List),
    field("audit_non_hmac_response_keys", Kind::List),
    field("passthrough_request_headers", Kind::List),
    field("allowed_response_headers", Kind::List),
    field("token_type", Kind::Text),
    field("user_lockout_config", Kind::Map),
    field("plugin_version", Kind::Text),
];

pub(crate) const ROUTES: &[Route] = &[
    Route {
        pattern: "mounts",
        summary: "All secrets engines, by path.",
        endpoints: &[read(in_tx!(list_secrets))],
    },
    Route {
        pattern: "mounts/{path...}/tune",
        summary: "The settings of a secrets engine or, below auth/, of an auth method.",
        endpoints: &[read(in_tx!(read_tuning)), action(in_tx!(tune)).fields(TUNE)],
    },
    Route {
        pattern: "mounts/{path...}",
        summary: "One secrets engine: enables it at a path, describes it, disables it.",
        endpoints: &[
            read(in_tx!(describe)),
            action(in_tx!(enable_secrets)).fields(ENABLE),
            delete(in_tx!(disable_secrets)),
        ],
    },
    Route { pattern: "auth", summary: "All auth methods, by path.", endpoints: &[read(in_tx!(list_auth))] },
    Route {
        pattern: "auth/{path...}/tune",
        summary: "The settings of an auth method.",
        endpoints: &[read(in_tx!(read_auth_tuning)).sudo(), action(in_tx!(tune_auth)).sudo().fields(TUNE)],
    },
    Route {
        pattern: "auth/{path...}",
        summary: "One auth method: enables it at a path, describes it, disables it.",
        endpoints: &[
            read(in_tx!(describe_auth)).sudo(),
            action(in_tx!(enable_auth)).sudo().fields(ENABLE),
            delete(in_tx!(disable_auth)).sudo(),
        ],
    },
];

/// A mount as clients see it.
#[derive(Debug, Serialize)]
pub(super) struct MountView<'a> {
    accessor: &'a str,
    config: ConfigView,
    description: &'a str,
    external_entropy_access: bool,
    local: bool,
    options: Option<&'a BTreeMap<String, String>>,
    plugin_version: &'static str,
    running_plugin_version: String,
    running_sha256: &'static str,
    seal_wrap: bool,
    #[serde(rename = "type")]
    kind: &'a str,
    uuid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    deprecation_status: Option<&'static str>,
}

impl<'a> MountView<'a> {
    pub(super) fn of(mount: &'a Mount) -> Self {
        let always = is_singleton(mount);
        Self {
            accessor: &mount.accessor,
            config: ConfigView::of(mount),
            description: &mount.description,
            external_entropy_access: mount.external_entropy_access,
            local: mount.local,
            options: (!always || !mount.options.is_empty()).then_some(&mount.options),
            plugin_version: "",
            running_plugin_version: super::builtin_version(),
            running_sha256: "",
            seal_wrap: mount.seal_wrap,
            kind: &mount.kind,
            uuid: mount.id.to_string(),
            deprecation_status: (!always).then_some("supported"),
        }
    }
}

fn is_singleton(mount: &Mount) -> bool {
    ENGINES.find(mount.class, &mount.kind).is_none_or(|it| it.is_singleton())
}

async fn list_secrets(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    list(cx, tx, MountClass::Secret).await
}

async fn list_auth(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    list(cx, tx, MountClass::Auth).await
}

async fn list(cx: &Cx<'_>, tx: &mut Tx, class: MountClass) -> Result<Response> {
    let table = cx.open()?.mounts.current(tx.store()).await?;
    let all: BTreeMap<&str, MountView<'_>> =
        table.all(class).into_iter().map(|it| (it.path.as_str(), MountView::of(it))).collect();
    Response::repeated(&all)
}

async fn describe(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    describe_at(cx, tx, &MountPath::existing_full(cx.param("path"))).await
}

async fn describe_auth(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    describe_at(cx, tx, &MountPath::existing(MountClass::Auth, cx.param("path"))).await
}

async fn describe_at(cx: &Cx<'_>, tx: &mut Tx, path: &MountPath) -> Result<Response> {
    let table = cx.open()?.mounts.current(tx.store()).await?;
    match table.at(&path.full()) {
        Some(mounted) => Response::repeated(&MountView::of(&mounted.mount)),
        None => Err(Error::invalid(match path.class {
            MountClass::Auth => format!("No auth engine at {}", path.as_str()),
            MountClass::Secret => format!("No secret engine mount at {}", path.as_str()),
        })),
    }
}

#[derive(Deserialize)]
struct EnableFields {
    #[serde(rename = "type")]
    kind: Option<Text>,
    description: Option<Text>,
    config: Option<Tuning>,
    options: Option<BTreeMap<String, Text>>,
    local: Option<Bool>,
    seal_wrap: Option<Bool>,
    external_entropy_access: Option<Bool>,
    /// With the type `plugin`, as old clients name an engine.
    plugin_name: Option<Text>,
}

async fn enable_secrets(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    enable(cx, tx, MountPath::existing(MountClass::Secret, cx.param("path"))).await
}

async fn enable_auth(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    enable(cx, tx, MountPath::existing(MountClass::Auth, cx.param("path"))).await
}

async fn enable(cx: &Cx<'_>, tx: &mut Tx, path: MountPath) -> Result<Response> {
    let fields: EnableFields = cx.fields()?;
    let kind = fields.kind.map(|it| it.0).unwrap_or_default();
    let kind = if kind == "plugin" { fields.plugin_name.map(|it| it.0).unwrap_or_default() } else { kind };
    if kind.is_empty() {
        return Err(Error::invalid("backend type must be specified as a string"));
    }
    // What `kv` was called before there were versions.
    let kind = if kind == "generic" && path.class == MountClass::Secret { "kv".to_owned() } else { kind };
    mountable(path.class, &kind)?;
    if path.is_reserved() {
        return Err(Error::invalid(format!("cannot mount \"{}\"", path.as_str())));
    }
    let table = cx.open()?.mounts.checked(tx).await?;
    if let Some(other) = table.conflict(&path.full()) {
        return Err(Error::invalid(format!("path is already in use at {}", other.mount.path)));
    }
    path.check()?;

    let engine = ENGINES.find(path.class, &kind).ok_or(Error::Internal("an engine is missing"))?;
    let mut mount = Mount {
        // Rule 91: nothing that lay at this path before is filed under a new id.
        id: MountId::generate()?,
        namespace: NamespaceId::ROOT,
        class: path.class,
        path: path.as_str().to_owned(),
        accessor: mounts::accessor(path.class, &kind)?,
        kind,
        description: fields.description.unwrap_or_default().0,
        options: fields
            .options
            .unwrap_or_default()
            .into_iter()
            .map(|(name, value)| (name, value.0))
            .collect(),
        config: Config::default(),
        local: fields.local.unwrap_or_default().0,
        seal_wrap: fields.seal_wrap.unwrap_or_default().0,
        external_entropy_access: fields.external_entropy_access.unwrap_or_default().0,
        tainted: false,
    };
    fields.config.unwrap_or_default().begin(&mut mount, cx.core.settings())?;
    engine.enable(&mut mount, tx).await?;
    mounts::put(tx, &mount).await?;
    Ok(Response::empty())
}

/// Refuses a type of which there is always one, and a type that there is not.
fn mountable(class: MountClass, kind: &str) -> Result<()> {
    if class == MountClass::Auth && kind == "token" {
        return Err(Error::invalid("token credential backend cannot be instantiated"));
    }
    let always = ["cubbyhole", "identity", "ns_cubbyhole", "ns_identity", "ns_system", "system", "token"];
    if let Some(kind) = always.iter().find(|it| class == MountClass::Secret && **it == kind) {
        return Err(Error::invalid(format!("mount type of \"{kind}\" is not mountable")));
    }
    match ENGINES.find(class, kind) {
        Some(engine) if !engine.is_singleton() => Ok(()),
        _ => {
            let known: Vec<&str> = super::mountable(class).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let word = crate::error::word(kind);
            Err(Error::invalid(format!("plugin not found in the catalog: {word}; there are: {known}")))
        }
    }
}

async fn disable_secrets(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let path = MountPath::existing(MountClass::Secret, cx.param("path"));
    if path.is_reserved() {
        return Err(Error::invalid(format!("cannot unmount \"{}\"", path.as_str())));
    }
    disable(cx, tx, &path).await
}

async fn disable_auth(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let path = MountPath::existing(MountClass::Auth, cx.param("path"));
    if path.as_str() == "token/" {
        return Err(Error::invalid("token credential backend cannot be disabled"));
    }
    disable(cx, tx, &path).await
}

/// Takes the mount off the table: from the commit on nothing reaches it. Its records go in the background.
async fn disable(cx: &Cx<'_>, tx: &mut Tx, path: &MountPath) -> Result<Response> {
    let table = cx.open()?.mounts.checked(tx).await?;
    if let Some(mounted) = table.at(&path.full()) {
        // Rule 91: what the mount gave out ends with it.
        prefixes::revoke(tx, &mounted.mount, "").await?;
        mounts::remove(tx, &mounted.mount).await?;
        purge::file(tx, &mounted.mount, cx.now)?;
    }
    Ok(Response::empty())
}

async fn read_tuning(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    read_tuning_at(cx, tx, &MountPath::existing_full(cx.param("path"))).await
}

async fn read_auth_tuning(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    read_tuning_at(cx, tx, &MountPath::existing(MountClass::Auth, cx.param("path"))).await
}

async fn read_tuning_at(cx: &Cx<'_>, tx: &mut Tx, path: &MountPath) -> Result<Response> {
    let table = cx.open()?.mounts.current(tx.store()).await?;
    let full = path.full();
    match table.at(&full) {
        Some(mounted) => Response::repeated(&TuneView::of(&mounted.mount, cx.core.settings())),
        None => Err(Error::invalid(format!("cannot fetch sysview for path \"{full}\""))),
    }
}

#[derive(Deserialize)]
struct TuneFields {
    description: Option<Text>,
    options: Option<BTreeMap<String, Text>>,
}

async fn tune(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    tune_at(cx, tx, &MountPath::existing_full(cx.param("path"))).await
}

async fn tune_auth(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    tune_at(cx, tx, &MountPath::existing(MountClass::Auth, cx.param("path"))).await
}

async fn tune_at(cx: &Cx<'_>, tx: &mut Tx, path: &MountPath) -> Result<Response> {
    let fields: TuneFields = cx.fields()?;
    let tuning: Tuning = cx.fields()?;
    let full = path.full();
    let table = cx.open()?.mounts.checked(tx).await?;
    let Some(mounted) = table.at(&full) else {
        return Err(Error::invalid(format!("tune of path \"{full}\" failed: no mount entry found")));
    };
    if path.is_reserved() {
        let lease =
            [("default_lease_ttl", &tuning.default_lease_ttl), ("max_lease_ttl", &tuning.max_lease_ttl)];
        if let Some((name, _)) = lease.iter().find(|(_, it)| it.is_some()) {
            return Err(Error::invalid(format!("cannot tune parameter {name} of {full}")));
        }
    }
    let mut mount = mounted.mount.clone();
    // It can only be said when the mount is made.
    Tuning { force_no_cache: None, ..tuning }.apply(&mut mount)?;
    if let Some(description) = fields.description {
        mount.description = description.0;
    }
    let mut response = Response::empty();
    if let Some(options) = fields.options.filter(|it| !it.is_empty()) {
        let options = options.into_iter().map(|(name, value)| (name, value.0)).collect();
        if let Some(warning) = mounted.engine.tune(&mut mount, options)? {
            response = response.warn(warning);
        }
    }
    mounts::put(tx, &mount).await?;
    Ok(response)
}
