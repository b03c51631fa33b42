//! `sys/health`, `sys/leader`: what load balancers and monitors ask, with no token and while sealed too.

use serde::{Deserialize, Serialize};

use crate::{
    Answers,
    dispatch::Cx,
    error::Result,
    response::Response,
    route::{Kind, Route, field, outside, read},
};

pub(crate) const ROUTES: &[Route] = &[
    Route {
        pattern: "health",
        summary: "Whether the server is initialised and unsealed; the status code says it too.",
        endpoints: &[read(outside!(health)).unauth().fields(&[
            field("standbyok", Kind::Bool),
            field("perfstandbyok", Kind::Bool),
            field("activecode", Kind::Integer),
            field("standbycode", Kind::Integer),
            field("sealedcode", Kind::Integer),
            field("uninitcode", Kind::Integer),
        ])],
    },
    Route {
        pattern: "leader",
        summary: "Which node is active.",
        endpoints: &[read(outside!(leader)).unauth()],
    },
];

#[derive(Serialize)]
struct Health {
    initialized: bool,
    sealed: bool,
    standby: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    performance_standby: Option<bool>,
    replication_performance_mode: &'static str,
    replication_dr_mode: &'static str,
    server_time_utc: i64,
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    enterprise: Option<bool>,
    #[serde(skip_serializing_if = "String::is_empty")]
    cluster_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    cluster_id: String,
}

/// The codes that a caller wants instead of the usual ones. Unknown names are passed over.
#[derive(Deserialize)]
struct Codes {
    activecode: Option<strongroom_api::params::Integer>,
    sealedcode: Option<strongroom_api::params::Integer>,
    uninitcode: Option<strongroom_api::params::Integer>,
}

async fn health(cx: &Cx<'_>) -> Result<Response> {
    // Without a message, as the peers answer it: whoever asks reads the status alone.
    let Ok(codes) = cx.fields::<Codes>() else { return Response::bare(400, &NoMessages { errors: [] }) };
    let only_vault = (cx.core.settings().answers == Answers::Vault).then_some(false);
    let config = crate::seal::config::load(cx.core.storage()).await?;
    let sealed = cx.core.is_sealed();
    let code = |wanted: Option<strongroom_api::params::Integer>, usual: u16| {
        wanted.and_then(|it| u16::try_from(it.0).ok()).filter(|it| (200..600).contains(it)).unwrap_or(usual)
    };
    let status = match (&config, sealed) {
        (None, _) => code(codes.uninitcode, 501),
        (Some(_), true) => code(codes.sealedcode, 503),
        (Some(_), false) => code(codes.activecode, 200),
    };
    let health = Health {
        initialized: config.is_some(),
        sealed,
        standby: sealed,
        performance_standby: only_vault,
        replication_performance_mode: "disabled",
        replication_dr_mode: "disabled",
        server_time_utc: cx.now.unix_seconds(),
        version: cx.core.settings().compatible_version.clone(),
        enterprise: only_vault,
        cluster_name: cx.core.settings().cluster_name.clone(),
        cluster_id: config.map(|it| it.config.store_id().0.to_string()).unwrap_or_default(),
    };
    Response::bare(status, &health)
}

#[derive(Serialize)]
struct NoMessages {
    errors: [&'static str; 0],
}

/// Without high availability there is no leader to speak of.
#[derive(Serialize)]
struct Leader {
    ha_enabled: bool,
    #[serde(flatten)]
    vault: Option<VaultLeader>,
}

#[derive(Default, Serialize)]
struct VaultLeader {
    is_self: bool,
    leader_address: &'static str,
    leader_cluster_address: &'static str,
    performance_standby: bool,
}

async fn leader(cx: &Cx<'_>) -> Result<Response> {
    cx.open()?;
    let vault = (cx.core.settings().answers == Answers::Vault).then(VaultLeader::default);
    Response::bare(200, &Leader { ha_enabled: false, vault })
}
