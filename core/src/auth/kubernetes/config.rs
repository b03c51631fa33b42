//! `config`: the cluster, and how its tokens are verified.

use serde::{Deserialize, Serialize};
use strongroom_api::params::{Bool, List, Text};

use crate::{
    auth::jws::KeySet,
    barrier::{Class, Filed, Place, Record, filed},
    crypto::SecretBytes,
    dispatch::Cx,
    error::{Error, Result},
    mounts::Mount,
    outbound::Url,
    response::Response,
    route::{Field, Kind, Route, action, field, in_tx, read},
    store::Store,
    tx::Tx,
};

const FIELDS: &[Field] = &[
    field("disable_iss_validation", Kind::Bool),
    field("disable_local_ca_jwt", Kind::Bool),
    field("issuer", Kind::Text),
    field("kubernetes_ca_cert", Kind::Text),
    field("kubernetes_host", Kind::Text),
    field("pem_keys", Kind::List),
    field("token_reviewer_jwt", Kind::Secret),
    field("verify", Kind::Text),
];

pub(super) const ROUTES: &[Route] = &[Route {
    pattern: "config",
    summary: "The cluster whose pods log in, and how their tokens are verified.",
    endpoints: &[read(in_tx!(show)), action(in_tx!(write)).fields(FIELDS)],
}];

/// How a token is verified.
#[derive(
    Clone, Copy, Debug, Default, Eq, PartialEq, minicbor::CborLen, minicbor::Decode, minicbor::Encode,
)]
#[cbor(index_only)]
pub(super) enum Verify {
    /// The cluster is asked, each time.
    #[default]
    #[n(0)]
    Review,
    /// Here, with `pem_keys`, or the keys that the cluster publishes.
    #[n(1)]
    Local,
}

/// The configuration, without the token that reviews are asked for with.
#[derive(Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) struct Config {
    #[n(0)]
    pub(super) host: String,
    /// Empty: what the platform gives this process, or else the authorities that the machine believes.
    #[n(1)]
    pub(super) ca_cert: String,
    #[n(2)]
    pub(super) pem_keys: Vec<String>,
    #[n(3)]
    pub(super) issuer: String,
    #[n(4)]
    pub(super) disable_iss_validation: bool,
    /// What the platform gives this process is not used.
    #[n(5)]
    pub(super) disable_local_ca_jwt: bool,
    #[n(6)]
    pub(super) verify: Verify,
    #[n(7)]
    reviewer_is_set: bool,
}

/// The token that reviews are asked for with: apart, so that what is kept decoded holds no secret.
#[derive(Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) struct Reviewer {
    #[cbor(n(0), with = "crate::codec::secret")]
    pub(super) token: SecretBytes,
}

impl Record for Config {}
impl Record for Reviewer {}

pub(super) const KINDS: &[Filed] = &[filed::<Config>(Class::Config), filed::<Reviewer>(Class::Config)];

impl Config {
    /// The keys that it holds itself.
    pub(super) fn fixed(&self) -> Result<KeySet> {
        KeySet::of_pem(&self.pem_keys).map_err(|_| Error::Internal("a key that was taken is none"))
    }

    /// Whose tokens are taken, if that is to be looked at. Where the cluster is asked it knows better.
    pub(super) fn wanted_issuer(&self) -> Option<&str> {
        let is_looked_at = self.verify == Verify::Local || !self.disable_iss_validation;
        Some(self.issuer.as_str()).filter(|it| is_looked_at && !it.is_empty())
    }
}

pub(super) fn place(store: &Store, mount: &Mount) -> Place {
    store.place(Class::Config, mount.root(), "config")
}

pub(super) fn reviewer_place(store: &Store, mount: &Mount) -> Place {
    store.place(Class::Config, mount.root(), "reviewer")
}

#[derive(Deserialize)]
struct Fields {
    disable_iss_validation: Option<Bool>,
    disable_local_ca_jwt: Option<Bool>,
    issuer: Option<Text>,
    kubernetes_ca_cert: Option<Text>,
    kubernetes_host: Option<Text>,
    pem_keys: Option<List>,
    token_reviewer_jwt: Option<Text>,
    verify: Option<Text>,
}

async fn write(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let fields: Fields = cx.fields()?;
    let text = |field: Option<Text>| field.map(|it| it.0).unwrap_or_default();
    let reviewer = Reviewer { token: SecretBytes::from(text(fields.token_reviewer_jwt)) };
    let config = Config {
        host: text(fields.kubernetes_host).trim().to_owned(),
        ca_cert: text(fields.kubernetes_ca_cert),
        pem_keys: fields.pem_keys.map(|it| it.0).unwrap_or_default(),
        issuer: text(fields.issuer),
        disable_iss_validation: fields.disable_iss_validation.is_none_or(|it| it.0),
        disable_local_ca_jwt: fields.disable_local_ca_jwt.unwrap_or_default().0,
        verify: match text(fields.verify).as_str() {
            "" | "review" => Verify::Review,
            "local" => Verify::Local,
            _ => return Err(Error::invalid("'verify' is 'review' or 'local'")),
        },
        reviewer_is_set: !reviewer.token.is_empty(),
    };
    if config.host.is_empty() {
        return Err(Error::invalid("no host provided"));
    }
    Url::parse(&config.host).map_err(|why| Error::invalid(format!("kubernetes_host: {why}")))?;
    if config.disable_local_ca_jwt && config.ca_cert.trim().is_empty() {
        return Err(Error::invalid("kubernetes_ca_cert must be given when disable_local_ca_jwt is true"));
    }
    KeySet::of_pem(&config.pem_keys)
        .map_err(|why| Error::invalid(format!("error parsing public key: {why}")))?;
    let (mount, store) = (cx.mount()?, tx.store().clone());
    tx.put(&place(&store, mount), &config)?;
    match config.reviewer_is_set {
        true => tx.put(&reviewer_place(&store, mount), &reviewer)?,
        false => tx.delete(&reviewer_place(&store, mount)),
    }
    Ok(Response::empty())
}

#[derive(Serialize)]
struct Shown<'a> {
    disable_iss_validation: bool,
    disable_local_ca_jwt: bool,
    issuer: &'a str,
    kubernetes_ca_cert: &'a str,
    kubernetes_host: &'a str,
    pem_keys: &'a [String],
    token_reviewer_jwt_set: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    verify: Option<&'static str>,
}

async fn show(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let place = place(tx.store(), cx.mount()?);
    let config = tx.cached::<Config>(&place).await?.ok_or(Error::NotFound)?;
    Response::data(&Shown {
        disable_iss_validation: config.disable_iss_validation,
        disable_local_ca_jwt: config.disable_local_ca_jwt,
        issuer: &config.issuer,
        kubernetes_ca_cert: &config.ca_cert,
        kubernetes_host: &config.host,
        pem_keys: &config.pem_keys,
        token_reviewer_jwt_set: config.reviewer_is_set,
        verify: (config.verify == Verify::Local).then_some("local"),
    })
}
