//! The limits that every backend keeps, whatever its medium could bear.

use super::{
    Batch, CommitError, DirKey, Expect, KEY_LEN, MAX_BATCH_BYTES, MAX_BATCH_OPS, Op, Rev, RowKey, Scan,
};

impl Op {
    /// The row that is looked at or changed.
    pub fn key(&self) -> &RowKey {
        match self {
            Self::Check { key, .. } | Self::Put { key, .. } | Self::Delete { key } => key,
        }
    }

    /// Bytes that count towards [`MAX_BATCH_BYTES`].
    fn size(&self) -> usize {
        match self {
            Self::Check { .. } | Self::Delete { .. } => KEY_LEN,
            Self::Put { name, value, .. } => KEY_LEN.saturating_add(name.len()).saturating_add(value.len()),
        }
    }
}

impl Batch {
    /// Bytes of this batch: keys, names and values together.
    pub fn size(&self) -> usize {
        self.ops.iter().fold(0, |sum: usize, op| sum.saturating_add(op.size()))
    }

    /// Refuses a batch over the limits, or one that changes a row twice, before anything of it is looked at.
    pub fn check(&self) -> Result<(), CommitError> {
        if self.ops.len() > MAX_BATCH_OPS || self.size() > MAX_BATCH_BYTES {
            return Err(CommitError::TooLarge);
        }
        let changed = |op: &&Op| !matches!(op, Op::Check { .. });
        let mut keys: Vec<&RowKey> = self.ops.iter().filter(changed).map(Op::key).collect();
        keys.sort_unstable();
        if keys.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
            return Err(CommitError::Repeated);
        }
        Ok(())
    }
}

impl Expect {
    /// Whether a row at `rev` (`None`: no row) is as expected.
    pub fn holds(self, rev: Option<Rev>) -> bool {
        match self {
            Self::Absent => rev.is_none(),
            Self::At(expected) => rev == Some(expected),
        }
    }
}

impl DirKey {
    /// The least key of the directory.
    pub fn first(&self) -> RowKey {
        self.key(0)
    }

    /// The greatest key of the directory.
    pub fn last(&self) -> RowKey {
        self.key(u8::MAX)
    }

    fn key(&self, fill: u8) -> RowKey {
        let mut key = [fill; KEY_LEN];
        for (to, from) in key.iter_mut().zip(self.0) {
            *to = from;
        }
        RowKey(key)
    }
}

impl Scan {
    /// The keys to look at, never outside of the directory: behind the first (if any), up to the second.
    pub fn bounds(&self) -> (Option<RowKey>, RowKey) {
        let after = self.after.filter(|it| *it >= self.dir.first());
        let last = self.dir.last();
        (after, self.until.map_or(last, |it| it.min(last)))
    }
}
