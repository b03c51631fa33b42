//! Entities, groups and aliases, as they are answered.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{
    entity::{Entity, EntityAlias},
    group::{Group, GroupAlias},
    membership::Groups,
};
use crate::{
    clock::Timestamp,
    mounts::{Mount, Table},
};

type Metadata = Option<BTreeMap<String, String>>;

/// Where an alias is from, as clients know it.
#[derive(Serialize)]
struct Origin<'a> {
    mount_accessor: &'a str,
    /// None: there is no such mount any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    mount_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mount_type: Option<&'a str>,
    name: &'a str,
}

impl<'a> Origin<'a> {
    fn of(accessor: &'a str, name: &'a str, table: &'a Table) -> Self {
        let mount = table.by_accessor(accessor);
        Self {
            mount_accessor: accessor,
            mount_path: mount.map(Mount::full_path),
            mount_type: mount.map(|it| it.kind.as_str()),
            name,
        }
    }
}

/// What an answer says of an alias, of an entity or a group.
#[derive(Serialize)]
pub(super) struct ShownAlias<'a> {
    canonical_id: &'a str,
    #[serde(serialize_with = "time")]
    creation_time: Timestamp,
    custom_metadata: &'a Metadata,
    id: &'a str,
    #[serde(serialize_with = "time")]
    last_update_time: Timestamp,
    local: bool,
    merged_from_canonical_ids: Option<&'a [String]>,
    metadata: &'a Metadata,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace_id: Option<&'static str>,
    #[serde(flatten)]
    origin: Origin<'a>,
}

const NAMESPACE: &str = "root";

impl<'a> ShownAlias<'a> {
    pub(super) fn of(alias: &'a EntityAlias, entity: &'a str, table: &'a Table) -> Self {
        Self {
            canonical_id: entity,
            creation_time: alias.created,
            custom_metadata: &alias.custom_metadata,
            id: &alias.id,
            last_update_time: alias.updated,
            local: table.by_accessor(&alias.accessor).is_some_and(|it| it.local),
            merged_from_canonical_ids: some(&alias.merged_from),
            metadata: &alias.metadata,
            namespace_id: None,
            origin: Origin::of(&alias.accessor, &alias.name, table),
        }
    }

    pub(super) fn of_group(alias: &'a GroupAlias, group: &'a str, table: &'a Table) -> Self {
        Self {
            canonical_id: group,
            creation_time: alias.created,
            custom_metadata: &None,
            id: &alias.id,
            last_update_time: alias.updated,
            local: false,
            merged_from_canonical_ids: None,
            metadata: &None,
            namespace_id: None,
            origin: Origin::of(&alias.accessor, &alias.name, table),
        }
    }

    /// As it is answered by itself.
    pub(super) fn alone(self) -> Self {
        Self { namespace_id: Some(NAMESPACE), ..self }
    }
}

/// An alias within a group: without what a group's alias never has.
struct WithinGroup<'a>(Option<ShownAlias<'a>>);

impl Serialize for WithinGroup<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut map = out.serialize_map(None)?;
        if let Some(alias) = &self.0 {
            map.serialize_entry("canonical_id", alias.canonical_id)?;
            map.serialize_entry("creation_time", &alias.creation_time.rfc3339())?;
            map.serialize_entry("id", alias.id)?;
            map.serialize_entry("last_update_time", &alias.last_update_time.rfc3339())?;
            map.serialize_entry("merged_from_canonical_ids", &alias.merged_from_canonical_ids)?;
            map.serialize_entry("metadata", alias.metadata)?;
            map.serialize_entry("mount_accessor", alias.origin.mount_accessor)?;
            map.serialize_entry("mount_path", alias.origin.mount_path.as_deref().unwrap_or_default())?;
            map.serialize_entry("mount_type", alias.origin.mount_type.unwrap_or_default())?;
            map.serialize_entry("name", alias.origin.name)?;
        }
        map.end()
    }
}

#[derive(Serialize)]
pub(super) struct ShownEntity<'a> {
    aliases: Vec<ShownAlias<'a>>,
    #[serde(serialize_with = "time")]
    creation_time: Timestamp,
    direct_group_ids: Vec<String>,
    disabled: bool,
    group_ids: Vec<String>,
    id: &'a str,
    inherited_group_ids: Vec<String>,
    #[serde(serialize_with = "time")]
    last_update_time: Timestamp,
    merged_entity_ids: Option<&'a [String]>,
    metadata: &'a Metadata,
    name: &'a str,
    namespace_id: &'static str,
    policies: &'a [String],
}

impl<'a> ShownEntity<'a> {
    pub(super) fn of(entity: &'a Entity, groups: &Groups, table: &'a Table) -> Self {
        let membership = groups.of_entity(entity, table);
        let ids = |groups: &[std::sync::Arc<Group>]| -> Vec<String> {
            groups.iter().map(|it| it.id.clone()).collect()
        };
        Self {
            aliases: entity.aliases.iter().map(|it| ShownAlias::of(it, &entity.id, table)).collect(),
            creation_time: entity.created,
            direct_group_ids: ids(&membership.direct),
            disabled: entity.disabled,
            group_ids: membership.all().map(|it| it.id.clone()).collect(),
            id: &entity.id,
            inherited_group_ids: ids(&membership.inherited),
            last_update_time: entity.updated,
            merged_entity_ids: some(&entity.merged),
            metadata: &entity.metadata,
            name: &entity.name,
            namespace_id: NAMESPACE,
            policies: &entity.policies,
        }
    }
}

/// An entity in a listing.
#[derive(Serialize)]
pub(super) struct ListedEntity {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<serde_json::Value>,
    name: String,
}

impl ListedEntity {
    pub(super) fn of(entity: &Entity, table: &Table) -> Self {
        let aliases = entity.aliases.iter().map(|it| listed(&it.id, &it.accessor, &it.name, table));
        Self { aliases: aliases.collect(), name: entity.name.clone() }
    }
}

fn listed(id: &str, accessor: &str, name: &str, table: &Table) -> serde_json::Value {
    let mut shown = serde_json::json!(Origin::of(accessor, name, table));
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("id".to_owned(), id.into());
    }
    shown
}

/// An alias in a listing.
#[derive(Serialize)]
pub(super) struct ListedAlias {
    canonical_id: String,
    custom_metadata: Metadata,
    local: bool,
    metadata: Metadata,
    #[serde(flatten)]
    origin: serde_json::Value,
}

impl ListedAlias {
    pub(super) fn of(alias: &ShownAlias<'_>) -> Self {
        Self {
            canonical_id: alias.canonical_id.to_owned(),
            custom_metadata: alias.custom_metadata.clone(),
            local: alias.local,
            metadata: alias.metadata.clone(),
            origin: serde_json::json!(alias.origin),
        }
    }
}

#[derive(Serialize)]
pub(super) struct ShownGroup<'a> {
    alias: WithinGroup<'a>,
    #[serde(serialize_with = "time")]
    creation_time: Timestamp,
    id: &'a str,
    #[serde(serialize_with = "time")]
    last_update_time: Timestamp,
    member_entity_ids: Option<Vec<String>>,
    member_group_ids: &'a Option<Vec<String>>,
    metadata: &'a Metadata,
    modify_index: u64,
    name: &'a str,
    namespace_id: &'static str,
    parent_group_ids: Option<&'a [String]>,
    policies: &'a Option<Vec<String>>,
    #[serde(rename = "type")]
    kind: &'static str,
}

impl<'a> ShownGroup<'a> {
    /// `members`: the entities in it.
    pub(super) fn of(
        group: &'a Group,
        members: Option<Vec<String>>,
        groups: &'a Groups,
        table: &'a Table,
    ) -> Self {
        let alias = group.alias.as_ref().map(|it| ShownAlias::of_group(it, &group.id, table));
        Self {
            alias: WithinGroup(alias),
            creation_time: group.created,
            id: &group.id,
            last_update_time: group.updated,
            member_entity_ids: members,
            member_group_ids: &group.member_groups,
            metadata: &group.metadata,
            modify_index: group.modify_index,
            name: &group.name,
            namespace_id: NAMESPACE,
            parent_group_ids: some(groups.parents(&group.id)),
            policies: &group.policies,
            kind: group.kind.name(),
        }
    }
}

/// A group in a listing.
pub(super) fn listed_group(
    group: &Group,
    members: usize,
    groups: &Groups,
    table: &Table,
) -> serde_json::Value {
    let mut shown = serde_json::json!({
        "name": group.name,
        "num_member_entities": members,
        "num_parent_groups": groups.parents(&group.id).len(),
    });
    if let (Some(alias), Some(shown)) = (&group.alias, shown.as_object_mut()) {
        shown.insert("alias".to_owned(), listed(&alias.id, &alias.accessor, &alias.name, table));
    }
    shown
}

/// Null for an empty list.
fn some(list: &[String]) -> Option<&[String]> {
    (!list.is_empty()).then_some(list)
}

fn time<S: Serializer>(time: &Timestamp, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(&time.rfc3339())
}
