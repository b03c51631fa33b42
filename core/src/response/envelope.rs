//! The envelope of every answer, as clients of Vault's API read it.
//!
//! It is put together around the data's bytes as they were serialised: no tree is built. A server and an
//! application that has the store in its own process get the same bytes.

use std::io::Write as _;

use super::{Response, WrapInfo};
use crate::{
    crypto::SecretBytes,
    error::{Error, Result},
    ids::RequestId,
};

impl Response {
    /// `{"request_id":..,"lease_id":..,"renewable":..,"lease_duration":..,"data":..,"wrap_info":..,
    /// "warnings":..,"auth":..}`, and the data's own fields behind it where they stand at the top level too.
    pub fn envelope(&self, id: RequestId) -> Result<SecretBytes> {
        envelope(id, self).map_err(|_| Error::Internal("an envelope could not be written"))
    }
}

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
