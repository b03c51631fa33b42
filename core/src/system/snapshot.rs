//! `sys/storage/raft/snapshot`: backups, under the path that Vault's clients know. There is no Raft.

use serde::Serialize;

use crate::{
    dispatch::Cx,
    error::{Error, Result},
    response::Response,
    route::{Route, action, outside, read},
    snapshot::Demand,
};

pub(crate) const ROUTES: &[Route] = &[
    Route {
        pattern: "storage/raft/snapshot",
        summary: "The whole store as one encrypted file; putting one of this store back.",
        endpoints: &[
            read(outside!(save)).sudo().streamed(),
            action(outside!(restore)).sudo().streamed().before_init(),
        ],
    },
    Route {
        pattern: "storage/raft/snapshot-force",
        summary: "Putting a snapshot of any store in the place of this one.",
        endpoints: &[action(outside!(restore_any)).sudo().streamed().before_init()],
    },
];

async fn save(cx: &Cx<'_>) -> Result<Response> {
    // Rule 92, before the work is done.
    if cx.request.wrap_ttl.is_some() {
        return Err(Error::invalid("a snapshot cannot be wrapped"));
    }
    Ok(Response::stream(cx.core.take_snapshot(cx.open()?).await?))
}

async fn restore(cx: &Cx<'_>) -> Result<Response> {
    put_back(cx, Demand::SameKeys).await
}

async fn restore_any(cx: &Cx<'_>) -> Result<Response> {
    put_back(cx, Demand::Anything).await
}

/// What was put back: numbers stand clear in the audit log.
#[derive(Serialize)]
struct Restored {
    store: String,
    created: String,
    rows: u64,
    sequence: u64,
    /// Where the store stood before, if there was one.
    previous_sequence: Option<u64>,
}

async fn put_back(cx: &Cx<'_>, demand: Demand) -> Result<Response> {
    if cx.open.is_none() {
        may_begin(cx)?;
    }
    let upload = cx.request.body.take_chunks();
    let upload = upload.ok_or_else(|| Error::invalid("the request's body must be a snapshot"))?;
    let done = cx.core.restore(cx, upload, demand).await?;
    Response::data(&Restored {
        store: done.meta.store,
        created: done.meta.created,
        rows: done.meta.rows,
        sequence: done.meta.sequence,
        previous_sequence: done.previous,
    })
}

/// Rule 16: whoever makes the store owns it, also if it is made of a snapshot. The bootstrap secret comes in
/// the place of a token, since the body is none of ours.
fn may_begin(cx: &Cx<'_>) -> Result<()> {
    if cx.request.peer.is_local() {
        return Ok(());
    }
    cx.core.admit_attempt("sys/storage/raft/snapshot", &cx.request.peer)?;
    match cx.core.knows_bootstrap_secret(cx.presented.map(|it| it.expose())) {
        true => Ok(()),
        false => Err(Error::denied("restore over loopback or the local socket")),
    }
}
