//! `auto_auth`'s methods, as ways to log in that a session repeats.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Mutex, PoisonError},
};

use strongroom_sdk::{
    AppRole, Auth, Cert, Client, Error, Jwt, Kubernetes, LoggingIn, LoginMethod, SecretString, Userpass,
};
use zeroize::Zeroizing;

use crate::{
    config::{Method, MethodKind, Removal},
    connect::{read, unreadable},
    log::Log,
};

/// A method of the configuration, and what it has to remember between two logins.
#[derive(Debug)]
pub(crate) struct AutoAuth {
    method: Method,
    /// A secret id or a JWT whose file was removed, as it should be, when it was read.
    remembered: Mutex<Option<SecretString>>,
    log: Log,
}

impl AutoAuth {
    pub(crate) fn new(method: Method, log: Log) -> Self {
        Self { method, remembered: Mutex::new(None), log }
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
            MethodKind::Cert { name, .. } => {
                self.show_certificate(client)?;
                let login = Cert::new().mount(mount);
                client.login_once(name.iter().fold(login, |login, name| login.name(name))).await
            }
            MethodKind::Jwt { role, file, remove } => {
                client.login_once(Jwt::new(role, self.jwt(file, *remove)?).mount(mount)).await
            }
            MethodKind::Kubernetes { role, token_file } => {
                client.login_once(Kubernetes::new(role).token_file(token_file).mount(mount)).await
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
            MethodKind::Cert { name, .. } => {
                self.show_certificate(client)?;
                let fields = name.iter().map(|it| ("name", SecretString::new(it.as_str()))).collect();
                (format!("auth/{mount}/login"), fields)
            }
            MethodKind::Jwt { role, file, remove } => (
                format!("auth/{mount}/login"),
                BTreeMap::from([("role", SecretString::new(role)), ("jwt", self.jwt(file, *remove)?)]),
            ),
            MethodKind::Kubernetes { role, token_file } => (
                format!("auth/{mount}/login"),
                BTreeMap::from([("role", SecretString::new(role)), ("jwt", text(token_file)?)]),
            ),
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

    /// Shows the certificate that is in the files now: whoever renews it need not start the agent again. What the
    /// agent asks from here on goes by it too, so that its token can be renewed.
    fn show_certificate(&self, client: &Client) -> Result<(), Error> {
        match &self.method.kind {
            MethodKind::Cert { identity: Some((cert, key)), reload: true, .. } => {
                client.show_certificate(read(cert)?, read(key)?)
            }
            _ => Ok(()),
        }
    }

    /// From its file, which is then removed; or the one that was read there before.
    async fn secret_id(&self, client: &Client) -> Result<Option<SecretString>, Error> {
        let MethodKind::AppRole { secret_id_file: Some(file), remove_secret_id, wrapped_at, .. } =
            &self.method.kind
        else {
            return Ok(None);
        };
        if let Some(known) = self.removed(file) {
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

    /// From its file, which its issuer may have written anew; or the one that was read there before.
    fn jwt(&self, file: &Path, remove: Removal) -> Result<SecretString, Error> {
        if let Some(known) = self.removed(file) {
            return Ok(known);
        }
        let jwt = text(file)?;
        *self.remembered() = Some(jwt.clone());
        let removed = match remove {
            Removal::Nothing => Ok(()),
            Removal::Path => std::fs::remove_file(file),
            Removal::Target => std::fs::canonicalize(file).and_then(std::fs::remove_file),
        };
        // A volume that an orchestrator mounts cannot be written to, and its token serves all the same.
        if let Err(error) = removed {
            self.log.warn(&format!("{} cannot be removed: {error}", file.display()));
        }
        Ok(jwt)
    }

    /// What was read from a file that is gone.
    fn removed(&self, file: &Path) -> Option<SecretString> {
        if file.exists() { None } else { self.remembered().clone() }
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, Option<SecretString>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
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
