//! `entity`: who there is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strongroom_api::params::{Bool, List, Pairs, Text};

use super::{
    ROOT,
    entity::{self, Entity},
    given, group,
    shown::{ListedEntity, ShownEntity},
};
use crate::{
    barrier::Class,
    dispatch::Cx,
    error::{Error, Result},
    response::Response,
    route::{Field, Kind, Route, action, delete, field, in_tx, list, read},
    store::{PAGE, Store},
    tx::Tx,
};

const DISABLED: Field = field("disabled", Kind::Bool);
const ID: Field = field("id", Kind::Text);
const METADATA: Field = field("metadata", Kind::Map);
const NAME: Field = field("name", Kind::Text);
const POLICIES: Field = field("policies", Kind::List);

pub(super) const ROUTES: &[Route] = &[
    Route {
        pattern: "entity",
        summary: "Makes an entity, or changes the one with the id or name given.",
        endpoints: &[action(in_tx!(register)).fields(&[DISABLED, ID, METADATA, NAME, POLICIES])],
    },
    Route {
        pattern: "entity/batch-delete",
        summary: "Deletes entities.",
        endpoints: &[action(in_tx!(batch_delete)).fields(&[field("entity_ids", Kind::List)])],
    },
    Route {
        pattern: "entity/id",
        summary: "The ids of all entities, with their names.",
        endpoints: &[list(in_tx!(ids))],
    },
    Route {
        pattern: "entity/id/{id}",
        summary: "An entity, by its id.",
        endpoints: &[
            read(in_tx!(show)),
            action(in_tx!(change)).fields(&[DISABLED, METADATA, NAME, POLICIES]),
            delete(in_tx!(remove)),
        ],
    },
    Route {
        pattern: "entity/name",
        summary: "The names of all entities.",
        endpoints: &[list(in_tx!(names))],
    },
    Route {
        pattern: "entity/name/{name...}",
        summary: "An entity, by its name.",
        endpoints: &[
            read(in_tx!(show_named)),
            action(in_tx!(register_named)).fields(&[DISABLED, ID, METADATA, POLICIES]),
            delete(in_tx!(remove_named)),
        ],
    },
];

#[derive(Deserialize)]
struct Fields {
    disabled: Option<Bool>,
    id: Option<Text>,
    metadata: Option<Pairs>,
    name: Option<Text>,
    policies: Option<List>,
}

async fn register(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let fields: Fields = cx.fields()?;
    let name = given(&fields.name);
    let known = match (given(&fields.id), name) {
        (Some(id), _) => {
            let found = entity::by_id(tx, id).await?;
            Some(found.ok_or_else(|| Error::invalid("entity not found from id"))?)
        }
        (None, Some(name)) => entity::named(tx, name).await?,
        (None, None) => None,
    };
    write(cx, tx, known, name, &fields).await
}

async fn register_named(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let name = cx.param("name");
    let known = entity::named(tx, name).await?;
    let name = known.is_none().then_some(name);
    write(cx, tx, known, name, &cx.fields()?).await
}

async fn change(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let fields: Fields = cx.fields()?;
    let known = entity::by_id(tx, cx.param("id")).await?;
    let known = known.ok_or_else(|| Error::invalid("entity not found from id"))?;
    write(cx, tx, Some(known), given(&fields.name), &fields).await
}

#[derive(Serialize)]
struct Made<'a> {
    /// None yet: as clients expect it.
    aliases: Option<()>,
    id: &'a str,
    name: &'a str,
}

async fn write(
    cx: &Cx<'_>,
    tx: &mut Tx,
    known: Option<Entity>,
    name: Option<&str>,
    fields: &Fields,
) -> Result<Response> {
    let is_new = known.is_none();
    let mut entity = match known {
        Some(entity) => entity,
        None => Entity::new(tx, name, cx.now).await?,
    };
    let old = (!is_new).then(|| entity.name.clone());
    if let Some(name) = name {
        name.clone_into(&mut entity.name);
    }
    if let Some(Bool(disabled)) = fields.disabled {
        entity.disabled = disabled;
    }
    if let Some(List(policies)) = &fields.policies {
        entity.policies = super::policies(policies)?;
    }
    if let Some(Pairs(metadata)) = &fields.metadata {
        entity.metadata = Some(super::metadata(metadata.clone())?);
    }
    entity.updated = cx.now;
    entity.put_named(tx, old.as_deref()).await?;
    match is_new {
        true => Response::data(&Made { aliases: None, id: &entity.id, name: &entity.name }),
        false => Ok(Response::empty()),
    }
}

async fn show(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let entity = entity::by_id(tx, cx.param("id")).await?;
    answer(cx, &entity.ok_or(Error::NotFound)?).await
}

async fn show_named(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let entity = entity::named(tx, cx.param("name")).await?;
    answer(cx, &entity.ok_or(Error::NotFound)?).await
}

pub(super) async fn answer(cx: &Cx<'_>, entity: &Entity) -> Result<Response> {
    let open = cx.open()?;
    let table = open.mounts.current(&open.store).await?;
    let groups = open.identities.groups(&open.store).await?;
    Response::data(&ShownEntity::of(entity, &groups, &table))
}

#[derive(Serialize)]
pub(super) struct Listing<T> {
    key_info: BTreeMap<String, T>,
    keys: Vec<String>,
}

/// A listing with what is known of each; 404 if there is nothing in it.
pub(super) fn listing<T: Serialize>(key_info: BTreeMap<String, T>) -> Result<Response> {
    if key_info.is_empty() {
        return Err(Error::NotFound);
    }
    let keys = key_info.keys().cloned().collect();
    Response::data(&Listing { key_info, keys })
}

async fn ids(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let open = cx.open()?;
    let table = open.mounts.current(&open.store).await?;
    let mut found = BTreeMap::new();
    each(tx.store(), |it| {
        found.insert(it.id.clone(), ListedEntity::of(&it, &table));
    })
    .await?;
    listing(found)
}

/// Looks at all entities there are.
pub(super) async fn each(store: &Store, mut visit: impl FnMut(Entity)) -> Result<()> {
    let dir = store.dir(ROOT, &format!("{}/", entity::FOLDER));
    let mut after = None;
    loop {
        let rows = store.records::<Entity>(Class::Identity, dir, after, PAGE).await?;
        after = rows.last().map(|(place, _)| place.key);
        let more = rows.len() == PAGE;
        rows.into_iter().for_each(|(_, it)| visit(it.value));
        if !more {
            return Ok(());
        }
    }
}

async fn names(_: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let mut names = Vec::new();
    each(tx.store(), |it| names.push(it.name)).await?;
    names.sort_unstable();
    Response::keys(&names)
}

async fn remove(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    if let Some(entity) = entity::by_id(tx, cx.param("id")).await? {
        end(cx, tx, &entity).await?;
    }
    Ok(Response::empty())
}

async fn remove_named(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    if let Some(entity) = entity::named(tx, cx.param("name")).await? {
        end(cx, tx, &entity).await?;
    }
    Ok(Response::empty())
}

/// Stages an entity's end: its tokens are good for nothing, and no group lists it.
async fn end(cx: &Cx<'_>, tx: &mut Tx, entity: &Entity) -> Result<()> {
    replace_in_groups(cx, tx, &entity.id, None).await?;
    entity.remove(tx)
}

/// Stages that groups list `new` in the place of `old`, or nobody.
pub(super) async fn replace_in_groups(cx: &Cx<'_>, tx: &mut Tx, old: &str, new: Option<&str>) -> Result<()> {
    let open = cx.open()?;
    let groups = open.identities.groups(&open.store).await?;
    for id in groups.listing(old) {
        if !tx.has_room(12) {
            return Err(Error::invalid("the entity is in too many groups to be changed at once"));
        }
        let Some(mut group) = group::by_id(tx, id).await? else { continue };
        let members = group.member_entities.get_or_insert_default();
        members.retain(|it| it != old && Some(it.as_str()) != new);
        members.extend(new.map(str::to_owned));
        group.put(tx, cx.now).await?;
    }
    Ok(())
}

#[derive(Deserialize)]
struct Batch {
    entity_ids: Option<List>,
}

async fn batch_delete(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let ids = cx.fields::<Batch>()?.entity_ids.map(|it| it.0).filter(|it| !it.is_empty());
    for id in ids.ok_or_else(|| Error::invalid("missing entity ids to delete"))? {
        let Some(entity) = entity::by_id(tx, &id).await? else { continue };
        if !tx.has_room(4 + 2 * entity.aliases.len()) {
            return Err(Error::invalid("too many entities to be deleted at once"));
        }
        end(cx, tx, &entity).await?;
    }
    Ok(Response::empty())
}
