//! What is stored of an entity and its aliases.

use std::collections::BTreeMap;

use super::{Id, name::Folded, place};
use crate::{
    barrier::{Class, Filed, Place, Record, filed},
    clock::Timestamp,
    crypto::random,
    error::{Error, Result},
    store::Store,
    tx::Tx,
};

/// Names of one authority or another; whoever has more is no one person.
const MAX_ALIASES: usize = 256;

#[derive(Clone, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(crate) struct Entity {
    #[n(0)]
    pub(crate) id: String,
    /// As it was written.
    #[n(1)]
    pub(crate) name: String,
    #[cbor(n(2), with = "crate::codec::timestamp")]
    pub(super) created: Timestamp,
    #[cbor(n(3), with = "crate::codec::timestamp")]
    pub(super) updated: Timestamp,
    #[n(4)]
    pub(super) policies: Vec<String>,
    #[n(5)]
    pub(super) metadata: Option<BTreeMap<String, String>>,
    /// Its tokens are good for nothing, and nobody logs in as it.
    #[n(6)]
    pub(crate) disabled: bool,
    #[n(7)]
    pub(super) aliases: Vec<EntityAlias>,
    /// Ids of entities that became this one.
    #[n(8)]
    pub(super) merged: Vec<String>,
}

impl Record for Entity {}

#[derive(Clone, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) struct EntityAlias {
    #[n(0)]
    pub(super) id: String,
    /// The mount's whose authority says so.
    #[n(1)]
    pub(super) accessor: String,
    #[n(2)]
    pub(super) name: String,
    /// What the authority said at the last login.
    #[n(3)]
    pub(super) metadata: Option<BTreeMap<String, String>>,
    /// What an operator says.
    #[n(4)]
    pub(super) custom_metadata: Option<BTreeMap<String, String>>,
    /// What the authority called the groups that it is in, at the last login that spoke of any.
    #[n(5)]
    pub(super) groups: Vec<String>,
    #[cbor(n(6), with = "crate::codec::timestamp")]
    pub(super) created: Timestamp,
    #[cbor(n(7), with = "crate::codec::timestamp")]
    pub(super) updated: Timestamp,
    /// The entities that it belonged to before they were merged.
    #[n(8)]
    pub(super) merged_from: Vec<String>,
}

/// The entity of an authority's name for somebody.
#[derive(Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) struct Alias {
    #[n(0)]
    pub(super) entity: String,
    #[cbor(n(1), with = "crate::codec::timestamp")]
    pub(super) created: Timestamp,
}

impl Record for Alias {}

pub(super) const KINDS: &[Filed] = &[filed::<Entity>(Class::Identity), filed::<Alias>(Class::Identity)];

pub(super) const FOLDER: &str = "entity";
pub(super) const NAMES: &str = "entity-name";
pub(super) const ALIASES: &str = "alias-id";
const MERGED: &str = "merged";

impl Entity {
    /// A new one with a name nobody else has; without `name`, one that is made up.
    pub(super) async fn new(tx: &mut Tx, name: Option<&str>, now: Timestamp) -> Result<Self> {
        let name = match name {
            Some(name) => name.to_owned(),
            None => loop {
                let name = format!("entity_{:08x}.root", u32::from_be_bytes(random::bytes()?));
                if named(tx, &name).await?.is_none() {
                    break name;
                }
            },
        };
        Ok(Self {
            id: random::uuid()?.to_string(),
            name,
            created: now,
            updated: now,
            policies: Vec::new(),
            metadata: None,
            disabled: false,
            aliases: Vec::new(),
            merged: Vec::new(),
        })
    }

    /// Stages it under its id. What else it is found by is staged by whoever changes that.
    pub(super) fn put(&self, tx: &mut Tx) -> Result<()> {
        let place = at(tx.store(), &self.id);
        tx.put(&place, self)
    }

    /// As [`Entity::put`], for a new one or one with a new name.
    pub(super) async fn put_named(&self, tx: &mut Tx, old: Option<&str>) -> Result<()> {
        let folded = Folded::new(&self.name)?;
        let spot = place(tx.store(), NAMES, folded.as_str());
        if tx.get::<Id>(&spot).await?.is_some_and(|it| it.id != self.id) {
            return Err(Error::invalid("entity name is already in use"));
        }
        tx.put(&spot, &Id { id: self.id.clone() })?;
        if let Some(old) = old.map(Folded::new).transpose()?.filter(|it| *it != folded) {
            let old = place(tx.store(), NAMES, old.as_str());
            tx.delete(&old);
        }
        self.put(tx)
    }

    /// The alias that a mount's authority knows it by.
    pub(super) fn alias(&self, accessor: &str) -> Option<&EntityAlias> {
        self.aliases.iter().find(|it| it.accessor == accessor)
    }

    /// Adds an alias, and stages what it is found by. The entity is staged by the caller.
    pub(super) async fn adopt(&mut self, tx: &mut Tx, alias: EntityAlias) -> Result<()> {
        if self.aliases.len() >= MAX_ALIASES {
            return Err(Error::invalid("the entity has too many aliases"));
        }
        alias.index(tx, &self.id)?;
        self.aliases.push(alias);
        Ok(())
    }

    /// Stages its end, and that of its aliases.
    pub(super) fn remove(&self, tx: &mut Tx) -> Result<()> {
        for alias in &self.aliases {
            alias.unindex(tx)?;
        }
        let spots = [at(tx.store(), &self.id), place(tx.store(), NAMES, Folded::new(&self.name)?.as_str())];
        spots.iter().for_each(|it| tx.delete(it));
        Ok(())
    }
}

impl EntityAlias {
    pub(super) fn new(accessor: &str, name: &str, now: Timestamp) -> Result<Self> {
        Folded::new(name)?;
        Ok(Self {
            id: random::uuid()?.to_string(),
            accessor: accessor.to_owned(),
            name: name.to_owned(),
            metadata: None,
            custom_metadata: None,
            groups: Vec::new(),
            created: now,
            updated: now,
            merged_from: Vec::new(),
        })
    }

    /// Stages what it is found by.
    pub(super) fn index(&self, tx: &mut Tx, entity: &str) -> Result<()> {
        let (by_name, by_id) = self.spots(tx.store())?;
        tx.put(&by_name, &Alias { entity: entity.to_owned(), created: self.created })?;
        tx.put(&by_id, &Id { id: entity.to_owned() })
    }

    pub(super) fn unindex(&self, tx: &mut Tx) -> Result<()> {
        let (by_name, by_id) = self.spots(tx.store())?;
        tx.delete(&by_name);
        tx.delete(&by_id);
        Ok(())
    }

    fn spots(&self, store: &Store) -> Result<(Place, Place)> {
        let by_name = by_name(store, &self.accessor, &Folded::new(&self.name)?);
        Ok((by_name, place(store, ALIASES, &self.id)))
    }
}

/// Where the alias called `name` of a mount lies.
fn by_name(store: &Store, accessor: &str, name: &Folded) -> Place {
    place(store, &format!("alias/{accessor}"), name.as_str())
}

pub(super) fn at(store: &Store, id: &str) -> Place {
    place(store, FOLDER, id)
}

pub(super) async fn by_id(tx: &mut Tx, id: &str) -> Result<Option<Entity>> {
    let spot = at(tx.store(), id);
    tx.get(&spot).await
}

pub(super) async fn named(tx: &mut Tx, name: &str) -> Result<Option<Entity>> {
    let Ok(folded) = Folded::new(name) else { return Ok(None) };
    let spot = place(tx.store(), NAMES, folded.as_str());
    match tx.get::<Id>(&spot).await? {
        Some(it) => by_id(tx, &it.id).await,
        None => Ok(None),
    }
}

/// The entity with this alias, and which of its aliases it is.
pub(super) async fn by_alias(tx: &mut Tx, accessor: &str, name: &str) -> Result<Option<(Entity, usize)>> {
    let Ok(folded) = Folded::new(name) else { return Ok(None) };
    let spot = by_name(tx.store(), accessor, &folded);
    let Some(alias) = tx.get::<Alias>(&spot).await? else { return Ok(None) };
    let Some(entity) = by_id(tx, &alias.entity).await? else { return Ok(None) };
    let is = |it: &EntityAlias| it.accessor == accessor && it.name.eq_ignore_ascii_case(name);
    Ok(entity.aliases.iter().position(is).map(|at| (entity, at)))
}

/// The entity with the alias of this id, and which of its aliases it is.
pub(super) async fn by_alias_id(tx: &mut Tx, id: &str) -> Result<Option<(Entity, usize)>> {
    let spot = place(tx.store(), ALIASES, id);
    let Some(found) = tx.get::<Id>(&spot).await? else { return Ok(None) };
    let Some(entity) = by_id(tx, &found.id).await? else { return Ok(None) };
    Ok(entity.aliases.iter().position(|it| it.id == id).map(|at| (entity, at)))
}

/// Stages that tokens of `old` are those of `new` from now on.
pub(super) fn put_merged(tx: &mut Tx, old: &str, new: &str) -> Result<()> {
    let spot = place(tx.store(), MERGED, old);
    tx.put(&spot, &Id { id: new.to_owned() })
}

/// What the entity with this id has become.
pub(super) async fn merged_into(store: &Store, id: &str) -> Result<Option<String>> {
    Ok(store.cached::<Id>(&place(store, MERGED, id)).await?.map(|it| it.value.id.clone()))
}
