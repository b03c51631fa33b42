//! From a token to its entity, the groups that it is in, and their policies: what each request asks for.

use std::{
    borrow::Cow,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use quick_cache::sync::Cache;
use strongroom_policies::{AliasField, GroupField, Variable};

use super::{
    entity::{self, Entity},
    group::Group,
    membership::{Groups, Loaded, Membership},
};
use crate::{
    barrier::Place, core::Unsealed, crypto::mac::CacheHash, error::Result, mounts::Table, storage::Rev,
    store::Store, tokens::Login,
};

/// Entities whose groups and policies are kept.
const KEPT: usize = 16_384;

/// Merges that are followed from an id that was: each goes to an entity that there was then.
const MAX_MERGES: usize = 32;

/// The entities of an unsealed store.
pub(crate) struct Identities {
    groups: Loaded,
    hash: CacheHash,
    resolved: Cache<u128, Arc<Resolved>>,
    serials: AtomicU64,
}

/// An entity, with what follows from the groups that it is in.
pub(crate) struct Resolved {
    pub(crate) entity: Arc<Entity>,
    /// The entity's own, then those of its groups.
    pub(crate) policies: Vec<String>,
    groups: Membership,
    place: Place,
    basis: Basis,
    /// No other has it.
    serial: u64,
}

/// What it was worked out from: another one means another result.
struct Basis {
    entity: Rev,
    groups: Option<Rev>,
    mounts: Arc<Table>,
}

impl Identities {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            groups: Loaded::new(),
            hash: CacheHash::new()?,
            resolved: Cache::new(KEPT),
            serials: AtomicU64::new(0),
        })
    }

    /// The entity that a token is of; none if there is none any more.
    pub(crate) async fn of(&self, open: &Unsealed, id: &str) -> Result<Option<Arc<Resolved>>> {
        let store = &open.store;
        let (mounts, _) = open.mounts.current_or_system(store).await?;
        let hash = self.hash.hash(&[id.as_bytes()]);
        if let Some(known) = self.resolved.get(&hash)
            && Arc::ptr_eq(&known.basis.mounts, &mounts)
            && store.rev(&known.place).await? == Some(known.basis.entity)
            && self.groups.generation(store).await? == known.basis.groups
        {
            return Ok(Some(known));
        }
        let Some((place, entity, rev)) = find(store, id).await? else { return Ok(None) };
        let (generation, groups) = self.groups.current(store).await?;
        let basis = Basis { entity: rev, groups: generation, mounts };
        let serial = self.serials.fetch_add(1, Ordering::Relaxed);
        let resolved = Arc::new(Resolved::new(place, entity, &groups, basis, serial));
        self.resolved.insert(hash, resolved.clone());
        Ok(Some(resolved))
    }

    pub(super) async fn groups(&self, store: &Store) -> Result<Arc<Groups>> {
        Ok(self.groups.current(store).await?.1)
    }
}

async fn find(store: &Store, id: &str) -> Result<Option<(Place, Arc<Entity>, Rev)>> {
    let mut id = Cow::Borrowed(id);
    for _ in 0..MAX_MERGES {
        let place = entity::at(store, &id);
        if let Some(found) = store.cached::<Entity>(&place).await? {
            return Ok(Some((place, found.value, found.rev)));
        }
        match entity::merged_into(store, &id).await? {
            Some(next) => id = Cow::Owned(next),
            None => break,
        }
    }
    Ok(None)
}

impl fmt::Debug for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Resolved({})", self.entity.id)
    }
}

impl Resolved {
    fn new(place: Place, entity: Arc<Entity>, groups: &Groups, basis: Basis, serial: u64) -> Self {
        let groups = groups.of_entity(&entity, &basis.mounts);
        let policies = groups.policies(&entity);
        Self { entity, policies, groups, place, basis, serial }
    }

    /// Its policies as a login answers them.
    pub(crate) fn sorted(&self) -> Vec<String> {
        let mut policies = self.policies.clone();
        policies.sort_unstable();
        policies
    }
}

/// What templates of policies may know of a token's holder.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) identity: &'a Resolved,
    pub(crate) login: Option<&'a Login>,
}

impl strongroom_policies::Subject for Subject<'_> {
    fn resolve(&self, variable: &Variable) -> Option<Cow<'_, str>> {
        let entity = &self.identity.entity;
        let found: &str = match variable {
            Variable::EntityId => &entity.id,
            Variable::EntityName => &entity.name,
            Variable::EntityMetadata(key) => entity.metadata.as_ref()?.get(&**key)?,
            Variable::Alias { accessor, field } => self.alias(accessor, field)?,
            Variable::GroupById { id, field } => self.group(|it| *it.id == **id, field)?,
            Variable::GroupByName { name, field } => self.group(|it| *it.name == **name, field)?,
        };
        Some(found.into())
    }
}

impl<'a> Subject<'a> {
    /// Of a set of policies, filled in for this one: another wherever any variable could have another value.
    pub(crate) fn hash(&self, hash: &CacheHash, set: u128) -> u128 {
        let (set, serial) = (set.to_be_bytes(), self.identity.serial.to_be_bytes());
        let mut parts: Vec<&[u8]> = vec![&set, &serial];
        if let Some(login) = self.login {
            parts.extend([login.accessor.as_bytes(), login.name.as_bytes()]);
            let pairs = login.metadata.iter().flatten();
            parts.extend(pairs.flat_map(|(key, value)| [key.as_bytes(), value.as_bytes()]));
        }
        hash.hash(&parts)
    }

    /// Of the mount that the token's login went to, what was said at that login; of others, what was said last.
    fn alias(&self, accessor: &str, field: &AliasField) -> Option<&'a str> {
        let mounts = &self.identity.basis.mounts;
        mounts.by_accessor(accessor).filter(|it| !it.tainted)?;
        let alias = self.identity.entity.alias(accessor);
        let login = self.login.filter(|it| it.accessor == accessor);
        let pairs = match field {
            AliasField::Id => return alias.map(|it| it.id.as_str()),
            AliasField::Name => {
                return login.map(|it| it.name.as_str()).or(alias.map(|it| it.name.as_str()));
            }
            AliasField::CustomMetadata(key) => (alias?.custom_metadata.as_ref()?, key),
            AliasField::Metadata(key) => match login {
                Some(login) => (login.metadata.as_ref()?, key),
                None => (alias?.metadata.as_ref()?, key),
            },
        };
        pairs.0.get(&**pairs.1).map(String::as_str)
    }

    fn group(&self, is_meant: impl Fn(&Group) -> bool, field: &GroupField) -> Option<&'a str> {
        let group = self.identity.groups.all().find(|it| is_meant(it))?;
        match field {
            GroupField::Id => Some(&group.id),
            GroupField::Name => Some(&group.name),
            GroupField::Metadata(key) => group.metadata.as_ref()?.get(&**key).map(String::as_str),
        }
    }
}
