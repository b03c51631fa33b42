//! The KV v2 secrets engine: secrets with versions.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{Call, Client, Error, Fields, Method, SecretString, lease::Leased, watch::Watching};

/// Secrets below one mount.
pub struct Kv<'c> {
    client: &'c Client,
    mount: String,
}

/// A version of a secret, with its values.
#[derive(Debug)]
pub struct Secret {
    pub fields: Fields,
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
#[derive(Clone, Debug, Deserialize)]
pub struct History {
    pub current_version: u64,
    pub oldest_version: u64,
    /// RFC 3339.
    pub created_time: String,
    /// RFC 3339.
    pub updated_time: String,
    /// 0: as the mount says.
    pub max_versions: u64,
    pub cas_required: bool,
    #[serde(default)]
    pub custom_metadata: Option<BTreeMap<String, String>>,
    /// By their numbers.
    pub versions: BTreeMap<u64, VersionInfo>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct VersionInfo {
    pub created_time: String,
    pub deletion_time: String,
    pub destroyed: bool,
}

/// What can be set for a secret as a whole. What is not said stays as it is.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Settings {
    /// Versions that are kept; 0: as the mount says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_versions: Option<u64>,
    /// Writes must say which version they expect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cas_required: Option<bool>,
    /// What people want to know of it: not secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_metadata: Option<BTreeMap<String, String>>,
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
    /// A field's value: text as it is, other values as JSON.
    pub fn field(&self, name: &str) -> Option<SecretString> {
        self.fields.get(name)
    }

    /// All fields as `T`.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, Error> {
        self.fields.decode()
    }
}

/// As the API answers: a version that was deleted has no data.
#[derive(Deserialize)]
struct Version {
    data: Option<Fields>,
    metadata: Metadata,
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

    /// The current version. One that was deleted is not found; [`Kv::history`] tells of it.
    pub async fn get(&self, path: &str) -> Result<Secret, Error> {
        read(self.call(Method::Get, "data", path)).await
    }

    /// The current version's fields as `T`.
    pub async fn get_as<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.get(path).await?.decode()
    }

    /// One version.
    pub async fn get_version(&self, path: &str, version: u64) -> Result<Secret, Error> {
        read(self.call(Method::Get, "data", path).query("version", version.to_string())).await
    }

    /// The current version, held for `ttl`: the server knows who uses which version. The lease is renewed in
    /// the background and ended when what is answered is dropped.
    ///
    /// # Errors
    ///
    /// [`Error::NoLease`] for a token that gets none.
    pub async fn get_leased(&self, path: &str, ttl: Duration) -> Result<Leased, Error> {
        let answer = self.call(Method::Get, "data", path).lease(ttl).send().await?;
        let secret = secret(answer.data()?)?;
        Leased::new(self.client, secret, &answer, ttl)
    }

    /// Follows the secret: the newest version, kept through outages.
    pub fn watch(&self, path: &str) -> Watching {
        Watching::new(self.client.clone(), &self.mount, path)
    }

    /// Writes a new version, and answers its metadata.
    pub async fn put<T: Serialize + ?Sized>(&self, path: &str, data: &T) -> Result<Metadata, Error> {
        self.put_if(path, data, Expect::Anything).await
    }

    /// Writes a new version if the secret is as expected.
    ///
    /// # Errors
    ///
    /// One of [`Kind::CasMismatch`](crate::Kind::CasMismatch) if it is not.
    pub async fn put_if<T: Serialize + ?Sized>(
        &self,
        path: &str,
        data: &T,
        expect: Expect,
    ) -> Result<Metadata, Error> {
        let body = Write { data, options: expect.options() };
        self.call(Method::Put, "data", path).json(&body).send().await?.data()
    }

    /// Changes the named fields and leaves the others; a field that is null is removed.
    pub async fn patch<T: Serialize + ?Sized>(&self, path: &str, data: &T) -> Result<Metadata, Error> {
        self.patch_if(path, data, Expect::Anything).await
    }

    /// As [`Kv::patch`], if the secret is as expected.
    pub async fn patch_if<T: Serialize + ?Sized>(
        &self,
        path: &str,
        data: &T,
        expect: Expect,
    ) -> Result<Metadata, Error> {
        let body = Write { data, options: expect.options() };
        let answer = self.call(Method::Patch, "data", path).json(&body).send().await?;
        match answer.status {
            // With the metadata of the version that was deleted.
            404 => Err(Error::not_found()),
            _ => answer.data(),
        }
    }

    /// Deletes the current version; it can be undeleted.
    pub async fn delete(&self, path: &str) -> Result<(), Error> {
        self.call(Method::Delete, "data", path).send().await.map(|_| ())
    }

    /// Deletes versions; they can be undeleted.
    pub async fn delete_versions(&self, path: &str, versions: &[u64]) -> Result<(), Error> {
        self.versions("delete", path, versions).await
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
        self.call(Method::Delete, "metadata", path).send().await.map(|_| ())
    }

    /// Its versions, without their values.
    pub async fn history(&self, path: &str) -> Result<History, Error> {
        self.call(Method::Get, "metadata", path).send().await?.data()
    }

    /// Sets how many versions are kept, and what people want to know of it.
    pub async fn configure(&self, path: &str, settings: &Settings) -> Result<(), Error> {
        self.call(Method::Put, "metadata", path).json(settings).send().await.map(|_| ())
    }

    /// What stands in a folder; folders end in a slash. Nothing is an empty list, not an error.
    pub async fn list(&self, folder: &str) -> Result<Vec<String>, Error> {
        list(self.call(Method::List, "metadata", folder)).await
    }

    async fn versions(&self, kind: &str, path: &str, versions: &[u64]) -> Result<(), Error> {
        #[derive(Serialize)]
        struct Versions<'a> {
            versions: &'a [u64],
        }
        self.call(Method::Put, kind, path).json(&Versions { versions }).send().await.map(|_| ())
    }

    fn call(&self, method: Method, kind: &str, path: &str) -> Call<'c> {
        self.client.call(method, format!("{}/{kind}/{}", self.mount, path.trim_start_matches('/')))
    }
}

impl Expect {
    fn options(self) -> Option<Options> {
        match self {
            Self::Anything => None,
            Self::Absent => Some(Options { cas: 0 }),
            Self::Version(version) => Some(Options { cas: version }),
        }
    }
}

async fn read(call: Call<'_>) -> Result<Secret, Error> {
    secret(call.send().await?.data()?)
}

fn secret(version: Version) -> Result<Secret, Error> {
    let fields = version.data.ok_or_else(Error::not_found)?;
    Ok(Secret { fields, metadata: version.metadata })
}

pub(crate) async fn list(call: Call<'_>) -> Result<Vec<String>, Error> {
    #[derive(Deserialize)]
    struct Keys {
        keys: Vec<String>,
    }
    match call.send().await {
        Ok(answer) => Ok(answer.data::<Keys>()?.keys),
        Err(Error::Api { status: 404, errors }) if errors.is_empty() => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
