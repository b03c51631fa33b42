//! LIST and SCAN of `metadata/` and `detailed-metadata/`.

use serde::{Deserialize, Serialize, Serializer};
use strongroom_api::params::{Integer, Text};

use super::{
    super::{folder, scan, tree, v1::scanned},
    metadata::{Shown, show},
};
use crate::{
    dispatch::Cx,
    error::{Error, Result},
    response::Response,
    route::{Field, Kind, field},
    tx::Tx,
};

pub(super) const FIELDS: &[Field] = &[field("after", Kind::Text), field("limit", Kind::Integer)];

/// A listing with details reads every secret that it names.
const MAX_DETAILED: usize = 10_000;

#[derive(Deserialize)]
struct Fields {
    after: Option<Text>,
    limit: Option<Integer>,
}

pub(super) async fn names(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    Response::keys(&page(cx, tx).await?)
}

pub(super) async fn names_below(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    scanned(&scan(tree(cx.mount()?.root()), tx, cx.param("path")).await?)
}

pub(super) async fn details(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let keys = page(cx, tx).await?;
    if keys.is_empty() {
        return Err(Error::NotFound);
    }
    detailed(cx, tx, keys).await
}

pub(super) async fn details_below(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let keys = scan(tree(cx.mount()?.root()), tx, cx.param("path")).await?;
    match keys.is_empty() {
        true => scanned(&keys),
        false => detailed(cx, tx, keys).await,
    }
}

/// What stands in the folder behind `after`, at most `limit` of it.
async fn page(cx: &Cx<'_>, tx: &mut Tx) -> Result<Vec<String>> {
    let fields: Fields = cx.fields()?;
    let mut keys = tree(cx.mount()?.root()).list(tx, &folder(cx.param("path"))).await?;
    if let Some(Text(after)) = fields.after.filter(|it| !it.0.is_empty()) {
        keys.retain(|it| *it > after);
    }
    // None, zero and less: all of it.
    if let Some(limit) = fields.limit.and_then(|it| usize::try_from(it.0).ok()).filter(|it| *it > 0) {
        keys.truncate(limit);
    }
    Ok(keys)
}

#[derive(Serialize)]
struct Detailed {
    #[serde(serialize_with = "as_map")]
    key_info: Vec<(String, Shown)>,
    keys: Vec<String>,
}

fn as_map<S: Serializer>(pairs: &[(String, Shown)], out: S) -> std::result::Result<S::Ok, S::Error> {
    out.collect_map(pairs.iter().map(|(key, value)| (key, value)))
}

async fn detailed(cx: &Cx<'_>, tx: &mut Tx, keys: Vec<String>) -> Result<Response> {
    if keys.len() > MAX_DETAILED {
        return Err(Error::invalid("too many entries for details: ask with after and limit"));
    }
    let root = cx.mount()?.root();
    let base = folder(cx.param("path"));
    let mut key_info = Vec::with_capacity(keys.len());
    for key in keys.iter().filter(|it| !it.ends_with('/')) {
        if let Some(shown) = show(tx, root, &format!("{base}{key}")).await? {
            key_info.push((key.clone(), shown));
        }
    }
    Response::data(&Detailed { key_info, keys })
}
