//! `read`, `write`, `list`, `delete`: any path of the API.

use serde_json::Value;
use strongroom_sdk::{Call, Method};

use crate::{context::Context, failure::Failure, input};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret read auth/token/lookup-self
  secret read secret/data/db version=2")]
pub(crate) struct Read {
    /// The API path, without /v1/
    path: String,
    /// name=value pairs for the query
    query: Vec<String>,
}

pub(crate) async fn read(cx: &Context, wrap: Option<std::time::Duration>, args: Read) -> Result<(), Failure> {
    let mut call = wrapped(cx.client.call(Method::Get, trimmed(&args.path)), wrap);
    for (name, value) in input::fields(&args.query)? {
        call = call.query(name, crate::output::text(&value));
    }
    cx.output.answer(&call.send().await?)
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret write auth/approle/role/web token_policies=web
  secret write -f auth/approle/role/web/secret-id
  secret write sys/policies/acl/web policy=@web.hcl")]
pub(crate) struct Write {
    /// The API path, without /v1/
    path: String,
    /// name=value, name=@file, name=-, @file.json
    fields: Vec<String>,
    /// Without any field
    #[arg(short, long)]
    force: bool,
}

pub(crate) async fn write(
    cx: &Context,
    wrap: Option<std::time::Duration>,
    args: Write,
) -> Result<(), Failure> {
    if args.fields.is_empty() && !args.force {
        return Err(Failure::new("no fields to write").hint("-f writes without any"));
    }
    let fields = Value::Object(input::fields(&args.fields)?);
    let call = wrapped(cx.client.call(Method::Put, trimmed(&args.path)), wrap).json(&fields);
    let answer = call.send().await?;
    if answer.bytes().is_empty() {
        crate::output::note(&format!("Success! Data written to: {}", trimmed(&args.path)));
    }
    cx.output.answer(&answer)
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// The API path, without /v1/
    path: String,
}

pub(crate) async fn list(cx: &Context, args: List) -> Result<(), Failure> {
    #[derive(serde::Deserialize)]
    struct Keys {
        keys: Vec<String>,
    }
    let answer = cx.client.call(Method::List, trimmed(&args.path)).send().await?;
    cx.output.names(&answer.data::<Keys>()?.keys)
}

#[derive(Debug, clap::Args)]
pub(crate) struct Delete {
    /// The API path, without /v1/
    path: String,
}

pub(crate) async fn delete(cx: &Context, args: Delete) -> Result<(), Failure> {
    let answer = cx.client.call(Method::Delete, trimmed(&args.path)).send().await?;
    cx.output.answer(&answer)
}

fn trimmed(path: &str) -> &str {
    path.trim_start_matches('/').trim_start_matches("v1/")
}

fn wrapped(call: Call<'_>, ttl: Option<std::time::Duration>) -> Call<'_> {
    match ttl {
        Some(ttl) => call.wrap(ttl),
        None => call,
    }
}
