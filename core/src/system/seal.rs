//! `sys/init`, `sys/seal-status`, `sys/unseal`, `sys/seal`.

use serde::{Deserialize, Serialize};
use strongroom_api::params::{Bool, Integer, List};

use crate::{
    crypto::{Key, SecretBytes, password::Cost},
    dispatch::Cx,
    error::{Error, Result},
    response::Response,
    route::{Kind, Route, action, field, outside, read},
    seal::{
        self, config,
        init::{Plan, check_shares},
    },
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
                field("stored_shares", Kind::Integer),
                field("pgp_keys", Kind::List),
                field("recovery_pgp_keys", Kind::List),
                field("root_token_pgp_key", Kind::Text),
                field("passphrase", Kind::Secret),
                field("bootstrap_secret", Kind::Secret),
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
            field("key", Kind::Secret),
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
    recovery_shares: Option<Integer>,
    recovery_threshold: Option<Integer>,
    stored_shares: Option<Integer>,
    pgp_keys: Option<List>,
    recovery_pgp_keys: Option<List>,
    root_token_pgp_key: Option<String>,
    passphrase: Option<String>,
    bootstrap_secret: Option<String>,
}

impl InitFields {
    /// Refuses what no kind of seal here does, and what this one does not.
    fn check(&self, kind: seal::Kind) -> Result<()> {
        let any = |it: &Option<List>| it.as_ref().is_some_and(|it| !it.0.is_empty());
        let key = self.root_token_pgp_key.as_ref().is_some_and(|it| !it.is_empty());
        if any(&self.pgp_keys) || any(&self.recovery_pgp_keys) || key {
            return Err(Error::invalid("PGP keys are not supported: keys are answered as they are"));
        }
        if !(0..=1).contains(&number(&self.stored_shares)) {
            return Err(Error::invalid("stored_shares is not supported"));
        }
        let given = |a: &Option<Integer>, b: &Option<Integer>| number(a) != 0 || number(b) != 0;
        let secret = given(&self.secret_shares, &self.secret_threshold);
        let recovery = given(&self.recovery_shares, &self.recovery_threshold);
        let wrong = match kind {
            _ if recovery && !kind.is_unattended() => "recovery_shares,recovery_threshold",
            _ if secret && kind != seal::Kind::Shamir => "secret_shares,secret_threshold",
            _ if self.passphrase.is_some() && kind != seal::Kind::Passphrase => "passphrase",
            _ => return Ok(()),
        };
        let kind = kind.name();
        Err(Error::invalid(format!("parameters {wrong} not applicable to seal type {kind}")))
    }
}

fn number(field: &Option<Integer>) -> i64 {
    field.as_ref().map_or(0, |it| it.0)
}

#[derive(Serialize)]
struct Initialized {
    keys: Vec<String>,
    keys_base64: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_keys: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_keys_base64: Option<Vec<String>>,
    root_token: String,
}

async fn init(cx: &Cx<'_>) -> Result<Response> {
    if cx.core.is_initialized().await? {
        return Err(Error::invalid("Vault is already initialized"));
    }
    let fields: InitFields = cx.fields()?;
    // Rule 16: the first visitor would own the store.
    let secret = fields.bootstrap_secret.as_ref().map(|it| it.as_bytes());
    if !cx.request.peer.is_local() {
        cx.core.admit_attempt("sys/init", &cx.request.peer)?;
        if !cx.core.knows_bootstrap_secret(secret) {
            return Err(Error::denied("initialise over loopback or the local socket"));
        }
    }
    let kind = cx.core.settings().seal;
    fields.check(kind)?;
    let shares =
        |shares, threshold| check_shares(number(shares), number(threshold), "invalid seal configuration");
    let key = cx.core.provided_key();
    let plan = match kind {
        seal::Kind::Shamir => {
            let (shares, threshold) = shares(&fields.secret_shares, &fields.secret_threshold)?;
            Plan::Shamir { shares, threshold }
        }
        seal::Kind::Passphrase => {
            let passphrase = fields.passphrase.map(SecretBytes::from);
            let passphrase = passphrase.ok_or_else(|| Error::invalid("a passphrase is needed"))?;
            Plan::Passphrase { passphrase, cost: Cost::UNSEAL }
        }
        seal::Kind::KeyFile | seal::Kind::Credential => {
            let (shares, threshold) = shares(&fields.recovery_shares, &fields.recovery_threshold)?;
            let key =
                key.as_ref().ok_or_else(|| Error::invalid("the server has no key to seal the store with"))?;
            Plan::Unattended { kind, key: Key::from_slice(key.expose())?, shares, threshold }
        }
    };
    let made = cx.core.init(plan, None).await?;
    let (hex, base64) = (as_hex(&made.shares), as_base64(&made.shares));
    let mut body = Initialized {
        keys: Vec::new(),
        keys_base64: Vec::new(),
        recovery_keys: None,
        recovery_keys_base64: None,
        root_token: made.root_token.expose_str().unwrap_or_default().to_owned(),
    };
    if kind.is_unattended() {
        (body.recovery_keys, body.recovery_keys_base64) = (Some(hex), Some(base64));
    } else {
        (body.keys, body.keys_base64) = (hex, base64);
    }
    if let Some(key) = key.filter(|_| kind.is_unattended())
        && let Err(error) = cx.core.unseal_unattended(&key).await
    {
        // The keys must be answered all the same: they exist nowhere else.
        tracing::error!(%error, "the new store did not open");
    }
    Response::bare(200, &body)
}

pub(super) fn as_hex(shares: &[SecretBytes]) -> Vec<String> {
    shares.iter().map(|it| data_encoding::HEXLOWER.encode(it.expose())).collect()
}

pub(super) fn as_base64(shares: &[SecretBytes]) -> Vec<String> {
    shares.iter().map(|it| data_encoding::BASE64.encode(it.expose())).collect()
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
        kind: config.as_ref().map_or(cx.core.settings().seal, |it| it.kind).name(),
        initialized: config.is_some(),
        sealed,
        t: config.as_ref().map_or(0, |it| it.recovery.as_ref().map_or(it.threshold, |it| it.threshold)),
        n: config.as_ref().map_or(0, |it| it.recovery.as_ref().map_or(it.shares, |it| it.shares)),
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
    reset: Option<Bool>,
    migrate: Option<Bool>,
}

async fn unseal(cx: &Cx<'_>) -> Result<Response> {
    let fields: UnsealFields = cx.fields()?;
    if fields.reset.is_some_and(|it| it.0) {
        cx.core.reset_unseal_for(&cx.request.peer)?;
        return status(cx).await;
    }
    let key = fields.key.map(SecretBytes::from).filter(|it| !it.is_empty());
    let key = key.ok_or_else(|| {
        Error::invalid("'key' must be specified in request body as JSON, or 'reset' set to true")
    })?;
    if fields.migrate.is_some_and(|it| it.0) {
        return Err(Error::invalid("can't perform a seal migration, no migration seal found"));
    }
    match cx.core.unseal_for(&cx.request.peer, &key).await {
        Ok(_) => status(cx).await,
        // A caller's mistake here, although it is the server's state elsewhere.
        Err(Error::NotInitialized) => Err(Error::invalid("Vault is not initialized")),
        Err(error) => Err(error),
    }
}

async fn seal(cx: &Cx<'_>) -> Result<Response> {
    cx.core.seal_in_turn().await;
    Ok(Response::empty())
}
