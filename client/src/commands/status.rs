//! `status`: exit 0 unsealed, 2 sealed, 1 if it cannot be told, as Vault's probes expect.

use serde_json::Value;
use strongroom_sdk::Method;

use crate::{
    context::Context,
    failure::Failure,
    output::{Format, text},
};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret status
  secret status -format=json

Exit status 0: unsealed. 2: sealed. 1: it cannot be told.")]
pub(crate) struct Status {}

pub(crate) async fn status(cx: &Context, _: Status) -> Result<u8, Failure> {
    let told = |error| Failure::from(error).code(1);
    let answer = cx.client.call(Method::Get, "sys/seal-status").anonymous().send().await.map_err(told)?;
    let mut status: Value = answer.json().map_err(told)?;
    // As Vault's command, which asks both.
    let leader = cx.client.call(Method::Get, "sys/leader").anonymous().send().await;
    let leader = leader.ok().and_then(|it| it.json::<Value>().ok());
    if let (Some(status), Some(leader)) = (status.as_object_mut(), leader) {
        for name in ["ha_enabled", "is_self", "active_time", "leader_address", "leader_cluster_address"] {
            if let Some(value) = leader.get(name) {
                status.insert(name.to_owned(), value.clone());
            }
        }
    }
    shown(cx, &status)
}

/// Prints the state of the seal; answers 0 if it is open and 2 if it is not.
pub(super) fn shown(cx: &Context, status: &Value) -> Result<u8, Failure> {
    match (cx.output.format, &cx.output.field) {
        (Format::Table, None) => cx.output.table(&rows(status))?,
        _ => cx.output.data(status)?,
    }
    Ok(if status.get("sealed") == Some(&Value::Bool(false)) { 0 } else { 2 })
}

fn rows(status: &Value) -> Vec<(String, String)> {
    let names = [
        ("Seal Type", "type"),
        ("Initialized", "initialized"),
        ("Sealed", "sealed"),
        ("Total Shares", "n"),
        ("Threshold", "t"),
        ("Unseal Progress", "progress"),
        ("Unseal Nonce", "nonce"),
        ("Version", "version"),
        ("Storage Type", "storage_type"),
        ("Cluster Name", "cluster_name"),
        ("Cluster ID", "cluster_id"),
        ("HA Enabled", "ha_enabled"),
    ];
    let sealed = status.get("sealed") != Some(&Value::Bool(false));
    let shown = names.iter().filter(|(_, key)| sealed || !matches!(*key, "progress" | "nonce"));
    shown.filter_map(|(name, key)| status.get(*key).map(|it| ((*name).to_owned(), text(it)))).collect()
}
