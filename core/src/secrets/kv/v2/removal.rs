//! `delete/PATH`, `undelete/PATH`, `destroy/PATH`: what happens to versions once they are written.

use serde::Deserialize;
use strongroom_api::kv::Versions;

use super::{
    super::{
        purge::Discard,
        record::{Body, Head},
        table, tree,
    },
    Target, settings, to_write,
};
use crate::{
    crypto::SecretBytes,
    dispatch::Cx,
    error::{Error, Result},
    response::Response,
    route::{Field, Kind, Route, action, field, in_tx},
    tx::Tx,
};

const FIELDS: &[Field] = &[field("versions", Kind::List)];

pub(super) const ROUTES: &[Route] = &[
    Route {
        pattern: "delete/{path...}",
        summary: "Deletes versions so that they can be restored.",
        endpoints: &[action(in_tx!(delete)).fields(FIELDS)],
    },
    Route {
        pattern: "undelete/{path...}",
        summary: "Restores deleted versions.",
        endpoints: &[action(in_tx!(undelete)).fields(FIELDS)],
    },
    Route {
        pattern: "destroy/{path...}",
        summary: "Removes the data of versions for good.",
        endpoints: &[action(in_tx!(destroy)).fields(FIELDS)],
    },
];

#[derive(Deserialize)]
struct Fields {
    versions: Option<Versions>,
}

async fn delete(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let path = match to_write(cx) {
        Target::Secret(path) => path,
        Target::Answer(answer) => return *answer,
    };
    let versions = versions(cx, "No version number provided")?;
    let tree = tree(cx.mount()?.root());
    let Some(mut head) = tree.get::<Head>(tx, path).await? else { return Ok(Response::empty()) };
    let now = cx.now;
    // Each version has a moment of its own, as if they had been deleted one by one until now.
    let mut moment = now;
    let changed = table::change(tx, tree.root, &mut head, &versions, |entry| {
        let live = entry.is_live(now);
        if live {
            entry.deleted = Some(moment);
            moment.0 -= 1;
        }
        live
    });
    if changed.await? {
        tree.put(tx, path, &head, false).await?;
    }
    Ok(Response::empty())
}

async fn undelete(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let path = match to_write(cx) {
        Target::Secret(path) => path,
        Target::Answer(answer) => return *answer,
    };
    let versions = versions(cx, "No version number provided")?;
    let tree = tree(cx.mount()?.root());
    let Some(mut head) = tree.get::<Head>(tx, path).await? else { return Ok(Response::empty()) };
    // Its time begins anew, whether it was deleted or not.
    let deleted = table::expiry(&head, &settings(cx, tx).await?, cx.now);
    let changed = table::change(tx, tree.root, &mut head, &versions, |entry| {
        if !entry.destroyed {
            entry.deleted = deleted;
        }
        !entry.destroyed
    });
    if changed.await? {
        tree.put(tx, path, &head, false).await?;
    }
    Ok(Response::empty())
}

/// What fits into the batch is gone from the medium when this answers. Of a long list the rest cannot be
/// reached from then on, and its rows are removed in the background.
async fn destroy(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let path = match to_write(cx) {
        Target::Secret(path) => path,
        Target::Answer(answer) => return *answer,
    };
    let versions = versions(cx, "no version number provided")?;
    let tree = tree(cx.mount()?.root());
    let Some(mut head) = tree.get::<Head>(tx, path).await? else { return Ok(Response::empty()) };
    let mut discard = Discard::new(tree.root);
    let changed = table::change(tx, tree.root, &mut head, &versions, |entry| {
        discard.body(std::mem::replace(&mut entry.body, Body::Gone));
        !std::mem::replace(&mut entry.destroyed, true)
    });
    if changed.await? {
        if head.latest.as_ref().is_some_and(|it| it.destroyed) {
            head.data = SecretBytes::default();
        }
        tree.put(tx, path, &head, false).await?;
        tx.scrub();
        discard.stage(tx, cx.now)?;
    }
    Ok(Response::empty())
}

/// The versions that a request names. Numbers that no version has are passed over.
fn versions(cx: &Cx<'_>, none: &'static str) -> Result<Vec<u64>> {
    let versions = cx.fields::<Fields>()?.versions.unwrap_or_default().0;
    if versions.is_empty() {
        return Err(Error::invalid(none));
    }
    Ok(versions.into_iter().filter_map(|it| u64::try_from(it).ok()).collect())
}
