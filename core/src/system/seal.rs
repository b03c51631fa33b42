//! `sys/init`, `sys/seal-status`, `sys/unseal`, `sys/seal`.

use serde::{Deserialize, Serialize};
use strongroom_api::params::Integer;

use crate::{
    crypto::SecretBytes,
    dispatch::Cx,
    error::{Error, Result},
    response::Response,
    route::{Kind, Route, action, field, outside, read},
    seal::{config, init::Plan},
};

pub(crate) const ROUTES: &[Route] = &[
    Route {
        pattern: "init",
        summary: "Whether there is a store, and making one.",
        endpoints: &[
            read(outside!(init_status)).unauth(),
            action(outside!(init)).unauth().fields(&[
                field("secret_shares", Kind::Integer),
                field("secret_threshold", Kind::Integer),
                field("recovery_shares", Kind::Integer),
                field("recovery_threshold", Kind::Integer),
            ]),
        ],
    },
    Route {
        pattern: "seal-status",
        summary: "Whether the store is sealed, and how far unsealing is.",
        endpoints: &[read(outside!(status)).unauth()],
    },
    Route {
        pattern: "unseal",
        summary: "Takes one share of the unseal key, or the passphrase.",
        endpoints: &[action(outside!(unseal)).unauth().fields(&[
            field("key", Kind::Text),
            field("reset", Kind::Bool),
            field("migrate", Kind::Bool),
        ])],
    },
    Route { pattern: "seal", summary: "Drops the keys.", endpoints: &[action(outside!(seal)).sudo()] },
];

#[derive(Serialize)]
struct InitStatus {
    initialized: bool,
}

async fn init_status(cx: &Cx<'_>) -> Result<Response> {
    Response::bare(200, &InitStatus { initialized: cx.core.is_initialized().await? })
}

#[derive(Deserialize)]
struct InitFields {
    secret_shares: Option<Integer>,
    secret_threshold: Option<Integer>,
}

#[derive(Serialize)]
struct Initialized {
    keys: Vec<String>,
    keys_base64: Vec<String>,
    root_token: String,
}

async fn init(cx: &Cx<'_>) -> Result<Response> {
    // Rule 16: the first visitor would own the store.
    if !cx.request.peer.is_local() {
        return Err(Error::denied("initialise over loopback or the local socket"));
    }
    let fields: InitFields = cx.fields()?;
    let number = |it: Option<Integer>| it.map_or(Ok(0), |it| u8::try_from(it.0));
    let (Ok(shares), Ok(threshold)) = (number(fields.secret_shares), number(fields.secret_threshold)) else {
        return Err(Error::invalid("invalid number of shares or threshold"));
    };
    let made = cx.core.init(Plan::Shamir { shares, threshold }, None).await?;
    Response::bare(
        200,
        &Initialized {
            keys: made.shares.iter().map(|it| data_encoding::HEXLOWER.encode(it.expose())).collect(),
            keys_base64: made.shares.iter().map(|it| data_encoding::BASE64.encode(it.expose())).collect(),
            root_token: made.root_token.expose_str().unwrap_or_default().to_owned(),
        },
    )
}

#[derive(Serialize)]
struct Status {
    #[serde(rename = "type")]
    kind: &'static str,
    initialized: bool,
    sealed: bool,
    t: u8,
    n: u8,
    progress: u8,
    nonce: String,
    version: String,
    build_date: &'static str,
    migration: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster_id: Option<String>,
    recovery_seal: bool,
    storage_type: &'static str,
}

async fn status(cx: &Cx<'_>) -> Result<Response> {
    let config = config::load(cx.core.storage()).await?.map(|it| it.config);
    let sealed = cx.core.is_sealed();
    let (progress, nonce) = cx.core.unseal_progress();
    let status = Status {
        kind: config.as_ref().map_or("shamir", |it| it.kind.name()),
        initialized: config.is_some(),
        sealed,
        t: config.as_ref().map_or(0, |it| it.threshold),
        n: config.as_ref().map_or(0, |it| it.shares),
        progress,
        nonce: nonce.map(|it| it.to_string()).unwrap_or_default(),
        version: cx.core.settings().compatible_version.clone(),
        build_date: "",
        migration: false,
        cluster_name: (!sealed).then(|| cx.core.settings().cluster_name.clone()),
        cluster_id: config.as_ref().filter(|_| !sealed).map(|it| it.store_id().0.to_string()),
        recovery_seal: config.as_ref().is_some_and(|it| it.recovery.is_some()),
        storage_type: "sqlite",
    };
    Response::bare(200, &status)
}

#[derive(Deserialize)]
struct UnsealFields {
    key: Option<String>,
    reset: Option<strongroom_api::params::Bool>,
}

async fn unseal(cx: &Cx<'_>) -> Result<Response> {
    let fields: UnsealFields = cx.fields()?;
    if fields.reset.is_some_and(|it| it.0) {
        cx.core.reset_unseal();
        return status(cx).await;
    }
    let key = fields.key.map(SecretBytes::from).filter(|it| !it.is_empty());
    let key = key.ok_or_else(|| {
        Error::invalid("'key' must be specified in request body as JSON, or 'reset' set to true")
    })?;
    cx.core.unseal(&key).await?;
    status(cx).await
}

async fn seal(cx: &Cx<'_>) -> Result<Response> {
    cx.core.seal_now();
    Ok(Response::empty())
}
