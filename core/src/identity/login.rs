//! What a login does to its entity.

use std::collections::BTreeMap;

use super::entity::{self, Entity, EntityAlias};
use crate::{
    clock::Timestamp,
    core::Unsealed,
    error::{Error, Result},
    mounts::Mount,
    tokens::Login,
    tx::Tx,
};

/// An alias, as its authority vouched for it.
pub(crate) struct Vouched<'a> {
    pub(crate) mount: &'a Mount,
    pub(crate) name: &'a str,
    pub(crate) metadata: BTreeMap<String, String>,
    /// None: the authority does not speak of groups.
    pub(crate) groups: Option<Vec<String>>,
}

/// Who logged in.
pub(crate) struct LoggedIn {
    pub(crate) entity: String,
    pub(crate) login: Login,
    /// What the entity and its groups give, sorted.
    pub(crate) policies: Vec<String>,
}

/// The entity behind a login, made if it is the alias's first one; [`Error::Denied`] if it is disabled. What the
/// authority says now replaces what it said before.
pub(crate) async fn at_login(
    open: &Unsealed,
    tx: &mut Tx,
    vouched: Vouched<'_>,
    now: Timestamp,
) -> Result<LoggedIn> {
    let Vouched { mount, name, metadata, groups } = vouched;
    let metadata = (!metadata.is_empty()).then_some(metadata);
    let groups = groups.map(|mut it| {
        it.sort_unstable();
        it.dedup();
        it
    });
    let entity = match entity::by_alias(tx, &mount.accessor, name).await? {
        Some((mut entity, at)) => {
            if let Some(alias) = entity.aliases.get_mut(at)
                && alias.says(name, &metadata, groups.as_deref(), now)
            {
                entity.put(tx)?;
            }
            entity
        }
        None => {
            // Before its alias: clients see two times.
            let made = now.minus(std::time::Duration::from_nanos(1));
            let mut entity = Entity::new(tx, None, made).await?;
            let mut alias = EntityAlias::new(&mount.accessor, name, now)?;
            alias.says(name, &metadata, groups.as_deref(), now);
            entity.adopt(tx, alias).await?;
            entity.put_named(tx, None).await?;
            entity
        }
    };
    if entity.disabled {
        return Err(Error::Denied);
    }
    let login = Login { accessor: mount.accessor.clone(), name: name.to_owned(), metadata };
    let (mounts, _) = open.mounts.current_or_system(&open.store).await?;
    let groups = open.identities.groups(&open.store).await?;
    let mut policies = groups.of_entity(&entity, &mounts).policies(&entity);
    policies.sort_unstable();
    Ok(LoggedIn { entity: entity.id, login, policies })
}

impl EntityAlias {
    /// Takes over what the authority says. Answers whether that is anything new.
    fn says(
        &mut self,
        name: &str,
        metadata: &Option<BTreeMap<String, String>>,
        groups: Option<&[String]>,
        now: Timestamp,
    ) -> bool {
        let is_new = self.name != name
            || self.metadata != *metadata
            || groups.is_some_and(|it| it != self.groups.as_slice());
        if is_new {
            name.clone_into(&mut self.name);
            self.metadata.clone_from(metadata);
            if let Some(groups) = groups {
                self.groups = groups.to_vec();
            }
            self.updated = now;
        }
        is_new
    }
}
