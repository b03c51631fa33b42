//! From the core's response to HTTP.
//!
//! The envelope is the core's own: what goes out is what the audit log recorded.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use strongroom_core::{crypto::SecretBytes, ids::RequestId, response::Response};

use super::{Answer, Payload, refusal};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

pub(super) fn success(id: RequestId, response: Response) -> Answer {
    if let Some(stream) = response.stream {
        let content_type = HeaderValue::from_static(stream.content_type);
        let mut answer = Answer::new(Payload::Pieces(stream));
        add_headers(answer.headers_mut(), content_type);
        return answer;
    }
    if let Some(raw) = response.raw {
        return finish(response.status.unwrap_or(200), HeaderValue::from_static(raw.content_type), raw.body);
    }
    if response.says_nothing() {
        return finish(response.status.unwrap_or(204), JSON, SecretBytes::default());
    }
    match response.envelope(id) {
        Ok(body) => finish(response.status.unwrap_or(200), JSON, body),
        Err(_) => refusal::panicked(),
    }
}

/// The client is sent to the clean path.
pub(super) fn redirect(target: &str) -> Answer {
    let mut answer = finish(307, JSON, SecretBytes::default());
    match HeaderValue::from_str(target) {
        Ok(target) => answer.headers_mut().insert(header::LOCATION, target),
        Err(_) => return refusal::panicked(),
    };
    answer
}

/// What every answer carries.
pub(super) fn add_headers(headers: &mut HeaderMap, content_type: HeaderValue) {
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::STRICT_TRANSPORT_SECURITY,
        HeaderValue::from_static("max-age=31536000; includeSubDomains"),
    );
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

fn finish(status: u16, content_type: HeaderValue, body: SecretBytes) -> Answer {
    let body = if body.is_empty() { Bytes::new() } else { Bytes::from_owner(body) };
    let mut answer = Answer::new(body.into());
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    add_headers(answer.headers_mut(), content_type);
    answer
}
