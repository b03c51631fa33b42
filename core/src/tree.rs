//! Paths with folders: what KV and cubbyhole keep their secrets in.
//!
//! A folder exists for as long as there is something in it. So that listing it is one range scan, each folder
//! has a *marker* in its parent, `name/`. The life of a marker: the first entry below creates it; the deletion
//! that finds the folder empty turns it to *dying*; the next entry makes it alive again, or background work
//! ([`burial`]) removes it if the folder is still empty. The steps are two because no storage offers a check of
//! "still empty": whoever puts an entry into a folder whose marker is dying changes the marker, and the second
//! step fails. While a marker is dying, a listing looks into the folder.
//!
//! A path may have many folders above it and a batch holds only so many operations. So a marker is checked at
//! the commit only where that matters: where it is alive, and an entry relies on that.

pub(crate) mod burial;

use crate::{
    barrier::{Class, Filed, Place, Record, Root, filed},
    error::Result,
    store::Store,
    tx::Tx,
};

/// A tree of records of one class.
#[derive(Clone, Copy, Debug)]
pub struct Tree {
    pub class: Class,
    pub root: Root,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
#[cbor(index_only)]
enum State {
    #[n(0)]
    Alive,
    #[n(1)]
    Dying,
}

#[derive(Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
struct Marker {
    #[n(0)]
    state: State,
}

impl Record for Marker {}

pub(crate) const KINDS: &[Filed] = &[
    filed::<Marker>(Class::Kv),
    filed::<Marker>(Class::Cubbyhole),
    filed::<Marker>(Class::Login),
    filed::<Marker>(Class::Holding),
];

impl Tree {
    /// Where the record at `path` lies: no leading and no trailing slash.
    pub fn place(&self, store: &Store, path: &str) -> Place {
        store.place(self.class, self.root, path)
    }

    pub async fn get<R: Record>(&self, tx: &mut Tx, path: &str) -> Result<Option<R>> {
        let place = self.place(tx.store(), path);
        tx.get(&place).await
    }

    /// Stages a record. `fresh` says that there was none at the path: then the folders above it are made.
    pub async fn put<R: Record>(&self, tx: &mut Tx, path: &str, record: &R, fresh: bool) -> Result<()> {
        let place = self.place(tx.store(), path);
        tx.put(&place, record)?;
        if fresh {
            self.raise(tx, path).await?;
        }
        Ok(())
    }

    /// Stages the deletion of the record at `path`, and of the folders that this empties.
    pub async fn delete(&self, tx: &mut Tx, path: &str) -> Result<()> {
        let place = self.place(tx.store(), path);
        tx.delete(&place);
        let mut innermost = None;
        let mut folder = parent(path);
        while let Some(path) = folder {
            let dir = tx.store().dir(self.root, path);
            if !self.entries(tx, path, tx.names(self.class, dir).await?).await?.is_empty() {
                break;
            }
            let marker = self.place(tx.store(), path);
            if matches!(tx.peek::<Marker>(&marker).await?, Some(Marker { state: State::Alive })) {
                tx.put(&marker, &Marker { state: State::Dying })?;
                innermost.get_or_insert(path);
            }
            folder = parent(path);
        }
        match innermost {
            Some(folder) => burial::file(tx, *self, folder),
            None => Ok(()),
        }
    }

    /// As [`Tree::delete`], for the last record of a folder: that one begins to die. Those above it, which may
    /// hold very many, are left to its burial.
    pub async fn delete_last(&self, tx: &mut Tx, path: &str) -> Result<()> {
        let place = self.place(tx.store(), path);
        tx.delete(&place);
        let Some(folder) = parent(path) else { return Ok(()) };
        let marker = self.place(tx.store(), folder);
        if matches!(tx.peek::<Marker>(&marker).await?, Some(Marker { state: State::Alive })) {
            tx.put(&marker, &Marker { state: State::Dying })?;
            burial::file(tx, *self, folder)?;
        }
        Ok(())
    }

    /// What stands in a folder, sorted; folders end in a slash. `folder` is empty or ends in one.
    pub async fn list(&self, tx: &mut Tx, folder: &str) -> Result<Vec<String>> {
        let dir = tx.store().dir(self.root, folder);
        let names = tx.names(self.class, dir).await?;
        self.entries(tx, folder, names).await
    }

    /// Makes sure that each folder above `path` has a living marker.
    async fn raise(&self, tx: &mut Tx, path: &str) -> Result<()> {
        let mut folder = parent(path);
        while let Some(path) = folder {
            let marker = self.place(tx.store(), path);
            if matches!(tx.peek::<Marker>(&marker).await?, Some(Marker { state: State::Alive })) {
                // Somebody else may be about to find the folder empty.
                tx.get::<Marker>(&marker).await?;
                break;
            }
            tx.put(&marker, &Marker { state: State::Alive })?;
            folder = parent(path);
        }
        Ok(())
    }

    /// Leaves out the folders that are empty.
    async fn entries(&self, tx: &Tx, folder: &str, names: Vec<String>) -> Result<Vec<String>> {
        let mut out = Vec::with_capacity(names.len());
        for name in names {
            if !name.ends_with('/') || self.has_entries(tx, &format!("{folder}{name}")).await? {
                out.push(name);
            }
        }
        Ok(out)
    }

    /// A living marker vouches for its folder. A dying one only says that somebody found it empty; an entry
    /// may have come since.
    async fn has_entries(&self, tx: &Tx, folder: &str) -> Result<bool> {
        let place = self.place(tx.store(), folder);
        match tx.peek::<Marker>(&place).await? {
            Some(Marker { state: State::Alive }) => Ok(true),
            Some(Marker { state: State::Dying }) => {
                let names = tx.names(self.class, tx.store().dir(self.root, folder)).await?;
                Ok(!Box::pin(self.entries(tx, folder, names)).await?.is_empty())
            }
            None => Ok(false),
        }
    }
}

/// The folder that `path` lies in: `a/b/` for `a/b/c`, `a/` for `a/b/`; none for what lies at the root.
fn parent(path: &str) -> Option<&str> {
    let (folder, _) = crate::barrier::names::split(path);
    (!folder.is_empty()).then_some(folder)
}
