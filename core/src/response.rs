//! What the core answers.

mod envelope;

use std::{collections::BTreeMap, fmt, io, time::Duration};

use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    clock::Timestamp,
    crypto::SecretBytes,
    error::{Error, Result},
    leases::Leasing,
};

/// An answer, before it becomes HTTP.
#[derive(Debug, Default)]
pub struct Response {
    /// Other than 200 and, for an answer with nothing in it, 204: 404 with data, for example.
    pub status: Option<u16>,
    /// A JSON object, serialised once: to the client and to the audit log it is the same.
    pub data: Option<SecretBytes>,
    /// The data stands at the top level of the envelope too (`sys/mounts` and its like).
    pub repeat_data: bool,
    pub auth: Option<Auth>,
    pub lease: Option<Lease>,
    pub wrap_info: Option<WrapInfo>,
    pub warnings: Vec<String>,
    /// Instead of the envelope.
    pub raw: Option<Raw>,
    /// Instead of all others: a body that is made while it is sent.
    pub stream: Option<Stream>,
    /// For the pipeline alone, which takes it out.
    pub leasing: Option<Leasing>,
}

/// A body that is no envelope (`sys/health`, a snapshot, metrics).
#[derive(Debug)]
pub struct Raw {
    pub content_type: &'static str,
    pub body: SecretBytes,
}

/// A body that is too large for memory. It holds no secret: nothing wipes it.
pub struct Stream {
    pub content_type: &'static str,
    chunks: Box<dyn Iterator<Item = io::Result<bytes::Bytes>> + Send>,
}

impl Stream {
    pub fn new(
        content_type: &'static str,
        chunks: impl Iterator<Item = io::Result<bytes::Bytes>> + Send + 'static,
    ) -> Self {
        Self { content_type, chunks: Box::new(chunks) }
    }
}

/// The pieces. After an error there are no more: what was sent must not look whole.
impl Iterator for Stream {
    type Item = io::Result<bytes::Bytes>;

    fn next(&mut self) -> Option<Self::Item> {
        self.chunks.next()
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stream({})", self.content_type)
    }
}

/// A login's or a token creation's answer.
#[derive(Debug, Serialize)]
pub struct Auth {
    #[serde(serialize_with = "expose")]
    pub client_token: SecretBytes,
    pub accessor: String,
    pub policies: Vec<String>,
    pub token_policies: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub identity_policies: Vec<String>,
    pub metadata: Option<BTreeMap<String, String>>,
    /// Seconds.
    pub lease_duration: u64,
    pub renewable: bool,
    pub entity_id: String,
    pub token_type: &'static str,
    pub orphan: bool,
    pub mfa_requirement: Option<()>,
    pub num_uses: i64,
    /// As the audit log calls whoever logged in.
    #[serde(skip)]
    pub display_name: String,
}

fn expose<S: serde::Serializer>(secret: &SecretBytes, out: S) -> std::result::Result<S::Ok, S::Error> {
    out.serialize_str(secret.expose_str().unwrap_or_default())
}

#[derive(Clone, Debug)]
pub struct Lease {
    /// Empty where there is a duration and nothing to renew.
    pub id: String,
    pub renewable: bool,
    pub duration: Duration,
}

#[derive(Debug)]
pub struct WrapInfo {
    pub token: SecretBytes,
    pub accessor: String,
    pub ttl: Duration,
    pub creation_time: Timestamp,
    pub creation_path: String,
    pub wrapped_accessor: Option<String>,
}

impl Response {
    /// Nothing to say: 204.
    pub fn empty() -> Self {
        Self::default()
    }

    pub fn data<T: Serialize + ?Sized>(data: &T) -> Result<Self> {
        Ok(Self { data: Some(json(data)?), ..Self::default() })
    }

    /// As [`Response::data`], and the same again at the top level.
    pub fn repeated<T: Serialize + ?Sized>(data: &T) -> Result<Self> {
        Ok(Self { repeat_data: true, ..Self::data(data)? })
    }

    /// A listing: 404 without a message if there is nothing in it.
    pub fn keys(keys: &[String]) -> Result<Self> {
        if keys.is_empty() {
            return Err(Error::NotFound);
        }
        Self::data(&Keys { keys })
    }

    /// No more than so many of a listing's keys, and what is told of them.
    pub(crate) fn cut(self, most: usize) -> Result<Self> {
        let Some(data) = &self.data else { return Ok(self) };
        let broken = || Error::Internal("an answer could not be read");
        let mut data: BTreeMap<&str, Box<RawValue>> =
            serde_json::from_slice(data.expose()).map_err(|_| broken())?;
        let Some(keys) = data.get("keys") else { return Ok(self) };
        let Ok(mut keys) = serde_json::from_str::<Vec<String>>(keys.get()) else { return Ok(self) };
        if keys.len() <= most {
            return Ok(self);
        }
        keys.truncate(most);
        if let Some(told) = data.get("key_info") {
            let mut told: BTreeMap<String, &RawValue> =
                serde_json::from_str(told.get()).map_err(|_| broken())?;
            told.retain(|key, _| keys.contains(key));
            let told = serde_json::value::to_raw_value(&told).map_err(|_| broken())?;
            data.insert("key_info", told);
        }
        data.insert("keys", serde_json::value::to_raw_value(&keys).map_err(|_| broken())?);
        let data = Some(json(&data)?);
        Ok(Self { data, ..self })
    }

    pub fn auth(auth: Auth) -> Self {
        Self { auth: Some(auth), ..Self::default() }
    }

    /// A JSON body without the envelope.
    pub fn bare<T: Serialize + ?Sized>(status: u16, body: &T) -> Result<Self> {
        let raw = Raw { content_type: "application/json", body: json(body)? };
        Ok(Self { status: Some(status), raw: Some(raw), ..Self::default() })
    }

    pub fn stream(stream: Stream) -> Self {
        Self { stream: Some(stream), ..Self::default() }
    }

    #[must_use]
    pub fn with_status(self, status: u16) -> Self {
        Self { status: Some(status), ..self }
    }

    #[must_use]
    pub fn warn(mut self, warning: impl Into<String>) -> Self {
        self.warnings.push(warning.into());
        self
    }

    pub fn is_empty(&self) -> bool {
        self.says_nothing() && self.raw.is_none() && self.stream.is_none() && self.status.is_none()
    }

    /// Whether there is nothing to put into an envelope.
    pub fn says_nothing(&self) -> bool {
        self.data.is_none()
            && self.auth.is_none()
            && self.lease.is_none()
            && self.wrap_info.is_none()
            && self.warnings.is_empty()
    }
}

#[derive(Serialize)]
struct Keys<'a> {
    keys: &'a [String],
}

/// JSON in a buffer that is wiped.
pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> Result<SecretBytes> {
    let mut out = Vec::with_capacity(512);
    serde_json::to_writer(&mut out, value)
        .map_err(|_| Error::Internal("an answer could not be serialised"))?;
    Ok(SecretBytes::new(out))
}
