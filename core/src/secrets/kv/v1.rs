//! Version 1: one JSON object at a path, and nothing but the last.

use std::time::Duration;

use super::{
    Named, body,
    purge::Discard,
    record::{Entry, Head, Latest},
    scan, tree, write_to_folder,
};
use crate::{
    crypto::SecretBytes,
    dispatch::Cx,
    error::{Error, Result},
    leases::Leasing,
    request::{Body, Operation},
    response::{Lease, Response},
    route::{Endpoint, Route, Tables, delete, in_tx, list, read, store},
    tx::Tx,
};

pub(super) const ROUTES: Tables = &[&[Route {
    pattern: "{path...}",
    summary: "A secret: one JSON object.",
    endpoints: &[
        read(in_tx!(get)),
        store(in_tx!(put)).any_fields(),
        delete(in_tx!(remove)).any_fields(),
        list(in_tx!(names)),
        Endpoint { operation: Operation::Scan, ..list(in_tx!(names_below)) },
    ],
}]];

async fn get(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let Named::Secret(path) = Named::new(cx.param("path"), cx.request.path.as_str()) else {
        return Err(Error::NotFound);
    };
    let root = cx.mount()?.root();
    let place = tree(root).place(tx.store(), path);
    for _ in 0..READS {
        let Some(secret) = tx.peek::<Latest>(&place).await? else { return Err(Error::NotFound) };
        let Some(entry) = secret.latest else { return Err(Error::NotFound) };
        let data = match secret.data.is_empty() {
            false => Some(secret.data),
            true => body::fetch(tx, root, entry.body).await?,
        };
        if let Some(data) = data {
            let lease = Lease { id: String::new(), renewable: false, duration: lease(cx, secret.lease)? };
            let leasing = Some(Leasing::Holds(entry.held()));
            return Ok(Response { data: Some(data), lease: Some(lease), leasing, ..Response::default() });
        }
    }
    Err(Error::Busy)
}

async fn put(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let path = match Named::new(cx.param("path"), cx.request.path.as_str()) {
        Named::Secret(path) => path,
        Named::Folder => return Err(write_to_folder()),
        Named::Bare => return Err(Error::invalid("missing path")),
    };
    let root = cx.mount()?.root();
    let old = tree(root).get::<Head>(tx, path).await?;
    cx.may_write(old.is_some())?;
    let fields = &cx.request.body;
    if fields.is_empty() {
        return Err(Error::invalid("missing data fields"));
    }
    let mut discard = Discard::new(root);
    if let Some(old) = old.as_ref().and_then(|it| it.latest.as_ref()) {
        discard.body(old.body);
    }
    let data = super::super::object(fields)?;
    let (body, data) = body::store(tx, root, cx.now, data)?;
    let entry = Entry { version: 1, created: cx.now, deleted: None, destroyed: false, body };
    let fresh = old.is_none();
    let head = Head { latest: Some(entry), data, lease: kept_for(fields), ..Head::new(cx.now) };
    tree(root).put(tx, path, &head, fresh).await?;
    discard.stage(tx, cx.now)?;
    Ok(Response::empty())
}

async fn remove(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let Named::Secret(path) = Named::new(cx.param("path"), cx.request.path.as_str()) else {
        return Ok(Response::empty());
    };
    let root = cx.mount()?.root();
    let Some(old) = tree(root).get::<Latest>(tx, path).await? else { return Ok(Response::empty()) };
    tree(root).delete(tx, path).await?;
    tx.scrub();
    let mut discard = Discard::new(root);
    if let Some(entry) = old.latest {
        discard.body(entry.body);
    }
    discard.stage(tx, cx.now)?;
    Ok(Response::empty())
}

async fn names(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let folder = super::folder(cx.param("path"));
    Response::keys(&tree(cx.mount()?.root()).list(tx, &folder).await?)
}

async fn names_below(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let keys = scan(tree(cx.mount()?.root()), tx, cx.param("path")).await?;
    scanned(&keys)
}

/// A scan of nothing is an empty object.
pub(super) fn scanned(keys: &[String]) -> Result<Response> {
    match keys.is_empty() {
        true => Ok(Response { data: Some(SecretBytes::copy_of(b"{}")), ..Response::default() }),
        false => Response::keys(keys),
    }
}

/// How often a head is read again whose data has just moved.
pub(super) const READS: usize = 8;

/// The seconds in the field `ttl`, or else `lease`. None if there is neither, or nobody can read it.
fn kept_for(fields: &Body) -> Option<u64> {
    let text = fields.raw("ttl").or_else(|| fields.raw("lease"))?;
    match serde_json::from_str(text).ok()? {
        serde_json::Value::Null => Some(0),
        // There is no negative time to live: it is over.
        serde_json::Value::Number(number) if number.as_i64().is_some_and(i64::is_negative) => Some(0),
        serde_json::Value::Number(number) => number.as_u64(),
        serde_json::Value::String(text) if text.trim().starts_with('-') => {
            strongroom_api::params::parse_duration(text.trim().trim_start_matches('-')).map(|_| 0)
        }
        serde_json::Value::String(text) => {
            strongroom_api::params::parse_duration(&text).map(|it| it.as_secs())
        }
        _ => None,
    }
}

/// The data's own time, or the mount's, or the system's.
fn lease(cx: &Cx<'_>, kept_for: Option<u64>) -> Result<Duration> {
    let mount = cx.mount()?.config.default_lease_ttl;
    Ok(match kept_for {
        Some(seconds) => Duration::from_secs(seconds),
        None if mount.is_zero() => cx.core.settings().default_lease_ttl,
        None => mount,
    })
}
