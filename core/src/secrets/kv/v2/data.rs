//! `data/PATH`: reading a version, writing the next, merging into it, deleting the latest.

use std::borrow::Cow;

use serde::Deserialize;
use strongroom_api::{kv::Cas, params::Integer};

use super::{
    super::{
        body, json,
        record::{Body, Entry, Head, Latest, MountSettings},
        table, tree,
        v1::READS,
    },
    Target, nothing, require_merge_patch, settings, to_delete, to_read, to_write,
};
use crate::{
    crypto::SecretBytes,
    dispatch::Cx,
    error::{Error, Result},
    leases::Leasing,
    response::Response,
    route::{Kind, Route, delete, field, in_tx, patch, read, store},
    tx::Tx,
};

pub(super) const ROUTES: &[Route] = &[Route {
    pattern: "data/{path...}",
    summary: "The versions of a secret.",
    endpoints: &[
        read(in_tx!(get)).fields(&[field("version", Kind::Integer)]),
        store(in_tx!(put)).fields(WRITE),
        patch(in_tx!(merge)).fields(WRITE),
        delete(in_tx!(delete_latest)).any_fields(),
    ],
}];

const WRITE: &[crate::route::Field] =
    &[field("data", Kind::Map), field("options", Kind::Map), field("version", Kind::Integer)];

#[derive(Deserialize)]
struct Which {
    version: Option<Integer>,
}

/// A version, with what it takes to answer it.
pub(super) struct Found {
    pub(super) entry: Entry,
    pub(super) custom: Option<String>,
    /// Nothing of a version that is deleted or destroyed.
    pub(super) data: Option<SecretBytes>,
}

async fn get(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let path = match to_read(cx) {
        Target::Secret(path) => path,
        Target::Answer(answer) => return *answer,
    };
    let found = find(cx, tx, path).await?;
    let data = found.data.as_ref().map_or(&[][..], SecretBytes::expose);
    let answer = json::data(data, &found.entry, found.custom.as_deref());
    let response = Response { data: Some(answer), ..Response::default() };
    Ok(match found.data {
        Some(_) => Response { leasing: Some(Leasing::Holds(found.entry.held())), ..response },
        None => response.with_status(404),
    })
}

/// The version that the request's `version` names: zero and less mean the current one.
pub(super) async fn find(cx: &Cx<'_>, tx: &Tx, path: &str) -> Result<Found> {
    let version = match cx.request.body.is_empty() {
        true => 0,
        false => cx.fields::<Which>()?.version.unwrap_or_default().0,
    };
    let root = cx.mount()?.root();
    let place = tree(root).place(tx.store(), path);
    // A version's row may move between the reading of the head and its own.
    for _ in 0..READS {
        let Some(latest) = tx.peek::<Latest>(&place).await? else { return Err(Error::NotFound) };
        let Some(current) = latest.latest else { return Err(Error::NotFound) };
        let (entry, inline) = match u64::try_from(version) {
            Ok(version) if version != 0 && version != current.version => {
                let Some(head) = tx.peek::<Head>(&place).await? else { return Err(Error::NotFound) };
                let entry = table::find(tx, root, &head, version).await?.ok_or(Error::NotFound)?;
                (entry, head.data)
            }
            _ => (current, latest.data),
        };
        if !entry.is_live(cx.now) {
            return Ok(Found { entry, custom: latest.custom, data: None });
        }
        let data = match entry.body {
            Body::Head => Some(inline),
            body => body::fetch(tx, root, body).await?,
        };
        if data.is_some() {
            return Ok(Found { entry, custom: latest.custom, data });
        }
    }
    Err(Error::Busy)
}

async fn put(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let path = match to_write(cx) {
        Target::Secret(path) => path,
        Target::Answer(answer) => return *answer,
    };
    let root = cx.mount()?.root();
    let old = tree(root).get::<Head>(tx, path).await?;
    cx.may_write(old.is_some())?;
    let data = data_field(cx)?;
    let cas = cas_option(cx)?;
    let mount = settings(cx, tx).await?;
    check_cas(old.as_ref(), &mount, cas)?;
    let fresh = old.is_none();
    let mut head = old.unwrap_or_else(|| Head::new(cx.now));
    write(cx, tx, path, &mut head, &mount, SecretBytes::copy_of(data.as_bytes()), fresh).await
}

async fn merge(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    require_merge_patch(cx)?;
    let path = match to_write(cx) {
        Target::Secret(path) => path,
        Target::Answer(answer) => return *answer,
    };
    let patch = data_field(cx)?;
    let cas = cas_option(cx)?;
    let root = cx.mount()?.root();
    let Some(mut head) = tree(root).get::<Head>(tx, path).await? else { return Ok(nothing()) };
    let Some(latest) = head.latest.clone() else { return Ok(nothing()) };
    let mount = settings(cx, tx).await?;
    check_cas(Some(&head), &mount, cas)?;
    if !latest.is_live(cx.now) {
        let metadata = json::metadata(&latest, head.custom.as_deref());
        return Ok(Response { data: Some(metadata), status: Some(404), ..Response::default() });
    }
    let merged = match json::is_null(patch) {
        true => SecretBytes::copy_of(b"null"),
        false => {
            let elsewhere = match latest.body {
                Body::Head => None,
                // Rows are deleted together with the head's change: then the commit would fail as well.
                body => Some(body::fetch(tx, root, body).await?.ok_or(Error::Busy)?),
            };
            let target = elsewhere.as_ref().unwrap_or(&head.data);
            let target = target.expose_str().ok_or(Error::Internal("stored data is no text"))?;
            json::merge(target, patch)?
        }
    };
    write(cx, tx, path, &mut head, &mount, merged, false).await
}

async fn write(
    cx: &Cx<'_>,
    tx: &mut Tx,
    path: &str,
    head: &mut Head,
    mount: &MountSettings,
    data: SecretBytes,
    fresh: bool,
) -> Result<Response> {
    let root = cx.mount()?.root();
    if data.len() > body::MAX_DATA {
        return Err(Error::TooLarge);
    }
    let discard = table::add(tx, root, head, mount, data, cx.now).await?;
    tree(root).put(tx, path, head, fresh).await?;
    discard.stage(tx, cx.now)?;
    let entry = head.latest.as_ref().ok_or(Error::Internal("a written secret has no version"))?;
    let metadata = json::metadata(entry, head.custom.as_deref());
    Ok(Response { data: Some(metadata), ..Response::default() })
}

async fn delete_latest(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let path = match to_delete(cx) {
        Target::Secret(path) => path,
        Target::Answer(answer) => return *answer,
    };
    let tree = tree(cx.mount()?.root());
    let Some(mut head) = tree.get::<Head>(tx, path).await? else { return Ok(Response::empty()) };
    if let Some(latest) = head.latest.as_mut().filter(|it| it.is_live(cx.now)) {
        latest.deleted = Some(cx.now);
        tree.put(tx, path, &head, false).await?;
    }
    Ok(Response::empty())
}

/// The field `data` as it came: an object, or `null`.
fn data_field<'a>(cx: &'a Cx<'_>) -> Result<&'a str> {
    let data = cx.request.body.raw("data").ok_or(Error::Invalid(Cow::Borrowed("no data provided")))?;
    match json::is_object(data) || json::is_null(data) {
        true => Ok(data),
        false => Err(Error::invalid("error converting input for field \"data\": expected a map")),
    }
}

/// `options.cas`; options that nobody knows are passed over.
fn cas_option(cx: &Cx<'_>) -> Result<Option<i64>> {
    #[derive(Deserialize)]
    struct Options {
        #[serde(default, deserialize_with = "given")]
        cas: Option<serde_json::Value>,
    }
    fn given<'de, D: serde::Deserializer<'de>>(
        reader: D,
    ) -> std::result::Result<Option<serde_json::Value>, D::Error> {
        serde_json::Value::deserialize(reader).map(Some)
    }

    let Some(text) = cx.request.body.raw("options").filter(|it| !json::is_null(it)) else { return Ok(None) };
    let bad = || Error::invalid("error converting input for field \"options\": expected a map");
    if !json::is_object(text) {
        return Err(bad());
    }
    let options: Options = serde_json::from_str(text).map_err(|_| bad())?;
    match options.cas.map(Cas::deserialize) {
        None => Ok(None),
        Some(Ok(Cas(cas))) => Ok(Some(cas)),
        Some(Err(_)) => Err(Error::invalid("error parsing check-and-set parameter")),
    }
}

fn check_cas(head: Option<&Head>, mount: &MountSettings, cas: Option<i64>) -> Result<()> {
    let required = mount.cas_required || head.is_some_and(|it| it.settings.cas_required);
    let current = head.map_or(0, Head::current);
    match cas {
        None if required => Err(Error::invalid("check-and-set parameter required for this call")),
        Some(cas) if u64::try_from(cas).ok() != Some(current) => {
            Err(Error::invalid("check-and-set parameter did not match the current version"))
        }
        _ => Ok(()),
    }
}
