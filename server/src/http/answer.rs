//! From the core's response to HTTP.
//!
//! The envelope is put together around the data's bytes as the core serialised them: no tree is built, and
//! what goes out is what the audit log recorded.

use std::io::Write as _;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use strongroom_core::{
    crypto::SecretBytes,
    ids::RequestId,
    response::{Response, WrapInfo},
};

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
    let nothing = response.data.is_none()
        && response.auth.is_none()
        && response.lease.is_none()
        && response.wrap_info.is_none()
        && response.warnings.is_empty();
    if nothing {
        return finish(response.status.unwrap_or(204), JSON, SecretBytes::default());
    }
    match envelope(id, &response) {
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

/// `{"request_id":..,"lease_id":..,"renewable":..,"lease_duration":..,"data":..,"wrap_info":..,"warnings":..,
/// "auth":..}`, and the data's own fields behind it where they stand at the top level too.
fn envelope(id: RequestId, response: &Response) -> serde_json::Result<SecretBytes> {
    let data: &[u8] = response.data.as_ref().map_or(b"null", SecretBytes::expose);
    let repeated = if response.repeat_data { inner(data) } else { &[] };
    let mut out = Vec::with_capacity(capacity(response, data.len() + repeated.len()));

    out.extend_from_slice(b"{\"request_id\":\"");
    if response.wrap_info.is_none() {
        write!(out, "{id}").map_err(serde_json::Error::io)?;
    }
    out.extend_from_slice(b"\",\"lease_id\":");
    match &response.lease {
        Some(lease) => {
            serde_json::to_writer(&mut out, &lease.id)?;
            write!(out, ",\"renewable\":{},\"lease_duration\":{}", lease.renewable, lease.duration.as_secs())
                .map_err(serde_json::Error::io)?;
        }
        None => out.extend_from_slice(b"\"\",\"renewable\":false,\"lease_duration\":0"),
    }
    out.extend_from_slice(b",\"data\":");
    out.extend_from_slice(data);
    out.extend_from_slice(b",\"wrap_info\":");
    match &response.wrap_info {
        Some(info) => serde_json::to_writer(&mut out, &Wrapped::from(info))?,
        None => out.extend_from_slice(b"null"),
    }
    out.extend_from_slice(b",\"warnings\":");
    match response.warnings.is_empty() {
        true => out.extend_from_slice(b"null"),
        false => serde_json::to_writer(&mut out, &response.warnings)?,
    }
    out.extend_from_slice(b",\"auth\":");
    match &response.auth {
        Some(auth) => serde_json::to_writer(&mut out, auth)?,
        None => out.extend_from_slice(b"null"),
    }
    if !repeated.is_empty() {
        out.push(b',');
        out.extend_from_slice(repeated);
    }
    out.push(b'}');
    Ok(SecretBytes::new(out))
}

/// Room for all of it, so that no copy is left behind by growing.
fn capacity(response: &Response, data: usize) -> usize {
    let auth = if response.auth.is_some() { 2048 } else { 0 };
    let warnings: usize = response.warnings.iter().map(|it| it.len() + 16).sum();
    data + auth + warnings + 512
}

/// The fields of an object without its braces.
fn inner(object: &[u8]) -> &[u8] {
    object.strip_prefix(b"{").and_then(|it| it.strip_suffix(b"}")).unwrap_or_default()
}

#[derive(serde::Serialize)]
struct Wrapped<'a> {
    token: &'a str,
    accessor: &'a str,
    ttl: u64,
    creation_time: String,
    creation_path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    wrapped_accessor: Option<&'a str>,
}

impl<'a> From<&'a WrapInfo> for Wrapped<'a> {
    fn from(info: &'a WrapInfo) -> Self {
        Self {
            token: info.token.expose_str().unwrap_or_default(),
            accessor: &info.accessor,
            ttl: info.ttl.as_secs(),
            creation_time: info.creation_time.rfc3339(),
            creation_path: &info.creation_path,
            wrapped_accessor: info.wrapped_accessor.as_deref(),
        }
    }
}
