//! `import`: what stands in a file becomes secrets.
//!
//! The rule for what is there already: fields that the file does not name stay as they are; a field that it
//! names is added or changed, as a new version that replaces the one that was read and no other. Version 1 of
//! the KV engine keeps no old versions, so that there a field is changed only with -overwrite.

mod dotenv;
mod json;
mod nomad;

use serde_json::{Map, Value, json};
use strongroom_sdk::Method;

use crate::{
    context::{Context, Global, Located},
    failure::Failure,
    input,
    output::{Format, note},
};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret import -prefix=web .env                the variables become the fields of the secret `web`
  secret import -prefix=team settings.json      flat: fields of `team`; objects: a secret for each
  secret import -prefix=nomad web.nomad.hcl     env of each task: nomad/JOB/GROUP/TASK
  secret import -dry-run -only=DB_PASSWORD,API_KEY web.nomad.hcl
  sops -d secrets.json | secret import -prefix=team -format=json -

Prints names, never values. What is interpolated in a job is left alone, and named.
Fields that are there and not in the file stay; nothing that somebody else writes meanwhile is lost.")]
pub(crate) struct Import {
    /// The file, or - for standard input
    file: String,
    /// Where the secrets go
    #[arg(long, value_name = "PATH", default_value = "")]
    prefix: String,
    /// Only these variables or fields
    #[arg(long, value_delimiter = ',', value_name = "NAME,...")]
    only: Vec<String>,
    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// What the file is [default: told from its name and contents]
    #[arg(id = "format", long = "format", value_parser = ["env", "json", "nomad"])]
    kind: Option<String>,
    /// Change fields of version 1 too, which keeps no older versions
    #[arg(long)]
    overwrite: bool,
}

/// A secret as it stands in the file. Fields in the order of the file.
#[derive(Debug, Default, Eq, PartialEq)]
struct Found {
    /// Below the prefix; empty: the prefix itself.
    path: String,
    fields: Vec<(String, Field)>,
}

#[derive(Debug, Eq, PartialEq)]
enum Field {
    Value(Value),
    /// Not a literal: why.
    Left(&'static str),
}

/// What is done with a field.
struct Step {
    path: String,
    field: String,
    action: &'static str,
}

/// A secret that is to be written.
struct Change {
    at: Located,
    fields: Map<String, Value>,
    version: u64,
}

pub(crate) fn import(global: &Global, args: Import) -> Result<u8, Failure> {
    // `-format` is this command's own; the environment may still ask for JSON.
    let global = Global { format: None, ..global.clone() };
    let text = input::file_or_stdin(&args.file)?;
    let mut found = read(&args, &text)?;
    select(&mut found, &args.only)?;
    super::asking(&global, async |cx| run(cx, &args, found).await)
}

async fn run(cx: &Context, args: &Import, found: Vec<Found>) -> Result<(), Failure> {
    let (mut steps, mut changes) = (Vec::new(), Vec::new());
    // Everything is looked at before anything is written.
    for secret in found {
        let path = joined(&args.prefix, &secret.path)?;
        let at = cx.locate(&path).await?;
        let (mut fields, version) = there(cx, &at).await?;
        let before = fields.clone();
        for (name, field) in secret.fields {
            let action = match field {
                Field::Left(why) => why,
                Field::Value(value) => match fields.insert(name.clone(), value.clone()) {
                    None => "added",
                    Some(old) if old == value => "unchanged",
                    Some(_) if at.version == 1 && !args.overwrite => {
                        return Err(Failure::new(format!("{path} has another {name}, which would be lost"))
                            .hint("version 1 keeps no older versions: -overwrite replaces it"));
                    }
                    Some(_) => "changed",
                },
            };
            steps.push(Step { path: path.clone(), field: name, action });
        }
        if fields != before {
            changes.push(Change { at, fields, version });
        }
    }
    if !args.dry_run {
        for change in &changes {
            write(cx, change).await?;
        }
    }
    told(cx, &steps)?;
    let verb = if args.dry_run { "would be written" } else { "written" };
    note(&format!("{} of {} {verb}.", changes.len(), counted(&steps)));
    Ok(())
}

/// The fields that are there, and the version that has them; 0 if there is none.
async fn there(cx: &Context, at: &Located) -> Result<(Map<String, Value>, u64), Failure> {
    let data: Value = match cx.client.call(Method::Get, at.api("data")).send().await {
        Ok(answer) => answer.data()?,
        Err(error) if error.is_not_found() => return Ok((Map::new(), 0)),
        Err(error) => return Err(error.into()),
    };
    if at.version == 1 {
        return Ok((data.as_object().cloned().unwrap_or_default(), 0));
    }
    let version = data.pointer("/metadata/version").and_then(Value::as_u64).unwrap_or_default();
    Ok((data.get("data").and_then(Value::as_object).cloned().unwrap_or_default(), version))
}

async fn write(cx: &Context, change: &Change) -> Result<(), Failure> {
    let body = match change.at.version {
        1 => json!(change.fields),
        _ => json!({ "data": change.fields, "options": { "cas": change.version } }),
    };
    cx.client.call(Method::Put, change.at.api("data")).json(&body).send().await?;
    Ok(())
}

fn told(cx: &Context, steps: &[Step]) -> Result<(), Failure> {
    match cx.output.format {
        Format::Json | Format::Yaml => {
            let rows =
                steps.iter().map(|it| json!({ "path": it.path, "field": it.field, "action": it.action }));
            cx.output.data(&rows.collect())
        }
        Format::Table | Format::Raw => {
            let rows: Vec<Vec<String>> = steps
                .iter()
                .map(|it| vec![it.path.clone(), it.field.clone(), it.action.to_owned()])
                .collect();
            cx.output.columns(&["SECRET", "FIELD", "ACTION"], &rows)
        }
    }
}

fn counted(steps: &[Step]) -> String {
    let paths: std::collections::BTreeSet<&str> = steps.iter().map(|it| it.path.as_str()).collect();
    format!("{} secret{}", paths.len(), if paths.len() == 1 { "" } else { "s" })
}

fn joined(prefix: &str, path: &str) -> Result<String, Failure> {
    let parts = [prefix.trim_matches('/'), path];
    let parts: Vec<&str> = parts.into_iter().filter(|it| !it.is_empty()).collect();
    if parts.is_empty() {
        return Err(Failure::new("where to? the file has fields and no path")
            .hint("-prefix=PATH names the secret that gets them"));
    }
    Ok(parts.join("/"))
}

fn read(args: &Import, text: &str) -> Result<Vec<Found>, Failure> {
    match args.kind.as_deref().unwrap_or_else(|| told_from(&args.file, text)) {
        "json" => json::read(text),
        "nomad" => nomad::read(text),
        _ => dotenv::read(text),
    }
    .map_err(|why| Failure::new(format!("{}: {why}", args.file)))
}

/// What a file is, by its name or else by how it begins.
fn told_from(file: &str, text: &str) -> &'static str {
    let name = file.rsplit('/').next().unwrap_or(file);
    let begins_as_json = text.trim_start_matches('\u{feff}').trim_start().starts_with('{');
    if begins_as_json {
        return if nomad::is_job(text) { "nomad" } else { "json" };
    }
    let is_hcl = [".hcl", ".nomad", ".tpl", ".tf"].iter().any(|it| name.ends_with(it));
    let is_env = name.starts_with(".env") || name.ends_with(".env");
    if is_hcl || (!is_env && nomad::is_job(text)) { "nomad" } else { "env" }
}

/// Leaves the fields that were asked for. A name that is nowhere is a typing error.
fn select(found: &mut Vec<Found>, only: &[String]) -> Result<(), Failure> {
    if only.is_empty() {
        return Ok(());
    }
    let is_there = |name: &String| found.iter().any(|it| it.fields.iter().any(|(field, _)| field == name));
    let missing: Vec<&str> = only.iter().filter(|it| !is_there(it)).map(String::as_str).collect();
    if !missing.is_empty() {
        return Err(Failure::new(format!("not in the file: {}", missing.join(", "))));
    }
    for secret in found.iter_mut() {
        secret.fields.retain(|(name, _)| only.contains(name));
    }
    found.retain(|it| !it.fields.is_empty());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_name_or_its_beginning() {
        for (name, text, expected) in [
            (".env", "A=1", "env"),
            ("prod.env", "job=1", "env"),
            ("-", "A=1\nB=2", "env"),
            ("a.json", "{\"A\": 1}", "json"),
            ("-", " \n{\"A\": 1}", "json"),
            ("a.json", "{\"Job\": {\"TaskGroups\": []}}", "nomad"),
            ("a.json", "{\"job\": {\"web\": {\"group\": {}}}}", "nomad"),
            ("web.nomad", "job \"web\" {}", "nomad"),
            ("-", "job \"web\" {\n}\n", "nomad"),
        ] {
            assert_eq!(told_from(name, text), expected, "{name} {text}");
        }
    }

    #[test]
    fn only_what_was_asked_for_is_taken() {
        let found = || dotenv::read("A=1\nB=2\nC=3").unwrap();
        let mut some = found();
        select(&mut some, &["C".to_owned(), "A".to_owned()]).unwrap();
        let names: Vec<&String> = some.iter().flat_map(|it| &it.fields).map(|(name, _)| name).collect();
        assert_eq!(names, ["A", "C"]);
        assert!(select(&mut found(), &["D".to_owned()]).is_err());
    }
}
