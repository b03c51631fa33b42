//! `auth/token/lookup`, `lookup-self`, `lookup-accessor`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strongroom_api::params::Text;

use crate::{
    crypto::equal,
    dispatch::Cx,
    error::{Error, Result},
    response::Response,
    route::{Kind, Route, action, field, in_tx, read},
    tokens::{Token, TokenKind},
    tx::Tx,
};

pub(super) const ROUTES: &[Route] = &[
    Route {
        pattern: "lookup",
        summary: "Shows a token.",
        endpoints: &[
            read(in_tx!(lookup)).fields(&[field("token", Kind::Secret)]),
            action(in_tx!(lookup)).fields(&[field("token", Kind::Secret)]),
        ],
    },
    Route {
        pattern: "lookup-self",
        summary: "Shows the token that asks.",
        endpoints: &[
            read(in_tx!(lookup_self)).fields(&[field("token", Kind::Secret)]),
            action(in_tx!(lookup_self)).fields(&[field("token", Kind::Secret)]),
        ],
    },
    Route {
        pattern: "lookup-accessor",
        summary: "Shows the token with an accessor, without the token itself.",
        endpoints: &[action(in_tx!(lookup_accessor)).fields(&[field("accessor", Kind::Text)])],
    },
];

/// A token, named by itself.
#[derive(Deserialize)]
pub(super) struct ByToken {
    pub(super) token: Option<Text>,
}

/// A token, named by its accessor.
#[derive(Deserialize)]
pub(super) struct ByAccessor {
    accessor: Option<Text>,
}

impl ByAccessor {
    pub(super) fn text(self) -> Result<String> {
        self.accessor
            .map(|it| it.0)
            .filter(|it| !it.is_empty())
            .ok_or_else(|| Error::invalid("missing accessor"))
    }
}

/// The caller's token and its text.
pub(super) fn own<'a>(cx: &'a Cx<'_>) -> Result<(&'a Token, &'a str)> {
    let token = cx.caller.token().ok_or_else(|| Error::invalid("missing client token"))?;
    let text = cx.presented.and_then(|it| std::str::from_utf8(it.expose()).ok());
    Ok((token, text.ok_or(Error::Denied)?))
}

async fn lookup(cx: &Cx<'_>, _: &mut Tx) -> Result<Response> {
    let fields: ByToken = cx.fields()?;
    let text = fields.token.map(|it| it.0).unwrap_or_default();
    if text.is_empty() || cx.presented.is_some_and(|it| equal(it.expose(), text.as_bytes())) {
        let (token, text) = own(cx)?;
        return show(cx, token, text).await;
    }
    let open = cx.open()?;
    let found = open.tokens.find(open, text.as_bytes(), cx.now).await?;
    match found {
        Some(token) => show(cx, &token, &text).await,
        None => Err(Error::denied("bad token")),
    }
}

async fn lookup_self(cx: &Cx<'_>, _: &mut Tx) -> Result<Response> {
    let (token, text) = own(cx)?;
    show(cx, token, text).await
}

async fn lookup_accessor(cx: &Cx<'_>, _: &mut Tx) -> Result<Response> {
    let accessor = cx.fields::<ByAccessor>()?.text()?;
    let open = cx.open()?;
    match open.tokens.find_by_accessor(open, &accessor, cx.now).await? {
        Some(token) => show(cx, &token, "").await,
        None => Err(Error::invalid("invalid accessor")),
    }
}

#[derive(Serialize)]
struct Shown<'a> {
    accessor: String,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    bound_cidrs: &'a [String],
    creation_time: i64,
    creation_ttl: u64,
    display_name: &'a str,
    entity_id: &'a str,
    expire_time: Option<String>,
    explicit_max_ttl: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_namespace_policies: Option<BTreeMap<String, ()>>,
    id: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    identity_policies: &'a [String],
    issue_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_renewal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_renewal_time: Option<i64>,
    meta: Option<&'a BTreeMap<String, String>>,
    num_uses: i64,
    orphan: bool,
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<u64>,
    policies: &'a [String],
    renewable: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    role: &'a str,
    ttl: u64,
    #[serde(rename = "type")]
    kind: &'static str,
}

async fn show(cx: &Cx<'_>, token: &Token, text: &str) -> Result<Response> {
    let open = cx.open()?;
    let identity = open.tokens.identity(open, token).await?;
    let identity_policies = identity.as_ref().map(|it| it.policies.as_slice()).unwrap_or_default();
    Response::data(&Shown {
        accessor: token.selector().map(|it| open.tokens.accessor(it)).unwrap_or_default(),
        bound_cidrs: &token.bound_cidrs,
        creation_time: token.created.unix_seconds(),
        creation_ttl: token.creation_ttl.as_secs(),
        display_name: &token.display_name,
        entity_id: &token.entity,
        expire_time: token.expires.map(|it| it.rfc3339()),
        explicit_max_ttl: token.explicit_max_ttl.as_secs(),
        external_namespace_policies: (!identity_policies.is_empty()).then(BTreeMap::new),
        id: text,
        identity_policies,
        issue_time: token.created.rfc3339(),
        last_renewal: token.renewed.map(|it| it.rfc3339()),
        last_renewal_time: token.renewed.map(|it| it.unix_seconds()),
        meta: token.metadata.as_ref(),
        num_uses: token.uses_left,
        orphan: open.tokens.is_orphan(&open.store, token).await?,
        path: &token.path,
        period: Some(token.period.as_secs()).filter(|it| *it > 0),
        policies: &token.policies,
        renewable: token.renewable && token.kind == TokenKind::Service,
        role: &token.role,
        ttl: token.ttl(cx.now).as_secs(),
        kind: token.kind.name(),
    })
}
