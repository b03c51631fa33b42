//! Deleting what is dead: the secret ids of roles that are gone, and those that have expired.

use std::{collections::HashSet, sync::Arc};

use data_encoding::HEXLOWER;

use super::{
    role::{self, Role},
    secret_id::{ACCESSORS, Access, SECRETS, Shelf},
};
use crate::{
    barrier::Class,
    clock::Timestamp,
    dispatch::Cx,
    error::Result,
    mounts::Mount,
    response::Response,
    route::{Route, action, outside},
    storage::{Batch, Op, Priority, Scan},
    store::{PAGE, Store},
    tx::Attempts,
};

pub(super) const ROUTES: &[Route] = &[Route {
    pattern: "tidy/secret-id",
    summary: "Deletes secret ids that have expired or whose role is gone.",
    endpoints: &[action(outside!(tidy))],
}];

/// Rows that one request deletes or looks at. What is left is for the next one.
pub(super) const BUDGET: usize = 10_000;

/// Rows that one batch deletes.
const BATCH: usize = 90;

/// Secret ids that one transaction deletes: each takes four operations of at most a hundred.
const EXPIRED: usize = 16;

async fn tidy(cx: &Cx<'_>) -> Result<Response> {
    let (store, mount) = (&cx.open()?.store, cx.mount()?);
    let mut living = HashSet::new();
    let mut after = None;
    loop {
        let dir = store.dir(mount.root(), role::FOLDER);
        let rows = store.records::<Role>(Class::Config, dir, after, PAGE).await?;
        living.extend(rows.iter().map(|(_, it)| it.value.id));
        after = rows.last().map(|(place, _)| place.key);
        if rows.len() < PAGE {
            break;
        }
    }
    let mut budget = BUDGET;
    for id in filed(store, mount).await? {
        let used = match living.contains(&id) {
            true => expired(store, Shelf { mount, role: id }, cx.now, budget).await?,
            // A role may have been made since the roles were read, so that it is asked again whether this one
            // is really gone.
            false if exists(store, mount, id).await? => 0,
            false => role(store, mount, id, budget).await?,
        };
        budget = budget.saturating_sub(used);
        if budget == 0 {
            break;
        }
    }
    let text = "Tidy operation successfully started. Any information from the operation will be printed to the server's logs.";
    Ok(Response::empty().warn(text).with_status(202))
}

/// The roles that have, or had, secret ids.
async fn filed(store: &Store, mount: &Mount) -> Result<HashSet<[u8; 16]>> {
    let mut out = HashSet::new();
    for folder in [SECRETS, ACCESSORS] {
        let names = store.names(Class::Login, store.dir(mount.root(), folder)).await?;
        let ids = names.iter().filter_map(|it| HEXLOWER.decode(it.trim_end_matches('/').as_bytes()).ok());
        out.extend(ids.filter_map(|it| <[u8; 16]>::try_from(it).ok()));
    }
    Ok(out)
}

async fn exists(store: &Store, mount: &Mount, id: [u8; 16]) -> Result<bool> {
    let mut after = None;
    loop {
        let dir = store.dir(mount.root(), role::FOLDER);
        let rows = store.records::<Role>(Class::Config, dir, after, PAGE).await?;
        if rows.iter().any(|(_, it)| it.value.id == id) {
            return Ok(true);
        }
        after = rows.last().map(|(place, _)| place.key);
        if rows.len() < PAGE {
            return Ok(false);
        }
    }
}

/// Deletes what a role that is gone has left; nobody can reach it or add to it. Answers how many rows it took.
pub(super) async fn role(store: &Arc<Store>, mount: &Mount, id: [u8; 16], budget: usize) -> Result<usize> {
    let shelf = Shelf { mount, role: id };
    let mut deleted = 0;
    for folder in [shelf.secrets_folder(), shelf.accessors_folder()] {
        let dir = store.dir(mount.root(), &folder).key(Class::Login);
        loop {
            if deleted >= budget {
                return Ok(deleted);
            }
            let scan = Scan { dir, after: None, until: None, limit: BATCH, values: false };
            let mut ops: Vec<Op> =
                store.storage.scan(scan).await?.into_iter().map(|it| Op::Delete { key: it.key }).collect();
            let is_last = ops.len() < BATCH;
            deleted += ops.len();
            if is_last {
                // The folder's marker, which would lead here again.
                ops.push(Op::Delete { key: store.place(Class::Login, mount.root(), &folder).key });
            }
            store.storage.commit(Batch { ops, priority: Priority::Background, scrub: false }).await?;
            if is_last {
                break;
            }
        }
    }
    Ok(deleted)
}

/// Deletes a role's secret ids that have expired. Answers how many rows it looked at.
async fn expired(store: &Arc<Store>, shelf: Shelf<'_>, now: Timestamp, budget: usize) -> Result<usize> {
    let mut seen = 0;
    let mut after = None;
    while seen < budget {
        let rows = store.records::<Access>(Class::Login, shelf.accessors_dir(store), after, PAGE).await?;
        seen += rows.len();
        let dead: Vec<&Access> = rows
            .iter()
            .map(|(_, it)| &it.value)
            .filter(|it| it.expires.is_some_and(|end| end <= now))
            .collect();
        for dead in dead.chunks(EXPIRED) {
            delete(store, shelf, dead, now).await?;
        }
        after = rows.last().map(|(place, _)| place.key);
        if rows.len() < PAGE {
            break;
        }
    }
    Ok(seen)
}

/// Each is read again: a text that had expired may have been registered anew.
async fn delete(store: &Arc<Store>, shelf: Shelf<'_>, dead: &[&Access], now: Timestamp) -> Result<()> {
    let mut attempts = Attempts::new(store, Priority::Background);
    loop {
        let mut tx = attempts.begin()?;
        for access in dead {
            let place = shelf.secret(store, &access.mac);
            if let Some(secret) = tx.get::<super::secret_id::SecretId>(&place).await?
                && !secret.is_live(now)
            {
                shelf.delete(&mut tx, &secret)?;
            }
        }
        if attempts.commit(tx).await? {
            return Ok(());
        }
    }
}
