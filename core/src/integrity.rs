//! Whether the rows are those that were written last.
//!
//! Each row opens only in its own place, so that an altered or moved one is refused when it is read. A row
//! that was removed, or replaced by an older state of itself, shows in the head's sums only
//! (see [`barrier::head`](crate::barrier)). They are compared
//!
//! - when the store is unsealed, for the classes that decide what is allowed, before anything is decided;
//! - in the background, a class at a time;
//! - by [`fsck`], for everything at once.
//!
//! A class whose sums differ is not served any more, until somebody takes its rows for right with
//! [`Core::accept_class`]: that is recorded in the store and logged.

mod types;

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use crate::{
    barrier::{
        Barrier, Class, Filed, Record, Root, Unsound, filed,
        head::{HEAD_KEY, Head, HeadKeeper, Sum, bucket},
    },
    clock::Timestamp,
    core::{Core, Unsealed},
    error::{Error, Result},
    ids::NamespaceId,
    seal::config::{CONFIG_KEY, SealConfig},
    secrets::kv,
    snapshot::shape,
    storage::{KEY_LEN, Priority, RowKey, Snapshot, Storage},
    tx::Attempts,
};

/// What decides who may do what: verified before it is used.
pub(crate) const ENFORCEMENT: [Class; 4] = [Class::Mount, Class::Policy, Class::Identity, Class::Config];

/// Rows read at a time.
const PAGE: usize = 512;

/// Where acceptances are recorded.
const ROOT: Root = Root::internal(21);

/// The state of the store in 40 bytes. Kept outside of it (in the audit log, in a file elsewhere), it shows
/// that a whole store was put back to an older state.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Anchor {
    /// Physical commits so far.
    pub sequence: u64,
    /// A MAC of the head: of all sums, the clock and the sequence.
    pub digest: [u8; 32],
}

/// What [`fsck`] found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub rows: u64,
    /// Rows under each term.
    pub terms: BTreeMap<u32, u64>,
    /// What is wrong, and how often.
    pub faults: BTreeMap<Fault, u64>,
}

/// One kind of damage. `None` for a class that does not exist.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Fault {
    pub class: Option<Class>,
    pub kind: FaultKind,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum FaultKind {
    /// The row does not open: its bytes are not those that were sealed there.
    Altered,
    /// A row that another one points to is missing.
    Dangling,
    /// It opens, and holds no record.
    Malformed,
    /// Not even the outside of a row of ours: its class is unknown, or it is not encrypted as ours are.
    Misshapen,
    /// The name does not belong to the key.
    Misnamed,
    /// It opens, and is a record that does not belong there.
    Mistyped,
    /// A row of the core is missing.
    Missing,
    /// Rows were removed, added, or put back to an older state.
    SumsDiffer,
    /// Sealed under a term that the keyring does not hold.
    UnknownTerm,
}

impl Fault {
    /// As reports call the class: `token`, `kvversion`.
    pub fn class_name(&self) -> String {
        self.class.map_or_else(|| "unknown".to_owned(), Class::name)
    }

    /// As reports call what is wrong: `altered`, `sumsdiffer`.
    pub fn kind_name(&self) -> String {
        format!("{:?}", self.kind).to_lowercase()
    }
}

impl Report {
    pub fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }

    fn add(&mut self, class: Option<Class>, kind: FaultKind) {
        *self.faults.entry(Fault { class, kind }).or_default() += 1;
    }
}

/// That somebody took the rows of a class for right although their sums differed.
#[derive(Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
struct Acceptance {
    #[n(0)]
    class: u8,
    #[cbor(n(1), with = "crate::codec::timestamp")]
    at: Timestamp,
    #[n(2)]
    rows: u64,
}

impl Record for Acceptance {}

const KINDS: &[Filed] = &[filed::<Acceptance>(Class::System)];

impl Core {
    /// The state of the store as of the last commit, for keeping it elsewhere.
    pub fn anchor(&self) -> Result<Anchor> {
        let open = self.unsealed().ok_or(Error::Sealed)?;
        Ok(open.head.anchor())
    }

    /// Whether the store can have come from the state that `anchor` tells of: if not, it was put back.
    pub fn follows(&self, anchor: &Anchor) -> Result<bool> {
        let now = self.anchor()?;
        Ok(now.sequence > anchor.sequence || now == *anchor)
    }

    /// The classes that are not served because their sums differ.
    pub fn refused_classes(&self) -> Result<Vec<Class>> {
        let open = self.unsealed().ok_or(Error::Sealed)?;
        Ok(Class::ALL.into_iter().filter(|it| open.store.barrier.is_refused(*it)).collect())
    }

    /// Compares the sums of one class now. If they differ it is not served any more.
    pub async fn verify_class(&self, class: Class) -> Result<bool> {
        let open = self.unsealed().ok_or(Error::Sealed)?;
        verify_class(self, &open, class).await
    }

    /// Serves a class again whose sums differ, taking its rows as they are for right. Whoever calls this has
    /// looked into what happened: a policy or a revocation may be missing.
    pub async fn accept_class(&self, class: Class) -> Result<()> {
        let open = self.unsealed().ok_or(Error::Sealed)?;
        let barrier = &open.store.barrier;
        if !barrier.is_refused(class) {
            return Err(Error::invalid("the class is being served"));
        }
        // Refused means not written either: the rows stand still meanwhile.
        let mut snapshot = self.storage().snapshot().await?;
        let found = tally(barrier, &mut *snapshot, class, u64::MAX).await?;
        open.head.accept(class, &found.sums);
        barrier.restore(class);
        let recorded = record(&open, class, self.now(), found.rows).await;
        if recorded.is_err() {
            barrier.refuse(class);
        }
        recorded?;
        tracing::warn!(class = ?class, rows = found.rows, "the rows of a class were accepted although the digest differed");
        Ok(())
    }
}

async fn record(open: &Arc<Unsealed>, class: Class, at: Timestamp, rows: u64) -> Result<()> {
    let place = open.store.place(Class::System, ROOT, &format!("accepted/{}", class.id()));
    let mut attempts = Attempts::new(&open.store, Priority::Interactive);
    loop {
        let mut tx = attempts.begin()?;
        tx.put(&place, &Acceptance { class: class.id(), at, rows })?;
        if attempts.commit(tx).await? {
            return Ok(());
        }
    }
}

/// Verifies the classes that decide. Its cost is bounded by what the head says there is: one row more is
/// already a difference.
pub(crate) async fn verify_enforcement(
    storage: &Arc<dyn Storage>,
    barrier: &Barrier,
    head: &Head,
) -> Result<()> {
    let mut snapshot = storage.snapshot().await?;
    for class in ENFORCEMENT {
        verify(barrier, &mut *snapshot, class, head).await?;
    }
    Ok(())
}

/// Verifies one class, with the head of the same moment, while others write.
pub(crate) async fn verify_class(core: &Core, open: &Unsealed, class: Class) -> Result<bool> {
    let barrier = &open.store.barrier;
    let mut snapshot = core.storage().snapshot().await?;
    let head = head_in(barrier, &mut *snapshot).await?.unwrap_or_default();
    verify(barrier, &mut *snapshot, class, &head).await
}

async fn verify(barrier: &Barrier, snapshot: &mut dyn Snapshot, class: Class, head: &Head) -> Result<bool> {
    let expected = head.class(class);
    let count = expected.values().fold(0_u64, |sum, it| sum.saturating_add(it.count));
    let found = tally(barrier, snapshot, class, count.saturating_add(1)).await?;
    let sound = !found.foreign && found.sums == expected;
    if !sound && !barrier.is_refused(class) {
        tracing::error!(class = ?class, "the rows of a class do not match the digest: it is not served any more");
        barrier.refuse(class);
    }
    Ok(sound)
}

/// Reads everything: opens each row, checks its name and form, and compares all sums. What is found is
/// reported, not mended.
pub async fn fsck(core: &Core) -> Result<Report> {
    let open = core.unsealed().ok_or(Error::Sealed)?;
    let barrier = &open.store.barrier;
    let mut snapshot = core.storage().snapshot().await?;
    let mut report = Report::default();
    for key in [CONFIG_KEY, crate::barrier::KEYRING_KEY, HEAD_KEY] {
        if core.storage().get(key).await?.is_none() {
            report.add(Some(Class::Core), FaultKind::Missing);
        }
    }
    let head = match head_in(barrier, &mut *snapshot).await {
        Ok(head) => head.unwrap_or_default(),
        Err(_) => {
            report.add(Some(Class::Core), FaultKind::Altered);
            Head::default()
        }
    };
    let mut sums: BTreeMap<u8, BTreeMap<u8, Sum>> = BTreeMap::new();
    // Ordinals that heads point to, until they are met: their classes come behind. Some 40 bytes each.
    let mut outside: HashSet<(Class, [u8; 16])> = HashSet::new();
    snapshot.seek(before(Class::Mount));
    loop {
        let rows = snapshot.next(PAGE).await?;
        for row in &rows {
            report.rows += 1;
            let id = row.key.0.first().copied().unwrap_or_default();
            let Some(class) = Class::from_id(id) else {
                report.add(None, FaultKind::SumsDiffer);
                continue;
            };
            if let Some(ordinal) = row.key.0.last_chunk() {
                outside.remove(&(class, *ordinal));
            }
            if let Ok(term) = crate::barrier::envelope::term(&row.value) {
                *report.terms.entry(term).or_default() += 1;
            }
            if let Some(leaf) = barrier.digest().leaf(&row.key, &row.value) {
                sums.entry(id).or_default().entry(bucket(&row.key)).or_default().add(&leaf);
            }
            match barrier.inspect(class, namespace(class), &row.key, &row.name, &row.value) {
                Ok(plain) if !is_record(plain.expose()) => report.add(Some(class), FaultKind::Malformed),
                Ok(plain) if !types::fits(class, plain.expose()) => {
                    report.add(Some(class), FaultKind::Mistyped);
                }
                Ok(plain) if matches!(class, Class::Kv) => outside.extend(kv::outside(plain.expose())),
                Ok(_) => {}
                Err(Unsound::Altered) => report.add(Some(class), FaultKind::Altered),
                Err(Unsound::Misnamed) => report.add(Some(class), FaultKind::Misnamed),
                Err(Unsound::UnknownTerm) => report.add(Some(class), FaultKind::UnknownTerm),
            }
        }
        if rows.is_empty() {
            break;
        }
        tokio::task::yield_now().await;
    }
    for (class, _) in outside {
        report.add(Some(class), FaultKind::Dangling);
    }
    for class in Class::ALL.into_iter().filter(|it| *it != Class::Core) {
        if sums.remove(&class.id()).unwrap_or_default() != head.class(class) {
            report.add(Some(class), FaultKind::SumsDiffer);
        }
    }
    Ok(report)
}

/// What can be said without any key: whether the rows look like ours, and those of the core are there.
pub async fn structure(storage: &Arc<dyn Storage>) -> Result<Report> {
    let mut report = Report::default();
    let mut snapshot = storage.snapshot().await?;
    let mut core = vec![CONFIG_KEY, crate::barrier::KEYRING_KEY, HEAD_KEY];
    loop {
        let rows = snapshot.next(PAGE).await?;
        for row in &rows {
            report.rows += 1;
            core.retain(|it| *it != row.key);
            let class = row.key.0.first().and_then(|id| Class::from_id(*id));
            let unread = row.key == CONFIG_KEY && SealConfig::read(&row.value).is_none();
            if unread || shape(row).is_err() {
                report.add(class, FaultKind::Misshapen);
            }
        }
        if rows.is_empty() {
            break;
        }
    }
    core.iter().for_each(|_| report.add(Some(Class::Core), FaultKind::Missing));
    Ok(report)
}

/// The namespace that a row is sealed for. There is one yet; with more, each namespace has its own tree of
/// rows, which this will find it by.
pub(crate) fn namespace(_class: Class) -> NamespaceId {
    NamespaceId::ROOT
}

/// A schema number and one well-formed CBOR item.
fn is_record(plain: &[u8]) -> bool {
    let Some((_, cbor)) = plain.split_first_chunk::<2>() else { return false };
    let mut decoder = minicbor::Decoder::new(cbor);
    decoder.skip().is_ok() && decoder.position() == cbor.len()
}

/// The head as a snapshot has it.
async fn head_in(barrier: &Barrier, snapshot: &mut dyn Snapshot) -> Result<Option<Head>> {
    let mut previous = HEAD_KEY;
    if let Some(last) = previous.0.last_mut() {
        *last -= 1;
    }
    snapshot.seek(previous);
    let row = snapshot.next(1).await?.pop().filter(|it| it.key == HEAD_KEY);
    Ok(row.map(|it| HeadKeeper::open(barrier, &it.value)).transpose()?)
}

/// What the rows of a class add up to.
#[derive(Default)]
struct Tally {
    sums: BTreeMap<u8, Sum>,
    rows: u64,
    /// There was a row that is no envelope.
    foreign: bool,
}

/// Adds up to `most` rows of `class`.
async fn tally(barrier: &Barrier, snapshot: &mut dyn Snapshot, class: Class, most: u64) -> Result<Tally> {
    let mut found = Tally::default();
    snapshot.seek(before(class));
    loop {
        let rows = snapshot.next(PAGE).await?;
        let full = rows.len() == PAGE;
        for row in rows {
            if row.key.0.first() != Some(&class.id()) || found.rows >= most {
                return Ok(found);
            }
            found.rows += 1;
            match barrier.digest().leaf(&row.key, &row.value) {
                Some(leaf) => found.sums.entry(bucket(&row.key)).or_default().add(&leaf),
                None => found.foreign = true,
            }
        }
        if !full {
            return Ok(found);
        }
        tokio::task::yield_now().await;
    }
}

/// The last key before a class's own.
fn before(class: Class) -> RowKey {
    let mut key = [u8::MAX; KEY_LEN];
    if let Some(first) = key.first_mut() {
        *first = class.id().saturating_sub(1);
    }
    RowKey(key)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{barrier::Place, testing::TestCore, tx::Tx};

    async fn change(test: &TestCore, stage: impl FnOnce(&mut Tx)) -> Vec<(Option<Class>, FaultKind)> {
        let open = test.core.unsealed().unwrap();
        let mut tx = Tx::new(open.store.clone());
        stage(&mut tx);
        tx.commit().await.unwrap();
        fsck(&test.core).await.unwrap().faults.into_keys().map(|it| (it.class, it.kind)).collect()
    }

    // Rule 7: what decrypts and adds up must also be what it stands for.
    #[tokio::test]
    async fn a_record_of_another_type_and_a_lost_piece_are_found() {
        let test = TestCore::new().await;
        let body = json!({"data": {"large": "x".repeat(100_000)}});
        test.write("secret/data/a", body).await.unwrap();
        assert_eq!(change(&test, |_| {}).await, []);
        let mut snapshot = test.core.storage().snapshot().await.unwrap();
        let rows = snapshot.next(10_000).await.unwrap();
        let piece = rows.iter().find(|it| it.key.0.first() == Some(&Class::KvChunk.id())).unwrap();
        let place =
            Place { class: Class::KvChunk, namespace: NamespaceId::ROOT, key: piece.key, name: Vec::new() };
        assert_eq!(
            change(&test, |tx| tx.delete(&place)).await,
            [(Some(Class::KvChunk), FaultKind::Dangling)]
        );
        let odd = test.core.unsealed().unwrap().store.place(Class::Policy, ROOT, "acl/odd");
        let acceptance = Acceptance { class: 1, at: test.core.now(), rows: 1 };
        let found = change(&test, |tx| tx.put(&odd, &acceptance).unwrap()).await;
        assert!(found.contains(&(Some(Class::Policy), FaultKind::Mistyped)), "{found:?}");
    }
}
