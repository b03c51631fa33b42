//! `group`: entities that have policies together.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use strongroom_api::params::{List, Pairs, Text};

use super::{
    entities::{each, listing},
    entity, given,
    group::{self, Group, GroupAlias, GroupKind},
    membership::{self, Groups},
    shown::{ShownGroup, listed_group},
};
use crate::{
    dispatch::Cx,
    error::{Error, Result},
    response::Response,
    route::{Field, Kind, Route, action, delete, field, in_tx, list, read},
    store::Store,
    tx::Tx,
};

const ENTITIES: Field = field("member_entity_ids", Kind::List);
const GROUPS: Field = field("member_group_ids", Kind::List);
const ID: Field = field("id", Kind::Text);
const KIND: Field = field("type", Kind::Text);
const METADATA: Field = field("metadata", Kind::Map);
const NAME: Field = field("name", Kind::Text);
const POLICIES: Field = field("policies", Kind::List);

pub(super) const ROUTES: &[Route] = &[
    Route {
        pattern: "group",
        summary: "Makes a group, or changes the one with the id or name given.",
        endpoints: &[action(in_tx!(register)).fields(&[ID, ENTITIES, GROUPS, METADATA, NAME, POLICIES, KIND])],
    },
    Route {
        pattern: "group/id",
        summary: "The ids of all groups, with their names.",
        endpoints: &[list(in_tx!(ids))],
    },
    Route {
        pattern: "group/id/{id}",
        summary: "A group, by its id.",
        endpoints: &[
            read(in_tx!(show)),
            action(in_tx!(change)).fields(&[ENTITIES, GROUPS, METADATA, NAME, POLICIES, KIND]),
            delete(in_tx!(remove)),
        ],
    },
    Route { pattern: "group/name", summary: "The names of all groups.", endpoints: &[list(in_tx!(names))] },
    Route {
        pattern: "group/name/{name...}",
        summary: "A group, by its name.",
        endpoints: &[
            read(in_tx!(show_named)),
            action(in_tx!(register_named)).fields(&[ID, ENTITIES, GROUPS, METADATA, POLICIES, KIND]),
            delete(in_tx!(remove_named)),
        ],
    },
];

#[derive(Deserialize)]
struct Fields {
    id: Option<Text>,
    member_entity_ids: Option<List>,
    member_group_ids: Option<List>,
    metadata: Option<Pairs>,
    name: Option<Text>,
    policies: Option<List>,
    #[serde(rename = "type")]
    kind: Option<Text>,
}

async fn register(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let fields: Fields = cx.fields()?;
    if fields.name.as_ref().is_some_and(|it| it.0.is_empty()) {
        return Err(Error::invalid("empty group name"));
    }
    let name = given(&fields.name);
    let known = match (given(&fields.id), name) {
        (Some(id), _) => Some(group::by_id(tx, id).await?.ok_or_else(|| Error::invalid("invalid group ID"))?),
        (None, Some(name)) => group::named(tx, name).await?,
        (None, None) => None,
    };
    write(cx, tx, known, name, &fields).await
}

async fn register_named(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let name = cx.param("name");
    let known = group::named(tx, name).await?;
    let name = known.is_none().then_some(name);
    write(cx, tx, known, name, &cx.fields()?).await
}

async fn change(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let fields: Fields = cx.fields()?;
    let known = group::by_id(tx, cx.param("id")).await?.ok_or_else(|| Error::invalid("invalid group ID"))?;
    write(cx, tx, Some(known), given(&fields.name), &fields).await
}

#[derive(Serialize)]
struct Made<'a> {
    id: &'a str,
    name: &'a str,
}

async fn write(
    cx: &Cx<'_>,
    tx: &mut Tx,
    known: Option<Group>,
    name: Option<&str>,
    fields: &Fields,
) -> Result<Response> {
    let kind = fields.kind.as_ref().map(|it| GroupKind::parse(&it.0)).transpose()?;
    let is_new = known.is_none();
    let mut group = match known {
        Some(group) if kind.is_some_and(|it| it != group.kind) => {
            return Err(Error::invalid("group type cannot be changed"));
        }
        Some(group) => group,
        None => Group::new(tx, name, kind.unwrap_or(GroupKind::Internal), cx.now).await?,
    };
    let old = (!is_new).then(|| group.name.clone());
    if let Some(name) = name {
        name.clone_into(&mut group.name);
    }
    if let Some(List(policies)) = &fields.policies {
        group.policies = Some(super::policies(policies)?);
    }
    if let Some(Pairs(metadata)) = &fields.metadata {
        group.metadata = Some(super::metadata(metadata.clone())?);
    }
    if let Some(List(ids)) = &fields.member_entity_ids {
        list_entities(tx, &mut group, ids).await?;
    }
    if let Some(List(ids)) = &fields.member_group_ids {
        list_groups(cx, tx, &mut group, ids).await?;
    }
    group.put_named(tx, old.as_deref(), cx.now).await?;
    match is_new {
        true => Response::data(&Made { id: &group.id, name: &group.name }),
        false => Ok(Response::empty()),
    }
}

async fn list_entities(tx: &mut Tx, group: &mut Group, ids: &[String]) -> Result<()> {
    if group.kind == GroupKind::External {
        return match ids.is_empty() {
            true => Ok(()),
            false => Err(Error::invalid("member entities can't be set manually for external groups")),
        };
    }
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    for id in &ids {
        // Not checked at the commit: one that is deleted meanwhile is a member no more.
        if tx.store().rev(&entity::at(tx.store(), id)).await?.is_none() {
            return Err(Error::invalid("invalid entity ID among the members"));
        }
    }
    group.member_entities = Some(ids);
    Ok(())
}

async fn list_groups(cx: &Cx<'_>, tx: &mut Tx, group: &mut Group, ids: &[String]) -> Result<()> {
    if group.kind == GroupKind::External && !ids.is_empty() {
        return Err(Error::invalid("member groups can't be set for external groups"));
    }
    // Before it is looked at who is in which: two changes that make a circle together conflict.
    membership::watch(tx).await?;
    let open = cx.open()?;
    let groups = open.identities.groups(tx.store()).await?;
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    for id in &ids {
        if *id == group.id {
            return Err(Error::invalid("a group cannot be a member of itself"));
        }
        if groups.get(id).is_none() {
            return Err(Error::invalid("invalid member group ID"));
        }
        if groups.is_around(id, &group.id) {
            return Err(Error::invalid("cyclic relationship detected for member group ID"));
        }
    }
    group.member_groups = Some(ids);
    Ok(())
}

async fn show(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let group = group::by_id(tx, cx.param("id")).await?;
    answer(cx, &group.ok_or(Error::NotFound)?).await
}

async fn show_named(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let group = group::named(tx, cx.param("name")).await?;
    answer(cx, &group.ok_or(Error::NotFound)?).await
}

pub(super) async fn answer(cx: &Cx<'_>, group: &Group) -> Result<Response> {
    let open = cx.open()?;
    let table = open.mounts.current(&open.store).await?;
    let groups = open.identities.groups(&open.store).await?;
    let members = match &group.alias {
        Some(alias) => external(&open.store, &[alias]).await?.remove(&alias.id),
        None => group.member_entities.clone(),
    };
    Response::data(&ShownGroup::of(group, members, &groups, &table))
}

/// Who is in external groups, by the ids of their aliases: those of whom their authorities said so last.
async fn external(store: &Store, aliases: &[&GroupAlias]) -> Result<HashMap<String, Vec<String>>> {
    let mut members: HashMap<String, Vec<String>> = HashMap::new();
    each(store, |entity| {
        for group in aliases {
            let is_in = entity.aliases.iter().any(|alias| {
                alias.accessor == group.accessor
                    && alias.groups.iter().any(|it| it.eq_ignore_ascii_case(&group.name))
            });
            if is_in {
                members.entry(group.id.clone()).or_default().push(entity.id.clone());
            }
        }
    })
    .await?;
    Ok(members)
}

async fn ids(cx: &Cx<'_>, _: &mut Tx) -> Result<Response> {
    let open = cx.open()?;
    let table = open.mounts.current(&open.store).await?;
    let groups = open.identities.groups(&open.store).await?;
    let aliases: Vec<&GroupAlias> = groups.all().filter_map(|it| it.alias.as_ref()).collect();
    let members = match aliases.is_empty() {
        true => HashMap::new(),
        false => external(&open.store, &aliases).await?,
    };
    let number = |it: &Group| match &it.alias {
        Some(alias) => members.get(&alias.id).map_or(0, Vec::len),
        None => it.entities().len(),
    };
    let shown: BTreeMap<String, _> =
        groups.all().map(|it| (it.id.clone(), listed_group(it, number(it), &groups, &table))).collect();
    listing(shown)
}

async fn names(cx: &Cx<'_>, _: &mut Tx) -> Result<Response> {
    let open = cx.open()?;
    let groups: std::sync::Arc<Groups> = open.identities.groups(&open.store).await?;
    let mut names: Vec<String> = groups.all().map(|it| it.name.clone()).collect();
    names.sort_unstable();
    Response::keys(&names)
}

async fn remove(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    if let Some(group) = group::by_id(tx, cx.param("id")).await? {
        end(cx, tx, group).await?;
    }
    Ok(Response::empty())
}

async fn remove_named(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    if let Some(group) = group::named(tx, cx.param("name")).await? {
        end(cx, tx, group).await?;
    }
    Ok(Response::empty())
}

/// Stages a group's end; no other group lists it.
async fn end(cx: &Cx<'_>, tx: &mut Tx, mut group: Group) -> Result<()> {
    let open = cx.open()?;
    let groups = open.identities.groups(&open.store).await?;
    for id in groups.parents(&group.id) {
        if !tx.has_room(12) {
            return Err(Error::invalid("the group is in too many groups to be deleted at once"));
        }
        let Some(mut parent) = group::by_id(tx, id).await? else { continue };
        parent.member_groups.iter_mut().for_each(|all| all.retain(|it| *it != group.id));
        parent.put(tx, cx.now).await?;
    }
    group.remove(tx).await
}
