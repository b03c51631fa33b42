//! `secret docker-credential`: Docker's logins to registries, in the store and not in ~/.docker/config.json.
//!
//! Called as `docker-credential-strongroom` it is the helper that Docker looks for
//! (github.com/docker/docker-credential-helpers): one word says what to do, the rest comes on standard input, and a
//! failure is told on standard output.

use std::io::Read as _;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use strongroom_sdk::{Error, Method, SecretString};

use crate::{
    context::{Context, Global, Located},
    failure::Failure,
};

/// What the program is called when Docker calls it.
pub(crate) const PROGRAM: &str = "docker-credential-strongroom";
/// The command's own name.
pub(crate) const COMMAND: &str = "docker-credential";
/// Below it lie the logins, one secret for each registry.
const FOLDER: &str = "docker/registries";
/// By these words Docker knows that there is no login, which is no failure to it.
const NOT_FOUND: &str = "credentials not found in native keychain";
/// A registry's address, and a login.
const LARGEST: u64 = 1 << 20;

#[derive(Clone, Copy, Debug, clap::Subcommand)]
#[command(after_help = "Setup: link this program as docker-credential-strongroom in the PATH, and write
{\"credsStore\": \"strongroom\"} into ~/.docker/config.json. Logins lie below docker/registries.")]
pub(crate) enum Docker {
    /// Print the login for the registry on standard input
    #[command(after_help = "Examples:\n  echo ghcr.io | secret docker-credential get")]
    Get,
    /// Store the login on standard input
    #[command(after_help = "Examples:\n  secret docker-credential store < login.json")]
    Store,
    /// Delete the login for the registry on standard input
    #[command(after_help = "Examples:\n  echo ghcr.io | secret docker-credential erase")]
    Erase,
    /// Print which registries have a login
    #[command(after_help = "Examples:\n  secret docker-credential list")]
    List,
    /// Print this program's version
    #[command(after_help = "Examples:\n  secret docker-credential version")]
    Version,
}

/// As Docker writes and reads it.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Login {
    #[serde(rename = "ServerURL")]
    server: String,
    username: String,
    secret: SecretString,
}

impl Docker {
    /// Answers the exit status: 0, or 1 with the reason on standard output.
    pub(crate) fn run(self, global: &Global) -> Result<u8, Failure> {
        let done = super::asking(global, async |cx| self.ask(cx).await);
        match done {
            Err(failure) if failure.code != 0 => {
                crate::output::line(failure.message())?;
                Ok(1)
            }
            done => done,
        }
    }

    async fn ask(self, cx: &Context) -> Result<(), Failure> {
        match self {
            Self::Get => {
                let server = input()?;
                let at = place(cx, server.expose()).await?;
                match cx.client.call(Method::Get, at.api("data")).send().await {
                    Ok(answer) => print(&login(answer.data()?, at.version, server.expose())?),
                    Err(error) if error.is_not_found() => Err(Failure::new(NOT_FOUND)),
                    Err(error) => Err(error.into()),
                }
            }
            Self::Store => {
                let login: Login = serde_json::from_str(input()?.expose())
                    .map_err(|_| Failure::new("the login is not what Docker writes"))?;
                let at = place(cx, &login.server).await?;
                let fields =
                    json!({ "server": login.server, "username": login.username, "secret": login.secret });
                let body = if at.version == 1 { fields } else { json!({ "data": fields }) };
                cx.client.call(Method::Put, at.api("data")).json(&body).send().await?;
                Ok(())
            }
            Self::Erase => {
                let at = place(cx, input()?.expose()).await?;
                cx.client.call(Method::Delete, at.api("metadata")).send().await?;
                Ok(())
            }
            Self::List => print(&list(cx).await?),
            Self::Version => {
                crate::output::line(concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")))
            }
        }
    }
}

/// Registries and the users that are logged in there.
async fn list(cx: &Context) -> Result<serde_json::Map<String, Value>, Failure> {
    #[derive(Deserialize)]
    struct Keys {
        keys: Vec<String>,
    }
    let folder = cx.locate(FOLDER).await?;
    let mut found = serde_json::Map::new();
    let keys = match cx.client.call(Method::List, folder.api("metadata")).send().await {
        Ok(answer) => answer.data::<Keys>()?.keys,
        Err(error) if error.is_not_found() => return Ok(found),
        Err(error) => return Err(error.into()),
    };
    for key in keys.iter().filter(|it| !it.ends_with('/')) {
        let at = cx.locate(&format!("{FOLDER}/{key}")).await?;
        match cx.client.call(Method::Get, at.api("data")).send().await {
            Ok(answer) => {
                let login = login(answer.data()?, at.version, key)?;
                found.insert(login.server, Value::from(login.username));
            }
            // Deleted meanwhile, or not for this user.
            Err(Error::Api { status: 403 | 404, .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(found)
}

/// What is stored, as Docker wants it; the registry is called as it was when it was stored.
fn login(data: Value, version: u8, server: &str) -> Result<Login, Failure> {
    #[derive(Deserialize)]
    struct Stored {
        server: Option<String>,
        username: String,
        secret: SecretString,
    }
    let fields = if version == 1 { Some(data) } else { data.get("data").cloned() };
    let stored: Option<Stored> = fields.and_then(|it| serde_json::from_value(it).ok());
    let stored = stored.ok_or_else(|| Failure::new("the secret is no login to a registry"))?;
    let server = stored.server.unwrap_or_else(|| server.to_owned());
    Ok(Login { server, username: stored.username, secret: stored.secret })
}

async fn place(cx: &Context, server: &str) -> Result<Located, Failure> {
    cx.locate(&format!("{FOLDER}/{}", name(server)?)).await
}

/// A registry's address as one segment of a path: `https://index.docker.io/v1/` is `index.docker.io-v1`.
fn name(server: &str) -> Result<String, Failure> {
    let server = server.trim();
    let bare = server.split_once("://").map_or(server, |(_, rest)| rest).trim_end_matches('/');
    let is_plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | ':' | '_' | '-');
    let name: String = bare.chars().map(|it| if is_plain(it) { it } else { '-' }).collect();
    match name.trim_matches('.') {
        "" => Err(Failure::new("there is no registry's address on standard input")),
        _ => Ok(name),
    }
}

fn input() -> Result<SecretString, Failure> {
    let mut text = zeroize::Zeroizing::new(String::new());
    let read = std::io::stdin().take(LARGEST).read_to_string(&mut text);
    read.map_err(|error| Failure::new(format!("cannot read standard input: {error}")))?;
    Ok(SecretString::new(text.trim()))
}

fn print<T: Serialize>(value: &T) -> Result<(), Failure> {
    let text = serde_json::to_string(value).map(zeroize::Zeroizing::new);
    crate::output::line(&text.map_err(|_| Failure::new("the login cannot be written"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_one_segment() {
        for (server, expected) in [
            ("https://index.docker.io/v1/", "index.docker.io-v1"),
            ("registry.example.com:5000", "registry.example.com:5000"),
            ("https://ghcr.io/", "ghcr.io"),
            ("https://a/../b", "a-..-b"),
        ] {
            assert_eq!(name(server).unwrap(), expected);
        }
        assert!(name("https://").is_err() && name("..").is_err());
    }
}
