//! `sys/rekey/*`, `sys/rekey-recovery-key/*`: new shares for old ones.

use serde::{Deserialize, Serialize};
use strongroom_api::params::{Bool, Integer, List};

use super::operator;
use crate::{
    crypto::SecretBytes,
    dispatch::Cx,
    error::{Error, Result},
    response::Response,
    route::{Field, Handler, Kind, Route, action, delete, field, in_tx, read},
    seal::rekey::{Outcome, Status, Target},
    tx::Tx,
};

const START: &[Field] = &[
    field("secret_shares", Kind::Integer),
    field("secret_threshold", Kind::Integer),
    field("require_verification", Kind::Bool),
    field("pgp_keys", Kind::List),
    field("backup", Kind::Bool),
    field("stored_shares", Kind::Integer),
];
const GIVE: &[Field] = &[field("key", Kind::Text), field("nonce", Kind::Text)];
const CANCEL: &[Field] = &[field("nonce", Kind::Text)];

/// A handler for one target.
macro_rules! with {
    ($handler:path, $target:expr) => {
        Handler::Outside(|cx| Box::pin($handler(cx, $target)))
    };
}

pub(crate) const ROUTES: &[Route] = &[
    Route {
        pattern: "rekey/init",
        summary: "Replaces the unseal shares: status, start, cancel.",
        endpoints: &[
            read(with!(status, Target::Unseal)).unauth(),
            action(with!(start, Target::Unseal)).unauth().fields(START),
            delete(with!(cancel, Target::Unseal)).unauth().fields(CANCEL),
        ],
    },
    Route {
        pattern: "rekey/update",
        summary: "Takes one of the shares that are to be replaced.",
        endpoints: &[action(with!(update, Target::Unseal)).unauth().fields(GIVE)],
    },
    Route {
        pattern: "rekey/verify",
        summary: "Takes one of the new shares, so that they are known to have arrived.",
        endpoints: &[
            read(with!(verify_status, Target::Unseal)).unauth(),
            action(with!(verify, Target::Unseal)).unauth().fields(GIVE),
            delete(with!(verify_restart, Target::Unseal)).unauth().fields(CANCEL),
        ],
    },
    Route {
        pattern: "rekey/backup",
        summary: "There is no backup of shares: they are answered once.",
        endpoints: &[read(in_tx!(no_backup)).sudo(), delete(in_tx!(nothing)).sudo()],
    },
    Route {
        pattern: "rekey/recovery-key-backup",
        summary: "There is no backup of shares: they are answered once.",
        endpoints: &[read(in_tx!(no_backup)).sudo(), delete(in_tx!(nothing)).sudo()],
    },
    Route {
        pattern: "rekey-recovery-key/init",
        summary: "Replaces the recovery shares: status, start, cancel.",
        endpoints: &[
            read(with!(status, Target::Recovery)).unauth(),
            action(with!(start, Target::Recovery)).unauth().fields(START),
            delete(with!(cancel, Target::Recovery)).unauth().fields(CANCEL),
        ],
    },
    Route {
        pattern: "rekey-recovery-key/update",
        summary: "Takes one of the recovery shares that are to be replaced.",
        endpoints: &[action(with!(update, Target::Recovery)).unauth().fields(GIVE)],
    },
    Route {
        pattern: "rekey-recovery-key/verify",
        summary: "Takes one of the new recovery shares, so that they are known to have arrived.",
        endpoints: &[
            read(with!(verify_status, Target::Recovery)).unauth(),
            action(with!(verify, Target::Recovery)).unauth().fields(GIVE),
            delete(with!(verify_restart, Target::Recovery)).unauth().fields(CANCEL),
        ],
    },
];

#[derive(Serialize)]
struct StatusBody {
    nonce: String,
    started: bool,
    t: u8,
    n: u8,
    progress: u8,
    required: u8,
    pgp_fingerprints: Option<()>,
    backup: bool,
    verification_required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_nonce: Option<String>,
}

async fn status(cx: &Cx<'_>, target: Target) -> Result<Response> {
    operator::authorise(cx).await?;
    let Status { nonce, wanted, progress, required, verification_nonce, .. } =
        cx.core.rekey_status(target).await?;
    let body = StatusBody {
        nonce,
        started: wanted.is_some(),
        t: wanted.map_or(0, |it| it.threshold),
        n: wanted.map_or(0, |it| it.shares),
        progress,
        required,
        pgp_fingerprints: None,
        backup: false,
        verification_required: wanted.is_some_and(|it| it.verification),
        verification_nonce,
    };
    Response::bare(200, &body)
}

#[derive(Deserialize)]
struct StartFields {
    secret_shares: Option<Integer>,
    secret_threshold: Option<Integer>,
    require_verification: Option<Bool>,
    pgp_keys: Option<List>,
    backup: Option<Bool>,
}

async fn start(cx: &Cx<'_>, target: Target) -> Result<Response> {
    operator::authorise(cx).await?;
    let fields: StartFields = cx.fields()?;
    if fields.pgp_keys.is_some_and(|it| !it.0.is_empty()) {
        return Err(Error::invalid("PGP keys are not supported: the shares are answered as they are"));
    }
    if fields.backup.is_some_and(|it| it.0) {
        return Err(Error::invalid(
            "cannot request a backup of the new keys without providing PGP keys for encryption",
        ));
    }
    let number = |it: Option<Integer>| it.map_or(0, |it| it.0);
    let (shares, threshold) = (number(fields.secret_shares), number(fields.secret_threshold));
    let verification = fields.require_verification.is_some_and(|it| it.0);
    cx.core.rekey_start(target, shares, threshold, verification).await?;
    status(cx, target).await
}

#[derive(Deserialize)]
struct CancelFields {
    nonce: Option<String>,
}

async fn cancel(cx: &Cx<'_>, target: Target) -> Result<Response> {
    operator::authorise(cx).await?;
    let fields: CancelFields = cx.fields()?;
    cx.core.rekey_status(target).await?;
    cx.core.rekeying(target).cancel(given(&fields.nonce))?;
    Ok(Response::empty())
}

/// An empty nonce is none.
fn given(nonce: &Option<String>) -> Option<&str> {
    nonce.as_deref().filter(|it| !it.is_empty())
}

#[derive(Deserialize)]
struct GiveFields {
    key: Option<String>,
    nonce: Option<String>,
}

impl GiveFields {
    fn read(cx: &Cx<'_>) -> Result<(SecretBytes, String)> {
        let fields: Self = cx.fields()?;
        let key = fields.key.map(SecretBytes::from).filter(|it| !it.is_empty());
        let key = key.ok_or_else(|| Error::invalid("'key' must be specified in request body as JSON"))?;
        Ok((key, fields.nonce.unwrap_or_default()))
    }
}

#[derive(Serialize)]
struct DoneBody {
    nonce: String,
    complete: bool,
    keys: Vec<String>,
    keys_base64: Vec<String>,
    pgp_fingerprints: Option<()>,
    backup: bool,
    verification_required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_nonce: Option<String>,
}

async fn update(cx: &Cx<'_>, target: Target) -> Result<Response> {
    operator::authorise(cx).await?;
    let (key, nonce) = GiveFields::read(cx)?;
    match cx.core.rekey_give(target, &nonce, key).await? {
        Outcome::More => status(cx, target).await,
        Outcome::Done { nonce, shares, verification_nonce } => {
            let body = DoneBody {
                nonce,
                complete: true,
                keys: super::seal::as_hex(&shares),
                keys_base64: super::seal::as_base64(&shares),
                pgp_fingerprints: None,
                backup: false,
                verification_required: verification_nonce.is_some(),
                verification_nonce,
            };
            Response::bare(200, &body)
        }
    }
}

#[derive(Serialize)]
struct VerifyStatusBody {
    nonce: String,
    started: bool,
    t: u8,
    n: u8,
    progress: u8,
}

async fn verify_status(cx: &Cx<'_>, target: Target) -> Result<Response> {
    operator::authorise(cx).await?;
    let status = cx.core.rekey_status(target).await?;
    let (Some(nonce), Some(wanted)) = (status.verification_nonce, status.wanted) else {
        return Err(Error::invalid("no rekey configuration found"));
    };
    let body = VerifyStatusBody {
        nonce,
        started: true,
        t: wanted.threshold,
        n: wanted.shares,
        progress: status.verification_progress,
    };
    Response::bare(200, &body)
}

#[derive(Serialize)]
struct VerifiedBody {
    nonce: String,
    complete: bool,
}

async fn verify(cx: &Cx<'_>, target: Target) -> Result<Response> {
    operator::authorise(cx).await?;
    let (key, nonce) = GiveFields::read(cx)?;
    if cx.core.rekey_verify(target, &nonce, key).await? {
        return Response::bare(200, &VerifiedBody { nonce, complete: true });
    }
    verify_status(cx, target).await
}

/// Forgets the new shares that were shown; they are to be shown again, under another nonce.
async fn verify_restart(cx: &Cx<'_>, target: Target) -> Result<Response> {
    operator::authorise(cx).await?;
    let fields: CancelFields = cx.fields()?;
    let verify = &cx.core.rekeying(target).verify;
    if let Some(nonce) = given(&fields.nonce) {
        verify.expect(nonce)?;
    }
    verify.restart()?;
    verify_status(cx, target).await
}

async fn no_backup(_: &Cx<'_>, _: &mut Tx) -> Result<Response> {
    Err(Error::invalid("no backed-up keys found"))
}

async fn nothing(_: &Cx<'_>, _: &mut Tx) -> Result<Response> {
    Ok(Response::empty())
}
