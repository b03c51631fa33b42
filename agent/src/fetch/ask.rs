//! One thing that is asked of the server.

use std::time::Duration;

use strongroom_sdk::{Answer, Client, Error, Method, SecretString};

use super::mounts::Mounts;

/// As a template says it; equal ones are asked for once.
#[derive(Clone, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Ask {
    /// `secret "path"`.
    Read { path: String },
    /// `secret "path" "name=value"`: a write whose answer is the secret. The values may be secrets.
    Write { path: String, fields: Vec<(String, Private)> },
    /// `secrets "path"`.
    List { path: String },
}

/// What may be a secret itself. It is ordered as its text is, to be found again.
#[derive(Clone)]
pub(crate) struct Private(SecretString);

impl Private {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(SecretString::new(text))
    }

    pub(crate) fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl Eq for Private {}

impl PartialEq for Private {
    fn eq(&self, other: &Self) -> bool {
        self.0.is_same(&other.0)
    }
}

impl Ord for Private {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.expose().cmp(other.expose())
    }
}

impl PartialOrd for Private {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ask {
    /// The path, for messages.
    pub(crate) fn path(&self) -> &str {
        match self {
            Self::Read { path } | Self::Write { path, .. } | Self::List { path } => path,
        }
    }

    /// As a template must be able to make it again: a write is not repeated while its lease lives.
    pub(crate) fn is_write(&self) -> bool {
        matches!(self, Self::Write { .. })
    }

    pub(super) fn is_list(&self) -> bool {
        matches!(self, Self::List { .. })
    }

    /// Asks once, and for a lease if it is to be held. A KV v2 secret that was deleted is not there.
    pub(crate) async fn send(
        &self,
        client: &Client,
        mounts: &Mounts,
        hold: Option<Duration>,
    ) -> Result<Answer, Error> {
        match self {
            Self::Read { path } => {
                let (path, query) = split(path);
                let path = mounts.api(client, path, "data", &["data", "metadata", "subkeys"]).await?;
                let mut call = client.call(Method::Get, path);
                for (name, value) in query {
                    call = call.query(name, value);
                }
                if let Some(hold) = hold {
                    call = call.lease(hold);
                }
                let answer = call.send().await?;
                if is_deleted(&answer) { Err(not_found()) } else { Ok(answer) }
            }
            Self::List { path } => {
                let path = mounts.api(client, split(path).0, "metadata", &["metadata"]).await?;
                client.call(Method::List, path).send().await
            }
            Self::Write { path, fields } => {
                let body: std::collections::BTreeMap<&str, &str> =
                    fields.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
                client.call(Method::Put, path.trim_matches('/')).json(&body).send().await
            }
        }
    }
}

/// A path and the query behind it: `secret/db?version=3`.
fn split(path: &str) -> (&str, Vec<(String, String)>) {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let pairs = query.split('&').filter(|it| !it.is_empty()).map(|it| it.split_once('=').unwrap_or((it, "")));
    (path.trim_matches('/'), pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// Whether an answer is of a version that is no more: its metadata alone.
fn is_deleted(answer: &Answer) -> bool {
    #[derive(serde::Deserialize)]
    struct Data {
        #[serde(default)]
        data: Option<serde::de::IgnoredAny>,
        metadata: Metadata,
    }
    #[derive(serde::Deserialize)]
    struct Metadata {
        #[serde(default)]
        deletion_time: String,
        #[serde(default)]
        destroyed: bool,
        version: u64,
    }
    answer.data::<Data>().is_ok_and(|it| {
        it.metadata.version > 0
            && it.data.is_none()
            && (it.metadata.destroyed || !it.metadata.deletion_time.is_empty())
    })
}

fn not_found() -> Error {
    Error::Api { status: 404, errors: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_may_have_a_query() {
        assert_eq!(split("/secret/db?version=3"), ("secret/db", vec![("version".into(), "3".into())]));
        assert_eq!(split("secret/db"), ("secret/db", vec![]));
        assert_eq!(split("secret/db?"), ("secret/db", vec![]));
    }
}
