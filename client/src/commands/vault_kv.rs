//! `kv ...`: secrets in Vault's spelling, with its answers.

mod change;
mod metadata;

use serde_json::{Value, json};
use strongroom_sdk::{Error, Method};

use super::{commands, raw::nothing_at};
use crate::{
    context::{Context, Located},
    failure::Failure,
    input,
    output::{Format, line, note, pairs},
};

commands! {
    enum Kv
    asking {
        /// Read a secret
        Get(Get) => get,
        /// Store a secret
        Put(Put) => put,
        /// List secrets
        List(List) => list,
        /// Delete a secret's current version, or some of its versions
        Delete(Delete) => delete,
        /// Bring versions back
        Undelete(Versions) => undelete,
        /// Remove versions for good
        Destroy(Versions) => destroy,
        /// Change some fields
        Patch(change::Patch) => change::patch,
        /// Make an older version the current one
        Rollback(change::Rollback) => change::rollback,
        /// Upgrade a mount to version 2
        EnableVersioning(EnableVersioning) => enable_versioning,
    }
    groups {
        /// What is kept about a secret, without its values
        Metadata(metadata::Metadata),
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret kv get secret/db
  secret kv get -mount=secret -field=password db
  secret kv get -format=json -version=2 secret/db | jq .data.data")]
pub(crate) struct Get {
    path: String,
    /// An older version
    #[arg(long, value_name = "N")]
    version: Option<u64>,
}

async fn get(cx: &Context, args: Get) -> Result<(), Failure> {
    let at = cx.locate(&args.path).await?;
    let mut call = cx.wrapped(Method::Get, at.api("data"));
    if let Some(version) = args.version {
        call = call.query("version", version.to_string());
    }
    let answer = call.send().await.map_err(|error| nothing_at(&at.api("data"), error))?;
    let whole: Value = answer.json()?;
    let is_wrapped = whole.get("wrap_info").is_some_and(|it| !it.is_null());
    if cx.output.format != Format::Table || is_wrapped {
        return match (&cx.output.field, at.version) {
            // A deleted version has no field to find.
            (Some(field), 2) if !is_wrapped => cx.output.value(field_of(&whole, field)?),
            _ => cx.output.answer(&answer),
        };
    }
    if let Some(field) = &cx.output.field {
        return match at.version {
            2 => cx.output.value(field_of(&whole, field)?),
            _ => cx.output.answer(&answer),
        };
    }
    let (data, metadata) = match at.version {
        2 => (whole.pointer("/data/data"), whole.pointer("/data/metadata")),
        _ => (whole.get("data"), None),
    };
    if let Some(metadata) = metadata {
        section(cx, "Secret Path", None, &at.api("data"))?;
        section(cx, "Metadata", Some(metadata), "")?;
    }
    match data.filter(|it| !it.is_null()) {
        Some(data) => section(cx, "Data", Some(data), ""),
        None => Ok(()),
    }
}

/// A field of a secret of version 2; `data` and `metadata` are those of the answer.
fn field_of<'a>(whole: &'a Value, field: &str) -> Result<&'a Value, Failure> {
    let data = whole.pointer("/data/data");
    let found = data.and_then(|it| it.get(field)).or_else(|| whole.get("data")?.get(field));
    found.ok_or_else(|| Failure::new(format!("field `{field}` is not in the secret")))
}

/// A heading as Vault draws it, and what stands below.
pub(super) fn section(cx: &Context, title: &str, rows: Option<&Value>, text: &str) -> Result<(), Failure> {
    line(&format!("====== {title} ======"))?;
    match rows {
        None => line(text)?,
        Some(rows) => {
            let rows: Vec<Vec<String>> = pairs("", rows).into_iter().map(|(k, v)| vec![k, v]).collect();
            cx.output.columns(&["Key", "Value"], &rows)?;
        }
    }
    line("")
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret kv put secret/db user=rails password=-     reads the password from standard input
  secret kv put -mount=secret -cas=3 db @fields.json
  echo '{\"user\": \"rails\"}' | secret kv put secret/db -")]
pub(crate) struct Put {
    path: String,
    /// name=value, name=@file, name=- (standard input), @file.json, - (JSON on standard input)
    #[arg(required = true)]
    fields: Vec<String>,
    /// Write only if this is the current version; 0: only if there is none
    #[arg(long, value_name = "VERSION", allow_negative_numbers = true)]
    cas: Option<i64>,
}

async fn put(cx: &Context, args: Put) -> Result<(), Failure> {
    let fields = Value::Object(input::fields(&args.fields)?);
    let at = cx.locate(&args.path).await?;
    let body = match at.version {
        1 => fields,
        _ => with_cas(json!({ "data": fields }), args.cas),
    };
    let answer = cx.wrapped(Method::Put, at.api("data")).json(&body).send().await?;
    written(cx, &at, &answer)
}

/// Vault's -1 means that nobody asked.
fn with_cas(mut body: Value, cas: Option<i64>) -> Value {
    if let (Some(cas), Some(body)) = (cas.filter(|it| *it >= 0), body.as_object_mut()) {
        body.insert("options".to_owned(), json!({ "cas": cas }));
    }
    body
}

/// What a write answers: the version's metadata; of version 1 nothing.
fn written(cx: &Context, at: &Located, answer: &strongroom_sdk::Answer) -> Result<(), Failure> {
    if answer.bytes().is_empty() {
        note(&format!("Success! Data written to: {}", at.api("data")));
        return Ok(());
    }
    if cx.output.format != Format::Table || cx.output.field.is_some() {
        return cx.output.answer(answer);
    }
    let whole: Value = answer.json()?;
    match whole.get("data").filter(|it| !it.is_null()) {
        Some(metadata) => {
            section(cx, "Secret Path", None, &at.api("data"))?;
            section(cx, "Metadata", Some(metadata), "")
        }
        None => cx.output.answer(answer),
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret kv list secret/
  secret kv list -mount=secret -format=json app/")]
pub(crate) struct List {
    #[arg(default_value = "")]
    path: String,
}

async fn list(cx: &Context, args: List) -> Result<(), Failure> {
    let at = cx.locate(&args.path).await?;
    let path = at.api("metadata");
    let answer = cx.wrapped(Method::List, format!("{}/", path.trim_end_matches('/'))).send().await;
    match answer {
        Ok(answer) => cx.output.keys(&answer),
        Err(error) if error.is_not_found() => Err(cx.output.no_keys(nothing_at(&path, error))),
        Err(error) => Err(error.into()),
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret kv delete secret/db
  secret kv delete -versions=1,2 secret/db")]
pub(crate) struct Delete {
    path: String,
    /// These versions, instead of the current one
    #[arg(long, value_delimiter = ',', value_name = "N,...")]
    versions: Vec<String>,
}

async fn delete(cx: &Context, args: Delete) -> Result<(), Failure> {
    let at = cx.locate(&args.path).await?;
    let call = match args.versions.is_empty() {
        true => cx.client.call(Method::Delete, at.api("data")),
        false => {
            let versions = json!({ "versions": args.versions });
            cx.client.call(Method::Put, versioned(&at, "delete")?).json(&versions)
        }
    };
    let answer = call.send().await?;
    if answer.bytes().is_empty() {
        note(&format!("Success! Data deleted (if it existed) at: {}", at.api("data")));
    }
    cx.output.answer(&answer)
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret kv undelete -versions=3 secret/db
  secret kv destroy -mount=secret -versions=1,2 db")]
pub(crate) struct Versions {
    path: String,
    /// Which ones
    #[arg(long, value_delimiter = ',', value_name = "N,...", required = true)]
    versions: Vec<String>,
}

async fn undelete(cx: &Context, args: Versions) -> Result<(), Failure> {
    versions(cx, "undelete", args).await
}

async fn destroy(cx: &Context, args: Versions) -> Result<(), Failure> {
    versions(cx, "destroy", args).await
}

async fn versions(cx: &Context, verb: &str, args: Versions) -> Result<(), Failure> {
    let at = cx.locate(&args.path).await?;
    let path = versioned(&at, verb)?;
    let body = json!({ "versions": args.versions });
    let answer = cx.client.call(Method::Put, path.as_str()).json(&body).send().await?;
    if answer.bytes().is_empty() {
        note(&format!("Success! Data written to: {path}"));
    }
    cx.output.answer(&answer)
}

/// What only version 2 can do.
pub(super) fn versioned(at: &Located, kind: &str) -> Result<String, Failure> {
    match at.version {
        2 => Ok(at.api(kind)),
        _ => Err(Failure::new("this needs version 2 of the KV engine")
            .hint(format!("`secret kv enable-versioning {}` upgrades the mount", at.mount))),
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret kv enable-versioning secret/")]
pub(crate) struct EnableVersioning {
    /// The mount
    mount: String,
}

async fn enable_versioning(cx: &Context, args: EnableVersioning) -> Result<(), Failure> {
    let mount = args.mount.trim_matches('/');
    let body = json!({ "options": { "version": "2" } });
    cx.client.call(Method::Post, format!("sys/mounts/{mount}/tune")).json(&body).send().await?;
    note(&format!("Success! Tuned the secrets engine at: {mount}/"));
    Ok(())
}

/// The current version's fields and number; no fields and 0 if there is none.
async fn current(cx: &Context, at: &Located, version: Option<u64>) -> Result<(Value, u64), Failure> {
    let mut call = cx.client.call(Method::Get, at.api("data"));
    if let Some(version) = version {
        call = call.query("version", version.to_string());
    }
    let data: Value = match call.send().await {
        Ok(answer) => answer.data()?,
        Err(error) if error.is_not_found() => return Ok((Value::Null, 0)),
        Err(error) => return Err(error.into()),
    };
    let number = data.pointer("/metadata/version").and_then(Value::as_u64).unwrap_or_default();
    Ok((data.get("data").cloned().unwrap_or_default(), number))
}

/// Whether the server does not take PATCH from this caller: then reading and writing may do.
fn is_patch_refused(error: &Error) -> bool {
    matches!(error.status(), Some(403 | 405))
}
