//! `subkeys/PATH`: the names in a secret, without its values.

use serde::Deserialize;
use strongroom_api::params::Integer;

use super::{
    super::{Named, json},
    data, invalid_path,
};
use crate::{
    crypto::SecretBytes,
    dispatch::Cx,
    error::{Error, Result},
    request::Operation,
    response::Response,
    route::{Kind, Route, field, in_tx, read},
    tx::Tx,
};

pub(super) const ROUTES: &[Route] = &[Route {
    pattern: "subkeys/{path...}",
    summary: "The structure of a secret: its names, with null for every value.",
    endpoints: &[read(in_tx!(get)).fields(&[field("version", Kind::Integer), field("depth", Kind::Integer)])],
}];

#[derive(Deserialize)]
struct Fields {
    depth: Option<Integer>,
}

async fn get(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let path = match Named::new(cx.param("path"), cx.request.path.as_str()) {
        Named::Secret(path) => path,
        Named::Folder => return Err(Error::NotFound),
        Named::Bare => return Ok(invalid_path(Operation::Read)),
    };
    // Less than none is the least there is.
    let depth = u64::try_from(cx.fields::<Fields>()?.depth.unwrap_or_default().0).unwrap_or(1);
    let found = data::find(cx, tx, path).await?;
    let names = match &found.data {
        Some(data) => {
            let data = data.expose_str().ok_or(Error::Internal("stored data is no text"))?;
            json::names(data, depth)?
        }
        None => SecretBytes::copy_of(b"null"),
    };
    let answer = json::subkeys(names.expose(), &found.entry, found.custom.as_deref());
    Ok(Response { data: Some(answer), status: found.data.is_none().then_some(404), ..Response::default() })
}
