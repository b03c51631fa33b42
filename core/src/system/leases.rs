//! `sys/leases/`: looking up, listing and ending leases. So far every lease is a token's record.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use strongroom_api::params::{Bool, Text};
use strongroom_policies::Query;

use crate::{
    admission,
    dispatch::Cx,
    error::{Error, Result},
    response::Response,
    route::{Field, Kind, Route, action, field, in_tx, list},
    tokens::{Caller, Token, prefixes},
    tx::Tx,
};

const ID: &[Field] = &[field("lease_id", Kind::Text)];
const RENEW: &[Field] = &[field("lease_id", Kind::Text), field("increment", Kind::Duration)];
const REVOKE: &[Field] = &[field("lease_id", Kind::Text), field("sync", Kind::Bool)];
const PREFIX: &[Field] = &[field("sync", Kind::Bool)];

/// Each of Vault's older spellings, without `leases/`, answers the same.
pub(super) const ROUTES: &[Route] = &[
    Route {
        pattern: "leases/lookup",
        summary: "Shows a lease; lists the leases at the root.",
        endpoints: &[action(in_tx!(lookup)).fields(ID), list(in_tx!(names)).sudo()],
    },
    Route {
        pattern: "leases/lookup/{prefix...}",
        summary: "Lists the leases below a path.",
        endpoints: &[list(in_tx!(names)).sudo()],
    },
    route("leases/renew/{lease_id...}", "Renews a lease.", &[action(in_tx!(renew)).fields(RENEW)]),
    route("renew/{lease_id...}", "Renews a lease.", &[action(in_tx!(renew)).fields(RENEW)]),
    route("leases/revoke/{lease_id...}", "Ends a lease.", &[action(in_tx!(revoke)).fields(REVOKE)]),
    route("revoke/{lease_id...}", "Ends a lease.", &[action(in_tx!(revoke)).fields(REVOKE)]),
    route("leases/revoke-prefix/{prefix...}", BELOW, &[action(in_tx!(revoke_prefix)).fields(PREFIX).sudo()]),
    route("revoke-prefix/{prefix...}", BELOW, &[action(in_tx!(revoke_prefix)).fields(PREFIX).sudo()]),
    route("leases/revoke-force/{prefix...}", BELOW, &[action(in_tx!(revoke_force)).sudo()]),
    route("revoke-force/{prefix...}", BELOW, &[action(in_tx!(revoke_force)).sudo()]),
];

const BELOW: &str = "Ends all leases below a path.";

const fn route(
    pattern: &'static str,
    summary: &'static str,
    endpoints: &'static [crate::route::Endpoint],
) -> Route {
    Route { pattern, summary, endpoints }
}

#[derive(Deserialize)]
struct ById {
    lease_id: Option<Text>,
    sync: Option<Bool>,
}

#[derive(Serialize)]
struct Shown<'a> {
    expire_time: Option<String>,
    id: &'a str,
    issue_time: String,
    last_renewal: Option<String>,
    path: &'a str,
    renewable: bool,
    ttl: u64,
}

async fn lookup(cx: &Cx<'_>, _: &mut Tx) -> Result<Response> {
    let id = lease_id(cx)?;
    let token = find(cx, "lookup", &id).await?.ok_or_else(|| Error::invalid("invalid lease"))?;
    Response::data(&Shown {
        expire_time: token.expires.map(|it| it.rfc3339()),
        id: &id,
        issue_time: token.created.rfc3339(),
        last_renewal: token.renewed.map(|it| it.rfc3339()),
        path: &token.path,
        renewable: token.renewable,
        ttl: token.ttl(cx.now).as_secs(),
    })
}

async fn names(cx: &Cx<'_>, _: &mut Tx) -> Result<Response> {
    let prefix = cx.param("prefix").trim_end_matches('/');
    let folder = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
    let open = cx.open()?;
    Response::keys(&open.tokens.leases_in(open, &folder, cx.now).await?)
}

async fn renew(cx: &Cx<'_>, _: &mut Tx) -> Result<Response> {
    let id = lease_id(cx)?;
    Err(Error::invalid(match find(cx, "renew", &id).await? {
        Some(_) => "tokens cannot be renewed through this endpoint",
        None => "lease not found",
    }))
}

async fn revoke(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let id = lease_id(cx)?;
    let Some(found) = find(cx, "revoke", &id).await? else { return Ok(Response::empty()) };
    let open = cx.open()?;
    let selector = found.selector().ok_or(Error::Internal("a lease has no record"))?;
    let place = open.tokens.place(tx.store(), selector);
    if let Some(token) = tx.get::<Token>(&place).await? {
        open.tokens.revoke(tx, token, cx.now)?;
    }
    done(cx)
}

async fn revoke_prefix(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    match prefixes::revoke_path(cx.open()?, tx, prefix(cx)?).await? {
        true => done(cx),
        false => Ok(Response::empty()),
    }
}

async fn revoke_force(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    prefixes::revoke_path(cx.open()?, tx, prefix(cx)?).await?;
    Ok(Response::empty())
}

/// Everything is never what an empty prefix means.
fn prefix<'a>(cx: &'a Cx<'_>) -> Result<&'a str> {
    match cx.param("prefix") {
        "" | "/" => Err(Error::invalid("prefix must be specified")),
        prefix => Ok(prefix),
    }
}

/// A revocation takes effect with its commit either way; 202 is what clients that do not wait for it expect.
fn done(cx: &Cx<'_>) -> Result<Response> {
    match cx.fields::<ById>()?.sync {
        Some(Bool(true)) => Ok(Response::empty()),
        _ => Ok(Response::empty().with_status(202)),
    }
}

/// From the path, as older clients send it, or from the body.
fn lease_id(cx: &Cx<'_>) -> Result<String> {
    let id = match cx.param("lease_id") {
        "" => cx.fields::<ById>()?.lease_id.map(|it| it.0).unwrap_or_default(),
        id => id.to_owned(),
    };
    if id.is_empty() { Err(Error::invalid("lease_id must be specified")) } else { Ok(id) }
}

/// The live token whose lease it is, if the caller may have to do with it: its own, or one below a path that
/// the caller's policies grant (`sys/leases/lookup/auth/userpass/*`). Knowing an id is not enough.
async fn find(cx: &Cx<'_>, verb: &str, id: &str) -> Result<Option<Arc<Token>>> {
    let open = cx.open()?;
    let Some(token) = open.tokens.find_by_lease(open, id, cx.now).await? else { return Ok(None) };
    let owner = cx.caller.token().and_then(Token::selector);
    if owner.is_some() && owner == token.selector() || matches!(cx.caller, Caller::Embedder) {
        return Ok(Some(token));
    }
    let grant = cx.grant()?;
    if grant.is_root() || grant.has_sudo() {
        return Ok(Some(token));
    }
    let acl = admission::acl(open, cx.caller, cx.now).await?;
    let path = format!("sys/leases/{verb}/{id}");
    let query = Query {
        path: &path,
        operation: strongroom_policies::Operation::Write,
        parameters: &cx.request.body,
        wrap_ttl: None,
    };
    match acl.decide(&query).grant().map(|it| it.for_action()) {
        Ok(Ok(_)) => Ok(Some(token)),
        _ => Err(Error::Denied),
    }
}
