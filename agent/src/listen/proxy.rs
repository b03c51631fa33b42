//! A program's request, passed on to the server.

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use serde_json::Value;
use strongroom_sdk::SecretString;
use zeroize::Zeroizing;

use super::{
    Door,
    api::refuse,
    cache::{Asked, Cached},
};
use crate::config::UseToken;

const TOKEN: HeaderName = HeaderName::from_static("x-vault-token");
const CACHE: HeaderName = HeaderName::from_static("x-cache");

/// Headers that belong to one connection (RFC 9110, 7.6.1).
const HOP: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

pub(super) async fn proxy(State(door): State<Door>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, super::LARGEST).await else {
        return refuse(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large");
    };
    for name in HOP {
        parts.headers.remove(name);
    }
    parts.headers.remove(header::CONTENT_LENGTH);
    let is_ours = match choose_token(&door, &mut parts.headers) {
        Ok(is_ours) => is_ours,
        Err(response) => return *response,
    };
    let shows_itself = is_ours && SHOWING.contains(&parts.uri.path());
    let token = parts.headers.get(TOKEN).map(|it| it.as_bytes().to_vec());
    let asked = Asked::new(&parts.method, &parts.uri, token.as_deref(), &parts.headers, &body);
    let cache = door.shared.cache.as_ref();
    let _gate = match cache {
        Some(cache) => cache.enter(&asked).await,
        None => None,
    };
    if let Some(found) = cache.and_then(|it| it.get(&asked)) {
        return respond(found, Some("HIT"));
    }
    let request = Request::from_parts(parts, body);
    match door.shared.client.forward(request).await {
        Ok(response) => {
            let (parts, mut body) = response.into_parts();
            if shows_itself {
                body = nameless(&body);
            }
            let answer = Cached::new(parts.status, parts.headers, body);
            if let Some(cache) = cache {
                cache.heed(&asked, &answer);
            }
            respond(answer, cache.map(|_| "MISS"))
        }
        Err(error) => refuse(StatusCode::BAD_GATEWAY, &error.to_string()),
    }
}

/// Paths whose answers show the token that asks.
const SHOWING: [&str; 4] = [
    "/v1/auth/token/lookup-self",
    "/v1/auth/token/renew-self",
    "/v1/auth/token/lookup",
    "/v1/auth/token/renew",
];

/// An answer about the agent's token without the token: whoever may ask through the agent is not given it to take away.
fn nameless(body: &[u8]) -> Zeroizing<Vec<u8>> {
    let Ok(mut answer) = serde_json::from_slice::<Value>(body) else { return Zeroizing::new(body.to_vec()) };
    for (part, names) in [("data", ["id", "accessor"]), ("auth", ["client_token", "accessor"])] {
        for name in names {
            if let Some(value) = answer.get_mut(part).and_then(|it| it.get_mut(name)) {
                *value = Value::from("");
            }
        }
    }
    Zeroizing::new(serde_json::to_vec(&answer).unwrap_or_default())
}

/// The agent's token in the place of the request's, as the configuration says. Answers whether it is the agent's that
/// asks.
fn choose_token(door: &Door, headers: &mut HeaderMap) -> Result<bool, Box<Response>> {
    let has_own = headers.contains_key(TOKEN) || headers.contains_key(header::AUTHORIZATION);
    let ours = match door.shared.use_token {
        UseToken::No => return Ok(false),
        UseToken::IfNone if has_own => return Ok(false),
        UseToken::IfNone | UseToken::Force => {
            door.shared.standing.borrow().session.as_ref().and_then(|it| it.token())
        }
    };
    let value = ours.as_ref().and_then(|it: &SecretString| HeaderValue::from_str(it.expose()).ok());
    let Some(mut value) = value else {
        // A request that would be somebody else's is not made.
        return match door.shared.use_token {
            UseToken::Force => {
                Err(Box::new(refuse(StatusCode::SERVICE_UNAVAILABLE, "the agent is not logged in")))
            }
            _ => Ok(false),
        };
    };
    value.set_sensitive(true);
    headers.remove(header::AUTHORIZATION);
    headers.insert(TOKEN, value);
    Ok(true)
}

fn respond(answer: Cached, cached: Option<&'static str>) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = answer.status;
    for (name, value) in &answer.headers {
        let is_hop = HOP.contains(&name.as_str()) || name == header::CONTENT_LENGTH;
        if !is_hop {
            response.headers_mut().append(name.clone(), value.clone());
        }
    }
    if let Some(cached) = cached {
        response.headers_mut().insert(CACHE, HeaderValue::from_static(cached));
    }
    response
}
