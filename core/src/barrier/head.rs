//! The head row: a digest over all records, the clock's high-water mark and the commit sequence.
//!
//! Each record has a leaf, `PRF(digest key; row key, nonce, tag)`. The head holds the sum of all leaves modulo
//! 2^256, for each class in [`BUCKETS`] parts by the key's last byte, so that a part can be verified at a
//! time. A record that was removed, or replaced by an older state of itself, changes a sum that nobody
//! without the key can mend. The committer folds the changes of each physical commit in through
//! [`Witness`], outside of the optimistic checks, so that unrelated writers never conflict.

use std::{collections::BTreeMap, sync::Arc};

use std::sync::Mutex;

use bytes::Bytes;

use super::{Barrier, class::Class, envelope};
use crate::{
    clock::{TimeKeeper, Timestamp},
    crypto::{CryptoError, mac::MacKey},
    integrity::Anchor,
    storage::{Change, HeadRow, KEY_LEN, RowKey, Unwitnessed, Witness},
};

/// Parts of a class's digest. The head is written once for each physical commit, so it must stay small:
/// sixteen parts of 40 bytes for the classes that are in use make about five kilobytes.
pub(crate) const BUCKETS: u8 = 16;

/// Where the head lies.
pub(crate) const HEAD_KEY: RowKey = {
    let mut key = [0; KEY_LEN];
    key[KEY_LEN - 1] = 4;
    RowKey(key)
};

/// A sum of leaves, and how many they are.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Sum {
    limbs: [u64; 4],
    pub(crate) count: u64,
}

impl Sum {
    pub(crate) fn add(&mut self, leaf: &[u8; 32]) {
        let mut carry = false;
        for (limb, word) in self.limbs.iter_mut().zip(words(leaf)) {
            let (sum, first) = limb.overflowing_add(word);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            (*limb, carry) = (sum, first | second);
        }
        self.count = self.count.wrapping_add(1);
    }

    fn subtract(&mut self, leaf: &[u8; 32]) {
        let mut borrow = false;
        for (limb, word) in self.limbs.iter_mut().zip(words(leaf)) {
            let (difference, first) = limb.overflowing_sub(word);
            let (difference, second) = difference.overflowing_sub(u64::from(borrow));
            (*limb, borrow) = (difference, first | second);
        }
        self.count = self.count.wrapping_sub(1);
    }
}

fn words(leaf: &[u8; 32]) -> impl Iterator<Item = u64> {
    leaf.chunks_exact(8).map(|it| it.iter().rev().fold(0, |word, byte| (word << 8) | u64::from(*byte)))
}

/// Bytes before the sums.
const FIXED_LEN: usize = 8 + 8 + 4 + 8 + 2;

/// The head's contents.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Head {
    sums: BTreeMap<(u8, u8), Sum>,
    /// Physical commits so far.
    pub(crate) sequence: u64,
    pub(crate) high_water: Timestamp,
    /// The term that wrote last.
    pub(crate) term: u32,
    /// Values that were sealed under it, the head itself included.
    pub(crate) encryptions: u64,
}

impl Head {
    pub(crate) fn class(&self, class: Class) -> BTreeMap<u8, Sum> {
        let all = (class.id(), 0)..=(class.id(), u8::MAX);
        self.sums
            .range(all)
            .filter(|(_, sum)| **sum != Sum::default())
            .map(|(key, sum)| (key.1, *sum))
            .collect()
    }

    /// Believes `sums` of `class` from now on.
    fn replace(&mut self, class: Class, sums: &BTreeMap<u8, Sum>) {
        self.sums.retain(|(id, _), _| *id != class.id());
        self.sums.extend(sums.iter().map(|(bucket, sum)| ((class.id(), *bucket), *sum)));
    }

    /// `sequence(8) high water(8) term(4) encryptions(8) count(2) { class(1) bucket(1) sum(32) count(8) }*`,
    /// big-endian. A sum is four words of 64 bits, the least significant first.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(FIXED_LEN + self.sums.len() * 42);
        out.extend(self.sequence.to_be_bytes());
        out.extend(self.high_water.0.to_be_bytes());
        out.extend(self.term.to_be_bytes());
        out.extend(self.encryptions.to_be_bytes());
        out.extend(u16::try_from(self.sums.len()).unwrap_or(u16::MAX).to_be_bytes());
        for ((class, bucket), sum) in &self.sums {
            out.extend([*class, *bucket]);
            sum.limbs.iter().for_each(|limb| out.extend(limb.to_be_bytes()));
            out.extend(sum.count.to_be_bytes());
        }
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, CryptoError> {
        let (fixed, sums) = bytes.split_first_chunk::<FIXED_LEN>().ok_or(CryptoError)?;
        let number = |at: usize, len: usize| {
            fixed.iter().skip(at).take(len).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte))
        };
        let mut head = Self {
            sums: BTreeMap::new(),
            sequence: number(0, 8),
            high_water: Timestamp(i64::from_be_bytes(number(8, 8).to_be_bytes())),
            term: u32::try_from(number(16, 4)).map_err(|_| CryptoError)?,
            encryptions: number(20, 8),
        };
        if sums.len() % 42 != 0 {
            return Err(CryptoError);
        }
        for entry in sums.chunks_exact(42) {
            let [class, bucket, rest @ ..] = entry else { return Err(CryptoError) };
            let mut words = rest
                .chunks_exact(8)
                .map(|it| it.iter().fold(0_u64, |word, byte| (word << 8) | u64::from(*byte)));
            let mut sum = Sum::default();
            for limb in &mut sum.limbs {
                *limb = words.next().ok_or(CryptoError)?;
            }
            sum.count = words.next().ok_or(CryptoError)?;
            head.sums.insert((*class, *bucket), sum);
        }
        Ok(head)
    }
}

/// Computes leaves.
pub(crate) struct Digest(MacKey);

impl Digest {
    pub(crate) fn new(key: MacKey) -> Self {
        Self(key)
    }

    /// What stands for the whole head outside of the store.
    pub(crate) fn anchor(&self, head: &Head) -> [u8; 32] {
        self.0.parts(&[b"anchor", &head.encode()])
    }

    /// `None` for what is no envelope: it cannot have been written by us.
    pub(crate) fn leaf(&self, key: &RowKey, value: &[u8]) -> Option<[u8; 32]> {
        let (nonce, tag) = envelope::fingerprint(value)?;
        Some(self.0.parts(&[&key.0, nonce, tag]))
    }
}

/// Which bucket of its class a row belongs to.
pub(crate) fn bucket(key: &RowKey) -> u8 {
    key.0.last().map_or(0, |it| it % BUCKETS)
}

/// Keeps the head of an unsealed store.
pub(crate) struct HeadKeeper {
    barrier: Arc<Barrier>,
    time: Arc<TimeKeeper>,
    state: Mutex<State>,
}

struct State {
    /// As of the last durable commit, or of the one under way.
    head: Head,
    /// What takes the commit under way back again.
    undo: Option<Undo>,
}

/// What a commit has changed, as it was before. A few entries instead of a copy of hundreds.
struct Undo {
    sums: Vec<((u8, u8), Option<Sum>)>,
    sequence: u64,
    high_water: Timestamp,
    term: u32,
    encryptions: u64,
}

impl Undo {
    fn of(head: &Head) -> Self {
        let Head { sequence, high_water, term, encryptions, .. } = *head;
        Self { sums: Vec::new(), sequence, high_water, term, encryptions }
    }

    fn apply(&self, head: &mut Head) {
        // The last change first.
        for (key, old) in self.sums.iter().rev() {
            match old {
                Some(old) => head.sums.insert(*key, *old),
                None => head.sums.remove(key),
            };
        }
        (head.sequence, head.high_water) = (self.sequence, self.high_water);
        (head.term, head.encryptions) = (self.term, self.encryptions);
    }
}

impl State {
    /// As of the last durable commit.
    fn settled(&self) -> Head {
        let mut head = self.head.clone();
        self.undo.iter().for_each(|it| it.apply(&mut head));
        head
    }
}

impl HeadKeeper {
    pub(crate) fn new(barrier: Arc<Barrier>, time: Arc<TimeKeeper>, head: Head) -> Self {
        Self { barrier, time, state: Mutex::new(State { head, undo: None }) }
    }

    /// The head as of the last durable commit.
    pub(crate) fn head(&self) -> Head {
        self.lock().settled()
    }

    /// What stands for the store outside of it.
    pub(crate) fn anchor(&self) -> Anchor {
        let head = self.head();
        Anchor { sequence: head.sequence, digest: self.barrier.digest().anchor(&head) }
    }

    /// Takes the rows of `class` as they are for right: what they add up to is what is expected from now on.
    /// The caller has made sure that nobody writes the class meanwhile, and commits something afterwards.
    pub(crate) fn accept(&self, class: Class, sums: &BTreeMap<u8, Sum>) {
        let mut state = self.lock();
        state.head.replace(class, sums);
        state.undo.iter_mut().for_each(|it| it.sums.retain(|(key, _)| key.0 != class.id()));
    }

    /// Opens a stored head.
    pub(crate) fn open(barrier: &Barrier, value: &[u8]) -> Result<Head, CryptoError> {
        let plain = barrier.open_core(&HEAD_KEY, value)?;
        Head::decode(plain.expose())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // What was left half done by a panic is undone when the commit is settled, which it is in any case.
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Witness for HeadKeeper {
    fn advance(&self, changes: &[Change<'_>]) -> Result<HeadRow, Unwitnessed> {
        let mut state = self.lock();
        let State { head, undo } = &mut *state;
        let undo = undo.insert(Undo::of(head));
        for change in changes {
            let Some(class) = change.key.0.first().filter(|it| **it != Class::Core.id()) else { continue };
            let key = (*class, bucket(change.key));
            let old = change.old.and_then(|it| self.barrier.digest().leaf(change.key, it));
            let new = change.new.and_then(|it| self.barrier.digest().leaf(change.key, it));
            undo.sums.push((key, head.sums.get(&key).copied()));
            let sum = head.sums.entry(key).or_default();
            old.iter().for_each(|it| sum.subtract(it));
            new.iter().for_each(|it| sum.add(it));
        }
        let term = self.barrier.active_term();
        if head.term != term {
            (head.term, head.encryptions) = (term, 0);
        }
        let sealed = changes.iter().filter(|it| it.new.is_some()).count();
        head.encryptions = head.encryptions.saturating_add(1 + u64::try_from(sealed).unwrap_or(u64::MAX - 1));
        head.sequence += 1;
        head.high_water = head.high_water.max(self.time.now());
        let sealed = self.barrier.seal_core(&HEAD_KEY, &head.encode()).map_err(|_| Unwitnessed)?;
        Ok(HeadRow { key: HEAD_KEY, value: Bytes::from(sealed) })
    }

    fn settle(&self, committed: bool) {
        let State { head, undo } = &mut *self.lock();
        if let Some(undo) = undo.take()
            && !committed
        {
            undo.apply(head);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{barrier::Root, seal::rotate::Rotation, testing::TestCore, tx::Tx};

    proptest! {
        #[test]
        fn what_is_added_and_taken_away_leaves_nothing(leaves in proptest::collection::vec(any::<[u8; 32]>(), 0..20)) {
            let mut sum = Sum::default();
            leaves.iter().for_each(|it| sum.add(it));
            let mut reversed = Sum::default();
            leaves.iter().rev().for_each(|it| reversed.add(it));
            prop_assert_eq!(sum, reversed);
            leaves.iter().for_each(|it| sum.subtract(it));
            prop_assert_eq!(sum, Sum::default());
        }
    }

    #[test]
    fn a_head_reads_back() {
        let mut head =
            Head { sequence: 7, high_water: Timestamp(-3), term: 2, encryptions: 1 << 40, ..Head::default() };
        head.sums.entry((8, 3)).or_default().add(&[0xfe; 32]);
        assert_eq!(Head::decode(&head.encode()).unwrap(), head);
        assert!(Head::decode(&head.encode()[1..]).is_err());
    }

    // Rule 11: a commit without a head row would leave a digest that fits nothing.
    #[tokio::test]
    async fn what_cannot_be_witnessed_is_not_committed() {
        let test = TestCore::new().await;
        let open = test.core.unsealed().unwrap();
        let mut tx = Tx::new(open.store.clone());
        let place = open.store.place(Class::Config, Root::internal(99), "a");
        tx.put(&place, &Rotation::default()).unwrap();
        let before = open.head.head();
        let outcome = {
            let _dry = crate::crypto::random::tests::scripted(&[]);
            tx.commit().await
        };
        assert!(matches!(outcome, Err(crate::Error::Storage(_))), "{outcome:?}");
        assert_eq!(open.head.head(), before);
        assert!(open.store.read::<Rotation>(&place).await.unwrap().is_none());
    }
}
