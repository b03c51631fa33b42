//! `kv metadata ...`: versions, limits and labels of a secret.

use serde_json::{Map, Value, json};
use strongroom_sdk::Method;

use super::{super::commands, section, versioned};
use crate::{
    commands::raw::nothing_at,
    context::Context,
    failure::Failure,
    input,
    output::{Format, note},
};

commands! {
    enum Metadata
    asking {
        /// Show it
        Get(Path) => get,
        /// Set it
        Put(Put) => put,
        /// Change parts of it
        Patch(Patch) => patch,
        /// Remove the secret with all its versions, for good
        Delete(Path) => delete,
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret kv metadata get secret/db
  secret kv metadata delete -mount=secret db")]
pub(crate) struct Path {
    path: String,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret kv metadata put -max-versions=5 -custom-metadata=owner=web secret/db
  secret kv metadata put -delete-version-after=720h -cas-required secret/db")]
pub(crate) struct Put {
    #[command(flatten)]
    change: Change,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret kv metadata patch -custom-metadata=owner=web secret/db
  secret kv metadata patch -remove-custom-metadata=owner secret/db")]
pub(crate) struct Patch {
    #[command(flatten)]
    change: Change,
    /// A label to remove; may be repeated
    #[arg(long, value_name = "NAME")]
    remove_custom_metadata: Vec<String>,
}

#[derive(Debug, clap::Args)]
struct Change {
    path: String,
    /// Whether every write must say which version it replaces
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    cas_required: Option<bool>,
    /// name=value, a label; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    custom_metadata: Vec<String>,
    /// Versions delete themselves after so long
    #[arg(long, value_name = "TTL", value_parser = input::duration)]
    delete_version_after: Option<String>,
    /// How many versions are kept
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    max_versions: Option<i64>,
}

async fn get(cx: &Context, args: Path) -> Result<(), Failure> {
    let at = cx.locate(&args.path).await?;
    let path = versioned(&at, "metadata")?;
    let answer = cx.wrapped(Method::Get, path.as_str()).send().await;
    let answer = answer.map_err(|error| nothing_at(&path, error))?;
    if cx.output.format != Format::Table || cx.output.field.is_some() {
        return cx.output.answer(&answer);
    }
    let mut data: Value = answer.data()?;
    let versions = data.as_object_mut().and_then(|it| it.remove("versions"));
    section(cx, "Metadata Path", None, &path)?;
    section(cx, "Metadata", Some(&data), "")?;
    let mut versions: Vec<(u64, Value)> = match versions {
        Some(Value::Object(it)) => it.into_iter().map(|(n, it)| (n.parse().unwrap_or(0), it)).collect(),
        _ => Vec::new(),
    };
    versions.sort_by_key(|(number, _)| *number);
    for (number, version) in versions {
        section(cx, &format!("Version {number}"), Some(&version), "")?;
    }
    Ok(())
}

async fn put(cx: &Context, args: Put) -> Result<(), Failure> {
    let fields = args.change.fields()?;
    send(cx, Method::Put, &args.change.path, fields).await
}

async fn patch(cx: &Context, args: Patch) -> Result<(), Failure> {
    let mut fields = args.change.fields()?;
    let removed = args.remove_custom_metadata.iter().map(|name| (name.clone(), Value::Null));
    let removed: Map<String, Value> = removed.collect();
    if !removed.is_empty() {
        match fields.get_mut("custom_metadata").and_then(Value::as_object_mut) {
            Some(labels) => labels.extend(removed),
            None => drop(fields.insert("custom_metadata".to_owned(), Value::Object(removed))),
        }
    }
    send(cx, Method::Patch, &args.change.path, fields).await
}

async fn send(cx: &Context, method: Method, path: &str, fields: Map<String, Value>) -> Result<(), Failure> {
    let at = cx.locate(path).await?;
    let path = versioned(&at, "metadata")?;
    let answer = cx.client.call(method, path.as_str()).json(&fields).send().await;
    let answer = answer.map_err(|error| nothing_at(&path, error))?;
    if answer.bytes().is_empty() {
        note(&format!("Success! Data written to: {path}"));
    }
    cx.output.answer(&answer)
}

async fn delete(cx: &Context, args: Path) -> Result<(), Failure> {
    let at = cx.locate(&args.path).await?;
    let path = versioned(&at, "metadata")?;
    cx.client.call(Method::Delete, path.as_str()).send().await?;
    note(&format!("Success! Data deleted (if it existed) at: {path}"));
    Ok(())
}

impl Change {
    fn fields(&self) -> Result<Map<String, Value>, Failure> {
        let labels = match self.custom_metadata.is_empty() {
            true => None,
            false => Some(Value::Object(input::fields(&self.custom_metadata)?)),
        };
        let fields = [
            ("cas_required", self.cas_required.map(Value::from)),
            ("custom_metadata", labels),
            ("delete_version_after", self.delete_version_after.clone().map(Value::from)),
            // Vault's -1 means that nobody asked.
            ("max_versions", self.max_versions.filter(|it| *it >= 0).map(|it| json!(it))),
        ];
        Ok(fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
    }
}
