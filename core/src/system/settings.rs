//! `sys/config`: cross-origin requests, headers that the audit log takes in, headers of the console. The server
//! and the audit log read them here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strongroom_api::params::{Bool, List};

use crate::{
    audit,
    barrier::{Class, Filed, Place, Record, Root, filed},
    dispatch::Cx,
    error::{Error, Result},
    response::Response,
    route::{Kind, Route, action, delete, field, in_tx, list, read},
    store::Store,
    tx::Tx,
};

const ROOT: Root = Root::internal(18);

pub(crate) const ROUTES: &[Route] = &[
    Route {
        pattern: "config/cors",
        summary: "Which web pages of other origins may call the API.",
        endpoints: &[
            read(in_tx!(read_cors)).sudo(),
            action(in_tx!(write_cors)).sudo().fields(&[
                field("enable", Kind::Bool),
                field("allowed_origins", Kind::List),
                field("allowed_headers", Kind::List),
                field("allow_credentials", Kind::Bool),
            ]),
            delete(in_tx!(delete_cors)).sudo(),
        ],
    },
    Route {
        pattern: "config/auditing/request-headers",
        summary: "The request headers that the audit log takes in.",
        endpoints: &[read(in_tx!(all_headers)).sudo()],
    },
    Route {
        pattern: "config/auditing/request-headers/{header}",
        summary: "Whether the audit log takes in a request header, and whether in clear.",
        endpoints: &[
            read(in_tx!(read_header)).sudo(),
            action(in_tx!(write_header)).sudo().fields(&[field("hmac", Kind::Bool)]),
            delete(in_tx!(delete_header)).sudo(),
        ],
    },
    Route {
        pattern: "config/ui/headers",
        summary: "The headers that the console's pages are sent with.",
        endpoints: &[list(in_tx!(all_ui_headers)).sudo()],
    },
    Route {
        pattern: "config/ui/headers/{header}",
        summary: "One of them.",
        endpoints: &[
            read(in_tx!(read_ui_header)).sudo(),
            action(in_tx!(write_ui_header))
                .sudo()
                .fields(&[field("values", Kind::List), field("multivalue", Kind::Bool)]),
            delete(in_tx!(delete_ui_header)).sudo(),
        ],
    },
];

/// Cross-origin requests: who may.
#[derive(Clone, Debug, Default, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub struct Cors {
    /// `*` alone, or origins.
    #[n(0)]
    pub origins: Vec<String>,
    /// Besides [`CORS_HEADERS`].
    #[n(1)]
    pub headers: Vec<String>,
    #[n(2)]
    pub credentials: bool,
}

impl Record for Cors {}

/// Headers that a page of another origin may always send.
pub const CORS_HEADERS: [&str; 10] = [
    "Content-Type",
    "Authorization",
    "X-Vault-Token",
    "X-Vault-MFA",
    "X-Vault-No-Request-Forwarding",
    "X-Vault-Wrap-Format",
    "X-Vault-Wrap-TTL",
    "X-Requested-With",
    "X-Vault-AWS-IAM-Server-ID",
    "X-Vault-Policy-Override",
];

/// Request headers for the audit log, lower-cased: with their values MACed, or in clear.
#[derive(Clone, Debug, Default, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub struct AuditedHeaders {
    #[n(0)]
    pub hmac: BTreeMap<String, bool>,
}

impl Record for AuditedHeaders {}

#[derive(Clone, Debug, Default, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub struct UiHeaders {
    #[n(0)]
    pub headers: BTreeMap<String, Vec<String>>,
}

impl Record for UiHeaders {}

pub(crate) const KINDS: &[Filed] = &[
    filed::<Cors>(Class::System),
    filed::<AuditedHeaders>(Class::System),
    filed::<UiHeaders>(Class::System),
];

/// The settings for cross-origin requests: `None` forbids them.
pub async fn cors(store: &Store) -> Result<Option<Cors>> {
    Ok(store.read::<Cors>(&place(store, "cors")).await?.map(|it| it.value))
}

/// Which request headers the audit log takes in.
pub async fn audited_headers(store: &Store) -> Result<AuditedHeaders> {
    Ok(store
        .read::<AuditedHeaders>(&place(store, "audited-headers"))
        .await?
        .map(|it| it.value)
        .unwrap_or_default())
}

#[derive(Serialize)]
struct CorsView {
    enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_origins: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_headers: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_credentials: Option<bool>,
}

async fn read_cors(_cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let place = place(tx.store(), "cors");
    let view = match tx.get::<Cors>(&place).await? {
        None => {
            CorsView { enabled: false, allowed_origins: None, allowed_headers: None, allow_credentials: None }
        }
        Some(cors) => {
            let mut headers: Vec<String> = CORS_HEADERS.iter().map(|it| (*it).to_owned()).collect();
            headers.extend(cors.headers);
            CorsView {
                enabled: true,
                allowed_origins: Some(cors.origins),
                allowed_headers: Some(headers),
                allow_credentials: Some(cors.credentials),
            }
        }
    };
    Response::repeated(&view)
}

#[derive(Deserialize)]
struct CorsFields {
    allowed_origins: Option<List>,
    allowed_headers: Option<List>,
    allow_credentials: Option<Bool>,
}

async fn write_cors(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let fields: CorsFields = cx.fields()?;
    let origins = fields.allowed_origins.unwrap_or_default().0;
    if origins.is_empty() {
        return Err(Error::invalid("at least one origin or the wildcard must be provided"));
    }
    if origins.len() > 1 && origins.iter().any(|it| it == "*") {
        let message = "to allow all origins the '*' must be the only value for allowed_origins";
        return Err(Error::invalid(message));
    }
    let credentials = fields.allow_credentials.unwrap_or_default().0;
    if credentials && origins.iter().any(|it| it == "*") {
        return Err(Error::invalid("credentials cannot be allowed to all origins"));
    }
    let headers = fields.allowed_headers.unwrap_or_default().0;
    let place = place(tx.store(), "cors");
    tx.put(&place, &Cors { origins, headers, credentials })?;
    Ok(Response::empty())
}

async fn delete_cors(_cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let place = place(tx.store(), "cors");
    tx.delete(&place);
    Ok(Response::empty())
}

#[derive(Serialize)]
struct Headers {
    headers: BTreeMap<String, HeaderView>,
}

#[derive(Serialize)]
struct HeaderView {
    hmac: bool,
}

async fn headers(tx: &mut Tx) -> Result<(Place, AuditedHeaders)> {
    let place = place(tx.store(), "audited-headers");
    let headers = tx.get(&place).await?.unwrap_or_default();
    Ok((place, headers))
}

async fn all_headers(_cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let all = headers(tx).await?.1.hmac;
    let headers = all.into_iter().map(|(name, hmac)| (name, HeaderView { hmac })).collect();
    Response::repeated(&Headers { headers })
}

async fn read_header(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let name = cx.param("header");
    let all = headers(tx).await?.1.hmac;
    let hmac = all.get(&name.to_ascii_lowercase());
    let hmac = *hmac.ok_or_else(|| Error::invalid("Could not find header in config"))?;
    Response::repeated(&BTreeMap::from([(name, HeaderView { hmac })]))
}

#[derive(Deserialize)]
struct HeaderFields {
    hmac: Option<Bool>,
}

async fn write_header(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let fields: HeaderFields = cx.fields()?;
    let (place, mut all) = headers(tx).await?;
    let name = header(cx)?;
    if CREDENTIALS.contains(&name.as_str()) {
        return Err(Error::invalid("a header that carries a credential cannot be audited"));
    }
    if all.hmac.len() >= MOST_HEADERS && !all.hmac.contains_key(&name) {
        return Err(Error::invalid("too many headers"));
    }
    all.hmac.insert(name, fields.hmac.unwrap_or_default().0);
    tx.put(&place, &all)?;
    audit::touch(tx).await?;
    Ok(Response::empty())
}

/// Each request is searched for them.
const MOST_HEADERS: usize = 64;

/// Headers that never get into the audit log.
const CREDENTIALS: [&str; 3] = ["authorization", "cookie", "x-vault-token"];

async fn delete_header(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let (place, mut all) = headers(tx).await?;
    all.hmac.remove(&cx.param("header").to_ascii_lowercase());
    tx.put(&place, &all)?;
    audit::touch(tx).await?;
    Ok(Response::empty())
}

/// A header's name, lower-cased: a token of RFC 9110.
fn header(cx: &Cx<'_>) -> Result<String> {
    let name = cx.param("header");
    let good = |it: u8| it.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&it);
    match name.len() <= 128 && name.bytes().all(good) {
        true => Ok(name.to_ascii_lowercase()),
        false => Err(Error::invalid("that is no name of a header")),
    }
}

async fn ui_headers(tx: &mut Tx) -> Result<(Place, UiHeaders)> {
    let place = place(tx.store(), "ui-headers");
    let headers = tx.get(&place).await?.unwrap_or_default();
    Ok((place, headers))
}

async fn all_ui_headers(_cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let all = ui_headers(tx).await?.1;
    Response::keys(&all.headers.into_keys().collect::<Vec<_>>())
}

#[derive(Serialize)]
struct UiHeader {
    value: String,
}

async fn read_ui_header(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let all = ui_headers(tx).await?.1;
    let values = all.headers.get(&canonical(&header(cx)?)).ok_or(Error::NotFound)?;
    Response::data(&UiHeader { value: values.join(",") })
}

#[derive(Deserialize)]
struct UiFields {
    values: Option<List>,
}

async fn write_ui_header(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let fields: UiFields = cx.fields()?;
    let name = header(cx)?;
    let values = fields.values.unwrap_or_default().0;
    if values.is_empty() {
        return Err(Error::invalid("header and values must be specified"));
    }
    if name.starts_with("x-vault-") {
        return Err(Error::invalid("X-Vault headers cannot be set"));
    }
    let (place, mut all) = ui_headers(tx).await?;
    all.headers.insert(canonical(&name), values);
    tx.put(&place, &all)?;
    Ok(Response::empty())
}

async fn delete_ui_header(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let (place, mut all) = ui_headers(tx).await?;
    all.headers.remove(&canonical(&header(cx)?));
    tx.put(&place, &all)?;
    Ok(Response::empty())
}

/// `x-frame-options` as `X-Frame-Options`.
fn canonical(name: &str) -> String {
    let mut start = true;
    name.chars()
        .map(|it| {
            let shown = if start { it.to_ascii_uppercase() } else { it };
            start = it == '-';
            shown
        })
        .collect()
}

fn place(store: &Store, name: &str) -> Place {
    store.place(Class::System, ROOT, name)
}
