//! `audit list`, `enable`, `disable`: the devices that write the log.

use serde_json::{Value, json};
use strongroom_sdk::Method;

use crate::{
    context::Context,
    failure::Failure,
    input,
    output::{Format, note, text},
};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret audit list
  secret audit list -detailed -format=json")]
pub(crate) struct List {
    /// With options
    #[arg(long)]
    detailed: bool,
}

pub(super) async fn list(cx: &Context, args: List) -> Result<(), Failure> {
    let devices: Value = cx.client.call(Method::Get, "sys/audit").send().await?.data()?;
    if cx.output.format != Format::Table {
        return cx.output.data(&devices);
    }
    let entries: Vec<(&String, &Value)> = devices.as_object().into_iter().flatten().collect();
    if entries.is_empty() {
        return Err(Failure::new("No audit devices are enabled.").code(2));
    }
    let said = |device: &Value, name: &str| device.get(name).map(text).unwrap_or_default();
    let rows = entries.into_iter().map(|(path, device)| {
        let mut row = vec![path.clone(), said(device, "type"), said(device, "description")];
        if args.detailed {
            row.push(said(device, "options"));
        }
        row
    });
    let rows: Vec<Vec<String>> = rows.collect();
    match args.detailed {
        true => cx.output.columns(&["PATH", "TYPE", "DESCRIPTION", "OPTIONS"], &rows),
        false => cx.output.columns(&["PATH", "TYPE", "DESCRIPTION"], &rows),
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret audit enable file file_path=/var/log/strongroom/second.log

Devices belong into the configuration file; the server must allow this (docs/audit.md).")]
pub(crate) struct Enable {
    /// file
    kind: String,
    /// name=value options: file_path, mode, hash_names ...
    options: Vec<String>,
    /// What it is called [default: its kind]
    #[arg(long)]
    path: Option<String>,
    /// For people
    #[arg(long, value_name = "TEXT", default_value = "")]
    description: String,
    /// Only on this node
    #[arg(long)]
    local: bool,
}

pub(super) async fn enable(cx: &Context, args: Enable) -> Result<(), Failure> {
    let path = args.path.unwrap_or_else(|| args.kind.clone());
    let path = path.trim_matches('/');
    let body = json!({
        "type": args.kind,
        "description": args.description,
        "options": input::fields(&args.options)?,
        "local": args.local,
    });
    cx.client.call(Method::Put, format!("sys/audit/{path}")).json(&body).send().await?;
    note(&format!("Success! Enabled the {} audit device at: {path}/", args.kind));
    Ok(())
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret audit disable file")]
pub(crate) struct Disable {
    path: String,
}

pub(super) async fn disable(cx: &Context, args: Disable) -> Result<(), Failure> {
    let path = args.path.trim_matches('/');
    cx.client.call(Method::Delete, format!("sys/audit/{path}")).send().await?;
    note(&format!("Success! Disabled audit device (if it was enabled) at: {path}/"));
    Ok(())
}
