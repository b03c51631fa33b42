//! `sys/generate-root/*`: a root token by decision of the share holders.

use serde::{Deserialize, Serialize};

use super::operator;
use crate::{
    crypto::SecretBytes,
    dispatch::Cx,
    error::{Error, Result},
    response::Response,
    route::{Field, Kind, Route, action, delete, field, outside, read},
    seal::root_token::{Outcome, TOKEN_LEN},
};

/// The procedure under two names: Vault's, which answers without an envelope, and OpenBao's newer one, which
/// always asks for a token with `sudo` and answers as other paths do.
pub(crate) const ROUTES: &[Route] = &[
    Route {
        pattern: "generate-root/attempt",
        summary: "Makes a root token with the shares: status, start, cancel.",
        endpoints: &[
            read(outside!(status)).unauth(),
            action(outside!(start)).unauth().fields(START),
            delete(outside!(cancel)).unauth().fields(CANCEL),
        ],
    },
    Route {
        pattern: "generate-root/update",
        summary: "Takes one of the shares.",
        endpoints: &[action(outside!(update)).unauth().fields(UPDATE)],
    },
    Route {
        pattern: "generate-root-token/attempt",
        summary: "Makes a root token with the shares: status, start, cancel.",
        endpoints: &[
            read(outside!(status)).sudo(),
            action(outside!(start)).sudo().fields(START),
            delete(outside!(cancel)).sudo().fields(CANCEL),
        ],
    },
    Route {
        pattern: "generate-root-token/update",
        summary: "Takes one of the shares.",
        endpoints: &[action(outside!(update)).sudo().fields(UPDATE)],
    },
];

const START: &[Field] = &[field("otp", Kind::Secret), field("pgp_key", Kind::Text)];
const CANCEL: &[Field] = &[field("nonce", Kind::Text)];
const UPDATE: &[Field] = &[field("key", Kind::Secret), field("nonce", Kind::Text)];

fn answer(cx: &Cx<'_>, body: &Body) -> Result<Response> {
    if cx.path.starts_with("generate-root-token/") { Response::data(body) } else { Response::bare(200, body) }
}

#[derive(Default, Serialize)]
struct Body {
    nonce: String,
    started: bool,
    progress: u8,
    required: u8,
    complete: bool,
    encoded_token: String,
    encoded_root_token: String,
    pgp_fingerprint: &'static str,
    otp: String,
    otp_length: usize,
}

async fn body(cx: &Cx<'_>) -> Result<Body> {
    let status = cx.core.root_token_status().await?;
    Ok(Body {
        started: status.nonce.is_some(),
        nonce: status.nonce.unwrap_or_default(),
        progress: status.progress,
        required: status.required,
        ..Body::default()
    })
}

async fn status(cx: &Cx<'_>) -> Result<Response> {
    operator::authorise(cx).await?;
    answer(cx, &Body { otp_length: TOKEN_LEN, ..body(cx).await? })
}

#[derive(Deserialize)]
struct StartFields {
    otp: Option<String>,
    pgp_key: Option<String>,
}

async fn start(cx: &Cx<'_>) -> Result<Response> {
    operator::authorise(cx).await?;
    let fields: StartFields = cx.fields()?;
    if fields.pgp_key.is_some_and(|it| !it.is_empty()) {
        return Err(Error::invalid("PGP keys are not supported: use a one-time password"));
    }
    let otp = fields.otp.map(SecretBytes::from).filter(|it| !it.is_empty());
    let made = cx.core.root_token_start(otp)?;
    let otp = made.as_ref().and_then(SecretBytes::expose_str).unwrap_or_default().to_owned();
    answer(cx, &Body { otp, otp_length: TOKEN_LEN, ..body(cx).await? })
}

#[derive(Deserialize)]
struct CancelFields {
    nonce: Option<String>,
}

async fn cancel(cx: &Cx<'_>) -> Result<Response> {
    operator::authorise(cx).await?;
    let fields: CancelFields = cx.fields()?;
    cx.core.seal().root_token.cancel(fields.nonce.as_deref().filter(|it| !it.is_empty()))?;
    Ok(Response::empty())
}

#[derive(Deserialize)]
struct UpdateFields {
    key: Option<String>,
    nonce: Option<String>,
}

async fn update(cx: &Cx<'_>) -> Result<Response> {
    operator::authorise(cx).await?;
    let fields: UpdateFields = cx.fields()?;
    let key = fields.key.map(SecretBytes::from).filter(|it| !it.is_empty());
    let key = key.ok_or_else(|| Error::invalid("'key' must be specified in request body as JSON"))?;
    let nonce = fields.nonce.unwrap_or_default();
    match cx.core.root_token_give(&nonce, key).await? {
        Outcome::More => answer(cx, &body(cx).await?),
        Outcome::Done(encoded) => {
            let token = encoded.expose_str().unwrap_or_default().to_owned();
            let required = cx.core.root_token_status().await?.required;
            let done = Body {
                nonce,
                started: true,
                progress: required,
                required,
                complete: true,
                encoded_token: token.clone(),
                encoded_root_token: token,
                ..Body::default()
            };
            answer(cx, &done)
        }
    }
}
