//! `put`, `get`, `ls`, `rm`, `undelete`, `history`, `diff`, `edit`: what a person types.

use std::io::IsTerminal as _;

use serde_json::{Map, Value, json};
use strongroom_sdk::{Error, Method};

use crate::{
    context::{Context, Located},
    failure::Failure,
    input,
    output::{line, raw, text},
};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret put db/password                 asks for the value, without showing it
  secret put db user=rails password=-    reads the password from standard input
  secret put db @fields.json             takes the fields of a JSON object
  secret put --cas 3 db user=rails       only if version 3 is current")]
pub(crate) struct Put {
    /// The secret's path
    path: String,
    /// name=value, name=@file, name=- (standard input), @file.json; none: field `value` is asked for
    fields: Vec<String>,
    /// Write only if this is the current version; 0: only if there is none
    #[arg(long, value_name = "VERSION")]
    cas: Option<u64>,
    /// Change the named fields and leave the others
    #[arg(long)]
    patch: bool,
}

pub(crate) async fn put(cx: &Context, args: Put) -> Result<(), Failure> {
    let fields = match args.fields.as_slice() {
        [] => {
            let value = input::secret(&format!("Value of {}", args.path))?;
            if value.is_empty() {
                return Err(Failure::new("the value is empty: nothing was stored"));
            }
            Map::from_iter([("value".to_owned(), Value::String(value.expose().to_owned()))])
        }
        fields => input::fields(fields)?,
    };
    let at = cx.locate(&args.path).await?;
    if at.version == 1 {
        if args.cas.is_some() || args.patch {
            return Err(Failure::new("-cas and -patch need version 2 of the KV engine")
                .hint("`secret kv enable-versioning MOUNT` upgrades a mount"));
        }
        cx.client.call(Method::Put, at.api("data")).json(&fields).send().await?;
        return Ok(());
    }
    let mut body = json!({ "data": fields });
    if let (Some(cas), Some(body)) = (args.cas, body.as_object_mut()) {
        body.insert("options".to_owned(), json!({ "cas": cas }));
    }
    let method = if args.patch { Method::Patch } else { Method::Put };
    let answer = cx.client.call(method, at.api("data")).json(&body).send().await?;
    cx.output.answer(&answer)
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret get db/password          the value alone, if there is one field `value`; else a table
  secret get db#password          one field
  secret get --version 2 db
  export PGPASSWORD=$(secret get db#password)")]
pub(crate) struct Get {
    /// The secret's path, with #FIELD for one field
    path: String,
    /// An older version
    #[arg(long)]
    version: Option<u64>,
}

pub(crate) async fn get(cx: &Context, args: Get) -> Result<(), Failure> {
    let (path, field) = match args.path.rsplit_once('#') {
        Some((path, field)) => (path, Some(field.to_owned())),
        None => (args.path.as_str(), cx.output.field.clone()),
    };
    let at = cx.locate(path).await?;
    let (data, metadata) = read(cx, &at, args.version, path).await?;
    if let Some(field) = field {
        let value = data.get(&field).ok_or_else(|| {
            let known: Vec<&str> = data.keys().map(String::as_str).collect();
            Failure::new(format!("{path} has no field `{field}`"))
                .hint(format!("it has: {}", known.join(", ")))
        })?;
        return raw(&text(value));
    }
    use crate::output::Format;
    match (cx.output.format, data.get("value")) {
        (Format::Table | Format::Raw, Some(value)) if data.len() == 1 => raw(&text(value)),
        (Format::Table, _) => cx.output.data(&Value::Object(data)),
        _ => cx.output.data(&json!({ "data": data, "metadata": metadata })),
    }
}

/// The fields and the metadata of one version.
pub(crate) async fn read(
    cx: &Context,
    at: &Located,
    version: Option<u64>,
    typed: &str,
) -> Result<(Map<String, Value>, Value), Failure> {
    let mut call = cx.client.call(Method::Get, at.api("data"));
    if let Some(version) = version {
        call = call.query("version", version.to_string());
    }
    let data: Value = match call.send().await {
        Ok(answer) => answer.data()?,
        Err(Error::Api { status: 404, .. }) => {
            let folder = typed.rsplit_once('/').map_or("", |(folder, _)| folder);
            let command = format!("secret ls {folder}");
            let hint = format!("`{}` shows what is there", command.trim_end());
            return Err(Failure::new(format!("no secret at {typed}")).hint(hint).code(2));
        }
        Err(error) => return Err(error.into()),
    };
    if at.version == 1 {
        let Value::Object(fields) = data else { return Err(Error::Malformed("no fields").into()) };
        return Ok((fields, Value::Null));
    }
    let metadata = data.get("metadata").cloned().unwrap_or_default();
    match data.get("data") {
        Some(Value::Object(fields)) => Ok((fields.clone(), metadata)),
        _ => {
            let number = metadata.get("version").map(text).unwrap_or_default();
            let (word, hint) = match metadata.get("destroyed") {
                Some(Value::Bool(true)) => {
                    ("destroyed", "older versions may remain: `secret history PATH`".to_owned())
                }
                _ => ("deleted", format!("`secret undelete --versions {number} {typed}` brings it back")),
            };
            Err(Failure::new(format!("version {number} of {typed} was {word}")).hint(hint).code(2))
        }
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret ls            the top of the default mount
  secret ls db/")]
pub(crate) struct Ls {
    /// A folder
    #[arg(default_value = "")]
    path: String,
}

pub(crate) async fn ls(cx: &Context, args: Ls) -> Result<(), Failure> {
    let at = cx.locate(&args.path).await?;
    match cx.client.call(Method::List, at.api("metadata")).send().await {
        Ok(answer) => cx.output.keys(&answer),
        Err(Error::Api { status: 404, errors }) if errors.is_empty() => {
            Err(Failure::new(format!("nothing below {}{}", at.mount, at.path)).code(2))
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret rm db/old                      deletes the current version; `undelete` brings it back
  secret rm --versions 1,2 db/old
  secret rm --destroy --versions 1 db   removes version 1 for good
  secret rm --all db/old                removes the secret and its history for good")]
pub(crate) struct Rm {
    path: String,
    /// These versions
    #[arg(long, value_delimiter = ',', value_name = "N,...")]
    versions: Vec<u64>,
    /// For good, from the disk too
    #[arg(long, requires = "versions")]
    destroy: bool,
    /// The secret with all its versions and metadata, for good
    #[arg(long, conflicts_with_all = ["versions", "destroy"])]
    all: bool,
}

pub(crate) async fn rm(cx: &Context, args: Rm) -> Result<(), Failure> {
    let at = cx.locate(&args.path).await?;
    let call = match (args.all, args.versions.is_empty()) {
        (true, _) => cx.client.call(Method::Delete, at.api("metadata")),
        (false, true) => cx.client.call(Method::Delete, at.api("data")),
        (false, false) => {
            let kind = if args.destroy { "destroy" } else { "delete" };
            cx.client.call(Method::Put, at.api(kind)).json(&json!({ "versions": args.versions }))
        }
    };
    call.send().await?;
    Ok(())
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret undelete db
  secret undelete -versions=1,2 db")]
pub(crate) struct Undelete {
    path: String,
    /// Which ones; without, the current version
    #[arg(long, value_delimiter = ',', value_name = "N,...")]
    versions: Vec<u64>,
}

pub(crate) async fn undelete(cx: &Context, args: Undelete) -> Result<(), Failure> {
    let at = cx.locate(&args.path).await?;
    let versions = match args.versions.is_empty() {
        false => args.versions,
        true => {
            let history: Value = cx.client.call(Method::Get, at.api("metadata")).send().await?.data()?;
            history.get("current_version").and_then(Value::as_u64).into_iter().collect()
        }
    };
    cx.client.call(Method::Put, at.api("undelete")).json(&json!({ "versions": versions })).send().await?;
    Ok(())
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret history db/password")]
pub(crate) struct History {
    path: String,
}

pub(crate) async fn history(cx: &Context, args: History) -> Result<(), Failure> {
    let at = cx.locate(&args.path).await?;
    let answer = cx.client.call(Method::Get, at.api("metadata")).send().await?;
    if cx.output.format != crate::output::Format::Table {
        return cx.output.answer(&answer);
    }
    let history: Value = answer.data()?;
    let mut rows: Vec<(u64, Vec<String>)> = Vec::new();
    for (number, version) in history.get("versions").and_then(Value::as_object).into_iter().flatten() {
        let said = |name: &str| version.get(name).and_then(Value::as_str).unwrap_or_default();
        let state = match (version.get("destroyed"), said("deletion_time")) {
            (Some(Value::Bool(true)), _) => "destroyed".to_owned(),
            (_, "") => "live".to_owned(),
            (_, time) => format!("deleted {time}"),
        };
        let order = number.parse().unwrap_or_default();
        rows.push((order, vec![number.clone(), said("created_time").to_owned(), state]));
    }
    rows.sort();
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(_, row)| row).collect();
    cx.output.columns(&["VERSION", "CREATED", "STATE"], &rows)
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Values are masked: what is shown is which fields differ.

Examples:
  secret diff db/password
  secret diff -from=1 -to=3 -reveal db")]
pub(crate) struct Diff {
    path: String,
    /// The older version; without, the one before the current
    #[arg(long)]
    from: Option<u64>,
    /// The newer version; without, the current one
    #[arg(long)]
    to: Option<u64>,
    /// Show the values
    #[arg(long)]
    reveal: bool,
}

pub(crate) async fn diff(cx: &Context, args: Diff) -> Result<(), Failure> {
    let at = cx.locate(&args.path).await?;
    let (new, metadata) = read(cx, &at, args.to, &args.path).await?;
    let current = metadata.get("version").and_then(Value::as_u64).unwrap_or_default();
    let from = args.from.unwrap_or(current.saturating_sub(1));
    if from == 0 {
        return Err(Failure::new(format!("{} has one version only", args.path)));
    }
    let (old, _) = read(cx, &at, Some(from), &args.path).await?;
    for change in changes(&old, &new, args.reveal) {
        line(&change)?;
    }
    Ok(())
}

/// One line for each field that differs. Masked values have no length.
fn changes(old: &Map<String, Value>, new: &Map<String, Value>, reveal: bool) -> Vec<String> {
    let show = |value: &Value| if reveal { text(value) } else { "********".to_owned() };
    let names: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    names
        .into_iter()
        .filter_map(|name| match (old.get(name), new.get(name)) {
            (Some(a), Some(b)) if a == b => None,
            (Some(a), Some(b)) => Some(format!("~ {name}: {} -> {}", show(a), show(b))),
            (Some(a), None) => Some(format!("- {name}: {}", show(a))),
            (None, Some(b)) => Some(format!("+ {name}: {}", show(b))),
            (None, None) => None,
        })
        .collect()
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "The fields are opened as JSON in $EDITOR, from a file in memory that only you can read.

Examples:
  secret edit db
  EDITOR=nano secret edit db"
)]
pub(crate) struct Edit {
    path: String,
}

pub(crate) async fn edit(cx: &Context, args: Edit) -> Result<(), Failure> {
    let at = cx.locate(&args.path).await?;
    let (old, version) = match read(cx, &at, None, &args.path).await {
        Ok((fields, metadata)) => {
            (fields, metadata.get("version").and_then(Value::as_u64).unwrap_or_default())
        }
        Err(failure) if failure.code == 2 => (Map::new(), 0),
        Err(failure) => return Err(failure),
    };
    if !std::io::stdin().is_terminal() {
        return Err(
            Failure::new("an editor needs a terminal").hint("`secret put PATH @fields.json` writes a file")
        );
    }
    let new = crate::editor::edit(&Value::Object(old.clone()))?;
    let Value::Object(new) = new else { return Err(Failure::new("the fields must be a JSON object")) };
    if new == old {
        return Err(Failure::new("nothing was changed").code(0));
    }
    let body = match at.version {
        1 => json!(new),
        // What somebody else wrote meanwhile must not be lost.
        _ => json!({ "data": new, "options": { "cas": version } }),
    };
    cx.client.call(Method::Put, at.api("data")).json(&body).send().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_shows_which_fields_differ_and_no_values() {
        let old = json!({ "a": "one", "b": "same", "c": "gone" });
        let new = json!({ "a": "two", "b": "same", "d": "new" });
        let (Value::Object(old), Value::Object(new)) = (old, new) else { unreachable!() };
        assert_eq!(
            changes(&old, &new, false),
            ["~ a: ******** -> ********", "- c: ********", "+ d: ********"]
        );
        assert_eq!(changes(&old, &new, true), ["~ a: one -> two", "- c: gone", "+ d: new"]);
    }
}
