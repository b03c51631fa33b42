//! Version 2: secrets with versions, settings, and a metadata of their own.
//!
//! `data`, `metadata`, `delete`, `undelete`, `destroy` and `subkeys` are separate paths, so that a policy can
//! grant each without the others: metadata never shows a value, and rights on data never delete metadata.

mod config;
mod data;
mod listing;
mod metadata;
mod removal;
mod subkeys;

use super::{Named, record::MountSettings, settings_place, write_to_folder};
use crate::{
    dispatch::Cx,
    error::{Error, Result},
    request::Operation,
    response::Response,
    route::{Endpoint, Route, Tables, delete, in_tx, list, patch, read, store},
    tx::Tx,
};

pub(super) const ROUTES: Tables =
    &[config::ROUTES, data::ROUTES, metadata::ROUTES, removal::ROUTES, subkeys::ROUTES, OTHER];

/// Whatever is asked of a path that version 2 does not have, most often by a client that takes the mount for
/// one of version 1.
const OTHER: &[Route] = &[Route {
    pattern: "{path...}",
    summary: "No path of a versioned mount: the answer says where secrets are.",
    endpoints: &[
        read(in_tx!(elsewhere)).any_fields(),
        store(in_tx!(elsewhere)).any_fields(),
        patch(in_tx!(elsewhere)).any_fields(),
        delete(in_tx!(elsewhere)).any_fields(),
        list(in_tx!(elsewhere)).any_fields(),
        Endpoint { operation: Operation::Scan, ..list(in_tx!(elsewhere)).any_fields() },
    ],
}];

async fn elsewhere(cx: &Cx<'_>, _: &mut Tx) -> Result<Response> {
    Ok(invalid_path(cx.request.operation))
}

fn invalid_path(operation: Operation) -> Response {
    let command = match operation {
        Operation::Delete => "delete",
        Operation::List => "list",
        Operation::Patch => "patch",
        Operation::Scan => "scan",
        Operation::Write => "put",
        Operation::Help | Operation::Read => "get",
    };
    Response::empty().with_status(404).warn(format!(
        "Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. If using the command line, use 'kv {command}' for this operation."
    ))
}

/// What the word of an endpoint alone is answered with: `data` without a slash.
fn bare() -> Response {
    Response::empty()
        .with_status(404)
        .warn("Non-listing operations on the root of a K/V v2 mount are not supported.")
}

/// What is not there at all: 404 with an empty body, as PATCH answers.
fn nothing() -> Response {
    Response::empty().with_status(404)
}

/// The secret that a request names, or the answer to one that names none.
enum Target<'a> {
    Secret(&'a str),
    Answer(Box<Result<Response>>),
}

/// For reads: there is nothing at a folder.
fn to_read<'a>(cx: &'a Cx<'_>) -> Target<'a> {
    match Named::new(cx.param("path"), cx.request.path.as_str()) {
        Named::Secret(path) => Target::Secret(path),
        Named::Folder => Target::Answer(Box::new(Err(Error::NotFound))),
        Named::Bare => Target::Answer(Box::new(Ok(bare()))),
    }
}

/// For writes: a folder cannot be written to.
fn to_write<'a>(cx: &'a Cx<'_>) -> Target<'a> {
    match Named::new(cx.param("path"), cx.request.path.as_str()) {
        Named::Secret(path) => Target::Secret(path),
        Named::Folder => Target::Answer(Box::new(Err(write_to_folder()))),
        Named::Bare => Target::Answer(Box::new(Ok(bare()))),
    }
}

/// For deletions: there is nothing to delete at a folder, which is no error.
fn to_delete<'a>(cx: &'a Cx<'_>) -> Target<'a> {
    match Named::new(cx.param("path"), cx.request.path.as_str()) {
        Named::Secret(path) => Target::Secret(path),
        Named::Folder => Target::Answer(Box::new(Ok(Response::empty()))),
        Named::Bare => Target::Answer(Box::new(Ok(bare()))),
    }
}

/// PATCH takes merge patches only.
fn require_merge_patch(cx: &Cx<'_>) -> Result<()> {
    match cx.request.merge_patch {
        true => Ok(()),
        false => Err(Error::UnsupportedMediaType(
            "PATCH requires Content-Type of application/merge-patch+json".into(),
        )),
    }
}

/// The settings of the mount. The commit fails if they have changed by then.
async fn settings(cx: &Cx<'_>, tx: &mut Tx) -> Result<MountSettings> {
    let place = settings_place(tx.store(), cx.mount()?.root());
    Ok(tx.cached::<MountSettings>(&place).await?.map(|it| (*it).clone()).unwrap_or_default())
}
