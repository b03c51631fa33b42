//! Mounts: which engine answers below which path.
//!
//! Each mount is a record. Together they are the table, which is held decoded and loaded again when the
//! *generation*, one more record, has another revision: so a change is seen by the next request, on whatever
//! node it was made.

mod entry;
mod path;
mod table;
mod tune;

use std::{collections::BTreeMap, sync::Arc};

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
    storage::Rev,
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
    loaded: ArcSwapOption<(Option<Rev>, Arc<Table>)>,
}

impl Mounts {
    pub(crate) fn new(engines: &'static Engines) -> Self {
        let generation = Fixed::new(Class::Mount, ROOT, GENERATION);
        Self { engines, generation, loaded: ArcSwapOption::empty() }
    }

    /// The table as of the last change.
    pub async fn current(&self, store: &Store) -> Result<Arc<Table>> {
        let rev = store.rev(self.generation.place(store)).await?;
        if let Some(loaded) = &*self.loaded.load()
            && loaded.0 == rev
        {
            return Ok(loaded.1.clone());
        }
        // Read after the revision: what is loaded is at least as new as what it is filed under, and a change
        // in between is loaded again by the next request.
        let mut mounts = load(store).await?;
        if !mounts.iter().any(|it| it.kind == "system") {
            // Its record was lost and that accepted: without it nobody could mend anything.
            mounts.extend(self.system());
        }
        let table = Arc::new(Table::new(mounts, self.engines));
        self.loaded.store(Some(Arc::new((rev, table.clone()))));
        Ok(table)
    }

    /// The table, or if it is refused the system alone, and why.
    pub(crate) async fn current_or_system(&self, store: &Store) -> Result<(Arc<Table>, Option<Error>)> {
        match self.current(store).await {
            Err(error @ Error::Barrier(BarrierError::Refused(Class::Mount))) => {
                let system = self.system().into_iter().collect();
                Ok((Arc::new(Table::new(system, self.engines)), Some(error)))
            }
            table => Ok((table?, None)),
        }
    }

    /// The system's mount as it always is, for when its record cannot be believed: there an operator sees what is
    /// wrong, and decides.
    fn system(&self) -> Option<Mount> {
        let engine = self.engines.all().find(|it| it.kind() == "system");
        engine.map(|engine| Mount {
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
        })
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

async fn load(store: &Store) -> Result<Vec<Mount>> {
    let mut mounts = Vec::new();
    for class in [MountClass::Auth, MountClass::Secret] {
        let dir = store.dir(ROOT, &format!("{}/", class.name()));
        let mut after = None;
        loop {
            let page = store.records::<Mount>(Class::Mount, dir, after, PAGE).await?;
            let full = page.len() == PAGE;
            after = page.last().map(|(place, _)| place.key);
            mounts.extend(page.into_iter().map(|(_, it)| it.value));
            if !full {
                break;
            }
        }
    }
    Ok(mounts)
}
