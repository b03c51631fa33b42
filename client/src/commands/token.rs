//! `token`: make, look up, renew, revoke.

use serde_json::{Map, Value, json};
use strongroom_sdk::Method;

use super::commands;
use crate::{
    context::Context,
    failure::Failure,
    input::duration,
    output::{Format, line, note, text},
};

commands! {
    enum Token
    asking {
        /// What a token may do on a path
        Capabilities(Capabilities) => capabilities,
        /// Make a token
        Create(Create) => create,
        /// What is known of a token: without one, of your own
        Lookup(Lookup) => lookup,
        /// Renew a token: without one, your own
        Renew(Renew) => renew,
        /// Revoke a token and all that it made
        Revoke(Revoke) => revoke,
    }
}

/// Which token.
#[derive(Debug, clap::Args)]
struct Which {
    /// The token, or with -accessor its accessor
    token: Option<String>,
    /// What is given is an accessor
    #[arg(long)]
    accessor: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret token capabilities secret/data/db
  secret token capabilities hvs.TOKEN secret/data/db")]
pub(crate) struct Capabilities {
    /// A path; or a token and a path
    #[arg(num_args = 1..=2, required = true)]
    args: Vec<String>,
    /// The first argument is an accessor
    #[arg(long)]
    accessor: bool,
}

async fn capabilities(cx: &Context, args: Capabilities) -> Result<(), Failure> {
    let (endpoint, body) = match (args.args.as_slice(), args.accessor) {
        ([path], false) => ("sys/capabilities-self", json!({ "paths": [path] })),
        ([token, path], false) => ("sys/capabilities", json!({ "token": token, "paths": [path] })),
        ([accessor, path], true) => {
            ("sys/capabilities-accessor", json!({ "accessor": accessor, "paths": [path] }))
        }
        _ => return Err(Failure::new("capabilities takes a path, or a token or accessor and a path")),
    };
    let data: Value = cx.client.call(Method::Put, endpoint).json(&body).send().await?.data()?;
    let found = data.get("capabilities").and_then(Value::as_array).into_iter().flatten();
    let names: Vec<String> = found.map(text).collect();
    match cx.output.format {
        Format::Table | Format::Raw => line(&names.join(", ")),
        Format::Json | Format::Yaml => cx.output.names(&names),
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret token create -policy=web -ttl=8h
  secret token create -policy=ci -period=24h -orphan -display-name=ci
  TOKEN=$(secret token create -policy=web -use-limit=1 -field=token)
  secret token create -policy=web -wrap-ttl=60s")]
pub(crate) struct Create {
    /// A policy; may be repeated. Without, those of your own token
    #[arg(long, value_name = "NAME")]
    policy: Vec<String>,
    /// How long it lives
    #[arg(long, value_parser = duration)]
    ttl: Option<String>,
    /// How long it lives at most, however often it is renewed
    #[arg(long, value_name = "TTL", value_parser = duration)]
    explicit_max_ttl: Option<String>,
    /// Each renewal gives it so long again, without end
    #[arg(long, value_name = "TTL", value_parser = duration)]
    period: Option<String>,
    /// Uses after which it is spent
    #[arg(long, value_name = "N")]
    use_limit: Option<u64>,
    /// What the audit log calls it
    #[arg(long, value_name = "NAME")]
    display_name: Option<String>,
    /// name=value, for the audit log; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    metadata: Vec<String>,
    /// Without parent: lives on when yours ends
    #[arg(long)]
    orphan: bool,
    /// Without the policy `default`
    #[arg(long)]
    no_default_policy: bool,
    /// Whether it can be renewed [default: true]
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    renewable: Option<bool>,
    /// service or batch
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// The role that says what it may be
    #[arg(long, value_name = "NAME")]
    role: Option<String>,
    /// The entity's alias that it is made for; needs a role
    #[arg(long, value_name = "NAME", requires = "role")]
    entity_alias: Option<String>,
    /// The token itself, instead of a random one; needs `sudo`
    #[arg(long, value_name = "TOKEN")]
    id: Option<String>,
}

async fn create(cx: &Context, args: Create) -> Result<(), Failure> {
    let path = match &args.role {
        Some(role) => format!("auth/token/create/{role}"),
        None => "auth/token/create".to_owned(),
    };
    cx.output.answer(&cx.wrapped(Method::Put, path).json(&args.fields()?).send().await?)
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret token lookup
  secret token lookup -accessor 5zPTZGg8uNVSXGbW1lyJKOcu")]
pub(crate) struct Lookup {
    #[command(flatten)]
    which: Which,
}

async fn lookup(cx: &Context, args: Lookup) -> Result<(), Failure> {
    let call = match args.which.body("lookup")? {
        None => cx.wrapped(Method::Get, "auth/token/lookup-self"),
        Some((path, body)) => cx.wrapped(Method::Put, path).json(&body),
    };
    cx.output.answer(&call.send().await?)
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret token renew
  secret token renew -increment=1h hvs.TOKEN")]
pub(crate) struct Renew {
    #[command(flatten)]
    which: Which,
    /// For how long, if the server agrees
    #[arg(long, short, value_name = "TTL", value_parser = duration)]
    increment: Option<String>,
}

async fn renew(cx: &Context, args: Renew) -> Result<(), Failure> {
    let named = args.which.body("renew")?;
    let (path, mut body) = named.unwrap_or_else(|| ("auth/token/renew-self".to_owned(), Map::new()));
    body.insert("increment".to_owned(), args.increment.map_or(json!(0), Value::String));
    cx.output.answer(&cx.wrapped(Method::Put, path).json(&body).send().await?)
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret token revoke -self
  secret token revoke -accessor 5zPTZGg8uNVSXGbW1lyJKOcu
  secret token revoke -mode=orphan hvs.TOKEN        leaves its children alone
  secret token revoke -mode=path auth/userpass/     all tokens of that login method")]
pub(crate) struct Revoke {
    #[command(flatten)]
    which: Which,
    /// Your own
    #[arg(long = "self")]
    own: bool,
    /// `orphan` leaves its children alone; `path` revokes all that were made below a path
    #[arg(long, value_parser = ["orphan", "path"])]
    mode: Option<String>,
}

async fn revoke(cx: &Context, args: Revoke) -> Result<(), Failure> {
    let Revoke { which, own, mode } = args;
    let call = match (own, mode.as_deref(), which.token.as_deref()) {
        (true, None, None) if !which.accessor => cx.client.call(Method::Put, "auth/token/revoke-self"),
        (true, ..) => return Err(Failure::new("-self stands alone")),
        (false, _, None) => return Err(Failure::new("which token?").hint("-self revokes your own")),
        (false, Some(_), _) if which.accessor => {
            return Err(Failure::new("-accessor and -mode do not go together"));
        }
        (false, Some("path"), Some(path)) => {
            cx.client.call(Method::Put, format!("sys/leases/revoke-prefix/{}", path.trim_matches('/')))
        }
        (false, Some(_), Some(token)) => {
            cx.client.call(Method::Put, "auth/token/revoke-orphan").json(&json!({ "token": token }))
        }
        (false, None, Some(_)) => {
            let (path, body) = which.body("revoke")?.unwrap_or_default();
            cx.client.call(Method::Put, path).json(&body)
        }
    };
    call.send().await?;
    note("Success! Revoked token (if it existed)");
    Ok(())
}

/// An endpoint, and the fields that name a token to it.
type Named = (String, Map<String, Value>);

impl Which {
    /// The endpoint for a token that was named, and what is sent to it.
    fn body(&self, verb: &str) -> Result<Option<Named>, Failure> {
        match (&self.token, self.accessor) {
            (None, false) => Ok(None),
            (None, true) => Err(Failure::new("-accessor needs an accessor")),
            (Some(token), accessor) => {
                let (path, field) = match accessor {
                    true => (format!("auth/token/{verb}-accessor"), "accessor"),
                    false => (format!("auth/token/{verb}"), "token"),
                };
                Ok(Some((path, Map::from_iter([(field.to_owned(), json!(token))]))))
            }
        }
    }
}

impl Create {
    fn fields(&self) -> Result<Map<String, Value>, Failure> {
        let mut out = Map::new();
        let mut add = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                out.insert(name.to_owned(), value);
            }
        };
        add("policies", (!self.policy.is_empty()).then(|| json!(self.policy)));
        add("ttl", self.ttl.clone().map(Value::from));
        add("explicit_max_ttl", self.explicit_max_ttl.clone().map(Value::from));
        add("period", self.period.clone().map(Value::from));
        add("num_uses", self.use_limit.map(Value::from));
        add("display_name", self.display_name.clone().map(Value::from));
        add("no_parent", self.orphan.then_some(Value::Bool(true)));
        add("no_default_policy", self.no_default_policy.then_some(Value::Bool(true)));
        add("renewable", self.renewable.map(Value::from));
        add("type", self.kind.clone().map(Value::from));
        add("entity_alias", self.entity_alias.clone().map(Value::from));
        add("id", self.id.clone().map(Value::from));
        if !self.metadata.is_empty() {
            add("meta", Some(Value::Object(crate::input::fields(&self.metadata)?)));
        }
        Ok(out)
    }
}
