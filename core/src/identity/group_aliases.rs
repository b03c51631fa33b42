//! `group-alias`: what an authority calls an external group.

use std::collections::BTreeMap;

use serde::Deserialize;
use strongroom_api::params::Text;

use super::{
    aliases::{answer, check_mount},
    entities::listing,
    given,
    group::{self, Group, GroupAlias, GroupKind},
    shown::{ListedAlias, ShownAlias},
};
use crate::{
    dispatch::Cx,
    error::{Error, Result},
    response::Response,
    route::{Kind, Route, action, delete, field, in_tx, list, read},
    tx::Tx,
};

pub(super) const ROUTES: &[Route] = &[
    Route {
        pattern: "group-alias",
        summary: "Ties an authority's name for a group to an external group.",
        endpoints: &[action(in_tx!(register)).fields(&[
            field("canonical_id", Kind::Text),
            field("id", Kind::Text),
            field("mount_accessor", Kind::Text),
            field("name", Kind::Text),
        ])],
    },
    Route {
        pattern: "group-alias/id",
        summary: "The ids of all aliases of groups.",
        endpoints: &[list(in_tx!(ids))],
    },
    Route {
        pattern: "group-alias/id/{id}",
        summary: "An alias of a group.",
        endpoints: &[
            read(in_tx!(show)),
            action(in_tx!(change)).fields(&[
                field("canonical_id", Kind::Text),
                field("mount_accessor", Kind::Text),
                field("name", Kind::Text),
            ]),
            delete(in_tx!(remove)),
        ],
    },
];

#[derive(Deserialize)]
struct Fields {
    canonical_id: Option<Text>,
    id: Option<Text>,
    mount_accessor: Option<Text>,
    name: Option<Text>,
}

async fn register(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let fields: Fields = cx.fields()?;
    match given(&fields.id) {
        Some(id) => write(cx, tx, Some(id), &fields).await,
        None => write(cx, tx, None, &fields).await,
    }
}

async fn change(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    write(cx, tx, Some(cx.param("id")), &cx.fields()?).await
}

async fn write(cx: &Cx<'_>, tx: &mut Tx, id: Option<&str>, fields: &Fields) -> Result<Response> {
    let old = match id {
        Some(id) => {
            let found = group::by_alias_id(tx, id).await?;
            Some(found.ok_or_else(|| Error::invalid("invalid group alias ID"))?)
        }
        None => None,
    };
    let before = old.as_ref().and_then(|it| it.alias.clone());
    let missing = |what: &'static str| Error::invalid(what);
    let name = given(&fields.name).ok_or_else(|| missing("missing alias name"))?;
    let accessor = given(&fields.mount_accessor).ok_or_else(|| missing("missing mount_accessor"))?;
    check_mount(cx, accessor).await?;
    let taken = group::by_alias(tx, accessor, name).await?;
    if taken.is_some_and(|it| Some(&it.id) != old.as_ref().map(|it| &it.id)) {
        return Err(Error::invalid("combination of mount and group alias name is already in use"));
    }
    let mut alias = match &before {
        Some(before) => before.clone(),
        None => GroupAlias::new(accessor, name, cx.now)?,
    };
    // Read again: a name that cannot be one is refused.
    alias.name = GroupAlias::new(accessor, name, cx.now)?.name;
    accessor.clone_into(&mut alias.accessor);
    alias.updated = cx.now;
    let mut group = match given(&fields.canonical_id) {
        Some(id) => {
            let found = group::by_id(tx, id).await?;
            found.ok_or_else(|| Error::invalid("invalid group ID given in 'canonical_id'"))?
        }
        None => match &old {
            Some(owner) => owner.clone(),
            None => Group::new(tx, None, GroupKind::External, cx.now).await?,
        },
    };
    if group.kind != GroupKind::External {
        return Err(Error::invalid("alias can't be set on an internal group"));
    }
    if let Some(mut owner) = old.filter(|it| it.id != group.id) {
        owner.set_alias(tx, None)?;
        owner.put(tx, cx.now).await?;
    }
    let id = alias.id.clone();
    group.set_alias(tx, Some(alias))?;
    group.put_named(tx, None, cx.now).await?;
    answer(&id, &group.id)
}

async fn show(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let group = group::by_alias_id(tx, cx.param("id")).await?.ok_or(Error::NotFound)?;
    let alias = group.alias.as_ref().ok_or(Error::NotFound)?;
    let open = cx.open()?;
    let table = open.mounts.current(&open.store).await?;
    Response::data(&ShownAlias::of_group(alias, &group.id, &table).alone())
}

async fn ids(cx: &Cx<'_>, _: &mut Tx) -> Result<Response> {
    let open = cx.open()?;
    let table = open.mounts.current(&open.store).await?;
    let groups = open.identities.groups(&open.store).await?;
    let mut found = BTreeMap::new();
    for group in groups.all() {
        if let Some(alias) = &group.alias {
            let shown = ShownAlias::of_group(alias, &group.id, &table);
            found.insert(alias.id.clone(), ListedAlias::of(&shown));
        }
    }
    listing(found)
}

async fn remove(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    if let Some(mut group) = group::by_alias_id(tx, cx.param("id")).await? {
        group.set_alias(tx, None)?;
        group.put(tx, cx.now).await?;
    }
    Ok(Response::empty())
}
