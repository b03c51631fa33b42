//! What is stored of a group.

use std::collections::BTreeMap;

use super::{Id, membership, name::Folded, place};
use crate::{
    barrier::{Class, Filed, Place, Record, filed},
    clock::Timestamp,
    crypto::random,
    error::{Error, Result},
    store::Store,
    tx::Tx,
};

/// Entities and groups in one group: its record is read whole.
pub(super) const MAX_MEMBERS: usize = 10_000;

#[derive(Clone, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(crate) struct Group {
    #[n(0)]
    pub(super) id: String,
    /// As it was written.
    #[n(1)]
    pub(super) name: String,
    #[n(2)]
    pub(super) kind: GroupKind,
    /// None: never set, which clients are told apart from none; so are the members.
    #[n(3)]
    pub(super) policies: Option<Vec<String>>,
    #[n(4)]
    pub(super) metadata: Option<BTreeMap<String, String>>,
    #[n(5)]
    pub(super) member_entities: Option<Vec<String>>,
    #[n(6)]
    pub(super) member_groups: Option<Vec<String>>,
    /// Of an external group: what an authority calls it.
    #[n(7)]
    pub(super) alias: Option<GroupAlias>,
    #[cbor(n(8), with = "crate::codec::timestamp")]
    pub(super) created: Timestamp,
    #[cbor(n(9), with = "crate::codec::timestamp")]
    pub(super) updated: Timestamp,
    /// How often it was written.
    #[n(10)]
    pub(super) modify_index: u64,
}

impl Record for Group {}

#[derive(Clone, Copy, Debug, Eq, PartialEq, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
#[cbor(index_only)]
pub(super) enum GroupKind {
    #[n(0)]
    Internal,
    #[n(1)]
    External,
}

#[derive(Clone, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) struct GroupAlias {
    #[n(0)]
    pub(super) id: String,
    #[n(1)]
    pub(super) accessor: String,
    #[n(2)]
    pub(super) name: String,
    #[cbor(n(3), with = "crate::codec::timestamp")]
    pub(super) created: Timestamp,
    #[cbor(n(4), with = "crate::codec::timestamp")]
    pub(super) updated: Timestamp,
}

pub(super) const KINDS: &[Filed] = &[filed::<Group>(Class::Identity)];

pub(super) const FOLDER: &str = "group";
pub(super) const NAMES: &str = "group-name";
pub(super) const ALIASES: &str = "group-alias-id";

impl GroupKind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::External => "external",
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        match text {
            "" | "internal" => Ok(Self::Internal),
            "external" => Ok(Self::External),
            _ => Err(Error::invalid("invalid group type: it is internal or external")),
        }
    }
}

impl Group {
    /// A new one; without `name`, with one that is made up.
    pub(super) async fn new(
        tx: &mut Tx,
        name: Option<&str>,
        kind: GroupKind,
        now: Timestamp,
    ) -> Result<Self> {
        let name = match name {
            Some(name) => name.to_owned(),
            None => loop {
                let name = format!("group_{:08x}.root", u32::from_be_bytes(random::bytes()?));
                if named(tx, &name).await?.is_none() {
                    break name;
                }
            },
        };
        Ok(Self {
            id: random::uuid()?.to_string(),
            name,
            kind,
            policies: None,
            metadata: None,
            member_entities: None,
            member_groups: None,
            alias: None,
            created: now,
            updated: now,
            modify_index: 0,
        })
    }

    /// The entities that it lists.
    pub(super) fn entities(&self) -> &[String] {
        self.member_entities.as_deref().unwrap_or_default()
    }

    /// The groups that it lists.
    pub(super) fn groups(&self) -> &[String] {
        self.member_groups.as_deref().unwrap_or_default()
    }

    pub(super) fn policies(&self) -> &[String] {
        self.policies.as_deref().unwrap_or_default()
    }

    /// Stages it, under its id.
    pub(super) async fn put(&mut self, tx: &mut Tx, now: Timestamp) -> Result<()> {
        if self.entities().len() > MAX_MEMBERS || self.groups().len() > MAX_MEMBERS {
            return Err(Error::invalid("a group has at most 10,000 members of a kind"));
        }
        self.updated = now;
        self.modify_index += 1;
        let spot = at(tx.store(), &self.id);
        tx.put(&spot, self)?;
        membership::touch(tx).await
    }

    /// As [`Group::put`], for a new one or one with a new name.
    pub(super) async fn put_named(&mut self, tx: &mut Tx, old: Option<&str>, now: Timestamp) -> Result<()> {
        let folded = Folded::new(&self.name)?;
        let spot = place(tx.store(), NAMES, folded.as_str());
        if tx.get::<Id>(&spot).await?.is_some_and(|it| it.id != self.id) {
            return Err(Error::invalid("group name is already in use"));
        }
        tx.put(&spot, &Id { id: self.id.clone() })?;
        if let Some(old) = old.map(Folded::new).transpose()?.filter(|it| *it != folded) {
            let old = place(tx.store(), NAMES, old.as_str());
            tx.delete(&old);
        }
        self.put(tx, now).await
    }

    /// Gives it another alias, or none, and stages what it is found by. The group is staged by the caller.
    pub(super) fn set_alias(&mut self, tx: &mut Tx, alias: Option<GroupAlias>) -> Result<()> {
        if let Some(old) = self.alias.take() {
            let (by_name, by_id) = old.spots(tx.store())?;
            tx.delete(&by_name);
            tx.delete(&by_id);
        }
        if let Some(new) = &alias {
            let (by_name, by_id) = new.spots(tx.store())?;
            tx.put(&by_name, &Id { id: self.id.clone() })?;
            tx.put(&by_id, &Id { id: self.id.clone() })?;
        }
        self.alias = alias;
        Ok(())
    }

    /// Stages its end.
    pub(super) async fn remove(&mut self, tx: &mut Tx) -> Result<()> {
        self.set_alias(tx, None)?;
        let spots = [at(tx.store(), &self.id), place(tx.store(), NAMES, Folded::new(&self.name)?.as_str())];
        spots.iter().for_each(|it| tx.delete(it));
        membership::touch(tx).await
    }
}

impl GroupAlias {
    pub(super) fn new(accessor: &str, name: &str, now: Timestamp) -> Result<Self> {
        Folded::new(name)?;
        Ok(Self {
            id: random::uuid()?.to_string(),
            accessor: accessor.to_owned(),
            name: name.to_owned(),
            created: now,
            updated: now,
        })
    }

    fn spots(&self, store: &Store) -> Result<(Place, Place)> {
        Ok((by_name(store, &self.accessor, &Folded::new(&self.name)?), place(store, ALIASES, &self.id)))
    }
}

fn by_name(store: &Store, accessor: &str, name: &Folded) -> Place {
    place(store, &format!("group-alias/{accessor}"), name.as_str())
}

fn at(store: &Store, id: &str) -> Place {
    place(store, FOLDER, id)
}

pub(super) async fn by_id(tx: &mut Tx, id: &str) -> Result<Option<Group>> {
    let spot = at(tx.store(), id);
    tx.get(&spot).await
}

pub(super) async fn named(tx: &mut Tx, name: &str) -> Result<Option<Group>> {
    let Ok(folded) = Folded::new(name) else { return Ok(None) };
    let spot = place(tx.store(), NAMES, folded.as_str());
    through(tx, &spot).await
}

/// The external group that a mount's authority calls so.
pub(super) async fn by_alias(tx: &mut Tx, accessor: &str, name: &str) -> Result<Option<Group>> {
    let Ok(folded) = Folded::new(name) else { return Ok(None) };
    let spot = by_name(tx.store(), accessor, &folded);
    through(tx, &spot).await
}

pub(super) async fn by_alias_id(tx: &mut Tx, id: &str) -> Result<Option<Group>> {
    let spot = place(tx.store(), ALIASES, id);
    through(tx, &spot).await
}

async fn through(tx: &mut Tx, spot: &Place) -> Result<Option<Group>> {
    match tx.get::<Id>(spot).await? {
        Some(it) => by_id(tx, &it.id).await,
        None => Ok(None),
    }
}
