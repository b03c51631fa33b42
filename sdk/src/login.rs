//! Ways to log in.

use std::{fmt, future::Future, path::PathBuf, pin::Pin, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{Auth, Client, Error, Method, SecretString};

/// With what an application proves who it is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Login {
    AppRole(AppRole),
    Cert(Cert),
    Userpass(Userpass),
    /// A JSON Web Token of an issuer that the server trusts: Nomad's workload identity, a pipeline's.
    Jwt(Jwt),
    /// A pod's service account.
    Kubernetes(Kubernetes),
    /// A token that somebody else made. It is renewed as long as it can be, and then it has ended.
    Token(SecretString),
    /// A file in which somebody else (an agent, an orchestrator) keeps a token: read again when it has ended.
    TokenFile(PathBuf),
    /// A way of the application's own.
    Other(Arc<dyn LoginMethod>),
}

/// A way to log in: how a session comes by a token, and by another one when that has ended.
pub trait LoginMethod: fmt::Debug + Send + Sync {
    /// Logs in anew. `client` presents no token.
    fn log_in<'a>(&'a self, client: &'a Client) -> LoggingIn<'a>;
}

/// A login under way.
pub type LoggingIn<'a> = Pin<Box<dyn Future<Output = Result<Auth, Error>> + Send + 'a>>;

/// A role id and, unless the role asks for none, a secret id.
#[derive(Clone, Debug)]
pub struct AppRole {
    mount: String,
    role_id: String,
    secret_id: SecretId,
}

/// Where the secret id comes from. Files are read anew with each login.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum SecretId {
    #[default]
    None,
    Value(SecretString),
    File(PathBuf),
    /// The token of a wrapped answer of `auth/approle/role/NAME/secret-id`: it is taken once and then
    /// remembered. A token that was used already, or that wraps something else, is refused.
    Wrapped(SecretString),
    WrappedFile(PathBuf),
}

/// The certificate that the client shows ([`Tls::client`](crate::Tls), or what
/// [`Client::show_certificate`] was given last). Its token is renewed over connections with the same certificate.
#[derive(Clone, Debug)]
pub struct Cert {
    mount: String,
    name: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Userpass {
    mount: String,
    user: String,
    password: SecretString,
}

/// A JSON Web Token, and the role that it is presented for.
#[derive(Clone, Debug)]
pub struct Jwt {
    mount: String,
    role: String,
    token: Presented,
}

/// The service account of the pod that the application runs in, and the role that it is presented for.
#[derive(Clone, Debug)]
pub struct Kubernetes {
    mount: String,
    role: String,
    token_file: PathBuf,
}

#[derive(Clone, Debug)]
enum Presented {
    Value(SecretString),
    /// Read anew with each login: whoever issues the tokens exchanges them before they end.
    File(PathBuf),
}

/// Where kubelet puts the token of a pod's service account, and keeps it fresh.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

impl AppRole {
    pub fn new(role_id: impl Into<String>) -> Self {
        Self { mount: "approle".to_owned(), role_id: role_id.into(), secret_id: SecretId::None }
    }

    #[must_use]
    pub fn secret_id(self, secret_id: SecretString) -> Self {
        Self { secret_id: SecretId::Value(secret_id), ..self }
    }

    #[must_use]
    pub fn secret_id_file(self, file: impl Into<PathBuf>) -> Self {
        Self { secret_id: SecretId::File(file.into()), ..self }
    }

    /// See [`SecretId::Wrapped`].
    #[must_use]
    pub fn wrapped_secret_id(self, token: SecretString) -> Self {
        Self { secret_id: SecretId::Wrapped(token), ..self }
    }

    /// As [`AppRole::wrapped_secret_id`], with the token in a file.
    #[must_use]
    pub fn wrapped_secret_id_file(self, file: impl Into<PathBuf>) -> Self {
        Self { secret_id: SecretId::WrappedFile(file.into()), ..self }
    }

    /// Where the auth method is mounted, if not at `approle`.
    #[must_use]
    pub fn mount(self, mount: &str) -> Self {
        Self { mount: mount.trim_matches('/').to_owned(), ..self }
    }
}

impl Default for Cert {
    fn default() -> Self {
        Self::new()
    }
}

impl Cert {
    pub fn new() -> Self {
        Self { mount: "cert".to_owned(), name: None }
    }

    /// The entry to log in by; without, the first that trusts the certificate.
    #[must_use]
    pub fn name(self, name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..self }
    }

    /// Where the auth method is mounted, if not at `cert`.
    #[must_use]
    pub fn mount(self, mount: &str) -> Self {
        Self { mount: mount.trim_matches('/').to_owned(), ..self }
    }
}

impl Userpass {
    pub fn new(user: impl Into<String>, password: SecretString) -> Self {
        Self { mount: "userpass".to_owned(), user: user.into(), password }
    }

    /// Where the auth method is mounted, if not at `userpass`.
    #[must_use]
    pub fn mount(self, mount: &str) -> Self {
        Self { mount: mount.trim_matches('/').to_owned(), ..self }
    }
}

impl Jwt {
    /// A token that does not change. Without a name the role is the auth method's default one.
    pub fn new(role: impl Into<String>, token: SecretString) -> Self {
        Self { mount: "jwt".to_owned(), role: role.into(), token: Presented::Value(token) }
    }

    /// As [`Jwt::new`], with the token in a file that is read with each login.
    pub fn file(role: impl Into<String>, file: impl Into<PathBuf>) -> Self {
        Self { mount: "jwt".to_owned(), role: role.into(), token: Presented::File(file.into()) }
    }

    /// Where the auth method is mounted, if not at `jwt`.
    #[must_use]
    pub fn mount(self, mount: &str) -> Self {
        Self { mount: mount.trim_matches('/').to_owned(), ..self }
    }
}

impl Kubernetes {
    pub fn new(role: impl Into<String>) -> Self {
        Self { mount: "kubernetes".to_owned(), role: role.into(), token_file: SERVICE_ACCOUNT.into() }
    }

    /// Another token than the one that every pod has: a projected one, for an audience of the server's own.
    #[must_use]
    pub fn token_file(self, file: impl Into<PathBuf>) -> Self {
        Self { token_file: file.into(), ..self }
    }

    /// Where the auth method is mounted, if not at `kubernetes`.
    #[must_use]
    pub fn mount(self, mount: &str) -> Self {
        Self { mount: mount.trim_matches('/').to_owned(), ..self }
    }
}

impl From<AppRole> for Login {
    fn from(it: AppRole) -> Self {
        Self::AppRole(it)
    }
}

impl From<Cert> for Login {
    fn from(it: Cert) -> Self {
        Self::Cert(it)
    }
}

impl From<Userpass> for Login {
    fn from(it: Userpass) -> Self {
        Self::Userpass(it)
    }
}

impl From<Jwt> for Login {
    fn from(it: Jwt) -> Self {
        Self::Jwt(it)
    }
}

impl From<Kubernetes> for Login {
    fn from(it: Kubernetes) -> Self {
        Self::Kubernetes(it)
    }
}

impl From<Arc<dyn LoginMethod>> for Login {
    fn from(method: Arc<dyn LoginMethod>) -> Self {
        Self::Other(method)
    }
}

impl From<SecretString> for Login {
    fn from(token: SecretString) -> Self {
        Self::Token(token)
    }
}

/// A login that may be made again.
pub(crate) struct Credentials {
    login: Login,
    /// A secret id that came wrapped, and the token that it was wrapped under.
    unwrapped: Option<(SecretString, SecretString)>,
}

#[derive(Serialize)]
struct AppRoleLogin<'a> {
    role_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_id: Option<SecretString>,
}

#[derive(Serialize)]
struct CertLogin<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

#[derive(Serialize)]
struct UserpassLogin<'a> {
    password: &'a SecretString,
}

#[derive(Serialize)]
struct JwtLogin<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    role: &'a str,
    jwt: &'a SecretString,
}

impl Credentials {
    pub(crate) fn new(login: Login) -> Self {
        Self { login, unwrapped: None }
    }

    /// Logs in: answers a token and how long it lives. `client` needs none.
    pub(crate) async fn log_in(&mut self, client: &Client) -> Result<Auth, Error> {
        match self.login.clone() {
            Login::AppRole(AppRole { mount, role_id, secret_id }) => {
                let secret_id = self.secret_id(client, &mount, secret_id).await?;
                let body = AppRoleLogin { role_id: &role_id, secret_id };
                let call = client.call(Method::Post, format!("auth/{mount}/login")).anonymous();
                call.json(&body).send().await?.auth()
            }
            Login::Cert(Cert { mount, name }) => {
                let call = client.call(Method::Post, format!("auth/{mount}/login")).anonymous();
                call.json(&CertLogin { name: name.as_deref() }).send().await?.auth()
            }
            Login::Userpass(Userpass { mount, user, password }) => {
                let call = client.call(Method::Post, format!("auth/{mount}/login/{user}")).anonymous();
                call.json(&UserpassLogin { password: &password }).send().await?.auth()
            }
            Login::Jwt(Jwt { mount, role, token }) => {
                let token = match token {
                    Presented::Value(token) => token,
                    Presented::File(file) => SecretString::from_file(&file)?,
                };
                presented(client, &mount, &role, &token).await
            }
            Login::Kubernetes(Kubernetes { mount, role, token_file }) => {
                presented(client, &mount, &role, &SecretString::from_file(&token_file)?).await
            }
            Login::Token(token) => known(client, token).await,
            Login::TokenFile(file) => known(client, SecretString::from_file(&file)?).await,
            Login::Other(method) => method.log_in(client).await,
        }
    }

    /// Whether logging in again can give another token than the one that has ended.
    pub(crate) fn can_log_in_again(&self) -> bool {
        !matches!(self.login, Login::Token(_))
    }

    async fn secret_id(
        &mut self,
        client: &Client,
        mount: &str,
        from: SecretId,
    ) -> Result<Option<SecretString>, Error> {
        let wrapping = match from {
            SecretId::None => return Ok(None),
            SecretId::Value(value) => return Ok(Some(value)),
            SecretId::File(file) => return SecretString::from_file(&file).map(Some),
            SecretId::Wrapped(token) => token,
            SecretId::WrappedFile(file) => SecretString::from_file(&file)?,
        };
        if let Some((token, secret_id)) = &self.unwrapped
            && token.is_same(&wrapping)
        {
            return Ok(Some(secret_id.clone()));
        }
        let secret_id = unwrap_secret_id(client, mount, &wrapping).await?;
        self.unwrapped = Some((wrapping, secret_id.clone()));
        Ok(Some(secret_id))
    }
}

/// Presents a token that its platform signed.
async fn presented(client: &Client, mount: &str, role: &str, jwt: &SecretString) -> Result<Auth, Error> {
    let call = client.call(Method::Post, format!("auth/{mount}/login")).anonymous();
    call.json(&JwtLogin { role, jwt }).send().await?.auth()
}

/// Takes a wrapped secret id, unless the token wraps something else: whoever exchanged it wants us to log in
/// with a secret id of theirs.
async fn unwrap_secret_id(client: &Client, mount: &str, token: &SecretString) -> Result<SecretString, Error> {
    #[derive(Deserialize)]
    struct Data {
        secret_id: SecretString,
    }
    let made_by = client.wrapping().lookup(token).await?.creation_path;
    let role = made_by.strip_prefix(&format!("auth/{mount}/role/"));
    let is_secret_id = role.and_then(|it| it.strip_suffix("/secret-id")).is_some_and(|it| !it.is_empty());
    if !is_secret_id {
        return Err(Error::Config("the wrapping token is of something else than a secret id".to_owned()));
    }
    client.wrapping().unwrap::<Data>(token).await.map(|it| it.secret_id)
}

/// A token that was made elsewhere, as if we had logged in with it.
async fn known(client: &Client, token: SecretString) -> Result<Auth, Error> {
    let bearer = client.with_token(Some(token.clone()));
    let info = bearer.tokens().lookup_self().await?;
    Ok(Auth {
        client_token: token,
        accessor: info.accessor,
        policies: Some(info.policies),
        lease_duration: info.ttl,
        renewable: info.renewable,
    })
}
