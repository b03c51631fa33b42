//! `entity/merge`: entities that turn out to be one.

use serde::Deserialize;
use strongroom_api::params::{Bool, List, Text};
use strongroom_policies::{NoParameters, Operation, Query};

use super::{
    entities::replace_in_groups,
    entity::{self, Entity},
};
use crate::{
    admission,
    dispatch::Cx,
    error::{Error, Result},
    response::Response,
    route::{Kind, Route, action, field, in_tx},
    tx::Tx,
};

pub(super) const ROUTES: &[Route] = &[Route {
    pattern: "entity/merge",
    summary: "Makes entities one: its aliases, groups and tokens are the other's from then on.",
    endpoints: &[action(in_tx!(merge)).fields(&[
        field("conflicting_alias_ids_to_keep", Kind::List),
        field("force", Kind::Bool),
        field("from_entity_ids", Kind::List),
        field("to_entity_id", Kind::Text),
    ])],
}];

#[derive(Deserialize)]
struct Fields {
    conflicting_alias_ids_to_keep: Option<List>,
    force: Option<Bool>,
    from_entity_ids: Option<List>,
    to_entity_id: Option<Text>,
}

/// Rule 63: whoever makes one entity of two could change either.
pub(super) async fn may_change(cx: &Cx<'_>, ids: &[&str]) -> Result<()> {
    let acl = admission::acl(cx.open()?, cx.caller, cx.now).await?;
    let may = |id: &&str| {
        let path = format!("identity/entity/id/{id}");
        let query =
            Query { path: &path, operation: Operation::Write, parameters: &NoParameters, wrap_ttl: None };
        acl.decide(&query).grant().is_ok_and(|it| it.for_existing(true).is_ok())
    };
    if ids.iter().all(may) { Ok(()) } else { Err(Error::Denied) }
}

async fn merge(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let fields: Fields = cx.fields()?;
    let to = fields.to_entity_id.map(|it| it.0).unwrap_or_default();
    if to.is_empty() {
        return Err(Error::invalid("missing entity id to merge to"));
    }
    let from = fields.from_entity_ids.map(|it| it.0).unwrap_or_default();
    if from.is_empty() {
        return Err(Error::invalid("missing entity ids to merge from"));
    }
    let everyone: Vec<&str> = from.iter().chain([&to]).map(String::as_str).collect();
    may_change(cx, &everyone).await?;
    let invalid_to = || Error::invalid("entity id to merge to is invalid");
    let mut target = entity::by_id(tx, &to).await?.ok_or_else(invalid_to)?;
    if from.contains(&to) {
        return Err(Error::invalid("to_entity_id should not be present in from_entity_ids"));
    }
    let kept = fields.conflicting_alias_ids_to_keep.map(|it| it.0).unwrap_or_default();
    let force = fields.force.is_some_and(|it| it.0);
    for id in &from {
        let invalid_from = || Error::invalid("entity id to merge from is invalid");
        let old = entity::by_id(tx, id).await?.ok_or_else(invalid_from)?;
        if !tx.has_room(8 + 3 * old.aliases.len()) {
            return Err(Error::invalid("too many entities or aliases to be merged at once"));
        }
        absorb(cx, tx, &mut target, old, &kept, force || from.len() == 1).await?;
    }
    target.updated = cx.now;
    target.put(tx)?;
    Ok(Response::empty())
}

/// Makes `old` a part of `target`. An entity has one alias for each mount: of two, the caller says which stays.
async fn absorb(
    cx: &Cx<'_>,
    tx: &mut Tx,
    target: &mut Entity,
    old: Entity,
    kept: &[String],
    may_choose: bool,
) -> Result<()> {
    old.remove(tx)?;
    for mut alias in old.aliases {
        if let Some(at) = target.aliases.iter().position(|it| it.accessor == alias.accessor) {
            let theirs = target.aliases.get(at).map(|it| it.id.as_str()).unwrap_or_default();
            let keeps_theirs = kept.iter().any(|it| it == theirs);
            let keeps_ours = kept.contains(&alias.id);
            if keeps_theirs == keeps_ours || !may_choose {
                return Err(Error::invalid(
                    "toEntity and at least one fromEntity have aliases with the same mount accessor, repeat the merge request specifying exactly one fromEntity, and which alias to keep in conflicting_alias_ids_to_keep",
                ));
            }
            if keeps_theirs {
                continue;
            }
            target.aliases.remove(at).unindex(tx)?;
        }
        alias.merged_from.push(old.id.clone());
        target.adopt(tx, alias).await?;
    }
    replace_in_groups(cx, tx, &old.id, Some(&target.id)).await?;
    entity::put_merged(tx, &old.id, &target.id)?;
    target.merged.extend(old.merged);
    target.merged.push(old.id);
    Ok(())
}
