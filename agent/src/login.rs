//! `auto_auth`'s methods, as ways to log in that a session repeats.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Mutex, PoisonError},
};

use strongroom_sdk::{AppRole, Auth, Client, Error, LoggingIn, LoginMethod, SecretString, Userpass};
use zeroize::Zeroizing;

use crate::{
    config::{Method, MethodKind},
    connect::unreadable,
};

/// A method of the configuration, and what it has to remember between two logins.
#[derive(Debug)]
pub(crate) struct AutoAuth {
    method: Method,
    /// A secret id whose file was removed, as it should be, when it was read.
    secret_id: Mutex<Option<SecretString>>,
}

impl AutoAuth {
    pub(crate) fn new(method: Method) -> Self {
        Self { method, secret_id: Mutex::new(None) }
    }

    async fn once(&self, client: &Client) -> Result<Auth, Error> {
        let mount = self.method.mount.as_str();
        match &self.method.kind {
            MethodKind::AppRole { role_id_file, .. } => {
                let login = AppRole::new(text(role_id_file)?.expose()).mount(mount);
                let login = match self.secret_id(client).await? {
                    Some(secret_id) => login.secret_id(secret_id),
                    None => login,
                };
                client.login_once(login).await
            }
            MethodKind::TokenFile(file) => client.login_once(text(file)?).await,
            MethodKind::Userpass { username, password_file } => {
                client.login_once(Userpass::new(username, text(password_file)?).mount(mount)).await
            }
        }
    }

    /// Logs in for whoever opens the answer: what `wrap_info` says of it.
    pub(crate) async fn log_in_wrapped(&self, client: &Client) -> Result<Zeroizing<Vec<u8>>, Error> {
        let mount = self.method.mount.as_str();
        let ttl = self.method.wrap_ttl.unwrap_or_default();
        let (path, fields) = match &self.method.kind {
            MethodKind::AppRole { role_id_file, .. } => {
                let mut fields = BTreeMap::from([("role_id", text(role_id_file)?)]);
                fields.extend(self.secret_id(client).await?.map(|it| ("secret_id", it)));
                (format!("auth/{mount}/login"), fields)
            }
            MethodKind::Userpass { username, password_file } => (
                format!("auth/{mount}/login/{username}"),
                BTreeMap::from([("password", text(password_file)?)]),
            ),
            MethodKind::TokenFile(_) => {
                return Err(Error::Config(
                    "a token that is there already is not wrapped: use the sink's wrap_ttl".to_owned(),
                ));
            }
        };
        let call = client.call(strongroom_sdk::Method::Put, path).anonymous().wrap(ttl).json(&fields);
        let answer = call.send().await?;
        crate::sink::wrapped(answer.bytes()).map_err(|_| Error::Malformed("no wrapped answer"))
    }

    /// From its file, which is then removed; or the one that was read there before.
    async fn secret_id(&self, client: &Client) -> Result<Option<SecretString>, Error> {
        let MethodKind::AppRole { secret_id_file: Some(file), remove_secret_id, wrapped_at, .. } =
            &self.method.kind
        else {
            return Ok(None);
        };
        if !file.exists()
            && let Some(known) = self.remembered().clone()
        {
            return Ok(Some(known));
        }
        let read = text(file)?;
        let secret_id = match wrapped_at {
            None => read,
            Some(path) => unwrap(client, &read, path).await?,
        };
        // Remembered before it is removed: a token that unwraps once would otherwise be lost.
        *self.remembered() = Some(secret_id.clone());
        if *remove_secret_id {
            std::fs::remove_file(file).map_err(|error| unreadable(file, &error))?;
        }
        Ok(Some(secret_id))
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, Option<SecretString>> {
        self.secret_id.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LoginMethod for AutoAuth {
    fn log_in<'a>(&'a self, client: &'a Client) -> LoggingIn<'a> {
        Box::pin(self.once(client))
    }
}

/// Takes what a token wraps, if that was made at `path`: whoever exchanged the token wants us to log in with a secret id
/// of theirs.
async fn unwrap(client: &Client, token: &SecretString, path: &str) -> Result<SecretString, Error> {
    #[derive(serde::Deserialize)]
    struct Data {
        secret_id: SecretString,
    }
    let made_at = client.wrapping().lookup(token).await?.creation_path;
    if made_at.trim_matches('/') != path.trim_matches('/') {
        return Err(Error::Config("the wrapped secret id was made at another path".to_owned()));
    }
    client.wrapping().unwrap::<Data>(token).await.map(|it| it.secret_id)
}

/// The text of a file, without the white space around it.
fn text(path: &Path) -> Result<SecretString, Error> {
    let text = std::fs::read_to_string(path).map(Zeroizing::new).map_err(|error| unreadable(path, &error))?;
    match text.trim() {
        "" => Err(Error::Config(format!("{} is empty", path.display()))),
        text => Ok(SecretString::new(text)),
    }
}
