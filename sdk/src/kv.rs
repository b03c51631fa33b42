//! The KV v2 secrets engine.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Client, Error, Method};

/// Secrets below one mount.
pub struct Kv<'c> {
    client: &'c Client,
    mount: String,
}

/// A version of a secret.
#[derive(Debug, Deserialize)]
pub struct Secret {
    /// None for a version that was deleted or destroyed.
    pub data: Option<Map<String, Value>>,
    pub metadata: Metadata,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Metadata {
    pub version: u64,
    /// RFC 3339.
    pub created_time: String,
    /// RFC 3339; empty unless deleted.
    pub deletion_time: String,
    pub destroyed: bool,
    #[serde(default)]
    pub custom_metadata: Option<BTreeMap<String, String>>,
}

/// All that is known of a secret but its values.
#[derive(Debug, Deserialize)]
pub struct History {
    pub current_version: u64,
    pub oldest_version: u64,
    pub created_time: String,
    pub updated_time: String,
    pub max_versions: u64,
    pub cas_required: bool,
    #[serde(default)]
    pub custom_metadata: Option<BTreeMap<String, String>>,
    pub versions: BTreeMap<String, VersionInfo>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct VersionInfo {
    pub created_time: String,
    pub deletion_time: String,
    pub destroyed: bool,
}

/// What a write expects of the secret.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Expect {
    #[default]
    Anything,
    /// That it does not exist.
    Absent,
    /// That this is its current version.
    Version(u64),
}

impl Secret {
    /// A field's value as text: strings as they are, other values as JSON.
    pub fn field(&self, name: &str) -> Option<String> {
        match self.data.as_ref()?.get(name)? {
            Value::String(text) => Some(text.clone()),
            value => Some(value.to_string()),
        }
    }
}

#[derive(Serialize)]
struct Write<'a, T: Serialize + ?Sized> {
    data: &'a T,
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<Options>,
}

#[derive(Serialize)]
struct Options {
    cas: u64,
}

impl<'c> Kv<'c> {
    pub(crate) fn new(client: &'c Client, mount: &str) -> Self {
        Self { client, mount: mount.trim_matches('/').to_owned() }
    }

    fn path(&self, kind: &str, path: &str) -> String {
        format!("{}/{kind}/{}", self.mount, path.trim_start_matches('/'))
    }

    /// The current version.
    pub async fn get(&self, path: &str) -> Result<Secret, Error> {
        self.client.call(Method::Get, self.path("data", path)).send().await?.data()
    }

    /// One version.
    pub async fn get_version(&self, path: &str, version: u64) -> Result<Secret, Error> {
        let call = self.client.call(Method::Get, self.path("data", path));
        call.query("version", version.to_string()).send().await?.data()
    }

    /// The current version, held for `ttl`: the server knows who uses which version.
    pub async fn get_leased(&self, path: &str, ttl: Duration) -> Result<Secret, Error> {
        self.client.call(Method::Get, self.path("data", path)).lease(ttl).send().await?.data()
    }

    /// Writes a new version, and answers its metadata.
    pub async fn put<T: Serialize + ?Sized>(&self, path: &str, data: &T) -> Result<Metadata, Error> {
        self.put_if(path, data, Expect::Anything).await
    }

    /// Writes a new version if the secret is as expected; otherwise the server answers 400.
    pub async fn put_if<T: Serialize + ?Sized>(
        &self,
        path: &str,
        data: &T,
        expect: Expect,
    ) -> Result<Metadata, Error> {
        let options = match expect {
            Expect::Anything => None,
            Expect::Absent => Some(Options { cas: 0 }),
            Expect::Version(version) => Some(Options { cas: version }),
        };
        let call = self.client.call(Method::Put, self.path("data", path));
        call.json(&Write { data, options }).send().await?.data()
    }

    /// Changes the named fields and leaves the others.
    pub async fn patch<T: Serialize + ?Sized>(&self, path: &str, data: &T) -> Result<Metadata, Error> {
        let call = self.client.call(Method::Patch, self.path("data", path));
        call.json(&Write { data, options: None }).send().await?.data()
    }

    /// Deletes the current version; it can be undeleted.
    pub async fn delete(&self, path: &str) -> Result<(), Error> {
        self.client.call(Method::Delete, self.path("data", path)).send().await.map(|_| ())
    }

    /// Brings deleted versions back.
    pub async fn undelete(&self, path: &str, versions: &[u64]) -> Result<(), Error> {
        self.versions("undelete", path, versions).await
    }

    /// Removes versions for good, from the medium too.
    pub async fn destroy(&self, path: &str, versions: &[u64]) -> Result<(), Error> {
        self.versions("destroy", path, versions).await
    }

    /// Removes the secret with all its versions for good.
    pub async fn delete_all(&self, path: &str) -> Result<(), Error> {
        self.client.call(Method::Delete, self.path("metadata", path)).send().await.map(|_| ())
    }

    /// Its versions, without their values.
    pub async fn history(&self, path: &str) -> Result<History, Error> {
        self.client.call(Method::Get, self.path("metadata", path)).send().await?.data()
    }

    /// What stands in a folder; folders end in a slash. Nothing is an empty list, not an error.
    pub async fn list(&self, folder: &str) -> Result<Vec<String>, Error> {
        #[derive(Deserialize)]
        struct Keys {
            keys: Vec<String>,
        }
        match self.client.call(Method::List, self.path("metadata", folder)).send().await {
            Ok(answer) => Ok(answer.data::<Keys>()?.keys),
            Err(Error::Api { status: 404, errors }) if errors.is_empty() => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    async fn versions(&self, kind: &str, path: &str, versions: &[u64]) -> Result<(), Error> {
        #[derive(Serialize)]
        struct Versions<'a> {
            versions: &'a [u64],
        }
        let call = self.client.call(Method::Put, self.path(kind, path));
        call.json(&Versions { versions }).send().await.map(|_| ())
    }
}
