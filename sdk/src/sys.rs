//! What a server says of itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Client, Error, Method};

/// See [`Client::sys`].
pub struct Sys<'c>(pub(crate) &'c Client);

/// Whether a server can be used.
#[derive(Clone, Debug, Deserialize)]
pub struct Health {
    pub initialized: bool,
    pub sealed: bool,
    pub standby: bool,
    /// The version of Vault's whose clients it serves.
    pub version: String,
    #[serde(default)]
    pub cluster_name: String,
}

/// How a store is sealed, and how far unsealing it has come.
#[derive(Clone, Debug, Deserialize)]
pub struct SealStatus {
    /// `shamir`, `passphrase`, `keyfile`, ...
    #[serde(rename = "type")]
    pub kind: String,
    pub initialized: bool,
    pub sealed: bool,
    /// Shares that unseal it.
    pub t: u64,
    /// Shares there are.
    pub n: u64,
    /// Shares given so far.
    pub progress: u64,
    pub version: String,
}

impl Sys<'_> {
    /// Needs no token, and is an answer whatever the state is.
    pub async fn health(&self) -> Result<Health, Error> {
        let answer = self.0.call(Method::Get, "sys/health").anonymous().once().send_any().await?;
        answer.json()
    }

    /// Needs no token.
    pub async fn seal_status(&self) -> Result<SealStatus, Error> {
        self.0.call(Method::Get, "sys/seal-status").anonymous().send().await?.json()
    }

    /// What our token may do at each path: `read`, `list`, ..., or `deny`.
    pub async fn capabilities(&self, paths: &[&str]) -> Result<BTreeMap<String, Vec<String>>, Error> {
        #[derive(Serialize)]
        struct Paths<'a> {
            paths: &'a [&'a str],
        }
        let call = self.0.call(Method::Post, "sys/capabilities-self").json(&Paths { paths });
        let mut all: BTreeMap<String, serde_json::Value> = call.send().await?.data()?;
        all.retain(|path, _| paths.contains(&path.as_str()));
        let each = all.into_iter().map(|(path, found)| {
            let found = serde_json::from_value(found);
            found.map(|it| (path, it)).map_err(|_| Error::Malformed("capabilities are a list"))
        });
        each.collect()
    }
}
