//! `login`: a token, or a method that makes one; kept in `~/.vault-token`, where every Vault client finds it.

use serde_json::{Map, Value, json};
use strongroom_sdk::{Answer, Method, SecretString, env::Process, token_file};

use crate::{
    context::Context,
    failure::Failure,
    input,
    output::{note, raw},
    sink,
};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret login                              asks for a token
  secret login - < token
  secret login -method=userpass username=ann
  secret login -method=approle role_id=R secret_id=-
  secret login -method=cert -client-cert=node.pem -client-key=node.key name=nodes
  secret login -method=jwt -path=jwt-nomad role=nomad-workloads jwt=@identity
  secret login -method=kubernetes role=shop.web jwt=@/var/run/secrets/kubernetes.io/serviceaccount/token
  TOKEN=$(secret login -token-only -method=userpass -path=people username=ann)")]
pub(crate) struct Login {
    /// token, userpass, approle, cert, jwt, kubernetes, or another that takes its fields in one request
    #[arg(long, default_value = "token", value_name = "NAME")]
    method: String,
    /// Where the method is mounted [default: its own name]
    #[arg(long)]
    path: Option<String>,
    /// Do not keep the token
    #[arg(long)]
    no_store: bool,
    /// Do not print the token
    #[arg(long, conflicts_with = "no_store")]
    no_print: bool,
    /// Print the token alone, and do not keep it
    #[arg(long)]
    token_only: bool,
    /// name=value for the method; `-` reads a token from standard input
    fields: Vec<String>,
}

pub(crate) async fn login(cx: &Context, args: Login) -> Result<(), Failure> {
    let (answer, token) = match args.method.as_str() {
        "token" => by_token(cx, &args.fields).await?,
        method => match by_method(cx, method, &args).await? {
            (answer, Some(token)) => (answer.json()?, token),
            // The answer is wrapped: whoever unwraps it logs in.
            (answer, None) => return cx.output.answer(&answer),
        },
    };
    if args.token_only {
        return raw(token.expose());
    }
    if !args.no_store {
        let file = token_file(&Process).ok_or_else(|| {
            Failure::new("HOME is not set: there is no place to keep the token")
                .hint("-no-store does without")
        })?;
        sink::keep(&file, &token)?;
        note("Success! You are now authenticated. The token is kept in ~/.vault-token.");
    }
    if args.no_print {
        return Ok(());
    }
    cx.output.whole(&answer)
}

/// The token, and what Vault's command makes of it: an answer that looks like a login.
async fn by_token(cx: &Context, fields: &[String]) -> Result<(Value, SecretString), Failure> {
    let token = match fields {
        [] => input::secret("Token (will be hidden)")?,
        [one] if one == "-" => SecretString::new(input::stdin()?.trim()),
        [one] if one == "token=-" => SecretString::new(input::stdin()?.trim()),
        [one] => SecretString::new(one.strip_prefix("token=").unwrap_or(one)),
        _ => return Err(Failure::new("the token method takes one token")),
    };
    let answer =
        cx.client.call(Method::Get, "auth/token/lookup-self").with_token(token.clone()).send().await?;
    let known: Value = answer.data()?;
    let of = |name: &str| known.get(name).cloned().unwrap_or_default();
    let auth = json!({
        "client_token": token.expose(),
        "accessor": of("accessor"),
        "policies": of("policies"),
        "token_policies": of("policies"),
        "identity_policies": of("identity_policies"),
        "metadata": of("meta"),
        "orphan": of("orphan"),
        "entity_id": of("entity_id"),
        "lease_duration": of("ttl"),
        "renewable": known.get("renewable").cloned().unwrap_or(Value::Bool(false)),
    });
    let login = json!({
        "request_id": "", "lease_id": "", "lease_duration": 0, "renewable": false,
        "data": null, "warnings": null, "auth": auth,
    });
    Ok((login, token))
}

async fn by_method(
    cx: &Context,
    method: &str,
    args: &Login,
) -> Result<(Answer, Option<SecretString>), Failure> {
    let mount = args.path.as_deref().unwrap_or(method).trim_matches('/').trim_start_matches("auth/");
    let mut fields: Map<String, Value> = input::fields(&args.fields)?;
    // A file or a pipe ends in a line break; a credential does not.
    for value in fields.values_mut() {
        if let Value::String(text) = value {
            text.truncate(text.trim_end_matches(['\r', '\n']).len());
        }
    }
    let path = match method {
        "userpass" | "ldap" | "radius" => {
            let name = match fields.remove("username") {
                Some(Value::String(name)) => name,
                _ => return Err(Failure::new("who? say username=NAME")),
            };
            if !fields.contains_key("password") {
                let password = input::secret("Password (will be hidden)")?;
                fields.insert("password".to_owned(), Value::String(password.expose().to_owned()));
            }
            format!("auth/{mount}/login/{name}")
        }
        _ => format!("auth/{mount}/login"),
    };
    let answer = cx.wrapped(Method::Put, path).anonymous().json(&fields).send().await?;
    let envelope = answer.envelope()?;
    match (envelope.auth, envelope.wrap_info) {
        (Some(auth), _) => Ok((answer, Some(auth.client_token))),
        (None, Some(_)) => Ok((answer, None)),
        (None, None) => Err(Failure::new("the server answered no token")),
    }
}
