//! `config`: the settings of the mount.

use serde::{Deserialize, Serialize};
use strongroom_api::{
    kv::After,
    params::{Bool, Integer},
};

use super::{
    super::{json, record::MountSettings, settings_place},
    settings,
};
use crate::{
    dispatch::Cx,
    error::{Error, Result},
    response::Response,
    route::{Kind, Route, action, field, in_tx, read},
    tx::Tx,
};

pub(super) const ROUTES: &[Route] = &[Route {
    pattern: "config",
    summary: "What holds for all secrets of the mount.",
    endpoints: &[
        read(in_tx!(get)),
        action(in_tx!(put)).fields(&[
            field("max_versions", Kind::Integer),
            field("cas_required", Kind::Bool),
            field("delete_version_after", Kind::Duration),
            field("metadata_cas_required", Kind::Bool),
        ]),
    ],
}];

#[derive(Serialize)]
struct Shown {
    cas_required: bool,
    delete_version_after: String,
    max_versions: u32,
    metadata_cas_required: bool,
}

#[derive(Deserialize)]
struct Fields {
    max_versions: Option<Integer>,
    cas_required: Option<Bool>,
    delete_version_after: Option<After>,
    metadata_cas_required: Option<Bool>,
}

async fn get(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let settings = settings(cx, tx).await?;
    let delete_version_after = match settings.never_delete {
        true => "-1s".to_owned(),
        false => json::go_duration(settings.delete_version_after.as_secs()),
    };
    Response::data(&Shown {
        cas_required: settings.cas_required,
        delete_version_after,
        max_versions: settings.max_versions,
        metadata_cas_required: settings.metadata_cas_required,
    })
}

async fn put(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let fields: Fields = cx.fields()?;
    let place = settings_place(tx.store(), cx.mount()?.root());
    let mut settings = tx.get::<MountSettings>(&place).await?.unwrap_or_default();
    if given(cx, "max_versions") {
        settings.max_versions = max_versions(fields.max_versions)?;
    }
    if given(cx, "cas_required") {
        settings.cas_required = fields.cas_required.unwrap_or_default().0;
    }
    if given(cx, "metadata_cas_required") {
        settings.metadata_cas_required = fields.metadata_cas_required.unwrap_or_default().0;
    }
    if let Some(After(after)) = fields.delete_version_after {
        settings.never_delete = after.is_none();
        settings.delete_version_after = after.unwrap_or_default();
    }
    tx.put(&place, &settings)?;
    Ok(Response::empty())
}

/// Whether a field was sent: `null` sets the default.
pub(super) fn given(cx: &Cx<'_>, name: &str) -> bool {
    cx.request.body.raw(name).is_some()
}

pub(super) fn max_versions(value: Option<Integer>) -> Result<u32> {
    u32::try_from(value.unwrap_or_default().0).map_err(|_| {
        Error::invalid(
            "error converting input for field \"max_versions\": expected a number from 0 to 4294967295",
        )
    })
}
