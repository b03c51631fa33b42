//! The agent's own paths: `/agent/v1/...`.

use axum::{
    body::Bytes,
    extract::{Request, State},
    http::{StatusCode, Uri, header::CONTENT_TYPE},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use strongroom_sdk::SecretString;

use super::{Door, cache::Which};

/// Which a browser that was led astray does not send.
pub(super) async fn check_header(State(door): State<Door>, request: Request, next: Next) -> Response {
    let has_it = request.headers().get("X-Vault-Request").is_some_and(|it| it == "true");
    if door.require_header && !has_it {
        return refuse(StatusCode::PRECONDITION_FAILED, "missing 'X-Vault-Request' header");
    }
    next.run(request).await
}

/// `?format=prometheus` for Prometheus; else as Vault's agent has it.
pub(super) async fn metrics(State(door): State<Door>, uri: Uri) -> Response {
    let metrics = &door.shared.metrics;
    if uri.query().is_some_and(|it| it.split('&').any(|it| it == "format=prometheus")) {
        return ([(CONTENT_TYPE, "text/plain; version=0.0.4")], metrics.as_prometheus()).into_response();
    }
    json(StatusCode::OK, &metrics.as_json())
}

/// 200 when everything is rendered, the login is alive and nothing is older than it may be; else 503.
pub(super) async fn health(State(door): State<Door>) -> Response {
    let health = door.shared.metrics.health();
    let status = if health.is_good() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    json(status, &health)
}

pub(super) async fn quit(State(door): State<Door>) -> StatusCode {
    door.shared.quit.notify_one();
    StatusCode::OK
}

/// What is cleared: `{"type": "all" | "token" | "lease" | "request_path", "value": ...}`.
pub(super) async fn clear(State(door): State<Door>, body: Bytes) -> Response {
    #[derive(Deserialize)]
    struct Clear {
        r#type: String,
        #[serde(default)]
        value: String,
    }
    let Ok(asked) = serde_json::from_slice::<Clear>(&body) else {
        return refuse(StatusCode::BAD_REQUEST, "the body is not what is to be cleared");
    };
    let which = match (asked.r#type.as_str(), asked.value.is_empty()) {
        ("all", _) => Which::All,
        (_, true) => return refuse(StatusCode::BAD_REQUEST, "the value is missing"),
        ("token", _) => Which::Token(SecretString::new(asked.value)),
        ("token_accessor", _) => Which::Accessor(asked.value),
        ("lease", _) => Which::Lease(asked.value),
        ("request_path", _) => Which::Path(asked.value),
        _ => {
            return refuse(
                StatusCode::BAD_REQUEST,
                "the type is none of all, lease, request_path, token and token_accessor",
            );
        }
    };
    if let Some(cache) = &door.shared.cache {
        cache.clear(&which);
    }
    StatusCode::OK.into_response()
}

pub(super) async fn nothing_here() -> Response {
    refuse(StatusCode::NOT_FOUND, "there is nothing at this path")
}

fn json<T: Serialize>(status: StatusCode, body: &T) -> Response {
    let body = serde_json::to_vec(body).unwrap_or_default();
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}

pub(super) fn refuse(status: StatusCode, why: &str) -> Response {
    json(status, &json!({ "errors": [why] }))
}
