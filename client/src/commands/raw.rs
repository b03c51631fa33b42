//! `read`, `write`, `patch`, `list`, `delete`, `unwrap`, `path-help`: any path of the API; `print token`.

use serde_json::{Value, json};
use strongroom_sdk::{Error, Method, SecretString};

use crate::{
    context::Context,
    failure::Failure,
    input,
    output::{Format, line, note, raw, text},
};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret read auth/token/lookup-self
  secret read -format=json sys/mounts
  secret read secret/data/db version=2")]
pub(crate) struct Read {
    /// The API path, without /v1/
    path: String,
    /// name=value pairs for the query
    query: Vec<String>,
}

pub(crate) async fn read(cx: &Context, args: Read) -> Result<(), Failure> {
    let path = trimmed(&args.path);
    let mut call = cx.wrapped(Method::Get, path);
    for (name, value) in input::fields(&args.query)? {
        call = call.query(name, text(&value));
    }
    let answer = call.send().await.map_err(|error| nothing_at(path, error))?;
    if answer.status == 404 && answer.bytes().is_empty() {
        return Err(Failure::new(format!("No value found at {path}")).code(2));
    }
    cx.output.answer(&answer)
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret write auth/approle/role/web token_policies=web
  secret write -f auth/approle/role/web/secret-id
  secret write sys/policies/acl/web policy=@web.hcl
  secret write auth/userpass/users/ann password=-")]
pub(crate) struct Write {
    /// The API path, without /v1/
    path: String,
    /// name=value, name=@file, name=- (standard input), @file.json, - (JSON on standard input)
    fields: Vec<String>,
    /// Without any field
    #[arg(short, long)]
    force: bool,
}

pub(crate) async fn write(cx: &Context, args: Write) -> Result<(), Failure> {
    send(cx, Method::Put, args).await
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret patch secret/data/db @change.json      {\"data\": {\"user\": \"new\", \"old\": null}}
  echo '{\"data\": {\"old\": null}}' | secret patch secret/data/db -")]
pub(crate) struct Patch {
    /// The API path, without /v1/
    path: String,
    /// name=value, name=@file, name=- (standard input), @file.json, - (JSON on standard input)
    fields: Vec<String>,
    /// Without any field
    #[arg(short, long)]
    force: bool,
}

pub(crate) async fn patch(cx: &Context, args: Patch) -> Result<(), Failure> {
    send(cx, Method::Patch, Write { path: args.path, fields: args.fields, force: args.force }).await
}

async fn send(cx: &Context, method: Method, args: Write) -> Result<(), Failure> {
    if args.fields.is_empty() && !args.force {
        return Err(Failure::new("no fields to write").hint("-f writes without any"));
    }
    let path = trimmed(&args.path);
    let call = cx.wrapped(method, path);
    // What is JSON already is sent to the byte: a number stays the number that it was.
    let call = match args.fields.as_slice() {
        [one] if one == "-" || one.starts_with('@') => call.raw(input::document(one)?.as_bytes().to_vec()),
        fields => call.json(&Value::Object(input::fields(fields)?)),
    };
    let answer = call.send().await?;
    if answer.bytes().is_empty() {
        note(&format!("Success! Data written to: {path}"));
    }
    cx.output.answer(&answer)
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret list auth/approle/role
  secret list -format=json sys/policies/acl")]
pub(crate) struct List {
    /// The API path, without /v1/
    path: String,
    /// The name behind which the answer begins, where that is served
    #[arg(long)]
    after: Option<String>,
    /// How many names at most, where that is served
    #[arg(long, allow_negative_numbers = true)]
    limit: Option<i64>,
}

pub(crate) async fn list(cx: &Context, args: List) -> Result<(), Failure> {
    let path = trimmed(&args.path).trim_end_matches('/');
    let mut call = cx.wrapped(Method::List, format!("{path}/"));
    if let Some(after) = args.after {
        call = call.query("after", after);
    }
    if let Some(limit) = args.limit {
        call = call.query("limit", limit.to_string());
    }
    match call.send().await {
        Ok(answer) => cx.output.keys(&answer),
        Err(error) if error.is_not_found() => Err(cx.output.no_keys(nothing_at(&format!("{path}/"), error))),
        Err(error) => Err(error.into()),
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret delete auth/approle/role/web
  secret delete sys/policies/acl/web")]
pub(crate) struct Delete {
    /// The API path, without /v1/
    path: String,
    /// name=value pairs for the query
    query: Vec<String>,
}

pub(crate) async fn delete(cx: &Context, args: Delete) -> Result<(), Failure> {
    let path = trimmed(&args.path);
    let mut call = cx.wrapped(Method::Delete, path);
    for (name, value) in input::fields(&args.query)? {
        call = call.query(name, text(&value));
    }
    let answer = call.send().await?;
    if answer.bytes().is_empty() {
        note(&format!("Success! Data deleted (if it existed) at: {path}"));
    }
    cx.output.answer(&answer)
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret unwrap hvs.WRAPPING-TOKEN
  secret unwrap -field=secret_id - < token        reads it from standard input
  VAULT_TOKEN=hvs.WRAPPING-TOKEN secret unwrap")]
pub(crate) struct Unwrap {
    /// The wrapping token, or - for standard input; without, your token is it
    token: Option<String>,
}

pub(crate) async fn unwrap(cx: &Context, args: Unwrap) -> Result<(), Failure> {
    let wrapping = match args.token.as_deref() {
        Some("-") => Some(SecretString::new(input::stdin()?.trim())),
        Some(token) => Some(SecretString::new(token)),
        None => None,
    };
    let call = cx.client.call(Method::Put, "sys/wrapping/unwrap");
    let call = match (wrapping, cx.client.token()) {
        (Some(wrapping), Some(_)) => call.json(&json!({ "token": wrapping.expose() })),
        // Who has no token of their own has the right to open what they hold.
        (Some(wrapping), None) => call.with_token(wrapping),
        (None, _) => call,
    };
    cx.output.answer(&call.send().await?)
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret path-help sys/mounts
  secret path-help auth/approle/role/web")]
pub(crate) struct PathHelp {
    /// The API path, without /v1/
    path: String,
}

pub(crate) async fn path_help(cx: &Context, args: PathHelp) -> Result<(), Failure> {
    let answer = cx.client.call(Method::Get, trimmed(&args.path)).query("help", "1").send().await?;
    let whole: Value = answer.json()?;
    match cx.output.format {
        Format::Table | Format::Raw => {
            let help = whole.get("help").map(text).unwrap_or_default();
            line(help.trim_end())
        }
        Format::Json | Format::Yaml => cx.output.data(&whole),
    }
}

super::commands! {
    enum Print
    asking {
        /// The token that commands present
        Token(Token) => token,
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret print token
  curl -H \"X-Vault-Token: $(secret print token)\" $VAULT_ADDR/v1/sys/mounts")]
pub(crate) struct Token {}

/// The token that calls present, wherever it came from.
async fn token(cx: &Context, _: Token) -> Result<(), Failure> {
    let token = cx.client.token().ok_or_else(|| {
        Failure::new("there is no token").hint("`secret login` gets one, VAULT_TOKEN names one")
    })?;
    raw(token.expose())
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret version-history")]
pub(crate) struct VersionHistory {}

pub(crate) async fn version_history(cx: &Context, _: VersionHistory) -> Result<(), Failure> {
    let answer = cx.client.call(Method::List, "sys/version-history").send().await?;
    if cx.output.format != Format::Table {
        return cx.output.answer(&answer);
    }
    let data: Value = answer.data()?;
    let said = |name: &Value, field: &str| {
        data.get("key_info").and_then(|it| it.get(name.as_str()?)?.get(field)).map(text).unwrap_or_default()
    };
    let keys = data.get("keys").and_then(Value::as_array).into_iter().flatten();
    let rows: Vec<Vec<String>> = keys
        .map(|name| vec![text(name), said(name, "timestamp_installed"), said(name, "build_date")])
        .collect();
    cx.output.columns(&["VERSION", "INSTALLED", "BUILT"], &rows)
}

fn trimmed(path: &str) -> &str {
    let path = path.trim_start_matches('/');
    path.strip_prefix("v1/").unwrap_or(path)
}

/// A 404 in the words that people and scripts know.
pub(super) fn nothing_at(path: &str, error: Error) -> Failure {
    match error {
        Error::Api { status: 404, errors } if errors.is_empty() => {
            Failure::new(format!("No value found at {path}")).code(2)
        }
        Error::Api { status: 404, errors } => {
            Failure::new(format!("No value found at {path}: {}", errors.join("; "))).code(2)
        }
        error => error.into(),
    }
}
