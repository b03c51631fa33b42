//! What the server answered.

use std::fmt;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::{Error, SecretString};

/// An answer with its envelope.
#[derive(Default)]
pub struct Answer {
    pub status: u16,
    /// The body as it came; empty for 204.
    body: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

/// The parts of the envelope that callers ask for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Envelope {
    pub request_id: String,
    pub lease_id: String,
    pub renewable: bool,
    /// Seconds.
    pub lease_duration: u64,
    pub data: Option<Value>,
    pub wrap_info: Option<WrapInfo>,
    pub warnings: Option<Vec<String>>,
    pub auth: Option<Auth>,
}

#[derive(Debug, Deserialize)]
pub struct WrapInfo {
    pub token: SecretString,
    pub accessor: String,
    pub ttl: u64,
    pub creation_time: String,
    pub creation_path: String,
    #[serde(default)]
    pub wrapped_accessor: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct Auth {
    pub client_token: SecretString,
    pub accessor: String,
    #[serde(default)]
    pub policies: Option<Vec<String>>,
    #[serde(default)]
    pub lease_duration: u64,
    #[serde(default)]
    pub renewable: bool,
}

impl Answer {
    pub(crate) fn new(status: u16, body: Vec<u8>) -> Self {
        Self { status, body: Zeroizing::new(body) }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// The whole body as `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|_| Error::Malformed("not the JSON that was expected"))
    }

    /// The envelope; an empty one for 204.
    pub fn envelope(&self) -> Result<Envelope, Error> {
        if self.body.is_empty() { Ok(Envelope::default()) } else { self.json() }
    }

    /// `data` as `T`.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, Error> {
        #[derive(Deserialize)]
        struct Data<T> {
            data: T,
        }
        self.json::<Data<T>>().map(|it| it.data)
    }

    /// The server's messages, if it refused.
    pub(crate) fn errors(&self) -> Vec<String> {
        #[derive(Deserialize)]
        struct Errors {
            #[serde(default)]
            errors: Vec<String>,
        }
        self.json::<Errors>().map(|it| it.errors).unwrap_or_default()
    }
}
