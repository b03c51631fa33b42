//! `config`: whose tokens are taken, and where the keys are.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use strongroom_api::params::{Bool, List, Text};

use super::authority;
use crate::{
    auth::{jws::KeySet, name::Name},
    barrier::{Class, Filed, Place, Record, filed},
    crypto::{SecretBytes, public_key::Algorithm},
    dispatch::Cx,
    error::{Error, Result},
    mounts::Mount,
    outbound::Url,
    response::Response,
    route::{Field, Kind, Route, Stage, action, field, in_tx, prepared, read},
    store::{Store, Versioned},
    tx::Tx,
};

/// Keys that a token may be tried with, and servers that are asked at once.
const MAX_KEYS: usize = 64;
const MAX_PAIRS: usize = 16;

const FIELDS: &[Field] = &[
    field("bound_issuer", Kind::Text),
    field("default_role", Kind::Text),
    field("jwks_ca_pem", Kind::Text),
    field("jwks_client_cert", Kind::Text),
    field("jwks_client_key", Kind::Secret),
    field("jwks_pairs", Kind::List),
    field("jwks_url", Kind::Text),
    field("jwt_supported_algs", Kind::List),
    field("jwt_validation_pubkeys", Kind::List),
    field("namespace_in_state", Kind::Bool),
    field("oidc_client_id", Kind::Text),
    field("oidc_client_secret", Kind::Secret),
    field("oidc_discovery_ca_pem", Kind::Text),
    field("oidc_discovery_client_cert", Kind::Text),
    field("oidc_discovery_client_key", Kind::Secret),
    field("oidc_discovery_url", Kind::Text),
    field("oidc_response_mode", Kind::Text),
    field("oidc_response_types", Kind::List),
    field("provider_config", Kind::Map),
    field("skip_jwks_validation", Kind::Bool),
];

pub(super) const ROUTES: &[Route] = &[Route {
    pattern: "config",
    summary: "Whose tokens are taken, and where the keys that they are signed with are found.",
    endpoints: &[read(in_tx!(show)), action(prepared!(check)).fields(FIELDS)],
}];

/// The configuration, without the key that belongs to a client certificate.
#[derive(Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) struct Config {
    #[n(0)]
    pub(super) origin: Origin,
    #[n(1)]
    pub(super) bound_issuer: String,
    /// None: all that there are.
    #[n(2)]
    supported_algs: Vec<String>,
    #[n(3)]
    pub(super) default_role: String,
    #[n(4)]
    namespace_in_state: bool,
}

/// Where the keys are.
#[derive(Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) enum Origin {
    /// Here, as PEM.
    #[n(0)]
    Fixed(#[n(0)] Vec<String>),
    #[n(1)]
    KeySet(#[n(0)] Server),
    /// Any of these may have signed.
    #[n(2)]
    KeySets(#[n(0)] Vec<Server>),
    /// Where the document below this address says, on the same server.
    #[n(3)]
    Discovery(#[n(0)] Server),
}

/// What is asked, and how.
#[derive(Debug, Default, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) struct Server {
    #[n(0)]
    pub(super) url: String,
    /// Empty: the authorities that the machine believes.
    #[n(1)]
    pub(super) ca_pem: String,
    /// Empty: we show none.
    #[n(2)]
    pub(super) client_cert: String,
}

/// The key of the client certificate: apart, so that what is kept decoded holds no secret.
#[derive(Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) struct ClientKey {
    #[cbor(n(0), with = "crate::codec::secret")]
    pub(super) key: SecretBytes,
}

impl Record for Config {}
impl Record for ClientKey {}

pub(super) const KINDS: &[Filed] = &[filed::<Config>(Class::Config), filed::<ClientKey>(Class::Config)];

impl Config {
    pub(super) fn takes(&self, algorithm: Algorithm) -> bool {
        self.supported_algs.is_empty() || self.supported_algs.iter().any(|it| it == algorithm.name())
    }

    /// The keys that it holds itself.
    pub(super) fn fixed(&self) -> Result<KeySet> {
        match &self.origin {
            Origin::Fixed(keys) => {
                KeySet::of_pem(keys).map_err(|_| Error::Internal("a key that was taken is none"))
            }
            _ => Ok(KeySet::default()),
        }
    }
}

pub(super) fn place(store: &Store, mount: &Mount) -> Place {
    store.place(Class::Config, mount.root(), "config")
}

pub(super) fn key_place(store: &Store, mount: &Mount) -> Place {
    store.place(Class::Config, mount.root(), "client-key")
}

pub(super) async fn current(
    store: &Store,
    mount: &Mount,
) -> Result<Option<Versioned<std::sync::Arc<Config>>>> {
    store.cached(&place(store, mount)).await
}

#[derive(Deserialize)]
struct Fields {
    bound_issuer: Option<Text>,
    default_role: Option<Text>,
    jwks_ca_pem: Option<Text>,
    jwks_client_cert: Option<Text>,
    jwks_client_key: Option<Text>,
    jwks_pairs: Option<Vec<Pair>>,
    jwks_url: Option<Text>,
    jwt_supported_algs: Option<List>,
    jwt_validation_pubkeys: Option<List>,
    namespace_in_state: Option<Bool>,
    oidc_client_id: Option<Text>,
    oidc_client_secret: Option<Text>,
    oidc_discovery_ca_pem: Option<Text>,
    oidc_discovery_client_cert: Option<Text>,
    oidc_discovery_client_key: Option<Text>,
    oidc_discovery_url: Option<Text>,
    oidc_response_mode: Option<Text>,
    oidc_response_types: Option<List>,
    provider_config: Option<serde_json::Map<String, serde_json::Value>>,
    skip_jwks_validation: Option<Bool>,
}

#[derive(Deserialize)]
struct Pair {
    jwks_url: String,
    #[serde(default)]
    jwks_ca_pem: String,
}

/// A configuration that was looked at, and perhaps the issuer asked.
struct Checked {
    config: Config,
    key: Option<ClientKey>,
    warning: Option<String>,
}

async fn check(cx: &Cx<'_>) -> Result<Checked> {
    let fields: Fields = cx.fields()?;
    no_browsers(&fields)?;
    let is_lenient = fields.skip_jwks_validation.unwrap_or_default().0;
    let config = Config {
        bound_issuer: text(&fields.bound_issuer).to_owned(),
        supported_algs: algorithms(fields.jwt_supported_algs.as_ref())?,
        default_role: match text(&fields.default_role) {
            "" => String::new(),
            role => {
                Name::new(role).map_err(|_| Error::invalid("default_role is no role's name"))?.to_string()
            }
        },
        namespace_in_state: fields.namespace_in_state.is_none_or(|it| it.0),
        origin: origin(&fields)?,
    };
    let key = [fields.jwks_client_key, fields.oidc_discovery_client_key].into_iter().flatten();
    let key = key.map(|it| ClientKey { key: it.0.into() }).find(|it| !it.key.is_empty());
    let mut warning = None;
    if let Err(failed) = authority::try_out(cx.core, &config, key.as_ref()).await {
        let what = match &config.origin {
            Origin::Discovery(_) => "error checking oidc discovery URL",
            _ => "error checking jwks URL",
        };
        let told = format!("{what}: {failed}");
        if !is_lenient {
            return Err(Error::invalid(told));
        }
        warning = Some(told);
    }
    Ok(Checked { config, key, warning })
}

impl Stage for Checked {
    fn stage<'a>(
        &'a self,
        cx: &'a Cx<'a>,
        tx: &'a mut Tx,
    ) -> futures_util::future::BoxFuture<'a, Result<Response>> {
        Box::pin(async move {
            let (mount, store) = (cx.mount()?, tx.store().clone());
            tx.put(&place(&store, mount), &self.config)?;
            match &self.key {
                Some(key) => tx.put(&key_place(&store, mount), key)?,
                None => tx.delete(&key_place(&store, mount)),
            }
            Ok(match &self.warning {
                Some(warning) => Response::empty().warn(warning.as_str()),
                None => Response::empty(),
            })
        })
    }
}

fn text(field: &Option<Text>) -> &str {
    field.as_ref().map(|it| it.0.trim()).unwrap_or_default()
}

/// Logins by way of a browser are not served: what is meant for them is refused rather than passed over.
fn no_browsers(fields: &Fields) -> Result<()> {
    let set = [&fields.oidc_client_id, &fields.oidc_client_secret, &fields.oidc_response_mode];
    let is_set = set.into_iter().any(|it| !text(it).is_empty())
        || fields.oidc_response_types.as_ref().is_some_and(|it| !it.0.is_empty())
        || fields.provider_config.as_ref().is_some_and(|it| !it.is_empty());
    match is_set {
        true => Err(Error::invalid(
            "logins with a browser (OIDC) are not served: oidc_client_id, oidc_client_secret, oidc_response_mode, oidc_response_types and provider_config must be empty",
        )),
        false => Ok(()),
    }
}

fn algorithms(list: Option<&List>) -> Result<Vec<String>> {
    let names = list.map(|it| it.0.as_slice()).unwrap_or_default();
    match names.iter().all(|it| Algorithm::parse(it).is_some()) {
        true => Ok(names.to_vec()),
        false => {
            let known: Vec<&str> = Algorithm::ALL.iter().map(|it| it.name()).collect();
            let known = known.join(", ");
            Err(Error::invalid(format!("unsupported signing algorithm: jwt_supported_algs takes {known}")))
        }
    }
}

fn origin(fields: &Fields) -> Result<Origin> {
    let keys = fields.jwt_validation_pubkeys.as_ref().map(|it| it.0.as_slice()).unwrap_or_default();
    let pairs = fields.jwks_pairs.as_deref().unwrap_or_default();
    let (jwks, discovery) = (text(&fields.jwks_url), text(&fields.oidc_discovery_url));
    let given = [!keys.is_empty(), !pairs.is_empty(), !jwks.is_empty(), !discovery.is_empty()];
    if given.iter().filter(|it| **it).count() != 1 {
        return Err(Error::invalid(
            "exactly one of 'jwt_validation_pubkeys', 'jwks_url', 'jwks_pairs', 'oidc_discovery_url', or 'provider_config' must be set",
        ));
    }
    if keys.len() > MAX_KEYS || pairs.len() > MAX_PAIRS {
        return Err(Error::invalid("at most 64 keys, or 16 key sets"));
    }
    let jwks = server(jwks, &fields.jwks_ca_pem, &fields.jwks_client_cert, &fields.jwks_client_key);
    let jwks = jwks.map_err(|why| Error::invalid(format!("error checking jwks URL: {why}")))?;
    let discovery = server(
        discovery,
        &fields.oidc_discovery_ca_pem,
        &fields.oidc_discovery_client_cert,
        &fields.oidc_discovery_client_key,
    );
    let discovery =
        discovery.map_err(|why| Error::invalid(format!("error checking oidc discovery URL: {why}")))?;
    match (jwks, discovery) {
        (Some(server), None) => Ok(Origin::KeySet(server)),
        (None, Some(server)) => Ok(Origin::Discovery(server)),
        _ if keys.is_empty() => pairs.iter().map(pair).collect::<Result<_>>().map(Origin::KeySets),
        _ => {
            KeySet::of_pem(keys).map_err(|why| Error::invalid(format!("error parsing public key: {why}")))?;
            Ok(Origin::Fixed(keys.to_vec()))
        }
    }
}

/// A server, if its address is given.
fn server(
    url: &str,
    ca_pem: &Option<Text>,
    client_cert: &Option<Text>,
    client_key: &Option<Text>,
) -> Result<Option<Server>, Cow<'static, str>> {
    // As they were written: they are read back.
    let [ca_pem, client_cert, client_key] =
        [ca_pem, client_cert, client_key].map(|it| it.as_ref().map(|it| it.0.as_str()).unwrap_or_default());
    if url.is_empty() {
        return match [ca_pem, client_cert, client_key].iter().all(|it| it.is_empty()) {
            true => Ok(None),
            false => Err("certificates and keys are given without an address".into()),
        };
    }
    if client_cert.is_empty() != client_key.is_empty() {
        return Err("a client certificate and its key are given together".into());
    }
    Url::parse(url).map_err(|it| it.to_string())?;
    Ok(Some(Server { url: url.to_owned(), ca_pem: ca_pem.to_owned(), client_cert: client_cert.to_owned() }))
}

fn pair(pair: &Pair) -> Result<Server> {
    Url::parse(&pair.jwks_url).map_err(|it| Error::invalid(format!("error checking jwks URL: {it}")))?;
    Ok(Server { url: pair.jwks_url.clone(), ca_pem: pair.jwks_ca_pem.clone(), client_cert: String::new() })
}

/// The settings as Vault shows them; what is not served is empty.
#[derive(Default, Serialize)]
struct Shown<'a> {
    bound_issuer: &'a str,
    default_role: &'a str,
    jwks_ca_pem: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    jwks_client_cert: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    jwks_pairs: Vec<ShownPair<'a>>,
    jwks_url: &'a str,
    jwt_supported_algs: &'a [String],
    jwt_validation_pubkeys: &'a [String],
    namespace_in_state: bool,
    oidc_client_id: &'a str,
    oidc_discovery_ca_pem: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    oidc_discovery_client_cert: &'a str,
    oidc_discovery_url: &'a str,
    oidc_response_mode: &'a str,
    oidc_response_types: &'a [String],
    provider_config: serde_json::Map<String, serde_json::Value>,
}

#[derive(Serialize)]
struct ShownPair<'a> {
    jwks_ca_pem: &'a str,
    jwks_url: &'a str,
}

async fn show(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let place = place(tx.store(), cx.mount()?);
    let config = tx.cached::<Config>(&place).await?.ok_or(Error::NotFound)?;
    let mut shown = Shown {
        bound_issuer: &config.bound_issuer,
        default_role: &config.default_role,
        jwt_supported_algs: &config.supported_algs,
        namespace_in_state: config.namespace_in_state,
        ..Shown::default()
    };
    match &config.origin {
        Origin::Fixed(keys) => shown.jwt_validation_pubkeys = keys,
        Origin::KeySet(server) => {
            shown.jwks_url = &server.url;
            shown.jwks_ca_pem = &server.ca_pem;
            shown.jwks_client_cert = &server.client_cert;
        }
        Origin::KeySets(servers) => {
            shown.jwks_pairs =
                servers.iter().map(|it| ShownPair { jwks_url: &it.url, jwks_ca_pem: &it.ca_pem }).collect();
        }
        Origin::Discovery(server) => {
            shown.oidc_discovery_url = &server.url;
            shown.oidc_discovery_ca_pem = &server.ca_pem;
            shown.oidc_discovery_client_cert = &server.client_cert;
        }
    }
    Response::data(&shown)
}
