//! What the server answered.

use std::fmt;

use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
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
#[derive(Default, Deserialize)]
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

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope").field("request_id", &self.request_id).finish_non_exhaustive()
    }
}

/// Where an answer waits, to be taken once with [`Wrapping::unwrap`](crate::wrapping::Wrapping::unwrap).
#[derive(Clone, Debug, Deserialize)]
pub struct WrapInfo {
    pub token: SecretString,
    pub accessor: String,
    /// Seconds.
    pub ttl: u64,
    /// RFC 3339.
    pub creation_time: String,
    pub creation_path: String,
    #[serde(default)]
    pub wrapped_accessor: Option<String>,
}

/// A login's or a token creation's answer.
#[derive(Clone, Debug, Deserialize)]
pub struct Auth {
    pub client_token: SecretString,
    pub accessor: String,
    #[serde(default)]
    pub policies: Option<Vec<String>>,
    /// Seconds; 0 without end.
    #[serde(default)]
    pub lease_duration: u64,
    #[serde(default)]
    pub renewable: bool,
}

impl Answer {
    pub(crate) fn new(status: u16, body: Zeroizing<Vec<u8>>) -> Self {
        Self { status, body }
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

    /// The login or token that was made.
    pub fn auth(&self) -> Result<Auth, Error> {
        #[derive(Deserialize)]
        struct Login {
            auth: Option<Auth>,
        }
        self.json::<Login>()?.auth.ok_or(Error::Malformed("no token in the answer to a login"))
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

    /// Whether a refusal is one of this API's: what stands before a server (a load balancer, a firewall) has its own
    /// pages for 403 and 404, and those say nothing about a secret.
    pub(crate) fn is_of_this_api(&self) -> bool {
        #[derive(Deserialize)]
        struct Refusal {
            errors: Option<IgnoredAny>,
            data: Option<IgnoredAny>,
        }
        self.status < 400 || self.json::<Refusal>().is_ok_and(|it| it.errors.is_some() || it.data.is_some())
    }

    /// The answer, unless it is a refusal. A 404 that carries data (a deleted version) is an answer.
    pub(crate) fn accepted(self) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Data {
            data: Option<IgnoredAny>,
        }
        let has_data = self.status == 404 && self.json::<Data>().is_ok_and(|it| it.data.is_some());
        if self.status < 400 || has_data {
            return Ok(self);
        }
        Err(Error::Api { status: self.status, errors: self.errors() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Rules 24, 101
    #[test]
    fn an_answer_does_not_print_its_body() {
        let body = br#"{"request_id": "r", "data": {"password": "hunter2"}, "auth": {"client_token": "hvs.x", "accessor": "a"}}"#;
        let answer = Answer::new(200, Zeroizing::new(body.to_vec()));
        assert_eq!(answer.json::<Value>().unwrap()["request_id"], "r");
        let shown = format!("{answer:?} {:?} {:?}", answer.envelope().unwrap(), answer.auth().unwrap());
        assert!(!shown.contains("hunter2") && !shown.contains("hvs.x"), "{shown}");
        // 115, 34 and 116: a body that is printed as numbers is printed too.
        assert!(!shown.contains("123, 34"), "{shown}");
    }
}
