//! Removing the markers of folders that were found empty.
//!
//! Whoever turns a marker to dying files a [`Burial`] for the innermost folder in the same transaction; background
//! work removes the marker, and goes up for as long as it finds folders that this has emptied.

use std::sync::Arc;

use super::{Marker, State, Tree, parent};
use crate::{
    barrier::{Class, Dir, Filed, Ordinal, Record, Root, filed},
    crypto::random,
    error::Result,
    ids::{MountId, NamespaceId},
    storage::Priority,
    store::Store,
    tx::{Attempts, Tx},
};

const ROOT: Root = Root::internal(23);

/// Burials that are taken at a time.
const BURIALS: usize = 64;

/// A folder that was found empty.
#[derive(Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
struct Burial {
    #[cbor(n(0), with = "crate::codec::namespace")]
    namespace: NamespaceId,
    #[cbor(n(1), with = "crate::codec::mount_id")]
    mount: MountId,
    /// The id of the tree's class.
    #[n(2)]
    class: u8,
    #[n(3)]
    folder: String,
}

impl Record for Burial {}

pub(crate) const KINDS: &[Filed] = &[filed::<Burial>(Class::Queue)];

/// Stages the burial of `folder` and of what lies above it.
pub(super) fn file(tx: &mut Tx, tree: Tree, folder: &str) -> Result<()> {
    let Root { namespace, mount } = tree.root;
    let burial = Burial { namespace, mount, class: tree.class.id(), folder: folder.to_owned() };
    // In no order: each folder's burial takes those above it as far as it can.
    let place = queue(tx.store()).at(Class::Queue, Ordinal(random::bytes()?));
    tx.put(&place, &burial)
}

/// Buries some of what is due. Answers whether there is more.
pub(crate) async fn run_due(store: &Arc<Store>) -> Result<bool> {
    let due = store.ordered::<Burial>(Class::Queue, queue(store), None, None, BURIALS).await?;
    for row in &due {
        let root = Root { namespace: row.value.namespace, mount: row.value.mount };
        if let Some(class) = Class::from_id(row.value.class) {
            let tree = Tree { class, root };
            let mut folder = Some(row.value.folder.as_str());
            while let Some(path) = folder {
                folder = if bury(store, tree, path).await? { parent(path) } else { None };
            }
        }
        let mut attempts = Attempts::new(store, Priority::Background);
        let mut tx = attempts.begin()?;
        tx.delete(&row.place);
        attempts.commit(tx).await?;
    }
    Ok(due.len() == BURIALS)
}

/// Removes the folder's marker if nothing is in the folder: in two steps if it is alive still, as that of a folder
/// is which lost the last one in it. Answers whether there is none now.
async fn bury(store: &Arc<Store>, tree: Tree, folder: &str) -> Result<bool> {
    let mut attempts = Attempts::new(store, Priority::Background);
    loop {
        let mut tx = attempts.begin()?;
        let marker = tree.place(store, folder);
        let Some(Marker { state }) = tx.get::<Marker>(&marker).await? else { return Ok(true) };
        // Asked after the marker was read: whoever adds an entry to a folder that is dying changes the marker.
        if !store.is_empty(tree.class, store.dir(tree.root, folder)).await? {
            return Ok(false);
        }
        match state {
            State::Alive => tx.put(&marker, &Marker { state: State::Dying })?,
            State::Dying => tx.delete(&marker),
        }
        if attempts.commit(tx).await? && state == State::Dying {
            return Ok(true);
        }
    }
}

fn queue(store: &Store) -> Dir {
    store.dir(ROOT, "burial/")
}
