//! `sys/leases/`: looking up, listing, renewing and ending leases of every kind.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use strongroom_api::params::{Bool, Seconds, Text};
use strongroom_policies::Query;

use crate::{
    admission,
    dispatch::Cx,
    error::{Error, Result},
    leases::{
        self, Effect, Lease, Leasing, entry,
        find::{self, Found},
        finish, holding, list, renew,
    },
    response::Response,
    route::{Field, Kind, Route, action, field, in_tx, list as listing, read},
    tokens::{Caller, Token, prefixes::Force},
    tx::Tx,
};

const ID: &[Field] = &[field("lease_id", Kind::Text)];
const RENEW: &[Field] = &[field("lease_id", Kind::Text), field("increment", Kind::Duration)];
const REVOKE: &[Field] = &[field("lease_id", Kind::Text), field("sync", Kind::Bool)];
const PREFIX: &[Field] = &[field("sync", Kind::Bool)];
const IRREVOCABLE: &[Field] = &[
    field("type", Kind::Text),
    field("limit", Kind::Text),
    field("force", Kind::Bool),
    field("include_child_namespaces", Kind::Bool),
];

/// Each of Vault's older spellings, without `leases/`, answers the same.
pub(super) const ROUTES: &[Route] = &[
    Route {
        pattern: "leases",
        summary: "Lists the leases that could not be revoked.",
        endpoints: &[read(in_tx!(irrevocable)).fields(IRREVOCABLE).sudo()],
    },
    Route {
        pattern: "leases/count",
        summary: "Counts the leases that could not be revoked.",
        endpoints: &[read(in_tx!(count)).fields(IRREVOCABLE)],
    },
    Route {
        pattern: "leases/tidy",
        summary: "Removes what is left of dead leases.",
        endpoints: &[action(in_tx!(tidy))],
    },
    Route {
        pattern: "leases/lookup",
        summary: "Shows a lease; lists the leases at the root.",
        endpoints: &[action(in_tx!(lookup)).fields(ID), listing(in_tx!(names)).sudo()],
    },
    Route {
        pattern: "leases/lookup/{prefix...}",
        summary: "Lists the leases below a path.",
        endpoints: &[listing(in_tx!(names)).sudo()],
    },
    route("leases/renew/{lease_id...}", "Renews a lease.", &[action(in_tx!(renew)).fields(RENEW)]),
    route("renew/{lease_id...}", "Renews a lease.", &[action(in_tx!(renew)).fields(RENEW)]),
    route("leases/revoke/{lease_id...}", "Ends a lease.", &[action(in_tx!(revoke)).fields(REVOKE)]),
    route("revoke/{lease_id...}", "Ends a lease.", &[action(in_tx!(revoke)).fields(REVOKE)]),
    route("leases/revoke-prefix/{prefix...}", BELOW, &[action(in_tx!(revoke_prefix)).fields(PREFIX).sudo()]),
    route("revoke-prefix/{prefix...}", BELOW, &[action(in_tx!(revoke_prefix)).fields(PREFIX).sudo()]),
    route("leases/revoke-force/{prefix...}", FORCE, &[action(in_tx!(revoke_force)).sudo()]),
    route("revoke-force/{prefix...}", FORCE, &[action(in_tx!(revoke_force)).sudo()]),
];

const BELOW: &str = "Ends all leases below a path.";
const FORCE: &str = "Ends all leases below a path, and forgets those that cannot be revoked.";

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
    increment: Option<Seconds>,
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
    /// Of a holding: what is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
}

async fn lookup(cx: &Cx<'_>, _: &mut Tx) -> Result<Response> {
    let id = lease_id(cx)?;
    let now = cx.now;
    match find(cx, "lookup", &id).await?.ok_or_else(|| Error::invalid("invalid lease"))? {
        Found::Token(token) => Response::data(&Shown {
            expire_time: token.expires.map(|it| it.rfc3339()),
            id: &id,
            issue_time: token.created.rfc3339(),
            last_renewal: token.renewed.map(|it| it.rfc3339()),
            path: &token.path,
            renewable: token.renewable,
            ttl: token.ttl(now).as_secs(),
            version: None,
        }),
        Found::Holding(found) => {
            let holding = &found.holding;
            Response::data(&Shown {
                expire_time: Some(holding.expires.rfc3339()),
                id: &id,
                issue_time: holding.issued.rfc3339(),
                last_renewal: holding.renewed.map(|it| it.rfc3339()),
                path: &found.full_path(),
                renewable: true,
                ttl: holding.expires.since(now).as_secs(),
                version: Some(holding.version),
            })
        }
        Found::Lease(lease) => Response::data(&Shown {
            expire_time: Some(lease.expires.rfc3339()),
            id: &id,
            issue_time: lease.issued.rfc3339(),
            last_renewal: lease.renewed.map(|it| it.rfc3339()),
            path: &lease.path,
            renewable: lease.renewable,
            ttl: lease.expires.since(now).as_secs(),
            version: None,
        }),
    }
}

async fn names(cx: &Cx<'_>, _: &mut Tx) -> Result<Response> {
    let prefix = cx.param("prefix").trim_end_matches('/');
    let folder = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
    let open = cx.open()?;
    let mut keys = list::names(open, &folder, cx.now).await?;
    keys.extend(open.tokens.leases_in(open, &folder, cx.now).await?);
    Response::keys(&keys.into_iter().collect::<Vec<_>>())
}

async fn renew(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let id = lease_id(cx)?;
    let increment = cx.fields::<ById>()?.increment.map_or(Duration::ZERO, |it| it.0);
    match find(cx, "renew", &id).await? {
        None => Err(renew::not_found()),
        Some(Found::Token(_)) => Err(Error::invalid("tokens cannot be renewed through this endpoint")),
        Some(Found::Holding(found)) => renew::holding(cx, tx, &found, increment).await,
        Some(Found::Lease(found)) => renew::lease(cx, tx, &found, increment).await,
    }
}

async fn revoke(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let id = lease_id(cx)?;
    let open = cx.open()?;
    match find(cx, "revoke", &id).await? {
        None => return Ok(Response::empty()),
        Some(Found::Token(found)) => {
            let selector = found.selector().ok_or(Error::Internal("a lease has no record"))?;
            let place = open.tokens.place(tx.store(), selector);
            if let Some(token) = tx.get::<Token>(&place).await? {
                open.tokens.revoke(tx, token, cx.now)?;
            }
        }
        Some(Found::Holding(found)) => {
            let site = holding::Site {
                root: found.mounted.mount.root(),
                path: &found.path,
                holder: found.selector(),
            };
            let current = tx.get::<holding::Holding>(&site.place(tx.store())).await?;
            if let Some(current) = current.filter(|it| it.serial == found.holding.serial) {
                site.forget(tx, &current).await?;
            }
        }
        Some(Found::Lease(found)) => {
            let place = entry::place(tx.store(), &found.tail);
            if let Some(lease) = tx.get::<Lease>(&place).await? {
                finish::mark(tx, lease, Force::No, cx.now)?;
            }
            return done(cx, Effect::Revoke { tail: found.tail });
        }
    }
    done(cx, None)
}

async fn revoke_prefix(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let prefix = prefix(cx)?;
    match leases::revoke_within(cx.open()?, tx, prefix, Force::No).await? {
        true => done(cx, Effect::RevokePrefix { prefix: prefix.to_owned() }),
        false => Ok(Response::empty()),
    }
}

/// Waits for the engines, as in Vault, whatever they say.
async fn revoke_force(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let prefix = prefix(cx)?;
    leases::revoke_within(cx.open()?, tx, prefix, Force::Yes).await?;
    let leasing = Some(Leasing::Then(Effect::RevokePrefix { prefix: prefix.to_owned() }));
    Ok(Response { leasing, ..Response::empty() })
}

/// Everything is never what an empty prefix means.
fn prefix<'a>(cx: &'a Cx<'_>) -> Result<&'a str> {
    match cx.param("prefix") {
        "" | "/" => Err(Error::invalid("prefix must be specified")),
        prefix => Ok(prefix),
    }
}

/// A revocation takes effect with its commit either way. With `sync` the caller waits until the engines have
/// been told; 202 is what clients that do not wait for it expect.
fn done(cx: &Cx<'_>, effect: impl Into<Option<Effect>>) -> Result<Response> {
    match cx.fields::<ById>()?.sync {
        Some(Bool(true)) => Ok(Response { leasing: effect.into().map(Leasing::Then), ..Response::empty() }),
        _ => Ok(Response::empty().with_status(202)),
    }
}

#[derive(Deserialize)]
struct Irrevocable {
    #[serde(rename = "type")]
    kind: Option<Text>,
    limit: Option<Text>,
}

#[derive(Serialize)]
struct Listed {
    lease_count: usize,
    leases: Vec<ListedLease>,
}

#[derive(Serialize)]
struct ListedLease {
    lease_id: String,
    error: String,
}

#[derive(Serialize)]
struct Counted {
    counts: std::collections::BTreeMap<String, u64>,
    lease_count: u64,
}

/// Leases that are shown unless more are asked for.
const SHOWN: usize = 10_000;

async fn irrevocable(cx: &Cx<'_>, _: &mut Tx) -> Result<Response> {
    let limit = match irrevocable_fields(cx)?.limit {
        None => SHOWN,
        Some(Text(text)) if text.is_empty() => SHOWN,
        Some(Text(text)) if text.eq_ignore_ascii_case("none") => usize::MAX,
        Some(Text(text)) => text
            .parse::<usize>()
            .ok()
            .filter(|it| *it > 0)
            .ok_or_else(|| Error::invalid("limit must be 'none' or a positive integer"))?,
    };
    let store = &cx.open()?.store;
    let found = list::failures(store, limit).await?;
    let leases: Vec<ListedLease> =
        found.into_iter().map(|it| ListedLease { lease_id: it.lease_id, error: it.error }).collect();
    Response::data(&Listed { lease_count: leases.len(), leases })
}

async fn count(cx: &Cx<'_>, _: &mut Tx) -> Result<Response> {
    irrevocable_fields(cx)?;
    let counts = list::count_failures(&cx.open()?.store).await?;
    Response::data(&Counted { lease_count: counts.values().sum(), counts })
}

/// There is no list of any other kind.
fn irrevocable_fields(cx: &Cx<'_>) -> Result<Irrevocable> {
    let fields: Irrevocable = cx.fields()?;
    match fields.kind.as_ref().is_some_and(|it| it.0.eq_ignore_ascii_case("irrevocable")) {
        true => Ok(fields),
        false => Err(Error::NotFound),
    }
}

/// There is nothing to start: what has ended is dead when it is read, and removed in the background.
async fn tidy(_: &Cx<'_>, _: &mut Tx) -> Result<Response> {
    Ok(Response::empty()
        .with_status(202)
        .warn("Dead leases are removed in the background; there is nothing to start."))
}

/// From the path, as older clients send it, or from the body.
fn lease_id(cx: &Cx<'_>) -> Result<String> {
    let id = match cx.param("lease_id") {
        "" => cx.fields::<ById>()?.lease_id.map(|it| it.0).unwrap_or_default(),
        id => id.to_owned(),
    };
    if id.is_empty() { Err(Error::invalid("lease_id must be specified")) } else { Ok(id) }
}

/// The live lease with an id, if the caller may have to do with it: its own, or one below a path that the
/// caller's policies grant (`sys/leases/lookup/auth/userpass/*`). Knowing an id is not enough.
async fn find(cx: &Cx<'_>, verb: &str, id: &str) -> Result<Option<Found>> {
    let open = cx.open()?;
    let Some(found) = find::find(open, id, cx.now).await? else { return Ok(None) };
    let caller = cx.caller.token().and_then(Token::selector);
    if caller.is_some() && caller == found.owner() || matches!(cx.caller, Caller::Embedder) {
        return Ok(Some(found));
    }
    let grant = cx.grant()?;
    if grant.is_root() || grant.has_sudo() {
        return Ok(Some(found));
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
        Ok(Ok(_)) => Ok(Some(found)),
        _ => Err(Error::Denied),
    }
}
