//! Tokens: ours and others.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize, Serializer};

use crate::{Auth, Call, Client, Error, Method, SecretString};

/// See [`Client::tokens`].
pub struct Tokens<'c>(pub(crate) &'c Client);

/// What is known of a token, but the token itself.
#[derive(Clone, Debug, Deserialize)]
pub struct TokenInfo {
    pub accessor: String,
    pub policies: Vec<String>,
    pub display_name: String,
    /// The path that made it.
    pub path: String,
    /// Seconds left; 0 without end.
    pub ttl: u64,
    #[serde(default)]
    pub renewable: bool,
    /// Uses left; 0 without limit.
    #[serde(default)]
    pub num_uses: i64,
    /// `service` or `batch`.
    #[serde(rename = "type", default)]
    pub kind: String,
    #[serde(default)]
    pub meta: Option<BTreeMap<String, String>>,
}

/// A token to be made. What is not said is as the server has it: the maker's policies, the default TTL.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NewToken {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub meta: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "seconds")]
    pub ttl: Option<Duration>,
    /// Renewed without end, each time for so long.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "seconds")]
    pub period: Option<Duration>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "seconds")]
    pub explicit_max_ttl: Option<Duration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renewable: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_uses: Option<u64>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    /// `batch` for a token that nothing is stored of.
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// It does not end with its maker.
    pub no_parent: bool,
    pub no_default_policy: bool,
}

fn seconds<S: Serializer>(duration: &Option<Duration>, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(&format!("{}s", duration.unwrap_or_default().as_secs()))
}

#[derive(Serialize)]
struct ByToken<'a> {
    token: &'a SecretString,
}

#[derive(Serialize)]
struct ByAccessor<'a> {
    accessor: &'a str,
}

#[derive(Serialize)]
struct Increment {
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "seconds")]
    increment: Option<Duration>,
}

impl Tokens<'_> {
    pub async fn create(&self, new: &NewToken) -> Result<Auth, Error> {
        self.call("create").json(new).send().await?.auth()
    }

    /// A token to be handed on: wrapped, so that whoever carries it cannot use it unnoticed.
    pub async fn create_wrapped(&self, new: &NewToken, ttl: Duration) -> Result<crate::WrapInfo, Error> {
        crate::wrapping::wrapped(self.call("create").json(new).wrap(ttl)).await
    }

    pub async fn lookup_self(&self) -> Result<TokenInfo, Error> {
        self.0.call(Method::Get, "auth/token/lookup-self").send().await?.data()
    }

    pub async fn lookup(&self, token: &SecretString) -> Result<TokenInfo, Error> {
        self.call("lookup").json(&ByToken { token }).send().await?.data()
    }

    pub async fn lookup_accessor(&self, accessor: &str) -> Result<TokenInfo, Error> {
        self.call("lookup-accessor").json(&ByAccessor { accessor }).send().await?.data()
    }

    /// Extends our token's life, by `increment` as far as the server agrees.
    pub async fn renew_self(&self, increment: Option<Duration>) -> Result<Auth, Error> {
        self.call("renew-self").json(&Increment { increment }).send().await?.auth()
    }

    pub async fn renew(&self, token: &SecretString) -> Result<Auth, Error> {
        self.call("renew").json(&ByToken { token }).send().await?.auth()
    }

    /// Ends our token, and all it has made.
    pub async fn revoke_self(&self) -> Result<(), Error> {
        self.call("revoke-self").send().await.map(|_| ())
    }

    pub async fn revoke(&self, token: &SecretString) -> Result<(), Error> {
        self.call("revoke").json(&ByToken { token }).send().await.map(|_| ())
    }

    pub async fn revoke_accessor(&self, accessor: &str) -> Result<(), Error> {
        self.call("revoke-accessor").json(&ByAccessor { accessor }).send().await.map(|_| ())
    }

    fn call(&self, what: &str) -> Call<'_> {
        self.0.call(Method::Post, format!("auth/token/{what}"))
    }
}
