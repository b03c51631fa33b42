//! What an operator does once, so that the web application can log in and read its password.

use std::{
    fs::{DirBuilder, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use serde::Deserialize;
use serde_json::json;
use strongroom_sdk::{Client, Error, Kind, Method, SecretString};

use crate::SECRET;

/// What the application logs in with.
#[derive(Debug)]
pub struct Ids {
    pub role_id: String,
    pub secret_id: SecretString,
}

/// Stores a first password if there is none, and lets a role read it and nothing else.
pub async fn prepare(operator: &Client) -> Result<Ids, Error> {
    let kv = operator.kv("secret");
    if kv.get(SECRET).await.is_err_and(|it| it.is_not_found()) {
        kv.put(SECRET, &json!({ "user": "app", "password": "change me" })).await?;
    }
    let rules = format!(
        r#"path "secret/data/{SECRET}" {{ capabilities = ["read"] }}
path "secret/metadata/{SECRET}" {{ capabilities = ["read"] }}"#
    );
    let write = async |path: &str, body: serde_json::Value| {
        operator.call(Method::Put, path).json(&body).send().await.map(|_| ())
    };
    write("sys/policies/acl/web-app", json!({ "policy": rules })).await?;
    match write("sys/auth/approle", json!({ "type": "approle" })).await {
        // It is there already.
        Err(error) if error.kind() == Kind::Invalid => {}
        outcome => outcome?,
    }
    let role = json!({ "token_policies": ["web-app"], "token_ttl": "1h", "token_max_ttl": "24h" });
    write("auth/approle/role/web-app", role).await?;

    #[derive(Deserialize)]
    struct RoleId {
        role_id: String,
    }
    #[derive(Deserialize)]
    struct SecretId {
        secret_id: SecretString,
    }
    let role = operator.call(Method::Get, "auth/approle/role/web-app/role-id").send().await?;
    let secret = operator.call(Method::Put, "auth/approle/role/web-app/secret-id").send().await?;
    Ok(Ids { role_id: role.data::<RoleId>()?.role_id, secret_id: secret.data::<SecretId>()?.secret_id })
}

impl Ids {
    /// Writes `role-id` and `secret-id`, for the application alone.
    pub fn write_to(&self, dir: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        for (name, text) in [("role-id", self.role_id.as_str()), ("secret-id", self.secret_id.expose())] {
            let mut options = OpenOptions::new();
            let mut file =
                options.write(true).create(true).truncate(true).mode(0o600).open(dir.join(name))?;
            writeln!(file, "{text}")?;
        }
        Ok(())
    }
}
