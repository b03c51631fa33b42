//! Who the agent is, whom it asks, and how it knows that one.

use serde_json::{Map, Value, json};

use super::{Agent, Reading, text};
use crate::{decide::Refusal, json::Json as _, pod::TOKENS};

/// Where the agent's own service-account token is.
pub(crate) const FOLDER: &str = "/var/run/secrets/strongroom.dev";
pub(crate) const TOKEN: &str = "token";

/// Methods whose settings are files of the pod, or nothing secret.
const METHODS: [&str; 5] = ["kubernetes", "jwt", "approle", "token_file", "userpass"];

#[derive(Debug)]
pub(crate) struct Login {
    pub(crate) kind: String,
    pub(crate) mount: String,
    pub(crate) config: Map<String, Value>,
    pub(crate) min_backoff: Option<String>,
    pub(crate) max_backoff: Option<String>,
    pub(crate) token: Token,
}

/// The service account's token that the agent shows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Token {
    /// The method needs none.
    None,
    /// One of its own, short-lived and for our audience.
    Projected,
    /// One of the pod's volumes, mounted there.
    Volume { name: String, at: String },
}

/// The server.
#[derive(Debug)]
pub(crate) struct Trust {
    pub(crate) address: String,
    pub(crate) namespace: Option<String>,
    pub(crate) secret: Option<String>,
    pub(crate) ca_cert: Option<String>,
    pub(crate) client: Option<(String, String)>,
    pub(crate) server_name: Option<String>,
    pub(crate) skip_verify: bool,
    pub(crate) retries: Option<i64>,
}

pub(super) fn read(cx: &Reading<'_>, agent: &Agent) -> Result<(Login, Trust), Refusal> {
    Ok((login(cx, agent)?, trust(cx)?))
}

fn login(cx: &Reading<'_>, agent: &Agent) -> Result<Login, Refusal> {
    let kind = cx.read("auth-type", |it| match METHODS.contains(&it) {
        true => Ok(it.to_owned()),
        false => Err("is no method that agents in pods have: kubernetes, jwt, approle, token_file, userpass"),
    })?;
    let kind = kind.unwrap_or_else(|| "kubernetes".to_owned());
    let usual = match kind.as_str() {
        "kubernetes" => cx.settings.auth_path.clone(),
        other => format!("auth/{other}"),
    };
    let shows_token = matches!(kind.as_str(), "kubernetes" | "jwt");
    let token = if shows_token { token(cx)? } else { Token::None };
    let mut config = Map::new();
    for (key, value) in cx.given.each("auth-config-") {
        let refuse = |why| Refusal::annotation(&format!("auth-config-{key}"), why);
        let value = text::line(value).map_err(refuse)?;
        let key = key.replace('-', "_");
        if !key.bytes().all(|it| it.is_ascii_lowercase() || it == b'_') {
            return Err(refuse("is no setting of a method"));
        }
        // Whatever names a file names one of the pod's.
        let names_file = value.starts_with('/') || key.ends_with("path") || key.ends_with("file");
        let is_wrapping = key == "secret_id_response_wrapping_path";
        let value = match names_file && !is_wrapping {
            true if token.has(&value) => value,
            true => cx.mounted_file(&value).map_err(refuse)?,
            false => value,
        };
        config.insert(key, value.into());
    }
    if let Some(role) = cx.read("role", text::line)? {
        config.insert("role".to_owned(), role.into());
    }
    if shows_token && agent.config_map.is_none() && !config.contains_key("role") {
        return Err(Refusal::annotation("role", "is missing: without it the agent cannot log in"));
    }
    // The agent's mounts are read-only, and there is a second agent.
    let removes = match kind.as_str() {
        "approle" => Some("remove_secret_id_file_after_reading"),
        "jwt" => Some("remove_jwt_after_reading"),
        _ => None,
    };
    if let Some(key) = removes {
        config.entry(key).or_insert_with(|| false.into());
    }
    if let Some(path) = token.path() {
        let key = if kind == "jwt" { "path" } else { "token_path" };
        config.entry(key).or_insert_with(|| path.into());
    }
    Ok(Login {
        mount: cx.read("auth-path", text::auth_path)?.unwrap_or(usual),
        kind,
        config,
        min_backoff: cx.read("auth-min-backoff", text::duration)?,
        max_backoff: cx.read("auth-max-backoff", text::duration)?,
        token,
    })
}

impl Token {
    /// The token's file in the agent's container.
    pub(crate) fn path(&self) -> Option<String> {
        match self {
            Self::None => None,
            Self::Projected => Some(format!("{FOLDER}/{TOKEN}")),
            Self::Volume { at, .. } => Some(format!("{at}/{TOKEN}")),
        }
    }

    fn has(&self, path: &str) -> bool {
        self.path().is_some_and(|it| it == path)
    }
}

// Rule 122
/// A token for us alone, unless the pod says which of its volumes holds another.
fn token(cx: &Reading<'_>) -> Result<Token, Refusal> {
    let name = "agent-service-account-token-volume-name";
    let Some(volume) = cx.read(name, text::object)? else { return Ok(Token::Projected) };
    let found = cx.pod.volume(&volume);
    let found =
        found.ok_or_else(|| Refusal::annotation(name, "names a volume that the pod does not have"))?;
    let sources = found.at("projected").at("sources").as_array();
    let tokens =
        sources.into_iter().flatten().filter_map(|it| it.at("serviceAccountToken").at("path").as_str());
    match tokens.collect::<Vec<_>>().as_slice() {
        [TOKEN] => Ok(Token::Volume { name: volume, at: TOKENS.to_owned() }),
        _ => Err(Refusal::annotation(
            name,
            "names a volume without a projected service-account token called `token`",
        )),
    }
}

// Rule 123
fn trust(cx: &Reading<'_>) -> Result<Trust, Refusal> {
    let allowed = &cx.settings.allowed;
    let address = match cx.read("service", text::line)? {
        None => cx.settings.address.clone(),
        Some(it) if it.trim_end_matches('/') == cx.settings.address.trim_end_matches('/') => {
            cx.settings.address.clone()
        }
        Some(it) if allowed.has_service(&it) => it,
        Some(_) => {
            return Err(Refusal::annotation(
                "service",
                "is no server that the operator of the webhook allows",
            ));
        }
    };
    let names = ["tls-secret", "ca-cert", "client-cert", "client-key", "tls-server-name", "tls-skip-verify"];
    for name in names {
        cx.needs(name, allowed.tls)?;
    }
    let file = |name| cx.read(name, |it| cx.mounted_file(it));
    let client = match (file("client-cert")?, file("client-key")?) {
        (Some(cert), Some(key)) => Some((cert, key)),
        (None, None) => None,
        (Some(_), None) => return Err(Refusal::annotation("client-cert", "stands without client-key")),
        (None, Some(_)) => return Err(Refusal::annotation("client-key", "stands without client-cert")),
    };
    Ok(Trust {
        address,
        namespace: cx.read("namespace", |it| text::api_path(it).and_then(|it| text::line(&it)))?,
        secret: cx.read("tls-secret", text::object)?,
        ca_cert: file("ca-cert")?,
        client,
        server_name: cx.read("tls-server-name", text::object)?.or_else(|| cx.settings.server_name.clone()),
        skip_verify: cx.flag("tls-skip-verify")?.unwrap_or(false),
        retries: cx.read("client-max-retries", text::number)?,
    })
}

impl Trust {
    /// The `vault` stanza, without what the environment says.
    pub(crate) fn stanza(&self) -> Value {
        let mut stanza = Map::new();
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                stanza.insert(key.to_owned(), value);
            }
        };
        put("namespace", self.namespace.clone().map(Value::from));
        put("ca_cert", self.ca_cert.clone().map(Value::from));
        put("client_cert", self.client.clone().map(|(cert, _)| cert.into()));
        put("client_key", self.client.clone().map(|(_, key)| key.into()));
        put("tls_server_name", self.server_name.clone().map(Value::from));
        put("tls_skip_verify", self.skip_verify.then_some(true.into()));
        put("retry", self.retries.map(|it| json!({ "num_retries": it })));
        stanza.into()
    }
}
