//! `kv patch` and `kv rollback`: a new version out of an older one.

use serde_json::{Map, Value, json};
use strongroom_sdk::Method;

use super::{current, is_patch_refused, versioned, with_cas, written};
use crate::{
    context::{Context, Located},
    failure::Failure,
    input,
};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret kv patch secret/db password=-
  secret kv patch -remove-data=old -cas=3 secret/db user=new")]
pub(crate) struct Patch {
    path: String,
    /// name=value, name=@file, name=- (standard input), @file.json, - (JSON on standard input)
    #[arg(required_unless_present = "remove_data")]
    fields: Vec<String>,
    /// Change only if this is the current version
    #[arg(long, value_name = "VERSION", allow_negative_numbers = true)]
    cas: Option<i64>,
    /// `patch` sends the change, `rw` reads and writes [default: patch, and rw where that is refused]
    #[arg(long, value_parser = ["patch", "rw"])]
    method: Option<String>,
    /// A field to remove; may be repeated
    #[arg(long, value_name = "NAME")]
    remove_data: Vec<String>,
}

pub(crate) async fn patch(cx: &Context, args: Patch) -> Result<(), Failure> {
    let mut change = input::fields(&args.fields)?;
    change.extend(args.remove_data.iter().map(|name| (name.clone(), Value::Null)));
    let at = cx.locate(&args.path).await?;
    versioned(&at, "data")?;
    if args.method.as_deref() == Some("rw") {
        return read_and_write(cx, &at, change, args.cas).await;
    }
    let body = with_cas(json!({ "data": change }), args.cas.filter(|it| *it > 0));
    match cx.wrapped(Method::Patch, at.api("data")).json(&body).send().await {
        Ok(answer) => written(cx, &at, &answer),
        Err(error) if args.method.is_none() && is_patch_refused(&error) => {
            read_and_write(cx, &at, change, args.cas).await
        }
        Err(error) if error.is_not_found() => {
            Err(Failure::new(format!("No value found at {}", at.api("data"))).code(2))
        }
        Err(error) => Err(error.into()),
    }
}

/// What a patch does, in two steps; what somebody else writes between them is not lost.
async fn read_and_write(
    cx: &Context,
    at: &Located,
    change: Map<String, Value>,
    cas: Option<i64>,
) -> Result<(), Failure> {
    let (Value::Object(mut fields), version) = current(cx, at, None).await? else {
        return Err(Failure::new(format!("No value found at {}", at.api("data"))).code(2));
    };
    for (name, value) in change {
        match value {
            Value::Null => drop(fields.remove(&name)),
            value => drop(fields.insert(name, value)),
        }
    }
    let cas = cas.filter(|it| *it > 0).or_else(|| i64::try_from(version).ok());
    let body = with_cas(json!({ "data": fields }), cas);
    written(cx, at, &cx.wrapped(Method::Put, at.api("data")).json(&body).send().await?)
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret kv rollback -version=2 secret/db")]
pub(crate) struct Rollback {
    path: String,
    /// The version that becomes the current one, as a new version
    #[arg(long, value_name = "N")]
    version: u64,
}

pub(crate) async fn rollback(cx: &Context, args: Rollback) -> Result<(), Failure> {
    let at = cx.locate(&args.path).await?;
    versioned(&at, "data")?;
    let (_, now) = current(cx, &at, None).await?;
    if now == 0 {
        return Err(Failure::new(format!("No value found at {}", at.api("data"))).code(2));
    }
    let (Value::Object(fields), _) = current(cx, &at, Some(args.version)).await? else {
        let message = format!("version {} has no data to go back to", args.version);
        return Err(Failure::new(message).hint("`secret history PATH` shows the versions").code(2));
    };
    let body = with_cas(json!({ "data": fields }), i64::try_from(now).ok());
    written(cx, &at, &cx.wrapped(Method::Put, at.api("data")).json(&body).send().await?)
}
