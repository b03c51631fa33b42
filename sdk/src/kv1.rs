//! The KV v1 secrets engine: secrets without versions.

use serde::{Serialize, de::DeserializeOwned};

use crate::{Call, Client, Error, Fields, Method, kv};

/// Secrets below one mount.
pub struct Kv1<'c> {
    client: &'c Client,
    mount: String,
}

impl<'c> Kv1<'c> {
    pub(crate) fn new(client: &'c Client, mount: &str) -> Self {
        Self { client, mount: mount.trim_matches('/').to_owned() }
    }

    /// A secret's fields.
    pub async fn get(&self, path: &str) -> Result<Fields, Error> {
        self.call(Method::Get, path).send().await?.data()
    }

    /// A secret's fields as `T`.
    pub async fn get_as<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.get(path).await?.decode()
    }

    /// Writes a secret in place of what was there.
    pub async fn put<T: Serialize + ?Sized>(&self, path: &str, data: &T) -> Result<(), Error> {
        self.call(Method::Put, path).json(data).send().await.map(|_| ())
    }

    pub async fn delete(&self, path: &str) -> Result<(), Error> {
        self.call(Method::Delete, path).send().await.map(|_| ())
    }

    /// What stands in a folder; folders end in a slash. Nothing is an empty list, not an error.
    pub async fn list(&self, folder: &str) -> Result<Vec<String>, Error> {
        kv::list(self.call(Method::List, folder)).await
    }

    fn call(&self, method: Method, path: &str) -> Call<'c> {
        self.client.call(method, format!("{}/{}", self.mount, path.trim_start_matches('/')))
    }
}
