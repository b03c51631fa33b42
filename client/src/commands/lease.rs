//! `lease`: who holds what, and the leases of whatever ends.

use serde_json::{Value, json};
use strongroom_sdk::{Error, Method};

use super::commands;
use crate::{
    context::{Context, Located},
    failure::Failure,
    output::{Format, note, text},
};

commands! {
    enum Lease
    asking {
        /// Who holds which version of a secret, or of all below a folder
        List(List) => list,
        /// What is known of a lease
        Lookup(Lookup) => lookup,
        /// Give a lease more time
        Renew(Renew) => renew,
        /// End a lease, or all below a path
        Revoke(Revoke) => revoke,
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret lease list db/password     who has read it, and who has not read the current version
  secret lease list apps/
  secret lease list -stale")]
pub(crate) struct List {
    /// A secret or a folder; without, everything that you may see
    path: Option<String>,
    /// Only those who do not hold the current version
    #[arg(long)]
    stale: bool,
}

async fn list(cx: &Context, args: List) -> Result<(), Failure> {
    let below = match &args.path {
        // As it stands in the list itself, and in policies: `secret/data/db`.
        Some(path) => {
            let at = cx.locate(path).await?;
            match at.path.strip_prefix("data/").filter(|_| at.version != 1) {
                Some(path) => Located { path: path.to_owned(), ..at }.api("data"),
                None => at.api("data"),
            }
        }
        None => String::new(),
    };
    let mut holdings = holdings(cx, &below).await?;
    if args.stale {
        holdings.retain(is_stale);
    }
    match cx.output.format {
        Format::Table | Format::Raw if cx.output.field.is_none() && holdings.is_empty() => {
            note(&format!("nobody holds anything at {}", args.path.as_deref().unwrap_or("any path")));
            Ok(())
        }
        Format::Table | Format::Raw if cx.output.field.is_none() => table(cx, &holdings),
        _ => cx.output.data(&Value::Array(holdings)),
    }
}

/// Who holds what lies at a path of the API (`secret/data/db`), and below it.
pub(crate) async fn holdings(cx: &Context, path: &str) -> Result<Vec<Value>, Error> {
    let mut holdings = Vec::new();
    let mut after = None;
    loop {
        let mut call = cx.client.call(Method::Get, format!("sys/leases/holdings/{path}"));
        if let Some(after) = after {
            call = call.query("after", after);
        }
        let mut page: Value = call.send().await?.data()?;
        if let Some(Value::Array(found)) = page.get_mut("holdings").map(Value::take) {
            holdings.extend(found);
        }
        match page.get("next").and_then(Value::as_str) {
            Some(next) => after = Some(next.to_owned()),
            None => return Ok(holdings),
        }
    }
}

/// Holdings as people read them.
pub(crate) fn table(cx: &Context, holdings: &[Value]) -> Result<(), Failure> {
    let rows: Vec<Vec<String>> = holdings.iter().map(row).collect();
    cx.output.columns(&["path", "who", "version", "stale", "expires"], &rows)
}

fn is_stale(holding: &Value) -> bool {
    holding.get("stale").and_then(Value::as_bool).unwrap_or_default()
}

/// A holding as people read it.
fn row(holding: &Value) -> Vec<String> {
    let field = |name: &str| holding.get(name).map(text).unwrap_or_default();
    let stale = match (is_stale(holding), field("current_version").as_str()) {
        (false, _) => "no".to_owned(),
        (true, "0") => "yes (it is gone)".to_owned(),
        (true, current) => format!("yes ({current} is current)"),
    };
    // To the second: nobody plans a rotation in nanoseconds.
    let expires = field("expire_time").split_once('.').map(|(whole, _)| format!("{whole}Z"));
    let who = [field("display_name"), field("accessor")].into_iter().find(|it| !it.is_empty());
    vec![
        field("path"),
        who.unwrap_or_default(),
        field("version"),
        stale,
        expires.unwrap_or_else(|| field("expire_time")),
    ]
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret lease lookup database/creds/app/2f6a6146...")]
pub(crate) struct Lookup {
    #[arg(value_name = "ID")]
    lease_id: String,
}

async fn lookup(cx: &Context, args: Lookup) -> Result<(), Failure> {
    let call = cx.client.call(Method::Put, "sys/leases/lookup");
    cx.output.answer(&call.json(&json!({ "lease_id": args.lease_id })).send().await?)
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret lease renew database/creds/app/2f6a6146...
  secret lease renew -increment=1h secret/data/db/8d1c...")]
pub(crate) struct Renew {
    #[arg(value_name = "ID")]
    lease_id: String,
    /// For how long from now; the server may give less
    #[arg(long, short = 'i', value_name = "TTL")]
    increment: Option<String>,
}

async fn renew(cx: &Context, args: Renew) -> Result<(), Failure> {
    let mut body = json!({ "lease_id": args.lease_id });
    if let (Some(increment), Some(body)) = (args.increment, body.as_object_mut()) {
        body.insert("increment".to_owned(), Value::String(increment));
    }
    cx.output.answer(&cx.client.call(Method::Put, "sys/leases/renew").json(&body).send().await?)
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret lease revoke database/creds/app/2f6a6146...
  secret lease revoke -prefix database/creds/app
  secret lease revoke -prefix -sync secret/data/db    waits until all is undone")]
pub(crate) struct Revoke {
    #[arg(value_name = "ID")]
    lease_id: String,
    /// What is given is a path: all leases at it and below
    #[arg(long)]
    prefix: bool,
    /// Forget leases that cannot be revoked; what they stand for may live on
    #[arg(long, requires = "prefix")]
    force: bool,
    /// Wait until it is done
    #[arg(long)]
    sync: bool,
}

async fn revoke(cx: &Context, args: Revoke) -> Result<(), Failure> {
    let id = &args.lease_id;
    let (path, body) = match (args.prefix, args.force) {
        (true, true) => (format!("sys/leases/revoke-force/{id}"), json!({})),
        (true, false) => (format!("sys/leases/revoke-prefix/{id}"), json!({ "sync": args.sync })),
        (false, _) => ("sys/leases/revoke".to_owned(), json!({ "lease_id": id, "sync": args.sync })),
    };
    if args.force {
        note("Warning! What leases stand for may live on when they are removed by force.");
    }
    cx.client.call(Method::Put, path).json(&body).send().await?;
    note(&match (args.prefix, args.force, args.sync) {
        (_, true, _) => format!("Success! Force revoked any leases with prefix: {id}"),
        (true, _, true) => format!("Success! Revoked any leases with prefix: {id}"),
        (false, _, true) => format!("Success! Revoked lease: {id}"),
        (_, _, false) => "All revocation operations queued successfully!".to_owned(),
    });
    Ok(())
}
