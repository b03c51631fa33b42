//! Getting rid of rows: in the transaction as many as fit, the rest in the background.
//!
//! A head that no longer refers to a row has made it unreachable. What does not fit into the batch is written
//! down as [`Work`] in the same batch, so that nothing is forgotten, and [`run_due`] does it. It is
//! idempotent: after a crash it is done again.

use std::sync::Arc;

use super::{
    body,
    record::{Body, Page, PageRef, Work},
};
use crate::{
    barrier::{Class, Dir, Ordinal, Place, Root},
    clock::Timestamp,
    crypto::random,
    error::Result,
    storage::Priority,
    store::Store,
    tx::{Attempts, Tx},
};

const ROOT: Root = Root::internal(8);

/// Rows that are deleted in one batch of background work.
const ROWS: usize = 90;
/// Works that are taken at a time.
const WORKS: usize = 16;

/// Rows to be rid of.
pub(super) struct Discard(Work);

impl Discard {
    pub(super) fn new(root: Root) -> Self {
        Self(Work::new(root))
    }

    pub(super) fn body(&mut self, body: Body) {
        if !matches!(body, Body::Gone | Body::Head) {
            self.0.bodies.push(body);
        }
    }

    pub(super) fn page(&mut self, page: PageRef) {
        self.0.pages.push(page);
    }

    /// Stages the deletion of what there is room for, and the work that is left. To be called last.
    pub(super) fn stage(mut self, tx: &mut Tx, now: Timestamp) -> Result<()> {
        let root = self.0.root();
        self.0.bodies.retain(|body| {
            let places = body::places(tx.store(), root, *body);
            // One operation for the work itself, and the caller's head.
            let fits = tx.has_room(places.len() + 4);
            if fits {
                places.iter().for_each(|place| tx.delete(place));
            }
            !fits
        });
        if !self.0.is_empty() {
            let place = queue(tx.store()).at(Class::Queue, Ordinal::new(nanos(now), random::bytes()?));
            tx.put(&place, &self.0)?;
        }
        Ok(())
    }
}

/// Does the work that is due. Answers how many rows were deleted; zero when there was nothing to do.
pub async fn run_due(store: &Arc<Store>) -> Result<usize> {
    let mut deleted = 0;
    loop {
        let due = store.ordered::<Work>(Class::Queue, queue(store), None, None, WORKS).await?;
        if due.is_empty() {
            return Ok(deleted);
        }
        for work in due {
            let mut places = rows(store, &work.value).await?;
            deleted += places.len();
            places.push(work.place);
            delete(store, &places).await?;
        }
    }
}

/// The rows that a piece of work is about; pages after what is on them, so that a second run finds them.
async fn rows(store: &Arc<Store>, work: &Work) -> Result<Vec<Place>> {
    let root = work.root();
    let mut places = Vec::new();
    let mut pages = Vec::new();
    for body in &work.bodies {
        places.extend(body::places(store, root, *body));
    }
    for page in &work.pages {
        let place = body::row(store, root, page.ordinal);
        if let Some(found) = store.read::<Page>(&place).await? {
            places.extend(found.value.entries.iter().flat_map(|it| body::places(store, root, it.body)));
            pages.push(place);
        }
    }
    places.extend(pages);
    Ok(places)
}

async fn delete(store: &Arc<Store>, places: &[Place]) -> Result<()> {
    for some in places.chunks(ROWS) {
        let mut attempts = Attempts::new(store, Priority::Background);
        loop {
            let mut tx = attempts.begin()?;
            some.iter().for_each(|it| tx.delete(it));
            tx.scrub();
            if attempts.commit(tx).await? {
                break;
            }
        }
    }
    Ok(())
}

fn queue(store: &Store) -> Dir {
    store.dir(ROOT, "purge/")
}

fn nanos(now: Timestamp) -> u64 {
    u64::try_from(now.0).unwrap_or(0)
}
