//! `metadata/PATH`: a secret's settings and version table; deleting it as a whole.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use strongroom_api::{
    kv::After,
    params::{Bool, Integer, Text},
};

use super::{
    super::{
        json,
        purge::Discard,
        record::{Head, MountSettings},
        table, tree,
    },
    Target,
    config::{given, max_versions},
    listing, nothing, require_merge_patch, settings, to_delete, to_read, to_write,
};
use crate::{
    barrier::Root,
    dispatch::Cx,
    error::{Error, Result},
    request::Operation,
    response::Response,
    route::{Endpoint, Field, Kind, Route, delete, field, in_tx, list, patch, read, store},
    tx::Tx,
};

pub(super) const ROUTES: &[Route] = &[
    Route {
        pattern: "metadata/{path...}",
        summary: "A secret's settings, custom metadata and versions, without their data.",
        endpoints: &[
            read(in_tx!(get)),
            store(in_tx!(put)).fields(FIELDS),
            patch(in_tx!(merge)).fields(FIELDS),
            delete(in_tx!(remove)).any_fields(),
            list(in_tx!(listing::names)).fields(listing::FIELDS),
            Endpoint { operation: Operation::Scan, ..list(in_tx!(listing::names_below)) }
                .fields(listing::FIELDS),
        ],
    },
    Route {
        pattern: "detailed-metadata/{path...}",
        summary: "A listing with the metadata of each secret.",
        endpoints: &[
            list(in_tx!(listing::details)).fields(listing::FIELDS),
            Endpoint { operation: Operation::Scan, ..list(in_tx!(listing::details_below)) }
                .fields(listing::FIELDS),
        ],
    },
];

const FIELDS: &[Field] = &[
    field("max_versions", Kind::Integer),
    field("cas_required", Kind::Bool),
    field("delete_version_after", Kind::Duration),
    field("custom_metadata", Kind::Map),
    field("metadata_cas", Kind::Integer),
    field("metadata_cas_required", Kind::Bool),
];

/// The fields that change something.
const SETTINGS: [&str; 5] =
    ["max_versions", "cas_required", "delete_version_after", "custom_metadata", "metadata_cas_required"];

#[derive(Deserialize)]
struct Fields {
    max_versions: Option<Integer>,
    cas_required: Option<Bool>,
    delete_version_after: Option<After>,
    metadata_cas: Option<Integer>,
    metadata_cas_required: Option<Bool>,
}

/// A secret as `metadata/` shows it.
#[derive(Serialize)]
pub(super) struct Shown {
    cas_required: bool,
    created_time: String,
    current_metadata_version: u64,
    current_version: u64,
    custom_metadata: Option<Box<RawValue>>,
    delete_version_after: String,
    max_versions: u32,
    metadata_cas_required: bool,
    oldest_version: u64,
    updated_time: String,
    versions: BTreeMap<u64, Version>,
}

#[derive(Serialize)]
struct Version {
    created_time: String,
    deletion_time: String,
    destroyed: bool,
}

async fn get(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let path = match to_read(cx) {
        Target::Secret(path) => path,
        Target::Answer(answer) => return *answer,
    };
    let root = cx.mount()?.root();
    let shown = show(tx, root, path).await?.ok_or(Error::NotFound)?;
    Response::data(&shown)
}

/// The metadata of the secret at `path`, if there is one.
pub(super) async fn show(tx: &Tx, root: Root, path: &str) -> Result<Option<Shown>> {
    let place = tree(root).place(tx.store(), path);
    let Some(head) = tx.peek::<Head>(&place).await? else { return Ok(None) };
    let versions = table::all(tx, root, &head).await?.into_iter().map(|it| {
        let version = Version {
            created_time: it.created.rfc3339(),
            deletion_time: it.deleted.map(|it| it.rfc3339()).unwrap_or_default(),
            destroyed: it.destroyed,
        };
        (it.version, version)
    });
    let versions = versions.collect();
    let current_version = head.current();
    let custom_metadata = head.custom.map(RawValue::from_string).transpose();
    Ok(Some(Shown {
        cas_required: head.settings.cas_required,
        created_time: head.created.rfc3339(),
        current_metadata_version: head.metadata_version,
        current_version,
        custom_metadata: custom_metadata.map_err(|_| Error::Internal("stored metadata is no JSON"))?,
        delete_version_after: json::go_duration(head.settings.delete_version_after.as_secs()),
        max_versions: head.settings.max_versions,
        metadata_cas_required: head.settings.metadata_cas_required,
        oldest_version: head.oldest,
        updated_time: head.updated.rfc3339(),
        versions,
    }))
}

async fn put(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let path = match to_write(cx) {
        Target::Secret(path) => path,
        Target::Answer(answer) => return *answer,
    };
    let fields: Fields = cx.fields()?;
    let root = cx.mount()?.root();
    let old = tree(root).get::<Head>(tx, path).await?;
    cx.may_write(old.is_some())?;
    if !SETTINGS.iter().any(|it| given(cx, it)) {
        return Ok(Response::empty());
    }
    let custom = match cx.request.body.raw("custom_metadata") {
        Some(text) => Some(custom_metadata(None, text)?),
        None => None,
    };
    let fresh = old.is_none();
    let head = old.unwrap_or_else(|| Head::new(cx.now));
    change(cx, tx, path, head, &fields, custom, fresh).await
}

async fn merge(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    require_merge_patch(cx)?;
    let path = match to_write(cx) {
        Target::Secret(path) => path,
        Target::Answer(answer) => return *answer,
    };
    let fields: Fields = cx.fields()?;
    if !SETTINGS.iter().any(|it| given(cx, it)) {
        return Ok(Response::empty());
    }
    let root = cx.mount()?.root();
    let Some(head) = tree(root).get::<Head>(tx, path).await? else { return Ok(nothing()) };
    let custom = match cx.request.body.raw("custom_metadata") {
        Some(text) => {
            let old = head.custom.as_deref().map(serde_json::from_str).transpose();
            let old = old.map_err(|_| Error::Internal("stored metadata is no JSON"))?.unwrap_or_default();
            Some(custom_metadata(Some(old), text)?)
        }
        None => None,
    };
    change(cx, tx, path, head, &fields, custom, false).await
}

async fn change(
    cx: &Cx<'_>,
    tx: &mut Tx,
    path: &str,
    mut head: Head,
    fields: &Fields,
    custom: Option<Option<String>>,
    fresh: bool,
) -> Result<Response> {
    let mount = settings(cx, tx).await?;
    check_cas(&head, &mount, fields.metadata_cas)?;
    let mut response = Response::empty();
    if given(cx, "max_versions") {
        head.settings.max_versions = max_versions(fields.max_versions)?;
    }
    if given(cx, "cas_required") {
        head.settings.cas_required = fields.cas_required.unwrap_or_default().0;
        if mount.cas_required && !head.settings.cas_required {
            response = response.warn(ignored("cas_required"));
        }
    }
    if given(cx, "metadata_cas_required") {
        head.settings.metadata_cas_required = fields.metadata_cas_required.unwrap_or_default().0;
        if mount.metadata_cas_required && !head.settings.metadata_cas_required {
            response = response.warn(ignored("metadata_cas_required"));
        }
    }
    if let Some(After(after)) = fields.delete_version_after {
        head.settings.delete_version_after = after.ok_or_else(|| {
            Error::invalid(
                "error converting input for field \"delete_version_after\": cannot provide negative value",
            )
        })?;
    }
    if let Some(custom) = custom {
        head.custom = custom;
    }
    head.metadata_version += 1;
    head.updated = cx.now;
    tree(cx.mount()?.root()).put(tx, path, &head, fresh).await?;
    Ok(response)
}

fn ignored(name: &str) -> String {
    format!("\"{name}\" set to false, but is mandated by backend config. This value will be ignored.")
}

fn check_cas(head: &Head, mount: &MountSettings, cas: Option<Integer>) -> Result<()> {
    let required = mount.metadata_cas_required || head.settings.metadata_cas_required;
    match cas {
        None if required => Err(Error::invalid("metadata check-and-set parameter required for this call")),
        Some(cas) if u64::try_from(cas.0).ok() != Some(head.metadata_version) => {
            Err(Error::invalid("metadata check-and-set parameter does not match the current version"))
        }
        _ => Ok(()),
    }
}

/// Deletes the secret with all its versions. What fits into the batch is gone from the medium when this
/// answers; the rows of a long history follow in the background, out of reach from now on.
async fn remove(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let path = match to_delete(cx) {
        Target::Secret(path) => path,
        Target::Answer(answer) => return *answer,
    };
    let tree = tree(cx.mount()?.root());
    let Some(head) = tree.get::<Head>(tx, path).await? else { return Ok(Response::empty()) };
    tree.delete(tx, path).await?;
    tx.scrub();
    let mut discard = Discard::new(tree.root);
    head.older.iter().chain(&head.latest).for_each(|it| discard.body(it.body));
    head.pages.into_iter().for_each(|it| discard.page(it));
    discard.stage(tx, cx.now)?;
    Ok(Response::empty())
}

const MAX_KEYS: usize = 64;
const MAX_KEY: usize = 128;
const MAX_VALUE: usize = 512;

/// `text` as a JSON object, merged into `old` if there is one to merge into; None if nothing is left. `null`
/// clears it.
fn custom_metadata(old: Option<BTreeMap<String, String>>, text: &str) -> Result<Option<String>> {
    let merging = old.is_some();
    let wrong = || Error::invalid("error converting input for field \"custom_metadata\": expected a map");
    if json::is_null(text) {
        return Ok(None);
    }
    if !json::is_object(text) {
        return Err(wrong());
    }
    let given: BTreeMap<String, Option<Text>> = serde_json::from_str(text)
        .map_err(|_| Error::invalid("custom_metadata validation failed: expected text as values"))?;
    let mut merged = old.unwrap_or_default();
    for (key, value) in given {
        match value {
            None if merging => {
                merged.remove(&key);
            }
            value => {
                merged.insert(key, value.unwrap_or_default().0);
            }
        }
    }
    validate(&merged)?;
    if merged.is_empty() {
        return Ok(None);
    }
    serde_json::to_string(&merged).map(Some).map_err(|_| wrong())
}

/// The limits that Vault documents for custom metadata. What is wrong is told by its place in the order of
/// keys, never by what it says.
fn validate(custom: &BTreeMap<String, String>) -> Result<()> {
    const FAILED: &str = "custom_metadata validation failed";
    if custom.len() > MAX_KEYS {
        let message =
            format!("{FAILED}: payload must contain at most {MAX_KEYS} keys, provided {}", custom.len());
        return Err(Error::invalid(message));
    }
    let mut wrong = Vec::new();
    for (at, (key, value)) in custom.iter().enumerate() {
        let at = at + 1;
        if key.is_empty() || key.len() > MAX_KEY {
            let len = key.len();
            wrong
                .push(format!("{FAILED}: length of key {at} is {len} but must be 0 < len(key) <= {MAX_KEY}"));
        }
        if value.is_empty() || value.len() > MAX_VALUE {
            let len = value.len();
            wrong.push(format!(
                "{FAILED}: length of value for key {at} is {len} but must be 0 < len(value) <= {MAX_VALUE}"
            ));
        }
        if key.chars().any(char::is_control) {
            wrong.push(format!("{FAILED}: key {at} contains unprintable characters"));
        }
        if value.chars().any(char::is_control) {
            wrong.push(format!("{FAILED}: value for key {at} contains unprintable characters"));
        }
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(Error::invalid(wrong.join("; "))),
    }
}
