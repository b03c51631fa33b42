//! `sys/generate-root/*`: a root token by decision of the share holders.

use serde::{Deserialize, Serialize};

use super::operator;
use crate::{
    crypto::SecretBytes,
    dispatch::Cx,
    error::{Error, Result},
    response::Response,
    route::{Endpoint, Kind, Route, action, delete, field, outside, read},
    seal::root_token::{Outcome, TOKEN_LEN},
};

/// OpenBao's command asks under the second name, with a token; it is the same procedure with the same rights.
pub(crate) const ROUTES: &[Route] = &[
    Route {
        pattern: "generate-root/attempt",
        summary: "Makes a root token with the shares: status, start, cancel.",
        endpoints: ATTEMPT,
    },
    Route { pattern: "generate-root/update", summary: "Takes one of the shares.", endpoints: UPDATE },
    Route {
        pattern: "generate-root-token/attempt",
        summary: "Makes a root token with the shares: status, start, cancel.",
        endpoints: ATTEMPT,
    },
    Route { pattern: "generate-root-token/update", summary: "Takes one of the shares.", endpoints: UPDATE },
];

const ATTEMPT: &[Endpoint] = &[
    read(outside!(status)).unauth(),
    action(outside!(start)).unauth().fields(&[field("otp", Kind::Text), field("pgp_key", Kind::Text)]),
    delete(outside!(cancel)).unauth().fields(&[field("nonce", Kind::Text)]),
];

const UPDATE: &[Endpoint] =
    &[action(outside!(update)).unauth().fields(&[field("key", Kind::Text), field("nonce", Kind::Text)])];

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
    Response::bare(200, &Body { otp_length: TOKEN_LEN, ..body(cx).await? })
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
    Response::bare(200, &Body { otp, otp_length: TOKEN_LEN, ..body(cx).await? })
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
        Outcome::More => Response::bare(200, &body(cx).await?),
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
            Response::bare(200, &done)
        }
    }
}
