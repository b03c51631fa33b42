//! `mount` and `auth` (Vault: `secrets`, `auth`): which engine answers where.

use serde_json::{Map, Value, json};
use strongroom_sdk::Method;

use super::commands;
use crate::{
    context::Context,
    failure::Failure,
    input,
    output::{Format, note, text},
};

commands! {
    enum Secrets
    asking {
        /// All of them
        List(List) => secrets_list,
        /// Mount one
        Enable(Enable) => secrets_enable,
        /// Change settings
        Tune(Tune) => secrets_tune,
        /// Move one, with all that is in it
        Move(Move) => secrets_move,
        /// Remove one, with all that is in it
        Disable(Disable) => secrets_disable,
    }
}

commands! {
    enum Auth
    asking {
        /// All of them
        List(List) => auth_list,
        /// Mount one
        Enable(Enable) => auth_enable,
        /// Change settings
        Tune(Tune) => auth_tune,
        /// Move one, with all that is in it
        Move(Move) => auth_move,
        /// Remove one: what it let in is let in no more
        Disable(Disable) => auth_disable,
    }
}

/// Secrets engines lie under `sys/mounts`, auth methods under `sys/auth`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Area {
    Auth,
    Secrets,
}

impl Area {
    fn path(self, mount: &str) -> String {
        match self {
            Self::Auth => format!("sys/auth/{}", mount.trim_matches('/').trim_start_matches("auth/")),
            Self::Secrets => format!("sys/mounts/{}", mount.trim_matches('/')),
        }
    }

    /// As `sys/remount` names it.
    fn whole(self, mount: &str) -> String {
        let mount = mount.trim_matches('/');
        match self {
            Self::Auth => format!("auth/{}", mount.trim_start_matches("auth/")),
            Self::Secrets => mount.to_owned(),
        }
    }

    const fn kind(self) -> &'static str {
        match self {
            Self::Auth => "auth method",
            Self::Secrets => "secrets engine",
        }
    }
}

async fn secrets_list(cx: &Context, args: List) -> Result<(), Failure> {
    list(cx, "sys/mounts", args).await
}

async fn secrets_enable(cx: &Context, args: Enable) -> Result<(), Failure> {
    enable(cx, Area::Secrets, args).await
}

async fn secrets_tune(cx: &Context, args: Tune) -> Result<(), Failure> {
    tune(cx, Area::Secrets, args).await
}

async fn secrets_move(cx: &Context, args: Move) -> Result<(), Failure> {
    remount(cx, Area::Secrets, args).await
}

async fn secrets_disable(cx: &Context, args: Disable) -> Result<(), Failure> {
    disable(cx, Area::Secrets, args).await
}

async fn auth_list(cx: &Context, args: List) -> Result<(), Failure> {
    list(cx, "sys/auth", args).await
}

async fn auth_enable(cx: &Context, args: Enable) -> Result<(), Failure> {
    enable(cx, Area::Auth, args).await
}

async fn auth_tune(cx: &Context, args: Tune) -> Result<(), Failure> {
    tune(cx, Area::Auth, args).await
}

async fn auth_move(cx: &Context, args: Move) -> Result<(), Failure> {
    remount(cx, Area::Auth, args).await
}

async fn auth_disable(cx: &Context, args: Disable) -> Result<(), Failure> {
    disable(cx, Area::Auth, args).await
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret mount list
  secret auth list -detailed
  secret secrets list -format=json")]
pub(crate) struct List {
    /// With settings
    #[arg(long)]
    detailed: bool,
}

async fn list(cx: &Context, path: &str, args: List) -> Result<(), Failure> {
    let mounts: Value = cx.client.call(Method::Get, path).send().await?.data()?;
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
            if args.detailed {
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
    let head: Vec<&str> = plain.into_iter().chain(more.into_iter().filter(|_| args.detailed)).collect();
    cx.output.columns(&head, &rows)
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret mount enable -path=team -version=2 kv
  secret auth enable userpass
  secret auth enable -path=ci -default-lease-ttl=1h approle")]
pub(crate) struct Enable {
    /// The kind: kv, approle, userpass ...
    kind: String,
    #[command(flatten)]
    settings: Settings,
    /// Where; without, at its own name
    #[arg(long)]
    path: Option<String>,
    /// Only on this node
    #[arg(long)]
    local: bool,
    /// Taken for Vault's sake: everything is encrypted under the seal's key
    #[arg(long)]
    seal_wrap: bool,
    /// Taken for Vault's sake: caches hold ciphertext
    #[arg(long)]
    force_no_cache: bool,
}

async fn enable(cx: &Context, area: Area, args: Enable) -> Result<(), Failure> {
    let path = args.path.unwrap_or_else(|| args.kind.clone());
    let mut config = args.settings.config();
    // The description stands beside the settings here, and among them in `tune`.
    let description = config.remove("description");
    if args.force_no_cache {
        config.insert("force_no_cache".to_owned(), Value::Bool(true));
    }
    let body = json!({
        "type": args.kind,
        "description": description.unwrap_or_else(|| json!("")),
        "config": config,
        "options": args.settings.options()?,
        "local": args.local,
        "seal_wrap": args.seal_wrap,
    });
    cx.client.call(Method::Post, area.path(&path)).json(&body).send().await?;
    note(&format!("Success! Enabled the {} {} at: {}/", args.kind, area.kind(), path.trim_matches('/')));
    Ok(())
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret mount tune -default-lease-ttl=30m secret/
  secret auth tune -description='people' userpass")]
pub(crate) struct Tune {
    path: String,
    #[command(flatten)]
    settings: Settings,
}

async fn tune(cx: &Context, area: Area, args: Tune) -> Result<(), Failure> {
    let mut body = args.settings.config();
    let options = args.settings.options()?;
    if !options.is_empty() {
        body.insert("options".to_owned(), Value::Object(options));
    }
    cx.client.call(Method::Post, format!("{}/tune", area.path(&args.path))).json(&body).send().await?;
    note(&format!("Success! Tuned the {} at: {}/", area.kind(), args.path.trim_matches('/')));
    Ok(())
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret mount move team/ teams/web/
  secret auth move userpass people")]
pub(crate) struct Move {
    from: String,
    to: String,
}

async fn remount(cx: &Context, area: Area, args: Move) -> Result<(), Failure> {
    let (from, to) = (area.whole(&args.from), area.whole(&args.to));
    let body = json!({ "from": from, "to": to });
    cx.client.call(Method::Post, "sys/remount").json(&body).send().await?;
    note(&format!("Success! Moved {from}/ to {to}/"));
    Ok(())
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret mount disable team/
  secret auth disable ci")]
pub(crate) struct Disable {
    path: String,
}

async fn disable(cx: &Context, area: Area, args: Disable) -> Result<(), Failure> {
    cx.client.call(Method::Delete, area.path(&args.path)).send().await?;
    note(&format!(
        "Success! Disabled the {} (if it existed) at: {}/",
        area.kind(),
        args.path.trim_matches('/')
    ));
    Ok(())
}

/// What `enable` and `tune` both take.
#[derive(Debug, Default, clap::Args)]
struct Settings {
    /// For people
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// How long what it gives lives
    #[arg(long, value_name = "TTL", value_parser = input::duration)]
    default_lease_ttl: Option<String>,
    /// How long what it gives lives at most
    #[arg(long, value_name = "TTL", value_parser = input::duration)]
    max_lease_ttl: Option<String>,
    /// `unauth` lists it to whoever asks, `hidden` does not
    #[arg(long, value_name = "WORD")]
    listing_visibility: Option<String>,
    /// Of an auth method: which tokens it gives
    #[arg(long, value_name = "TYPE")]
    token_type: Option<String>,
    /// name=value; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    options: Vec<String>,
    /// Of the KV engine: 1 or 2
    #[arg(long, value_name = "N")]
    version: Option<u8>,
    /// A field of requests that the audit log shows clear; may be repeated
    #[arg(long, value_name = "NAME")]
    audit_non_hmac_request_keys: Vec<String>,
    /// A field of answers that the audit log shows clear; may be repeated
    #[arg(long, value_name = "NAME")]
    audit_non_hmac_response_keys: Vec<String>,
    /// A header of requests that the engine sees; may be repeated
    #[arg(long, value_name = "NAME")]
    passthrough_request_headers: Vec<String>,
    /// A header that the engine may answer with; may be repeated
    #[arg(long, value_name = "NAME")]
    allowed_response_headers: Vec<String>,
}

impl Settings {
    fn config(&self) -> Map<String, Value> {
        let one = [
            ("description", &self.description),
            ("default_lease_ttl", &self.default_lease_ttl),
            ("max_lease_ttl", &self.max_lease_ttl),
            ("listing_visibility", &self.listing_visibility),
            ("token_type", &self.token_type),
        ];
        let many = [
            ("audit_non_hmac_request_keys", &self.audit_non_hmac_request_keys),
            ("audit_non_hmac_response_keys", &self.audit_non_hmac_response_keys),
            ("passthrough_request_headers", &self.passthrough_request_headers),
            ("allowed_response_headers", &self.allowed_response_headers),
        ];
        let one = one.into_iter().filter_map(|(name, value)| Some((name, json!(value.as_ref()?))));
        let many = many.into_iter().filter(|(_, it)| !it.is_empty()).map(|(name, it)| (name, json!(it)));
        one.chain(many).map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn options(&self) -> Result<Map<String, Value>, Failure> {
        let mut options = input::fields(&self.options)?;
        if let Some(version) = self.version {
            options.insert("version".to_owned(), json!(version.to_string()));
        }
        Ok(options)
    }
}
