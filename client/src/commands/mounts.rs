//! `mount` and `auth` (Vault: `secrets`, `auth`): which engine answers where.

use serde_json::{Map, Value, json};
use strongroom_sdk::Method;

use crate::{
    context::Context,
    failure::Failure,
    output::{Format, note, text},
};

/// Secrets engines lie under `sys/mounts`, auth methods under `sys/auth`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Area {
    Auth,
    Secrets,
}

impl Area {
    const fn path(self) -> &'static str {
        match self {
            Self::Auth => "sys/auth",
            Self::Secrets => "sys/mounts",
        }
    }
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Mounts {
    /// All of them
    List {
        /// With settings
        #[arg(long)]
        detailed: bool,
    },
    /// Mount one
    Enable {
        /// The kind: kv, approle, userpass ...
        kind: String,
        #[command(flatten)]
        tune: Tune,
        /// Where; without, at its own name
        #[arg(long)]
        path: Option<String>,
        /// Of the KV engine: 1 or 2
        #[arg(long, value_name = "N")]
        version: Option<u8>,
    },
    /// Change settings
    Tune {
        path: String,
        #[command(flatten)]
        tune: Tune,
        #[arg(long, value_name = "N")]
        version: Option<u8>,
    },
    /// Move one, with all that is in it
    Move { from: String, to: String },
    /// Remove one, with all that is in it
    Disable { path: String },
}

#[derive(Debug, Default, clap::Args)]
pub(crate) struct Tune {
    #[arg(long)]
    description: Option<String>,
    #[arg(long)]
    default_lease_ttl: Option<String>,
    #[arg(long)]
    max_lease_ttl: Option<String>,
    #[arg(long)]
    listing_visibility: Option<String>,
    #[arg(long)]
    token_type: Option<String>,
    /// name=value, many times
    #[arg(long)]
    options: Vec<String>,
    #[arg(long)]
    local: bool,
    #[arg(long)]
    seal_wrap: bool,
}

pub(crate) async fn mounts(cx: &Context, area: Area, command: Mounts) -> Result<(), Failure> {
    let at = |path: &str| format!("{}/{}", area.path(), path.trim_matches('/'));
    match command {
        Mounts::List { detailed } => list(cx, area, detailed).await,
        Mounts::Enable { kind, tune, path, version } => {
            let path = path.unwrap_or_else(|| kind.clone());
            let body = json!({
                "type": kind,
                "description": tune.description.clone().unwrap_or_default(),
                "config": tune.config(),
                "options": tune.options(version)?,
                "local": tune.local,
                "seal_wrap": tune.seal_wrap,
            });
            cx.client.call(Method::Post, at(&path)).json(&body).send().await?;
            note(&format!("Success! Enabled {kind} at: {}/", path.trim_matches('/')));
            Ok(())
        }
        Mounts::Tune { path, tune, version } => {
            let mut body = tune.config();
            if let Some(description) = &tune.description {
                body.insert("description".to_owned(), json!(description));
            }
            let options = tune.options(version)?;
            if !options.is_empty() {
                body.insert("options".to_owned(), Value::Object(options));
            }
            cx.client.call(Method::Post, format!("{}/tune", at(&path))).json(&body).send().await?;
            note(&format!("Success! Tuned: {}/", path.trim_matches('/')));
            Ok(())
        }
        Mounts::Move { from, to } => {
            let prefix = if area == Area::Auth { "auth/" } else { "" };
            let body = json!({ "from": format!("{prefix}{from}"), "to": format!("{prefix}{to}") });
            cx.client.call(Method::Post, "sys/remount").json(&body).send().await?;
            note(&format!("Success! Moved {from} to {to}"));
            Ok(())
        }
        Mounts::Disable { path } => {
            cx.client.call(Method::Delete, at(&path)).send().await?;
            note(&format!("Success! Disabled (if it existed): {}/", path.trim_matches('/')));
            Ok(())
        }
    }
}

async fn list(cx: &Context, area: Area, detailed: bool) -> Result<(), Failure> {
    let mounts: Value = cx.client.call(Method::Get, area.path()).send().await?.data()?;
    if cx.output.format != Format::Table {
        return cx.output.data(&mounts);
    }
    let entries = mounts.as_object().into_iter().flatten();
    let said = |mount: &Value, pointer: &str| mount.pointer(pointer).map(text).unwrap_or_default();
    let rows: Vec<Vec<String>> = entries
        .map(|(path, mount)| {
            let mut row = vec![
                path.clone(),
                said(mount, "/type"),
                said(mount, "/accessor"),
                said(mount, "/description"),
            ];
            if detailed {
                row.extend(
                    ["/config/default_lease_ttl", "/config/max_lease_ttl", "/options", "/uuid"]
                        .map(|it| said(mount, it)),
                );
            }
            row
        })
        .collect();
    let plain = ["PATH", "TYPE", "ACCESSOR", "DESCRIPTION"];
    let more = ["DEFAULT TTL", "MAX TTL", "OPTIONS", "UUID"];
    let head: Vec<&str> = plain.into_iter().chain(more.into_iter().filter(|_| detailed)).collect();
    cx.output.columns(&head, &rows)
}

impl Tune {
    fn config(&self) -> Map<String, Value> {
        let fields = [
            ("default_lease_ttl", &self.default_lease_ttl),
            ("max_lease_ttl", &self.max_lease_ttl),
            ("listing_visibility", &self.listing_visibility),
            ("token_type", &self.token_type),
        ];
        fields
            .into_iter()
            .filter_map(|(name, value)| value.as_ref().map(|it| (name.to_owned(), json!(it))))
            .collect()
    }

    fn options(&self, version: Option<u8>) -> Result<Map<String, Value>, Failure> {
        let mut options = crate::input::fields(&self.options)?;
        if let Some(version) = version {
            options.insert("version".to_owned(), json!(version.to_string()));
        }
        Ok(options)
    }
}
