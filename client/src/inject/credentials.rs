//! Who asks: files with credentials, or the environment's token.

use std::path::{Path, PathBuf};

use serde_json::json;
use strongroom_sdk::{Client, Method, SecretString};
use zeroize::Zeroizing;

use super::fetch::Patience;
use crate::failure::Failure;

/// Credentials come from files: a command line is read by every user of the machine.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Credentials {
    /// File with an AppRole's role id
    #[arg(long, value_name = "FILE", requires = "secret_id_file", help_heading = "Who asks")]
    role_id_file: Option<PathBuf>,
    /// File with a secret id of that role
    #[arg(long, value_name = "FILE", requires = "role_id_file", help_heading = "Who asks")]
    secret_id_file: Option<PathBuf>,
    /// File with a token
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["role_id_file", "username"],
        help_heading = "Who asks"
    )]
    token_file: Option<PathBuf>,
    /// A user of the userpass method
    #[arg(
        long,
        value_name = "NAME",
        requires = "password_file",
        conflicts_with = "role_id_file",
        help_heading = "Who asks"
    )]
    username: Option<String>,
    /// File with that user's password
    #[arg(long, value_name = "FILE", requires = "username", help_heading = "Who asks")]
    password_file: Option<PathBuf>,
    /// Where the auth method is mounted [default: its own name]
    #[arg(long, value_name = "MOUNT", help_heading = "Who asks")]
    auth_mount: Option<String>,
}

/// How the client came by its token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Login {
    /// Somebody gave it.
    Given,
    /// It was made for us, and is of no use when we are done.
    Own,
}

impl Credentials {
    /// Gives `client` its token.
    pub(crate) async fn apply(&self, client: &Client, patience: Patience) -> Result<Login, Failure> {
        if let Some(file) = &self.token_file {
            client.set_token(Some(read(file)?));
            return Ok(Login::Given);
        }
        let mount = |own: &str| self.auth_mount.as_deref().unwrap_or(own).trim_matches('/').to_owned();
        let (path, body) =
            match (&self.role_id_file, &self.secret_id_file, &self.username, &self.password_file) {
                (Some(role_id), Some(secret_id), ..) => {
                    let (role_id, secret_id) = (read(role_id)?, read(secret_id)?);
                    let body = json!({ "role_id": role_id.expose(), "secret_id": secret_id.expose() });
                    (format!("auth/{}/login", mount("approle")), body)
                }
                (_, _, Some(name), Some(password)) => {
                    let password = read(password)?;
                    (
                        format!("auth/{}/login/{name}", mount("userpass")),
                        json!({ "password": password.expose() }),
                    )
                }
                _ if client.token().is_some() => return Ok(Login::Given),
                _ => {
                    return Err(Failure::new("no credentials").hint(
                        "-role-id-file and -secret-id-file, -token-file, or a token in the environment",
                    ));
                }
            };
        let login =
            async || Ok(client.call(Method::Put, path.clone()).anonymous().json(&body).send().await?);
        let answer = patience.of(login).await?;
        let token = answer.envelope()?.auth.map(|it| it.client_token);
        client.set_token(Some(token.ok_or_else(|| Failure::new("the server answered no token"))?));
        Ok(Login::Own)
    }
}

/// The credential in a file: its content without the space around it. Links are followed, because that is what
/// kubelet puts credentials behind.
fn read(file: &Path) -> Result<SecretString, Failure> {
    let text = std::fs::read_to_string(file)
        .map(Zeroizing::new)
        .map_err(|error| Failure::new(format!("cannot read {}: {error}", file.display())))?;
    match text.trim() {
        "" => Err(Failure::new(format!("{} is empty", file.display()))),
        text => Ok(SecretString::new(text)),
    }
}
