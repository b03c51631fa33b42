//! Who is in which group: all groups, decoded once for each change of any.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

use arc_swap::ArcSwapOption;

use super::{
    ROOT,
    entity::Entity,
    group::{self, Group},
    name::Folded,
};
use crate::{
    barrier::{Class, Filed, Record, filed},
    error::Result,
    mounts::Table,
    storage::Rev,
    store::{Fixed, PAGE, Store},
    tx::Tx,
};

const GENERATION: &str = "generation";

/// Has another revision whenever any group has changed.
#[derive(Debug, Default, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) struct Generation {
    #[n(0)]
    number: u64,
}

impl Record for Generation {}

pub(super) const KINDS: &[Filed] = &[filed::<Generation>(Class::Identity)];

/// Stages that a group has changed.
pub(super) async fn touch(tx: &mut Tx) -> Result<()> {
    let place = tx.store().place(Class::Identity, ROOT, GENERATION);
    let old = tx.get::<Generation>(&place).await?.unwrap_or_default();
    tx.put(&place, &Generation { number: old.number + 1 })
}

/// Sees to it that the transaction is not committed if a group is changed from now on.
pub(super) async fn watch(tx: &mut Tx) -> Result<()> {
    let place = tx.store().place(Class::Identity, ROOT, GENERATION);
    tx.get::<Generation>(&place).await.map(drop)
}

/// All groups as of one generation.
#[derive(Default)]
pub(crate) struct Groups {
    by_id: HashMap<String, Arc<Group>>,
    /// Internal groups by the entities that they list.
    of_entity: HashMap<String, Vec<String>>,
    /// Groups by the groups that they list.
    of_group: HashMap<String, Vec<String>>,
    /// External groups by what a mount's authority calls them.
    by_alias: HashMap<(String, Folded), String>,
}

impl Groups {
    fn of(groups: Vec<Group>) -> Self {
        let mut all = Self::default();
        for group in groups {
            for entity in group.entities() {
                all.of_entity.entry(entity.clone()).or_default().push(group.id.clone());
            }
            for member in group.groups() {
                all.of_group.entry(member.clone()).or_default().push(group.id.clone());
            }
            if let Some(alias) = &group.alias
                && let Ok(name) = Folded::new(&alias.name)
            {
                all.by_alias.insert((alias.accessor.clone(), name), group.id.clone());
            }
            all.by_id.insert(group.id.clone(), Arc::new(group));
        }
        for ids in all.of_entity.values_mut().chain(all.of_group.values_mut()) {
            ids.sort_unstable();
        }
        all
    }

    /// The groups that list `group`.
    pub(super) fn parents(&self, group: &str) -> &[String] {
        self.of_group.get(group).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn of_entity(&self, entity: &Entity, mounts: &Table) -> Membership {
        let direct = self.direct(entity, mounts);
        let inherited = self.inherited(&direct);
        Membership { direct, inherited }
    }

    /// The groups that an entity itself is in. What a mount's authority said counts for as long as there is the
    /// mount.
    fn direct(&self, entity: &Entity, mounts: &Table) -> Vec<Arc<Group>> {
        let listed = self.of_entity.get(&entity.id).into_iter().flatten();
        let mut ids: BTreeSet<&str> = listed.map(String::as_str).collect();
        for alias in &entity.aliases {
            if mounts.by_accessor(&alias.accessor).is_none_or(|it| it.tainted) {
                continue;
            }
            let names = alias.groups.iter().filter_map(|it| Folded::new(it).ok());
            ids.extend(
                names
                    .filter_map(|name| self.by_alias.get(&(alias.accessor.clone(), name)))
                    .map(String::as_str),
            );
        }
        ids.into_iter().filter_map(|id| self.by_id.get(id).cloned()).collect()
    }

    /// The groups around `direct` ones, each once, the nearer before the farther.
    fn inherited(&self, direct: &[Arc<Group>]) -> Vec<Arc<Group>> {
        let mut seen: BTreeSet<&str> = direct.iter().map(|it| it.id.as_str()).collect();
        let mut waiting: VecDeque<&str> = seen.iter().copied().collect();
        let mut found = Vec::new();
        while let Some(id) = waiting.pop_front() {
            for parent in self.parents(id) {
                if seen.insert(parent) {
                    waiting.push_back(parent);
                    found.extend(self.by_id.get(parent).cloned());
                }
            }
        }
        found
    }

    /// Whether `group` is one of those that `member` is in, however far.
    pub(super) fn is_around(&self, group: &str, member: &str) -> bool {
        let direct: Vec<_> = self.by_id.get(member).cloned().into_iter().collect();
        self.inherited(&direct).iter().any(|it| it.id == group)
    }

    /// The internal groups that list an entity.
    pub(super) fn listing(&self, entity: &str) -> &[String] {
        self.of_entity.get(entity).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Group>> {
        self.by_id.values()
    }

    pub(super) fn get(&self, id: &str) -> Option<&Arc<Group>> {
        self.by_id.get(id)
    }
}

/// The groups of an entity.
pub(super) struct Membership {
    pub(super) direct: Vec<Arc<Group>>,
    /// Those around the direct ones.
    pub(super) inherited: Vec<Arc<Group>>,
}

impl Membership {
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Group>> {
        self.direct.iter().chain(&self.inherited)
    }

    /// The entity's own policies, then those of its groups.
    pub(super) fn policies(&self, entity: &Entity) -> Vec<String> {
        let mut policies: Vec<String> = Vec::new();
        for name in entity.policies.iter().chain(self.all().flat_map(|it| it.policies())) {
            if !policies.contains(name) {
                policies.push(name.clone());
            }
        }
        policies
    }
}

/// The groups of an unsealed store, as they were read last.
pub(super) struct Loaded {
    generation: Fixed,
    groups: ArcSwapOption<(Option<Rev>, Arc<Groups>)>,
}

impl Loaded {
    pub(super) fn new() -> Self {
        Self { generation: Fixed::new(Class::Identity, ROOT, GENERATION), groups: ArcSwapOption::empty() }
    }

    /// The generation that is current now.
    pub(super) async fn generation(&self, store: &Store) -> Result<Option<Rev>> {
        store.rev(self.generation.place(store)).await
    }

    /// The groups, and the generation that they are of.
    pub(super) async fn current(&self, store: &Store) -> Result<(Option<Rev>, Arc<Groups>)> {
        // Before the rows are read: what is loaded is at least as new as what it is filed under.
        let generation = self.generation(store).await?;
        if let Some(loaded) = self.groups.load_full().filter(|it| it.0 == generation) {
            return Ok((generation, loaded.1.clone()));
        }
        let dir = store.dir(ROOT, &format!("{}/", group::FOLDER));
        let (mut groups, mut after) = (Vec::new(), None);
        loop {
            let rows = store.records::<Group>(Class::Identity, dir, after, PAGE).await?;
            after = rows.last().map(|(place, _)| place.key);
            let more = rows.len() == PAGE;
            groups.extend(rows.into_iter().map(|(_, it)| it.value));
            if !more {
                break;
            }
        }
        let groups = Arc::new(Groups::of(groups));
        self.groups.store(Some(Arc::new((generation, groups.clone()))));
        Ok((generation, groups))
    }
}
