//! `status`: exit 0 unsealed, 2 sealed, 1 if it cannot be told, as Vault's probes expect.

use serde_json::Value;
use strongroom_sdk::Method;

use crate::{
    context::Context,
    failure::Failure,
    output::{Format, text},
};

pub(crate) async fn status(cx: &Context) -> Result<u8, Failure> {
    let answer = cx.client.call(Method::Get, "sys/seal-status").anonymous().send().await?;
    let status: Value = answer.json()?;
    match cx.output.format {
        Format::Table => cx.output.table(&rows(&status))?,
        _ => cx.output.data(&status)?,
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
    ];
    let sealed = status.get("sealed") != Some(&Value::Bool(false));
    let shown = names.iter().filter(|(_, key)| sealed || !matches!(*key, "progress" | "nonce"));
    shown.filter_map(|(name, key)| status.get(*key).map(|it| ((*name).to_owned(), text(it)))).collect()
}
