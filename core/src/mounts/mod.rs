//! Mounts: which engine answers below which path.
//!
//! Each mount is a record. Together they are the table, which is held decoded and loaded again when the
//! *generation*, one more record, has another revision: so a change is seen by the next request, on whatever
//! node it was made.

mod entry;
mod path;
mod table;
mod tune;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use arc_swap::ArcSwapOption;

pub use entry::{Config, Mount, MountClass, UserLockout};
pub use path::{BadMountPath, MountPath};
pub use table::{Found, Mounted, Table};
pub use tune::{ConfigView, TuneView, Tuning};

use crate::{
    barrier::{BarrierError, Class, Filed, Place, Record, Root, filed},
    crypto::random,
    engine::Engines,
    error::{Error, Result},
    ids::{MountId, NamespaceId},
    storage::{Rev, RowKey},
    store::{Fixed, PAGE, Store},
    tx::Tx,
};

const ROOT: Root = Root::internal(1);
const GENERATION: &str = "generation";

#[derive(Debug, Default, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
struct Generation {
    #[n(0)]
    number: u64,
}

impl Record for Generation {}

pub(crate) const KINDS: &[Filed] = &[filed::<Mount>(Class::Mount), filed::<Generation>(Class::Mount)];

/// The mount table of an unsealed store.
pub struct Mounts {
    engines: &'static Engines,
    generation: Fixed,
    loaded: ArcSwapOption<Loaded>,
    /// Held while it is loaded: whoever waits finds it done.
    loading: tokio::sync::Mutex<()>,
}

/// The table and the generation that it was loaded for.
struct Loaded {
    generation: Option<Rev>,
    table: Arc<Table>,
    rows: Rows,
}

/// The table's rows as they were decoded.
type Rows = HashMap<RowKey, (Rev, Arc<Mounted>)>;

impl Mounts {
    pub(crate) fn new(engines: &'static Engines) -> Self {
        let generation = Fixed::new(Class::Mount, ROOT, GENERATION);
        let loading = tokio::sync::Mutex::default();
        Self { engines, generation, loaded: ArcSwapOption::empty(), loading }
    }

    /// The table as of the last change.
    pub async fn current(&self, store: &Store) -> Result<Arc<Table>> {
        if let Some(table) = self.as_of(store.rev(self.generation.place(store)).await?) {
            return Ok(table);
        }
        let _one = self.loading.lock().await;
        // Read before the rows: what is loaded is at least as new as what it is filed under, and a change in
        // between is loaded again by the next request.
        let generation = store.read::<Generation>(self.generation.place(store)).await?.map(|it| it.rev);
        if let Some(table) = self.as_of(generation) {
            return Ok(table);
        }
        let before = self.loaded.load_full();
        let rows = self.load(store, before.as_ref().map(|it| &it.rows)).await?;
        let mut mounts: Vec<Arc<Mounted>> = rows.values().map(|it| it.1.clone()).collect();
        if !mounts.iter().any(|it| it.mount.kind == "system") {
            // Its record was lost and that accepted: without it nobody could mend anything.
            mounts.extend(self.system());
        }
        let table = Arc::new(Table::new(mounts));
        self.loaded.store(Some(Arc::new(Loaded { generation, table: table.clone(), rows })));
        Ok(table)
    }

    fn as_of(&self, generation: Option<Rev>) -> Option<Arc<Table>> {
        let loaded = self.loaded.load();
        loaded.as_ref().filter(|it| it.generation == generation).map(|it| it.table.clone())
    }

    /// The table, or if it is refused the system alone, and why.
    pub(crate) async fn current_or_system(&self, store: &Store) -> Result<(Arc<Table>, Option<Error>)> {
        match self.current(store).await {
            Err(error @ Error::Barrier(BarrierError::Refused(Class::Mount))) => {
                let system = self.system().into_iter().collect();
                Ok((Arc::new(Table::new(system)), Some(error)))
            }
            table => Ok((table?, None)),
        }
    }

    /// The system's mount as it always is, for when its record cannot be believed: there an operator sees what is
    /// wrong, and decides.
    fn system(&self) -> Option<Arc<Mounted>> {
        let engine = self.engines.all().find(|it| it.kind() == "system")?;
        let mount = Mount {
            id: MountId::internal(0),
            namespace: NamespaceId::ROOT,
            class: engine.class(),
            path: "sys/".to_owned(),
            kind: engine.kind().to_owned(),
            accessor: String::new(),
            description: String::new(),
            options: BTreeMap::new(),
            config: Config::default(),
            local: false,
            seal_wrap: false,
            external_entropy_access: false,
            tainted: false,
        };
        Some(Arc::new(Mounted { mount, engine }))
    }

    /// All rows. With many mounts nearly all of them are as they were: those are not decrypted again.
    async fn load(&self, store: &Store, known: Option<&Rows>) -> Result<Rows> {
        let unchanged = |key: &RowKey| Some(known?.get(key)?.0);
        let mut rows = Rows::with_capacity(known.map_or(0, HashMap::len));
        for class in [MountClass::Auth, MountClass::Secret] {
            let dir = store.dir(ROOT, &format!("{}/", class.name()));
            let mut after = None;
            loop {
                let page = store.changed::<Mount>(Class::Mount, dir, after, PAGE, &unchanged).await?;
                let full = page.len() == PAGE;
                after = page.last().map(|it| it.0);
                for (key, rev, mount) in page {
                    let row = match mount {
                        Some(mount) => self.mounted(mount),
                        None => known.and_then(|it| it.get(&key)).map(|it| it.1.clone()),
                    };
                    rows.extend(row.map(|it| (key, (rev, it))));
                }
                if !full {
                    break;
                }
            }
        }
        Ok(rows)
    }

    /// None for an engine that this version does not know.
    fn mounted(&self, mount: Mount) -> Option<Arc<Mounted>> {
        let engine = self.engines.find(mount.class, &mount.kind)?;
        Some(Arc::new(Mounted { mount, engine }))
    }

    /// The table to check a change against: if it has changed by the time the transaction commits, the
    /// change is checked anew.
    pub async fn checked(&self, tx: &mut Tx) -> Result<Arc<Table>> {
        // In this order: a table that is newer than the revision seen fails the commit, an older one would not.
        let place = generation(tx.store());
        tx.get::<Generation>(&place).await?;
        self.current(&tx.store().clone()).await
    }
}

/// Stages a new or changed mount. Two changes of the table are a conflict, so that each is checked against
/// the table that it will be part of.
pub async fn put(tx: &mut Tx, mount: &Mount) -> Result<()> {
    let place = place(tx.store(), mount.class, mount.id);
    tx.put(&place, mount)?;
    touch(tx).await
}

/// Stages the removal of a mount from the table: nothing reaches its records any more. To be rid of them, see
/// [`crate::purge`].
pub async fn remove(tx: &mut Tx, mount: &Mount) -> Result<()> {
    let place = place(tx.store(), mount.class, mount.id);
    tx.delete(&place);
    touch(tx).await
}

/// Whether a mount is gone for good: its id is not given again. One that is being disabled is not.
pub(crate) async fn is_gone(store: &Store, id: MountId) -> Result<bool> {
    for class in [MountClass::Auth, MountClass::Secret] {
        if store.rev(&place(store, class, id)).await?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A fresh accessor, in the form that clients know: `kv_1a2b3c4d`, `auth_token_1a2b3c4d`.
pub fn accessor(class: MountClass, kind: &str) -> Result<String> {
    let tail = data_encoding::HEXLOWER.encode(&random::bytes::<4>()?);
    Ok(match class {
        MountClass::Auth => format!("auth_{kind}_{tail}"),
        MountClass::Secret => format!("{kind}_{tail}"),
    })
}

async fn touch(tx: &mut Tx) -> Result<()> {
    let place = generation(tx.store());
    let old = tx.get::<Generation>(&place).await?.unwrap_or_default();
    tx.put(&place, &Generation { number: old.number + 1 })
}

fn generation(store: &Store) -> Place {
    store.place(Class::Mount, ROOT, GENERATION)
}

fn place(store: &Store, class: MountClass, id: MountId) -> Place {
    store.place(Class::Mount, ROOT, &format!("{}/{id}", class.name()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::TestCore;

    #[tokio::test]
    async fn a_change_is_seen_and_the_rest_is_not_decoded_again() {
        let test = TestCore::new().await;
        let open = test.core.unsealed().unwrap();
        let before = open.mounts.current(&open.store).await.unwrap();
        test.write("sys/mounts/more", json!({ "type": "kv" })).await.unwrap();
        let more = open.mounts.current(&open.store).await.unwrap();
        test.write("sys/mounts/more/tune", json!({ "description": "other" })).await.unwrap();
        let tuned = open.mounts.current(&open.store).await.unwrap();
        let description = |table: &Table| table.at("more/").map(|it| it.mount.description.clone());
        assert_eq!(description(&before), None);
        assert_eq!(description(&more).as_deref(), Some(""));
        assert_eq!(description(&tuned).as_deref(), Some("other"));
        for table in [&more, &tuned] {
            assert!(Arc::ptr_eq(before.at("sys/").unwrap(), table.at("sys/").unwrap()));
        }
        test.delete("sys/mounts/more").await.unwrap();
        let gone = open.mounts.current(&open.store).await.unwrap();
        assert!(gone.at("more/").is_none());
    }
}
