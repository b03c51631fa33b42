//! `token`: make, look up, renew, revoke.

use serde_json::{Map, Value, json};
use strongroom_sdk::Method;

use crate::{
    context::Context,
    failure::Failure,
    output::{line, note, text},
};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Token {
    /// What a token may do on a path
    Capabilities {
        /// A path; or a token and a path
        #[arg(num_args = 1..=2, required = true)]
        args: Vec<String>,
    },
    /// Make a token
    Create(Create),
    /// What is known of a token: without one, of your own
    Lookup(Which),
    /// Renew a token: without one, your own
    Renew {
        #[command(flatten)]
        which: Which,
        #[arg(long, short = 'i')]
        increment: Option<String>,
    },
    /// Revoke a token and all that it made
    Revoke {
        #[command(flatten)]
        which: Which,
        /// Your own
        #[arg(long = "self")]
        own: bool,
        /// `orphan` leaves its children alone
        #[arg(long)]
        mode: Option<String>,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct Which {
    /// The token, or with -accessor its accessor
    token: Option<String>,
    /// What is given is an accessor
    #[arg(long)]
    accessor: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Create {
    #[arg(long)]
    policy: Vec<String>,
    #[arg(long)]
    ttl: Option<String>,
    #[arg(long)]
    explicit_max_ttl: Option<String>,
    #[arg(long)]
    period: Option<String>,
    /// Uses after which it is spent
    #[arg(long)]
    use_limit: Option<u64>,
    #[arg(long)]
    display_name: Option<String>,
    /// name=value, many times
    #[arg(long)]
    metadata: Vec<String>,
    /// Without parent: lives on when yours ends
    #[arg(long)]
    orphan: bool,
    #[arg(long)]
    no_default_policy: bool,
    #[arg(long)]
    renewable: Option<bool>,
    /// service or batch
    #[arg(long = "type")]
    kind: Option<String>,
    #[arg(long)]
    role: Option<String>,
    #[arg(long)]
    id: Option<String>,
}

pub(crate) async fn token(
    cx: &Context,
    wrap: Option<std::time::Duration>,
    command: Token,
) -> Result<(), Failure> {
    match command {
        Token::Capabilities { args } => capabilities(cx, &args).await,
        Token::Create(create) => {
            let path = match &create.role {
                Some(role) => format!("auth/token/create/{role}"),
                None => "auth/token/create".to_owned(),
            };
            let mut call = cx.client.call(Method::Put, path).json(&create.fields()?);
            if let Some(ttl) = wrap {
                call = call.wrap(ttl);
            }
            cx.output.answer(&call.send().await?)
        }
        Token::Lookup(which) => {
            let call = match which.body("lookup")? {
                None => cx.client.call(Method::Get, "auth/token/lookup-self"),
                Some((path, body)) => cx.client.call(Method::Put, path).json(&body),
            };
            cx.output.answer(&call.send().await?)
        }
        Token::Renew { which, increment } => {
            let (path, mut body) =
                which.body("renew")?.unwrap_or_else(|| ("auth/token/renew-self".to_owned(), Map::new()));
            body.insert("increment".to_owned(), increment.map_or(json!(0), Value::String));
            cx.output.answer(&cx.client.call(Method::Put, path).json(&body).send().await?)
        }
        Token::Revoke { which, own, mode } => {
            let call = match (own, mode.as_deref(), which.body("revoke")?) {
                (true, _, _) => cx.client.call(Method::Put, "auth/token/revoke-self"),
                (false, Some("orphan"), Some((_, body))) => {
                    cx.client.call(Method::Put, "auth/token/revoke-orphan").json(&body)
                }
                (false, _, Some((path, body))) => cx.client.call(Method::Put, path).json(&body),
                (false, _, None) => return Err(Failure::new("which token? -self revokes your own")),
            };
            call.send().await?;
            note("Success! Revoked token (if it existed)");
            Ok(())
        }
    }
}

async fn capabilities(cx: &Context, args: &[String]) -> Result<(), Failure> {
    let (endpoint, body) = match args {
        [path] => ("sys/capabilities-self", json!({ "path": path })),
        [token, path] => ("sys/capabilities", json!({ "token": token, "path": path })),
        _ => return Err(Failure::new("capabilities takes a path, or a token and a path")),
    };
    let data: Value = cx.client.call(Method::Put, endpoint).json(&body).send().await?.data()?;
    let found = data.get("capabilities").and_then(Value::as_array).into_iter().flatten();
    line(&found.map(text).collect::<Vec<_>>().join(", "))
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
        add("id", self.id.clone().map(Value::from));
        if !self.metadata.is_empty() {
            add("meta", Some(Value::Object(crate::input::fields(&self.metadata)?)));
        }
        Ok(out)
    }
}
