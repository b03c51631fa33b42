//! `login`: a token, or a method that makes one; kept in `~/.vault-token`, where every Vault client finds it.

use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

use serde_json::{Map, Value};
use strongroom_sdk::{Answer, Method, SecretString, env::Process, token_file};

use crate::{context::Context, failure::Failure, input, output::note};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret login                              asks for a token
  secret login -method=userpass username=ann
  secret login -method=approle role_id=R secret_id=-")]
pub(crate) struct Login {
    /// token, userpass, approle
    #[arg(long, default_value = "token")]
    method: String,
    /// Where the method is mounted [default: its own name]
    #[arg(long)]
    path: Option<String>,
    /// Do not keep the token
    #[arg(long)]
    no_store: bool,
    /// Print the token alone
    #[arg(long)]
    token_only: bool,
    /// name=value for the method; `-` reads a token from standard input
    fields: Vec<String>,
}

pub(crate) async fn login(cx: &Context, args: Login) -> Result<(), Failure> {
    let (answer, token) = match args.method.as_str() {
        "token" => by_token(cx, &args.fields).await?,
        method => by_method(cx, method, &args).await?,
    };
    if args.token_only {
        return crate::output::raw(token.expose());
    }
    if !args.no_store {
        match token_file(&Process) {
            Some(file) => keep(&file, &token)?,
            None => {
                return Err(Failure::new("HOME is not set: there is no place to keep the token")
                    .hint("-no-store does without"));
            }
        }
        note("Success! You are now authenticated. The token is kept in ~/.vault-token.");
    }
    cx.output.answer(&answer)
}

async fn by_token(cx: &Context, fields: &[String]) -> Result<(Answer, SecretString), Failure> {
    let token = match fields {
        [] => input::secret("Token (will be hidden)")?,
        [one] if one == "-" => SecretString::new(input::stdin()?.trim()),
        [one] => SecretString::new(one.strip_prefix("token=").unwrap_or(one)),
        _ => return Err(Failure::new("the token method takes one token")),
    };
    let answer =
        cx.client.call(Method::Get, "auth/token/lookup-self").with_token(token.clone()).send().await?;
    Ok((answer, token))
}

async fn by_method(cx: &Context, method: &str, args: &Login) -> Result<(Answer, SecretString), Failure> {
    let mount = args.path.as_deref().unwrap_or(method).trim_matches('/');
    let mut fields: Map<String, Value> = input::fields(&args.fields)?;
    let path = match method {
        "userpass" => {
            let name = match fields.remove("username") {
                Some(Value::String(name)) => name,
                _ => return Err(Failure::new("who? say username=NAME")),
            };
            if !fields.contains_key("password") {
                let password = input::secret("Password (will be hidden)")?;
                fields.insert("password".to_owned(), Value::String(password.expose().to_owned()));
            }
            format!("auth/{mount}/login/{name}")
        }
        _ => format!("auth/{mount}/login"),
    };
    let answer = cx.client.call(Method::Put, path).anonymous().json(&fields).send().await?;
    let token = answer.envelope()?.auth.map(|it| it.client_token);
    let token = token.ok_or_else(|| Failure::new("the server answered no token"))?;
    Ok((answer, token))
}

/// Writes the token for its owner alone: a new file put in the place of the old, never a changed one.
fn keep(file: &Path, token: &SecretString) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("cannot write {}: {error}", file.display()));
    let fresh = file.with_extension(format!("{}.new", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    let mut out = options.write(true).create_new(true).mode(0o600).open(&fresh).map_err(failed)?;
    let written = out.write_all(token.expose().as_bytes()).and_then(|()| std::fs::rename(&fresh, file));
    written.map_err(|error| {
        // What is left of it holds a token; that it could not be written is what is reported.
        let _ = std::fs::remove_file(&fresh);
        failed(error)
    })
}
