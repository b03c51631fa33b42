//! `entity-alias`: what authorities call an entity.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strongroom_api::params::{Pairs, Text};

use super::{
    entities::{each, listing},
    entity::{self, Entity, EntityAlias},
    given, merge,
    shown::{ListedAlias, ShownAlias},
};
use crate::{
    dispatch::Cx,
    error::{Error, Result},
    response::Response,
    route::{Field, Kind, Route, action, delete, field, in_tx, list, read},
    tx::Tx,
};

const BY_ID: &[Field] = &[
    field("canonical_id", Kind::Text),
    field("custom_metadata", Kind::Map),
    field("entity_id", Kind::Text),
    field("mount_accessor", Kind::Text),
    field("name", Kind::Text),
];
const ALL: &[Field] = &[
    field("canonical_id", Kind::Text),
    field("custom_metadata", Kind::Map),
    field("entity_id", Kind::Text),
    field("id", Kind::Text),
    field("mount_accessor", Kind::Text),
    field("name", Kind::Text),
];

pub(super) const ROUTES: &[Route] = &routes(["entity-alias", "entity-alias/id", "entity-alias/id/{id}"]);

/// Under their old names.
pub(super) const OLD: &[Route] = &routes(["alias", "alias/id", "alias/id/{id}"]);

/// Under those of before.
pub(super) const OLDER: &[Route] = &routes(["persona", "persona/id", "persona/id/{id}"]);

const fn routes([all, ids_of_all, one]: [&'static str; 3]) -> [Route; 3] {
    [
        Route {
            pattern: all,
            summary: "Ties an authority's name to an entity.",
            endpoints: const { &[action(in_tx!(register)).fields(ALL)] },
        },
        Route {
            pattern: ids_of_all,
            summary: "The ids of all aliases of entities.",
            endpoints: const { &[list(in_tx!(ids))] },
        },
        Route {
            pattern: one,
            summary: "An alias of an entity.",
            endpoints: const {
                &[read(in_tx!(show)), action(in_tx!(change)).fields(BY_ID), delete(in_tx!(remove))]
            },
        },
    ]
}

#[derive(Deserialize)]
struct Fields {
    canonical_id: Option<Text>,
    custom_metadata: Option<Pairs>,
    /// The old name of `canonical_id`.
    entity_id: Option<Text>,
    id: Option<Text>,
    mount_accessor: Option<Text>,
    name: Option<Text>,
}

impl Fields {
    fn entity(&self) -> Option<&str> {
        given(&self.canonical_id).or(given(&self.entity_id))
    }
}

async fn register(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let fields: Fields = cx.fields()?;
    if let Some(id) = given(&fields.id) {
        return update(cx, tx, id, &fields).await;
    }
    let (Some(name), Some(accessor)) = (given(&fields.name), given(&fields.mount_accessor)) else {
        return Err(Error::invalid("'id' or 'mount_accessor' and 'name' must be provided"));
    };
    check_mount(cx, accessor).await?;
    if let Some((entity, at)) = entity::by_alias(tx, accessor, name).await? {
        let alias = entity.aliases.get(at).ok_or(Error::NotFound)?;
        let stays = fields.entity().is_none_or(|it| it == entity.id);
        if stays && alias.name == name && alias.custom_metadata == custom(&fields)? {
            return Ok(Response::empty());
        }
        return update(cx, tx, &alias.id.clone(), &fields).await;
    }
    let mut alias = EntityAlias::new(accessor, name, cx.now)?;
    alias.custom_metadata = custom(&fields)?;
    let (mut entity, is_new) = match fields.entity() {
        Some(id) => {
            let unknown = || Error::invalid("invalid canonical ID");
            (entity::by_id(tx, id).await?.ok_or_else(unknown)?, false)
        }
        None => (Entity::new(tx, None, cx.now).await?, true),
    };
    if entity.alias(accessor).is_some() {
        return Err(Error::invalid("Alias already exists for requested entity and mount accessor"));
    }
    let id = alias.id.clone();
    entity.adopt(tx, alias).await?;
    match is_new {
        true => entity.put_named(tx, None).await?,
        false => entity.put(tx)?,
    }
    answer(&id, &entity.id)
}

async fn change(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    update(cx, tx, cx.param("id"), &cx.fields()?).await
}

/// Changes an alias; metadata that is not given is taken away, as in Vault. It may move to another entity: then whoever asks needs rights on both (rule 63).
async fn update(cx: &Cx<'_>, tx: &mut Tx, id: &str, fields: &Fields) -> Result<Response> {
    let found = entity::by_alias_id(tx, id).await?;
    let (mut old, at) = found.ok_or_else(|| Error::invalid("invalid alias ID provided"))?;
    let mut alias = old.aliases.get(at).cloned().ok_or(Error::NotFound)?;
    let accessor = given(&fields.mount_accessor).unwrap_or(&alias.accessor).to_owned();
    let name = given(&fields.name).unwrap_or(&alias.name).to_owned();
    check_mount(cx, &accessor).await?;
    let custom = custom(fields)?;
    let is_same_name = accessor == alias.accessor && name.eq_ignore_ascii_case(&alias.name);
    if !is_same_name {
        if accessor != alias.accessor && old.alias(&accessor).is_some() {
            return Err(Error::invalid(
                "Alias cannot be updated as the entity already has an alias for the given 'mount_accessor' ",
            ));
        }
        if entity::by_alias(tx, &accessor, &name).await?.is_some() {
            return Err(Error::invalid("alias with combination of mount accessor and name already exists"));
        }
        // What the authority said of one name it did not say of another (rule 64).
        alias.metadata = None;
        alias.groups.clear();
    }
    let moves_to = fields.entity().filter(|it| *it != old.id);
    let new = match moves_to {
        Some(id) => {
            merge::may_change(cx, &[&old.id, id]).await?;
            let unknown = || Error::invalid("given 'canonical_id' is not associated with an entity");
            let new = entity::by_id(tx, id).await?.ok_or_else(unknown)?;
            if new.alias(&accessor).is_some() {
                return Err(Error::invalid(
                    "Alias cannot be updated as the given entity already has an alias for this mount ",
                ));
            }
            Some(new)
        }
        None => None,
    };
    alias.unindex(tx)?;
    alias.accessor = accessor;
    // Read again: a name that cannot be one is refused.
    alias.name = EntityAlias::new(&alias.accessor, &name, cx.now)?.name;
    alias.custom_metadata = custom;
    alias.updated = cx.now;
    let id = alias.id.clone();
    match new {
        Some(mut new) => {
            old.aliases.remove(at);
            old.put(tx)?;
            new.adopt(tx, alias).await?;
            new.put(tx)?;
            answer(&id, &new.id)
        }
        None => {
            alias.index(tx, &old.id)?;
            if let Some(spot) = old.aliases.get_mut(at) {
                *spot = alias;
            }
            old.put(tx)?;
            answer(&id, &old.id)
        }
    }
}

fn custom(fields: &Fields) -> Result<Option<BTreeMap<String, String>>> {
    let Some(Pairs(pairs)) = &fields.custom_metadata else { return Ok(None) };
    if pairs.values().any(String::is_empty) {
        return Err(Error::invalid("custom_metadata has an empty value"));
    }
    super::metadata(pairs.clone()).map(Some)
}

/// Refuses an accessor that no mount has.
pub(super) async fn check_mount(cx: &Cx<'_>, accessor: &str) -> Result<()> {
    let open = cx.open()?;
    let table = open.mounts.current(&open.store).await?;
    match table.by_accessor(accessor) {
        Some(_) => Ok(()),
        None => Err(Error::invalid("invalid mount accessor")),
    }
}

#[derive(Serialize)]
struct Written<'a> {
    canonical_id: &'a str,
    id: &'a str,
}

pub(super) fn answer(id: &str, canonical_id: &str) -> Result<Response> {
    Response::data(&Written { canonical_id, id })
}

async fn show(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let (entity, at) = entity::by_alias_id(tx, cx.param("id")).await?.ok_or(Error::NotFound)?;
    let alias = entity.aliases.get(at).ok_or(Error::NotFound)?;
    let open = cx.open()?;
    let table = open.mounts.current(&open.store).await?;
    Response::data(&ShownAlias::of(alias, &entity.id, &table).alone())
}

async fn ids(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let open = cx.open()?;
    let table = open.mounts.current(&open.store).await?;
    let mut found = BTreeMap::new();
    each(tx.store(), |entity| {
        for alias in &entity.aliases {
            let shown = ShownAlias::of(alias, &entity.id, &table);
            found.insert(alias.id.clone(), ListedAlias::of(&shown));
        }
    })
    .await?;
    listing(found)
}

async fn remove(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    if let Some((mut entity, at)) = entity::by_alias_id(tx, cx.param("id")).await? {
        entity.aliases.remove(at).unindex(tx)?;
        entity.put(tx)?;
    }
    Ok(Response::empty())
}
