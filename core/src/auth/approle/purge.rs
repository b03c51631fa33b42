//! Deleting what is dead, in the background: the secret ids of roles that are gone, and those that have expired.
//!
//! What there is to do is written down as an [`Errand`], in the transaction that makes it necessary, and
//! [`run_due`] does it in bounded steps. A step that is done twice, after a crash, changes nothing.

use std::{collections::HashSet, sync::Arc};

use data_encoding::HEXLOWER;

use super::{
    role::{self, Role},
    secret_id::{ACCESSORS, Access, SECRETS, SecretId, Shelf},
};
use crate::{
    barrier::{Class, Dir, Filed, Ordinal, Record, Root, filed},
    clock::Timestamp,
    core::Unsealed,
    crypto::random,
    dispatch::Cx,
    error::Result,
    ids::{MountId, NamespaceId},
    mounts::{Mount, MountClass},
    response::Response,
    route::{Route, action, in_tx},
    storage::{Batch, Op, Priority, RowKey, Scan},
    store::{Ordered, PAGE, Store},
    tx::{Attempts, Tx},
};

pub(super) const ROUTES: &[Route] = &[Route {
    pattern: "tidy/secret-id",
    summary: "Deletes secret ids that have expired or whose role is gone.",
    endpoints: &[action(in_tx!(tidy))],
}];

const ROOT: Root = Root::internal(22);

/// Errands that are taken at a time; each is one step.
const ERRANDS: usize = 16;
/// Steps of one run.
const STEPS: usize = 64;
/// Rows that one transaction deletes or files.
const BATCH: usize = 90;
/// Secret ids that one transaction deletes: each takes four operations of at most a hundred.
const EXPIRED: usize = 16;

/// Something to do for a mount.
#[derive(Clone, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
struct Errand {
    #[cbor(n(0), with = "crate::codec::namespace")]
    namespace: NamespaceId,
    #[cbor(n(1), with = "crate::codec::mount_id")]
    mount: MountId,
    #[n(2)]
    work: Work,
    /// Whose secret ids it is about.
    #[cbor(n(3), with = "crate::codec::selector")]
    role: [u8; 16],
    /// The row that was looked at last; empty at the beginning.
    #[cbor(n(4), with = "minicbor::bytes")]
    after: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
#[cbor(index_only)]
enum Work {
    /// Find the roles for which there is something to do; it is about none itself.
    #[n(0)]
    Look,
    /// Delete all that a role has left.
    #[n(1)]
    Gone,
    /// Delete a role's secret ids that have expired.
    #[n(2)]
    Expired,
}

impl Record for Errand {}

pub(super) const KINDS: &[Filed] = &[filed::<Errand>(Class::Queue)];

impl Errand {
    fn new(mount: &Mount, work: Work, role: [u8; 16]) -> Self {
        Self { namespace: mount.namespace, mount: mount.id, work, role, after: Vec::new() }
    }

    fn file(&self, tx: &mut Tx, now: Timestamp) -> Result<()> {
        let number = u64::try_from(now.0).unwrap_or(0);
        let place = queue(tx.store()).at(Class::Queue, Ordinal::new(number, random::bytes()?));
        tx.put(&place, self)
    }
}

fn queue(store: &Store) -> Dir {
    store.dir(ROOT, "approle/")
}

async fn tidy(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    Errand::new(cx.mount()?, Work::Look, [0; 16]).file(tx, cx.now)?;
    let text = "Tidy operation successfully started. Any information from the operation will be printed to the server's logs.";
    Ok(Response::empty().warn(text).with_status(202))
}

/// Stages the end of a role's secret ids, in the transaction that ends the role.
pub(super) fn gone(tx: &mut Tx, mount: &Mount, role: &Role, now: Timestamp) -> Result<()> {
    Errand::new(mount, Work::Gone, role.id).file(tx, now)
}

/// Runs errands, a bounded number of steps. Answers whether there is more to do.
pub(crate) async fn run_due(open: &Unsealed, now: Timestamp) -> Result<bool> {
    let store = &open.store;
    let mounts = open.mounts.current(store).await?;
    let mut steps = 0;
    while steps < STEPS {
        let due = store.ordered::<Errand>(Class::Queue, queue(store), None, None, ERRANDS).await?;
        if due.is_empty() {
            return Ok(false);
        }
        for errand in due {
            steps += 1;
            let id = errand.value.mount;
            match mounts.all(MountClass::Auth).into_iter().find(|it| it.id == id) {
                Some(mount) => step(store, mount, &errand, now).await?,
                // With a mount all that is in it goes.
                None => end(store, &errand).await?,
            }
        }
    }
    Ok(true)
}

async fn step(store: &Arc<Store>, mount: &Mount, errand: &Ordered<Errand>, now: Timestamp) -> Result<()> {
    let shelf = Shelf { mount, role: errand.value.role };
    match errand.value.work {
        Work::Look => look(store, mount, errand, now).await,
        // A role may have been made since somebody missed it.
        Work::Gone if roles(store, mount).await?.contains(&shelf.role) => end(store, errand).await,
        Work::Gone => delete_all(store, shelf, errand).await,
        Work::Expired => delete_expired(store, shelf, errand, now).await,
    }
}

/// Files an errand for each role that has, or had, secret ids.
async fn look(store: &Arc<Store>, mount: &Mount, errand: &Ordered<Errand>, now: Timestamp) -> Result<()> {
    let mut filed = HashSet::new();
    for folder in [SECRETS, ACCESSORS] {
        let names = store.names(Class::Login, store.dir(mount.root(), folder)).await?;
        let ids = names.iter().filter_map(|it| HEXLOWER.decode(it.trim_end_matches('/').as_bytes()).ok());
        filed.extend(ids.filter_map(|it| <[u8; 16]>::try_from(it).ok()));
    }
    let living = roles(store, mount).await?;
    let errands: Vec<Errand> = filed
        .into_iter()
        .map(|id| {
            let work = if living.contains(&id) { Work::Expired } else { Work::Gone };
            Errand::new(mount, work, id)
        })
        .collect();
    for some in errands.chunks(BATCH) {
        in_background(store, |tx| some.iter().try_for_each(|it| it.file(tx, now))).await?;
    }
    end(store, errand).await
}

/// The ids of all roles there are.
async fn roles(store: &Store, mount: &Mount) -> Result<HashSet<[u8; 16]>> {
    let mut living = HashSet::new();
    let mut after = None;
    loop {
        let dir = store.dir(mount.root(), role::FOLDER);
        let rows = store.records::<Role>(Class::Config, dir, after, PAGE).await?;
        living.extend(rows.iter().map(|(_, it)| it.value.id));
        after = rows.last().map(|(place, _)| place.key);
        if rows.len() < PAGE {
            return Ok(living);
        }
    }
}

/// Deletes some of what a role that is gone has left; nobody can reach it or add to it.
async fn delete_all(store: &Arc<Store>, shelf: Shelf<'_>, errand: &Ordered<Errand>) -> Result<()> {
    let root = shelf.mount.root();
    for folder in [shelf.secrets_folder(), shelf.accessors_folder()] {
        let dir = store.dir(root, &folder).key(Class::Login);
        let scan = Scan { dir, after: None, until: None, limit: BATCH, values: false };
        let mut keys: Vec<RowKey> = store.storage.scan(scan).await?.into_iter().map(|it| it.key).collect();
        let is_last = keys.len() < BATCH;
        if is_last {
            // The folder's marker, which would lead here again.
            keys.push(store.place(Class::Login, root, &folder).key);
        }
        let ops = keys.into_iter().map(|key| Op::Delete { key }).collect();
        store.commit(Batch { ops, priority: Priority::Background, scrub: true })?.await?;
        if !is_last {
            return Ok(());
        }
    }
    end(store, errand).await
}

/// Deletes those of a page of a role's secret ids that have expired, and files where the next page begins.
async fn delete_expired(
    store: &Arc<Store>,
    shelf: Shelf<'_>,
    errand: &Ordered<Errand>,
    now: Timestamp,
) -> Result<()> {
    let after = errand.value.after.as_slice().try_into().ok().map(RowKey);
    let rows = store.records::<Access>(Class::Login, shelf.accessors_dir(store), after, PAGE).await?;
    let has_expired = |it: &&Access| it.expires.is_some_and(|end| end <= now);
    let dead: Vec<&Access> = rows.iter().map(|(_, it)| &it.value).filter(has_expired).collect();
    for some in dead.chunks(EXPIRED) {
        let mut attempts = Attempts::new(store, Priority::Background);
        loop {
            let mut tx = attempts.begin()?;
            for access in some {
                // A text that had expired may have been registered anew.
                let place = shelf.secret(store, &access.mac);
                if let Some(secret) = tx.get::<SecretId>(&place).await?
                    && !secret.is_live(now)
                {
                    shelf.delete(&mut tx, &secret)?;
                }
            }
            if attempts.commit(tx).await? {
                break;
            }
        }
    }
    match rows.last() {
        Some((place, _)) if rows.len() == PAGE => {
            let next = Errand { after: place.key.0.to_vec(), ..errand.value.clone() };
            in_background(store, |tx| tx.put(&errand.place, &next)).await
        }
        _ => end(store, errand).await,
    }
}

async fn end(store: &Arc<Store>, errand: &Ordered<Errand>) -> Result<()> {
    in_background(store, |tx| {
        tx.delete(&errand.place);
        Ok(())
    })
    .await
}

/// Commits what reads nothing, and so meets no conflict.
async fn in_background(store: &Arc<Store>, stage: impl FnOnce(&mut Tx) -> Result<()>) -> Result<()> {
    let attempts = &mut Attempts::new(store, Priority::Background);
    let mut tx = attempts.begin()?;
    stage(&mut tx)?;
    attempts.commit(tx).await.map(drop)
}
