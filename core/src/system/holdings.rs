//! `sys/leases/holdings/`: who holds which version of a secret.

use serde::{Deserialize, Serialize};
use strongroom_api::params::{Integer, Text};
use strongroom_policies::{Acl, Query};

use crate::{
    admission,
    dispatch::Cx,
    error::{Error, Result},
    leases::holders::{self, Ask, Seen},
    request::Body,
    response::Response,
    route::{Kind, Route, field, in_tx, read},
    tx::Tx,
};

pub(super) const ROUTES: &[Route] = &[Route {
    pattern: "leases/holdings/{path...}",
    summary: "Who holds which version of a secret, or of the secrets below a path.",
    endpoints: &[read(in_tx!(holdings)).fields(&[field("after", Kind::Text), field("limit", Kind::Integer)])],
}];

/// Holdings in one answer.
const LIMIT: usize = 1_000;

#[derive(Deserialize)]
struct Fields {
    after: Option<Text>,
    limit: Option<Integer>,
}

#[derive(Serialize)]
struct Page {
    holdings: Vec<Shown>,
    /// To be sent as `after` for what follows; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Serialize)]
struct Shown {
    lease_id: String,
    path: String,
    accessor: String,
    display_name: String,
    entity_id: String,
    version: u64,
    /// Zero: there is none to be read.
    current_version: u64,
    /// A read would give something else than what is held.
    stale: bool,
    since: String,
    expire_time: String,
    ttl: u64,
}

async fn holdings(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let fields: Fields = cx.fields()?;
    let limit = match fields.limit.map(|it| it.0) {
        None | Some(0) => LIMIT,
        Some(limit) => {
            usize::try_from(limit).map_err(|_| Error::invalid("limit must be a positive integer"))?.min(LIMIT)
        }
    };
    let open = cx.open()?;
    let acl = admission::acl(open, cx.caller, cx.now).await?;
    let after = fields.after.map(|it| it.0).filter(|it| !it.is_empty());
    let ask = Ask { path: cx.param("path"), after: after.as_deref(), limit, now: cx.now };
    // Rule 45: below a folder each secret is a path of its own.
    let page = holders::page(open, tx, ask, |path| may_see(&acl, path)).await?;
    let shown = page.holders.iter().map(|it| show(cx, it)).collect::<Result<Vec<_>>>()?;
    Response::data(&Page { holdings: shown, next: page.next })
}

fn may_see(acl: &Acl, path: &str) -> bool {
    let path = format!("sys/leases/holdings/{path}");
    let query = Query {
        path: &path,
        operation: strongroom_policies::Operation::Read,
        parameters: &Body::default(),
        wrap_ttl: None,
    };
    acl.decide(&query).grant().is_ok()
}

fn show(cx: &Cx<'_>, seen: &Seen) -> Result<Shown> {
    let (holder, holding) = (&seen.holder, &seen.holder.holding);
    let path = holder.full_path();
    Ok(Shown {
        lease_id: format!("{path}/{}", holding.name()),
        accessor: cx.open()?.tokens.accessor(holder.selector()),
        display_name: holder.token.display_name.clone(),
        entity_id: holder.token.entity.clone(),
        version: holding.version,
        current_version: seen.current.map_or(0, |it| it.version),
        stale: seen.is_stale(),
        since: holding.since.rfc3339(),
        expire_time: holding.expires.rfc3339(),
        ttl: holding.expires.since(cx.now).as_secs(),
        path,
    })
}
